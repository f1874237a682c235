"""Where a reader paused, where a pause belongs, and how fast the reading was.

A pause belongs where the text has punctuation, and where the model voice pauses too. Confidences are logistic in
seconds of silence, chosen on the rated readings of the corpus: between two words without punctuation, readers whose
fluency was rated 9 or 10 are silent for over 0.2 s (beyond what the model voice is) in 0.9 % of the places, those rated
8 in 3 %, 7 in 10 %, 6 in 18 %, and 5 or less in 38 %. From there on an unexpected break is flagged (confidence 0.75).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats
from .contour import Contour
from .features import Layout
from .lexicon import LexicalWord

PAUSE_S = 0.25
"""From here on a silence counts as a pause in `Pace`: the border in studies of fluency (De Jong and Bosker 2013)."""

_UNEXPECTED_S, _UNEXPECTED_SCALE_S = 0.15, 0.045  # beyond what is expected: 0.75 at 0.2 s
_MISSING_S, _MISSING_SCALE_S = 0.06, 0.015  # less silence than this is none: 0.75 at 0.044 s
_VOICED_COMMA_S, _COMMA_SCALE_S = 0.1, 0.03  # a comma asks for a pause as surely as the model voice makes one
_STRONG = frozenset(".?!;:—")


@dataclass(frozen=True, slots=True)
class Breaks:
    """The silence before each of W words, (W,) each, NaN before the first.

    lengths_s: seconds. unexpected: confidence (0-1) that a pause does not belong there. missing: that nobody paused
    there, whether or not a pause belongs there, as the service's MissingBreak means it. wanted: that one does belong.
    """

    lengths_s: Floats
    unexpected: Floats
    missing: Floats
    wanted: Floats


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a text was read, and its pauses (silences of at least `PAUSE_S`).

    words_per_minute, syllables_per_minute: from the first sound to the last. articulation_rate: syllables a minute
    without the pauses. boundary_pauses: how many of the pauses are at punctuation.
    """

    words_per_minute: float
    syllables_per_minute: float
    articulation_rate: float
    pauses: int
    boundary_pauses: int
    pauses_s: float
    longest_pause_s: float

    @classmethod
    def joined(cls, paces: Sequence[Pace], seconds: Sequence[float]) -> Pace:
        """The pace of a reading from those of its passages, of so many seconds each."""

        def over_time(name: str) -> float:
            return float(np.average([getattr(pace, name) for pace in paces], weights=seconds))

        return cls(
            words_per_minute=over_time("words_per_minute"),
            syllables_per_minute=over_time("syllables_per_minute"),
            articulation_rate=over_time("articulation_rate"),
            pauses=sum(pace.pauses for pace in paces),
            boundary_pauses=sum(pace.boundary_pauses for pace in paces),
            pauses_s=sum(pace.pauses_s for pace in paces),
            longest_pause_s=max(pace.longest_pause_s for pace in paces),
        )


def breaks(layout: Layout, learner: Contour, voice: Contour, marks: Sequence[str]) -> Breaks:
    """Compare the silences between words with what the text and the model voice ask for.

    marks: (W,) the punctuation before each word, as `marks_before` gives it.
    """
    lengths, expected = _before_words(layout, learner), _before_words(layout, voice)
    marked = np.array([bool(mark) for mark in marks])
    asked = np.where([mark in _STRONG for mark in marks], 1.0, _logistic((expected - _VOICED_COMMA_S) / _COMMA_SCALE_S))
    return Breaks(
        lengths_s=lengths,
        unexpected=np.where(marked, 0.0, _logistic((lengths - expected - _UNEXPECTED_S) / _UNEXPECTED_SCALE_S))
        + 0 * lengths,
        missing=_logistic((_MISSING_S - lengths) / _MISSING_SCALE_S),
        wanted=np.where(marked, asked, 0.0) + 0 * lengths,
    )


def marks_before(words: Sequence[LexicalWord], said: NDArray[np.bool_]) -> list[str]:
    """The punctuation before each word that was said: the strongest one since the last such word, or ""."""
    marks, since = [], ""
    for word, was_said in zip(words, said, strict=True):
        if was_said:
            marks.append(since)
            since = ""
        if word.pause and since not in _STRONG:
            since = word.pause
    return marks


def pace(layout: Layout, learner: Contour, marks: Sequence[str]) -> Pace:
    """Speaking rate and pauses of a reading; marks as for `breaks`."""
    span_s = max(float(learner.ends[-1] - learner.starts[0]), 0.01)
    is_pause = learner.silence_after >= PAUSE_S
    long = learner.silence_after[is_pause]
    before = _before_words(layout, learner)
    syllables = max(int((layout.stress >= 0).sum()), layout.words)
    return Pace(
        words_per_minute=60 * layout.words / span_s,
        syllables_per_minute=60 * syllables / span_s,
        articulation_rate=60 * syllables / max(span_s - float(long.sum()), 0.01),
        pauses=len(long),
        boundary_pauses=int((before[[bool(mark) for mark in marks]] >= PAUSE_S).sum()),
        pauses_s=float(long.sum()),
        longest_pause_s=float(long.max(initial=0.0)),
    )


def _before_words(layout: Layout, contour: Contour) -> Floats:
    """Silence before each word, (W,), NaN before the first."""
    firsts = np.flatnonzero(layout.place == 0)
    out = contour.silence_after[firsts - 1]
    out[0] = np.nan
    return out


def _logistic(x: Floats) -> Floats:
    out: Floats = 1 / (1 + np.exp(-np.clip(x, -50, 50)))
    return out
