"""Whether the voice moves: how much lower the learner's pitch varies than the model voice's, word by word.

The confidence that speech is monotone is logistic in the logarithm of the ratio of both spreads (standard deviations of
the pitch). Over the words of 731 learners the ratio is .64 in the middle, under .35 for one in twenty and under .27 for
one in a hundred. Monotone speech is flagged (confidence 0.75) from .30 down: the model voice's spread is 3 semitones,
so that about 0.7 are left. Experts' ratings hardly mind flat speech (r = .15), so it is told beside the scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..quantiles import quantiles
from .acoustics import Floats
from .contour import Contour
from .features import Layout

_EVEN_RATIO = 0.4  # as likely monotone as not
_SCALE = 0.26  # in natural logarithms of the ratio
_FLOOR = 0.3  # semitones that are added to both sides of a ratio: smaller movements are not measured surely
_TRIMMED = 0.05  # share of the pitches at each end that count as the next one inside: single frames may be far off
_FEWEST = 8  # voiced moments without which nothing is said of a sentence


@dataclass(frozen=True, slots=True)
class Intonation:
    """Confidence (0-1) of each of W words, (W,) each, that it was said in a flat voice; NaN where it is not known.

    monotone: from the pitch of the word and its neighbours, and that of the whole text, in equal parts. slope: from the
    movement within the word. delta: from the steps from syllable to syllable around it.
    """

    monotone: Floats
    slope: Floats
    delta: Floats


def intonation(layout: Layout, learner: Contour, voice: Contour) -> Intonation:
    """Compare the learner's melody with the model voice's."""
    sung, model = _Movement.of(layout, learner), _Movement.of(layout, voice)
    return Intonation(
        monotone=_flat(sung.spread, model.spread),
        slope=_flat(sung.within, model.within),
        delta=_flat(sung.steps, model.steps),
    )


@dataclass(frozen=True, slots=True)
class _Movement:
    """Semitones by word: standard deviation around it, range within it, steps from syllable to syllable around it."""

    spread: Floats
    within: Floats
    steps: Floats

    @classmethod
    def of(cls, layout: Layout, contour: Contour) -> _Movement:
        vowels = layout.stress >= 0
        word = layout.word[vowels]
        pitch = trimmed(contour.pitch[vowels])
        voiced = ~np.isnan(pitch)
        if voiced.sum() < _FEWEST:
            unknown = np.full(layout.words, np.nan)
            return cls(unknown, unknown, unknown)
        values = np.where(voiced, pitch, 0.0)

        def per_word(of_vowel: NDArray[np.generic]) -> Floats:
            return np.bincount(word, np.asarray(of_vowel, np.float64), minlength=layout.words).astype(np.float64)

        count, total, square = (per_word(part.sum(1)) for part in (voiced, values, values**2))
        around = variance(*(_with_neighbours(part) for part in (count, total, square)))
        everywhere = variance(count.sum(), total.sum(), square.sum())
        high = np.full(layout.words, -np.inf)
        low = np.full(layout.words, np.inf)
        np.maximum.at(high, word, np.where(voiced, pitch, -np.inf).max(1))
        np.minimum.at(low, word, np.where(voiced, pitch, np.inf).min(1))
        middle = values.sum(1) / np.maximum(voiced.sum(1), 1)
        known = voiced.any(1)
        step = np.abs(np.diff(middle[known]))
        into = word[known][1:]
        steps = _with_neighbours(np.bincount(into, step, minlength=layout.words).astype(np.float64))
        stepped = _with_neighbours(np.bincount(into, minlength=layout.words).astype(np.float64))
        return cls(
            spread=np.sqrt((around + everywhere) / 2),
            within=np.where(high >= low, high - low, np.nan),
            steps=np.where(stepped > 0, steps / np.maximum(stepped, 1), np.nan),
        )


def trimmed(pitch: Floats) -> Floats:
    """The pitches with the outermost ones drawn in; NaN stays."""
    known = pitch[~np.isnan(pitch)]
    return pitch if not known.size else np.clip(pitch, *quantiles(known, _TRIMMED, 1 - _TRIMMED))


def variance(count: Floats, total: Floats, square: Floats) -> Floats:
    """Variance from sums of values and of squares; 0 where there are none."""
    n = np.maximum(count, 1)
    out: Floats = np.maximum(square / n - (total / n) ** 2, 0.0)
    return out


def _with_neighbours(values: Floats) -> Floats:
    """The sum of each value and the ones before and after it."""
    return np.convolve(values, np.ones(3))[1:-1]


def _flat(learner: Floats, voice: Floats) -> Floats:
    ratio = (learner + _FLOOR) / (voice + _FLOOR)
    out: Floats = 1 / (1 + np.exp((np.log(ratio) - np.log(_EVEN_RATIO)) / _SCALE))
    return out
