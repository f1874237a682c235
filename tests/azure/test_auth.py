from __future__ import annotations

import copy
import io
import logging
import os
import pickle
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

import pronounce_kit as pk
from pronounce_kit.azure import NO_RETRY, AzureSpeech, Timing
from pronounce_kit.azure.auth import Secret, TokenFromKey, secret

from .server import CLOSE, FLAT, FakeTime, Seen, Server, reply, speech

KEY = "5ec2e7aaaabbbbccccddddeeeeffff00"
RECORDING = pk.Recording.from_array(speech(0.3), 16_000)
UNAUTHORIZED = reply({"error": {"code": "401", "message": "Access denied due to invalid subscription key."}}, 401)


class Issuer:
    """Issues token-1, token-2, ...; accepts those in `good`, or all if that is None."""

    def __init__(self) -> None:
        self.issued = 0
        self.revoked: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> Any:
        if seen.path.endswith("issueToken"):
            with self._lock:
                self.issued += 1
                return reply(f"token-{self.issued}".encode())
        if seen.headers.get("authorization", "").removeprefix("Bearer ") in self.revoked:
            return UNAUTHORIZED
        return reply()


def test_a_secret_shows_nowhere_but_on_the_wire() -> None:
    value = Secret("abcdef")
    for shown in (
        str(value),
        repr(value),
        f"{value}",
        f"{value:>10}",
        f"{value}",
        f"{value}",
        repr({"k": value}),
    ):
        assert "abcdef" not in shown
    assert value.encode() == b"abcdef"
    assert pickle.loads(pickle.dumps(value)).reveal() == "abcdef"  # noqa: S301
    assert copy.deepcopy(value).reveal() == "abcdef"


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "schlüssel", "a\x00", 5])
def test_a_malformed_key_is_refused_without_being_shown(key: Any) -> None:
    with pytest.raises(pk.ParameterError) as caught:
        AzureSpeech(key, "westus")
    assert not str(key).strip() or str(key) not in str(caught.value)


def test_blanks_around_a_key_are_dropped() -> None:
    assert secret(" abc\n", "key").reveal() == "abc"


def test_key_and_token_together_or_neither_are_refused() -> None:
    with pytest.raises(pk.ParameterError, match="Give one"):
        AzureSpeech("k", "westus", token="t")  # noqa: S106
    with pytest.raises(pk.ParameterError, match="no key"):
        AzureSpeech(region="westus")


def test_one_token_serves_fifty_threads_for_nine_minutes_and_then_there_is_one_more() -> None:
    times, issuer = FakeTime(), Issuer()
    with Server(issuer) as server, ThreadPoolExecutor(50) as threads:
        service = AzureSpeech(KEY, endpoint=server.url, use_token=True, timing=Timing(clock=times.clock))
        start = times.now_s
        for minute in (0, 3, 6, 8.99):
            times.now_s = start + 60 * minute
            list(threads.map(lambda _: service.assess(RECORDING, "Good morning."), range(50)))
        assert issuer.issued == 1
        times.now_s = start + 540
        list(threads.map(lambda _: service.assess(RECORDING, "Good morning."), range(50)))
        assert issuer.issued == 2
        service.close()
    used = [seen.headers["authorization"] for seen in server.to("/v1")]
    assert used == ["Bearer token-1"] * 200 + ["Bearer token-2"] * 50
    assert not any("ocp-apim-subscription-key" in seen.headers for seen in server.to("/v1"))


def test_nine_minutes_are_counted_from_before_the_request() -> None:
    times = FakeTime()
    count = iter(range(1, 10))

    def fetch() -> Secret:
        times.now_s += 5
        return Secret(f"t{next(count)}")

    source = TokenFromKey(fetch, times.clock)
    first = source.credential()
    times.now_s += 534.9
    assert source.credential() == first
    times.now_s += 0.2
    assert source.credential() != first


