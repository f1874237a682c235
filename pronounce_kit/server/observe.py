"""Around each request: its id, its line in the log, its unread body, and no stack trace.

The log has one line of JSON a request, on the logger `pronounce_kit.server`. It never has a header, query, body or
error message, in which keys, tokens, texts and audio would be.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timezone
from pathlib import Path
from traceback import extract_tb

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import InternalError
from ..faults import internal_error
from .failures import failure

LOG = logging.getLogger("pronounce_kit.server")

FAULT = "The server failed: a fault of its own, not of the request. Its log has more on request {}."
"""Body of a 500, with the request's id."""

CLIENT_GONE = 499
"""Status in the log of a request whose client went away before the reply; nginx's number for it."""

_DRAIN_BYTES = 20_000_000
_DRAIN_S = 2.0
_LONGEST_PATH = 200
_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class Observed:
    """ASGI middleware.

    secrets
        What is cut out of a path before it is logged: nobody should put a key there, but somebody will.
    """

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.time, secrets: Iterable[str] = ()) -> None:
        self._app = app
        self._clock = clock
        self._secrets = tuple(filter(None, secrets))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send)
        started = time.perf_counter()
        problem: dict[str, object] | None = None
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.status = exchange.status or CLIENT_GONE
        except Exception as error:  # the outermost place: a client gets an answer, whatever happened
            problem = faults_in(error)
            if not exchange.status:
                await failure(500, FAULT.format(exchange.id))(scope, exchange.receive, exchange.send)
        finally:
            entry: dict[str, object] = {
                "time": datetime.fromtimestamp(self._clock(), timezone.utc).isoformat(timespec="milliseconds"),
                "request_id": exchange.id,
                "method": scope["method"],
                "path": self._shown(scope["path"]),
                "status": exchange.status,
                "ms": round((time.perf_counter() - started) * 1000, 1),
                "bytes_in": exchange.bytes_in,
                "bytes_out": exchange.bytes_out,
            }
            if problem:
                entry |= problem
            LOG.log(logging.ERROR if problem else logging.INFO, "%s", json.dumps(entry))

    def _shown(self, path: str) -> str:
        for secret in self._secrets:
            path = path.replace(secret, "[key]")
        return path[:_LONGEST_PATH]


class _Exchange:
    """One request and its reply, counted."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.id = uuid.uuid4().hex
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        self._receive = receive
        self._send = send
        headers = dict(scope["headers"])
        self._waits_for_100 = headers.get(b"expect", b"").lower() == b"100-continue"
        self._body_ended = False

    async def receive(self) -> Message:
        self._waits_for_100 = False
        message = await self._receive()
        if message["type"] == "http.request":
            self.bytes_in += len(message.get("body", b""))
            self._body_ended = not message.get("more_body", False)
        else:
            self._body_ended = True
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), (b"x-requestid", self.id.encode())]
            present = {name.lower() for name, _ in headers}
            headers += [header for header in _HEADERS if header[0] not in present]
            if not self._body_ended and not await self._drained():
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
        elif message["type"] == "http.response.body":
            self.bytes_out += len(message.get("body", b""))
        await self._send(message)

    async def _drained(self) -> bool:
        """Read what is left of the body, if it is not too much.

        Most clients look for the reply only after they sent everything. Closing the connection before that would
        cost them the reply. A client that waits for "100 Continue" has sent nothing, and must not be told to.
        """
        if self._waits_for_100 or self.status == 408:
            return False
        end, last = time.monotonic() + _DRAIN_S, self.bytes_in + _DRAIN_BYTES
        try:
            while not self._body_ended and self.bytes_in < last:
                await asyncio.wait_for(self.receive(), end - time.monotonic())
        except asyncio.TimeoutError:
            return False
        return self._body_ended


def faults_in(error: Exception) -> dict[str, object]:
    """What the log has on an exception: kind, traceback, innermost call first, and versions.

    Without its message, which may quote a text. The kind is that of the exception behind an `InternalError`.
    """
    fault = internal_error(error)
    versions = fault.versions if isinstance(fault, InternalError) else ""
    root = fault.__cause__ if isinstance(fault, InternalError) and fault.__cause__ else fault
    frames = [*extract_tb(error.__traceback__), *(extract_tb(root.__traceback__) if root is not error else ())]
    calls = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in reversed(frames)]
    return {
        "error": f"{type(root).__name__} at {' < '.join(calls[:4]) or 'an unknown place'}",
        "traceback": calls,
        "versions": versions,
    }
