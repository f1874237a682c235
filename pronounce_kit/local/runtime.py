"""What runs the engine's networks and trees: onnxruntime, on one thread a call; Python's lock is left meanwhile."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from ..dependencies import needed
from ..faults import blamed_on

_MISFITS = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf")
"""What onnxruntime raises over a graph or weights; its exceptions have no base of their own."""


class Graph:
    """An ONNX graph that is ready to run; threads may share it.

    weights: values of the initializers that the graph names but does not hold.
    """

    def __init__(self, onnx: bytes, weights: Mapping[str, NDArray[np.float32]] | None = None) -> None:
        """Raises `MissingDependencyError` without onnxruntime, `ValueError` where graph and weights do not fit.

        And `InternalError` for whatever else keeps onnxruntime from it.
        """
        with needed("onnxruntime", "The embedded engine"):
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as native
        misfits = tuple(getattr(native, name) for name in _MISFITS)
        try:
            with blamed_on("onnxruntime", unless=misfits):
                onnxruntime.disable_telemetry_events()  # on Windows, and where the notebook imported it before us
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = options.inter_op_num_threads = 1
                options.log_severity_level = 3
                options.enable_mem_pattern = False  # keeps a plan for each new length, for ever, and saves no time
                self._weights = [onnxruntime.OrtValue.ortvalue_from_numpy(array) for array in (weights or {}).values()]
                if weights:
                    options.add_external_initializers(list(weights), self._weights)
                self._session: Any = onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
        except misfits as error:
            raise ValueError(str(error)) from error

    def run(self, **inputs: NDArray[Any]) -> list[NDArray[Any]]:
        """The graph's outputs, in its order. Raises `InternalError`: what goes in is made by the engine."""
        with blamed_on("onnxruntime"):
            outputs: list[NDArray[Any]] = self._session.run(None, inputs)
        return outputs


class _OneThread:
    """Keeps numpy's BLAS to one thread while anyone is inside.

    Its threads wait for each other in busy loops: on a machine with other work to do that takes twenty times as long.
    Recordings are scored side by side instead. The number of threads belongs to the process, so the first one in
    changes it and the last one out changes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._libraries = ThreadpoolController()
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = self._libraries.limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.__exit__(None, None, None)


one_thread = _OneThread()
"""Shared by all engines of the process."""
