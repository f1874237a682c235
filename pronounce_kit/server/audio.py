"""Content types and containers -> Recording. What is labelled as something else than it is, is refused, not scored."""

from __future__ import annotations

import struct
from typing import Literal

from .._codec import opus_seconds
from ..errors import AudioError
from ..recording import Recording
from .failures import UNSUPPORTED_AUDIO, RefusalError

Kind = Literal["wav", "ogg"]

_TYPES: dict[str, Kind] = {"audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav", "audio/ogg": "ogg"}
# The older seed writes "codec=audio/pcm" for OGG too.
_CODECS = {"wav": {"audio/pcm", "pcm", "1"}, "ogg": {"opus", "audio/opus", "audio/pcm"}}

RATE = 16_000
_PCM = 1
_EXTENSIBLE = 0xFFFE
_OPUS_HEAD = b"OpusHead"


def kind_of(content_type: str | None) -> Kind:
    """What a Content-Type promises, in either spelling: `codecs=` or `codec=`, with or without quotes.

    Raises `RefusalError` (400) for anything but 16 kHz PCM in WAV and Opus in OGG.
    """
    name, *parameters = (part.strip() for part in (content_type or "").split(";"))
    kind = _TYPES.get(name.casefold())
    if kind is None:
        raise RefusalError(400, UNSUPPORTED_AUDIO)
    for parameter in parameters:
        key, _, value = (part.strip().strip("\"'").casefold() for part in parameter.partition("="))
        wrong_codec = key in ("codec", "codecs") and value not in _CODECS[kind]
        if wrong_codec or (key == "samplerate" and value != str(RATE)):
            raise RefusalError(400, UNSUPPORTED_AUDIO)
    return kind


def recording_of(data: bytes, kind: Kind, limit_s: float) -> Recording | None:
    """The recording in a body; None for a header that no sound follows. Slow: not for the event loop.

    Raises `RefusalError`: 400 for another format, 413 for more than `limit_s` seconds.
    """
    if kind == "wav":
        if _wav_samples_start(data) > len(data) - 2:
            return None
    else:
        _check_opus(data, limit_s)
    try:
        recording = Recording.from_bytes(data)
    except AudioError:
        raise RefusalError(400, UNSUPPORTED_AUDIO) from None
    if recording.duration_s > limit_s:
        raise _too_long(recording.duration_s, limit_s)
    return recording


def _wav_samples_start(data: bytes) -> int:
    """Where the samples of a 16-bit, 16 kHz mono WAV begin. How many there are, the header need not know."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise RefusalError(400, UNSUPPORTED_AUDIO)
    at, has_layout = 12, False
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        at += 8
        if name == b"data" and has_layout:
            return at
        if name == b"fmt ":
            layout = data[at : at + min(size, 40)]
            if len(layout) < 16:
                break
            tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", layout)
            if tag == _EXTENSIBLE and len(layout) >= 26:
                (tag,) = struct.unpack_from("<H", layout, 24)
            if (tag, channels, rate, bits) != (_PCM, 1, RATE, 16):
                break
            has_layout = True
        at += size + size % 2
    raise RefusalError(400, UNSUPPORTED_AUDIO)


def _check_opus(data: bytes, limit_s: float) -> None:
    """Refuse what is not Opus, and what is too long, before it is decoded: 10 MB may hold hours."""
    if data[:4] != b"OggS" or _OPUS_HEAD not in data[:512]:
        raise RefusalError(400, UNSUPPORTED_AUDIO)
    try:
        seconds = opus_seconds(data, limit_s)
    except AudioError:
        raise RefusalError(400, UNSUPPORTED_AUDIO) from None
    if seconds > limit_s + 1:
        raise _too_long(seconds, limit_s)


def _too_long(seconds: float, limit_s: float) -> RefusalError:
    return RefusalError(
        413, f"The audio is longer than {limit_s:g} seconds ({seconds:.1f} or more). Split it, and send each part."
    )
