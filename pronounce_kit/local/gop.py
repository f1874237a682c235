"""Goodness of pronunciation without a forced alignment, from the posteriors of a CTC model.

For every phone i of the canonical sequence and every other phone q,

    ratio[i, q] = log P(canonical sequence | audio) - log P(sequence with phone i replaced by q | audio)

and in the last column the same for leaving phone i out. Small or negative: another sound, or none, explains the
audio better than the expected one. All alternatives come from one forward and one backward pass, O(T N 40). After
Cao et al., "A Framework for Phoneme-Level Pronunciation Assessment Using CTC", Interspeech 2024.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..compiled import compiled
from .acoustics import BLANK, Floats

DELETION = BLANK
"""Column of `Gop.ratio` that compares with leaving the phone out."""
_TINY = 1e-300
_SMALLEST = 1e-150


@dataclass(frozen=True, slots=True)
class Gop:
    """One recording held against one canonical sequence of N phones, T frames.

    ratio: (N, 40) log ratios, against 39 substitutes and deletion; the canonical phone's own entry is 0.
    occupancy: (T, N) posterior probability that frame t lies in phone i.
    log_likelihood: log P(canonical sequence | audio).
    """

    ratio: Floats
    occupancy: Floats
    log_likelihood: float


def goodness(posteriors: Floats, phones: NDArray[np.int64]) -> Gop | None:
    """Compare a canonical sequence with all its one-phone changes.

    posteriors: (T, 40), rows sum to 1. phones: (N,) indices into ARPABET, N >= 1.
    Returns None when the sequence cannot be held against the audio: too few frames, or so little in common that its
    likelihood is beyond floating point.
    """
    n = len(phones)
    if not _fits(posteriors, phones):
        return None
    forward, backward, scale = forward_backward(posteriors, phones)
    total = float(forward[-1, -1] + forward[-1, -2])
    if not _is_likely(total, backward):
        return None
    replaced, left_out = _alternatives(posteriors, phones, forward, backward, scale)
    ratio = np.log(total + _TINY) - np.log(np.concatenate([replaced, left_out[:, None]], 1) + _TINY)
    ratio[np.arange(n), phones] = 0.0
    occupancy = _occupancy(posteriors, phones, forward, backward, scale)
    return Gop(ratio, occupancy, float(np.log(scale).sum() + np.log(total + _TINY)))


@compiled
def forward_backward(posteriors: Floats, phones: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Scaled forward and backward variables over blank, phone, blank, ... (S = 2 N + 1 states).

    (T, S), (T, S) and (T,). Each row of the first sums to 1; the last holds the factors. The backward variables include
    frame t and the same factors; where the audio has little in common with the phones they may be infinite or NaN.
    """
    frames, states = len(posteriors), 2 * len(phones) + 1
    forward, backward, scale = np.zeros((frames, states)), np.zeros((frames, states)), np.empty(frames)
    # From one phone straight to the next, past the blank between, unless both are the same phone.
    may_skip = np.zeros(states + 2, np.bool_)
    for i in range(1, len(phones)):
        may_skip[2 * i + 1] = phones[i] != phones[i - 1]
    for t in range(frames):
        total = 0.0
        for s in range(states):
            if t:
                reached = forward[t - 1, s]
                if s:
                    reached += forward[t - 1, s - 1]
                if may_skip[s]:
                    reached += forward[t - 1, s - 2]
            else:
                reached = 1.0 if s < 2 else 0.0
            forward[t, s] = reached * posteriors[t, phones[s // 2] if s % 2 else BLANK]
            total += forward[t, s]
        scale[t] = max(total, _TINY)
        forward[t] /= scale[t]
    for t in range(frames - 1, -1, -1):
        for s in range(states):
            if t < frames - 1:
                left = backward[t + 1, s]
                if s + 1 < states:
                    left += backward[t + 1, s + 1]
                if may_skip[s + 2]:
                    left += backward[t + 1, s + 2]
            else:
                left = 1.0 if s >= states - 2 else 0.0
            backward[t, s] = left * posteriors[t, phones[s // 2] if s % 2 else BLANK] / scale[t]
    return forward, backward, scale


@compiled
def _alternatives(
    posteriors: Floats, phones: NDArray[np.int64], forward: Floats, backward: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """Scaled likelihoods of the sequences with phone i replaced by each phone, (N, 39), and left out, (N,)."""
    frames, n = len(posteriors), len(phones)
    emit = posteriors[:, :BLANK] / scale.reshape(-1, 1)
    replaced, left_out = np.zeros((n, BLANK)), np.zeros(n)
    inside = np.empty(BLANK)  # in the substitute
    for i in range(n):
        previous = phones[i - 1] if i else -1
        following = phones[i + 1] if i + 1 < n else -1
        inside[:] = 0.0
        as_previous = of_previous = of_following = 0.0
        for t in range(frames):
            # Into phone i from the blank or the phone before it, and out of it to those after it.
            if t:
                blank_before, phone_before = forward[t - 1, 2 * i], forward[t - 1, 2 * i - 1] if i else 0.0
            else:
                blank_before, phone_before = 0.0 if i else 1.0, 0.0
            if t < frames - 1:
                blank_after, phone_after = backward[t + 1, 2 * i + 2], backward[t + 1, 2 * i + 3] if i + 1 < n else 0.0
            else:
                blank_after, phone_after = 0.0 if i + 1 < n else 1.0, 0.0
            into, out = blank_before + phone_before, blank_after + phone_after
            for q in range(BLANK):
                inside[q] = (inside[q] + into) * emit[t, q]
                replaced[i, q] += inside[q] * out
            # One that equals its neighbour needs a blank between them.
            if i:
                as_previous = (as_previous + blank_before) * emit[t, previous]
                of_previous += as_previous * (blank_after if following == previous else out)
            if i + 1 < n:
                of_following += inside[following] * blank_after
                left_out[i] += (blank_before + (phone_before if previous != following else 0.0)) * backward[
                    t, 2 * i + 3
                ]
        if i + 1 < n:
            replaced[i, following] = of_following
        if i:
            replaced[i, previous] = of_previous
    left_out[-1] = forward[-1, -3] + (forward[-1, -4] if n > 1 else 0.0)
    return replaced, left_out


@compiled
def _occupancy(
    posteriors: Floats, phones: NDArray[np.int64], forward: Floats, backward: Floats, scale: Floats
) -> Floats:
    """See `Gop.occupancy`."""
    frames, states = forward.shape
    occupancy = np.empty((frames, len(phones)))
    for t in range(frames):
        total = 0.0
        for s in range(states):
            heard = max(posteriors[t, phones[s // 2] if s % 2 else BLANK], _TINY)
            state = forward[t, s] * backward[t, s] * scale[t] / heard
            total += state
            if s % 2:
                occupancy[t, s // 2] = state
        occupancy[t] /= max(total, _TINY)
    return occupancy


def _fits(posteriors: Floats, phones: NDArray[np.int64]) -> bool:
    """Whether there are frames enough: one a phone, and one for the blank between two that are the same."""
    return len(posteriors) >= len(phones) + int((phones[1:] == phones[:-1]).sum())


def _is_likely(total: float, backward: Floats) -> bool:
    """Whether the scaled likelihood is far enough from underflow, and its inverse from overflow, to reckon with."""
    return bool(total > _SMALLEST and backward.max() < 1 / _SMALLEST)
