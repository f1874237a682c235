from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

import pronounce_kit
from pronounce_kit.errors import (
    AuthenticationError,
    BadRequestError,
    NetworkError,
    ParameterError,
    QuotaError,
    ServiceTimeoutError,
)
from pronounce_kit.local import LocalSpeech
from pronounce_kit.server import Limits, run

from .conftest import Spoken
from .live import (
    KEY,
    SPEAK,
    STT,
    TOKEN,
    TTS,
    WAV,
    WITH_KEY,
    Live,
    Waits,
    WithFixedRecognition,
    chunk,
    encoded,
    head,
    received,
)

LANGUAGE = f"{STT}?language=en-US"


def wait_for(condition: Any, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture(scope="module")
def small(speech: LocalSpeech) -> Any:
    """A server with small limits."""
    with Live(WithFixedRecognition(speech), limits=Limits(body_bytes=1_000_000, idle_s=0.3, upload_s=1.0)) as live:
        yield live


def test_a_body_over_the_limit_is_refused_whatever_it_declares(small: Live) -> None:
    whole = small.post(STT, bytes(1_500_000), WAV, language="en-US")
    chunked = small.post(STT, iter([bytes(100_000)] * 15), WAV, language="en-US")
    for reply in (whole, chunked):
        assert reply.status_code == 413
        assert reply.json()["error"]["message"].startswith("The body of the request is larger than 1,000,000 bytes.")
    lying = small.raw(head(LANGUAGE, Content_Type="audio/wav", Content_Length="9" * 18, Expect="100-continue"))
    assert lying.startswith(b"HTTP/1.1 413")


def test_an_endless_upload_is_cut_off(small: Live) -> None:
    sent = 0
    with socket.create_connection(("127.0.0.1", small.port), timeout=10) as sock, contextlib.suppress(ConnectionError):
        sock.sendall(head(LANGUAGE, Content_Type="audio/wav", Transfer_Encoding="chunked"))
        while sent < 500_000_000:
            sock.sendall(chunk(bytes(100_000)))
            sent += 100_000
    assert sent < 100_000_000


_KEEPS_REPLY = pytest.mark.skipif(sys.platform == "win32", reason="Windows drops a reply that a reset comes behind")


@pytest.mark.parametrize("pieces", [[], [b"RIFF"], pytest.param([b"R"] * 12, marks=_KEEPS_REPLY)])
def test_a_slow_body_gets_408(small: Live, pieces: list[bytes]) -> None:
    started = time.monotonic()
    request = head(LANGUAGE, Content_Type="audio/wav", Content_Length="5000")
    reply = small.raw(request, *pieces, pause_s=0.12)
    assert reply.startswith(b"HTTP/1.1 408")
    assert b"connection: close" in reply.lower()
    assert b"x-requestid" in reply.lower()
    assert time.monotonic() - started < 4


def test_a_slow_body_does_not_keep_others_waiting(small: Live) -> None:
    with socket.create_connection(("127.0.0.1", small.port), timeout=10) as sock:
        sock.sendall(head(LANGUAGE, Content_Type="audio/wav", Content_Length="5000"))
        assert small.post(STT, b"", WAV, language="en-US").status_code == 200
        assert received(sock).startswith(b"HTTP/1.1 408")


def test_a_slow_head_is_cut_off(speech: LocalSpeech, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "HEAD_S", 0.3)
    with Live(WithFixedRecognition(speech)) as live:
        for sent in (b"", b"POST / HTTP/1.1\r\nHost: x\r\n"):
            with socket.create_connection(("127.0.0.1", live.port), timeout=5) as sock:
                sock.sendall(sent)
                assert sock.recv(100) == b""
        with requests.Session() as session:  # but not a connection that works
            for _ in range(5):
                assert session.get(live.url + "/health", timeout=5).ok
                time.sleep(0.12)


def test_a_client_that_goes_away_is_no_error(small: Live) -> None:
    with socket.create_connection(("127.0.0.1", small.port), timeout=5) as sock:
        sock.sendall(head(LANGUAGE, Content_Type="audio/wav", Content_Length="5000") + b"RIFF")
    wait_for(lambda: '"status": 499' in small.log)
    assert "error" not in small.log


def test_over_the_queue_the_answer_is_429_and_nothing_else_is_lost(speech: LocalSpeech, spoken: Spoken) -> None:
    service = Waits(speech)
    with Live(service, limits=Limits(workers=1, queue=2)) as live, ThreadPoolExecutor(8) as pool:
        accepted = [pool.submit(live.assess, spoken.wav) for _ in range(3)]
        pending = lambda: requests.get(live.url + "/health", timeout=5).json()["pending"]  # noqa: E731
        wait_for(lambda: pending() == 3)
        refused = live.assess(spoken.wav)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.json()["error"]["code"] == "429"
        assert live.post(TTS, b"<speak>Hi</speak>", SPEAK).status_code == 429
        assert live.post(TOKEN).status_code == 200  # needs no engine
        wait_for(lambda: service.running)
        assert service.running == 1
        service.go.set()
        assert [reply.result().status_code for reply in accepted] == [200] * 3
        wait_for(lambda: pending() == 0)
        assert live.assess(spoken.wav).status_code == 200


def test_too_many_uploads_at_a_time_get_429(speech: LocalSpeech) -> None:
    with Live(WithFixedRecognition(speech), limits=Limits(uploads=1, idle_s=5)) as live:
        with socket.create_connection(("127.0.0.1", live.port), timeout=5) as sock:
            sock.sendall(head(LANGUAGE, Content_Type="audio/wav", Content_Length="5000", Expect="100-continue"))
            assert b"100" in sock.recv(100)
            assert live.post(STT, b"", WAV, language="en-US").status_code == 429
        wait_for(lambda: live.post(STT, b"", WAV, language="en-US").status_code == 200)


def test_the_engine_does_not_block_the_event_loop(speech: LocalSpeech, spoken: Spoken) -> None:
    service = Waits(speech)
    with Live(service, limits=Limits(workers=1)) as live, ThreadPoolExecutor(2) as pool:
        running = pool.submit(live.assess, spoken.wav)
        wait_for(lambda: service.running)
        assert requests.get(live.url + "/health", timeout=2).json()["pending"] == 1
        service.go.set()
        assert running.result().ok


def test_stopping_finishes_what_is_running_and_takes_nothing_new(speech: LocalSpeech, spoken: Spoken) -> None:
    service = Waits(speech)
    with Live(service, limits=Limits(workers=1)) as live, ThreadPoolExecutor(2) as pool:
        accepted = [pool.submit(live.assess, spoken.wav) for _ in range(2)]  # one runs, one waits
        wait_for(lambda: requests.get(live.url + "/health", timeout=5).json()["pending"] == 2)
        live.server.should_exit = True
        wait_for(lambda: _refuses(live.port))
        service.go.set()
        assert [reply.result().json()["RecognitionStatus"] for reply in accepted] == ["Success"] * 2
        live.stop()
    assert live.log.count('"status": 200') >= 2


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return True
    return False


class Fails(WithFixedRecognition):
    """Raises what it is told to."""

    error: BaseException = RuntimeError()

    def recognize(self, recording: Any, **options: Any) -> Any:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (QuotaError("x", retry_after_s=12.3), 429, {"Retry-After": "13"}),
        (QuotaError("x"), 429, {"Retry-After": "1"}),
        (ServiceTimeoutError("x"), 504, {}),
        (BadRequestError("x", service_message="Invalid CID or language"), 400, {}),
        (AuthenticationError("the key SECRET is wrong"), 502, {}),
        (NetworkError("no way to SECRET"), 502, {}),
        (RuntimeError("SECRET"), 500, {}),
        (AssertionError(), 500, {}),
        (RecursionError("SECRET"), 500, {}),
        (MemoryError("SECRET"), 500, {}),
    ],
)
def test_failures_behind_the_server_have_a_status_and_tell_nothing_else(
    speech: LocalSpeech, spoken: Spoken, error: Exception, status: int, headers: dict[str, str]
) -> None:
    service = Fails(speech)
    service.error = error
    with Live(service) as live:
        reply = live.post(STT, spoken.wav, WAV, language="en-US")
    assert reply.status_code == status
    assert headers.items() <= reply.headers.items()
    assert "SECRET" not in reply.text + live.log
    assert "Traceback" not in reply.text + live.log
    entry = json.loads(live.log.splitlines()[-1])
    assert entry["request_id"] == reply.headers["X-RequestId"]
    if status == 500:
        assert entry["request_id"] in reply.text
        assert "a fault of its own, not of the request" in reply.text
        assert entry["error"].startswith(f"{type(error).__name__} at test_limits.py:")
        assert entry["traceback"][0].startswith("test_limits.py:")
        assert any(call.startswith("recognition.py:") for call in entry["traceback"])
        assert f"pronounce_kit {pronounce_kit.__version__}" in entry["versions"]


