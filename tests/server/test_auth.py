from __future__ import annotations

import base64
import json

import pytest
import requests

from pronounce_kit.errors import ParameterError
from pronounce_kit.local import LocalSpeech
from pronounce_kit.server import create_app
from pronounce_kit.server.auth import Gate

from .conftest import Spoken
from .live import KEY, SPEAK, STT, TOKEN, TTS, VOICES, WAV, Live, WithFixedRecognition, encoded

SSML = b"<speak version='1.0' xml:lang='en-US'>Hello.</speak>"


class Clock:
    now_s = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s


def test_key_and_token_open_every_address(live: Live, spoken: Spoken) -> None:
    issued = live.post(TOKEN)
    assert issued.status_code == 200
    claims = json.loads(base64.urlsafe_b64decode(issued.text.split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 600
    for headers in ({}, {"Authorization": f"Bearer {issued.text}"}, {"Authorization": f"bearer  {issued.text}"}):
        speech_headers = {**WAV, "Pronunciation-Assessment": encoded(), **headers}
        assert live.post(STT, spoken.wav, speech_headers, language="en-US").status_code == 200
        assert live.post(TTS, SSML, {**SPEAK, **headers}).status_code == 200
    listed = requests.get(live.url + VOICES, headers={"Authorization": f"Bearer {issued.text}"}, timeout=5)
    assert listed.json()[0]["ShortName"] == "en-US-Heart"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Ocp-Apim-Subscription-Key": ""}, 403),
        ({"Ocp-Apim-Subscription-Key": "wrong"}, 401),
        ({"Ocp-Apim-Subscription-Key": KEY.upper()}, 401),
        ({"Ocp-Apim-Subscription-Key": "schlüssel".encode().decode("latin-1")}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Bearer x.y.z"}, 401),
        ({"Authorization": f"Bearer {KEY}"}, 401),
        ({"Authorization": f"Basic {KEY}"}, 401),
        ({"Authorization": "Bearer " + "a" * 9000}, 401),
    ],
)
def test_who_has_no_key_or_token_is_refused_in_the_words_of_the_service(
    live: Live, spoken: Spoken, headers: dict[str, str], status: int
) -> None:
    for path in (STT, TTS, TOKEN, "/view"):
        reply = live.post(path, spoken.wav, headers)
        status_here = 403 if path == TOKEN and "Authorization" in headers else status  # a token needs the key
        assert reply.status_code == status_here, path
        assert reply.json()["error"]["code"] == str(status_here)
        assert reply.json()["error"]["message"].startswith("Access denied due to ")
        assert reply.headers["X-RequestId"]


def test_a_token_ends_after_ten_minutes(speech: LocalSpeech) -> None:
    clock = Clock()
    with Live(WithFixedRecognition(speech), clock=clock) as live:
        bearer = {"Authorization": f"Bearer {live.post(TOKEN).text}"}
        for seconds, status in ((0, 200), (599.9, 200), (600, 401), (6000, 401)):
            clock.now_s = Clock.now_s + seconds
            assert live.post(STT, b"", bearer, language="en-US").status_code == status, seconds


def test_a_token_that_was_changed_or_comes_from_another_server_is_refused() -> None:
    gate, other = Gate(KEY, Clock()), Gate(KEY, Clock())
    token = gate.issue()
    assert gate._is_valid(token)
    assert not other._is_valid(token)
    head, claims, signature = token.split(".")
    later = json.loads(base64.urlsafe_b64decode(claims + "==")) | {"exp": 9_999_999_999}
    forged = base64.urlsafe_b64encode(json.dumps(later).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for fake in (f"{head}.{forged}.{signature}", f"{none}.{forged}.", f"{none}.{claims}.", token[:-2], f"{token}x", ""):
        assert not gate._is_valid(fake), fake


def test_a_server_without_key_lets_everybody_in(speech: LocalSpeech) -> None:
    with Live(WithFixedRecognition(speech), key=None) as live:
        for headers in ({"Ocp-Apim-Subscription-Key": ""}, {"Ocp-Apim-Subscription-Key": "any"}):
            assert live.post(STT, b"", headers, language="en-US").status_code == 200
            assert live.post(TOKEN, b"", headers).status_code == 200


@pytest.mark.parametrize("key", ["", " x", "schlüssel", "a\nb", "x" * 300])
def test_a_key_that_no_header_can_hold_is_an_error(key: str, speech: LocalSpeech) -> None:
    with pytest.raises(ParameterError, match="key"):
        create_app(speech, key=key)


def test_the_gate_does_not_show_its_key() -> None:
    assert KEY not in repr(Gate(KEY, Clock())) + repr(create_app(WithFixedRecognition(LocalSpeech()), key=KEY))
