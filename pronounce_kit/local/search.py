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
        text, frame, frames = self.text, self.frame, len(blank)
        emit = np.empty((frames, frame))
        emit[:, 0:text:2] = blank[:, None]
        emit[:, 1:text:2] = phones
        emit[:, text:] = free[:, None]
        rows = np.empty((frames + 1, frame + self.arrival.shape[1]))  # row t is before frame t
        states, reached = rows[:, :frame], rows[:, frame:]
        states[0] = -np.inf
        states[0, 0] = 0.0
        options, arriving = np.empty(self.origin.shape), np.empty(self.arrival.shape)
        staying, stepping, coming = options
        from_blank, from_phone, from_free = arriving
        heard = iter(emit)
        before = None
        for row, now, place in zip(rows, states, reached, strict=True):
            if before is not None:
                before.take(self.origin, out=options, mode="clip")
                np.add(options, self.price, out=options)
                np.maximum(staying, stepping, out=stepping)
                np.maximum(stepping, coming, out=coming)
                np.add(coming, next(heard), out=now)
            row.take(self.arrival, out=arriving, mode="clip")
            np.add(arriving, self.arrival_price, out=arriving)
            np.maximum(from_blank, from_phone, out=from_phone)
            np.maximum(from_phone, from_free, out=from_free)
            np.maximum.accumulate(from_free, out=place)
            before = row
        return self._way(self._back(rows))

    def _back(self, rows: Floats) -> Ints:
        """The state of each frame, from the end to the beginning; only scores were kept, so origins are found anew."""
        path = np.empty(len(rows) - 1, np.int64)
        state = self._before(rows[-1], self.arrival.shape[1] - 1)
        for t in range(len(path) - 1, -1, -1):
            path[t] = state
            origins = self.origin[:, state]
            state = int(origins[(rows[t].take(origins) + self.price[:, state]).argmax()])
            if state >= self.frame:
                state = self._before(rows[t], state - self.frame)
        return path

    def _before(self, scores: Floats, boundary: int) -> int:
        """The state from which a boundary was reached, with words left out or not."""
        options = (scores[self.arrival] + self.arrival_price)[:, : boundary + 1]
        source = boundary - int(options.max(0)[::-1].argmax())
        return int(self.arrival[options[:, source].argmax(), source])

    def _way(self, path: Ints) -> Way:
        is_free = path >= self.text
        in_phone = ~is_free & (path % 2 == 1)
        phone = np.where(in_phone, path // 2, -1)
        word = np.where(is_free, FREE, np.where(in_phone, self.word_of[phone], BETWEEN))
        return Way(phone, word, np.where(is_free, path - self.text, -1))
