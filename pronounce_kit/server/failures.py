"""Refusals and errors as statuses and bodies of the service. Two shapes: `Message` for 400, `error` for the rest.

ParameterError, TextError, AudioError, other InputError    400
NotSupportedError                                          501
QuotaError                                                 429, with Retry-After
ServiceTimeoutError                                        504     (these three: of the service behind this one)
BadRequestError                                            400
other ServiceError                                         502
InternalError, any other exception                         500, by `observe`
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..errors import (
    AudioError,
    BadRequestError,
    InputError,
    InternalError,
    NotSupportedError,
    PronounceKitError,
    QuotaError,
    ServiceError,
    ServiceTimeoutError,
)

INVALID_LANGUAGE = "Invalid CID or language"
UNSUPPORTED_AUDIO = "Unsupported audio format"
WRONG_KEY = (
    "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an "
    "active subscription and use a correct regional API endpoint for your resource."
)
NO_KEY = "Access denied due to missing subscription key or authorization token. Make sure to include one of them."
RETRY_AFTER_S = 1


class RefusalError(Exception):
    """A request that is not served: `status`, the `message` for its sender, and further `headers`."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def busy() -> RefusalError:
    """The refusal of a server that has enough to do."""
    return RefusalError(429, "Too many requests at a time. Try again in a moment.", {"Retry-After": str(RETRY_AFTER_S)})


def failure(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """The reply for a status that is no success."""
    body: Mapping[str, object] = (
        {"Message": message} if status == 400 else {"error": {"code": str(status), "message": message}}
    )
    return JSONResponse(body, status, headers)


async def refused(request: Request, error: Exception) -> Response:
    """Exception handler for `RefusalError`, and for what routing raises (404, 405)."""
    if isinstance(error, RefusalError):
        return failure(error.status, error.message, error.headers)
    status = int(getattr(error, "status_code", 500))
    message = {
        404: "There is nothing at this address. GET /openapi.json lists what there is.",
        405: "This address does not take this method. GET /openapi.json lists what there is.",
    }.get(status, "The request cannot be served.")
    return failure(status, message, getattr(error, "headers", None))


async def failed(request: Request, error: Exception) -> Response:
    """Exception handler for `PronounceKitError`: what the service behind raises on purpose."""
    if isinstance(error, InternalError):
        raise error  # on to `observe`, which logs where it happened
    refusal = _refusal_for(error)
    return failure(refusal.status, refusal.message, refusal.headers)


def _refusal_for(error: Exception) -> RefusalError:
    if isinstance(error, ServiceError):
        # What a service further on says may name things that are not for our clients, such as its region.
        if isinstance(error, QuotaError):
            wait_s = error.retry_after_s
            seconds = RETRY_AFTER_S if wait_s is None or not math.isfinite(wait_s) else max(1, math.ceil(wait_s))
            return RefusalError(429, busy().message, {"Retry-After": str(seconds)})
        if isinstance(error, ServiceTimeoutError):
            return RefusalError(
                504, "The speech service behind this server did not answer in time. Try again in a moment."
            )
        if isinstance(error, BadRequestError):
            return RefusalError(400, error.service_message or "The speech service refuses the request.")
        return RefusalError(502, "The speech service behind this server failed. Try again in a moment.")
    if isinstance(error, AudioError):
        return RefusalError(400, UNSUPPORTED_AUDIO)
    if isinstance(error, InputError):
        return RefusalError(400, str(error))
    if isinstance(error, NotSupportedError):
        return RefusalError(501, str(error))
    assert isinstance(error, PronounceKitError)  # noqa: S101 - the one class this handler is registered for
    return RefusalError(500, "The server is not set up completely. Run: pronounce-kit doctor")
