"""Where a reader left the text: words left out, words added, and other words in the place of the text's.

Two steps. A search over the whole recording (`search`) finds the likeliest way through the text. Then each word that
it found is judged by itself: a badly said word keeps much of its sounds, another word keeps few. What was said in
its place, and whatever else is not in the text, is added speech.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .acoustics import BLANK, Floats
from .analysis import Script
from .listener import Listener
from .phones import ARPABET, VOWELS
from .search import FREE, Ints, Way, likeliest_way

Mask = NDArray[np.bool_]

_IS_VOWEL = np.array([phone in VOWELS for phone in ARPABET] + [False])

# Prices of the search, in natural logarithms of likelihood.
_SKIP, _SKIP_PHONE = 3.3, 2.4  # of leaving out a word, and for each of its phones
_ENTER = 2.8  # of a stretch of added speech
_SOUND = 0.7  # of each sound in it

_SHARE = 0.85  # of the listener's posteriors; the rest are the recognizer's own
_FLOOR = 0.01  # probability spread over all phones: any sound may be another
_RAW_FLOOR = 0.003

# What the judge makes of `evidence`: a word was not said where the weighted sum is over 0. Logistic regression, fitted
# by `python -m tests.miscue CORPUS --fit`.
_WEIGHTS = np.array([-0.7, 0.053, 0.595, -0.321, -2.178, 0.858])
_ODDS = -0.507 + 0.5


@dataclass(frozen=True, slots=True)
class Stray:
    """A stretch of speech that is not in the text: first and last frame, after `place` words of the text."""

    place: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Miscues:
    """said: (W,) whether each word of the text was said. strays: speech that is not in the text, in order of time."""

    said: Mask
    strays: tuple[Stray, ...]
    ears: Ears


@dataclass(frozen=True, slots=True)
class Ears:
    """Two opinions on what was said: log-likelihoods of the phones meant, and of the phones heard, (T, 40) each.

    best: (T,) the likeliest symbol. begins: (T,) whether a sound begins there. text, text_heard: (T, N) of the text's
    phones, accepted variants included.
    """

    meant: Floats
    heard: Floats
    best: Ints
    begins: Mask
    text: Floats
    text_heard: Floats

    @classmethod
    def of(cls, posteriors: Floats, script: Script) -> Ears:
        """Listen to (T, 40) posteriors with the text in mind."""
        mixed = _floored(_SHARE * _listener().posteriors(posteriors) + (1 - _SHARE) * posteriors, _FLOOR)
        heard = _floored(posteriors, _RAW_FLOOR)
        phones = script.layout.phone
        counts = script.accepted.T.astype(float)  # a phone that may be dropped may be a blank
        counts[phones, np.arange(len(phones))] = 1.0
        best = mixed.argmax(1)
        return cls(
            meant=np.log(mixed),
            heard=np.log(heard),
            best=best,
            begins=(best != BLANK) & (best != np.r_[BLANK, best[:-1]]),
            text=np.log(mixed @ counts),
            text_heard=np.log(heard @ counts),
        )


@cache
def _listener() -> Listener:
    return Listener.load()


def _floored(p: Floats, floor: float) -> Floats:
    return (1 - floor) * p + floor / (BLANK + 1)


def find_way(ears: Ears, script: Script) -> Way:
    """The likeliest way through the text."""
    phones, word_of = script.layout.phone, script.layout.word
    return likeliest_way(
        ears.text,
        ears.meant[:, BLANK],
        ears.meant.max(1) - _SOUND * ears.begins,
        word_of=word_of,
        same=phones[1:] == phones[:-1],
        skip=_SKIP + _SKIP_PHONE * np.bincount(word_of),
        enter=_ENTER,
    )


def find_miscues(posteriors: Floats, script: Script) -> Miscues:
    """Hold (T, 40) posteriors against a text in which words may be missing, and speech may have come in."""
    ears = Ears.of(posteriors, script)
    way = find_way(ears, script)
    words, rows = evidence(ears, script, way)
    kept = words[rows @ _WEIGHTS + _ODDS < 0]
    said = np.zeros(script.layout.words, bool)
    said[kept] = True
    return Miscues(said, tuple(_strays(ears, way, kept)), ears)


def said_words(posteriors: Floats, script: Script) -> Mask:
    """(W,) whether each word was said."""
    return find_miscues(posteriors, script).said


def evidence(ears: Ears, script: Script, way: Way) -> tuple[Ints, Floats]:
    """The words on the way, (M,), and what the judge looks at for each, (M, 6).

    How far the word's frames fall behind the likeliest symbols, in what was meant and in what was heard; sounds beside
    it that no word accounts for, and sounds of added speech; its phones; how far the other words fall behind, a phone.
    """
    words, first, last = _extents(way)
    if not len(words):
        return words, np.zeros((0, len(_WEIGHTS)))
    low, high = np.r_[0, last[:-1] + 1], np.r_[first[1:], len(way.word)]

    def inside(values: Floats | Mask) -> Floats:
        sums = np.r_[0.0, np.cumsum(values)]
        return sums[last + 1] - sums[first]

    def beside(values: Mask) -> Floats:
        sums = np.r_[0.0, np.cumsum(values)]
        return sums[high] - sums[low] - inside(values)

    length = np.bincount(script.layout.word)[words].astype(float)
    meant = inside(_behind(way, ears.text, ears.meant))
    per_phone = meant / length
    others = (per_phone.sum() - per_phone) / (len(words) - 1) if len(words) > 1 else np.full(1, -1.0)
    columns = [
        meant,
        inside(_behind(way, ears.text_heard, ears.heard)),
        beside(ears.begins),
        beside(ears.begins & (way.word == FREE)),
        length,
        others,
    ]
    return words, np.stack(columns, 1)


def _behind(way: Way, text: Floats, every: Floats) -> Floats:
    """(T,) how far each frame of the way falls behind the likeliest symbol; 0 or less."""
    in_phone = text[np.arange(len(text)), np.maximum(way.phone, 0)]
    own: Floats = np.where(way.phone >= 0, in_phone, every[:, BLANK]) - every.max(1)
    return own


def _extents(way: Way) -> tuple[Ints, Ints, Ints]:
    """The words on the way, and the first and last frame of each."""
    frames = np.flatnonzero(way.word >= 0)
    words, first = np.unique(way.word[frames], return_index=True)
    _, after = np.unique(way.word[frames][::-1], return_index=True)
    return words, frames[first], frames[::-1][after]


def _strays(ears: Ears, way: Way, kept: Ints) -> Iterator[Stray]:
    """Speech that is not in the text: at most one stretch between two words that were said.

    Where a word on the way was found to be another, all that sounds between its neighbours belongs to that other word.
    """
    words, first, last = _extents(way)
    was_kept = np.isin(words, kept)
    low, high = np.r_[0, last[was_kept] + 1], np.r_[first[was_kept], len(way.word)]
    gain = ears.meant.max(1) - ears.meant[:, BLANK] - _SOUND * ears.begins  # of speech over silence
    for place, start, stop in zip(np.r_[0, kept + 1], low, high, strict=True):
        another = bool(((first >= start) & (first < stop) & ~was_kept).any())
        sounding = ears.best[start:stop] != BLANK
        frames = start + np.flatnonzero(sounding if another else sounding & (way.word[start:stop] == FREE))
        if len(frames) and _is_speech(ears, gain, slice(frames[0], frames[-1] + 1)):
            yield Stray(int(place), int(frames[0]), int(frames[-1]))


def _is_speech(ears: Ears, gain: Floats, frames: slice) -> bool:
    """Whether it is worth its price, and more than a consonant or two, which accents add to words."""
    sounds = ears.best[frames][ears.begins[frames]]
    return bool(gain[frames].sum() > _ENTER and (_IS_VOWEL[sounds].any() or len(sounds) > 2))
