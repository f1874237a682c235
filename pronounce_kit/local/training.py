"""Fitting the engine's models to rated readings.

Two phone models look at the same features: `phone_rating` predicts the experts' mean rating, `phone_wrong` the
probability that the sound is wrong. Trees fitted to ratings alone learn that who sounds fluent is right; the second
model learns from perturbed texts, and from the model voice reading with mistakes, that a fluent speaker may say a wrong
sound too. Word and sentence models are fitted
to phone scores that were predicted for speakers the phone models had not seen.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingDependencyError
from .acoustics import Floats, HamaModel
from .analysis import Analyzer
from .corpus import RIGHT, SENTENCE_SCALES, folds_by_speaker, read_corpus
from .examples import CachedModel, Example, Rows, Track, make_examples, untracked
from .export import to_onnx
from .features import sentence_features, word_features
from .models import WEIGHTS, Linear, Trees
from .scores import Models, averaged, phone_scores, probability, word_scores
from .voice import Voice

FOLDS = 5
"""Folds of speakers by which phone scores are predicted for the word and sentence models."""

FALSE_ALARMS = 0.004
"""Share of the right phones that the error model may call wrong. The rating model adds its own."""

_PERTURBED_WEIGHT = 0.45  # of a changed phone in the error model; a rated phone weighs 1
_MISREAD_WEIGHT = 1.0  # of each phone that the model voice reads, rightly or wrongly
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
_WORD_PENALTY = 30.0
_SENTENCE_PENALTY = 60.0


@dataclass(frozen=True, slots=True)
class Boosted:
    """A LightGBM booster as a `scores.Predictor`."""

    booster: Any

    def predict(self, rows: Rows) -> Floats:
        """Raw scores: log-odds for the error model."""
        return np.asarray(self.booster.predict(rows, raw_score=True, num_threads=1), np.float64)


def boost(recipe: tuple[Mapping[str, Any], int], rows: Rows, target: Floats, weight: Floats | None = None) -> Boosted:
    """Fit trees by a recipe of parameters and rounds; the same data gives the same trees."""
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # OSError: its library needs the system's libgomp
        raise MissingDependencyError(
            f"Training needs LightGBM ({error}). Install it with: pip install 'pronounce-kit[train]', "
            "on Debian also apt-get install libgomp1."
        ) from None
    parameters, rounds = recipe
    return Boosted(lightgbm.train(dict(parameters), lightgbm.Dataset(rows, target, weight=weight), rounds))


def ridge(rows: NDArray[Any], target: Floats, penalty: float) -> Linear:
    """Ridge regression on standardized features, in closed form."""
    x = np.asarray(rows, np.float64)
    mean, scale = x.mean(0), x.std(0)
    scale[scale < 1e-9] = 1.0
    z = (x - mean) / scale
    weights = np.linalg.solve(z.T @ z + penalty * np.eye(z.shape[1]), z.T @ (target - target.mean()))
    return Linear(mean, scale, weights, float(target.mean()))


@dataclass(frozen=True, slots=True)
class PhoneModels:
    """Both phone models."""

    rating: Boosted
    wrong: Boosted

    def predict(self, rows: Rows) -> tuple[Floats, Floats]:
        """Rating (0-100) and error probability of each row."""
        if not len(rows):
            return np.zeros(0), np.zeros(0)
        return self.rating.predict(rows), probability(self.wrong.predict(rows))


def fit_phones(examples: Sequence[Example]) -> PhoneModels:
    """Fit both phone models to all phones of these readings and of their perturbed copies."""
    rows = np.concatenate([example.rows for example in examples if len(example.rows)])
    ratings = np.concatenate([example.ratings for example in examples])
    changed = np.concatenate([example.changed_rows[example.changed] for example in examples if example.changed.any()])
    rating = boost(_RATING, rows, ratings * 50)
    misread_rows = np.concatenate([rows[:0], *(example.misread_rows for example in examples if example.misread.size)])
    misread = np.concatenate([example.misread for example in examples])
    # How wrong the experts found a sound: 1 for a rating of 0 to 0.5, 0 from 1.5 on.
    wrong = np.r_[np.clip(1.5 - ratings, 0, 1), np.ones(len(changed)), misread]
    weight = np.r_[
        np.ones(len(ratings)), np.full(len(changed), _PERTURBED_WEIGHT), np.full(len(misread), _MISREAD_WEIGHT)
    ]
    return PhoneModels(rating, boost(_WRONG, np.concatenate([rows, changed, misread_rows]), wrong, weight))


class PhoneFits:
    """Phone models by the folds that they have not seen, each fitted once, several at a time."""

    def __init__(self, examples: Sequence[Example], folds: NDArray[np.int64]) -> None:
        self._examples = examples
        self._folds = folds
        self._fits: dict[frozenset[int], PhoneModels] = {}

    def fit(self, unseen: Iterable[frozenset[int]], workers: int, track: Track) -> None:
        """Fit the models that have not seen these sets of folds."""
        missing = [folds for folds in dict.fromkeys(unseen) if folds not in self._fits]

        def one(folds: frozenset[int]) -> PhoneModels:
            kept = [e for e, fold in zip(self._examples, self._folds, strict=True) if int(fold) not in folds]
            return fit_phones(kept)

        with ThreadPoolExecutor(workers) as pool:
            fitted = track(pool.map(one, missing), len(missing), "fitting phone models")
            self._fits.update(zip(missing, fitted, strict=True))

    def without(self, *folds: int) -> PhoneModels:
        """The models that have not seen these folds."""
        return self._fits[frozenset(folds)]


def fit_models(
    examples: Sequence[Example], phones: PhoneModels, predicted: Sequence[tuple[Floats, Floats]], threshold: float
) -> Models:
    """Fit word and sentence models on top of phone models.

    predicted: rating and error probability of the shipped phones of each example, by models that had not seen its
    speaker; empty arrays for an example without.
    """
    rated = [
        (example, example.shipped, phone_scores(rating, wrong, threshold), wrong)
        for example, (rating, wrong) in zip(examples, predicted, strict=True)
        if example.shipped is not None and example.reading.sentence
    ]
    word_rows = [word_features(heard.script.layout, heard.view, scores, wrong) for _, heard, scores, wrong in rated]
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
                word_scores(averaged(word, own), heard.script.layout.word, scores),
                example.pauses,
            )
            for (example, heard, scores, wrong), own in zip(rated, word_rows, strict=True)
        ]
    )
    sentence = {}
    for scale in SENTENCE_SCALES:
        target = np.array([(example.reading.sentence or {})[scale] * 10.0 for example, *_ in rated])
        sentence[scale] = (boost(_SENTENCE, sentence_rows, target), ridge(sentence_rows, target, _SENTENCE_PENALTY))
    return Models(phones.rating, phones.wrong, threshold, word, sentence)


def choose_threshold(wrong: Floats, ratings: Floats) -> float:
    """The error probability that `FALSE_ALARMS` of the right phones exceed."""
    return float(np.quantile(wrong[ratings >= RIGHT], 1 - FALSE_ALARMS))


def fit_without(
    examples: Sequence[Example], folds: NDArray[np.int64], fits: PhoneFits, test_fold: int | None
) -> Models:
    """All models from the examples outside the test fold (None: from all).

    Every phone score that a word or sentence model learns from is of a speaker unseen by the phone model it is from.
    """
    unseen = () if test_fold is None else (test_fold,)
    chosen = [(e, int(fold)) for e, fold in zip(examples, folds, strict=True) if int(fold) != test_fold]
    own = [fits.without(*unseen, fold).predict(example.rows)[1] for example, fold in chosen]
    threshold = choose_threshold(np.concatenate(own), np.concatenate([example.ratings for example, _ in chosen]))
    shipped = [fits.without(*unseen, fold).predict(example.shipped_rows) for example, fold in chosen]
    return fit_models([example for example, _ in chosen], fits.without(*unseen), shipped, threshold)


def train(
    corpus: str | Path,
    out: str | Path | None = None,
    *,
    cache: str | Path | None = None,
    workers: int = 2,
    track: Track = untracked,
) -> dict[str, Any]:
    """Fit all models to a corpus folder and write the weights; returns the files written and their sizes.

    out: folder of the weights, by default the package's own. cache: folder that keeps what the recognizer heard, so
    that a second run is fast. The same corpus gives the same weights. Raises `InputError` for what is no corpus.
    """
    readings = read_corpus(corpus)
    count = min(FOLDS, len({reading.speaker for reading in readings}))
    folds = folds_by_speaker(readings, count)
    examples = make_examples(readings, corpus_analyzer(cache), workers=workers, track=track)
    fits = PhoneFits(examples, folds)
    fits.fit([frozenset(), *(frozenset({fold}) for fold in range(count))], workers, track)
    models = fit_without(examples, folds, fits, None)
    return write_weights(models, len(examples[0].rows[0]), Path(out) if out else Path(str(WEIGHTS)))


def corpus_analyzer(cache: str | Path | None) -> Analyzer:
    """The analyzer that listens to a corpus; with a cache folder, it listens to each recording once."""
    model = HamaModel()
    return Analyzer(CachedModel(model, cache) if cache else model, Voice())


def write_weights(models: Models, phone_columns: int, out: Path) -> dict[str, Any]:
    """Write trees as ONNX and the rest as constants.json; returns {"files": {name: bytes}, "out": folder}."""
    out.mkdir(parents=True, exist_ok=True)
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
        data = to_onnx(boosted.booster, columns.get(name, phone_columns))
        Trees(data)  # what cannot be loaded is not written
        (out / f"{name}.onnx").write_bytes(data)
        files[f"{name}.onnx"] = len(data)
    constants = {
        "wrong_threshold": float(f"{models.wrong_threshold:.7g}"),
        "word_ridge": word_ridge.to_json(),
        "sentence_ridge": {scale: linear.to_json() for scale, linear in ridges.items()},
    }
    text = json.dumps(constants, indent=1) + "\n"
    (out / "constants.json").write_text(text, encoding="utf-8")
    files["constants.json"] = len(text)
    return {"out": str(out), "files": files}


def _only(kind: type[Any], models: Sequence[Any]) -> Any:
    (found,) = (model for model in models if isinstance(model, kind))
    return found
