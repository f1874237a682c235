"""One request, sent once: `requests` in front, typed failures behind.

Every failure leaves as a `ServiceError` without a chain: the frames and requests behind the original exception know
the key, and notebooks print them.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import requests
import urllib3.exceptions
from requests.auth import AuthBase

from ..errors import NetworkError, ServiceError, ServiceTimeoutError
from .auth import Credential
from .endpoints import is_loopback, origin
from .expect import ExpectAdapter

POOL_SIZE = 100
"""Connections kept open to each host: a paid resource takes so many requests at a time."""


class Body(Protocol):
    """What is uploaded: an iterable of pieces, begun anew for each attempt. With `__len__` it goes with a length."""

    def __iter__(self) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class Request:
    """A request without its credentials. `body` is called once for each attempt."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Callable[[], Body | bytes] | None = field(default=None, repr=False)
    expect: bool = False

    def headed(self, headers: Mapping[str, str]) -> Request:
        """The same with further headers."""
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True)
class Reply:
    """A reply: the body is what arrived of it. `connection_id` is what the request was called."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    connection_id: str | None = None

    def of(self, connection_id: str) -> Reply:
        """The same as the reply to the request of that name."""
        return replace(self, connection_id=connection_id)


class SourceError(Exception):
    """The iterator of a live recording failed, or held too much. `original` says how."""

    def __init__(self, original: BaseException) -> None:
        super().__init__("The source of the audio failed")
        self.original = original


class _Carry(AuthBase):
    """Puts the credentials on a request to their own host, and keeps requests from looking for others in ~/.netrc."""

    def __init__(self, credential: Credential | None, hosts: frozenset[str]) -> None:
        self._credential = credential
        self._hosts = hosts

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._credential is not None and origin(request.url or "") in self._hosts:
            request.headers[self._credential.name] = self._credential.value
        return request


class Transport:
    """Sends requests over pooled connections; safe to share between threads.

    hosts
        Origins (scheme and host) that may see the credentials.
    timeout
        Seconds to wait for a connection, and for each piece of the reply.
    session
        A session of the caller's own, used as it is: its adapters, proxies and certificates.
    """

    def __init__(
        self, hosts: frozenset[str], timeout: tuple[float, float], session: requests.Session | None = None
    ) -> None:
        self._hosts = hosts
        self._timeout = timeout
        self._owns_session = session is None
        self._session = session or _new_session()
        self._settings: dict[str, Mapping[str, Any]] = {}

    def close(self) -> None:
        """Close the pooled connections, unless the session is the caller's."""
        if self._owns_session:
            self._session.close()

    def send(self, request: Request, credential: Credential | None) -> Reply:
        """Send it once and read the whole reply, whatever its status. Raises `NetworkError` and `SourceError`."""
        host = origin(request.url)
        failure: ServiceError
        response: requests.Response | None = None
        headers = dict(request.headers)
        if request.expect and isinstance(self._session.get_adapter(request.url), ExpectAdapter):
            headers["Expect"] = "100-continue"
        try:
            prepared = self._session.prepare_request(
                requests.Request(
                    request.method,
                    request.url,
                    headers,
                    data=request.body() if request.body else None,
                    auth=_Carry(credential, self._hosts),
                )
            )
            response = self._session.send(
                prepared, timeout=self._timeout, allow_redirects=False, **self._settings_for(host)
            )
            return Reply(response.status_code, response.headers, response.content)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, UnicodeError) as error:
            if response is not None:
                response.close()
            if response is not None and response.status_code != requests.codes.ok:
                return Reply(response.status_code, response.headers, b"")  # the status says enough
            failure = _explained(error, host, self._timeout, begun=response is not None)
        raise failure

    def _settings_for(self, host: str) -> Mapping[str, Any]:
        """Proxies and certificates; asking the environment for them takes as long as a small request, so once."""
        settings = self._settings.get(host)
        if settings is None:
            session = self._session
            settings = session.merge_environment_settings(host, {}, True, session.verify, session.cert)
            if is_loopback(host):  # a proxy elsewhere cannot reach this machine
                settings["proxies"] = dict(session.proxies)
            self._settings[host] = settings
        return settings


