"""What one request, and all together, may take."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, fields

from ..errors import ParameterError


def _workers() -> int:
    return min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request, and all together, may take.

    Parameters
    ----------
    body_bytes : int
        Largest request body, in bytes; 413 over it.
    ssml_bytes : int
        Largest body of text to speech, in bytes; 413 over it.
    audio_s : float
        Longest recording, in seconds; 413 over it.
    workers : int
        Requests that the engine works on at a time.
    queue : int
        Requests that wait for it with their bodies in memory, 0 or more; 429 over it.
    uploads : int
        Bodies that are being received at a time; 429 over it.
    idle_s : float
        Longest pause, in seconds, within a body; 408 over it.
    upload_s : float
        Longest time, in seconds, for a whole body; 408 over it. Speech that is sent while it is being spoken takes as
        long as the speech, so this is above `audio_s`.

    Raises
    ------
    ParameterError
        For a number that is not above 0.

    Examples
    --------
    >>> from pronounce_kit.server import Limits, create_app
    >>> app = create_app(service, limits=Limits(audio_s=30.0, workers=2))
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
