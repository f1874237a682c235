"""The melody of speech: fundamental frequency and loudness, every 10 ms.

Boersma's method (1993): the autocorrelation of each windowed frame, divided by that of the window, has its peaks at
the period of the voice and its multiples; of the few best peaks of each frame, and of "no voice", a shortest path
takes those that make a smooth line, which is what keeps it from jumping by octaves. All frames are worked on at once,
at about 4 kHz, where the voice's own harmonics are and its hissing is not: 5 s of speech take some 8 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

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
    power = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    edges = (times_s[:, None] + np.array([-0.016, 0.016])) * sample_rate
    first, last = np.clip(np.rint(edges), 0, len(sound)).astype(np.int64).T
    mean = (power[last] - power[first]) / np.maximum(last - first, 1)
    level: Floats = np.maximum(10 * np.log10(np.maximum(mean, 1e-12)), _FLOOR_DB)
    return level


def _decimated(sound: npt.NDArray[np.float32], sample_rate: int) -> tuple[npt.NDArray[np.float32], float]:
    """The sound below about 1.5 kHz, at about 4 kHz, and the exact rate."""
    factor = max(1, round(sample_rate / _RATE))
    if factor == 1:
        return sound, float(sample_rate)
    half = 4 * factor
    taps = np.sinc(0.75 / factor * np.arange(-half, half + 1)) * np.hanning(2 * half + 3)[1:-1]
    taps = (taps / taps.sum()).astype(np.float32)
    # Each phase of the samples meets its own taps, and only the samples that are kept are computed.
    size = -(-len(sound) // factor)
    taps = np.pad(taps, (0, -len(taps) % factor))
    padded = np.zeros((size + len(taps) // factor) * factor, np.float32)
    padded[half : half + len(sound)] = sound
    phases, kernels = padded.reshape(-1, factor).T, taps.reshape(-1, factor).T
    low: Any = sum(
        np.correlate(np.ascontiguousarray(phase), kernel, "valid")
        for phase, kernel in zip(phases, kernels, strict=True)
    )
    return low[:size], sample_rate / factor


def _frames(low: npt.NDArray[np.float32], rate: float, times_s: Floats) -> npt.NDArray[np.float32]:
    """(frames, window) the samples around each time, without their mean."""
    size = round(_WINDOW_S * rate)
    padded = np.pad(low, (size // 2, size))
    frames = sliding_window_view(padded, size)[np.rint(times_s * rate).astype(np.int64)]
    centred: npt.NDArray[np.float32] = frames - frames.mean(1, keepdims=True)
    return centred


def _candidates(frames: npt.NDArray[np.float32], rate: float) -> tuple[Floats, Floats]:
    """(frames, candidates) the periods in samples that fit best, and how well (0 to 1); -inf where there is none."""
    from scipy import fft  # twice as fast as numpy's

    size = frames.shape[1]
    shortest, longest = int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ) + 1
    window = np.hanning(size + 2)[1:-1].astype(np.float32)
    span = _fft_size(size + longest + 2)
    lags = slice(shortest - 1, longest + 2)
    own = fft.irfft(np.abs(fft.rfft(window, span)) ** 2, span)
    spectrum = fft.rfft(frames * window, span)
    raw = fft.irfft(spectrum.real**2 + spectrum.imag**2, span)
    power = raw[:, :1]
    corr = raw[:, lags] / np.maximum(power, 1e-12) / (own[lags] / own[0])
    left, middle, right = corr[:, :-2], corr[:, 1:-1], corr[:, 2:]
    is_peak = (middle > left) & (middle >= right) & (middle > 0)
    score = np.where(is_peak, middle - _OCTAVE_COST * np.log2(np.arange(shortest, longest + 1)), -np.inf)
    best = np.argpartition(score, -_CANDIDATES, axis=1)[:, -_CANDIDATES:]
    a, b, c = (np.take_along_axis(part, best, 1) for part in (left, middle, right))
    found = np.take_along_axis(is_peak, best, 1)
    bend = np.where(found, a - 2 * b + c, -1.0)
    shift = np.where(found, 0.5 * (a - c) / np.where(bend == 0, -1.0, bend), 0.0)  # the top of a parabola
    periods: Floats = np.clip(best + shortest + shift, rate / HIGHEST_HZ, rate / LOWEST_HZ)
    return periods, np.where(found, np.minimum(b - 0.25 * (a - c) * shift, 1.0), -np.inf)


def _fft_size(least: int) -> int:
    """A size of at least this, whose only factors are 2 and 3."""
    sizes: list[int] = [2**p * 3**q for p in range(12) for q in range(3)]
    return min(size for size in sizes if size >= least)


def _smoothest(hertz: Floats, strengths: Floats, unvoiced: Floats, hop_s: float) -> tuple[Floats, Floats]:
    """The line through the candidates, (frames, candidates), that is strong and jumps little; NaN where unvoiced."""
    count, kinds = hertz.shape
    octaves = np.log2(hertz)
    scale = 0.01 / hop_s
    # gain[t, i, j]: what candidate j of frame t is worth after candidate i of frame t - 1; the last is "no voice".
    gain = np.full((count, kinds + 1, kinds + 1), -_SWITCH_COST * scale)
    gain[1:, :kinds, :kinds] = -_JUMP_COST * scale * np.abs(octaves[:-1, :, None] - octaves[1:, None, :])
    gain[:, kinds, kinds] = 0.0
    worth = strengths + _OCTAVE_COST * (octaves - np.log2(_MIDDLE_HZ))
    worth -= _far_from_usual(octaves, worth)
    gain += np.concatenate([worth, unvoiced[:, None]], 1)[:, None, :]
    total = _best(gain)
    origins = (total[:-1, :, None] + gain[1:]).argmax(1).tolist()
    path = [int(total[-1].argmax())]
    for origin in reversed(origins):
        path.append(origin[path[-1]])
    path.reverse()
    rows = np.arange(count)
    f0_hz = np.concatenate([hertz, np.full((count, 1), np.nan)], 1)[rows, path]
    fitting = np.clip(strengths, 0, 1)
    return f0_hz, np.concatenate([fitting, fitting.max(1, keepdims=True)], 1)[rows, path]


def _best(gain: Floats) -> Floats:
    """(T, K) the most that a path is worth which ends in each of K kinds at each time; gain: (T, from, to).

    Paths are followed from all kinds through blocks of about sqrt(T) frames, all blocks at once, and then from block to
    block: a step at a time would be T steps, most of whose time is Python's.
    """
    count, kinds, _ = gain.shape
    size = max(int(count**0.5), 1)
    blocks = -(-count // size)
    steps = np.empty((blocks * size, kinds, kinds))
    steps[:count] = gain
    steps[count:] = np.where(np.eye(kinds, dtype=bool), 0.0, -np.inf)  # staying, for nothing
    # (size, from, to, blocks); and (size, to, blocks, from) from each kind before a block to each kind in it.
    steps = np.ascontiguousarray(steps.reshape(blocks, size, kinds, kinds).transpose(1, 2, 3, 0))
    within = np.empty((size, kinds, blocks, kinds))
    within[0] = steps[0].transpose(1, 2, 0)
    for before, own, after in zip(within, steps[1:], within[1:], strict=False):
        np.maximum.reduce(before[:, None] + own[..., None], axis=0, out=after)
    start = np.empty((blocks, kinds))
    start[0] = 0.0
    for block in range(1, blocks):
        np.maximum.reduce(within[-1, :, block - 1] + start[block - 1], axis=1, out=start[block])
    best: Floats = (within + start).max(3).transpose(2, 0, 1).reshape(-1, kinds)[:count]
    return best


def _far_from_usual(octaves: Floats, worth: Floats) -> Floats:
    """What a candidate loses for being far from the pitch that is usual here: creaks and doubled periods are."""
    best = worth.argmax(1)[:, None]
    clear = np.take_along_axis(worth, best, 1) > _CLEAR
    if not clear.any():
        return np.zeros_like(octaves)
    usual = np.median(np.take_along_axis(octaves, best, 1)[clear])
    return _FAR_COST * np.maximum(np.abs(octaves - usual) - _USUAL_OCTAVES, 0)
