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
_SCALED_EVERY = 12  # frames: so many in a row may be as unlikely as posteriors get, and nothing that counts underflows
_BLOCK = 6  # frames whose substitutes are summed at once: the sums grow with it, what is between them shrinks


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


def forward_backward(posteriors: Floats, phones: NDArray[np.int64]) -> tuple[Floats, Floats, Floats]:
    """Scaled forward and backward variables over blank, phone, blank, ... (S = 2 N + 1 states).

    (T, S), (T, S) and (T,). Each row of the first sums to 1; the last holds the factors. The backward variables include
    frame t and the same factors; where the audio has little in common with the phones they may be infinite or NaN.
    """
    frames, states = len(posteriors), 2 * len(phones) + 1
    symbols = np.full(states, BLANK)
    symbols[1::2] = phones
    # The backward variables are the forward ones of the same read from its end. Both directions are worked on as one
    # row, each behind two states that are never reached: what a frame costs is calls, not sums.
    emit, may_skip = np.zeros((frames, 2, states + 2)), np.zeros((2, states + 2))
    emit[:, 0, 2:] = posteriors[:, symbols]
    emit[:, 1, 2:] = emit[::-1, 0, :1:-1]
    # From one phone straight to the next, past the blank between, unless both are the same phone.
    may_skip[0, 5::2] = phones[1:] != phones[:-1]
    may_skip[1, 5::2] = may_skip[0, 5::2][::-1]
    reached = np.zeros((frames + 1, 2, states + 2))
    reached[0, :, 2] = 1.0
    factors = np.ones((frames + 1, 2))
    rows, skip = reached.reshape(frames + 1, -1), may_skip.ravel()[2:]
    steps = zip(rows[:-1, 1:-1], rows[:-1, :-2], emit.reshape(frames, -1)[:, 2:], rows[1:, 2:], strict=True)
    add, multiply = np.add, np.multiply
    itself, skipping = rows[0, 2:], np.empty_like(skip)
    for t, (one_before, two_before, heard, now) in enumerate(steps, 1):
        multiply(two_before, skip, out=skipping)
        add(itself, one_before, out=now)
        add(now, skipping, out=now)
        multiply(now, heard, out=now)
        itself = now
        if t % _SCALED_EVERY == 0:
            factors[t] = np.maximum(reached[t].sum(1), _TINY)
            reached[t] /= factors[t, :, None]
    totals = np.maximum(reached.sum(2), _TINY)
    reached /= totals[:, :, None]
    factors[1:] *= totals[1:] / totals[:-1]
    forward, backward = reached[1:, 0, 2:], reached[:0:-1, 1, :1:-1]
    scale, own_scale = factors[1:, 0], factors[:0:-1, 1]
    with np.errstate(over="ignore", invalid="ignore"):
        backward = backward * np.exp(np.cumsum(np.log(own_scale / scale)[::-1])[::-1])[:, None]
    return forward, backward, scale


def _alternatives(
    posteriors: Floats, phones: NDArray[np.int64], forward: Floats, backward: Floats, scale: Floats
) -> tuple[Floats, Floats]:
    """Scaled likelihoods of the sequences with phone i replaced by each phone, (N, 39), and left out, (N,)."""
    frames, n = len(posteriors), len(phones)
    emit = posteriors[:, :BLANK] / scale[:, None]
    # In each frame: into phone i from the blank or the phone before it, and out of it to those after it.
    before, after = np.zeros((frames, 2 * n + 2)), np.zeros((frames, 2 * n + 2))
    before[0, 1] = after[-1, -2] = 1.0
    before[1:, 1:], after[:-1, :-1] = forward[:-1], backward[1:]
    blank_before, phone_before = before[:, 1:-1:2], before[:, :-2:2]
    blank_after, phone_after = after[:, 2::2], after[:, 3::2]
    into, out = blank_before + phone_before, blank_after + phone_after
    replaced = _passed(into, out, emit)

    # One that equals its neighbour needs a blank between them.
    previous, following = phones[:-1], phones[1:]
    both_sides = np.append(previous[:-1] == following[1:], False)[: n - 1]
    beside = _passed_each(
        np.concatenate([into[:, :-1], blank_before[:, 1:]], 1),
        np.concatenate([blank_after[:, :-1], np.where(both_sides, blank_after[:, 1:], out[:, 1:])], 1),
        np.concatenate([emit[:, following], emit[:, previous]], 1),
    )
    replaced[np.arange(n - 1), following] = beside[: n - 1]
    replaced[np.arange(1, n), previous] = beside[n - 1 :]

    passing = np.append(True, phones[:-2] != phones[2:])[: n - 1]
    left_out = np.empty(n)
    left_out[:-1] = ((blank_before[:, :-1] + phone_before[:, :-1] * passing) * backward[:, 3::2]).sum(0)
    left_out[-1] = forward[-1, -3] + (forward[-1, -4] if n > 1 else 0.0)
    return replaced, left_out


