"""The policy, and a service that fails in every way."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit.azure import NO_RETRY, AzureSpeech, RetryPolicy, Timing
from pronounce_kit.azure.retry import retry_after_s

from .server import CLOSE, FLAT, RESET, FakeTime, Seen, Server, Stall, reply, speech

RECORDING = pk.Recording.from_array(speech(0.3), 16_000)
NOW = 1_700_000_000.0


@given(
    st.builds(
        RetryPolicy,
        attempts=st.integers(1, 20),
        first_wait_s=st.floats(0, 1e6),
        factor=st.floats(1, 1e6),
        longest_wait_s=st.floats(0, 1e6),
        jitter=st.floats(0, 1),
    ),
    st.integers(1, 2000),
    st.none() | st.floats(0, 1e9),
    st.floats(0, 1),
)
def test_no_wait_is_longer_than_the_policy_says(
    policy: RetryPolicy, failures: int, asked: float | None, chance: float
) -> None:
    assert 0 <= policy.wait_s(failures, asked, chance) <= policy.longest_wait_s


def test_waits_grow_up_to_the_cap_and_part_of_them_is_chance() -> None:
    policy = RetryPolicy(first_wait_s=1, factor=2, longest_wait_s=5, jitter=0.5)
    assert [policy.wait_s(n) for n in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]
    assert policy.wait_s(3, chance=1.0) == 2
    assert policy.wait_s(1, retry_after_s=3.5) == 3.5
    assert policy.wait_s(1, retry_after_s=3600) == 5
    assert policy.wait_s(3, retry_after_s=1) == 4


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), (" 0.5 ", 0.5), ("-3", 0), (formatdate(NOW + 9, usegmt=True), 9), (formatdate(NOW - 9, usegmt=True), 0),
     ("", None), (None, None), ("soon", None), ("inf", None), ("nan", None), ("Mon, 99 Foo", None)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_s(value, NOW) == seconds


@given(st.text())
def test_no_retry_after_is_an_error(value: str) -> None:
    result = retry_after_s(value, NOW)
    assert result is None or result >= 0


@pytest.mark.parametrize(
    "wrong", [{"attempts": 0}, {"attempts": 1.5}, {"jitter": 2}, {"factor": 0.5}, {"statuses": frozenset({400})},
              {"longest_wait_s": float("inf")}]
)  # fmt: skip
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(pk.ParameterError):
        RetryPolicy(**wrong)


def scripted(*answers: Any) -> Any:
    left = iter(answers)
    return lambda seen: next(left)


@pytest.mark.parametrize(
    ("answers", "waits"),
    [
        ([RESET, CLOSE, reply()], [0.5, 1.0]),
        ([reply(b"", 500), reply(b"", 502), reply(b"", 503), reply()], [0.5, 1.0, 2.0]),
        ([reply(b"", 429, {"Retry-After": "3"}), reply()], [3.0]),
        ([reply(b"", 429, {"Retry-After": formatdate(NOW + 7, usegmt=True)}), reply()], [7.0]),
        ([reply(b"", 503, {"Retry-After": "3600"}), reply()], [20.0]),
        ([reply(b"", 408), reply(b"", 504), reply()], [0.5, 1.0]),
        ([Stall(3), reply()], [0.5]),
    ],
)
def test_what_may_pass_is_tried_again(answers: list[Any], waits: list[float]) -> None:
    times = FakeTime()
    timing = Timing(sleep=times.sleep, now=lambda: NOW, chance=lambda: 0.0)
    with Server(scripted(*answers)) as server:
        service = AzureSpeech("some-key", endpoint=server.url, timing=timing, timeout=(1, 0.15))
        assert service.assess(RECORDING, "Good morning.").status == "Success"
    assert times.slept == waits
    assert len(server.seen) == len(answers)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (reply({"Message": "Invalid CID or language"}, 400), pk.BadRequestError, "Check language"),
        (reply({"Message": "Unsupported audio format"}, 400), pk.BadRequestError, "16 kHz mono"),
        (reply(b"", 400), pk.BadRequestError, "Check language, audio format"),
        (reply({"error": {"code": "401", "message": "Access denied"}}, 401), pk.AuthenticationError, "belongs to"),
        (reply({"error": {"code": "403", "message": "no key"}}, 403), pk.AuthenticationError, "key or token is given"),
        (reply({"error": {"code": "403", "message": "Out of call volume quota."}}, 403), pk.QuotaError, "renewed"),
        (reply(b"", 403, {"Retry-After": "60"}), pk.QuotaError, "renewed"),
        (reply(b"<html>404</html>", 404), pk.BadRequestError, "There is no Speech service"),
        (reply(b"", 413), pk.BadRequestError, "Split it"),
        (reply(b"", 415), pk.BadRequestError, "format"),
        (reply(b"", 418), pk.BadRequestError, "does not accept"),
        (reply(b"", 501), pk.BadRequestError, "cannot do this"),
        (reply(b"<html>Sign in to the Wi-Fi</html>"), pk.GarbledReplyError, "sign in"),
        (reply(b"\xff\xfe"), pk.GarbledReplyError, "not a reply"),
        (reply([1, 2]), pk.GarbledReplyError, "JSON object"),
        (reply({"hello": "world"}), pk.GarbledReplyError, "hello"),
        (FLAT, pk.NetworkError, "failed"),
        (reply()[:-100], pk.NetworkError, "broke off"),
        (Stall(3, reply()[:-100]), pk.ServiceTimeoutError, "stopped for 0.15 s"),
    ],
)
def test_what_cannot_pass_is_an_error_at_once_that_names_the_cause(answer: Any, kind: type, words: str) -> None:
    times = FakeTime()
    retry = NO_RETRY if answer is FLAT else None
    with Server(lambda seen: answer) as server:
        service = AzureSpeech(
            "some-key", endpoint=server.url, timing=Timing(sleep=times.sleep), timeout=(1, 0.15), retry=retry
        )
        with pytest.raises(kind, match=words) as caught:
            service.assess(RECORDING, "Good morning.")
    assert type(caught.value) is kind
    assert len(server.seen) == 1
    assert times.slept == []
    assert caught.value.attempts == 1


def test_an_error_says_what_the_service_said_and_which_request_it_was() -> None:
    answer = reply(
        {"error": {"code": "429", "message": "Slow  down\n now"}}, 429, {"X-RequestId": "r-17", "Retry-After": "2"}
    )
    with Server(lambda seen: answer) as server:
        service = AzureSpeech("some-key", endpoint=server.url, retry=NO_RETRY)
        with pytest.raises(pk.QuotaError) as caught:
            service.assess(RECORDING, "x")
    error = caught.value
    assert (error.status, error.request_id, error.service_message) == (429, "r-17", "Slow down now")
    assert (error.retry_after_s, error.retryable) == (2.0, True)
    assert "free tier takes one" in str(error)


def test_attempts_end_where_the_policy_says_and_the_error_counts_them() -> None:
    times = FakeTime()
    with Server(lambda seen: reply(b"", 503)) as server:
        service = AzureSpeech(
            "some-key", endpoint=server.url, retry=RetryPolicy(attempts=3), timing=Timing(sleep=times.sleep)
        )
        with pytest.raises(pk.ServiceUnavailableError, match=r"3 attempts") as caught:
            service.assess(RECORDING, "x")
    assert len(server.seen) == caught.value.attempts == 3
    assert len(times.slept) == 2


def test_a_port_where_nobody_listens_is_a_network_error() -> None:
    with Server() as server:
        url = server.url
    with pytest.raises(pk.NetworkError, match="connection refused") as caught:
        AzureSpeech("some-key", endpoint=url, retry=NO_RETRY).assess(RECORDING, "x")
    assert caught.value.retryable
    assert caught.value.status is None


@pytest.mark.slow
def test_a_thousand_recordings_through_a_service_that_fails_in_every_way() -> None:
    """Each ends in a result or an error that names its cause; none is sent again after a success."""
    rng, lock = random.Random(5), threading.Lock()  # noqa: S311  # the same faults in every run
    tokens = {"n": 0, "revoked": 0}
    sent, succeeded, after_success = Counter[str](), set[str](), []
    faults = [
        lambda: RESET,
        lambda: CLOSE,
        lambda: reply()[: rng.randrange(1, 400)],
        lambda: reply()[:-1],
        lambda: reply(b"<html>proxy</html>"),
        lambda: reply(b"not json"),
        lambda: reply(b"", 429, {"Retry-After": "2"}),
        lambda: reply(b"", 429, {"Retry-After": formatdate(NOW + 60, usegmt=True)}),
        lambda: reply({"error": {"code": "500", "message": "internal"}}, 500),
        lambda: reply(b"", 503, {"Retry-After": "1"}),
        lambda: Stall(2.0),
        lambda: Stall(2.0, reply()[:300]),
        lambda: reply({"Message": "Unsupported audio format"}, 400),
    ]
    burst = {"left": 0}

    def answer(seen: Seen) -> Any:
        with lock:
            if seen.path.endswith("issueToken"):
                tokens["n"] += 1
                return reply(f"token-{tokens['n']}".encode())
            token = int(seen.headers["authorization"].rpartition("-")[2])
            name = json.loads(
                pk.PronunciationScoreParams.from_base64(seen.headers["pronunciation-assessment"]).to_json()
            )
            name = name["ReferenceText"]
            if name in succeeded:
                after_success.append(name)
            sent[name] += 1
            if token <= tokens["revoked"]:
                return reply({"error": {"code": "401", "message": "expired"}}, 401)
            if sum(sent.values()) in (300, 800):
                tokens["revoked"] = token
            if not burst["left"] and rng.random() < 0.01:
                burst["left"] = 15
            if burst["left"]:
                burst["left"] -= 1
                return reply(b"", 503)
            if rng.random() < 0.3:
                weights = [8, 8, 4, 4, 4, 4, 8, 8, 8, 8, 1, 1, 4]
                return rng.choices(faults, weights)[0]()
            succeeded.add(name)
            return reply()

    times, policy = FakeTime(), RetryPolicy(longest_wait_s=9.0)
    timing = Timing(sleep=times.sleep, now=lambda: NOW, chance=rng.random)
    start = time.monotonic()
    with Server(answer) as server, ThreadPoolExecutor(24) as threads:
        service = AzureSpeech(
            "some-key", endpoint=server.url, use_token=True, retry=policy, timing=timing, timeout=(4, 1.0)
        )

        def one(name: str) -> str:
            try:
                result = service.assess(RECORDING, name)
            except pk.ServiceError as error:
                assert str(error).endswith((".", ".)"))
                return type(error).__name__
            assert result.status == "Success"
            return "result"

        names = [f"Sentence {n}." for n in range(1000)]
        ends = dict(zip(names, threads.map(one, names), strict=True))
        service.close()
    counts = Counter(ends.values())
    assert counts["result"] > 800, counts
    assert {name for name, end in ends.items() if end == "result"} == succeeded, "a success was not reported as such"
    assert after_success == []
    assert max(sent.values()) <= policy.attempts + 1  # one more with a new token
    assert set(counts) <= {
        "result", "NetworkError", "ServiceTimeoutError", "GarbledReplyError", "QuotaError", "BadRequestError",
        "ServiceUnavailableError", "AuthenticationError",
    }  # fmt: skip
    assert {"NetworkError", "GarbledReplyError", "BadRequestError"} <= set(counts)
    assert tokens == {"n": 3, "revoked": 2}
    assert times.slept
    assert max(times.slept) == policy.longest_wait_s
    assert time.monotonic() - start < 20
