"""Live audio is 16-bit 16 kHz mono PCM, as its header says; chunks of anything else are refused, not sent as noise."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

import pronounce_kit as pk
from pronounce_kit.azure import AzureSpeech
from pronounce_kit.azure.upload import LIVE_WAV_HEADER

from .server import Server, speech

SOUND = speech(0.5)
PCM = np.rint(SOUND * 32768).clip(-32768, 32767).astype("<i2")


def sent(chunks: list[Any]) -> bytes:
    with Server() as server, AzureSpeech(endpoint=server.url) as service:
        service.assess_stream(chunks, "Good morning.")
    return server.seen[0].body


@pytest.mark.parametrize(
    "form",
    [
        lambda pcm: pcm.tobytes(),
        lambda pcm: bytearray(pcm.tobytes()),
        lambda pcm: memoryview(pcm.tobytes()),
        lambda pcm: memoryview(pcm),
        lambda pcm: pcm,
        lambda pcm: pcm.astype(">i2"),
        lambda pcm: pcm.reshape(-1, 1),
        lambda pcm: (pcm / 32768).astype(np.float32),
        lambda pcm: pcm / 32768,
        lambda pcm: (pcm / 32768).reshape(-1, 1),
    ],
)
def test_chunks_of_samples_become_the_bytes_that_the_header_promises(form: Any) -> None:
    assert sent([form(part) for part in np.array_split(PCM, 5)]) == LIVE_WAV_HEADER + PCM.tobytes()


def file_of(kind: str) -> bytes:
    recording = pk.Recording.from_array(SOUND, 16_000)
    if kind in ("wav", "ogg"):
        return recording.to_wav() if kind == "wav" else recording.to_ogg_opus()
    import av

    out = io.BytesIO()
    with av.open(out, "w", format=kind) as container:
        codec = {"mp3": "libmp3lame", "flac": "flac", "webm": "libopus", "mp4": "aac", "aiff": "pcm_s16be"}[kind]
        stream = container.add_stream(codec, rate=48_000 if kind == "webm" else 16_000)
        frame = av.AudioFrame.from_ndarray(PCM.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux([*(packet for each in _fitted(frame, stream) for packet in stream.encode(each))])
        container.mux(stream.encode(None))
    return out.getvalue()


def _fitted(frame: Any, stream: Any) -> list[Any]:
    from av.audio.resampler import AudioResampler

    context = stream.codec_context
    return list(
        AudioResampler(context.format, context.layout, context.rate, context.frame_size or 1024).resample(frame)
    )


@pytest.mark.parametrize("kind", ["wav", "ogg", "mp3", "flac", "webm", "mp4", "aiff"])
def test_the_chunks_of_a_sound_file_are_refused(kind: str) -> None:
    data = file_of(kind)
    with pytest.raises(pk.AudioError, match="beginning of a sound file"):
        sent([data[:512], data[512:]])


@pytest.mark.parametrize(
    ("chunk", "said"),
    [
        (np.zeros((160, 2), np.int16), "mono"),
        (np.zeros((160, 2), np.float32), "mono"),
        (np.zeros((2, 160, 1), np.int16), "mono"),
        (np.zeros(160, np.int32), "array of int32"),
        (np.zeros(160, np.int8), "array of int8"),
        (np.zeros(160, np.uint8), "array of uint8"),
        (PCM.astype(np.float64), "beyond -1 to 1"),
        (np.array([0.1, np.nan]), "beyond -1 to 1"),
        (memoryview(np.zeros(160, np.float32)), "'f'"),
        ([0, 1, 2], "list"),
        ("audio", "str"),
    ],
)
def test_chunks_of_another_format_are_refused_with_what_to_give(chunk: Any, said: str) -> None:
    with pytest.raises(pk.AudioError, match=said) as caught:
        sent([chunk])
    assert ". Give " in str(caught.value)
