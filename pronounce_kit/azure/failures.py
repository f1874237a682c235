"""From a reply that is no success to an error that says what to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from ..errors import (
    AuthenticationError,
    BadRequestError,
    QuotaError,
    ServiceError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from .auth import Secret, hide
from .endpoints import origin
from .retry import retry_after_s
from .transport import PROXY_LOGIN, Reply, proxy_wants_login

_REQUEST_ID_HEADERS = ("X-RequestId", "apim-request-id", "x-ms-request-id", "X-Request-Id")
_LONGEST_QUOTE = 300


def failure_of(reply: Reply, url: str, name: str, secrets: Iterable[Secret], now: float) -> ServiceError:
    """The error for a reply whose status is not 200.

    name
        The region or address, for the message.
    secrets
        What must not show, even if the server sends it back.
    now
        Seconds since 1970, for a `Retry-After` that is a date.
    """
    if reply.status == PROXY_LOGIN:
        asked = proxy_wants_login(origin(url))
        asked.connection_id = reply.connection_id
        return asked
    secrets = tuple(secrets)
    said = hide(service_message(reply.body), secrets)
    request_id = next((reply.headers[key] for key in _REQUEST_ID_HEADERS if reply.headers.get(key)), None)
    wait_s = retry_after_s(reply.headers.get("Retry-After"), now)
    kind, problem, advice = _diagnosis(reply, said, url, name, wait_s)
    quoted = f': "{said.rstrip(".")}"' if said else ""
    return kind(
        f"{problem} (status {reply.status}{quoted}). {advice}",
        status=reply.status,
        request_id=None if request_id is None else hide(request_id, secrets),
        connection_id=reply.connection_id,
        service_message=said or None,
        retry_after_s=wait_s,
    )


def service_message(body: bytes) -> str:
    """What the service says in the body of an error, in any of its shapes; "" if nothing."""
    text = body[:20_000].decode("utf-8", "replace").strip()
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        # A page of HTML comes from something on the way, and says nothing to a teacher.
        content = "" if text.startswith("<") else text
    for key in ("error", "Error", "message", "Message"):
        if isinstance(content, Mapping) and content.get(key):
            content = content[key]
    said = " ".join(content.split()) if isinstance(content, str) else ""
    said = "".join(character for character in said if character.isprintable())
    return said if len(said) <= _LONGEST_QUOTE else f"{said[:_LONGEST_QUOTE]}…"


def _diagnosis(
    reply: Reply, said: str, url: str, name: str, wait_s: float | None
) -> tuple[type[ServiceError], str, str]:
    """The kind of error, what happened, and the next thing to try."""
    status, host, words = reply.status, origin(url), said.lower()
    again = f"Try again in {wait_s:.0f} s" if wait_s else "Try again in a moment"
    if status == 429:
        advice = f"{again}, or send fewer at a time: the free tier takes one, a paid one a hundred."
        return QuotaError, "The service gets too many requests at a time", advice
    if status == 403 and (wait_s is not None or "quota" in words or "call volume" in words):
        return QuotaError, "The quota of the Speech resource is used up", "Wait until it is renewed, or raise it."
    if status == 401:
        advice = (
            f"Check that the key is complete and belongs to {name}: a key works in its own region only. "
            "A token is valid for ten minutes."
        )
        return AuthenticationError, "The service does not accept the key or token", advice
    if status == 403:
        advice = f"Check that a key or token is given, and that the resource behind {name} allows this network."
        return AuthenticationError, "The service does not let this request in", advice
    if status == 404:
        return BadRequestError, f"There is no Speech service at {host}", "Check the region or endpoint."
    if status == 408:
        return ServiceTimeoutError, "The service waited too long for the audio", f"Check the network. {again}."
    if status == 413:
        return BadRequestError, "The service finds the audio or text too long", "Split it, and send each part."
    if status == 415:
        advice = "Send 16 kHz mono audio, which a Recording always is, or SSML."
        return BadRequestError, "The service does not take this format", advice
    if status == 400:
        return BadRequestError, "The service does not accept the request", _advice_on_400(words)
    if 300 <= status < 400:
        advice = "Redirects are not followed, as they could lead the key elsewhere. Check the region or endpoint."
        return BadRequestError, f"{host} answers that the service is elsewhere", advice
    if status == 501:
        return BadRequestError, "The service cannot do this", "Check language, parameters and text."
    if status >= 500:
        return ServiceUnavailableError, "The service is in trouble", f"{again}."
    return BadRequestError, "The service does not accept the request", "Check language, audio format and endpoint."


def _advice_on_400(words: str) -> str:
    if "language" in words or "cid" in words or "locale" in words:
        return "Check language, such as 'en-US', and cid: not every region has every language."
    if "format" in words or "audio" in words:
        return "Check the audio (16 kHz mono WAV or OGG Opus) or the output format."
    if "voice" in words or "ssml" in words:
        return "Check the voice against voices(), and the SSML."
    return "Check language, audio format, parameters and voice."
