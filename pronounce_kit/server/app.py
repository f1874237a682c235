"""All of it together: an ASGI application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .. import __version__
from ..errors import ParameterError, PronounceKitError
from ..service import SpeechService
from .auth import Gate
from .body import Uploads
from .failures import RefusalError, failed, refused
from .limits import Limits
from .observe import Observed
from .openapi import describe
from .page import Page, View
from .recognition import PATH as RECOGNITION_PATH
from .recognition import Recognition
from .speech import PATH as SYNTHESIS_PATH
from .speech import VOICES_PATH, Synthesis, Voices
from .work import Work

TOKEN_PATH = "/sts/v1.0/issueToken"  # noqa: S105 - a path, not a secret


@dataclass(frozen=True, slots=True)
class Parts:
    """What the endpoints share."""

    service: SpeechService
    gate: Gate
    limits: Limits
    uploads: Uploads
    work: Work


def create_app(
    service: SpeechService | None = None,
    *,
    key: str | None = None,
    clock: Callable[[], float] = time.time,
    limits: Limits | None = None,
) -> Starlette:
    """The Speech service's REST API as an ASGI application.

    Parameters
    ----------
    service : SpeechService, optional
        Who does the work; the embedded engine by default. It is called from several threads.
    key : str, optional
        What clients must send, as it is or exchanged for a token; None lets everybody in.
    clock : callable
        Seconds since 1970, for the tokens.
    limits : server.Limits, optional
        What a request, and all together, may take.

    Returns
    -------
    starlette.applications.Starlette
        For `running`, or any ASGI server.

    Raises
    ------
    ParameterError
        For a key that no header can hold.

    Examples
    --------
    >>> from pronounce_kit.server import create_app, running
    >>> app = create_app(service, key="ours")
    >>> import requests
    >>> with running(app) as address:
    ...     requests.get(f"{address}/cognitiveservices/voices/list", timeout=10).status_code
    403
    """
    if service is None:
        from ..local import LocalSpeech

        service = LocalSpeech()
    if key is not None and not (0 < len(key) <= 256 and key.isascii() and key.isprintable() and key == key.strip()):
        raise ParameterError("The key cannot be sent in a header. Give 1 to 256 plain characters without outer spaces.")
    limits = limits or Limits()
    parts = Parts(service, Gate(key, clock), limits, Uploads(limits), Work(limits))

    async def issue_token(request: Request) -> Response:
        parts.gate.check_key(request)
        return PlainTextResponse(parts.gate.issue(), media_type="application/jwt")

    async def health(request: Request) -> Response:
        return JSONResponse(
            {"status": "ok", "version": __version__, "service": type(service).__name__, "pending": parts.work.pending}
        )

    async def description(request: Request) -> Response:
        return JSONResponse(describe(limits))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(parts.work.close)

    endpoints: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
        ("POST", TOKEN_PATH, issue_token),
        ("POST", RECOGNITION_PATH, Recognition(parts).__call__),
        ("POST", SYNTHESIS_PATH, Synthesis(parts).__call__),
        ("GET", VOICES_PATH, Voices(parts).__call__),
        ("GET", "/health", health),
        ("GET", "/openapi.json", description),
        ("GET", "/", Page(needs_key=parts.gate.is_locked, limits=limits).__call__),
        ("POST", "/view", View(parts).__call__),
    ]
    app = Starlette(
        routes=[Route(path, endpoint, methods=[method]) for method, path, endpoint in endpoints],
        middleware=[Middleware(Observed, clock=clock, secrets=(key or "",))],
        exception_handlers={RefusalError: refused, HTTPException: refused, PronounceKitError: failed},
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False  # a redirect would cost a client its body
    return app
