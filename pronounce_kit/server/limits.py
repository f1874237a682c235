"""What one request, and all together, may take."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields

from ..errors import ParameterError


def _workers() -> int:
    return min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """All numbers are above 0, but `queue` may be 0; otherwise `ParameterError`.

    body_bytes
        Largest request body; 413 over it.
    ssml_bytes
        Largest body of text to speech; 413 over it.
    audio_s
        Longest recording, in seconds; 413 over it.
    workers
        Requests that the engine works on at a time.
    queue
        Requests that wait for it with their bodies in memory; 429 over it.
    uploads
        Bodies that are being received at a time; 429 over it.
    idle_s
        Longest pause, in seconds, within a body; 408 over it.
    upload_s
        Longest time, in seconds, for a whole body; 408 over it. Speech that is sent while it is being spoken takes as
        long as the speech, so this is above `audio_s`.
    """

    body_bytes: int = 10_000_000
    ssml_bytes: int = 64 * 1024
    audio_s: float = 60.0
    workers: int = field(default_factory=_workers)
    queue: int = 32
    uploads: int = 32
    idle_s: float = 15.0
    upload_s: float = 120.0

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            least = 0 if limit.name == "queue" else 1e-9
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < float("inf"):
                raise ParameterError(f"{limit.name} is {value!r}. Give a number above 0.")
