"""What kind of sound file some bytes are, by how they begin."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of sound file; `suffix` is what players expect of its name, `media_type` what browsers go by."""

    name: str
    suffix: str
    media_type: str


_WAV = Kind("WAV", ".wav", "audio/wav")
_MP3 = Kind("MP3", ".mp3", "audio/mpeg")

_KINDS = (
    (0, b"RIFF", _WAV),
    (0, b"\x1aE\xdf\xa3", Kind("WebM", ".webm", "audio/webm")),
    (0, b"OggS", Kind("OGG", ".ogg", "audio/ogg")),
    (0, b"fLaC", Kind("FLAC", ".flac", "audio/flac")),
    (4, b"ftyp", Kind("M4A", ".m4a", "audio/mp4")),
    (0, b"ID3", _MP3),
    (0, b"\xff\xfb", _MP3),
    (0, b"\xff\xf3", _MP3),
    (0, b"\xff\xf2", _MP3),
)
"""Where in the file, which bytes -> its kind."""


def kind_of(data: bytes) -> Kind | None:
    """The kind of file that these bytes begin like; None for one that is not known here."""
    return next((kind for at, start, kind in _KINDS if data[at : at + len(start)] == start), None)
