"""How well the engine's scores agree with experts' ratings."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..params import PronunciationScoreParams
from ..recording import Recording
from .acoustics import Floats
from .analysis import Analyzer
from .contour import Contour
from .corpus import RIGHT, Reading, folds_by_speaker, read_corpus
from .examples import Example, Track, make_examples, untracked
from .miscue import said_words
from .models import load_models
from .prosody_features import manner_of
from .reply import build_reply, gather
from .runtime import one_thread
from .scores import MISPRONOUNCED, Models
from .training import PhoneFits, corpus_analyzer, fit_without, need_packages

WRONG_PHONE = 0.5
"""Mean rating (0-2) under which experts heard a wrong phone."""

WRONG_WORD = 50.0
"""Rating (0-100) under which experts heard a badly said word."""

SENTENCE_SCORES = {
    "accuracy": "AccuracyScore",
    "fluency": "FluencyScore",
    "prosodic": "ProsodyScore",
    "total": "PronScore",
}
"""The experts' scale -> the score of the reply that is held against it."""

ADULT = 18
_TIMED = 20  # recordings whose assessment is timed


@dataclass(frozen=True, slots=True)
class Scored:
    """The engine's scores for one reading, beside the experts'.

    phones: (N,) against the corpus's own phones. changed: scores of the phones that the perturbed text asks for and the
    learner did not say. words: (W,) or None; sentence: score by scale. Both as the reply gives them for the text alone.
    """

    example: Example
    phones: Floats
    changed: Floats
    words: Floats | None
    sentence: dict[str, float]


def evaluate(
    corpus: str | Path,
    folds: int | None = None,
    *,
    workers: int = 2,
    track: Track = untracked,
) -> dict[str, Any]:
    """Compare the engine with the experts of a corpus folder.

    Without folds the shipped weights are evaluated, which is fair for speakers they were not trained on. With folds the
    models are fitted anew for each fold of speakers from the others. Correlations are over all readings together. Phone
    level: the corpus's phones; word and sentence level: the text alone is given, as users do.

    Returns {"phone": {"pearson", "spearman", "mse", "slope", ...}, "word": {"accuracy": {...}}, "sentence": {scale:
    {...}}, "errors": {...}, "by_age": {group: the same}, "seconds_per_audio_second": ..., ...}; mse on the experts'
    scales, 0-2 for phones and 0-10 for the rest; slope: how far ratings rise with scores, on one scale. Raises
    `InputError` for what is no corpus, with folds `MissingDependencyError` without the packages of the extra `train`.
    """
    if folds:
        need_packages()
    readings = read_corpus(corpus)
    fold_of = folds_by_speaker(readings, folds) if folds else None
    shipped = load_models()
    with one_thread:
        examples = make_examples(readings, corpus_analyzer(), workers=workers, track=track)
        if folds and fold_of is not None:
            scored = _score_by_folds(examples, fold_of, folds, workers, track)
        else:
            scored = [_score(example, shipped) for example in examples]
        seconds = _seconds_per_audio_second(readings, shipped)
    return {
        **_agreement(scored),
        "by_age": {
            group: _agreement(some)
            for group, some in (
                (f"under {ADULT}", [s for s in scored if s.example.reading.age < ADULT]),
                (f"{ADULT} and over", [s for s in scored if s.example.reading.age >= ADULT]),
            )
            if some
        },
        "by_gender": {
            gender: _agreement([s for s in scored if s.example.reading.gender == gender])
            for gender in sorted({reading.gender for reading in readings})
        },
        "seconds_per_audio_second": seconds,
        "utterances": len(readings),
        "speakers": len({reading.speaker for reading in readings}),
        "folds": folds,
    }


def _score_by_folds(
    examples: Sequence[Example], fold_of: NDArray[np.int64], folds: int, workers: int, track: Track
) -> list[Scored]:
    fits = PhoneFits(examples, fold_of)
    fits.fit(range(folds), workers, track)
    models = [fit_without(examples, fold_of, fits, fold) for fold in range(folds)]
    return [_score(example, models[fold]) for example, fold in zip(examples, fold_of, strict=True)]


