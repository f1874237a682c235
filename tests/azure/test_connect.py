from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

import pronounce_kit as pk
from pronounce_kit.azure import AzureSpeech

PROGRAM = """
import sys
import pronounce_kit as pk
service = pk.connect()
print(type(service).__name__, isinstance(service, pk.SpeechService))
print(*("requests" in sys.modules, "torch" in sys.modules))
"""


def connected(**variables: str) -> list[str]:
    places = ("SPEECH_", "ENDPOINT")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(places)} | variables
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_with_key_and_region_it_is_the_cloud_and_one_line_says_so() -> None:
    line, kind, _ = connected(SPEECH_KEY="sEcReTkEy0123", SPEECH_REGION="westeurope")
    assert line == "Using the Speech service in westeurope: recordings are sent there."
    assert kind == "AzureSpeech True"


@pytest.mark.parametrize(
    ("variables", "where"),
    [
        ({"SPEECH_ENDPOINT": "https://westus.api.cognitive.microsoft.com/"}, "in westus"),
        ({"ENDPOINT": "https://my-school.cognitiveservices.azure.com/"}, "in my-school"),
        ({"ENDPOINT": "https://my-school.services.ai.azure.com"}, "in my-school"),
        ({"SPEECH_ENDPOINT": "http://127.0.0.1:8080"}, "at http://127.0.0.1:8080"),
        ({"SPEECH_REGION": "westus", "ENDPOINT": "https://other.example.org"}, "in westus"),
        ({"SPEECH_REGION": "westus", "SPEECH_ENDPOINT": "https://eastus.api.cognitive.microsoft.com"}, "in eastus"),
        ({"SPEECH_REGION": " WestUS ", "ENDPOINT": ""}, "in westus"),
    ],
)
def test_the_place_comes_from_any_of_the_variables_that_quickstarts_set(variables: dict[str, str], where: str) -> None:
    line, kind, _ = connected(SPEECH_KEY="sEcReTkEy0123", **variables)
    assert line == f"Using the Speech service {where}: recordings are sent there."
    assert kind == "AzureSpeech True"


def test_an_endpoint_of_something_else_does_not_ask_for_a_key() -> None:
    line, kind, _ = connected(ENDPOINT="https://other.example.org")
    assert line == "Using the embedded engine: offline, nothing leaves this machine."
    assert kind == "LocalSpeech True"


def test_a_wrong_place_is_told_with_the_name_of_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEECH_KEY", "sEcReTkEy0123")
    monkeypatch.setenv("SPEECH_ENDPOINT", "westus")
    with pytest.raises(pk.ParameterError, match=r"endpoint is 'westus'.*SPEECH_ENDPOINT"):
        pk.connect()


def test_with_the_key_alone_it_is_the_embedded_engine_and_the_line_says_what_is_missing() -> None:
    line, kind, _ = connected(SPEECH_KEY="sEcReTkEy0123")
    assert line == (
        "Using the embedded engine (set SPEECH_REGION too for the Speech service): "
        "offline, nothing leaves this machine."
    )
    assert kind == "LocalSpeech True"


@pytest.mark.parametrize(
    "arguments",
    [
        {"timeout": 0}, {"timeout": (1, 2, 3)}, {"timeout": "5"}, {"audio_format": "mp3"}, {"params_in": "body"},
        {"user_agent": "x" * 255}, {"user_agent": "a\r\nb"}, {"user_agent": ""}, {"region": "West US"},
    ],
)  # fmt: skip
def test_a_wrong_option_is_refused_when_the_client_is_made(arguments: dict[str, Any]) -> None:
    with pytest.raises(pk.ParameterError):
        AzureSpeech(**{"key": "k", "region": "westus", **arguments})


@pytest.mark.parametrize(
    "call",
    [
        lambda s, r: s.assess(r),
        lambda s, r: s.assess(r, "x", language="english"),
        lambda s, r: s.assess(r, "x", language="en"),
        lambda s, r: s.assess(r, "x", language=None),
        lambda s, r: s.assess(r, "word " * 601),
        lambda s, r: s.assess(r, params=pk.PronunciationScoreParams("é" * 3001)),
        lambda s, r: s.assess(r, "x", language="en-US&cid=1"),
        lambda s, r: s.assess(r, "x", audio_format="flac"),
        lambda s, r: s.recognize(r, format="long"),
        lambda s, r: s.recognize(r, profanity="none"),
        lambda s, r: s.recognize(r, cid="a&b"),
        lambda s, r: s.synthesize("x", output_format="wav\r\n"),
        lambda s, r: s.synthesize("x", output_format="WAV"),
        lambda s, r: s.synthesize(ssml="<speak/>", voice="v"),
        lambda s, r: s.synthesize(),
        lambda s, r: s.synthesize("x", ssml="<speak/>"),
        lambda s, r: s.synthesize("\x00", voice="en-US-A"),
        lambda s, r: s.assess("no-such-file.wav", "x"),
        lambda s, r: s.assess(5, "x"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(call: Any) -> None:
    recording = pk.Recording.from_array([0.1] * 1600, 16_000)
    # Nobody listens there, so a request would be a NetworkError.
    with pytest.raises(pk.InputError), AzureSpeech("k", endpoint="http://127.0.0.1:1") as service:
        call(service, recording)


def test_an_over_long_text_is_refused_with_its_length_and_the_limit() -> None:
    """13,000 characters are what somebody sent; there was no answer at all."""
    with AzureSpeech("k", endpoint="http://127.0.0.1:1") as service, pytest.raises(pk.TextError) as caught:
        service.assess(pk.Recording.from_array([0.1] * 1600, 16_000), "a " * 6500)
    assert "has 13,000 characters; the limit is 3,000" in str(caught.value)


def test_a_language_that_is_not_known_to_be_assessed_is_asked_for_with_a_warning() -> None:
    service = AzureSpeech("k", endpoint="http://127.0.0.1:1", timeout=1, retry=pk.azure.NO_RETRY)
    with pytest.warns(UserWarning, match="nl-BE"), pytest.raises(pk.NetworkError):
        service.assess(pk.Recording.from_array([0.1] * 1600, 16_000), "x", language="nl-BE")


def test_the_error_tree_is_as_drawn() -> None:
    for name in ("AuthenticationError", "QuotaError", "BadRequestError", "ServiceUnavailableError", "NetworkError"):
        assert issubclass(getattr(pk, name), pk.ServiceError)
    assert issubclass(pk.ServiceTimeoutError, (pk.NetworkError, TimeoutError))
    assert issubclass(pk.GarbledReplyError, (pk.ServiceError, pk.ReplyError))
    assert not pk.AuthenticationError().retryable
    assert pk.NetworkError("x").retryable
    assert not pk.NetworkError("x", retryable=False).retryable
