"""How fast a service may be asked: one `Limiter` for all that ask."""

from __future__ import annotations

import math
import threading
import time
import weakref
from collections.abc import Callable

from ..errors import ParameterError
from ..service import SpeechService

CLOUD_REQUESTS_PER_SECOND = 20.0
"""Pace for the cloud unless another is given; eight requests at a time hardly ever come near it."""

_POLL_S = 0.05  # until a request of somebody else may have ended


class Limiter:
    """At most so many requests a second, and at a time; and none while the service asks for patience.

    Safe to share between threads, and between batches that use one key. It counts where requests are handed out, so it
    holds for workers on other machines too.

    Parameters
    ----------
    requests_per_second : float, optional
        None for no limit.
    concurrent : int, optional
        Requests that may be under way at a time; None for no limit.
    burst : int
        Requests that may go at once after a quiet time (a token bucket), 1 or more.
    clock : callable
        Seconds that only ever increase.

    Raises
    ------
    ParameterError
        For a number that is not above 0.

    Examples
    --------
    >>> from pronounce_kit.batch import Limiter
    >>> limiter = Limiter(requests_per_second=5, concurrent=10)
    >>> limiter.take(), 0 < limiter.take() <= 0.2
    (0.0, True)
    >>> limiter.release()
    >>> limiter.pause(30)
    >>> 29 < limiter.take() <= 30
    True
    >>> result = pk.assess_batch([{"text": text, "audio": "think.wav"}], service, limiter=Limiter(5), progress=False)
    """

    def __init__(
        self,
        requests_per_second: float | None = None,
        concurrent: int | None = None,
        *,
        burst: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        for name, value in (("requests_per_second", requests_per_second), ("concurrent", concurrent), ("burst", burst)):
            if value is not None and (isinstance(value, bool) or not 0 < value < math.inf):
                raise ParameterError(f"{name} is {value!r}. Give a number over 0.")
        if burst < 1:
            raise ParameterError(f"burst is {burst!r}. Give 1 or more: with less no request ever goes.")
        self.requests_per_second = requests_per_second
        self.concurrent = concurrent
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._filled_s = clock()
        self._paused_until_s = -math.inf
        self._under_way = 0

    @property
    def is_limiting(self) -> bool:
        """Whether there is any limit."""
        return self.requests_per_second is not None or self.concurrent is not None

    def __repr__(self) -> str:
        return f"Limiter(requests_per_second={self.requests_per_second}, concurrent={self.concurrent})"

    def take(self) -> float:
        """Ask to send a request now.

        Returns
        -------
        float
            0 if it may go, which is then counted until `release`; else seconds after which to ask again.
        """
        with self._lock:
            now = self._clock()
            if now < self._paused_until_s:
                return self._paused_until_s - now
            if self.concurrent is not None and self._under_way >= self.concurrent:
                return _POLL_S
            if self.requests_per_second is not None:
                grown = (now - self._filled_s) * self.requests_per_second
                self._tokens = min(float(self._burst), self._tokens + grown)
                self._filled_s = now
                if self._tokens < 1 - 1e-9:  # a hair less than one is one: times are floats
                    return (1 - self._tokens) / self.requests_per_second
                self._tokens -= 1
            self._under_way += 1
            return 0.0

    def release(self) -> None:
        """A request has ended."""
        with self._lock:
            self._under_way -= 1

    def pause(self, seconds: float) -> None:
        """Let no request go for a while: the service asked for it.

        Parameters
        ----------
        seconds : float
            How many seconds; a longer pause that is under way stays.
        """
        with self._lock:
            self._paused_until_s = max(self._paused_until_s, self._clock() + seconds)


_limiters: weakref.WeakKeyDictionary[SpeechService, Limiter] = weakref.WeakKeyDictionary()
_finding = threading.Lock()


def limiter_of(service: SpeechService, *, is_cloud: bool) -> Limiter:
    """The limiter that all batches of a cloud client share; one without limits for any other service."""
    if not is_cloud:
        return Limiter()
    with _finding:
        return _limiters.setdefault(service, Limiter(CLOUD_REQUESTS_PER_SECOND))
