"""From features to scores: phones, then words from their phones, then the sentence from both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats
from .analysis import Hearing
from .features import sentence_features, word_features
from .network import Jury, Said, Sounds

MISPRONOUNCED = 60.0
"""Scores under this are called wrong, as the service does with words."""

_LIMITED_TO = MISPRONOUNCED + 6  # a word is at most half-way from its worst wrong phone to this

_SPREAD, _MIDDLE = 1.1, 78.0  # of the models' mean opinion of a sentence, around the experts' mean rating

_TREES = 0.65  # their share in the log-odds of an error; the rest is the networks'


class Predictor(Protocol):
    """A fitted model: float32 rows in, one number a row out."""

    def predict(self, rows: NDArray[np.float32], /) -> Any:
        """(rows, features) -> (rows,)."""
        ...


@dataclass(frozen=True, slots=True)
class HeardScores:
    """What the models say of a recording; all scores 0-100.

    phones, wrong: (N,) accuracy of each phone, and how sure it is (0-1) that another sound was said. words: (W,)
    accuracy. sentence: accuracy, fluency and prosodic, as experts rate the whole sentence.
    """

    phones: Floats
    wrong: Floats
    words: Floats
    sentence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Models:
    """All fitted models. wrong_threshold: error probability from which a phone scores under 60.

    word, and sentence by scale: models that are averaged, with the networks' opinion as one more of them. For the
    sentence apart is another one, by scale: it looks at `Sounds.apart`.
    """

    phone_rating: Predictor
    phone_wrong: Predictor
    networks: Jury
    wrong_threshold: float
    word: tuple[Predictor, ...]
    sentence: Mapping[str, tuple[Predictor, ...]]
    apart: Mapping[str, Predictor]

    def score_phones(self, sounds: Sounds, said: Said | None = None) -> tuple[Floats, Floats]:
        """Accuracy and error probability of each phone; said: the networks' opinion, where it is known already."""
        said = said or self.networks.consult(sounds)
        rating = (np.asarray(self.phone_rating.predict(sounds.rows), np.float64) + said.rating) / 2
        of_trees = np.asarray(self.phone_wrong.predict(sounds.rows), np.float64)
        wrong = probability(_TREES * of_trees + (1 - _TREES) * said.wrong)
        return phone_scores(rating, wrong, self.wrong_threshold), wrong

    def score(self, hearing: Hearing, manner: tuple[float, ...]) -> HeardScores:
        """Score a recording held against a script; manner is what `prosody_features.manner_of` gives for it."""
        layout, view, voice, sounds = hearing.script.layout, hearing.view, hearing.script.voice, hearing.sounds()
        said = self.networks.consult(sounds)
        phones, wrong = self.score_phones(sounds, said)
        rows = word_features(layout, view, phones, wrong)
        words = word_scores(averaged(self.word, rows, said.words), layout.word, phones)
        rows = sentence_features(layout, view, voice, phones, wrong, words, manner)
        apart = sounds.apart()
        sentence = {}
        for scale, models in self.sentence.items():
            # Nearer to the model voice than any learner was, a reading would be better than perfect.
            by_distance = np.clip(self.apart[scale].predict(apart), 0, 100)
            sentence[scale] = sentence_score(averaged(models, rows, said.sentence[scale], by_distance)[0])
        return HeardScores(phones, confidence(wrong, self.wrong_threshold), words, sentence)


def averaged(models: tuple[Predictor, ...], rows: NDArray[np.float32], *besides: Floats) -> Floats:
    """The mean of the models' predictions and more of them, (rows,)."""
    out: Floats = np.mean([*besides, *(np.asarray(model.predict(rows), np.float64) for model in models)], axis=0)
    return out


def sentence_score(opinion: float) -> float:
    """Score of a sentence, 0-100, from the mean of the models' opinions of it.

    Each model alone meets the experts' ratings; their mean lies closer to the middle, and is spread again so that
    ratings rise with scores one to one (`pronounce-kit evaluate CORPUS --folds 5`: slopes of .98 to 1.01).
    """
    return float(np.clip(_MIDDLE + _SPREAD * (opinion - _MIDDLE), 0, 100))


def probability(log_odds: Any) -> Floats:
    """Log-odds -> probability."""
    out: Floats = 1 / (1 + np.exp(-np.asarray(log_odds, np.float64)))
    return out


def confidence(wrong: Floats, threshold: float) -> Floats:
    """How sure it is that a phone is wrong, from its error probability: 0.7 where it is first called wrong.

    The sounds that may have been said in its place share this, so the likeliest of them is named above the expected
    one where, and hardly anywhere but where, the score is under 60.
    """
    below, above = wrong / threshold, (wrong - threshold) / max(1 - threshold, 1e-9)
    return np.where(wrong < threshold, 0.7 * below, 0.7 + 0.3 * above)


def phone_scores(rating: Floats, wrong: Floats, threshold: float) -> Floats:
    """Accuracy of each phone, 0-100: the predicted rating, pulled under 60 where an error is likely.

    A phone whose error probability is at the threshold gets at most 59, one that is surely wrong at most 10; the cube
    keeps those in doubt near 59, so that a false alarm costs little.
    """
    excess = np.clip((wrong - threshold) / max(1 - threshold, 1e-9), 0, 1)
    limit = np.where(wrong >= threshold, 59.0 - 49.0 * excess**3, 100.0)
    return np.clip(np.minimum(rating, limit), 0, 100)


def word_scores(predicted: Floats, word_of_phone: NDArray[np.int64], phones: Floats) -> Floats:
    """Accuracy of each word, 0-100: the predicted rating, and no more than half-way from its worst wrong phone to 66.

    One surely wrong sound makes a word mispronounced, however well the rest of it was said. One that is in doubt, from
    54 on, leaves it over 60: such words are mispronounced where their prediction says so.
    """
    worst = np.full(len(predicted), 100.0)
    np.minimum.at(worst, word_of_phone, phones)
    limit = np.where(worst < MISPRONOUNCED, (worst + _LIMITED_TO) / 2, 100.0)
    return np.clip(np.minimum(predicted, limit), 0, 100)
