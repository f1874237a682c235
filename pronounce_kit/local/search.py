"""The likeliest way of a reader through a text: words may be left out, and other speech may come between them.

States are those of CTC (blank, phone, blank, ...), and for each boundary between words, the ends included, one of free
speech, in which any sound is as likely as the likeliest. The first phone of a word may follow any earlier word, at a
price for each word left out; free speech has a price too, so that an accented word is not taken for another. All words
are decided together, since a word too many also pushes its neighbours out of place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats

Ints = NDArray[np.int64]

BETWEEN = -1
"""In `Way.word`: a frame between words, or between the phones of one."""
FREE = -2
"""In `Way.word`: a frame of speech that is not in the text."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where in the text each frame lies, (T,) all.

    phone: the phone that is being said, else -1. word: its word, BETWEEN or FREE. boundary: for free frames, how many
    words of the text lie before them, else -1.
    """

    phone: Ints
    word: Ints
    boundary: Ints


def likeliest_way(
    phones: Floats,
    blank: Floats,
    free: Floats,
    *,
    word_of: Ints,
    same: NDArray[np.bool_],
    skip: Floats,
    enter: float,
) -> Way:
    """Viterbi search over (T, N) log-likelihoods of the text's phones.

    blank, free: (T,) of the blank and of free speech. word_of: (N,) word of each phone. same: (N - 1,) whether a phone
    is the same as the one before, so that a blank must come between. skip: (W,) price of leaving out each word. enter:
    of each stretch of free speech.
    """
    lattice = _Lattice(word_of, same, skip, enter)
    return lattice.way(lattice.scores(phones, blank, free))


_PHONE, _BLANK, _FREE = range(3)


class _Lattice:
    """The states, what each may follow, and at which price.

    There are N + 1 positions in the text, one before each phone and one at the end. At each a frame may be in the phone
    before it, in a blank, or, between words, in free speech. Scores count as if all words so far had been left out, so
    that leaving one out costs nothing and saying it earns its price back.
    """

    def __init__(self, word_of: Ints, same: NDArray[np.bool_], skip: Floats, enter: float) -> None:
        begins = np.concatenate([[True], word_of[1:] != word_of[:-1]])
        self.positions = len(word_of) + 1
        self.between = np.append(begins, True)  # whether a position is between words, or at an end
        self.word_of = word_of
        self.words_before = np.cumsum(np.append(False, begins))
        self.earned = np.zeros(self.positions)  # by what has been said before
        self.earned[np.append(False, self.between[1:])] = skip
        self.closed = np.where(self.between, 0.0, -np.inf)
        self.enter = np.where(self.between, enter, np.inf)
        self.twice = np.flatnonzero(np.append(False, same) & ~begins)  # a blank must come between

    def scores(self, phones: Floats, blank: Floats, free: Floats) -> Floats:
        """Of the best way to each state, (T + 1, 3, N + 1), before the first frame and after each; -inf for none."""
        frames, positions = len(phones), self.positions
        emit = np.full((frames, 3, positions), -np.inf)
        emit[:, _PHONE, 1:], emit[:, _BLANK], emit[:, _FREE] = phones, blank[:, None], free[:, None]
        scores = np.full((frames + 1, 3, positions), -np.inf)
        scores[0, _BLANK, 0] = 0.0
        rows, heard = scores.reshape(frames + 1, -1), emit.reshape(frames, -1)
        phone, rest, other = scores[0]
        next_phone = phone[1:]
        steps = zip(*scores[1:].transpose(1, 0, 2), scores[1:, _PHONE, 1:], rows[1:], heard, strict=True)
        said, entry = np.empty(positions), np.empty(positions)
        entry_of_phones = entry[:-1]
        add, maximum = np.add, np.maximum
        for now_phone, now_rest, now_other, now_next_phone, now, emitted in steps:
            add(phone, self.earned, out=said)
            maximum(rest, said, out=now_rest)
            maximum(now_rest, other, out=now_rest)
            add(now_rest, self.closed, out=entry)
            maximum.accumulate(entry, out=entry)  # a boundary is reached from any before it
            np.subtract(entry, self.enter, out=now_other)
            maximum(now_other, other, out=now_other)
            add(entry, self.closed, out=entry)
            maximum(entry, now_rest, out=entry)
            if len(self.twice):
                entry[self.twice] = rest[self.twice]
            maximum(next_phone, entry_of_phones, out=now_next_phone)
            add(now, emitted, out=now)
            phone, rest, other, next_phone = now_phone, now_rest, now_other, now_next_phone
        return scores

    def way(self, scores: Floats) -> Way:
        """The best way to the end of the text, from the scores of all states.

        Of ways that are worth the same it is the one that leaves the fewest words out.
        """
        phone, rest, other = scores.transpose(1, 0, 2)
        said = phone + self.earned
        best = np.maximum(rest, said)
        origin = np.where(said > rest, np.int8(_PHONE), np.int8(_BLANK))  # from which state each position is left
        origin[other > best] = _FREE
        np.maximum(best, other, out=best)
        reached = np.maximum.accumulate(best + self.closed, axis=1)
        places = np.arange(self.positions, dtype=np.int32)
        last = np.maximum.accumulate(np.where(self.between & (best == reached), places, 0), axis=1)
        left = np.where(self.between, last, places)  # ... and which position, from each one after it
        entry = np.where(self.between, reached, best)
        entry[:, self.twice] = rest[:, self.twice]
        stays_in_phone, stays_free = phone[:, 1:] >= entry[:, :-1], other >= reached - self.enter

        frames = len(scores) - 1
        kinds, positions = np.empty(frames, np.int64), np.empty(frames, np.int64)
        position = left[frames, -1]
        kind = origin[frames, position]
        for t in range(frames - 1, -1, -1):
            kinds[t], positions[t] = kind, position
            if kind == _PHONE and not stays_in_phone[t, position - 1]:
                entered = position - 1
                position = left[t, entered]
                kind = _BLANK if entered in self.twice else origin[t, position]
            elif kind == _BLANK:
                kind = origin[t, position]
            elif kind == _FREE and not stays_free[t, position]:
                position = left[t, position]
                kind = origin[t, position]
        phone_of = np.where(kinds == _PHONE, positions - 1, -1)
        is_free = kinds == _FREE
        word = np.where(is_free, FREE, np.where(phone_of >= 0, self.word_of[phone_of], BETWEEN))
        return Way(phone_of, word, np.where(is_free, self.words_before[positions], -1))
