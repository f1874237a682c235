"""Everything about how a text was read apart from its sounds: breaks, melody, stress, pace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .analysis import Hearing, Script
from .contour import Contour
from .intonation import intonation
from .pauses import Pace, breaks, marks_before, pace
from .stress import Stress, stresses


@dataclass(frozen=True, slots=True)
class WordProsody:
    """What was found for one word.

    break_s: silence before it in seconds. stress: of a word of several syllables. The rest are confidences (0-1): that
    this pause does not belong there, that nobody paused, that a pause belongs there, that the word was said in a flat
    voice, and what speaks for that within the word and from syllable to syllable. NaN where not known.
    """

    break_s: float
    unexpected_break: float
    missing_break: float
    break_wanted: float
    monotone: float
    pitch_slope: float
    pitch_delta: float
    stress: Stress | None


@dataclass(frozen=True, slots=True)
class Prosody:
    """What was found for a reading; words: those that were said."""

    words: tuple[WordProsody, ...]
    pace: Pace


def find_prosody(script: Script, said: NDArray[np.bool_], hearing: Hearing, learner: Contour) -> Prosody:
    """Compare how the words that were said, (W,), were read with how the model voice reads them.

    hearing and learner, its contour, are of those words only.
    """
    layout, voice = hearing.script.layout, hearing.script.contour
    marks = marks_before(script.words, said)
    between = breaks(layout, learner, voice, marks)
    melody = intonation(layout, learner, voice)
    stress = stresses(layout, learner, voice, hearing.view, hearing.script.voice)
    columns = (
        *(between.lengths_s, between.unexpected, between.missing, between.wanted),
        *(melody.monotone, melody.slope, melody.delta),
    )
    rows = zip(*(column.tolist() for column in columns), stress, strict=True)
    return Prosody(tuple(WordProsody(*row) for row in rows), pace(layout, learner, marks))
