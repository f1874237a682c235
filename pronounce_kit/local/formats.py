"""Output formats of synthesized speech, under the service's names."""

from __future__ import annotations

import io
import re
import wave
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from .._codec import load_av
from ..errors import ParameterError

OUTPUT_FORMATS: tuple[str, ...] = (
    "riff-24khz-16bit-mono-pcm",
    "riff-16khz-16bit-mono-pcm",
    "riff-8khz-16bit-mono-pcm",
    "riff-8khz-8bit-mono-mulaw",
    "raw-24khz-16bit-mono-pcm",
    "raw-16khz-16bit-mono-pcm",
    "raw-8khz-16bit-mono-pcm",
    "raw-8khz-8bit-mono-mulaw",
    "audio-16khz-32kbitrate-mono-mp3",
    "audio-16khz-64kbitrate-mono-mp3",
    "audio-16khz-128kbitrate-mono-mp3",
    "audio-24khz-48kbitrate-mono-mp3",
    "audio-24khz-96kbitrate-mono-mp3",
    "audio-24khz-160kbitrate-mono-mp3",
    "ogg-16khz-16bit-mono-opus",
    "ogg-24khz-16bit-mono-opus",
    "webm-24khz-16bit-mono-opus",
)
"""What the embedded voice can write."""

_NAME = re.compile(r"(riff|raw|audio|ogg|webm)-(\d+)khz-(?:(\d+)kbitrate|\d+bit)-mono-(pcm|mulaw|mp3|opus)")
_Codec = Literal["libmp3lame", "libopus", "pcm_mulaw"]
_OPUS_BITS_PER_S = 48_000


@dataclass(frozen=True, slots=True)
class _Format:
    container: str
    rate: int
    bits_per_s: int | None
    codec: str


def _parsed(name: str) -> _Format:
    match = _NAME.fullmatch(name) if name in OUTPUT_FORMATS else None
    if match is None:
        raise ParameterError(f"output_format is {name!r}. The embedded voice writes {', '.join(OUTPUT_FORMATS)}.")
    container, khz, kbits, codec = match.groups()
    return _Format(container, int(khz) * 1000, int(kbits) * 1000 if kbits else None, codec)


def check_format(name: str) -> None:
    """Raise `ParameterError`, which names the formats there are, unless this is one."""
    _parsed(name)


def encode(samples: NDArray[np.float32], sample_rate: int, name: str) -> bytes:
    """Mono samples in [-1, 1] as the bytes of an output format; raises `ParameterError` for an unknown format."""
    target = _parsed(name)
    if target.codec == "pcm":
        pcm = (
            np.round(_resampled(samples, sample_rate, target.rate) * 32767).clip(-32768, 32767).astype("<i2").tobytes()
        )
        return pcm if target.container == "raw" else _riff(pcm, target.rate)
    codec = {"mp3": "libmp3lame", "opus": "libopus", "mulaw": "pcm_mulaw"}[target.codec]
    container = {"audio": "mp3", "riff": "wav", "raw": "mulaw"}.get(target.container, target.container)
    return _with_av(_resampled(samples, sample_rate, target.rate), target, container, cast("_Codec", codec))


def _riff(pcm: bytes, rate: int) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm)
    return buffer.getvalue()


def _resampled(samples: NDArray[np.float32], rate: int, to: int) -> NDArray[np.float32]:
    if rate == to:
        return samples
    av = load_av()
    resampler = av.AudioResampler(format="flt", layout="mono", rate=to)
    frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
    frame.sample_rate = rate
    pieces = [piece.to_ndarray()[0] for part in (frame, None) for piece in resampler.resample(part)]
    return np.concatenate(pieces).astype(np.float32)


def _with_av(samples: NDArray[np.float32], target: _Format, container: str, codec: _Codec) -> bytes:
    av = load_av()
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        stream = file.add_stream(codec, rate=target.rate, layout="mono")
        stream.bit_rate = target.bits_per_s or (_OPUS_BITS_PER_S if codec == "libopus" else 64_000)
        pcm = np.round(samples * 32767).clip(-32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(pcm[None], "s16", "mono")
        frame.sample_rate = target.rate
        resampler = av.AudioResampler(format=stream.codec_context.format, layout="mono", rate=target.rate,
                                      frame_size=stream.codec_context.frame_size or 0)  # fmt: skip
        for part in (frame, None):
            for piece in resampler.resample(part):
                file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return buffer.getvalue()
