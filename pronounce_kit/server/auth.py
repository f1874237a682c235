"""Who may use the server: the key, or a token that was issued for it."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable

from starlette.requests import Request

from .failures import NO_KEY, WRONG_KEY, RefusalError

KEY_HEADER = "Ocp-Apim-Subscription-Key"
TOKEN_SECONDS = 600
"""How long a token is valid, as the service's are."""

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_LONGEST_TOKEN = 2_000


class Gate:
    """Checks requests, and issues tokens: JWTs signed with a secret that lives as long as this object.

    key
        None lets every request in.
    clock
        Seconds since 1970.
    """

    def __init__(self, key: str | None, clock: Callable[[], float]) -> None:
        self._key = None if key is None else key.encode()
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    def __repr__(self) -> str:
        return f"Gate({'with a key' if self.is_locked else 'open'})"

    @property
    def is_locked(self) -> bool:
        """Whether a key or token is asked for."""
        return self._key is not None

    def check_key(self, request: Request) -> None:
        """Raise `RefusalError`: 403 without a key, 401 with another one."""
        if self._key is None:
            return
        given = request.headers.get(KEY_HEADER)
        if not given:
            raise RefusalError(403, NO_KEY)
        if not hmac.compare_digest(given.encode(), self._key):
            raise RefusalError(401, WRONG_KEY, _CHALLENGE)

    def check(self, request: Request) -> None:
        """The same with a key or a token; a request with both is judged by its key."""
        if self._key is None:
            return
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if request.headers.get(KEY_HEADER) or not scheme:
            self.check_key(request)
        elif scheme.casefold() != "bearer" or not self._is_valid(token.strip()):
            raise RefusalError(401, WRONG_KEY, _CHALLENGE)

    def issue(self) -> str:
        """A new token, valid for `TOKEN_SECONDS`."""
        now = int(self._clock())
        claims = {"iss": "pronounce_kit", "iat": now, "exp": now + TOKEN_SECONDS, "jti": secrets.token_hex(8)}
        signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def _is_valid(self, token: str) -> bool:
        signed, _, signature = token.rpartition(".")
        if len(token) > _LONGEST_TOKEN or not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return False
        try:
            claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
        except (binascii.Error, ValueError):  # cannot be, as we signed it
            return False
        return bool(self._clock() < claims["exp"])

    def _signature(self, signed: str) -> str:
        return _base64(hmac.new(self._secret, signed.encode(), hashlib.sha256).digest())


def _encoded(content: object) -> str:
    return _base64(json.dumps(content, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
