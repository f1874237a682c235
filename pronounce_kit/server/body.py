"""Request bodies, bounded in size and time, whatever the headers claim."""

from __future__ import annotations

import asyncio
import time

from starlette.requests import ClientDisconnect, Request

from .failures import RefusalError, busy
from .limits import Limits


class Uploads:
    """Receives bodies, a limited number at a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._running = 0

    async def read(self, request: Request, limit: int) -> bytes:
        """The whole body.

        Raises `RefusalError`: 413 over `limit` bytes, 408 if it comes too slowly, 429 if too many come at a time; and
        `ClientDisconnect` if it ends too early.
        """
        if _declared_bytes(request) > limit:  # before a client that waits for "100 Continue" has sent anything
            raise _too_large(limit)
        if self._running >= self._limits.uploads:
            raise busy()
        self._running += 1
        try:
            return await self._read(request, limit)
        finally:
            self._running -= 1

    async def _read(self, request: Request, limit: int) -> bytes:
        body = bytearray()
        end = time.monotonic() + self._limits.upload_s
        more = True
        while more:
            wait_s = min(self._limits.idle_s, end - time.monotonic())
            try:
                message = await asyncio.wait_for(request.receive(), max(wait_s, 0.001))
            except asyncio.TimeoutError:
                raise RefusalError(
                    408, "The body of the request came too slowly. Check the network and try again."
                ) from None
            if message["type"] != "http.request":
                raise ClientDisconnect
            body += message.get("body", b"")
            if len(body) > limit:
                raise _too_large(limit)
            more = message.get("more_body", False)
        return bytes(body)


def _declared_bytes(request: Request) -> int:
    """What Content-Length says, 0 without it or if it is no number: the body itself is counted in any case."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() and declared.isascii() and len(declared) < 20 else 0


def _too_large(limit: int) -> RefusalError:
    return RefusalError(413, f"The body of the request is larger than {limit:,} bytes. Split it, and send each part.")
