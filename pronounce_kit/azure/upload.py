"""Audio on its way to the service: whole or in chunks, finished or still being recorded; may be sent again."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal, TypeAlias

import numpy as np

from ..errors import AudioError, ParameterError
from ..recording import Recording
from .transport import SourceError

AudioFormat: TypeAlias = Literal["wav", "ogg"]

CONTENT_TYPES = {"wav": "audio/wav; codecs=audio/pcm; samplerate=16000", "ogg": "audio/ogg; codecs=opus"}
CHUNK_BYTES = 32 * 1024
"""One second of WAV. The service begins to listen with the first chunk, so more and smaller ones gain nothing."""

RATE = 16_000
_BYTES_PER_SECOND = 2 * RATE

# A WAV header as live streams have it: sizes 0, since nobody knows them yet.
LIVE_WAV_HEADER = struct.pack(
    "<4sI4s4sIHHIIHH4sI", b"RIFF", 0, b"WAVE", b"fmt ", 16, 1, 1, RATE, _BYTES_PER_SECOND, 2, 16, b"data", 0
)


class Pieces:
    """Bytes in pieces of `CHUNK_BYTES`, so that a slow line needs time for each rather than for all at once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._data), CHUNK_BYTES):
            yield self._data[start : start + CHUNK_BYTES]


class SizedPieces(Pieces):
    """The same with a length, for an upload that is not chunked."""

    def __len__(self) -> int:
        return len(self._data)


def encoded(recording: Recording, audio_format: AudioFormat) -> bytes:
    """The recording as the bytes of a file that the service takes."""
    return recording.to_wav() if audio_format == "wav" else recording.to_ogg_opus()


def check_audio_format(value: str) -> AudioFormat:
    """The format if it is one of the two; else `ParameterError`."""
    if value == "wav" or value == "ogg":
        return value  # type: ignore[return-value]  # mypy does not narrow a string by comparison
    raise ParameterError(f"audio_format is {value!r}. Use 'wav' or 'ogg'.")


class LiveAudio:
    """A recording that is still being made: chunks of 16 kHz mono PCM, sent as they come.

    source
        Yields bytes of 16-bit little-endian samples, or arrays (int16, or floats within [-1, 1]). It is read once;
        what it gave is kept, so that an attempt after a failure begins with that.
    limit_s
        Longest recording, in seconds.
    on_chunk
        Gets each chunk before it is sent.

    Iterating raises `SourceError` if the source fails or the limit is passed.
    """

    def __init__(self, source: Iterable[Any], limit_s: float, on_chunk: Callable[[bytes], None] | None = None) -> None:
        self._source = iter(source)
        self._limit_s = limit_s
        self._on_chunk = on_chunk
        self._chunks: list[bytes] = []
        self._size = 0
        self.is_too_long = False

    def __iter__(self) -> Iterator[bytes]:
        yield LIVE_WAV_HEADER
        yield from list(self._chunks)
        while (chunk := self._next()) is not None:
            if self._size > self._limit_s * _BYTES_PER_SECOND:
                self.is_too_long = True
                raise SourceError(too_long(self._size / _BYTES_PER_SECOND, self._limit_s, so_far=True))
            yield chunk

    def _next(self) -> bytes | None:
        """The next chunk that is not empty, None at the end."""
        while True:
            try:
                item = next(self._source, None)
                chunk = None if item is None else _pcm(item)
                if chunk and not self._chunks and chunk[:4] in (b"RIFF", b"OggS", b"\x1aE\xdf\xa3"):
                    raise AudioError(
                        "The first chunk is the beginning of a sound file, not bare samples. "
                        "Give the chunks of 16-bit PCM, or the whole file as bytes."
                    )
                if chunk:
                    self._chunks.append(chunk)
                    self._size += len(chunk)
                    if self._on_chunk is not None:
                        self._on_chunk(chunk)
            except Exception as error:  # the caller's own, out of its generator: handed to it as it is
                raise SourceError(error) from None
            if chunk is None or chunk:
                return chunk

    def finish(self) -> None:
        """Read what is left of the source, as far as it gives anything: nothing that was recorded is lost."""
        try:
            while self._next() is not None:
                pass
        except SourceError:
            pass

    def recording(self) -> Recording | None:
        """What the source gave so far; None if nothing."""
        pcm = b"".join(self._chunks)
        samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
        return Recording.from_array(samples, RATE) if samples.size else None


def too_long(duration_s: float, limit_s: float, *, so_far: bool = False) -> AudioError:
    """The error for a recording over a limit."""
    length = f"{duration_s:.0f}" if duration_s >= limit_s + 0.5 else f"{duration_s:.2f}"
    return AudioError(
        f"The recording is {length} s long{' already' if so_far else ''}; the limit is {limit_s:g} s: the service "
        "drops the rest without a word. Use split=True to send it in parts, cut at its pauses, or cut it yourself."
    )


def _pcm(item: Any) -> bytes:
    """A chunk as bytes of 16-bit samples."""
    if isinstance(item, (bytes, bytearray, memoryview)):
        return bytes(item)
    if isinstance(item, np.ndarray) and item.dtype.kind == "f":
        return np.clip(np.rint(item * 32768.0), -32768, 32767).astype("<i2").tobytes()
    if isinstance(item, np.ndarray) and item.dtype == np.int16:
        return item.astype("<i2").tobytes()
    raise AudioError(
        f"A chunk is {type(item).__name__}. Give bytes of 16-bit, 16 kHz mono samples, or arrays of int16 or float."
    )
