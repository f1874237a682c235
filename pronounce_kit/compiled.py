"""Loops over moments and sounds as machine code: numba compiles them, and they run without Python's lock.

numpy has no word for a step that needs the one before it, and a few small arrays a step take a hundred times as long as
the sums in them; where two recordings are worked on at once, Python's lock changes hands at each of these besides.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from functools import wraps
from importlib.util import find_spec
from typing import Any, TypeVar

from .dependencies import needed
from .errors import MissingDependencyError

F = TypeVar("F", bound=Callable[..., Any])

_compiling = threading.RLock()


def compiled(function: F) -> F:
    """Compile a function of arrays and numbers when it is first called; without numba it runs as it is, and slowly.

    Compiling takes a second or two, once: the machine code is kept beside the source, or in the user's cache. Arrays of
    another kind or layout are compiled for anew, so hand over contiguous ones.
    """
    code: Callable[..., Any] | None = None

    @wraps(function)
    def call(*args: Any) -> Any:
        nonlocal code
        if code is None:
            with _compiling:
                code = code or _machine_code(function)
        return code(*args)

    return call  # type: ignore[return-value]


def _machine_code(function: Callable[..., Any]) -> Callable[..., Any]:
    if find_spec("numba") is None:  # as on a Python that it has no wheel for
        return function
    try:
        with needed("numba", "A fast embedded engine"):
            from numba import njit
    except MissingDependencyError as error:
        warnings.warn(str(error), RuntimeWarning, stacklevel=3)
        return function
    try:
        code: Callable[..., Any] = njit(function, nogil=True, error_model="numpy", cache=True)
    except RuntimeError:  # no folder that may be written: neither the package's own nor one of the user's
        code = njit(function, nogil=True, error_model="numpy")
    return code
