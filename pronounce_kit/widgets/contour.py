"""Waveform and melody of a reading as short lists of numbers, and the model's laid over the learner's.

A learner and the model voice neither speak at the same pace nor at the same pitch. So the model's reading is stretched
word by word onto the learner's time, and each voice's pitch counts in semitones from its own median: what then differs
in a drawing is melody and stress.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..pitch import track
from ..recording import Recording

Floats: TypeAlias = npt.NDArray[np.float64]
Span: TypeAlias = tuple[float, float]
"""Start and end in seconds."""

HOP_S = 0.01
_LEVEL = 0.5  # semitones; a melody that moves less over a word is called level
_STEADY = 3  # frames; fewer tell nothing about a direction


@dataclass(frozen=True, slots=True)
class Contour:
    """A reading as it is drawn: one value every 10 ms.

    loudness
        (n,) 0 to 1, where 1 is the loudest moment.
    semitones
        (n,) pitch above the median of this voice; NaN where there is no voice.
    """

    loudness: Floats
    semitones: Floats

    def to_json(self) -> dict[str, Any]:
        """Plain numbers: loudness in per cent, semitones with one decimal, None where there is no voice."""
        return {
            "hop_s": HOP_S,
            "loudness": np.rint(100 * self.loudness).astype(int).tolist(),
            "semitones": [None if np.isnan(value) else round(float(value), 1) for value in self.semitones],
        }


def contour(recording: Recording) -> Contour:
    """Measure a recording."""
    pitch = track(recording.samples, recording.sample_rate, HOP_S)
    level = 10 ** (pitch.energy_db / 20)
    voiced = pitch.f0_hz[np.isfinite(pitch.f0_hz)]
    middle = float(np.median(voiced)) if len(voiced) else 1.0
    return Contour(level / max(float(level.max()), 1e-5), 12 * np.log2(pitch.f0_hz / middle))


def laid_over(model: Contour, spans: Sequence[Span], onto: Sequence[Span], count: int) -> Contour:
    """The model's contour on the learner's time: words, and what is between them, are stretched to fit.

    spans and onto: where the same words are in the model's reading and in the learner's. count: frames of the learner's
    contour. Before the first and after the last word there is nothing of the model.
    """
    times = np.arange(count) * HOP_S
    if not spans:
        return Contour(np.zeros(count), np.full(count, np.nan))
    learner, source = _rising([edge for span in onto for edge in span], [edge for span in spans for edge in span])
    position = np.interp(times, learner, source, left=np.nan, right=np.nan) / HOP_S
    inside = np.isfinite(position)
    nearest = np.clip(np.rint(np.where(inside, position, 0)), 0, len(model.loudness) - 1).astype(np.int64)
    return Contour(
        np.where(inside, model.loudness[nearest], 0.0),
        np.where(inside, model.semitones[nearest], np.nan),
    )


def _rising(learner: list[float], source: list[float]) -> tuple[Floats, Floats]:
    """Both lists of times without steps back, which a reply may have where words overlap."""
    return np.maximum.accumulate(learner), np.maximum.accumulate(source)


def direction(found: Contour, span: Span) -> str | None:
    """How the melody moves over a part, in a word: "rising", "falling" or "level"; None where there is no voice."""
    part = found.semitones[round(span[0] / HOP_S) : round(span[1] / HOP_S) + 1]
    voiced = part[np.isfinite(part)]
    if len(voiced) < 2 * _STEADY:
        return None
    third = max(_STEADY, len(voiced) // 3)
    moved = float(np.median(voiced[-third:]) - np.median(voiced[:third]))
    return "level" if abs(moved) < _LEVEL else "rising" if moved > 0 else "falling"


def span_of_melody(found: Contour) -> float | None:
    """How far the melody goes from low to high, in semitones, but for the outermost tenths; None without a voice."""
    voiced = found.semitones[np.isfinite(found.semitones)]
    if len(voiced) < 2 * _STEADY:
        return None
    low, high = np.percentile(voiced, (10, 90))
    return float(high - low)