def test_a_refused_token_is_replaced_once_for_all_threads() -> None:
    issuer = Issuer()
    with Server(issuer) as server, ThreadPoolExecutor(20) as threads:
        service = AzureSpeech(KEY, endpoint=server.url, use_token=True)
        service.assess(RECORDING, "Good morning.")
        issuer.revoked.add("token-1")
        results = list(threads.map(lambda _: service.assess(RECORDING, "Good morning."), range(20)))
        service.close()
    assert {result.status for result in results} == {"Success"}
    assert issuer.issued == 2


def test_a_401_with_a_new_token_too_is_the_end() -> None:
    issuer, times = Issuer(), FakeTime()
    issuer.revoked.update(f"token-{n}" for n in range(9))
    with Server(issuer) as server:
        service = AzureSpeech(KEY, endpoint=server.url, use_token=True, timing=Timing(sleep=times.sleep))
        with pytest.raises(pk.AuthenticationError, match="key is complete and belongs to") as caught:
            service.assess(RECORDING, "Good morning.")
    assert issuer.issued == 2
    assert len(server.to("/v1")) == 2
    assert times.slept == []
    assert caught.value.attempts == 2


@pytest.mark.parametrize("how", ["key", "token"])
def test_a_401_is_final_for_a_key_and_for_a_token_of_the_callers(how: str) -> None:
    with Server(lambda seen: UNAUTHORIZED) as server:
        service = AzureSpeech(**{how: KEY}, endpoint=server.url)
        with pytest.raises(pk.AuthenticationError):
            service.assess(RECORDING, "Good morning.")
    assert len(server.seen) == 1


def test_a_key_that_gets_no_token_is_an_authentication_error_at_once() -> None:
    with Server(lambda seen: UNAUTHORIZED) as server:
        service = AzureSpeech(KEY, endpoint=server.url)
        with pytest.raises(pk.AuthenticationError, match="Access denied"):
            service.synthesize("x", voice="en-US-A")
    assert [seen.path for seen in server.seen] == ["/sts/v1.0/issueToken"]


def test_threads_that_wait_for_a_token_share_its_failure() -> None:
    gate, asked = threading.Barrier(2), []

    def fetch() -> Secret:
        asked.append(1)
        gate.wait(5)
        gate.wait(5)
        raise pk.NetworkError("The connection failed.", status=None)

    source = TokenFromKey(fetch, lambda: 0.0)
    with ThreadPoolExecutor(6) as threads:
        first = threads.submit(source.credential)
        gate.wait(5)
        others = [threads.submit(source.credential) for _ in range(5)]
        threading.Event().wait(0.1)  # until all of them wait
        gate.wait(5)
        errors = [future.exception(5) for future in (first, *others)]
    assert len(asked) == 1
    assert {str(error) for error in errors} == {"The connection failed."}
    assert len({id(error) for error in errors}) == 6


def test_a_token_may_come_from_a_function() -> None:
    tokens: Iterator[str] = iter(["one", "two"])
    with Server() as server, AzureSpeech(token=lambda: next(tokens), endpoint=server.url) as service:
        service.assess(RECORDING, "Good morning.")
        service.assess(RECORDING, "Good morning.")
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer one", "Bearer two"]


def test_use_token_false_sends_the_key_to_synthesis_too() -> None:
    with Server(lambda seen: reply(b"sound")) as server:
        AzureSpeech(KEY, endpoint=server.url, use_token=False).synthesize("x", voice="en-US-A")
    assert [seen.headers.get("ocp-apim-subscription-key") for seen in server.seen] == [KEY]