def _new_session() -> requests.Session:
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, ExpectAdapter(pool_connections=8, pool_maxsize=POOL_SIZE))
    return session


def _explained(error: BaseException, host: str, timeout: tuple[float, float], *, begun: bool) -> ServiceError:
    """What went wrong on the way, and what to try next. `begun`: a reply with status 200 had begun."""
    causes = list(_causes(error))
    status = 200 if begun else None
    # urllib3 counts a refused connection among the time-outs.
    if not any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes) and any(
        isinstance(cause, (TimeoutError, requests.Timeout, urllib3.exceptions.TimeoutError)) for cause in causes
    ):
        connecting = any(
            isinstance(cause, (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError)) for cause in causes
        )
        what = (
            f"{host} could not be reached within {timeout[0]:g} s"
            if connecting
            else f"The reply of {host} stopped for {timeout[1]:g} s before it was whole"
            if begun
            else f"{host} did not reply in time (within {timeout[1]:g} s)"
        )
        return ServiceTimeoutError(
            f"{what}. Check the network, then try again, or allow more with timeout=(connect, read).", status=status
        )
    if begun:
        return NetworkError(f"The reply of {host} broke off. Check the network, then try again.", status=status)
    if any(isinstance(cause, (requests.exceptions.SSLError, ssl.SSLError)) for cause in causes):
        return NetworkError(
            f"There is no secure connection to {host} ({_reason(causes)}). Check the computer's clock, and that "
            "its certificates include those of your network's proxy.",
            retryable=False,
        )
    if any(isinstance(cause, OSError) and f" {PROXY_LOGIN} " in str(cause) for cause in causes):
        return proxy_wants_login(host)
    if any(isinstance(cause, requests.exceptions.ProxyError) for cause in causes):
        return NetworkError(
            f"The proxy on the way to {host} failed ({_reason(causes)}). "
            "Check HTTPS_PROXY and NO_PROXY, then try again."
        )
    unknown = next((cause for cause in causes if isinstance(cause, socket.gaierror)), None)
    if unknown is not None:
        return NetworkError(
            f"There is no address for {host} ({_reason(causes)}). Check the network and the spelling of the region.",
            retryable=unknown.errno == socket.EAI_AGAIN,
        )
    return NetworkError(f"The connection to {host} failed ({_reason(causes)}). Check the network, then try again.")


PROXY_LOGIN = requests.codes.proxy_authentication_required  # 407


def proxy_wants_login(host: str) -> NetworkError:
    """The error for a proxy that lets nobody through without a login, whichever way it says so."""
    return NetworkError(
        f"The proxy on the way to {host} asks for a login (status {PROXY_LOGIN}). Put it into HTTPS_PROXY, as "
        "http://NAME:PASSWORD@HOST:PORT, or ask who runs your network.",
        status=PROXY_LOGIN,
        retryable=False,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and all errors inside it: requests wraps those of urllib3, which wrap those of the system."""
    waiting, seen = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inside = (*current.args, getattr(current, "reason", None), current.__cause__, current.__context__)
        waiting += [item for item in inside if isinstance(item, BaseException)]


def _reason(causes: list[BaseException]) -> str:
    """The system's own word for it."""
    for cause in causes:
        if isinstance(cause, OSError) and cause.errno in errno.errorcode and cause.strerror:
            return cause.strerror.lower()
        if isinstance(cause, (socket.gaierror, ssl.SSLError)) and cause.strerror:
            return cause.strerror.lower()
    if any(isinstance(cause, urllib3.exceptions.ProtocolError) for cause in causes):
        return "closed without a reply"
    return type(causes[0]).__name__
