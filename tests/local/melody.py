"""Changes the melody of a recording, by overlapping its periods anew (TD-PSOLA, Moulines and Charpentier 1990)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pronounce_kit import Recording
from pronounce_kit.pitch import track

RATE = 16_000


def with_pitch(recording: Recording, new_hz: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Recording:
    """The recording with another pitch where it is voiced; new_hz: (seconds, f0) -> f0, for the voiced frames."""
    samples = recording.samples.astype(np.float64)
    melody = track(recording.samples)
    voiced = ~np.isnan(melody.f0_hz)
    seconds, f0 = melody.times_s[voiced], melody.f0_hz[voiced]
    at = np.arange(len(samples)) / RATE
    old, new = np.interp(at, seconds, f0), np.interp(at, seconds, new_hz(seconds, f0))
    is_voiced = np.interp(at, melody.times_s, voiced.astype(float)) > 0.5
    from_marks, to_marks = _marks(old), _marks(new)
    out, weight = np.zeros(len(samples)), np.zeros(len(samples))
    for mark in to_marks:
        source = from_marks[np.abs(from_marks - mark).argmin()]
        half = int(RATE / old[source])
        if source < half or source + half > len(samples) or mark < half or mark + half > len(samples):
            continue
        window = np.hanning(2 * half)
        out[mark - half : mark + half] += samples[source - half : source + half] * window
        weight[mark - half : mark + half] += window
    changed = np.where(is_voiced, out / np.maximum(weight, 0.3), samples)
    return Recording.from_array(changed.astype(np.float32), RATE)


def _marks(hertz: np.ndarray) -> np.ndarray:
    """Samples at which another period of the pitch begins."""
    return np.flatnonzero(np.diff(np.floor(np.cumsum(hertz) / RATE)))
