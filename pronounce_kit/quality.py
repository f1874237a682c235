"""Is a recording good enough to be assessed? Level, clipping, noise and speech, from the samples alone.

numpy only, about 1 ms for a second of sound. The judgement is coarse on purpose: it tells a student to move closer or
to record again, so that silence or noise never becomes a confident low score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from .flags import NOISY_SNR_DB, VERDICTS
from .quantiles import quantiles

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

GOOD = "Good recording."

SHORTEST_S = 0.3
LONGEST_S = 60.0
"""Seconds; the Speech service hears 60 s at most."""

SILENT_DBFS = -55.0
"""Without speech, a recording whose loudest moments stay below this is silent, and noisy from here on."""

QUIET_DBFS = -45.0
"""Speech on average below this is too quiet; nearly all classroom recordings lie between -35 and -10."""

CLIPPED_SHARE = 0.001
"""More clipped samples than this are heard as distortion."""

BAND_LIMITED_HZ = 12_000
"""A source with fewer samples a second has no room for the sounds from 6 kHz on, by which s differs from th."""

MAX_SNR_DB = 60.0
"""Higher estimates are cut here: against digital silence the ratio has no meaning."""

_RATE = 16_000
_WINDOW, _HOP, _FFT = 512, 160, 1024  # 32 ms frames, every 10 ms, padded so that their autocorrelation is linear
_FRAME_S, _HOP_S = _WINDOW / _RATE, _HOP / _RATE
_BLOCK = 512  # frames worked on at a time: enough that the steps between cost little, and ten minutes fit into memory
_INAUDIBLE_DBFS = -70.0  # softer speech than this is not looked for: the steps of 16 bits come near
_FULL_SCALE = 0.999  # a sample from here on counts as clipped, if its neighbours do too
_CLIPPED_RUN = 3
_FLOOR_DBFS = -100.0  # what digital silence counts as
_BANDS = np.geomspace(250, 6000, 9) / (_RATE / _FFT)  # edges, in FFT bins, of the bands whose change is watched
_STEADY_DB = 2.0  # tones and noises change less than this within a band; speech 3 to 12, by the noise around it
_NOISE = 0.7  # quantile of the pauses' levels that counts as the noise: voices behind the reader pause too ...
_QUIETEST = 0.15  # ... and the noise is not under this one of all levels: what fills the pauses may pass for speech
_PITCH_LAGS = slice(_RATE // 2 // 400, _RATE // 2 // 70)  # 70 to 400 Hz, at half the sample rate


@dataclass(frozen=True, slots=True)
class Quality:
    """What `Recording.quality` found.

    Attributes
    ----------
    duration_s : float
        Length in seconds.
    peak_dbfs : float or None
        Largest sample, dBFS (0 or less); None if all samples are 0.
    clipped_share : float
        Share of samples (0-1) at full scale next to others: distortion.
    silence_share : float
        Share of frames (0-1) that are silent: below -60 dBFS, or 40 dB below the loudest ones.
    speech_share : float
        Share of frames (0-1) judged to be speech: louder than what is between the words, voiced or near a voiced sound,
        and changing as speech does (steady noise, a hum or a tone is not speech).
    speech_start_s, speech_end_s : float or None
        Seconds from the start to the first and the last of it; None without speech.
    speech_dbfs : float or None
        Mean level of the speech, dBFS; None without speech.
    snr_db : float or None
        Estimated ratio of speech to noise, at most 60 dB; None without speech or if there is no telling. Short pauses
        count as speech, as in ITU-T P.56.
    flags : tuple of str
        What is wrong, the gravest first: "empty", "too_short", "silent", "no_speech", "too_long", "clipped",
        "too_quiet", "noisy", "band_limited", names of `flags.VERDICTS`; empty if the recording is good.

    Examples
    --------
    >>> quality = recording.quality()
    >>> quality.flags, quality.verdict
    ((), 'Good recording.')
    >>> 0 < quality.speech_start_s < quality.speech_end_s <= quality.duration_s
    True
    """

    duration_s: float
    peak_dbfs: float | None
    clipped_share: float
    silence_share: float
    speech_share: float
    speech_start_s: float | None
    speech_end_s: float | None
    speech_dbfs: float | None
    snr_db: float | None
    flags: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.flags

    @property
    def verdict(self) -> str:
        """In plain words for the student: what is wrong most, and what to do about it."""
        return VERDICTS[self.flags[0]] if self.flags else GOOD


def measure(samples: Floats, source_rate: int | None = None) -> Quality:
    """Judge 16 kHz mono samples, shape (n,), within [-1, 1].

    source_rate
        Hertz: of what they were made of, where that is known.
    """
    samples = np.asarray(samples, np.float32)
    duration_s = len(samples) / _RATE
    if not len(samples):
        return Quality(0.0, None, 0.0, 1.0, 0.0, None, None, None, None, ("empty",))
    peak = float(np.abs(samples).max())
    peak_dbfs = 20 * float(np.log10(peak)) if peak > 0 else None
    clipped_share = _clipped_share(samples) if peak >= _FULL_SCALE else 0.0

    frames = _frames(samples)
    loudest_db = float(quantiles(frames.level_db, 0.95)[0])
    silence_share = float(np.mean(frames.level_db < max(-60.0, loudest_db - 40)))
    speech = _speech(frames, loudest_db)
    start_s = end_s = speech_db = snr_db = None
    if speech.any():
        where = np.flatnonzero(speech)
        start_s = float(where[0]) * _HOP_S
        end_s = min(float(where[-1]) * _HOP_S + _FRAME_S, duration_s)
        speech_db = _mean_db(frames.level_db[speech])
        snr_db = _snr_db(frames.level_db, speech)

    wrong = {
        "too_short": duration_s < SHORTEST_S,
        "silent": start_s is None and loudest_db < SILENT_DBFS,
        "no_speech": start_s is None and loudest_db >= SILENT_DBFS,
        "too_long": duration_s > LONGEST_S,
        "clipped": clipped_share > CLIPPED_SHARE,
        "too_quiet": speech_db is not None and speech_db < QUIET_DBFS,
        "noisy": snr_db is not None and snr_db < NOISY_SNR_DB,
        "band_limited": start_s is not None and source_rate is not None and source_rate < BAND_LIMITED_HZ,
    }
    return Quality(
        duration_s=duration_s,
        peak_dbfs=peak_dbfs,
        clipped_share=clipped_share,
        silence_share=silence_share,
        speech_share=float(speech.mean()),
        speech_start_s=start_s,
        speech_end_s=end_s,
        speech_dbfs=speech_db,
        snr_db=snr_db,
        flags=tuple(flag for flag in VERDICTS if wrong.get(flag, False)),
    )


class _Frames(NamedTuple):
    """Features of the 10 ms frames of a recording."""

    level_db: Floats  # (frames,) dBFS, without what lies below 90 Hz: an offset or a hum is not loudness
    voicing: Floats  # (frames,) 0-1: how well the frame repeats itself at some pitch
    bands_db: Floats  # (frames, bands)


def _frames(samples: Floats) -> _Frames:
    if len(samples) < _WINDOW:
        samples = np.pad(samples, (0, _WINDOW - len(samples)))
    samples = samples - samples.mean()  # an offset would leak into the bands above it
    window, transform = _window()
    # Sum of the power spectrum -> mean square of the frame (one-sided spectrum, hence the 2).
    scale = np.float32(2 / (_FFT * np.sum(window**2)))
    edges = np.round(_BANDS).astype(int)
    all_frames = sliding_window_view(samples, _WINDOW)[::_HOP]
    parts = []
    for start in range(0, len(all_frames), _BLOCK):
        spectrum = np.fft.rfft(all_frames[start : start + _BLOCK] * window, _FFT)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        power[:, :6] = 0  # below 90 Hz
        level_db = _db(power.sum(axis=1) * scale)
        correlation = power[:, : len(transform)] @ transform
        voicing = correlation[:, 1:].max(axis=1) / np.maximum(correlation[:, 0], 1e-12)
        bands_db = _db(np.add.reduceat(power, edges, axis=1)[:, :-1] * scale)
        parts.append((level_db, voicing.astype(np.float32), bands_db))
    return _Frames(*(np.concatenate(part) for part in zip(*parts, strict=True)))


@cache
def _window() -> tuple[Floats, Floats]:
    """What each frame is multiplied by, (_WINDOW,), and what makes its autocorrelation of its power spectrum.

    The second, (frequencies, 1 + lags), gives that of lag 0, then those of `_PITCH_LAGS`: half the band, so half the
    rate, as speech repeats itself below 4 kHz. The window fades, so a frame's autocorrelation falls with the lag even
    for a perfectly periodic sound; each lag is divided by that of the window.
    """
    window = np.hanning(_WINDOW).astype(np.float32)
    span = _FFT // 2
    lags = np.concatenate([[0], np.arange(span)[_PITCH_LAGS]])
    frequencies = np.arange(span // 2 + 1)
    twice = np.where((frequencies == 0) | (frequencies == span // 2), 1, 2)  # all others stand for their negative too
    transform = twice[:, None] * np.cos(2 * np.pi / span * np.outer(frequencies, lags)) / span
    fade = np.abs(np.fft.rfft(window, _FFT)[: len(transform)]) ** 2 @ transform
    return window, (transform / (fade / fade[0])).astype(np.float32)


def _speech(frames: _Frames, loudest_db: float) -> Mask:
    """Which frames are speech."""
    level = frames.level_db
    floor_db = float(quantiles(level, 0.1)[0])
    # Above the noise by a margin that grows with the room there is, but never asking for more than the speech gives.
    threshold = max(floor_db + max(5.0, 0.25 * (loudest_db - floor_db)), loudest_db - 35, _INAUDIBLE_DBFS - 5)
    loud = _dilate(_erode(level > threshold, 1), 1)  # drops clicks
    voiced = loud & (frames.voicing > 0.5)
    nothing = np.zeros_like(loud)
    if np.count_nonzero(voiced) < 5 or loudest_db < _INAUDIBLE_DBFS:
        return nothing
    inside = _erode(loud, 3)  # the edges change even if a steady sound is switched on and off
    if float(frames.bands_db[inside if np.count_nonzero(inside) >= 5 else loud].std(axis=0).mean()) < _STEADY_DB:
        return nothing  # a hum, a tone or a steady noise
    return loud & _dilate(voiced, 30)


def _snr_db(level_db: Floats, speech: Mask) -> float | None:
    """Power of the speech over that of the noise; short pauses between words count as speech, as in ITU-T P.56."""
    pause = ~_dilate(speech, 5)  # what is next to a word is its echo and its breath
    noise = level_db[pause] if np.count_nonzero(pause) >= 10 else np.sort(level_db)[: max(5, len(level_db) // 20)]
    if len(level_db) < 50:
        return None
    noise_power = 10 ** (max(quantiles(noise, _NOISE)[0], quantiles(level_db, _QUIETEST)[0]) / 10)
    active = _erode(_dilate(speech, 10), 10)
    speech_power = float(np.mean(10 ** (level_db[active] / 10))) - noise_power
    if speech_power <= 0:
        return None
    return min(10 * float(np.log10(speech_power / noise_power)), MAX_SNR_DB)


def _clipped_share(samples: Floats) -> float:
    """Share of samples in runs of at least three at full scale."""
    full = np.abs(samples) >= _FULL_SCALE
    edges = np.flatnonzero(np.diff(np.concatenate(([False], full, [False])).astype(np.int8)))
    runs = edges[1::2] - edges[::2]
    return float(runs[runs >= _CLIPPED_RUN].sum()) / len(samples)


def _dilate(mask: Mask, frames: int) -> Mask:
    """True wherever a True is at most so many frames away."""
    width, end = 2 * frames + 1, frames + 1 + len(mask)
    count = np.zeros(len(mask) + width, np.int64)  # of True before each place, ends and all
    np.cumsum(mask, out=count[frames + 1 : end])
    count[end:] = count[end - 1]
    wide: Mask = count[width:] > count[:-width]
    return wide


def _erode(mask: Mask, frames: int) -> Mask:
    """True where all frames at most so far away are True; the recording's ends count as True."""
    return ~_dilate(~mask, frames)


def _db(power: Floats) -> Floats:
    level: Floats = 10 * np.log10(np.maximum(power, np.float32(10 ** (_FLOOR_DBFS / 10))))
    return level


def _mean_db(level_db: Floats) -> float:
    return 10 * float(np.log10(np.mean(10 ** (level_db.astype(np.float64) / 10))))