def _score(example: Example, models: Models) -> Scored:
    none = np.zeros(0)
    words, sentence = None, {}
    if example.script is not None and len(example.script.words) == len(example.reading.words):
        params = PronunciationScoreParams(example.reading.text, enable_prosody_assessment=True)
        scores = models.score(example.shipped, example.manner) if example.shipped else None
        finding = gather(example.script, example.said, example.shipped, scores, example.duration_s)
        best = build_reply(finding.doubted(example.another), params)["NBest"][0]
        words = np.array([word.get("AccuracyScore", 0.0) for word in best["Words"]])
        sentence = {scale: best[name] for scale, name in SENTENCE_SCORES.items()}
    return Scored(
        example=example,
        phones=models.score_phones(example.canonical)[0] if example.canonical else none,
        changed=models.score_phones(example.changed)[0][example.changed_at] if example.changed else none,
        words=words,
        sentence=sentence,
    )


def _agreement(scored: Sequence[Scored]) -> dict[str, Any]:
    phones = np.concatenate([s.phones for s in scored])
    ratings = np.concatenate([s.example.ratings for s in scored])
    changed = np.concatenate([s.changed for s in scored])
    rated = [s for s in scored if s.words is not None]
    words = np.concatenate([s.words for s in rated if s.words is not None] or [np.zeros(0)])
    word_ratings = np.concatenate([s.example.word_ratings for s in rated] or [np.zeros(0)])
    known = ~np.isnan(word_ratings)
    words, word_ratings = words[known], word_ratings[known]
    sentences = {
        scale: _compare(
            np.array([s.sentence[scale] for s in rated]),
            np.array([(s.example.reading.sentence or {})[scale] * 10.0 for s in rated]),
            10,
        )
        for scale in SENTENCE_SCORES
    }
    right, nearly = ratings >= RIGHT, ratings >= 1.5
    flagged = phones < MISPRONOUNCED
    return {
        "phone": _compare(phones, ratings * 50, 50) | _detection(flagged, ratings < WRONG_PHONE),
        "word": {
            "accuracy": _compare(words, word_ratings, 10) | _detection(words < MISPRONOUNCED, word_ratings < WRONG_WORD)
        },
        "sentence": sentences,
        "errors": {
            "recall": _share(changed < MISPRONOUNCED),
            "false_alarms": _share(flagged[nearly]),
            "false_alarms_all_experts_agree": _share(flagged[right]),
            "changed_phones": len(changed),
        },
    }


def _compare(scores: Floats, ratings: Floats, per_point: float) -> dict[str, float | int | None]:
    """Agreement of scores and ratings, both 0-100; mse in the experts' points."""
    if len(scores) < 3 or not scores.std() or not ratings.std():
        return {"pearson": None, "spearman": None, "mse": None, "slope": None, "count": len(scores)}
    return {
        "pearson": round(float(np.corrcoef(scores, ratings)[0, 1]), 4),
        "spearman": round(float(np.corrcoef(_ranks(scores), _ranks(ratings))[0, 1]), 4),
        "mse": round(float(np.square((scores - ratings) / per_point).mean()), 4),
        "slope": round(float(np.polyfit(scores, ratings, 1)[0]), 4),
        "count": len(scores),
    }


def _ranks(values: Floats) -> Floats:
    """Average ranks; ties share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    out: Floats = (ends - (counts - 1) / 2)[inverse]
    return out


def _detection(flagged: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> dict[str, float | None]:
    hits = int((flagged & wrong).sum())
    precision, recall = hits / max(int(flagged.sum()), 1), hits / max(int(wrong.sum()), 1)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return {"wrong_precision": round(precision, 4), "wrong_recall": round(recall, 4), "wrong_f1": round(f1, 4)}


def _share(mask: NDArray[np.bool_]) -> float | None:
    return round(float(mask.mean()), 4) if len(mask) else None


def _seconds_per_audio_second(readings: Sequence[Reading], models: Models) -> float:
    """Processor time of assessing a text known before, from samples to scores."""
    analyzer: Analyzer = corpus_analyzer()
    chosen = readings[:: max(len(readings) // _TIMED, 1)][:_TIMED]
    recordings = [Recording.from_file(reading.audio) for reading in chosen]

    def assess_all() -> None:
        for reading, recording in zip(chosen, recordings, strict=True):
            script = analyzer.script(reading.text)
            heard = analyzer.model.hear(recording.samples)
            said = said_words(heard, script)
            hearing = analyzer.hold(heard, script.only(said)) if said.any() else None
            if hearing:
                contour = Contour.of(recording.samples, hearing.view.peak, hearing.frame_s)
                models.score(hearing, manner_of(recording.samples, hearing, contour))

    assess_all()
    start = time.process_time()
    assess_all()
    return round((time.process_time() - start) / sum(recording.duration_s for recording in recordings), 4)
