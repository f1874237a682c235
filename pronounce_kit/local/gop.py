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
    forward, backward, scale, labels = _forward_backward(posteriors, phones)
    total = forward[-1, -1] + forward[-1, -2]
    if not _is_likely(total, backward):
        return None
    replaced, left_out = _alternatives(posteriors, phones, forward, backward, scale)
    ratio = np.log(total + _TINY) - np.log(np.c_[replaced, left_out] + _TINY)
    ratio[np.arange(n), phones] = 0.0
    state = forward * backward * scale[:, None] / np.maximum(posteriors[:, labels], _TINY)
    occupancy = state[:, 1::2] / np.maximum(state.sum(1, keepdims=True), _TINY)
    return Gop(ratio, occupancy, float(np.log(scale).sum() + np.log(total + _TINY)))


def _forward_backward(
    posteriors: Floats, phones: NDArray[np.int64]
) -> tuple[Floats, Floats, Floats, NDArray[np.int64]]:
    """Scaled forward and backward variables over blank, phone, blank, ... (S = 2 N + 1 states).

    Each row of `forward` sums to 1; `scale` holds the factors. `backward` includes frame t and the same factors.
    """
    frames, states = len(posteriors), 2 * len(phones) + 1
    labels = np.full(states, BLANK)
    labels[1::2] = phones
    # From one phone straight to the next, past the blank between, unless both are the same phone.
    may_skip = np.zeros(states)
    may_skip[3::2] = phones[1:] != phones[:-1]
    emit = posteriors[:, labels]

    forward, scale = np.zeros((frames, states)), np.zeros(frames)
    forward[0, :2] = emit[0, :2]
    scale[0] = forward[0].sum()
    forward[0] /= scale[0]
    for t in range(1, frames):
        last, now = forward[t - 1], forward[t]
        now[:] = last
        now[1:] += last[:-1]
        now[2:] += last[:-2] * may_skip[2:]
        now *= emit[t]
        scale[t] = max(now.sum(), _TINY)
        now /= scale[t]

    backward = np.zeros((frames, states))
    backward[-1, -2:] = emit[-1, -2:] / scale[-1]
    emit_scaled = emit / scale[:, None]
    with np.errstate(over="ignore", invalid="ignore"):  # the callers look at what comes of it
        for t in range(frames - 2, -1, -1):
            after, now = backward[t + 1], backward[t]
            now[:] = after
            now[:-1] += after[1:]
            now[:-2] += after[2:] * may_skip[2:]
            now *= emit_scaled[t]
    return forward, backward, scale, labels


def _alternatives(
    posteriors: Floats, phones: NDArray[np.int64], forward: Floats, backward: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """Scaled likelihoods of the sequences with phone i replaced by each phone, (N, 39), and left out, (N,)."""
    frames, n = len(posteriors), len(phones)
    blank_before = forward[:, 0:-1:2]  # (T, N)
    phone_before = np.zeros((frames, n))
    phone_before[:, 1:] = forward[:, 1:-2:2]
    phone_after = backward[:, 3::2]  # (T, N - 1): entering phone i + 1 at t
    previous, following = np.r_[-1, phones[:-1]], np.r_[phones[1:], -1]
    every = np.arange(BLANK)
    # A substitute that equals its neighbour needs a blank between them.
    from_previous = (every[None] != previous[:, None]).astype(float)
    to_following = (every[None] != following[:, None]).astype(float)

    emit = posteriors[:, :BLANK] / scale[:, None]
    emit_blank = posteriors[:, BLANK] / scale
    inside, in_blank = np.zeros((n, BLANK)), np.zeros((n, BLANK))  # in the substitute; in the blank after it
    inside[0] = emit[0]
    replaced = np.zeros((n, BLANK))
    for t in range(frames):
        if t:
            in_blank += inside
            in_blank *= emit_blank[t]
            inside += phone_before[t - 1][:, None] * from_previous
            inside += blank_before[t - 1][:, None]
            inside *= emit[t]
        if t + 1 < frames and n > 1:
            replaced[:-1] += (inside[:-1] * to_following[:-1] + in_blank[:-1]) * phone_after[t + 1][:, None]
    replaced[-1] = inside[-1] + in_blank[-1]

    left_out = np.zeros(n)
    if n > 1:
        differ = (previous != following).astype(float)
        into = blank_before[:-1, :-1] + phone_before[:-1, :-1] * differ[:-1]
        left_out[:-1] = (into * phone_after[1:]).sum(0)
        left_out[0] += backward[0, 3]
        left_out[-1] = forward[-1, -3] + forward[-1, -4]
    else:
        left_out[0] = forward[-1, 0]
    return replaced, left_out


def _fits(posteriors: Floats, phones: NDArray[np.int64]) -> bool:
    """Whether there are frames enough: one a phone, and one for the blank between two that are the same."""
    return len(posteriors) >= len(phones) + int((phones[1:] == phones[:-1]).sum())


def _is_likely(total: float, backward: Floats) -> bool:
    """Whether the scaled likelihood is far enough from underflow, and its inverse from overflow, to reckon with."""
    return bool(total > _SMALLEST and backward.max() < 1 / _SMALLEST)
