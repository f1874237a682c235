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

from ..compiled import compiled
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
    """The states, what each may follow, and at which price.

    Text states 0 to 2 N are blank, phone, ..., blank; then W + 1 of free speech, one a boundary between words. After
    them come W + 1 that take no frame: a boundary reached, with words before it left out or not. Scores count as if all
    words so far had been left out, so that leaving one out costs nothing and saying it earns its price back.
    """

    def __init__(self, word_of: Ints, same: NDArray[np.bool_], skip: Floats, enter: float) -> None:
        is_first = np.concatenate([[True], word_of[1:] != word_of[:-1]])
        starts = np.flatnonzero(is_first)
        boundaries = np.arange(len(starts) + 1)
        self.word_of = word_of
        self.text = text = 2 * len(word_of) + 1  # states of the text
        self.frame = frame = text + len(boundaries)  # ... and those of free speech
        free, reached = text + boundaries, frame + boundaries
        first = 2 * starts + 1  # of each word
        blank = np.concatenate([2 * starts, [text - 1]])  # before each word, and at the end
        inside = 2 * np.flatnonzero(~is_first) + 1  # other phones
        # A state may follow itself, the one before it, or a third: a phone the one before it in its word, a first phone
        # the boundary reached, a boundary's blank free speech there, and free speech the boundary.
        origin = np.tile(np.arange(frame), (3, 1))
        price = np.full((3, frame), -np.inf)
        price[0] = 0.0
        origin[1, 1:text], price[1, 1:text] = np.arange(text - 1), 0.0
        price[1, blank[1:]] = skip
        origin[2, inside], price[2, inside] = inside - 2, np.where(same[inside // 2 - 1], -np.inf, 0.0)
        origin[2, first], price[2, first] = reached[:-1], 0.0
        origin[2, blank], price[2, blank] = free, 0.0
        origin[2, free], price[2, free] = reached, -enter
        self.origin, self.price = origin, price
        # A boundary is reached from the blank before it, the phone before that, or free speech.
        self.arrival = np.stack([blank, np.maximum(blank - 1, 0), free])
        self.arrival_price = np.zeros(self.arrival.shape)
        self.arrival_price[1, 1:] = skip

    def way(self, phones: Floats, blank: Floats, free: Floats) -> Way:
        emit = np.empty((len(blank), self.frame))
        emit[:, 0 : self.text : 2] = blank[:, None]
        emit[:, 1 : self.text : 2] = phones
        emit[:, self.text :] = free[:, None]
        return self._way(_best_path(emit, self.origin, self.price, self.arrival, self.arrival_price))

    def _way(self, path: Ints) -> Way:
        is_free = path >= self.text
        in_phone = ~is_free & (path % 2 == 1)
        phone = np.where(in_phone, path // 2, -1)
        word = np.where(is_free, FREE, np.where(in_phone, self.word_of[phone], BETWEEN))
        return Way(phone, word, np.where(is_free, path - self.text, -1))


@compiled
def _best_path(emit: Floats, origin: Ints, price: Floats, arrival: Ints, arrival_price: Floats) -> Ints:
    """The state of each frame, (T,), on the best way from the first state to the last boundary.

    emit: (T, S) log-likelihoods. origin, price: (3, S) what each state may follow; from S on these are boundaries.
    arrival, arrival_price: (3, W + 1) from which states each boundary is reached; all before it are reached by then.
    """
    frames, states = emit.shape
    boundaries = arrival.shape[1]
    came = np.empty((frames, states), np.int32)  # the state in the frame before
    via = np.empty(boundaries, np.int32)  # the state from which each boundary is reached now
    before, now = np.full(states + boundaries, -np.inf), np.empty(states + boundaries)
    before[0] = 0.0
    for t in range(frames + 1):
        best, at = -np.inf, arrival[0, 0]
        for w in range(boundaries):
            own, own_at = before[arrival[0, w]] + arrival_price[0, w], arrival[0, w]
            for k in range(1, 3):
                score = before[arrival[k, w]] + arrival_price[k, w]
                if score > own:
                    own, own_at = score, arrival[k, w]
            if own >= best:  # of ways that are worth the same, the one that leaves the fewest words out
                best, at = own, own_at
            before[states + w], via[w] = best, at
        if t == frames:
            break
        for s in range(states):
            best, at = before[origin[0, s]] + price[0, s], origin[0, s]
            for k in range(1, 3):
                score = before[origin[k, s]] + price[k, s]
                if score > best:
                    best, at = score, origin[k, s]
            now[s] = best + emit[t, s]
            came[t, s] = via[at - states] if at >= states else at
        before, now = now, before
    path = np.empty(frames, np.int64)
    state = via[boundaries - 1]
    for t in range(frames - 1, -1, -1):
        path[t] = state
        state = came[t, state]
    return path
