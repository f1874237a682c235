"""Listening, logging and stopping: the app on uvicorn."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ..errors import InputError
from .failures import failure
from .observe import LOG

HEAD_S = 10.0
"""Longest time, in seconds, for the head of a request; the connection is closed over it."""

STOP_S = 60
"""Longest time, in seconds, that running requests get to finish when the server stops."""

_HEAD_BYTES = 64 * 1024


def is_loopback(host: str) -> bool:
    """Whether an address is on this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one. Raises `InputError` where that is not possible."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not an address"
        raise InputError(
            f"The server cannot listen at {host} port {port} ({reason}). Choose another port, or 0 for a free one."
        ) from None


def url_of(listener: socket.socket) -> str:
    """The address of a listening socket, for people and programs on this machine."""
    host, port = listener.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def server_of(app: ASGIApp) -> uvicorn.Server:
    """The server for an app; `server.run(sockets=[listener])` runs it, `server.should_exit = True` stops it.

    It stops on SIGINT and SIGTERM too. Stopping takes no new requests and finishes the running ones.
    """
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=STOP_S,
            h11_max_incomplete_event_size=_HEAD_BYTES,
        )
    )


@contextmanager
def running(app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> Iterator[str]:
    """Serve an app from a thread of this process while the `with` block runs.

    Parameters
    ----------
    app : ASGI application
        As of `create_app`.
    host : str
        Address to listen at.
    port : int
        0 takes a free one.

    Yields
    ------
    str
        The server's address.

    Raises
    ------
    InputError
        Where it cannot listen.

    Examples
    --------
    >>> from pronounce_kit.server import create_app, running
    >>> with running(create_app(service)) as address:
    ...     pk.AzureSpeech(endpoint=address).assess(recording, text).status
    'Success'
    """
    listener = listen(host, port)
    server = server_of(app)
    # What connects before the server has started waits in the listener's queue.
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="pronounce-kit-serve", daemon=True
    )
    thread.start()
    try:
        yield url_of(listener)
    finally:
        server.should_exit = True
        thread.join(STOP_S)
        listener.close()


def log_to_stderr() -> None:
    """Write the log, ours and uvicorn's, to stderr: a line of JSON an entry."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for logger, level in ((LOG, logging.INFO), (logging.getLogger("uvicorn"), logging.ERROR)):
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


class JsonLines(logging.Formatter):
    """One line of JSON an entry; of an exception only its kind."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        if record.name == LOG.name:  # is JSON already
            return record.getMessage()
        entry: dict[str, Any] = {
            "time": _timestamp(record.created),
            "level": record.levelname,
            "message": record.getMessage().strip(),
        }
        if record.exc_info and record.exc_info[0]:
            entry["error"] = record.exc_info[0].__name__
        return json.dumps(entry)


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


class _Protocol(H11Protocol):
    """uvicorn's, which waits forever for the head of a request, with a limit to that."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, which no app gets to see, as the app would."""
        request_id = uuid.uuid4().hex
        reply = failure(400, msg, {"X-RequestId": request_id, "Connection": "close"})
        events = (h11.Response(status_code=400, headers=reply.raw_headers, reason=b"Bad Request"),
                  h11.Data(data=bytes(reply.body)), h11.EndOfMessage())  # fmt: skip
        for event in events:
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        LOG.info("%s", json.dumps({"time": _timestamp(time.time()), "request_id": request_id, "status": 400}))

    def _watch(self) -> None:
        """Start the clock where a head is awaited, stop it where one is complete."""
        if self.conn.their_state is not h11.IDLE:
            if self._deadline is not None:
                self._deadline.cancel()
            self._deadline = None
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_S, self._close)

    def _close(self) -> None:
        # A request that came in one piece, reply included, leaves the clock running: it is no slow one.
        self._deadline = None
        busy = self.cycle is not None and not self.cycle.response_complete
        if not busy and not self.transport.is_closing():
            self.transport.close()
