"""What proves to the service who is asking: a key, a token, or a token made from a key.

A secret never shows: as `repr`, `str`, in an f-string or a log it is "***"; only `encode`, which puts it on the wire,
and `reveal` give it away.
"""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import NamedTuple, Protocol

from ..errors import ParameterError, ServiceError

KEY_HEADER = "Ocp-Apim-Subscription-Key"
TOKEN_HEADER = "Authorization"  # noqa: S105 - a header's name
TOKEN_LIFETIME_S = 540.0
"""A token is valid for ten minutes; the service recommends to use it for nine."""

_HEADER_VALUE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_SHORTEST_TO_HIDE = 4  # a shorter secret is found in any text


class Secret(str):
    """Text that shows as "***" wherever it is printed, logged or put into a message."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def reveal(self) -> str:
        """The text itself."""
        return str.__str__(self)


class Credential(NamedTuple):
    """A header that proves who is asking."""

    name: str
    value: Secret


class Credentials(Protocol):
    """Where the header comes from. `renewable`: whether a refused one can be replaced by asking again."""

    renewable: bool

    def credential(self, refused: Credential | None = None) -> Credential | None:
        """The header to send, another one than `refused`; None to send none. Raises `ServiceError`."""
        ...


class Anonymous:
    """No header: a local server without a key."""

    renewable = False

    def credential(self, refused: Credential | None = None) -> None:
        """None."""


class Key:
    """The key itself, in each request."""

    renewable = False

    def __init__(self, key: Secret) -> None:
        self._key = key

    def credential(self, refused: Credential | None = None) -> Credential:
        """The key's header."""
        return Credential(KEY_HEADER, self._key)


class Token:
    """A token that the caller made, or a function that returns one; it is called for every request."""

    renewable = False

    def __init__(self, token: Secret | Callable[[], str]) -> None:
        self._token = token

    def credential(self, refused: Credential | None = None) -> Credential:
        """The token's header."""
        return _bearer(self._token if isinstance(self._token, Secret) else secret(self._token(), "token"))


class TokenFromKey:
    """A token that is asked for when it is first needed, used for nine minutes, and shared by all threads.

    fetch
        Asks the service for a token; raises `ServiceError`.
    clock
        Seconds that only ever increase.

    One thread asks at a time; those that need a token meanwhile wait for what it gets, be it an error. There is no
    timer, so an idle program asks for nothing.
    """

    renewable = True

    def __init__(self, fetch: Callable[[], Secret], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._current: Credential | None = None
        self._made_s = 0.0
        self._pending: Future[Credential] | None = None

    def credential(self, refused: Credential | None = None) -> Credential:
        """The current token's header; a new one if that is nine minutes old, or the one that was refused."""
        while True:
            with self._lock:
                current = self._current
                if current and current != refused and self._clock() - self._made_s < TOKEN_LIFETIME_S:
                    return current
                waiting = self._pending
                if waiting is None:
                    mine = self._pending = Future[Credential]()
            if waiting is None:
                return self._renew(mine)
            error = waiting.exception()
            if error is None:
                return waiting.result()
            if isinstance(error, ServiceError):
                raise copy.copy(error)  # one error object cannot be raised in many threads
            # Whoever asked was interrupted: ask again.

    def _renew(self, pending: Future[Credential]) -> Credential:
        made_s = self._clock()  # before the request, as the token's age counts from within it
        try:
            credential = _bearer(self._fetch())
        except BaseException as error:  # whatever it is, the threads that wait must hear of it; it is raised again
            with self._lock:
                self._pending = None
            pending.set_exception(error)
            raise
        with self._lock:
            self._current, self._made_s, self._pending = credential, made_s, None
        pending.set_result(credential)
        return credential


def secret(value: object, what: str) -> Secret:
    """Text that may go into a header; else `ParameterError`, which does not quote it."""
    text = value.reveal() if isinstance(value, Secret) else value
    text = text.strip() if isinstance(text, str) else ""
    if not _HEADER_VALUE.fullmatch(text):
        problem = "is empty" if not text else "has characters that no key or token has"
        raise ParameterError(f"The {what} {problem}. Copy it again from the Azure portal (Keys and Endpoint).")
    return Secret(text)


def hide(text: str, secrets: Iterable[Secret]) -> str:
    """The text without the secrets, should a server have sent them back."""
    for value in secrets:
        if len(value) >= _SHORTEST_TO_HIDE:
            text = text.replace(value.reveal(), "***")
    return text


def _bearer(token: Secret) -> Credential:
    return Credential(TOKEN_HEADER, Secret("Bearer " + token.reveal()))
