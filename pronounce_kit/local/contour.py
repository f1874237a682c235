"""How the phones of a text were said: when, how high, how loud, and how long the silence after each.

The learner's contour and the model voice's are of the same phones, so that they compare number by number.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from ..pitch import Pitch, track
from ..quantiles import median, quantiles
from .acoustics import SAMPLE_RATE, Floats
from .timing import phone_times

POINTS = 4
"""Moments of each phone, evenly spaced, at which its pitch and level are taken."""

_HOP_S = 0.01
_LOUD = 0.95  # quantile of the frames' levels that stands for full voice
_QUIET = 0.05  # ... and the one that stands for the noise of the room
_SILENCE_SHARE = 0.35  # a frame is silent below this share of the way from the one to the other, in decibels ...
_SILENCE_DB = 30.0  # ... or so far below full voice, whichever is louder


@dataclass(frozen=True, slots=True)
class Contour:
    """One recording of N phones.

    starts, ends: (N,) seconds. pitch: (N, POINTS) semitones above the recording's median pitch, NaN where there is no
    voice. level: (N, POINTS) decibels above full voice (most are below). silence_after: (N,) seconds of the longest
    silence between each phone and the next one; 0 for the last.
    """

    starts: Floats
    ends: Floats
    pitch: Floats
    level: Floats
    silence_after: Floats

    @classmethod
    def of(cls, samples: NDArray[np.float32], peaks: Floats, frame_s: float) -> Contour:
        """Follow pitch and level through 16 kHz samples; peaks: (N,) the frames, of frame_s, in which each phone is."""
        return cls.traced(track(samples, SAMPLE_RATE, _HOP_S), peaks, frame_s, len(samples) / SAMPLE_RATE)

    @classmethod
    def traced(cls, melody: Pitch, peaks: Floats, frame_s: float, duration_s: float) -> Contour:
        """As `of`, from the melody of the whole recording."""
        starts, ends = phone_times(peaks, frame_s, duration_s)
        voiced = melody.f0_hz[~np.isnan(melody.f0_hz)]
        octaves = np.log2(melody.f0_hz / (median(voiced) if voiced.size else 1.0))
        quiet, loud = quantiles(melody.energy_db, _QUIET, _LOUD)
        inside = (np.arange(POINTS) + 0.5) / POINTS
        frames = np.rint((starts[:, None] + inside * (ends - starts)[:, None]) / _HOP_S).astype(np.int64)
        frames = np.minimum(frames, len(melody.times_s) - 1)
        silent = melody.energy_db < max(quiet + _SILENCE_SHARE * (loud - quiet), loud - _SILENCE_DB)
        moments = np.rint((peaks + 0.5) * frame_s / _HOP_S).astype(np.int64)
        return cls(
            starts=starts,
            ends=ends,
            pitch=12 * octaves[frames],
            level=melody.energy_db[frames] - loud,
            silence_after=_longest_runs(silent, np.minimum(moments, len(silent))) * _HOP_S,
        )

    def only(self, kept: NDArray[np.bool_]) -> Contour:
        """The contour of some of the phones, (N,)."""
        return Contour(*(getattr(self, field.name)[kept] for field in fields(self)))

    @property
    def durations(self) -> Floats:
        """Seconds of each phone, (N,), at least 10 ms."""
        return np.maximum(self.ends - self.starts, _HOP_S)


def _longest_runs(silent: NDArray[np.bool_], moments: NDArray[np.int64]) -> Floats:
    """Length in frames of the longest silence between each moment and the next, (N,); 0 after the last one."""
    out = np.zeros(len(moments))
    if len(moments) < 2:
        return out
    # A silence ends at a moment: what lies on both sides of it counts for each side on its own.
    cut = np.diff(np.concatenate([[False], silent, [False]]).astype(np.int8))
    begins, stops = np.flatnonzero(cut == 1), np.flatnonzero(cut == -1)
    inside = moments[(moments > 0) & (moments < len(silent))]
    inside = inside[silent[inside] & silent[inside - 1]]
    begins, stops = np.sort(np.concatenate([begins, inside])), np.sort(np.concatenate([stops, inside]))
    between = np.searchsorted(moments, begins, side="right") - 1
    known = (between >= 0) & (between < len(moments) - 1)
    np.maximum.at(out, between[known], (stops - begins)[known])
    return out
