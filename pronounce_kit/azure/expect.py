"""`Expect: 100-continue` for requests: the audio is sent once the service has agreed to take it.

Neither http.client nor urllib3 nor requests waits for the answer to that header (psf/requests#713,
python/cpython#42550), so a wrong key would cost the whole upload. Mount `ExpectAdapter` on a session and each request
with the header waits, at most `LONGEST_WAIT_S`, until the server says "100 Continue" or anything final. After a final
status the body is not sent; it reaches the caller as the response. Requests without the header are left alone.
"""

from __future__ import annotations

import errno
import functools
import http.client
import io
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

LONGEST_WAIT_S = 1.0
"""RFC 9110 lets a client go on when no answer comes; old servers and proxies never give one."""

_LONGEST_LINE = 65536

if TYPE_CHECKING:
    _Base = HTTPConnection
else:
    _Base = object


class _Waiting(_Base):
    """Mixed into urllib3's connections: waits between the headers and the body."""

    _expects = False
    _refused = False
    _answers = True  # until the server lets the time pass once

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        self._expects = self._refused = False
        self.response_class = http.client.HTTPResponse
        super().putrequest(*args, **kwargs)

    def putheader(self, header: Any, *values: Any) -> None:
        if header in ("Expect", b"Expect"):
            self._expects = True
        super().putheader(header, *values)

    def endheaders(self, *args: Any, **kwargs: Any) -> None:
        super().endheaders(*args, **kwargs)
        if self._expects and self._answers:
            self._wait()

    def _wait(self) -> None:
        """Return when the body may be sent; else raise what makes urllib3 skip it and read the response."""
        sock: socket.socket = self.sock
        head = bytearray()  # what was read of a reply that is not "100 Continue"
        deadline = time.monotonic() + LONGEST_WAIT_S
        try:
            while True:
                head.clear()
                _read_line(sock, head, deadline)
                status = _status(head)
                if not 100 <= status < 200:
                    break
                while _read_line(sock, head, deadline).strip():
                    pass
                if status == http.HTTPStatus.CONTINUE:
                    return
        except TimeoutError:
            self._answers = False
            if head:
                self._give_back(bytes(head))
            return
        finally:
            sock.settimeout(self.timeout)
        self._give_back(bytes(head))
        self._refused = True
        # urllib3 takes a broken pipe as "the server has replied already", and goes on to read the reply.
        raise BrokenPipeError(errno.EPIPE, "The server replied before the body was sent")

    def _give_back(self, head: bytes) -> None:
        """Let the response be read from its first byte, though some of them were taken from the socket."""
        self.response_class = functools.partial(_response_after, head)  # type: ignore[assignment]  # makes the class

    def getresponse(self) -> Any:
        response = super().getresponse()
        if self._refused and self.sock is not None:
            # The server may still wait for the body, so no other request can follow on this connection. The response
            # has a file of its own on the socket and stays readable.
            sock, self.sock = self.sock, None
            sock.close()
        return response


def _read_line(sock: socket.socket, head: bytearray, deadline: float) -> bytes:
    """Read to the end of a line and take nothing behind it; raises TimeoutError, with `head` as far as it got."""
    start = len(head)
    can_peek = not isinstance(sock, ssl.SSLSocket)  # which has a buffer of its own, so that single bytes are cheap
    while len(head) - start < _LONGEST_LINE:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        sock.settimeout(left)
        ahead = sock.recv(1024, socket.MSG_PEEK) if can_peek else b"\n"
        piece = sock.recv(ahead.find(b"\n") + 1 or len(ahead)) if ahead else b""
        head += piece
        if not piece or piece.endswith(b"\n"):  # at the end of the stream the response's reader makes an error of it
            break
    return bytes(head[start:])


def _status(line: bytes | bytearray) -> int:
    """The status in a status line; 0 if it is none."""
    parts = line.split(None, 2)
    return int(parts[1]) if len(parts) > 1 and parts[0].startswith(b"HTTP/") and parts[1].isdigit() else 0


def _response_after(head: bytes, sock: socket.socket, *args: Any, **kwargs: Any) -> http.client.HTTPResponse:
    given_back: Any = _GivenBack(head, sock)  # http.client asks a socket for nothing but its file
    return http.client.HTTPResponse(given_back, *args, **kwargs)


class _GivenBack:
    """A socket whose file begins with bytes that were read before."""

    def __init__(self, head: bytes, sock: socket.socket) -> None:
        self._head = head
        self._sock = sock

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(_HeadThenRest(self._head, self._sock.makefile("rb", 0)))


class _HeadThenRest(io.RawIOBase):
    def __init__(self, head: bytes, rest: Any) -> None:
        super().__init__()
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._head:
            size = min(len(buffer), len(self._head))
            buffer[:size], self._head = self._head[:size], self._head[size:]
            return size
        count: int = self._rest.readinto(buffer)
        return count

    def close(self) -> None:
        self._rest.close()
        super().close()


class _WaitingHTTP(_Waiting, HTTPConnection):
    pass


class _WaitingHTTPS(_Waiting, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = _WaitingHTTP


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _WaitingHTTPS


class ExpectAdapter(HTTPAdapter):
    """An adapter of `requests` whose connections wait for the answer to `Expect: 100-continue`.

    Parameters are those of `requests.adapters.HTTPAdapter`.

    Parameters
    ----------
    pool_connections, pool_maxsize : int
        How many pools of connections to keep, and how many connections in each.
    max_retries : int
        Leave it at 0: `azure.RetryPolicy` says when to send again.
    pool_block : bool
        Whether to wait for a free connection rather than open one more.

    Examples
    --------
    >>> import requests
    >>> from pronounce_kit.azure import ExpectAdapter
    >>> session = requests.Session()
    >>> session.mount("https://", ExpectAdapter(pool_maxsize=20))
    >>> client = pk.AzureSpeech(endpoint="http://127.0.0.1:8080", session=session)
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Make the pools of connections through a proxy."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}
        return manager
