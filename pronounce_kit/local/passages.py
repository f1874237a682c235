"""A long reading cut into passages, each short enough to be held against its own part of the text.

What the recognizer hears, phone by phone, is first aligned with the phones of the whole text (Needleman and Wunsch
1970): coarse, but sure of its place after a skipped paragraph too. The recording is then cut in pauses at which that
alignment stands between two words.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from .acoustics import BLANK, Floats, sound_begins
from .features import ARTICULATION, Ints, Layout

LONGEST_S = 25.0
"""Longest passage that is aimed at; a reader who never pauses makes it a little longer."""

_SHORTEST_S = 8.0
_PAUSE_S = 0.2
_GAP = 0.7  # cost of a phone that only one side has; 1 is the price of two that have nothing in common
_UNREAD_WORDS = 25  # so many words in a row of which nothing is heard were not read


@dataclass(frozen=True, slots=True)
class Passage:
    """Frames start to stop of the recording, in which the words first to last (the end of both excluded) were read."""

    start: int
    stop: int
    first: int
    last: int


def passages(posteriors: Floats, layout: Layout, frame_s: float) -> list[Passage]:
    """Cut a recording, (T, 40), into passages in the order of time, each with at least one word.

    Words of no passage were not read: there are so many of them in a row that nothing heard belongs to.
    """
    heard, at = _heard(posteriors)
    word_starts = np.flatnonzero(np.r_[True, layout.word[1:] != layout.word[:-1]])
    if not len(heard):
        return []
    before, matched = _align(heard, layout.phone)
    read = _read_words(before, matched, layout)
    cuts = _cuts(at, before, matched, word_starts, len(posteriors), frame_s)
    found = []
    for (start, first), (stop, last) in pairwise(cuts):
        own = np.flatnonzero(read[first:last]) + first
        if len(own):
            found.append(Passage(start, stop, int(own[0]), int(own[-1]) + 1))
    return found


def _heard(posteriors: Floats) -> tuple[Ints, Ints]:
    """Phones that the recognizer hears, taking the likeliest symbol of each frame, and the frame of each."""
    best = posteriors.argmax(1)
    at = np.flatnonzero(sound_begins(best))
    return best[at], at


def _align(heard: Ints, text: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """The cheapest alignment of two phone sequences.

    Returns for each heard phone how many text phones come before it, and whether it stands against an equal one.
    """
    alike = np.abs(ARTICULATION[:BLANK, None] - ARTICULATION[None, :BLANK]).mean(2)
    cost = np.clip(0.4 + alike / 4, 0, 1)  # two vowels, or two fricatives, are cheaper than a vowel and a stop
    np.fill_diagonal(cost, 0.0)
    columns = np.arange(len(text) + 1) * _GAP
    row = columns.copy()
    moves = np.zeros((len(heard), len(text) + 1), np.uint8)  # 0 both, 1 heard alone, 2 text alone
    for i, phone in enumerate(heard):
        both = np.r_[np.inf, row[:-1] + cost[phone, text]]
        alone = row + _GAP
        best = np.minimum(both, alone)
        moves[i] = alone < both
        reached = np.minimum.accumulate(best - columns) + columns
        # Of ways that cost the same, the one that leaves text out late: who stops early has read the first "again".
        moves[i, 1:][reached[:-1] + _GAP <= best[1:] + 1e-9] = 2
        row = reached
    before = np.zeros(len(heard), np.int64)
    matched = np.zeros(len(heard), bool)
    j = len(text)
    for i in range(len(heard) - 1, -1, -1):
        while moves[i, j] == 2:
            j -= 1
        if moves[i, j] == 0:
            j -= 1
            matched[i] = heard[i] == text[j]
        before[i] = j
    return before, matched


def _read_words(before: Ints, matched: NDArray[np.bool_], layout: Layout) -> NDArray[np.bool_]:
    """(W,) whether a word was read, or stands among words that were: long runs without a heard phone were not."""
    # One phone may match by chance anywhere in the text; three in a row hardly do.
    follows = matched[1:] & matched[:-1] & (np.diff(before) <= 2)
    sure = np.zeros(len(matched), bool)
    for shift in range(3):
        sure[shift : len(sure) - 2 + shift] |= follows[1:] & follows[:-1]
    touched = np.zeros(layout.words, bool)
    touched[layout.word[before[sure]]] = True
    known = np.flatnonzero(touched)
    if not len(known):
        return np.ones(layout.words, bool)
    edges = np.r_[-1, known, layout.words]
    read = np.ones(layout.words, bool)
    for left, right in pairwise(edges):
        if right - left > _UNREAD_WORDS:
            read[left + 1 : right] = False
    return read


def _cuts(
    at: Ints, before: Ints, matched: NDArray[np.bool_], word_starts: Ints, frames: int, frame_s: float
) -> list[tuple[int, int]]:
    """(frame, word) at which each passage begins, and the end of all."""
    shortest, longest, pause = (round(seconds / frame_s) for seconds in (_SHORTEST_S, LONGEST_S, _PAUSE_S))
    gap = np.diff(at)
    # After heard phone i, how far the alignment is from the start of a word, in phones, and which word that is.
    reached = before[:-1] + 1
    word = np.searchsorted(word_starts, reached)
    off = np.zeros(len(gap), np.int64)
    for i in range(len(gap)):
        near = [w for w in (word[i] - 1, word[i]) if w < len(word_starts)]
        # Words skipped in the pause lie between the phones before and after it: any start among them will do.
        word[i] = min(near, key=lambda w: max(reached[i] - word_starts[w], word_starts[w] - before[i + 1], 0))
        off[i] = max(reached[i] - word_starts[word[i]], word_starts[word[i]] - before[i + 1], 0)
    support = np.convolve(matched, np.ones(6), "same")[:-1] / 6
    worth = np.minimum(gap / pause, 3) + 2 * support - 3.0 * off
    middle = at[:-1] + gap // 2
    cuts = [(0, 0)]
    while frames - cuts[-1][0] > longest:
        start, first = cuts[-1]
        options = np.flatnonzero((middle >= start + shortest) & (middle <= start + longest) & (word >= first))
        if not len(options):
            options = np.flatnonzero((middle > start + shortest) & (word >= first))[:1]
        if not len(options):
            break
        late = (middle[options] - start) / longest
        chosen = options[(worth[options] + late).argmax()]
        cuts.append((int(middle[chosen]), int(word[chosen])))
    return [*cuts, (frames, len(word_starts))]
