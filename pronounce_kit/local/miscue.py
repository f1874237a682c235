"""Where a reader left the text: words left out, words added, and other words in the place of the text's.

Three steps. A search over the whole recording (`search`) finds the likeliest way through the text. Where little of the
text meets little of the speech, the reader has probably read something else. Each word on the way is also judged by
itself: a badly said word keeps much of its sounds, another word keeps few. What was said in its place, and whatever
else is not in the text, is added speech.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .acoustics import BLANK, Floats, Heard, sound_begins
from .analysis import Script
from .listener import Listener
from .phones import ARPABET, VOWELS
from .search import FREE, Ints, Way, likeliest_way

Mask = NDArray[np.bool_]

_IS_VOWEL = np.array([phone in VOWELS for phone in ARPABET] + [False])

_SILENCE = np.full(BLANK + 1, 1e-4)
_SILENCE[BLANK] = 1 - 1e-4 * BLANK

# Prices of the search, in natural logarithms of likelihood.
_SKIP, _SKIP_PHONE = 5.0, 2.4  # of leaving out a word, and for each of its phones
_NEVER = 1e6  # of leaving out the only word
_ENTER = 4.2  # of a stretch of added speech
_SOUND = 0.7  # of each sound in it
_AFTER, _BEFORE = 10, 6  # frames between words and a vowel that stands alone: said on purpose, such as "uh"

_SHARE = 0.85  # of the listener's posteriors; the rest are the recognizer's own
_FLOOR = 0.01  # probability spread over all phones: any sound may be another

# Two logistic regressions, fitted by `python -m tests.miscue CORPUS --fit --count 450`: that another text was read,
# from `Held.likeness`, and that a word was not said, from `Held.evidence`.
_UNLIKE = np.array([3.084, -19.694, -2.05, -12.487, 0.412])
_UNLIKE_ODDS = 12.606
_SURELY = 0.99  # another text: so that not even a word of it is said
_WEIGHTS = np.array([-0.371, -0.471, -1.786, 0.883, 1.548, 3.586])
_ODDS = -4.901 - 0.693  # from odds of 2 to 1 on: a word called omitted by mistake costs more than one that is missed
_MOST = 0.6  # of the sounds of a word, three or more: so much of a word is that word, badly said


@dataclass(frozen=True, slots=True)
class Stray:
    """A stretch of speech that is not in the text: first and last frame, after `place` words of the text."""

    place: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Miscues:
    """said: (W,) whether each word of the text was said. strays: speech that is not in the text, in order of time.

    another: probability that another text was read.
    """

    said: Mask
    strays: tuple[Stray, ...]
    another: float
    ears: Ears

    def without_strays(self, heard: Heard) -> Heard:
        """What was heard, with silence in the place of the speech that is not in the text."""
        if not self.strays:
            return heard
        posteriors = heard.posteriors.copy()
        for stray in self.strays:
            posteriors[stray.first : stray.last + 1] = _SILENCE
        return replace(heard, posteriors=posteriors)


@dataclass(frozen=True, slots=True)
class Ears:
    """Log-likelihoods of the sounds that the reader meant, with an accent taken into account.

    sounds: (T, 40). text: (T, N) of the text's phones, accepted variants included. best: (T,) the likeliest symbol.
    begins: (T,) whether a sound begins there.
    """

    sounds: Floats
    text: Floats
    best: Ints
    begins: Mask

    @classmethod
    def of(cls, heard: Heard, script: Script) -> Ears:
        """Listen to a recording with the text in mind."""
        return cls.to(_SHARE * _listener().hear(heard) + (1 - _SHARE) * heard.posteriors, script)

    @classmethod
    def to(cls, posteriors: Floats, script: Script) -> Ears:
        """Hold (T, 40) posteriors of the intended phones against the text."""
        mixed = (1 - _FLOOR) * posteriors + _FLOOR / (BLANK + 1)
        phones = script.layout.phone
        counts = script.accepted.T.astype(float)  # a phone that may be dropped may be a blank
        counts[phones, np.arange(len(phones))] = 1.0
        best = mixed.argmax(1)
        return cls(np.log(mixed), np.log(mixed @ counts), best, sound_begins(best))


@cache
def _listener() -> Listener:
    return Listener.load()


@dataclass(frozen=True, slots=True)
class Held:
    """A recording held against a text along its likeliest way through it.

    words: (M,) of the text that are on the way; first, last: (M,) frames of each. How far the way falls behind the
    likeliest sounds, in log-likelihood, 0 or less: behind, (T,) in each frame; phones, (N,) in the best frame of each,
    minus infinity for those off the way.
    """

    ears: Ears
    script: Script
    way: Way
    words: Ints
    first: Ints
    last: Ints
    behind: Floats
    phones: Floats

    @classmethod
    def of(cls, ears: Ears, script: Script) -> Held:
        """Search for the likeliest way."""
        way = _find_way(ears, script)
        frames = np.flatnonzero(way.word >= 0)
        words, first = np.unique(way.word[frames], return_index=True)
        _, after = np.unique(way.word[frames][::-1], return_index=True)
        in_phone = way.phone >= 0
        own = np.where(in_phone, ears.text[np.arange(len(in_phone)), np.maximum(way.phone, 0)], ears.sounds[:, BLANK])
        behind = own - ears.sounds.max(1)
        phones = np.full(len(script.layout.phone), -np.inf)
        np.maximum.at(phones, way.phone[in_phone], behind[in_phone])
        return cls(ears, script, way, words, frames[first], frames[::-1][after], behind, phones)

    def evidence(self) -> Floats:
        """What tells of each word on the way whether it was said, (M, 6).

        How far the word falls behind, and its worst phone; how many phones it has; how far the other words fall behind,
        a phone; how much of the word meets what sounds; how much of the one or the other is something else.
        """
        count = len(self.words)
        sums = np.concatenate([[0.0], np.cumsum(self.behind)])
        word = sums[self.last + 1] - sums[self.first]
        worst = np.full(self.script.layout.words, np.inf)
        np.minimum.at(worst, self.script.layout.word, self.phones)
        length = np.bincount(self.script.layout.word)[self.words].astype(float)
        per_phone = word / length
        others = (per_phone.sum() - per_phone) / (count - 1) if count > 1 else np.full(count, -1.0)
        return np.stack([word, worst[self.words], length, others, self._met()[self.words], self._otherwise()], 1)

    def _met(self) -> Floats:
        """The share of each word's phones that meet what sounds, (W,)."""
        word = self.script.layout.word
        return np.bincount(word, np.exp(self.phones)) / np.bincount(word)

    def _otherwise(self) -> Floats:
        """The edits from each word's phones to the sounds in its frames, of as many as the longer of both has, (M,)."""
        ears, layout = self.ears, self.script.layout
        phones = np.split(layout.phone, np.flatnonzero(np.diff(layout.word)) + 1)
        out = np.empty(len(self.words))
        for k, (word, first, last) in enumerate(zip(self.words, self.first, self.last, strict=True)):
            frames = slice(first, last + 1)
            sounds = ears.best[frames][ears.begins[frames]]
            out[k] = _edits(phones[word].tolist(), sounds.tolist()) / max(len(phones[word]), len(sounds))
        return out

    def kept(self) -> Ints:
        """The words that were found to be said."""
        # The rest of such a word, however wrong, does not make it another one.
        mostly_said = (self._met() >= _MOST) & (np.bincount(self.script.layout.word) >= 3)
        kept: Ints = self.words[(self.evidence() @ _WEIGHTS + _ODDS < 0) | mostly_said[self.words]]
        return kept

    def likeness(self, kept: Ints) -> Floats:
        """How far the recording is a reading of the text at all, (5,).

        Shares of the text's sounds, and of the sounds that were said, that meet; how far the way falls behind, a sound;
        shares of the text's words that are on the way, and that were found to be said, `kept`.
        """
        met = np.exp(self.phones).sum()
        of_text = self.way.word != FREE
        return np.array(
            [
                met / len(self.phones),
                met / max(self.ears.begins.sum(), 1),
                self.behind[of_text].sum() / max((self.ears.begins & of_text).sum(), 1),
                len(self.words) / self.script.layout.words,
                len(kept) / self.script.layout.words,
            ]
        )

    def strays(self, kept: Ints) -> Iterator[Stray]:
        """Speech that is not in the text: at most one stretch between two words that were said.

        Where a word on the way was found to be another, all that sounds between its neighbours belongs to that other
        word.
        """
        ears, way = self.ears, self.way
        was_kept = np.isin(self.words, kept)
        begins = np.concatenate([[0], self.last[was_kept] + 1])  # of what lies before, between and after the words
        stops = np.concatenate([self.first[was_kept], [len(way.word)]])
        sounds = ears.best != BLANK
        for i, (begin, stop) in enumerate(zip(begins.tolist(), stops.tolist(), strict=True)):
            if not sounds[begin:stop].any():
                continue
            another = bool(((self.first >= begin) & (self.first < stop) & ~was_kept).any())
            frames = np.arange(begin, stop)
            stray = frames[sounds[frames] & (another | (way.word[frames] == FREE))]
            if len(stray) and not _is_speech(ears, slice(stray[0], stray[-1] + 1), 0.0 if another else _ENTER):
                stray = stray[:0]
            apart = ((frames - begin >= _AFTER) | (i == 0)) & ((stop - frames >= _BEFORE) | (i == len(kept)))
            stray = np.union1d(stray, frames[apart & ears.begins[frames] & _IS_VOWEL[ears.best[frames]]])
            if len(stray):
                yield Stray(int(kept[i - 1] + 1) if i else 0, int(stray[0]), int(stray[-1]))