def test_neither_netrc_nor_a_proxy_nor_a_login_of_the_session_changes_what_goes_to_a_local_server(
    tmp_path: Path,
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login user password other\n")
    netrc.chmod(0o600)
    program = """
import sys, requests
import pronounce_kit as pk
session = requests.Session()
session.auth = ("user", "password")
for given in (None, session):
    pk.AzureSpeech(token="mine", endpoint=sys.argv[1], session=given).assess(sys.argv[2], "x")
"""
    wav = RECORDING.save(tmp_path / "a.wav")
    with Server() as proxy, Server() as server:
        environment = {**os.environ, "NETRC": str(netrc), "HTTP_PROXY": proxy.url, "http_proxy": proxy.url}
        environment = {key: value for key, value in environment.items() if key.lower() != "no_proxy"}
        subprocess.run([sys.executable, "-c", program, server.url, wav], env=environment, check=True)
    assert [seen.headers["authorization"] for seen in server.seen] == ["Bearer mine"] * 2
    assert proxy.connections == 0


ECHO = reply({"error": {"code": "400", "message": f"You sent {KEY} in Ocp-Apim-Subscription-Key"}}, 400)


@pytest.mark.parametrize(
    "answer", [ECHO, UNAUTHORIZED, CLOSE, reply(f"no json {KEY}".encode()), reply(KEY.encode(), 500)]
)
@pytest.mark.parametrize("use_token", [True, False])
def test_no_error_shows_the_key_not_even_with_the_variables_of_each_frame(answer: bytes, use_token: bool) -> None:
    def respond(seen: Seen) -> bytes:
        return reply(b"a-token-issued") if seen.path.endswith("issueToken") else answer

    log = io.StringIO()
    handler = logging.StreamHandler(log)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with Server(respond) as server:
            service = AzureSpeech(KEY, endpoint=server.url, retry=NO_RETRY, use_token=use_token)
            with pytest.raises(pk.ServiceError) as caught:
                service.assess(RECORDING, "Good morning.")
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    error = caught.value
    report = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    # This test's own frame holds the answer, and with it the key.
    report = report[report.index("in assess\n") :]
    seen = (report, str(error), repr(error), repr(vars(error)), repr(service), log.getvalue())
    for shown in seen:
        assert KEY not in shown
        assert "a-token-issued" not in shown
    assert error.__cause__ is None
    assert error.__context__ is None
    assert not any(KEY in request.target for request in server.seen)


def test_a_frame_of_requests_does_not_show_the_key_either() -> None:
    class Failing(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            headers = dict(request.headers)
            raise RuntimeError(f"a bug, with {headers}")

    with requests.Session() as session:
        session.mount("http://", Failing())
        service = AzureSpeech(KEY, endpoint="http://127.0.0.1:9", session=session)
        with pytest.raises(RuntimeError) as caught:
            service.assess(RECORDING, "Good morning.")
    report = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert KEY not in report


def test_the_key_goes_to_the_hosts_of_the_service_only() -> None:
    with Server() as elsewhere:
        moved = reply(b"", 302, {"Location": f"{elsewhere.url}/sts/v1.0/issueToken"})
        with Server(lambda seen: moved) as server:
            service = AzureSpeech(KEY, endpoint=server.url)
            for call in (
                lambda: service.assess(RECORDING, "x"),
                lambda: service.synthesize("x", voice="v"),
                service.voices,
            ):
                with pytest.raises(pk.BadRequestError):
                    call()
    assert elsewhere.connections == 0


@pytest.mark.parametrize("secret", [{"key": KEY}, {"token": "eyJ"}, {"token": lambda: "eyJ"}])
def test_plain_http_to_another_machine_is_warned_of(secret: dict[str, Any]) -> None:
    with pytest.warns(UserWarning, match="not encrypted"):
        AzureSpeech(**secret, endpoint="http://speech.example.org")


def test_a_client_may_be_pickled_for_worker_processes() -> None:
    with Server() as server:
        service = pickle.loads(pickle.dumps(AzureSpeech(KEY, endpoint=server.url, audio_format="ogg")))  # noqa: S301
        assert service.assess(RECORDING, "x").raw == pk.Assessment.from_json(FLAT).raw
    assert server.seen[0].headers["ocp-apim-subscription-key"] == KEY
    assert server.seen[0].body.startswith(b"OggS")
    error = pk.QuotaError("Too many.", status=429, retry_after_s=3.0, attempts=2)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (str(again), vars(again)) == (str(error), vars(error))
