"""Fitting the engine's models to rated readings.

Two phone models look at the same features: `phone_rating` predicts the experts' mean rating, `phone_wrong` the
probability that the sound is wrong. Trees fitted to ratings alone learn that who sounds fluent is right; the second
model learns from perturbed texts, and from the model voice reading with mistakes, that a fluent speaker may say a wrong
sound too. Word and sentence models are fitted
to phone scores that were predicted for speakers the phone models had not seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dependencies import needed
from . import sketch
from .acoustics import Floats, HamaModel
from .analysis import Analyzer
from .corpus import RIGHT, SENTENCE_SCALES, folds_by_speaker, read_corpus
from .examples import Example, Rows, Track, make_examples, untracked
from .export import to_onnx
from .features import sentence_features, word_features
from .models import WEIGHTS, Linear, Trees
from .network import SCALES, GraphJury, Networks, Sounds, standardized
from .network_training import Lesson, fit
from .runtime import one_thread
from .scores import Models, averaged, word_scores
from .tape import Node
from .voice import Voice

FOLDS = 5
"""Folds of speakers by which phone scores are predicted for the word and sentence models."""

FALSE_ALARMS = 0.0075
"""Share of the right phones that the error models may call wrong. The rating models add their own."""

NETWORKS = 3
"""Networks that are averaged; they differ in the numbers they start from."""

# Of a changed phone, and of each phone that the model voice reads, rightly or wrongly, where errors are learned; a
# rated phone weighs 1.
_PERTURBED_WEIGHT, _MISREAD_WEIGHT = 1.0, 0.3  # trees
_PERTURBED_LESSON, _MISREAD_LESSON = 0.45, 1.0  # networks
_COMMON = {
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,  # fits run side by side instead
    "seed": 1,
}
_PHONE = _COMMON | {
    "num_leaves": 63,
    "feature_fraction_bynode": 0.3,
    "min_data_in_leaf": 30,
    "lambda_l2": 1.0,
}
_RATING = (_PHONE | {"objective": "regression", "learning_rate": 0.025}, 600)
_WRONG = (_PHONE | {"objective": "cross_entropy", "learning_rate": 0.05}, 300)
_UPPER = _COMMON | {
    "objective": "regression",
    "learning_rate": 0.02,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
}
_WORD = (
    _UPPER | {"num_leaves": 4, "feature_fraction_bynode": 0.3, "bagging_fraction": 0.7, "min_data_in_leaf": 30},
    400,
)
_SENTENCE = (
    _UPPER | {"num_leaves": 7, "feature_fraction_bynode": 0.2, "bagging_fraction": 0.6, "min_data_in_leaf": 15},
    250,
)
# What experts say of a word, from what they say of its phones: for the readings whose words were not rated.
_WORD_OF_PHONES = (_COMMON | {"objective": "regression", "num_leaves": 15, "min_data_in_leaf": 20}, 100)
_ASSUMED_WEIGHT = 0.5  # of a word rating that is told from those of its phones
_WORD_PENALTY = 30.0
_SENTENCE_PENALTY = 200.0
_APART_PENALTY = 2800.0


@dataclass(frozen=True, slots=True)
class Boosted:
    """A LightGBM booster as a `scores.Predictor`."""

    booster: Any

    def predict(self, rows: Rows) -> Floats:
        """Raw scores: log-odds for the error model."""
        return np.asarray(self.booster.predict(rows, raw_score=True, num_threads=1), np.float64)


def need_packages() -> None:
    """Raise `MissingDependencyError` now rather than when the corpus has been listened to."""
    with needed("lightgbm", "Training"):
        import lightgbm  # noqa: F401
    with needed("onnx", "Training"):
        import onnx  # noqa: F401


def boost(recipe: tuple[Mapping[str, Any], int], rows: Rows, target: Floats, weight: Floats | None = None) -> Boosted:
    """Fit trees by a recipe of parameters and rounds; the same data gives the same trees."""
    import lightgbm

    parameters, rounds = recipe
    return Boosted(lightgbm.train(dict(parameters), lightgbm.Dataset(rows, target, weight=weight), rounds))


def ridge(rows: NDArray[Any], target: Floats, penalty: float) -> Linear:
    """Ridge regression on standardized features, in closed form."""
    x = np.asarray(rows, np.float64)
    mean, scale = x.mean(0), x.std(0)
    scale[scale < 1e-9] = 1.0
    z = standardized(x, mean, scale)
    centre = z.mean(0)
    z -= centre
    weights = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T @ (target - target.mean()))
    return Linear(mean, scale, weights, float(target.mean() - centre @ weights))


@dataclass(frozen=True, slots=True)
class PhoneModels:
    """What is fitted to phones: two ensembles of trees, and the networks, which learn words and sentences too."""

    rating: Boosted
    wrong: Boosted
    networks: Networks

    def over(self, threshold: float, word: Any = (), sentence: Any = None, apart: Any = None) -> Models:
        """All models, of which those of word and sentence may be missing still."""
        return Models(self.rating, self.wrong, self.networks, threshold, word, sentence or {}, apart or {})


def fit_phones(examples: Sequence[Example]) -> PhoneModels:
    """Fit both phone models and the networks to all readings and their perturbed copies."""
    known = [example for example in examples if example.canonical]
    rows = np.concatenate([_rows(example.canonical) for example in known])
    ratings = np.concatenate([example.ratings for example in known])
    changed = np.concatenate(
        [rows[:0], *(_rows(example.changed)[example.changed_at] for example in known if example.changed)]
    )
    mistaken = [own for example in known for own in example.misread]
    misread_rows = np.concatenate([rows[:0], *(own.sounds.rows for own in mistaken)])
    misread = np.concatenate([np.zeros(0), *(own.at for own in mistaken)])
    rating = boost(_RATING, rows, ratings * 50)
    target = np.r_[_wrong(ratings), np.ones(len(changed)), misread]
    weight = np.r_[
        np.ones(len(ratings)), np.full(len(changed), _PERTURBED_WEIGHT), np.full(len(misread), _MISREAD_WEIGHT)
    ]
    wrong = boost(_WRONG, np.concatenate([rows, changed, misread_rows]), target, weight)
    mean, scale = rows.mean(0, dtype=np.float64), rows.std(0, dtype=np.float64) + 1e-3
    mean, scale = mean.astype(np.float32), scale.astype(np.float32)
    taught = lessons(known)
    fitted = (fit(taught, mean, scale, seed) for seed in range(NETWORKS))
    parameters = tuple({name: Node(value) for name, value in one.items()} for one in fitted)
    return PhoneModels(rating, wrong, Networks(mean, scale, parameters))


def _rows(sounds: Sounds | None) -> Rows:
    return sounds.rows if sounds else np.zeros((0, 0), np.float32)


def _wrong(ratings: Floats) -> Floats:
    """How wrong the experts found a sound: 1 for a rating of 0 to 0.5, 0 from 1.5 on."""
    return np.clip(1.5 - ratings, 0, 1)


def lessons(examples: Sequence[Example]) -> list[Lesson]:
    """What the networks learn from: every reading in three voices, its perturbed copy, and misreadings."""
    taught: list[Lesson] = []
    for example, assumed in zip(examples, _assumed_word_ratings(examples), strict=True):
        sentence = example.reading.sentence
        whole = np.array([sentence[scale] / 10 for scale in SCALES] if sentence else [np.nan] * 4, np.float32)
        ratings = example.ratings
        canonical = {
            "rating": ratings,
            "wrong": _wrong(ratings),
            "wrong_weight": np.ones(len(ratings)),
            "words": (example.word_ratings if sentence else assumed) / 100,
        }
        of_words = 1.0 if sentence else _ASSUMED_WEIGHT
        voices = (example.canonical, *example.other_voices)
        taught += [_lesson(sounds, **canonical, word_weight=of_words, whole=whole) for sounds in voices if sounds]
        said = example.word_ratings[example.said] / 100
        taught += [_lesson(sounds, words=said, word_weight=1.0, whole=whole) for sounds in example.shipped_voices]
        if example.changed:
            at = example.changed_at
            target: Floats = np.where(at, 1.0, np.nan)
            weight: Floats = np.where(at, _PERTURBED_LESSON, 0.0)
            taught.append(_lesson(example.changed, wrong=target, wrong_weight=weight))
        for own in example.misread:
            weight = np.full(len(own.at), _MISREAD_LESSON)
            taught.append(_lesson(own.sounds, wrong=own.at.astype(np.float64), wrong_weight=weight))
    return taught


def _lesson(
    sounds: Sounds,
    rating: Floats | None = None,
    wrong: Floats | None = None,
    wrong_weight: Floats | None = None,
    words: Floats | None = None,
    word_weight: float = 0.0,
    whole: NDArray[np.float32] | None = None,
) -> Lesson:
    def or_unknown(values: Floats | None, count: int) -> NDArray[np.float32]:
        return np.full(count, np.nan, np.float32) if values is None else values.astype(np.float32)

    phones = len(sounds.phone)
    return Lesson(
        sounds=sounds,
        rating=or_unknown(rating, phones),
        wrong=or_unknown(wrong, phones),
        wrong_weight=np.zeros(phones, np.float32) if wrong_weight is None else wrong_weight.astype(np.float32),
        words=or_unknown(words, int(sounds.word[-1]) + 1),
        word_weight=word_weight,
        sentence=np.full(len(SCALES), np.nan, np.float32) if whole is None else whole,
    )


def _assumed_word_ratings(examples: Sequence[Example]) -> list[Floats]:
    """For each reading the word ratings, 0-100, that its phone ratings lead to expect."""

    def rows(example: Example) -> Rows:
        of_words = [np.sort(word.ratings) for word in example.reading.words]
        return np.array([[own.mean(), own[0], own[:2].mean(), len(own)] for own in of_words], np.float32)

    rated = [example for example in examples if example.reading.sentence]
    if not rated:
        return [np.full(len(example.reading.words), np.nan) for example in examples]
    target = np.concatenate([example.word_ratings for example in rated])
    known = ~np.isnan(target)
    model = boost(_WORD_OF_PHONES, np.concatenate([rows(example) for example in rated])[known], target[known])
    return [model.predict(rows(example)) for example in examples]


class PhoneFits:
    """Phone models by the fold that they have not seen (None: they have seen all), several fitted at a time."""

    def __init__(self, examples: Sequence[Example], folds: NDArray[np.int64]) -> None:
        self._examples = examples
        self._folds = folds
        self._fits: dict[int | None, PhoneModels] = {}

    def fit(self, unseen: Sequence[int | None], workers: int, track: Track) -> None:
        """Fit the models that have not seen each of these folds."""

        def one(fold: int | None) -> PhoneModels:
            return fit_phones([e for e, own in zip(self._examples, self._folds, strict=True) if own != fold])

        with ThreadPoolExecutor(workers) as pool:
            fitted = track(pool.map(one, unseen), len(unseen), "fitting phone models")
            self._fits.update(zip(unseen, fitted, strict=True))

    def without(self, fold: int | None) -> PhoneModels:
        """The models that have not seen this fold."""
        return self._fits[fold]


def fit_models(examples: Sequence[Example], phones: PhoneModels, unseen: Sequence[Models]) -> Models:
    """Fit word and sentence models on top of phone models.

    unseen: for each example, models whose phone part has not seen its speaker, and which have no others yet.
    """
    rated = [
        (example, example.shipped, sounds.apart(), said, models.score_phones(sounds, said))
        for example, models in zip(examples, unseen, strict=True)
        if example.shipped is not None and example.reading.sentence
        for sounds in [example.shipped.sounds()]
        for said in [models.networks.consult(sounds)]
    ]
    word_rows = [
        word_features(heard.script.layout, heard.view, scores, wrong) for _, heard, *_, (scores, wrong) in rated
    ]
    targets = [example.word_ratings[example.said] for example, *_ in rated]
    known = [~np.isnan(target) for target in targets]
    rows = np.concatenate([own[some] for own, some in zip(word_rows, known, strict=True)])
    target = np.concatenate([own[some] for own, some in zip(targets, known, strict=True)])
    word = (boost(_WORD, rows, target), ridge(rows, target, _WORD_PENALTY))
    sentence_rows = np.concatenate(
        [
            sentence_features(
                heard.script.layout,
                heard.view,
                heard.script.voice,
                scores,
                wrong,
                word_scores(averaged(word, own, said.words), heard.script.layout.word, scores),
                example.manner,
            )
            for (example, heard, _, said, (scores, wrong)), own in zip(rated, word_rows, strict=True)
        ]
    )
    apart_rows = np.concatenate([apart for _, _, apart, *_ in rated])
    sentence, apart = {}, {}
    for scale in SENTENCE_SCALES:
        target = np.array([(example.reading.sentence or {})[scale] * 10.0 for example, *_ in rated])
        sentence[scale] = (boost(_SENTENCE, sentence_rows, target), ridge(sentence_rows, target, _SENTENCE_PENALTY))
        apart[scale] = ridge(apart_rows, target, _APART_PENALTY)
    return phones.over(unseen[0].wrong_threshold, word, sentence, apart)


def choose_threshold(wrong: Floats, ratings: Floats) -> float:
    """The error probability that `FALSE_ALARMS` of the right phones exceed."""
    return float(np.quantile(wrong[ratings >= RIGHT], 1 - FALSE_ALARMS))


def fit_without(
    examples: Sequence[Example], folds: NDArray[np.int64], fits: PhoneFits, test_fold: int | None
) -> Models:
    """All models from the examples outside the test fold (None: from all).

    Every phone score that a word or sentence model learns from is of a speaker unseen by the phone models it is from.
    These may have seen the test fold; what is tested has not, in any of its parts.
    """
    chosen = [(e, int(fold)) for e, fold in zip(examples, folds, strict=True) if int(fold) != test_fold]
    blind = {fold: fits.without(fold).over(1.0) for fold in {fold for _, fold in chosen}}
    known = [(example, blind[fold]) for example, fold in chosen if example.canonical]
    wrong = [models.score_phones(example.canonical)[1] for example, models in known if example.canonical]
    ratings = np.concatenate([example.ratings for example, _ in known])
    threshold = choose_threshold(np.concatenate(wrong), ratings)
    blind = {fold: replace(models, wrong_threshold=threshold) for fold, models in blind.items()}
    return fit_models([example for example, _ in chosen], fits.without(test_fold), [blind[fold] for _, fold in chosen])


def train(
    corpus: str | Path,
    out: str | Path | None = None,
    *,
    workers: int = 2,
    track: Track = untracked,
) -> dict[str, Any]:
    """Fit all models to a corpus folder and write the weights; returns the files written and their sizes.

    out: folder of the weights, by default the package's own. The same corpus gives the same weights. Raises
    `InputError` for what is no corpus, `MissingDependencyError` without the packages of the extra `train`.
    """
    need_packages()
    readings = read_corpus(corpus)
    count = min(FOLDS, len({reading.speaker for reading in readings}))
    folds = folds_by_speaker(readings, count)
    with one_thread:
        examples = make_examples(readings, corpus_analyzer(), workers=workers, track=track)
        fits = PhoneFits(examples, folds)
        fits.fit([None, *range(count)], workers, track)
        models = fit_without(examples, folds, fits, None)
    return write_weights(models, Path(out) if out else Path(str(WEIGHTS)))


def corpus_analyzer() -> Analyzer:
    """The analyzer that listens to a corpus."""
    return Analyzer(HamaModel(), Voice())


def write_weights(models: Models, out: Path) -> dict[str, Any]:
    """Write trees and networks as ONNX, the rest as constants.json.

    Returns {"files": {name: bytes}, "out": folder}.
    """
    out.mkdir(parents=True, exist_ok=True)
    networks = _only(Networks, [models.networks])
    word_ridge = _only(Linear, models.word)
    columns = {"word": len(word_ridge.mean)}
    trees: dict[str, Any] = {
        "phone_rating": models.phone_rating,
        "phone_wrong": models.phone_wrong,
        "word": _only(Boosted, models.word),
    }
    ridges = {}
    for scale, both in models.sentence.items():
        ridges[scale] = _only(Linear, both)
        trees[f"sentence_{scale}"] = _only(Boosted, both)
        columns[f"sentence_{scale}"] = len(ridges[scale].mean)
    files = {}
    for name, boosted in trees.items():
        data = to_onnx(boosted.booster, columns.get(name, len(networks.mean)))
        Trees(data)  # what cannot be loaded is not written
        (out / f"{name}.onnx").write_bytes(data)
        files[f"{name}.onnx"] = len(data)
    data = sketch.to_onnx(networks)
    GraphJury(data)
    (out / "networks.onnx").write_bytes(data)
    files["networks.onnx"] = len(data)
    constants = {
        "wrong_threshold": float(f"{models.wrong_threshold:.7g}"),
        "word_ridge": word_ridge.to_json(),
        "sentence_ridge": {scale: linear.to_json() for scale, linear in ridges.items()},
        "sentence_apart": {scale: _only(Linear, [linear]).to_json() for scale, linear in models.apart.items()},
    }
    text = json.dumps(constants, separators=(",", ":")) + "\n"
    (out / "constants.json").write_text(text, encoding="utf-8", newline="\n")
    files["constants.json"] = len(text)
    return {"out": str(out), "files": files}


def _only(kind: type[Any], models: Sequence[Any]) -> Any:
    (found,) = (model for model in models if isinstance(model, kind))
    return found
