"""When a request is sent again, and after which wait: one policy, as data."""

from __future__ import annotations

import math
import random as _random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from ..errors import ParameterError

RETRY_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
"""Replies after which the same request may succeed. 401 is no retry: it asks for a new token, once."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often, and how patiently, a failed request is sent again.

    Failures before any reply (no connection, connection lost, time-out) are always worth another attempt. `Retry-After`
    is waited for, up to `longest_wait_s`. Nothing is ever sent again once a reply with status 200 has begun.

    Parameters
    ----------
    attempts : int
        At most so many sendings of one request, the first one included; 1 means never again.
    first_wait_s : float
        Seconds before the second attempt.
    factor : float
        How much longer each further wait is, 1 or more.
    longest_wait_s : float
        Seconds; no single wait is longer, whatever the service asks for.
    jitter : float
        Share (0-1) of a wait that is left to chance, so that a class does not come back all at once.
    statuses : frozenset of int
        HTTP statuses that are worth another attempt: some of 408, 429, 500, 502, 503 and 504.

    Raises
    ------
    ParameterError
        For a number out of range, or a status where sending again cannot help.

    Examples
    --------
    >>> from pronounce_kit.azure import RetryPolicy
    >>> patient = RetryPolicy(attempts=6, first_wait_s=1.0)
    >>> [patient.wait_s(failures) for failures in range(1, 6)]
    [1.0, 2.0, 4.0, 8.0, 16.0]
    >>> patient.wait_s(1, retry_after_s=5.0)
    5.0
    """

    attempts: int = 4
    first_wait_s: float = 0.5
    factor: float = 2.0
    longest_wait_s: float = 20.0
    jitter: float = 0.5
    statuses: frozenset[int] = RETRY_STATUSES

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise ParameterError(f"attempts is {self.attempts!r}. Give a whole number, 1 or more.")
        for name, low, high in (
            ("first_wait_s", 0.0, math.inf),
            ("factor", 1.0, math.inf),
            ("longest_wait_s", 0.0, math.inf),
            ("jitter", 0.0, 1.0),
        ):
            value = getattr(self, name)
            if not (isinstance(value, (int, float)) and math.isfinite(value) and low <= value <= high):
                raise ParameterError(f"{name} is {value!r}. Give a number from {low:g} to {high:g}.")
        odd = {status for status in self.statuses if status not in RETRY_STATUSES}
        if odd:
            raise ParameterError(
                f"statuses has {', '.join(map(str, sorted(odd)))}, where sending again cannot help. "
                f"Use some of {', '.join(map(str, sorted(RETRY_STATUSES)))}."
            )

    def wait_s(self, failures: int, retry_after_s: float | None = None, chance: float = 0.0) -> float:
        """How long to wait after some failed attempts.

        Parameters
        ----------
        failures : int
            Failed attempts so far, 1 or more.
        retry_after_s : float, optional
            Seconds that the service asked for.
        chance : float
            A random number from 0 to 1, for the jitter.

        Returns
        -------
        float
            Seconds.
        """
        try:
            backoff = self.first_wait_s * self.factor ** (failures - 1)
        except OverflowError:
            backoff = self.longest_wait_s
        wait = min(backoff, self.longest_wait_s) * (1 - self.jitter * chance)
        return min(max(wait, retry_after_s or 0.0), self.longest_wait_s)


NO_RETRY = RetryPolicy(attempts=1)
"""Every failure is reported at once."""


@dataclass(frozen=True, slots=True)
class Timing:
    """What the client knows of time and chance; tests put their own in its place.

    Parameters
    ----------
    clock : callable
        Seconds that only ever increase: the age of a token.
    now : callable
        Seconds since 1970: a `Retry-After` that is a date.
    sleep : callable
        Waits so many seconds.
    chance : callable
        A number from 0 to 1.

    Examples
    --------
    >>> from pronounce_kit.azure import Timing
    >>> waits = []
    >>> client = pk.AzureSpeech(endpoint="http://127.0.0.1:8080", timing=Timing(sleep=waits.append))
    """

    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = _random.random


def retry_after_s(value: str | None, now: float) -> float | None:
    """Seconds that a `Retry-After` header asks to wait, as seconds or as an HTTP date; None if it says nothing."""
    text = (value or "").strip()
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - now
        except (ValueError, TypeError, IndexError, OverflowError, OSError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None
