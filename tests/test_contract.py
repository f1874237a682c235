"""One contract for every speech service: same inputs, same JSON, same tables.

The embedded engine, the cloud client against the local server, and replies that were stored.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pronounce_kit as pk
from pronounce_kit import Assessment, PronunciationScoreParams, Recording
from pronounce_kit.service import SpeechService
from tests.server.live import KEY, Live

TEXT = "I think the weather is very nice today."
PARAMS = {
    "as the kit asks": PronunciationScoreParams(TEXT, nbest_phoneme_count=5),
    "with prosody, in IPA": PronunciationScoreParams(TEXT, enable_prosody_assessment=True, phoneme_alphabet="IPA"),
    "words only, five points": PronunciationScoreParams(TEXT, granularity="Word", grading_system="FivePoint"),
    "the service's defaults": PronunciationScoreParams.from_dict({"ReferenceText": TEXT}),
    "a text with a word more": PronunciationScoreParams("I think the weather is probably very nice today."),
    "a text outside ASCII": PronunciationScoreParams("I think the weather – it’s très nice – is very nice today."),
}


class Stored:
    """Replies of another service, written down as JSON text when they came, and read again."""

    def __init__(self, service: SpeechService) -> None:
        self._service = service
        self._replies: dict[tuple[str, str], str] = {}

    def assess(self, recording: Any, reference_text: str | None = None, *, params: Any = None, **_: Any) -> Assessment:
        key = (Recording.of(recording).sha256, params.to_base64())
        if key not in self._replies:
            fresh = self._service.assess(recording, params=params)
            self._replies[key] = json.dumps(fresh.raw)
        return Assessment.from_json(self._replies[key], reference_text=params.reference_text)


@pytest.fixture(scope="module")
def recordings(speech) -> dict[str, Recording]:
    """16 kHz and 16 bits, so that all services hear the same samples."""
    words = speech.pronunciation(TEXT)
    words[1][0], words[5][0] = "S", "W"
    wav = "riff-16khz-16bit-mono-pcm"
    mistaken = speech.synthesize_phones(words, speed=0.9, output_format=wav)
    return {
        "correct": Recording.from_bytes(speech.synthesize(TEXT, output_format=wav)),
        "two mistakes": Recording.from_bytes(mistaken),
        "silence": Recording.from_array(np.zeros(32_000, np.int16), 16_000),
        "noise": Recording.from_array(np.random.default_rng(0).normal(0, 1500, 32_000).astype(np.int16), 16_000),
    }


@pytest.fixture(scope="module")
def server(speech) -> Iterator[Live]:
    with Live(speech) as running:
        yield running


@pytest.fixture(scope="module")
def services(speech, server) -> dict[str, Any]:
    return {
        "embedded engine": speech,
        "cloud client": pk.AzureSpeech(key=KEY, endpoint=server.url),
        "cloud client with Opus": pk.AzureSpeech(key=KEY, endpoint=server.url, audio_format="ogg"),
        "stored replies": Stored(speech),
    }


LOSSLESS = pytest.mark.parametrize("service", ["embedded engine", "cloud client", "stored replies"])
EVERY = pytest.mark.parametrize(
    "service", ["embedded engine", "cloud client", "cloud client with Opus", "stored replies"]
)


class TestEveryService:
    """What holds of all of them."""

    @LOSSLESS
    @pytest.mark.parametrize("params", PARAMS.values(), ids=PARAMS)
    @pytest.mark.parametrize("name", ["correct", "two mistakes", "silence", "noise"])
    def test_gives_the_same_reply_and_the_same_tables(self, services, service, speech, recordings, name, params):
        expected = speech.assess(recordings[name], params=params)
        found = services[service].assess(recordings[name], params=params)
        assert found.raw == expected.raw
        assert found == expected
        for table in (pk.utterances, pk.words, pk.syllables, pk.phonemes):
            pd.testing.assert_frame_equal(table(found), table(expected))

    @EVERY
    def test_marks_the_mispronounced_words_and_only_them(self, services, service, recordings):
        params = PARAMS["as the kit asks"]
        for name, wrong in (("correct", []), ("two mistakes", ["think", "very"])):
            words = services[service].assess(recordings[name], params=params).words
            assert [word.word for word in words if word.error_type != "None"] == wrong

    @EVERY
    def test_gives_a_status_and_no_scores_where_nobody_speaks(self, services, service, recordings):
        for name in ("silence", "noise"):
            assessment = services[service].assess(recordings[name], params=PARAMS["as the kit asks"])
            assert assessment.status in ("InitialSilenceTimeout", "BabbleTimeout")
            assert assessment.scores.pron is None

    @pytest.mark.parametrize("format", ["simple", "detailed"])
    @pytest.mark.parametrize("name", ["correct", "silence", "noise"])
    def test_recognizes_the_same_without_a_text(self, services, speech, recordings, name, format):
        expected = speech.recognize(recordings[name], format=format)
        found = services["cloud client"].recognize(recordings[name], format=format)
        assert found.raw == expected.raw
        assert found == expected
        assert found.display_text == (TEXT if name == "correct" else None)
