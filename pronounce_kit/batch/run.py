"""Items through an executor: few at a time, at the pace the service allows, each to its end whatever the others do.

What an executor gets is a bundle: one item for a thread; several for another process, where sending a task and taking
its result cost as much as a tenth of an assessment.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass

from ..recording import Recording
from .limiter import Limiter
from .roster import Item
from .work import Outcome

ATTEMPTS = 4
"""How often an item is sent while the service asks for patience; the cloud client tries again by itself before."""

LONGEST_PAUSE_S = 300.0
"""A service that wants to be left alone for longer is not waited for: its quota is used up."""

_BUNDLE_BYTES = 1_000_000
"""A bundle whose recordings are this large together takes no more: memory, and work that a dying worker loses."""

_FIRST_PAUSE_S = 1.0
_LONGEST_WAIT_S = 1.0  # without an end, Ctrl-C would not be heard on Windows


@dataclass(slots=True)
class Job:
    """An item that is to be assessed: its place in the batch, its key, and what there is to hear."""

    index: int
    item: Item
    key: str
    audio: bytes | Recording
    attempts: int = 0

    @property
    def size(self) -> int:
        """Bytes of the recording."""
        return self.audio.samples.nbytes if isinstance(self.audio, Recording) else len(self.audio)


def run(
    jobs: Iterator[Job],
    submit: Callable[[Sequence[Job]], Future[list[Outcome]]],
    *,
    in_flight: int,
    bundle: Callable[[], int],
    limiter: Limiter,
    finish: Callable[[Job, Outcome], None],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Submit the jobs, at most `in_flight` bundles at a time, and finish each, here and in the order they get done.

    bundle: how many items the next one takes.

    Jobs are drawn when there is room for them, so that memory does not grow with their number. When interrupted,
    what is done by then is finished, and the rest is cancelled.
    """
    under_way: dict[Future[list[Outcome]], list[Job]] = {}
    again: deque[Job] = deque()

    def next_bundle() -> tuple[list[Job], float]:
        """Jobs that may go now, and how long the next one has to wait."""
        taken: list[Job] = []
        size, most = 0, bundle()
        while len(taken) < most and size < _BUNDLE_BYTES:
            job = again.popleft() if again else next(jobs, None)
            if job is None:
                break
            pause_s = limiter.take()
            if pause_s:
                again.appendleft(job)
                return taken, pause_s
            taken.append(job)
            size += job.size
            if job.attempts:
                break  # alone: it may be what its worker died of
        return taken, 0.0

    def settle(future: Future[list[Outcome]]) -> None:
        own = under_way.pop(future)
        for job, outcome in zip(own, _outcomes(future, len(own)), strict=True):
            limiter.release()
            if outcome.is_lost and not job.attempts:
                job.attempts += 1
                again.append(job)
                continue
            pause_s = outcome.retry_after_s or _FIRST_PAUSE_S * 2**job.attempts
            if outcome.is_refused and pause_s <= LONGEST_PAUSE_S:
                job.attempts += 1
                limiter.pause(pause_s)
                if job.attempts < ATTEMPTS:
                    again.append(job)
                    continue
            finish(job, outcome)

    try:
        while True:
            pause_s = 0.0
            while len(under_way) < in_flight and not pause_s:
                taken, pause_s = next_bundle()
                if not taken:
                    break
                try:
                    under_way[submit(taken)] = taken
                except (BrokenExecutor, RuntimeError) as error:  # RuntimeError: it was shut down
                    for job in taken:
                        limiter.release()
                        finish(job, _crash(error))
            if under_way:
                timeout = min(pause_s or _LONGEST_WAIT_S, _LONGEST_WAIT_S)
                for future in wait(under_way, timeout, FIRST_COMPLETED).done:
                    settle(future)
            elif again:
                sleep(min(pause_s, _LONGEST_WAIT_S))
            else:
                return
    finally:
        for future in list(under_way):  # only when interrupted
            future.cancel()
            if future.done() and not future.cancelled():
                settle(future)
            else:
                for _ in under_way[future]:
                    limiter.release()


def _outcomes(future: Future[list[Outcome]], count: int) -> list[Outcome]:
    if future.cancelled():
        reason = "It was cancelled, or lost with the worker that had it. Try again."
        return [Outcome(reason=reason, can_retry=True, is_lost=True, error="CancelledError")] * count
    error = future.exception()
    return future.result() if error is None else [_crash(error)] * count


def _crash(error: BaseException) -> Outcome:
    """The worker, not the service, failed. What the executor says of it goes along."""
    said = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, BrokenExecutor):
        reason = f"A worker process died, with it or with an item beside it ({said}). Try again with a new executor."
    elif isinstance(error, RuntimeError) and "shutdown" in str(error):
        reason = f"The executor takes no more work ({said}). Try again with a new one."
    else:
        reason = f"The worker failed ({said})."
    return Outcome(reason=reason, can_retry=True, error=type(error).__name__)
