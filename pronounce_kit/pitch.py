"""The melody of speech: fundamental frequency and loudness, every 10 ms.

Boersma's method (1993): the autocorrelation of each windowed frame, divided by that of the window, has its peaks at
the period of the voice and its multiples; of the few best peaks of each frame, and of "no voice", a shortest path
takes those that make a smooth line, which is what keeps it from jumping by octaves. All is done at about 4 kHz, where
the voice's own harmonics are and its hissing is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from .compiled import compiled
from .dependencies import load_fft
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
    fft = load_fft()

    size = frames.shape[1]
    shortest, longest = int(rate / HIGHEST_HZ), int(rate / LOWEST_HZ) + 1
    window, own, span = _window(size, longest + 2)
    lags = slice(shortest - 1, longest + 2)
    spectrum = fft.rfft(frames * window, span)
    raw = fft.irfft(spectrum.real**2 + spectrum.imag**2, span)
    power = raw[:, :1]
    corr = raw[:, lags] / np.maximum(power, 1e-12) / own[lags]
    periods, strengths = _peaks(np.ascontiguousarray(corr, np.float64), float(shortest))
    return np.clip(periods, rate / HIGHEST_HZ, rate / LOWEST_HZ), strengths


@compiled
def _peaks(corr: Floats, shortest: float) -> tuple[Floats, Floats]:
    """See `_candidates`; corr: (frames, lags) from one sample before the shortest period to one after the longest."""
    frames, lags = corr.shape
    periods, strengths = np.full((frames, _CANDIDATES), shortest), np.full((frames, _CANDIDATES), -np.inf)
    scores = np.empty(_CANDIDATES)  # ascending
    for t in range(frames):
        scores[:] = -np.inf
        for lag in range(1, lags - 1):
            left, middle, right = corr[t, lag - 1], corr[t, lag], corr[t, lag + 1]
            if not (middle > left and middle >= right and middle > 0):
                continue
            period = shortest + lag - 1
            score = middle - _OCTAVE_COST * np.log2(period)
            if score <= scores[0]:
                continue
            place = 0
            while place + 1 < _CANDIDATES and scores[place + 1] < score:  # the weaker ones move down
                scores[place] = scores[place + 1]
                periods[t, place], strengths[t, place] = periods[t, place + 1], strengths[t, place + 1]
                place += 1
            shift = 0.5 * (left - right) / (left - 2 * middle + right)  # the top of a parabola
            scores[place] = score
            periods[t, place] = period + shift
            strengths[t, place] = min(middle - 0.25 * (left - right) * shift, 1.0)
    return periods, strengths


@cache
def _window(size: int, longest: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], int]:
    """What frames are multiplied by, its normalized autocorrelation, and the size of FFT that holds the longest lag."""
    fft = load_fft()

    sizes: list[int] = [2**p * 3**q for p in range(12) for q in range(3)]
    span = min(own for own in sizes if own >= size + longest)
    window = np.hanning(size + 2)[1:-1].astype(np.float32)
    own = fft.irfft(np.abs(fft.rfft(window, span)) ** 2, span)
    return window, own / own[0], span


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


@compiled
def _best_path(
    octaves: Floats, worth: Floats, unvoiced: Floats, jump_cost: float, switch_cost: float
) -> npt.NDArray[np.int64]:
    """The candidate of each frame, (frames,), on the path that is worth most; the number behind the last is no voice.

    octaves, worth: (frames, candidates); unvoiced: (frames,) what a frame without voice is worth.
    """
    count, kinds = octaves.shape
    came = np.empty((count, kinds + 1), np.int64)
    before, now = np.zeros(kinds + 1), np.empty(kinds + 1)
    for t in range(count):
        for j in range(kinds + 1):
            best, at = -np.inf, 0
            for i in range(kinds + 1):
                cost = switch_cost
                if i == kinds and j == kinds:
                    cost = 0.0
                elif t and i < kinds and j < kinds:
                    cost = jump_cost * abs(octaves[t - 1, i] - octaves[t, j])
                if before[i] - cost > best:
                    best, at = before[i] - cost, i
            now[j] = best + (worth[t, j] if j < kinds else unvoiced[t])
            came[t, j] = at
        before, now = now, before
    path = np.empty(count, np.int64)
    path[count - 1] = before.argmax()
    for t in range(count - 1, 0, -1):
        path[t - 1] = came[t, path[t]]
    return path


def _far_from_usual(octaves: Floats, worth: Floats) -> Floats:
    """What a candidate loses for being far from the pitch that is usual here: creaks and doubled periods are."""
    best = worth.argmax(1)[:, None]
    clear = np.take_along_axis(worth, best, 1) > _CLEAR
    if not clear.any():
        return np.zeros_like(octaves)
    usual = median(np.take_along_axis(octaves, best, 1)[clear])
    return _FAR_COST * np.maximum(np.abs(octaves - usual) - _USUAL_OCTAVES, 0)
