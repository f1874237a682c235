"""Dask workers that are not watched while they assess."""

from __future__ import annotations

from typing import Any

from distributed import NannyPlugin, WorkerPlugin

_WATCHES = ("profile", "tick", "ticks")
"""What Dask does many times a second only to have it looked at: see where a worker is at, and whether its loop lags."""


class UnwatchedWorker(WorkerPlugin):
    """Lets the watches of a worker rest for as long as the plugin is there."""

    def setup(self, worker: Any) -> None:
        """Stop them."""
        _rest(worker)

    def teardown(self, worker: Any) -> None:
        """Start them again."""
        _go_on(worker)


class UnwatchedNanny(NannyPlugin):
    """The same for the process that started a worker, which in a local cluster is this one."""

    def setup(self, nanny: Any) -> None:
        """Stop them."""
        _rest(nanny)

    def teardown(self, nanny: Any) -> None:
        """Start them again."""
        _go_on(nanny)


def _rest(server: Any) -> None:
    for name in _WATCHES:
        if watch := server.periodic_callbacks.get(name):
            watch.stop()


def _go_on(server: Any) -> None:
    for name in _WATCHES:
        watch = server.periodic_callbacks.get(name)
        if watch and not watch.is_running():  # another batch may have ended just before
            watch.start()
