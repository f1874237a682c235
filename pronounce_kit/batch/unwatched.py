"""Dask workers that are not profiled while they assess."""

from __future__ import annotations

from typing import Any

from distributed import WorkerPlugin


class Unwatched(WorkerPlugin):
    """Lets a worker's profiler rest for as long as the plugin is there.

    A hundred times a second it stops the worker to see what it is at.
    """

    def setup(self, worker: Any) -> None:
        """Stop the profiler, where there is one."""
        if profiler := worker.periodic_callbacks.get("profile"):
            profiler.stop()

    def teardown(self, worker: Any) -> None:
        """Start it again."""
        if profiler := worker.periodic_callbacks.get("profile"):
            profiler.start()
