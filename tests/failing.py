"""Packages whose import fails, as where Windows cannot load their native library."""

from __future__ import annotations

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

DLL = "DLL load failed while importing {}: Das angegebene Modul wurde nicht gefunden."
"""CPython's words, and behind the colon those of Windows in its own language."""


class Failing(MetaPathFinder, Loader):
    """Finds one package, and fails to load it."""

    def __init__(self, package: str, error: Exception) -> None:
        self.package, self.error = package, error

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        return ModuleSpec(fullname, self) if fullname == self.package else None

    def exec_module(self, module: ModuleType) -> None:
        raise self.error


def fail(package: str, error: Exception | None = None) -> None:
    """Let imports of the package fail from now on, in this process."""
    sys.meta_path.insert(0, Failing(package, error or ImportError(DLL.format(f"{package}_native"))))
