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
    ratio = np.log(total + _TINY) - np.log(np.concatenate([replaced, left_out[:, None]], 1) + _TINY)
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
    emit = posteriors[:, labels]
    # Backwards is forwards from the other end: both take each step together, side by side, two zeros before either.
    wide = 2 + states
    seen, both = np.zeros((2, frames, 2 * wide))
    seen[:, 2:wide], seen[:, wide + 2 :] = emit, emit[::-1, ::-1]
    both[0, [2, 3, wide + 2, wide + 3]] = 1.0
    both[0] *= seen[0]
    # From one phone straight to the next, past the blank between, unless both are the same phone.
    differ = phones[1:] != phones[:-1]
    may_skip = np.zeros(2 * wide)
    may_skip[5:wide:2], may_skip[wide + 5 :: 2] = differ, differ[::-1]
    may_skip = may_skip[2:]
    shrunk = np.zeros((frames, 2))
    skipped = np.empty(2 * wide - 2)
    steps = zip(both[:-1, :-2], both[:-1, 1:-1], both[:-1, 2:], seen[1:, 2:], both[1:, 2:], strict=True)
    for t, (two_before, one_before, same, heard, now) in enumerate(steps, 1):
        np.multiply(two_before, may_skip, out=skipped)
        np.add(same, one_before, out=now)
        np.add(now, skipped, out=now)
        np.multiply(now, heard, out=now)
        if not t % _OFTEN:  # before anything underflows
            halves = both[t].reshape(2, wide)
            size = np.maximum(halves.sum(1), _TINY)
            halves /= size[:, None]
            shrunk[t] = np.log(size)
    logs = np.cumsum(shrunk, 0)
    forward, after = both[:, 2:wide], both[::-1, : wide + 1 : -1]
    total = np.maximum(forward.sum(1), _TINY)
    forward /= total[:, None]
    before = np.concatenate([[0.0], np.log(total) + logs[:, 0]])  # log-likelihood of the frames before t and t itself
    with np.errstate(over="ignore", invalid="ignore"):  # the callers look at what comes of it
        backward = after * np.exp(logs[::-1, 1] - (before[-1] - before[:-1]))[:, None]
    return forward, backward, np.exp(np.diff(before)), labels


_OFTEN = 16  # frames; even the least likely of so many, 1e-5 each, are far from underflow


def _alternatives(
    posteriors: Floats, phones: NDArray[np.int64], forward: Floats, backward: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """Scaled likelihoods of the sequences with phone i replaced by each phone, (N, 39), and left out, (N,)."""
    frames, n = len(posteriors), len(phones)
    i = np.arange(n)
    previous, following = np.concatenate([[-1], phones[:-1]]), np.concatenate([phones[1:], [-1]])
    # Into phone i at frame t from the blank or the phone before it, and out of it to those after it, (T, N).
    blank_before, phone_before, blank_after, phone_after = np.zeros((4, frames, n))
    blank_before[0, 0] = blank_after[-1, -1] = 1.0
    blank_before[1:] = forward[:-1, 0:-1:2]
    phone_before[1:, 1:] = forward[:-1, 1:-2:2]
    blank_after[:-1] = backward[1:, 2::2]
    phone_after[:-1, :-1] = backward[1:, 3::2]

    emit = posteriors[:, :BLANK] / scale[:, None]
    into, out = blank_before + phone_before, blank_after + phone_after
    last, replaced, doubled = np.zeros((n, BLANK)), np.zeros((n, BLANK)), np.zeros(n - 1)
    step = max(_HELD // (n * BLANK), 1)
    for start in range(0, frames, step):
        now = slice(start, start + step)
        inside = np.repeat(into[now, :, None], BLANK, axis=2)  # in the substitute
        # One that equals its neighbour needs a blank between them.
        inside[:, i[1:], previous[1:]] = blank_before[now, 1:]
        for own, heard in zip(inside, emit[now], strict=True):
            own += last
            own *= heard
            last = own
        replaced += np.einsum("tnq,tn->nq", inside, out[now])
        doubled += (inside[:, i[:-1], following[:-1]] * blank_after[now, :-1]).sum(0)
    replaced[i[:-1], following[:-1]] = doubled

    left_out = np.empty(n)
    differ = (previous != following).astype(float)
    left_out[:-1] = ((blank_before + phone_before * differ)[:, :-1] * backward[:, 3::2]).sum(0)
    left_out[-1] = forward[-1, -3] + (forward[-1, -4] if n > 1 else 0.0)
    return replaced, left_out


_HELD = 1 << 16
"""Numbers of the substitutes that are held at a time: half a megabyte, which the processor's cache holds too."""


def _fits(posteriors: Floats, phones: NDArray[np.int64]) -> bool:
    """Whether there are frames enough: one a phone, and one for the blank between two that are the same."""
    return len(posteriors) >= len(phones) + int((phones[1:] == phones[:-1]).sum())


def _is_likely(total: float, backward: Floats) -> bool:
    """Whether the scaled likelihood is far enough from underflow, and its inverse from overflow, to reckon with."""
    return bool(total > _SMALLEST and backward.max() < 1 / _SMALLEST)
