"""What the service's support asks for, and what stands between: names of requests, proxies with a login."""

from __future__ import annotations

import re

import pytest
import requests

import pronounce_kit as pk
from pronounce_kit.azure import NO_RETRY, AzureSpeech, RetryPolicy, Timing

from .server import CLOSE, FakeTime, Server, reply, speech

KEY = "0123456789abcdef0123456789abcdef"
RECORDING = pk.Recording.from_array(speech(1.0), 16_000)
ID = re.compile(r"[0-9a-f]{32}")


def test_every_request_has_a_connection_id_of_its_own() -> None:
    def answer(seen):  # type: ignore[no-untyped-def]
        if seen.path.endswith("issueToken"):
            return reply(b"a.b.c")
        if seen.path.endswith("list"):
            return reply([{"ShortName": "en-US-A", "Locale": "en-US"}])
        return reply(b"RIFF") if "recognition" not in seen.path else reply()

    with Server(answer) as server, AzureSpeech(KEY, endpoint=server.url) as service:
        service.assess(RECORDING, "Good morning.")
        service.recognize(RECORDING)
        service.assess_stream([RECORDING.to_wav()[44:]], "Good morning.")
        service.synthesize("Hello.")
    ids = [seen.headers["x-connectionid"] for seen in server.seen]
    assert len(ids) == 6
    assert all(map(ID.fullmatch, ids))
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (reply({"Message": "Invalid CID or language"}, 400), pk.BadRequestError),
        (reply({}, 401), pk.AuthenticationError),
        (reply({}, 503), pk.ServiceUnavailableError),
        (CLOSE, pk.NetworkError),
        (reply({}, 404), pk.BadRequestError),
        (reply(b"<html>"), pk.GarbledReplyError),
        (reply({"error": "no"}), pk.GarbledReplyError),
    ],
)
def test_an_error_names_the_connection_of_its_last_attempt(answer: bytes, kind: type[pk.ServiceError]) -> None:
    timing = Timing(sleep=FakeTime().sleep)
    with (
        Server(lambda seen: answer) as server,
        AzureSpeech(KEY, endpoint=server.url, retry=RetryPolicy(attempts=2), timing=timing) as service,
        pytest.raises(kind) as caught,
    ):
        service.assess(RECORDING, "Good morning.")
    error = caught.value
    assert error.connection_id == server.seen[-1].headers["x-connectionid"]
    assert f"X-ConnectionId {error.connection_id}" in str(error)
    assert str(error).count("X-ConnectionId") == 1


def test_a_token_that_is_refused_names_the_connection_that_asked_for_it() -> None:
    with (
        Server(lambda seen: reply({}, 401)) as server,
        AzureSpeech(KEY, endpoint=server.url, retry=NO_RETRY) as service,
        pytest.raises(pk.AuthenticationError) as caught,
    ):
        service.synthesize("Hello.", voice="en-US-A")
    (seen,) = server.to("issueToken")
    assert caught.value.connection_id == seen.headers["x-connectionid"]


def test_what_is_not_sent_has_no_connection_id() -> None:
    assert pk.ServiceError("x").connection_id is None


@pytest.mark.parametrize("over_tunnel", [False, True])
def test_a_proxy_that_asks_for_a_login_is_one_clear_error_and_not_asked_twice(over_tunnel: bool) -> None:
    with Server(lambda seen: b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n") as proxy:
        session = requests.Session()
        session.proxies = {"https": proxy.url, "http": proxy.url}
        session.trust_env = False
        service = (
            AzureSpeech(KEY, "westus", session=session, timeout=5)
            if over_tunnel
            else AzureSpeech(endpoint="http://speech.example.org", session=session, timeout=5)
        )
        with pytest.raises(pk.NetworkError) as caught:
            service.assess(RECORDING, "Good morning.")
    error = caught.value
    assert "asks for a login (status 407). Put it into HTTPS_PROXY" in str(error)
    assert (error.status, error.retryable, error.attempts) == (407, False, 1)
    assert ID.fullmatch(error.connection_id or "")
    assert len(proxy.seen) == 1
