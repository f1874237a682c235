"""Which words of the text were said at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .acoustics import BLANK, Floats
from .analysis import Script

OMISSION_PENALTY = 12.0
"""A word is left out if the audio is this much likelier (natural log) without it than with it.

Chosen on the corpus: see the model card. An accented word is far likelier said than not, since its sounds are there.
"""


def said_words(posteriors: Floats, script: Script) -> NDArray[np.bool_]:
    """(W,) whether each word was said: the likeliest way through the text in which words may be skipped, at a price.

    A Viterbi search over the states of CTC (blank, phone, blank, ...), in which the first phone of a word may follow
    any earlier word. All words are decided together, since a word too many also pushes its neighbours out of place.
    """
    phones, word_of = script.layout.phone, script.layout.word
    starts = np.flatnonzero(np.r_[True, word_of[1:] != word_of[:-1]])
    states = 2 * len(phones) + 1
    labels = np.full(states, BLANK)
    labels[1::2] = phones
    barred = np.full(states, -np.inf)  # from a phone straight to the next, unless both are the same
    barred[3::2] = np.where(phones[1:] != phones[:-1], 0.0, -np.inf)
    emit = np.log(posteriors)[:, labels]
    first = 2 * starts + 1  # state of each word's first phone
    boundary = np.r_[2 * starts, states - 1]  # the blank before each word, and the last one
    toll = OMISSION_PENALTY * np.arange(len(boundary))

    def cheapest_way_to(score: Floats) -> tuple[Floats, NDArray[np.int64]]:
        """Best score at each boundary when words may have been skipped on the way, and the state that it comes from."""
        before = np.maximum(boundary - 1, 0)  # the last phone of the word before, or the first blank
        through_phone = score[before] > score[boundary]
        reached = np.where(through_phone, score[before], score[boundary]) + toll
        best = np.maximum.accumulate(reached)
        origin = np.maximum.accumulate(np.where(reached >= best, np.arange(len(best)), 0))
        return best - toll, np.where(through_phone, before, boundary)[origin]

    score = np.full(states, -np.inf)
    score[0] = emit[0, 0]
    score[first] = emit[0, first] - toll[:-1]
    came_from = np.zeros((len(posteriors), states), np.int32)
    here = np.arange(states)
    for t in range(1, len(posteriors)):
        options = np.stack([score, np.r_[-np.inf, score[:-1]], np.r_[-np.inf, -np.inf, score[:-2]] + barred])
        choice = options.argmax(0)
        new, origin = options[choice, here], here - choice
        jumped, jumped_from = cheapest_way_to(score)
        better = jumped[:-1] > new[first]
        new[first] = np.where(better, jumped[:-1], new[first])
        origin[first] = np.where(better, jumped_from[:-1], origin[first])
        came_from[t] = origin
        score = new + emit[t]

    said = np.zeros(script.layout.words, bool)
    state = int(cheapest_way_to(score)[1][-1])
    for t in range(len(posteriors) - 1, -1, -1):
        if state % 2:
            said[word_of[state // 2]] = True
        state = int(came_from[t, state])
    return said
