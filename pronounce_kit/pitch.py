"""The melody of speech: fundamental frequency and loudness, every 10 ms.

Boersma's method (1993): the autocorrelation of each windowed frame, divided by that of the window, has its peaks at
the period of the voice and its multiples; of the few best peaks of each frame, and of "no voice", a shortest path
takes those that make a smooth line, which is what keeps it from jumping by octaves. All is done at about 4 kHz, where
the voice's own harmonics are and its hissing is not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from .quantiles import median

Floats: TypeAlias = npt.NDArray[np.float64]

LOWEST_HZ = 60.0
HIGHEST_HZ = 450.0
"""Between these lie the voices of men, women and children when they read aloud."""

_RATE = 4000  # about what the samples are decimated to, in hertz
_WINDOW_S = 3 / LOWEST_HZ  # three periods of the lowest voice
_CANDIDATES = 4
_UNVOICED_STRENGTH = 0.45  # a frame is voiced where a peak is stronger than this ...
_SILENCE = 0.03  # ... and the frame louder than this share of the loudest one
_OCTAVE_COST = 0.06  # each octave down must be this much stronger: a period's double fits as well as the period
_MIDDLE_HZ = 150.0  # where that cost is nothing
_JUMP_COST = 0.35  # per octave between neighbouring frames
_SWITCH_COST = 0.14  # between voiced and unvoiced
_USUAL_OCTAVES = 0.75  # within so much of the median of the clear frames a pitch is as good as any ...
_FAR_COST = 0.5  # ... and beyond it loses this per octave
_CLEAR = 0.8
_FLOOR_DB = -100.0


@dataclass(frozen=True, slots=True)
class Pitch:
    """What `track` found; four arrays of the same length, one value a frame.

    times_s
        Middle of each frame, in seconds from the start.
    f0_hz
        Fundamental frequency, 60 to 450 Hz; NaN where there is no voice.
    energy_db
        Level in decibels below full scale, at least -100.
    voicing
        How periodic the sound is, 0 to 1.
    """

    times_s: Floats
    f0_hz: Floats
    energy_db: Floats
    voicing: Floats


def track(samples: npt.ArrayLike, sample_rate: int = 16_000, hop_s: float = 0.01) -> Pitch:
    """Follow the pitch of mono samples within [-1, 1], shape (n,); n may be 0. sample_rate: at least 4000 Hz."""
    sound = np.asarray(samples, np.float32)
    count = int(len(sound) / sample_rate / hop_s + 1e-6) + 1 if len(sound) else 0
    times_s: Floats = np.arange(count, dtype=np.float64) * hop_s
    if not count:
        return Pitch(times_s, times_s.copy(), times_s.copy(), times_s.copy())
    energy_db = _level_db(sound, sample_rate, times_s)
    low, rate = _decimated(sound, sample_rate)
    frames = _frames(low, rate, times_s)
    lags, strengths = _candidates(frames, rate)
    peak = np.abs(frames).max(1)
    loud = peak / max(float(peak.max()), 1e-9)
    unvoiced = _UNVOICED_STRENGTH + np.maximum(0, 2 - loud * (1 + _UNVOICED_STRENGTH) / _SILENCE)
    f0_hz, voicing = _smoothest(rate / lags, strengths, unvoiced, hop_s)
    return Pitch(times_s, f0_hz, energy_db, voicing)


def _level_db(sound: npt.NDArray[np.float32], sample_rate: int, times_s: Floats) -> Floats:
    """Root mean square around each time, in dBFS."""
    edges = (times_s[:, None] + np.array([-0.016, 0.016])) * sample_rate
    edges = np.clip(np.rint(edges), 0, len(sound)).astype(np.int64)
    lengths = edges[:, 1] - edges[:, 0]
    power = np.square(np.append(sound, np.float32(0)), dtype=np.float64)  # the last window may begin at the end
    sums = np.add.reduceat(power, edges.ravel())[::2]  # from first to last, then from last to the next one's first
    mean = np.where(lengths > 0, sums, 0) / np.maximum(lengths, 1)
    level: Floats = np.maximum(10 * np.log10(np.maximum(mean, 1e-12)), _FLOOR_DB)
    return level


def _decimated(sound: npt.NDArray[np.float32], sample_rate: int) -> tuple[npt.NDArray[np.float32], float]:
    """The sound below about 1.5 kHz, at about 4 kHz, and the exact rate."""
    factor = max(1, round(sample_rate / _RATE))
    if factor == 1:
        return sound, float(sample_rate)
    half, kernels = _kernels(factor)
    size = -(-len(sound) // factor)
    padded = np.zeros((size + kernels.shape[1]) * factor, np.float32)
    padded[half : half + len(sound)] = sound
    phases = np.ascontiguousarray(padded.reshape(-1, factor).T)
    low: Any = sum(np.correlate(phase, kernel, "valid") for phase, kernel in zip(phases, kernels, strict=True))
    return low[:size], sample_rate / factor


@cache
def _kernels(factor: int) -> tuple[int, npt.NDArray[np.float32]]:
    """A low-pass filter for every factor-th sample: the taps before its middle, and (factor, taps) those of each phase.

    Each phase of the samples meets its own taps, and only the samples that are kept are computed.
    """
    half = 4 * factor
    taps = np.sinc(0.75 / factor * np.arange(-half, half + 1)) * np.hanning(2 * half + 3)[1:-1]
    taps = np.pad(taps / taps.sum(), (0, -len(taps) % factor)).astype(np.float32)
    return half, np.ascontiguousarray(taps.reshape(-1, factor).T)


def _frames(low: npt.NDArray[np.float32], rate: float, times_s: Floats) -> npt.NDArray[np.float32]:
    """(frames, window) the samples around each time, without their mean."""
    size = round(_WINDOW_S * rate)
    padded = np.zeros(len(low) + size // 2 + size, np.float32)
    padded[size // 2 : size // 2 + len(low)] = low
    frames = sliding_window_view(padded, size)[np.rint(times_s * rate).astype(np.int64)]
    centred: npt.NDArray[np.float32] = frames - frames.mean(1, keepdims=True)
    return centred


def _candidates(frames: npt.NDArray[np.float32], rate: float) -> tuple[Floats, Floats]:
    """(frames, candidates) the periods in samples that fit best, and how well (0 to 1); -inf where there is none."""
    shortest, longest = int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ) + 1
    window, span, transform = _window(frames.shape[1], shortest - 1, longest + 2)
    spectrum = np.fft.rfft(frames * window, span)
    raw = (spectrum.real**2 + spectrum.imag**2) @ transform
    corr = raw[:, 1:] / np.maximum(raw[:, :1], 1e-12)
    periods, strengths = _peaks(corr.astype(np.float64), float(shortest))
    return np.clip(periods, rate / HIGHEST_HZ, rate / LOWEST_HZ), strengths


def _peaks(corr: Floats, shortest: float) -> tuple[Floats, Floats]:
    """See `_candidates`; corr: (frames, lags) from one sample before the shortest period to one after the longest."""
    before, at, after = corr[:, :-2], corr[:, 1:-1], corr[:, 2:]
    is_peak = (at > before) & (at >= after) & (at > 0)
    scores = np.where(is_peak, at - _OCTAVE_COST * np.log2(shortest + np.arange(at.shape[1])), -np.inf)
    rows = np.arange(len(corr))
    lags, best = np.empty((len(corr), _CANDIDATES), np.int64), np.empty((len(corr), _CANDIDATES))
    for place in range(_CANDIDATES - 1, -1, -1):  # the best one last
        lags[:, place] = lag = scores.argmax(1)
        best[:, place] = scores[rows, lag]
        scores[rows, lag] = -np.inf
    left, middle, right = (part[rows[:, None], lags] for part in (before, at, after))
    found = best > -np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = 0.5 * (left - right) / (left - 2 * middle + right)  # the top of a parabola
    periods = np.where(found, shortest + lags + shift, shortest)
    return periods, np.where(found, np.minimum(middle - 0.25 * (left - right) * shift, 1.0), -np.inf)


@cache
def _window(size: int, first: int, stop: int) -> tuple[npt.NDArray[np.float32], int, npt.NDArray[np.float32]]:
    """What frames are multiplied by, the size of FFT that holds the longest lag, and what makes lags of its power.

    The last, (frequencies, 1 + lags), gives the power of a frame, then its autocorrelation at some lags, from the first
    one to before `stop`, divided by that of the window: an inverse FFT would compute three times as many.
    """
    sizes: list[int] = [2**p * 3**q for p in range(12) for q in range(3)]
    span = min(own for own in sizes if own >= size + stop)
    window = np.hanning(size + 2)[1:-1]
    lags = np.concatenate([[0], np.arange(first, stop)])
    frequencies = np.arange(span // 2 + 1)
    twice = np.where((frequencies == 0) | (2 * frequencies == span), 1, 2)  # all others stand for their negative too
    transform = twice[:, None] * np.cos(2 * np.pi / span * np.outer(frequencies, lags)) / span
    own = np.abs(np.fft.rfft(window, span)) ** 2 @ transform
    return window.astype(np.float32), span, (transform / (own / own[0])).astype(np.float32)


def _smoothest(hertz: Floats, strengths: Floats, unvoiced: Floats, hop_s: float) -> tuple[Floats, Floats]:
    """The line through the candidates, (frames, candidates), that is strong and jumps little; NaN where unvoiced."""
    octaves = np.log2(hertz)
    worth = strengths + _OCTAVE_COST * (octaves - np.log2(_MIDDLE_HZ))
    worth -= _far_from_usual(octaves, worth)
    scale = 0.01 / hop_s
    path = _best_path(octaves, worth, unvoiced, _JUMP_COST * scale, _SWITCH_COST * scale)
    rows = np.arange(len(hertz))
    f0_hz = np.concatenate([hertz, np.full((len(hertz), 1), np.nan)], 1)[rows, path]
    fitting = np.clip(strengths, 0, 1)
    return f0_hz, np.concatenate([fitting, fitting.max(1, keepdims=True)], 1)[rows, path]


def _best_path(
    octaves: Floats, worth: Floats, unvoiced: Floats, jump_cost: float, switch_cost: float
) -> npt.NDArray[np.int64]:
    """The candidate of each frame, (frames,), on the path that is worth most; the number behind the last is no voice.

    octaves, worth: (frames, candidates); unvoiced: (frames,) what a frame without voice is worth.
    """
    count, candidates = octaves.shape
    states = candidates + 1
    # What it brings to go from one state to another, (frames, from, to).
    gain = np.full((count, states, states), -switch_cost)
    gain[1:, :-1, :-1] = -jump_cost * np.abs(octaves[:-1, :, None] - octaves[1:, None])
    gain[:, -1, -1] = 0.0
    gain += np.concatenate([worth, unvoiced[:, None]], 1)[:, None]
    return _viterbi(gain)


def _viterbi(gain: Floats) -> npt.NDArray[np.int64]:
    """The state of each frame, (frames,), on the path of most gain, (frames, from, to); it may begin in any state.

    The frames are cut into stretches, which are worked on side by side: first from each state before a stretch to each
    at its end, then, when it is known how well each stretch is reached, the frames between. So there are twice the root
    of the frames' number of steps instead of one a frame.
    """
    count, states, _ = gain.shape
    stretches = math.isqrt(count - 1) + 1
    length = -(-count // stretches)
    stay = np.where(np.eye(states, dtype=bool), 0.0, -np.inf)
    filled = np.concatenate([gain, np.broadcast_to(stay, (stretches * length - count, states, states))])
    # (frame of the stretch, from, to, stretch)
    steps = np.ascontiguousarray(filled.reshape(stretches, length, states, states).transpose(1, 2, 3, 0))
    through = stay[:, :, None]  # (state at the end, state before, stretch)
    for step in steps:
        through = (through[:, None] + step[:, :, None]).max(0)
    reached = [np.zeros(states)]
    for stretch in through.transpose(2, 0, 1):
        reached.append((stretch + reached[-1]).max(1))
    best = np.stack(reached[:-1], axis=1)  # (state, stretch)
    came = np.empty((length, states, stretches), np.int64)
    for step, origin in zip(steps, came, strict=True):
        ways = best[:, None] + step
        origin[:] = ways.argmax(0)
        best = ways.max(0)
    origins = came.transpose(2, 0, 1).reshape(-1, states)[:count].tolist()
    path = np.empty(count, np.int64)
    state = int(reached[-1].argmax())
    for t in range(count - 1, -1, -1):
        path[t] = state
        state = origins[t][state]
    return path


def _far_from_usual(octaves: Floats, worth: Floats) -> Floats:
    """What a candidate loses for being far from the pitch that is usual here: creaks and doubled periods are."""
    best = worth.argmax(1)[:, None]
    clear = np.take_along_axis(worth, best, 1) > _CLEAR
    if not clear.any():
        return np.zeros_like(octaves)
    usual = median(np.take_along_axis(octaves, best, 1)[clear])
    return _FAR_COST * np.maximum(np.abs(octaves - usual) - _USUAL_OCTAVES, 0)
