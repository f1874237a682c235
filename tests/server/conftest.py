from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from pronounce_kit.local import LocalSpeech
from pronounce_kit.recording import Recording

from .live import TEXT, Live, WithFixedRecognition


class Spoken(NamedTuple):
    """`TEXT`, said by the model voice."""

    wav: bytes
    ogg: bytes
    pcm: bytes


@pytest.fixture(scope="session")
def spoken(speech: LocalSpeech) -> Spoken:
    recording = Recording.from_bytes(speech.synthesize(TEXT, output_format="riff-16khz-16bit-mono-pcm"))
    wav = recording.to_wav()
    return Spoken(wav, recording.to_ogg_opus(), wav[44:])


@pytest.fixture(scope="module")
def live(speech: LocalSpeech) -> Iterator[Live]:
    """A running server with the embedded engine, and a recognition that is fixed."""
    with Live(WithFixedRecognition(speech)) as server:
        yield server


@pytest.fixture(scope="module")
def engine_only(speech: LocalSpeech) -> Iterator[Live]:
    """A running server with the embedded engine as it is."""
    with Live(speech) as server:
        yield server