def _passed(into: Floats, out: Floats, emit: Floats) -> Floats:
    """Likelihoods of all ways through a phone, (N, Q): of each of N places, were each of Q sounds there.

    into, out: (T, N) of entering the place in a frame, and of leaving it after one. emit: (T, Q). That is the sum of
    inside[t] out[t], where inside[t] = (inside[t - 1] + into[t]) emit[t]. Of each block of frames the ways that begin
    and end in it are one product of matrices; only what lasts from block to block needs one after the other.
    """
    count = -(-len(into) // _BLOCK)
    into, out, emit = (_in_blocks(array, _BLOCK) for array in (into, out, emit))
    stay = np.zeros((count, _BLOCK, _BLOCK, emit.shape[2]))  # in the sound from frame u to frame t, both included
    for t in range(_BLOCK):
        np.multiply(stay[:, :t, t - 1], emit[:, None, t], out=stay[:, :t, t])
        stay[:, t, t] = emit[:, t]
    into, out = into.transpose(2, 0, 1), out.transpose(2, 0, 1)  # (N, blocks, frames)
    ends = (into[:, :, :, None] * out[:, :, None]).reshape(len(into), -1)
    passed: Floats = ends @ stay.reshape(-1, stay.shape[3])
    inside = np.zeros_like(passed)
    left = np.matmul(out.transpose(1, 0, 2), stay[:, 0])
    stayed, entered = stay[:, 0, -1], np.matmul(into.transpose(1, 0, 2), stay[:, :, -1])
    for k in range(count):
        passed += inside * left[k]
        inside = inside * stayed[k] + entered[k]
    return passed


def _passed_each(into: Floats, out: Floats, emit: Floats) -> Floats:
    """As `_passed`, (N,), where each place has one sound: all three are (T, N)."""
    inside = np.zeros((len(into) + 1, into.shape[1]))
    for before, entering, heard, now in zip(inside, into, emit, inside[1:], strict=False):
        np.add(before, entering, out=now)
        np.multiply(now, heard, out=now)
    passed: Floats = (inside[1:] * out).sum(0)
    return passed


def _in_blocks(array: Floats, length: int) -> Floats:
    """(T, N) -> (blocks, length, N), filled up with zeros."""
    filled = np.zeros((-(-len(array) // length) * length, array.shape[1]))
    filled[: len(array)] = array
    return filled.reshape(-1, length, array.shape[1])


def _occupancy(
    posteriors: Floats, phones: NDArray[np.int64], forward: Floats, backward: Floats, scale: Floats
) -> Floats:
    """See `Gop.occupancy`."""
    heard = np.empty_like(backward)
    heard[:, ::2], heard[:, 1::2] = posteriors[:, BLANK, None], posteriors[:, phones]
    states = forward * backward * scale[:, None] / np.maximum(heard, _TINY)
    occupancy: Floats = states[:, 1::2] / np.maximum(states.sum(1, keepdims=True), _TINY)
    return occupancy


def _fits(posteriors: Floats, phones: NDArray[np.int64]) -> bool:
    """Whether there are frames enough: one a phone, and one for the blank between two that are the same."""
    return len(posteriors) >= len(phones) + int((phones[1:] == phones[:-1]).sum())


def _is_likely(total: float, backward: Floats) -> bool:
    """Whether the scaled likelihood is far enough from underflow, and its inverse from overflow, to reckon with."""
    return bool(total > _SMALLEST and backward.max() < 1 / _SMALLEST)
