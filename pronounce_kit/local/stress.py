"""Which syllable of a word was stressed, against which should be.

A stressed syllable is longer, louder and higher than its neighbours, and its vowel is full. How much so depends on its
sounds, on the word's place in the sentence and on the voice; the model voice says the same word in the same place. So
what counts is how much more than the model voice the learner does of it on another syllable than the expected one, in
units of what this learner differs from the model voice elsewhere: who reads unevenly must do more to be called wrong.

With confidence 0.75 (0.5) and more, of 300 words in which the model voice moves the stress 40 % (57 %) are flagged,
nearly all on the right syllable; of its right words none (0.3 %), of 700 that learners stressed rightly 1.6 % (4.7 %).
Of the 25 words of the corpus whose stress experts called wrong only 2 are flagged (area under the curve .70): a flag
can be believed, its absence proves little.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .acoustics import Floats
from .contour import Contour
from .features import Layout, View
from .phones import INDEX, VOWELS

# Log-odds that another syllable was stressed instead of the expected one, from what it has more of: log duration,
# level, pitch, fullness. `python -m pronounce_kit.local.build_stress CORPUS` fits them and prints how often they err.
WEIGHTS = np.array([0.57, 0.47, 0.40, 0.22])
BIAS = -3.22
USUAL_SPREAD = np.array([0.18, 3.1, 1.4, 1.8])
"""What a reader differs from the model voice by, in the same four; half the standard deviation over learners."""

_PRIOR_VOWELS = 2.0  # the usual spread counts as much as so many vowels of this reading
_SCHWA = INDEX["AH"]
_FULL = [INDEX[vowel] for vowel in sorted(VOWELS - {"AH", "IH", "ER", "UH"})]
_SUREST = 8.0  # log ratios beyond this say nothing more


@dataclass(frozen=True, slots=True)
class Stress:
    """The syllable, from 0, that should be stressed and the one that was; confidence (0-1) that it is another one."""

    expected: int
    said: int
    confidence: float


def stresses(layout: Layout, learner: Contour, voice: Contour, heard: View, model: View) -> list[Stress | None]:
    """The stress of each word; None where a word has one syllable, or none that should be stressed.

    learner, heard: the learner's reading of the layout's phones; voice, model: the model voice's.
    """
    found: list[Stress | None] = []
    marks = layout.stress[layout.stress >= 0]
    places, by_word = words_of_vowels(layout), evidence_by_word(layout, learner, voice, heard, model)
    for (start, stop), evidence in zip(places, by_word, strict=True):
        primary = np.flatnonzero(marks[start:stop] == 1)
        found.append(_stress(evidence, int(primary[0])) if stop - start > 1 and primary.size else None)
    return found


def _stress(evidence: Floats, expected: int) -> Stress:
    odds = (evidence - evidence[expected]) @ WEIGHTS + BIAS
    odds[expected] = -np.inf
    other = int(odds.argmax())
    confidence = float(1 / (1 + np.exp(-odds[other])))
    return Stress(expected, other if confidence > 0.5 else expected, confidence)


def words_of_vowels(layout: Layout) -> list[tuple[int, int]]:
    """Where the vowels of each word begin and end among all vowels."""
    return list(pairwise(np.searchsorted(layout.word[layout.stress >= 0], np.arange(layout.words + 1)).tolist()))


def evidence_by_word(layout: Layout, learner: Contour, voice: Contour, heard: View, model: View) -> list[Floats]:
    """Of each word, (vowels, 4): what its vowels have more than the voice's, in spreads of the rest of the text."""
    more = prominence(layout, learner, heard) - prominence(layout, voice, model)
    more[np.isnan(more)] = 0.0
    square = np.square(more - np.median(more, 0)) if len(more) else more
    total = square.sum(0) + _PRIOR_VOWELS * USUAL_SPREAD**2
    return [
        more[start:stop] / np.sqrt((total - square[start:stop].sum(0)) / (_PRIOR_VOWELS + len(more) - (stop - start)))
        for start, stop in words_of_vowels(layout)
    ]


def prominence(layout: Layout, contour: Contour, view: View) -> Floats:
    """(V, 4) of each vowel: log duration, level in dB, pitch in semitones (NaN without voice), and fullness.

    Fullness is the log ratio of the vowel, if it is a full one, against schwa; if it is schwa, that against it of the
    full vowel that fits best.
    """
    vowels = layout.stress >= 0
    pitch, ratio = contour.pitch[vowels], view.ratio[vowels]
    voiced = ~np.isnan(pitch)
    count = voiced.sum(1)
    full = np.where(layout.phone[vowels] == _SCHWA, -ratio[:, _FULL].min(1), ratio[:, _SCHWA])
    out: Floats = np.c_[
        np.log(contour.durations[vowels]),
        contour.level[vowels].mean(1),
        np.where(count > 0, np.where(voiced, pitch, 0.0).sum(1) / np.maximum(count, 1), np.nan),
        np.clip(full, -_SUREST, _SUREST),
    ]
    return out