def _edits(phones: list[int], sounds: list[int]) -> int:
    """How many phones, at least, are to be changed, left out or put in to come to the sounds (Levenshtein)."""
    before = list(range(len(sounds) + 1))
    for count, phone in enumerate(phones, 1):
        now = [count]
        for i, sound in enumerate(sounds):
            now.append(min(before[i] + (phone != sound), before[i + 1] + 1, now[i] + 1))
        before = now
    return before[-1]


def find_miscues(ears: Ears, script: Script) -> Miscues:
    """Find the words of a text that are missing from a recording, and the speech that came in."""
    held = Held.of(ears, script)
    kept = held.kept()
    another = float(1 / (1 + np.exp(-(held.likeness(kept) @ _UNLIKE + _UNLIKE_ODDS))))
    said = np.zeros(script.layout.words, bool)
    if another > _SURELY:
        sounds = np.flatnonzero(ears.best != BLANK)
        return Miscues(said, (Stray(0, int(sounds[0]), int(sounds[-1])),) if len(sounds) else (), another, ears)
    if script.layout.words == 1:  # a lone word can only be told from another text
        kept = held.words
    said[kept] = True
    return Miscues(said, tuple(held.strays(kept)), another, ears)


def said_words(heard: Heard, script: Script) -> Mask:
    """(W,) whether each word was said."""
    return find_miscues(Ears.of(heard, script), script).said


def _find_way(ears: Ears, script: Script) -> Way:
    """The likeliest way through the text."""
    phones, word_of = script.layout.phone, script.layout.word
    skip: Floats = _SKIP + _SKIP_PHONE * np.bincount(word_of).astype(float)
    if len(skip) == 1:
        skip[:] = _NEVER
    return likeliest_way(
        ears.text,
        ears.sounds[:, BLANK],
        ears.sounds.max(1) - _SOUND * ears.begins,
        word_of=word_of,
        same=phones[1:] == phones[:-1],
        skip=skip,
        enter=_ENTER,
    )


def _is_speech(ears: Ears, frames: slice, price: float) -> bool:
    """Whether a stretch is worth its price, and more than a consonant or two, which accents add to words."""
    gain = (ears.sounds[frames].max(1) - ears.sounds[frames, BLANK]).sum()
    sounds = ears.best[frames][ears.begins[frames]]
    return bool(gain - _SOUND * len(sounds) > price and (_IS_VOWEL[sounds].any() or len(sounds) > 2))
