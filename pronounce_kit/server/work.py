"""A bounded thread pool: the engine works here, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from .failures import busy
from .limits import Limits

T = TypeVar("T")


class Work:
    """Runs functions in threads; a limited number at a time, and a limited number waits."""

    def __init__(self, limits: Limits) -> None:
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="pronounce-kit")
        self._limit = limits.workers + limits.queue
        self.pending = 0

    async def run(self, function: Callable[[], T]) -> T:
        """What the function returns or raises. Raises `RefusalError` 429 if enough is waiting already."""
        self.check()
        loop = asyncio.get_running_loop()
        self.pending += 1
        future = self._pool.submit(function)
        # Counted until it is done, even where nobody awaits it any more.
        future.add_done_callback(lambda _: _call(loop, self._finished))
        return await asyncio.wrap_future(future)

    def check(self) -> None:
        """Raise `RefusalError` 429 if enough is waiting already: before a body is received for nothing."""
        if self.pending >= self._limit:
            raise busy()

    def _finished(self) -> None:
        self.pending -= 1

    def close(self) -> None:
        """Wait until all is done."""
        self._pool.shutdown(wait=True)


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(function)
