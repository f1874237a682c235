"""A recording: any sound file, upload, array or recorder widget to 16 kHz mono samples, and out again.

recording = Recording.from_file("hello.webm")
recording.quality().verdict          # "Good recording."
recording.to_wav()                   # bytes for the Speech service
recording                            # in a notebook: a player
"""

from __future__ import annotations

import base64
import hashlib
import html
import math
import os
import struct
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from . import _codec
from .errors import AudioError
from .quality import Quality, measure
from .storage import write_whole

Buffer: TypeAlias = "bytes | bytearray | memoryview"

PREVIEW_SECONDS = 120.0
"""How much of a long recording a notebook plays; the rest would make the notebook file huge."""

# Samples of whole-number types, to [-1, 1): (offset, full scale).
_INTEGER_SCALES = {"int8": (0, 2**7), "uint8": (2**7, 2**7), "int16": (0, 2**15), "int32": (0, 2**31)}
# Float samples beyond this are surely integers in disguise; less is the overshoot of some filter, and is clipped.
_MAX_FLOAT_PEAK = 16.0


@dataclass(frozen=True, eq=False, repr=False)
class Recording:
    """Speech as 16 kHz mono samples; immutable, and equal to any other recording of the same content.

    Make one with `from_file`, `from_bytes`, `from_array`, `from_widget` or `of`. In a notebook it shows itself as a
    player.

    Parameters
    ----------
    samples : array_like of float, shape (n,)
        At least one sample at 16 kHz; copied, and what lies beyond [-1, 1] is clipped.
    source : str, optional
        Name of the file it came from.

    Attributes
    ----------
    samples : numpy.ndarray of float32, shape (n,)
        Within [-1, 1], read-only.
    source : str or None
        Name of the file it came from.

    Raises
    ------
    AudioError
        For samples of another shape, none at all, or NaN and infinity among them.

    Examples
    --------
    >>> recording = pk.Recording.from_file("think.wav")
    >>> recording.samples.dtype, recording.samples.ndim, recording.sample_rate
    (dtype('float32'), 1, 16000)
    >>> recording.duration_s == len(recording.samples) / 16000
    True
    >>> recording.quality().ok
    True
    >>> recording.save("think.ogg").name
    'think.ogg'
    """

    samples: _codec.Samples
    source: str | None = None
    # The bytes it was decoded from, if they are Opus in WebM or OGG: `to_ogg_opus` passes them on without loss.
    _opus: bytes | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        samples = np.array(self.samples, np.float32, order="C")  # a copy, that nobody else can write to
        if samples.ndim != 1 or not samples.size:
            raise AudioError(f"A recording has samples of shape (n,), n >= 1, not {samples.shape}. Record again.")
        if not np.isfinite(samples).all():
            raise AudioError(
                "The recording holds samples that are not numbers (NaN or infinity). "
                "Replace them, for example with numpy.nan_to_num."
            )
        np.clip(samples, -1, 1, out=samples)
        samples.flags.writeable = False
        object.__setattr__(self, "samples", samples)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a sound file, or the audio track of a video file, of any common format.

        Parameters
        ----------
        path : str or path
            At most 200 MB and 30 minutes.

        Returns
        -------
        Recording
            With the file's name as its `source`.

        Raises
        ------
        AudioError
            If it is missing, not a recording, too long or too large.

        Examples
        --------
        >>> pk.Recording.from_file("think.wav")
        <Recording 'think.wav' ... s>
        """
        path = Path(path)
        try:
            if path.is_dir():
                raise AudioError(f"{path} is a folder. Give the path of a sound file in it.")
            if path.exists() and not path.is_file():
                raise AudioError(f"{path} is a device or pipe, not a file. Read it yourself and use from_bytes.")
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size > _codec.MAX_BYTES:
                    raise _codec.too_many_bytes(str(path))
                data = file.read(_codec.MAX_BYTES + 1)
        except AudioError:  # is a ValueError
            raise
        except FileNotFoundError:
            raise AudioError(f"There is no file {path}. Check the path.") from None
        except (OSError, ValueError) as error:  # ValueError: a path with a null character
            reason = getattr(error, "strerror", None) or "not a path"
            raise AudioError(f"{path} cannot be read ({reason}). Check the path and its permissions.") from None
        return cls._decode(data, str(path), source=path.name)

    @classmethod
    def from_bytes(cls, data: Buffer) -> Recording:
        """Decode the content of a sound file, such as an upload.

        Parameters
        ----------
        data : bytes, bytearray or memoryview
            A whole file of any common format, at most 200 MB and 30 minutes.

        Returns
        -------
        Recording
            Without a `source`.

        Raises
        ------
        AudioError
            For what is not the bytes of a recording, or is too long or too large.

        Examples
        --------
        >>> pk.Recording.from_bytes(recording.to_wav()) == recording
        True
        """
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise AudioError(
                f"from_bytes takes the bytes of a sound file, not {type(data).__name__}. "
                "Use from_file for a path, from_array for samples."
            )
        if memoryview(data).nbytes > _codec.MAX_BYTES:
            raise _codec.too_many_bytes("The recording")
        return cls._decode(bytes(data), "The recording", source=None)

    @classmethod
    def _decode(cls, data: bytes, what: str, source: str | None) -> Recording:
        decoded = _codec.decode(data, what)
        return cls(decoded.samples, source, _opus=data if decoded.is_opus else None)

    @classmethod
    def from_array(cls, samples: ArrayLike, sample_rate: int) -> Recording:
        """Take samples that are already in memory.

        Parameters
        ----------
        samples : array_like, shape (n,), (n, channels) or (channels, n)
            At most 8 channels, which are mixed. Floats within [-1, 1] (what lies beyond is clipped), or whole numbers
            of type int8, uint8, int16 or int32.
        sample_rate : int
            Hertz, from 1000 to 768000.

        Returns
        -------
        Recording
            Resampled to 16 kHz.

        Raises
        ------
        AudioError
            For another shape, type or rate, for NaN and infinity, and for more than 30 minutes.

        Examples
        --------
        >>> import numpy as np
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100)  # 1 s at 44.1 kHz
        >>> pk.Recording.from_array(tone, 44_100).duration_s
        1.0
        """
        try:
            array = np.asarray(samples)
        except (ValueError, TypeError):
            raise AudioError("The samples are not an array of numbers. Give a one-dimensional array.") from None
        try:
            rate = int(sample_rate)
            if isinstance(sample_rate, (bool, str)) or rate != sample_rate:
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            raise AudioError(f"sample_rate is {sample_rate!r}. Give a whole number of hertz, such as 16000.") from None
        if not array.size:
            raise AudioError("The array of samples is empty. Record again.")
        if array.ndim == 2 and array.shape[1] > _codec.MAX_CHANNELS >= array.shape[0]:
            array = array.T
        if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] > _codec.MAX_CHANNELS):
            raise AudioError(
                f"The samples have the shape {array.shape}. "
                f"Give (n,) or (n, channels) with at most {_codec.MAX_CHANNELS} channels."
            )
        if rate > 0 and len(array) > _codec.MAX_SECONDS * rate:
            raise _codec.too_long("The recording")
        values = _to_float(array)
        mono = values if values.ndim == 1 else _codec.to_mono(values)
        return cls(_codec.resample(mono, rate, "The recording"))

    @classmethod
    def from_widget(cls, widget: Any) -> Recording:
        """Take what a recorder widget holds: this kit's, or an `ipywebrtc.AudioRecorder`.

        Parameters
        ----------
        widget : object
            Any that has the bytes of a sound file in `.audio.value` or `.value`.

        Returns
        -------
        Recording
            The last take.

        Raises
        ------
        AudioError
            If nothing was recorded yet, or it holds no recording.

        Examples
        --------
        >>> pk.Recording.from_widget(pk.widgets.Recorder())
        Traceback (most recent call last):
        pronounce_kit.errors.AudioError: Nothing has been recorded yet. Press Record, ..., then run this again.
        """
        holder = getattr(widget, "audio", None)
        if not hasattr(holder, "value"):
            holder = widget
        value = getattr(holder, "value", None)
        if isinstance(value, Recording):
            return value
        if not hasattr(holder, "value") or not (
            value is None or isinstance(value, (str, bytes, bytearray, memoryview))
        ):
            raise AudioError(
                f"A {type(widget).__name__} holds no recording. Give a recorder: pronounce_kit.widgets.Recorder() "
                "or ipywebrtc.AudioRecorder."
            )
        if isinstance(value, str) or not value:
            raise AudioError(
                "Nothing has been recorded yet. Press Record, read the text aloud, press Stop, then run this again."
            )
        return cls.from_bytes(value)

    @classmethod
    def of(cls, recording: Recording | str | os.PathLike[str] | Buffer) -> Recording:
        """Coerce what services accept: a `Recording` (returned as it is), a path, or the bytes of a sound file.

        Parameters
        ----------
        recording : Recording, str, path, bytes, bytearray or memoryview
            As of `from_file` and `from_bytes`.

        Returns
        -------
        Recording
            The same object where it is one already.

        Raises
        ------
        AudioError
            For anything else, and as in `from_file` and `from_bytes`.

        Examples
        --------
        >>> pk.Recording.of("think.wav") == pk.Recording.of(recording)
        True
        """
        if isinstance(recording, Recording):
            return recording
        if isinstance(recording, (bytes, bytearray, memoryview)):
            return cls.from_bytes(recording)
        if isinstance(recording, (str, os.PathLike)):
            return cls.from_file(recording)
        hint = " For samples use Recording.from_array(samples, sample_rate)." if hasattr(recording, "__len__") else ""
        raise AudioError(
            f"A recording cannot be made from {type(recording).__name__}."
            f"{hint} Give a Recording, the path of a sound file, or its bytes."
        )

    @property
    def sample_rate(self) -> int:
        """16000 hertz, always."""
        return _codec.SAMPLE_RATE

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / _codec.SAMPLE_RATE

    @cached_property
    def _pcm(self) -> bytes:
        """16-bit little-endian samples."""
        scaled = np.rint(self.samples * np.float32(32768))
        pcm: bytes = np.clip(scaled, -32768, 32767, out=scaled).astype("<i2").tobytes()
        return pcm

    @cached_property
    def sha256(self) -> str:
        """Hex digest of the 16-bit samples: names the content, whatever file it came in."""
        return hashlib.sha256(self._pcm).hexdigest()

    def to_wav(self) -> bytes:
        """A WAV file: 16-bit PCM, 16 kHz, mono.

        Returns
        -------
        bytes
            44 of header and 2 a sample.

        Examples
        --------
        >>> len(recording.to_wav()) == 44 + 2 * len(recording.samples)
        True
        """
        rate, size = _codec.SAMPLE_RATE, len(self._pcm)
        riff = struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE")
        layout = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16)
        return riff + layout + struct.pack("<4sI", b"data", size) + self._pcm

    def to_ogg_opus(self) -> bytes:
        """An OGG Opus file, a fifth of the WAV's size or less.

        A recording that came as Opus (browsers record WebM/Opus) keeps its packets untouched; others are encoded.

        Returns
        -------
        bytes
            The whole file.

        Raises
        ------
        AudioError
            If it cannot be encoded.

        Examples
        --------
        >>> len(recording.to_ogg_opus()) < len(recording.to_wav()) / 5
        True
        """
        packets = None if self._opus is None else _codec.remux_opus(self._opus)
        return packets or _codec.encode_opus(self.samples)

    def clip(self, start_s: float, end_s: float) -> Recording:
        """The part from one time to another, to hear one word; what lies outside the recording is cut off.

        Parameters
        ----------
        start_s, end_s : float
            Seconds from the recording's start.

        Returns
        -------
        Recording
            With the same `source`.

        Raises
        ------
        AudioError
            If nothing is left, or a time is not finite.

        Examples
        --------
        >>> word = assessment.words[1]
        >>> think = recording.clip(word.offset_s, word.offset_s + word.duration_s)
        >>> round(think.duration_s - word.duration_s, 3)
        0.0
        """
        if not (math.isfinite(start_s) and math.isfinite(end_s)):
            raise AudioError(f"A clip from {start_s} to {end_s} s is not possible. Give two finite times in seconds.")
        start, end = (round(max(0.0, min(time, self.duration_s)) * _codec.SAMPLE_RATE) for time in (start_s, end_s))
        if start >= end:
            raise AudioError(
                f"A clip from {start_s:g} to {end_s:g} s holds nothing. "
                f"Give a start before the end, within the recording's {self.duration_s:.2f} s."
            )
        return Recording(self.samples[start:end], self.source)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a .wav or .ogg (Opus) file.

        The file is complete or not there at all: it is written under another name, synced to disk and renamed.

        Parameters
        ----------
        path : str or path
            Its suffix says which.

        Returns
        -------
        pathlib.Path
            The path.

        Raises
        ------
        AudioError
            For another suffix, or if it cannot be written.

        Examples
        --------
        >>> recording.save("copy.wav").read_bytes() == recording.to_wav()
        True
        """
        path = Path(path)
        suffix = path.suffix.lower()
        if suffix not in (".wav", ".ogg"):
            raise AudioError(f"{path} ends in {suffix or 'no suffix'}. Use .wav or .ogg.")
        data = self.to_wav() if suffix == ".wav" else self.to_ogg_opus()
        try:
            return write_whole(path, data)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise AudioError(
                f"{path} cannot be written ({reason}). Check that the folder exists and that you may write to it."
            ) from None

    def quality(self) -> Quality:
        """Whether it is good enough to be assessed: level, clipping, noise, speech.

        Returns
        -------
        quality.Quality
            Measured once, about 1 ms for a second of sound.

        Examples
        --------
        >>> import numpy as np
        >>> pk.Recording.from_array(np.zeros(16_000), 16_000).quality().verdict
        'Nothing was heard: check that the right microphone is chosen ...'
        """
        return self._quality

    @cached_property
    def _quality(self) -> Quality:
        return measure(self.samples)

    def __eq__(self, other: object) -> bool:
        return self.sha256 == other.sha256 if isinstance(other, Recording) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.sha256)

    def __reduce__(self) -> tuple[Any, ...]:
        # Through the constructor: a pickled array comes back writeable.
        return _restore, (self.samples, self.source, self._opus)

    def __repr__(self) -> str:
        source = f" {self.source!r}" if self.source else ""
        return f"<Recording{source} {self.duration_s:.2f} s>"

    def _repr_html_(self) -> str:
        """A player, with the sound in the page itself, so that a saved notebook still plays it."""
        preview = self if self.duration_s <= PREVIEW_SECONDS else self.clip(0, PREVIEW_SECONDS)
        sound = base64.b64encode(preview.to_wav()).decode("ascii")
        name = html.escape(self.source or "Recording", quote=True)
        note = "" if preview is self else f" (plays the first {PREVIEW_SECONDS:g} s)"
        return (
            f'<figure style="margin:0"><audio controls aria-label="{name}" src="data:audio/wav;base64,{sound}"></audio>'
            f"<figcaption>{name}, {self.duration_s:.1f} s{note}</figcaption></figure>"
        )


def _restore(samples: _codec.Samples, source: str | None, opus: bytes | None) -> Recording:
    return Recording(samples, source, _opus=opus)


def _to_float(array: np.ndarray[Any, Any]) -> _codec.Samples:
    """Samples of any sensible type to float32, full scale 1."""
    if array.dtype.kind == "f":
        peak = float(np.abs(array).max())
        if math.isfinite(peak) and peak > _MAX_FLOAT_PEAK:
            raise AudioError(
                f"The samples are floats up to {peak:g}, but full scale is 1. Divide 16-bit samples by 32768 first."
            )
        return array.astype(np.float32)
    if array.dtype.name in _INTEGER_SCALES:
        offset, scale = _INTEGER_SCALES[array.dtype.name]
        return ((array.astype(np.float64) - offset) / scale).astype(np.float32)
    raise AudioError(
        f"Samples of type {array.dtype} have no known full scale. Convert them to int16, or to float within [-1, 1]."
    )
