"""A server of raw sockets on 127.0.0.1 that remembers every byte and answers as it is told."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPLIES = Path(__file__).parent.parent / "replies"
FLAT = (REPLIES / "flat.json").read_bytes()

CLOSE = b""
"""An answer: the connection ends without a word."""
RESET = object()
"""An answer: the connection is reset."""


@dataclass
class Stall:
    """An answer: some bytes, then nothing for so long."""

    seconds: float
    sent: bytes = b""


@dataclass
class Seen:
    """One request as it came over the wire."""

    connection: int
    head: bytes
    chunks: list[bytes] = field(default_factory=list)
    body: bytes = b""
    body_before_100: bool | None = None  # None: not looked for
    has_body: bool = False

    @property
    def method(self) -> str:
        return self.head.split(b" ", 1)[0].decode()

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def target(self) -> str:
        return self.head.split(b" ", 2)[1].decode()

    @property
    def query(self) -> dict[str, str]:
        return {key: values[0] for key, values in parse_qs(urlsplit(self.target).query).items()}

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


def reply(
    body: bytes | dict[str, Any] | list[Any] = FLAT, status: int = 200, headers: dict[str, str] | None = None
) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Length": str(len(data)), "Content-Type": "application/json", **(headers or {})}
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


class Server:
    """Answers each request with what `answer` returns: bytes, `CLOSE`, `RESET` or a `Stall`.

    `early` may return an answer to the head alone; else a request with Expect gets "100 Continue", unless
    `continues` is False. `watch` looks for body bytes that come before it, which takes 50 ms.
    """

    def __init__(
        self,
        answer: Callable[[Seen], Any] = lambda seen: reply(),
        early: Callable[[Seen], Any] = lambda seen: None,
        *,
        continues: bool = True,
        watch: bool = False,
    ) -> None:
        self.answer, self.early, self.continues, self.watch = answer, early, continues, watch
        self.seen: list[Seen] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._closing = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def to(self, path_end: str) -> list[Seen]:
        """The requests to a path that ends so."""
        return [seen for seen in self.seen if seen.path.endswith(path_end)]

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self._open.add(sock)
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        file = sock.makefile("rb")
        try:
            with contextlib.suppress(OSError, ValueError):
                while self._one(sock, file, number):
                    pass
        finally:
            with self._lock:
                self._open.discard(sock)
            with contextlib.suppress(OSError):
                file.close()
            with contextlib.suppress(OSError):
                sock.close()

    def _one(self, sock: socket.socket, file: Any, number: int) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = file.readline()
            if not line:
                return False
            head += line
        seen = Seen(number, head)
        with self._lock:
            self.seen.append(seen)
        headers = seen.headers
        answer = self.early(seen)
        if answer is not None:
            self._send(sock, answer)
            # Does the client keep its body to itself? It may take a moment to say.
            seen.has_body = bool(select.select([sock], [], [], 0.1)[0]) and bool(file.peek(1))
            return False
        if headers.get("expect", "").lower() == "100-continue":
            if self.watch:
                seen.body_before_100 = bool(select.select([sock], [], [], 0.05)[0])
            if self.continues:
                sock.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding") == "chunked":
            while True:
                size = int(file.readline(), 16)
                chunk = file.read(size)
                file.readline()
                if not size:
                    break
                seen.chunks.append(chunk)
            seen.body = b"".join(seen.chunks)
        else:
            seen.body = file.read(int(headers.get("content-length", 0)))
        seen.has_body = bool(seen.body)
        return self._send(sock, self.answer(seen))

    def _send(self, sock: socket.socket, answer: Any) -> bool:
        """Whether the connection goes on."""
        if answer is RESET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if isinstance(answer, Stall):
            sock.sendall(answer.sent)
            self._closing.wait(answer.seconds)
            return False
        sock.sendall(answer)
        return bool(answer) and b"Connection: close" not in answer and _is_whole(answer)


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next((line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), b":0")
    return len(body) == int(length.split(b":")[1])


class FakeTime:
    """A clock that moves only when somebody sleeps, and remembers how long."""

    def __init__(self) -> None:
        self.now_s = 1_700_000_000.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def clock(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
        time.sleep(0)  # lets others run, as a real one does


def speech(seconds: float = 1.0) -> Any:
    """Something that sounds, as samples."""
    import numpy as np

    t = np.arange(int(seconds * 16_000)) / 16_000
    return (0.3 * np.sin(2 * np.pi * 180 * t) * (1 + np.sin(2 * np.pi * 3 * t)) / 2).astype(np.float32)
