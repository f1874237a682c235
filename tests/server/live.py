"""The real server on a free port of this machine, and what to send to it."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import logging
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Any

import psutil
import requests

from pronounce_kit.local import LocalSpeech
from pronounce_kit.recognition import Recognition
from pronounce_kit.recording import Recording
from pronounce_kit.results import Assessment
from pronounce_kit.server import Limits, create_app
from pronounce_kit.server.run import JsonLines, listen, server_of, url_of
from pronounce_kit.service import SpeechService

KEY = "0123456789abcdef0123456789abcdef"
STT = "/speech/recognition/conversation/cognitiveservices/v1"
TTS = "/cognitiveservices/v1"
TOKEN = "/sts/v1.0/issueToken"  # noqa: S105 - a path, not a secret
VOICES = "/cognitiveservices/voices/list"
WAV = {"Content-Type": "audio/wav; codecs=audio/pcm; samplerate=16000"}
WITH_KEY = {"Ocp-Apim-Subscription-Key": KEY}
SPEAK = {"Content-Type": "application/ssml+xml", "X-Microsoft-OutputFormat": "riff-16khz-16bit-mono-pcm"}
TEXT = "Good morning."

FIXED = {
    "RecognitionStatus": "Success",
    "Offset": 400000,
    "Duration": 11000000,
    "DisplayText": "Remind me to buy 5 pencils.",
    "NBest": [
        {
            "Confidence": 0.87,
            "Lexical": "remind me to buy five pencils",
            "ITN": "remind me to buy 5 pencils",
            "MaskedITN": "remind me to buy 5 pencils",
            "Display": "Remind me to buy 5 pencils.",
        }
    ],
}


class WithFixedRecognition:
    """The embedded engine, but speech without a reference text is always the sentence of the seeds."""

    def __init__(self, speech: LocalSpeech) -> None:
        self._speech = speech
        self.asked: list[dict[str, str]] = []

    def assess(self, recording: Any, reference_text: str | None = None, **options: Any) -> Assessment:
        return self._speech.assess(recording, reference_text, **options)

    def recognize(
        self, recording: Any, *, language: str = "en-US", format: str = "simple", profanity: str = "masked"
    ) -> Recognition:
        Recording.of(recording)
        self.asked.append({"language": language, "format": format, "profanity": profanity})
        return Recognition.from_json(FIXED)

    def synthesize(self, text: str, **options: Any) -> bytes:
        return self._speech.synthesize(text, **options)

    def voices(self) -> list[dict[str, Any]]:
        return self._speech.voices()


class Waits(WithFixedRecognition):
    """The same, but each assessment waits until `go` is set."""

    def __init__(self, speech: LocalSpeech) -> None:
        super().__init__(speech)
        self.go = threading.Event()
        self.running = 0

    def assess(self, recording: Any, reference_text: str | None = None, **options: Any) -> Assessment:
        self.running += 1
        assert self.go.wait(20)
        return super().assess(recording, reference_text, **options)


class Live:
    """uvicorn in a thread, as `pronounce-kit serve` runs it; its log is kept in `log`."""

    def __init__(
        self, service: SpeechService, *, key: str | None = KEY, limits: Limits | None = None, **more: Any
    ) -> None:
        self._listener = listen("127.0.0.1", 0)
        self.url = url_of(self._listener)
        self.port = self._listener.getsockname()[1]
        self._stream = io.StringIO()
        self._handler = logging.StreamHandler(self._stream)
        self._handler.setFormatter(JsonLines())
        self.server = server_of(create_app(service, key=key, limits=limits, **more))
        self._thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    def __enter__(self) -> Live:
        for name in ("pronounce_kit.server", "uvicorn"):
            logger = logging.getLogger(name)
            logger.addHandler(self._handler)
            logger.setLevel(logging.INFO if name != "uvicorn" else logging.ERROR)
        self._thread.start()
        while not self.server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        for name in ("pronounce_kit.server", "uvicorn"):
            logging.getLogger(name).removeHandler(self._handler)

    def stop(self) -> None:
        self.server.should_exit = True
        self._thread.join(30)
        assert not self._thread.is_alive()

    @property
    def log(self) -> str:
        return self._stream.getvalue()

    def post(
        self, path: str, body: Any = b"", headers: dict[str, str] | None = None, **query: str
    ) -> requests.Response:
        """With the key, unless the headers have an Authorization or a key of their own ("" sends none)."""
        given = dict(headers or {})
        if "Authorization" not in given:
            given = {**WITH_KEY, **given}
        given = {name: value for name, value in given.items() if value}
        return requests.post(self.url + path, data=body, headers=given, params=query, timeout=30)

    def assess(self, body: Any, headers: dict[str, str] | None = None, **params: Any) -> requests.Response:
        """Assess audio against `TEXT`, or the ReferenceText of `params`."""
        sent = {**WAV, "Pronunciation-Assessment": encoded(**params), **(headers or {})}
        return self.post(STT, body, sent, language="en-US")

    def raw(self, *pieces: bytes, pause_s: float = 0.0) -> bytes:
        """All that comes back for these bytes, until the server closes the connection or says nothing for a while."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as sock:
            with contextlib.suppress(BrokenPipeError):  # the reply came before the last piece
                for piece in pieces:
                    sock.sendall(piece)
                    time.sleep(pause_s)
            return received(sock)


def received(sock: socket.socket) -> bytes:
    """One reply, or what there is when the connection ends."""
    data = b""
    while True:
        head, found, body = data.partition(b"\r\n\r\n")
        if found and head.startswith(b"HTTP/1.1 100"):
            data = body
            continue
        if found:
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            if len(body) >= int(length.split(b":")[1]):
                return data
        piece = sock.recv(65536)
        if not piece:
            return data
        data += piece


def encoded(**params: Any) -> str:
    values = {"ReferenceText": TEXT, "GradingSystem": "HundredMark", "Dimension": "Comprehensive", **params}
    return base64.b64encode(json.dumps(values).encode()).decode()


def head(path: str, **headers: str) -> bytes:
    """The head of a POST, with the key."""
    lines = [f"POST {path} HTTP/1.1", "Host: westus.stt.speech.microsoft.com", f"Ocp-Apim-Subscription-Key: {KEY}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def wav(samples: bytes, *, size: int | None = None, riff: int | None = None, tag: int = 1, channels: int = 1,
        rate: int = 16000, bits: int = 16, layout_size: int = 16) -> bytes:  # fmt: skip
    """A WAV file that may lie about its sizes."""
    size = len(samples) if size is None else size
    layout = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    layout = layout.ljust(layout_size, b"\0")
    return (
        struct.pack("<4sI4s4sI", b"RIFF", 36 + size if riff is None else riff, b"WAVE", b"fmt ", layout_size)
        + layout
        + struct.pack("<4sI", b"data", size)
        + samples
    )


def resident_mb() -> float:
    """Memory of this process."""
    return float(psutil.Process().memory_info().rss) / 1e6
