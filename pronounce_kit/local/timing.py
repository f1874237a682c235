"""When each phone was said, from the frames in which the recognizer is most certain of it."""

from __future__ import annotations

import numpy as np

from .acoustics import Floats

TICKS_PER_SECOND = 10_000_000
SEGMENT_GAP = 100_000
"""The service leaves 10 ms between neighbouring segments: next Offset = Offset + Duration + this."""

# A CTC model marks a phone at one moment, a little after its middle. A phone reaches half-way to its neighbours'
# moments, but no further than this; what is left between is a pause.
_LATENESS_S = 0.02
_REACH_BEFORE_S = 0.09
_REACH_AFTER_S = 0.16


def phone_times(peaks: Floats, frame_s: float, duration_s: float) -> tuple[Floats, Floats]:
    """Start and end of each phone in seconds, (N,) both, from the frames of their peaks (ascending)."""
    at = (peaks + 0.5) * frame_s - _LATENESS_S
    between = (at[1:] + at[:-1]) / 2
    starts = np.maximum(np.concatenate([[0.0], between]), at - _REACH_BEFORE_S)
    ends = np.minimum(np.concatenate([between, [duration_s]]), at + _REACH_AFTER_S)
    starts = np.clip(np.maximum.accumulate(starts), 0, max(duration_s - 0.01, 0))
    return starts, np.clip(np.maximum(ends, starts), 0, duration_s)


def ticks(start_s: float, end_s: float) -> dict[str, int]:
    """Offset and Duration of a segment, in ticks of 100 ns."""
    offset = round(start_s * TICKS_PER_SECOND)
    return {"Offset": offset, "Duration": max(round(end_s * TICKS_PER_SECOND) - offset - SEGMENT_GAP, 0)}