def test_a_fault_while_decoding_is_the_servers_and_not_an_unsupported_format(
    speech: LocalSpeech, spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(*_: object, **__: object) -> None:
        raise TypeError("open() got an unexpected keyword argument 'SECRET'")

    with Live(WithFixedRecognition(speech)) as live:
        monkeypatch.setattr("av.open", changed)
        sounds = ((spoken.wav, WAV), (spoken.ogg, {"Content-Type": "audio/ogg; codecs=opus"}))
        replies = [live.post(STT, audio, kind, language="en-US") for audio, kind in sounds]
    for reply, line in zip(replies, live.log.splitlines(), strict=True):
        assert reply.status_code == 500
        assert "a fault of its own, not of the request" in reply.text
        entry = json.loads(line)
        assert entry["error"].startswith("TypeError at test_limits.py:")
        assert any(call.startswith("_codec.py:") for call in entry["traceback"])
        assert "SECRET" not in reply.text + line


def test_the_log_has_a_line_of_json_for_each_request_and_no_secrets(speech: LocalSpeech, spoken: Spoken) -> None:
    with Live(WithFixedRecognition(speech)) as live:
        token = live.post(TOKEN).text
        params = encoded(ReferenceText="Zanzibar marmalade.")
        live.post(
            STT,
            spoken.wav,
            {**WAV, "Authorization": f"Bearer {token}"},
            language="en-US",
            pronunciationScoreParams=params,
        )
        live.post(TTS, b"<speak>Zanzibar marmalade.</speak>", SPEAK)
        live.post(TTS, b"<speak>Zanzibar marmalade", SPEAK)
        live.post(f"/{KEY}/x", b"Zanzibar", {})
        live.post("/line\nbreak", b"", {})
        live.post(STT, b"", {"Ocp-Apim-Subscription-Key": "an-almost-right-key"}, language="en-US")
        garbled = live.raw(b"Zanzibar marmalade\r\n\r\n")
        assert garbled.startswith(b"HTTP/1.1 400")
        assert b"x-requestid: " in garbled
    entries = [json.loads(line) for line in live.log.splitlines()]
    assert [entry.get("status") for entry in entries] == [200, 200, 200, 400, 404, 404, 401, 400]
    first = entries[1]
    assert (first["method"], first["path"], first["bytes_in"]) == ("POST", STT, len(spoken.wav))
    assert first["ms"] > 1
    assert first["time"].endswith("+00:00")
    assert len({entry.get("request_id") for entry in entries}) == 8
    for secret in (KEY, token, params, "an-almost-right-key", "anzibar", "marmalade", "language="):
        assert secret not in live.log, secret


def test_nothing_is_logged_as_an_error_when_all_is_well(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert requests.get(live.url + "/health", timeout=5).ok
    assert not caplog.records


@pytest.mark.parametrize(
    "wrong", [{"workers": 0}, {"audio_s": -1}, {"queue": -1}, {"body_bytes": True}, {"idle_s": float("nan")}]
)
def test_limits_that_make_no_sense_are_errors(wrong: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match=next(iter(wrong))):
        Limits(**wrong)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for one process")
@pytest.mark.parametrize(("signal_number", "codes"), [(signal.SIGINT, {0}), (signal.SIGTERM, {-signal.SIGTERM, 143})])
def test_the_command_serves_prints_examples_that_work_and_stops(
    tmp_path: Path, signal_number: int, codes: set[int]
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SPEECH_")}
    process = subprocess.Popen(
        [str(Path(sys.executable).with_name("pronounce-kit")), "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env={**environment, "PYTHONUNBUFFERED": "1"},
    )
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
    reader.start()
    try:
        wait_for(lambda: any("pk.AzureSpeech" in line for line in lines), 40)
        text = "".join(lines)
        url = lines[0].split()[2]
        key = lines[1].removeprefix("Key: ").strip()
        assert len(key) == 32
        wait_for(lambda: not _refuses(int(url.rsplit(":", 1)[1])), 10)
        if signal_number == signal.SIGINT:
            commands = [line.strip() for line in lines if line.startswith("  curl ")]
            for command in commands:
                done = subprocess.run(["bash", "-c", command], capture_output=True, cwd=tmp_path, timeout=30)
                assert done.returncode == 0, done.stderr
            assert json.loads(done.stdout)["RecognitionStatus"] == "Success"
            wait_for(lambda: "print(" in "".join(lines))
            program = "\n".join(line[2:] for line in "".join(lines).split("With Python:\n")[1].splitlines())
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
            assert "Assessment Success" in done.stdout, done.stderr
        assert requests.post(url + TOKEN, headers={**WITH_KEY}, timeout=5).status_code == 401
    finally:
        process.send_signal(signal_number)
        _, errors = process.communicate(timeout=20)
    assert process.returncode in codes, errors
    assert key not in errors
    assert "Traceback" not in errors + text
    for line in errors.splitlines():
        json.loads(line)
