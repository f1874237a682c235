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
    return _Search(word_of, same, skip, enter).way(phones, blank, free)


class _Search:
    """The states 0 to 2 N are blank, phone, ..., blank; then come the W + 1 of free speech."""

    def __init__(self, word_of: Ints, same: NDArray[np.bool_], skip: Floats, enter: float) -> None:
        starts = np.flatnonzero(np.r_[True, word_of[1:] != word_of[:-1]])
        self.word_of = word_of
        self.text = 2 * len(word_of) + 1  # states of the text
        self.barred = np.where(same, -np.inf, 0.0)  # from a phone straight to the next
        self.first = 2 * starts + 1  # each word's first phone
        self.boundary = np.r_[2 * starts, self.text - 1]  # the blank before each word, and the last one
        self.last = np.maximum(self.boundary - 1, 0)  # the phone before each of them
        self.toll = np.r_[0.0, np.cumsum(skip)]
        self.enter = enter
        self.is_first = np.zeros(self.text, bool)
        self.is_first[self.first] = True
        self.boundary_of = np.full(self.text, -1)
        self.boundary_of[self.boundary] = np.arange(len(self.boundary))
        self.boundary_of[self.first] = np.arange(len(self.first))

    def left(self, scores: Floats) -> Floats:
        """(W + 1,) best score of having come to each boundary, without leaving out the word before it."""
        best: Floats = np.maximum(scores[self.boundary], scores[self.last])
        np.maximum(best, scores[self.text :], out=best)
        return best

    def way(self, phones: Floats, blank: Floats, free: Floats) -> Way:
        text, frames = self.text, len(blank)
        emit = np.empty((frames, text + len(self.boundary)))
        emit[:, 0:text:2] = blank[:, None]
        emit[:, 1:text:2] = phones
        emit[:, text:] = free[:, None]
        rows = np.full((frames + 1, emit.shape[1]), -np.inf)  # row t is before frame t
        rows[0, 0] = 0.0
        for t in range(frames):
            before, after = rows[t], rows[t + 1]
            np.maximum(before[1:text], before[: text - 1], out=after[1:text])
            after[0] = before[0]
            straight = after[3:text:2]
            np.maximum(straight, before[1 : text - 2 : 2] + self.barred, out=straight)
            arrived = self.left(before)
            arrived += self.toll
            np.maximum.accumulate(arrived, out=arrived)
            arrived -= self.toll
            after[self.first] = np.maximum(after[self.first], arrived[:-1])
            after[self.boundary] = np.maximum(after[self.boundary], before[text:])
            arrived -= self.enter
            np.maximum(before[text:], arrived, out=after[text:])
            after += emit[t]
        return self._back(rows)

    def _back(self, rows: Floats) -> Way:
        """Follow the best scores from the end to the beginning; only scores were kept, so origins are found anew."""
        frames = len(rows) - 1
        phone, word, boundary = (np.full(frames, -1) for _ in range(3))
        state = self._jump(rows[-1], len(self.boundary) - 1)[0]
        for t in range(frames - 1, -1, -1):
            if state >= self.text:
                word[t], boundary[t] = FREE, state - self.text
            elif state % 2:
                phone[t] = state // 2
                word[t] = self.word_of[state // 2]
            state = self._origin(rows[t], state)
        return Way(phone, word, boundary)

    def _origin(self, scores: Floats, state: int) -> int:
        best, origin = scores[state], state
        if state >= self.text:
            jump, reached = self._jump(scores, state - self.text)
            return jump if reached - self.enter > best else origin
        if state and scores[state - 1] > best:
            best, origin = scores[state - 1], state - 1
        if state % 2 and state > 1 and scores[state - 2] + self.barred[state // 2 - 1] > best:
            best, origin = scores[state - 2], state - 2
        b = int(self.boundary_of[state])
        if b >= 0:
            if self.is_first[state]:
                jump, reached = self._jump(scores, b)
            else:
                jump, reached = self.text + b, float(scores[self.text + b])
            if reached > best:
                return jump
        return origin

    def _jump(self, scores: Floats, b: int) -> tuple[int, float]:
        """The state from which boundary b is best reached, with words left out or not, and the score there."""
        reached = (self.left(scores) + self.toll)[: b + 1]
        source = b - int(reached[::-1].argmax())
        options = (int(self.boundary[source]), int(self.last[source]), self.text + source)
        return max(options, key=lambda state: float(scores[state])), float(reached[source] - self.toll[b])
