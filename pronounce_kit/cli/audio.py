"""The AUDIO argument: a file, or stdin."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..errors import AudioError

if TYPE_CHECKING:
    from ..recording import Recording


def read_audio(audio: str) -> Recording:
    """The recording in a file, or with "-" what is piped in; raises `AudioError`."""
    from .._codec import MAX_BYTES
    from ..recording import Recording

    if audio != "-":
        return Recording.from_file(audio)
    if sys.stdin is None or sys.stdin.isatty():
        raise AudioError("AUDIO is -, but nothing is piped in. Pipe a sound file into the command, or name one.")
    return Recording.from_bytes(sys.stdin.buffer.read(MAX_BYTES + 1))  # one byte more, which from_bytes refuses
