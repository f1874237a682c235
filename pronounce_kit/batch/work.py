"""Items assessed, in whatever thread, process or machine."""

from __future__ import annotations

import ctypes
import os
import pickle
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InternalError, QuotaError, ServiceError
from ..faults import internal_error
from ..params import PronunciationScoreParams
from ..recording import Recording
from ..service import SpeechService, reply_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item: the service's reply, or the reason why there is none.

    can_retry
        Whether the very same call may succeed later.
    is_refused, retry_after_s
        Whether the service asked for patience, and for how many seconds if it said so.
    is_lost
        Whether it got lost on the way, with a worker that went away. It is sent once more.

    Error:
        Name of the class of what was raised: "InternalError" for a fault of ours, never of the item.

    """

    reply: Any = None
    reason: str | None = None
    can_retry: bool = False
    is_refused: bool = False
    retry_after_s: float | None = None
    is_lost: bool = False
    error: str | None = None

    @classmethod
    def of_error(cls, error: Exception) -> Outcome:
        """A failure, in words. What nobody foresaw may have been a passing trouble, and can be tried again."""
        error = internal_error(error)
        return cls(
            reason=str(error) or type(error).__name__,
            error=type(error).__name__,
            can_retry=bool(error.retryable) or isinstance(error, InternalError),
            is_refused=isinstance(error, QuotaError) and bool(error.retryable),
            retry_after_s=error.retry_after_s if isinstance(error, ServiceError) else None,
        )


def assess(
    handle: Handle,
    asked: Sequence[tuple[bytes | Recording, str]],
    params: PronunciationScoreParams | None,
    language: str,
) -> list[Outcome]:
    """Assess recordings, each against its reference text.

    Raises nothing: an exception of another package might not survive the way back.
    """
    return [_assess(handle, audio, reference_text, params, language) for audio, reference_text in asked]


def _assess(
    handle: Handle,
    audio: bytes | Recording,
    reference_text: str,
    params: PronunciationScoreParams | None,
    language: str,
) -> Outcome:
    try:
        service, recording = handle.service, Recording.of(audio)
        return Outcome(reply_of(service, recording, reference_text, language=language, params=params))
    except Exception as error:  # the outermost place in a worker; one item's trouble is not that of the others
        return Outcome.of_error(error)


# --- the service, where the work is done ------------------------------------------------------------------------


class Handle:
    """A service on its way to workers. Threads share it; a process unpickles it once, and keeps it for all items."""

    def __init__(self, service: SpeechService) -> None:
        self.service = service
        self._pickled: bytes | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._pickled is None:
            self._pickled = pickle.dumps(self.service)
        return _received, (self._pickled, os.getpid())


_KEPT = 2  # services that a worker process keeps: that of this batch, and of one more
_received_handles: dict[bytes, Handle] = {}
_receiving = threading.Lock()


def _received(pickled: bytes, sender: int) -> Handle:
    """The handle of a service that came from another process, of number `sender`, or by a detour from this one."""
    with _receiving:
        if pickled not in _received_handles:
            if len(_received_handles) >= _KEPT:
                del _received_handles[next(iter(_received_handles))]
            if sender != os.getpid():
                one_thread_each()
                keep_freed_memory()
            handle = Handle(pickle.loads(pickled))  # noqa: S301 - written by `Handle`, in the process that started us
            handle._pickled = pickled
            _received_handles[pickled] = handle
        return _received_handles[pickled]


def one_thread_each() -> Any:
    """Keep numpy from using several threads inside each of ours, where they would only wait for each other.

    Holds from now on, or as a context manager until its end.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # glibc's malloc.h
_KEPT_BYTES = 32 * 2**20  # the most that it takes for the second


def keep_freed_memory() -> None:
    """Let glibc keep what numpy frees for the next array, rather than give it back to the system each time.

    Dask starts its workers with MALLOC_TRIM_THRESHOLD_=65536, which makes the engine half as fast there.
    """
    if sys.platform != "linux":
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return
    for setting in (_M_MMAP_THRESHOLD, _M_TRIM_THRESHOLD):
        mallopt(setting, _KEPT_BYTES)
