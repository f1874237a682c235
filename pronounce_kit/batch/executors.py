"""Who does the work: threads of this process, an executor of the caller's, or a Dask cluster."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import uuid
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from typing import Any

from ..dependencies import needed
from ..errors import NetworkError, ParameterError
from ..service import SpeechService
from .work import Handle, one_thread_each

CLOUD_WORKERS = 8
"""Threads for a service that is mostly waited for."""

_CONNECT_S = 15


@contextlib.contextmanager
def workers_of(
    executor: object, service: SpeechService, workers: int | None, *, is_cloud: bool
) -> Iterator[tuple[Executor, int]]:
    """An executor, and how many workers it has.

    executor
        None for threads; an executor; a Dask client; or the address of a Dask scheduler. It is closed if made here.
    workers
        How many threads; by default one a core, and eight for the cloud. For other executors, how many workers they are
        known to have.
    """
    with contextlib.ExitStack() as stack:
        if not is_cloud and (executor is None or isinstance(executor, ThreadPoolExecutor)):
            stack.enter_context(one_thread_each())
        if executor is None:
            count = workers or (CLOUD_WORKERS if is_cloud else cores())
            pool = ThreadPoolExecutor(count, thread_name_prefix="assess")
            # What runs when the user interrupts is not waited for.
            stack.callback(pool.shutdown, wait=False, cancel_futures=True)
            yield pool, count
            return
        if isinstance(executor, str):
            executor = stack.enter_context(_dask_client(executor))
        if hasattr(executor, "get_executor"):
            executor = executor.get_executor(pure=False)
        if hasattr(getattr(executor, "_client", None), "scatter"):
            executor = _Dask(executor)
            stack.enter_context(executor.unwatched())
        if not isinstance(executor, Executor):
            raise ParameterError(
                f"executor is of type {type(executor).__name__}. Give a concurrent.futures executor, a Dask client, or "
                "the address of a Dask scheduler such as 'tcp://10.0.0.5:8786'."
            )
        if not isinstance(executor, ThreadPoolExecutor):
            _check_pickles(service)
        yield executor, workers or _worker_count(executor)


class _Dask(Executor):
    """A Dask client's executor that hands recordings to workers as data, not as part of a task.

    Dask's scheduler remembers the last thousand tasks that it sent to each worker, recordings and all.
    """

    def __init__(self, executor: Any) -> None:
        """Raises `NetworkError` where the cluster has no workers."""
        self._executor = executor
        self._client = executor._client
        self._is_broken = False
        try:
            self._client.wait_for_workers(1, timeout=_CONNECT_S)
        except (OSError, asyncio.TimeoutError):  # no OSError before Python 3.11
            raise NetworkError(
                f"The Dask cluster at {self._client.scheduler.address} has no workers. Start some with "
                f"`dask worker {self._client.scheduler.address}`."
            ) from None

    @contextlib.contextmanager
    def unwatched(self) -> Iterator[None]:
        """Keep Dask from watching the workers meanwhile; where that cannot be had, it goes without."""
        from .unwatched import UnwatchedNanny, UnwatchedWorker

        name = f"pronounce-kit-{uuid.uuid4()}"
        with contextlib.suppress(Exception):  # such as of workers without this package, which the items will tell of
            self._client.register_plugin(UnwatchedWorker(), name=name)
            self._client.register_plugin(UnwatchedNanny(), name=name)
        try:
            yield
        finally:
            if self._client.status == "running":
                for is_nanny in (False, True):
                    with contextlib.suppress(Exception):  # the scheduler went away just now, or there are no nannies
                        self._client.unregister_worker_plugin(name, nanny=is_nanny)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Submit `work.assess`, whose second argument holds the recordings. Raises `BrokenExecutor` without workers."""
        handle, asked, *more = args
        if not self._is_broken:
            try:
                (held,) = self._client.scatter([asked], hash=False, timeout=_CONNECT_S)
                return self._executor.submit(fn, handle, held, *more, **kwargs)
            except (OSError, asyncio.TimeoutError):
                self._is_broken = True  # the next ones need not wait so long
        raise BrokenExecutor("the Dask cluster has no workers any more")


def cores() -> int:
    """Processors that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _dask_client(address: str) -> Any:
    with needed("distributed", "A Dask cluster"):
        from distributed import Client
    try:
        return Client(address, timeout=_CONNECT_S, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise NetworkError(
            f"There is no Dask scheduler at {address!r} ({error}). Start one with `dask scheduler`, and give the "
            "address that it prints."
        ) from None


def _worker_count(executor: Executor) -> int:
    """As many as the executor says it has; as many as there are cores where it does not say."""
    client: Any = getattr(executor, "_client", None)
    if client is not None:  # of Dask: threads of all workers, more of which may join
        return max(int(sum(client.ncores().values())), 16)
    return int(getattr(executor, "_max_workers", None) or cores())


def _check_pickles(service: SpeechService) -> None:
    try:
        pickle.dumps(Handle(service))
    except (pickle.PicklingError, TypeError, AttributeError, NotImplementedError, RecursionError) as error:
        raise ParameterError(
            f"{type(service).__name__} cannot be sent to other processes ({type(error).__name__}: {error}). "
            "Use threads, which need no copy: executor=None."
        ) from None
