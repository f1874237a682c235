"""The packages that this kit asks for, and what to tell people where one is missing or does not load.

What to install is read from the metadata of the installed kit, packages with their bounds. So the line that is told
works wherever the kit came from: a clone, a wheel or an index.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import MissingDependencyError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

KIT = "pronounce-kit"
BASE = ""
"""Stands for what is needed always, beside the names of the extras."""

_DISTRIBUTION_OF = {"hibari": "hibari-tts", "text_to_num": "text2num"}
"""Importable package -> the name that pip knows it by, where those differ."""

_SYSTEM_NEEDS = {("lightgbm", "linux"): "On Debian it also needs: apt-get install libgomp1"}
"""(Package, sys.platform) -> what pip does not install."""

# CPython's own words in every language of Windows; packages that wrap the error keep them.
_DLL_FAILED = "DLL load failed"


def requirements() -> dict[str, list[Requirement]]:
    """Extra, `BASE` first -> what it needs on this machine; {} where the kit is a folder that is not installed."""
    from packaging.requirements import Requirement

    try:
        kit = metadata.distribution(KIT)
    except metadata.PackageNotFoundError:
        return {}
    found: dict[str, list[Requirement]] = {BASE: []}
    found |= {extra: [] for extra in kit.metadata.get_all("Provides-Extra") or ()}
    for requirement in map(Requirement, kit.requires or ()):
        for extra, of_extra in found.items():
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                of_extra.append(requirement)
                break  # what is needed always is in no extra
    return found


def version(package: str) -> str | None:
    """The installed version of a package, by the name that pip knows; None if it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def asked(package: str, *, all_of_extra: bool = False) -> list[str]:
    """The package as pip is told, "hama<1.8,>=1.7", and beside it whatever else its extra lacks, or has."""
    for of_extra in requirements().values():
        if package in (one.name for one in of_extra):
            return [_told(one) for one in of_extra if one.name == package or all_of_extra or version(one.name) is None]
    return [package]


def install(packages: Iterable[str], *options: str) -> str:
    """The line that installs packages for this Python; for a notebook's cell in a notebook, for a prompt elsewhere.

    In double quotes, the only ones that every shell knows, Windows' among them.
    """
    return " ".join([_pip(), "install", *options, *(f'"{package}"' for package in packages)])


@contextlib.contextmanager
def needed(package: str, purpose: str) -> Iterator[None]:
    """Around the import of a package: if that fails, `MissingDependencyError` says why, and what to install.

        with needed("onnxruntime", "The embedded engine"):
            import onnxruntime

    package: the name that pip knows. purpose: what needs it, the beginning of the message.
    """
    try:
        yield
    except ImportError as error:
        if (error.name or "").partition(".")[0] == __package__:
            raise  # a fault of ours
        raise MissingDependencyError(_message(error, package, purpose)) from error
    except OSError as error:
        if error.filename is not None:
            raise  # not a library of the system that the package loads
        raise MissingDependencyError(_message(error, package, purpose)) from error


def unloadable(error: BaseException) -> str | None:
    """What to do where Windows could not load a package's native library; None for any other error.

    numpy, PyAV and others bring the part of the Visual C++ runtime along that Python lacks; onnxruntime relies
    on the one of the system.
    """
    reason = " ".join(str(error).split())
    at = reason.find(_DLL_FAILED)
    if at < 0:
        return None
    machine = "arm64" if sysconfig.get_platform() == "win-arm64" else "x64"
    return (
        f"Windows cannot load a library that is installed ({reason[at:]}). Most often the Visual C++ runtime is "
        f"missing: install Microsoft's Visual C++ Redistributable 2015-2022 for {machine} from "
        f"https://aka.ms/vs/17/release/vc_redist.{machine}.exe and start Python again."
    )


def _message(error: ImportError | OSError, package: str, purpose: str) -> str:
    lacking = _lacking(error)
    # A package may also fail for want of another one that is asked for.
    if lacking in (package, *(one.name for of_extra in requirements().values() for one in of_extra)):
        return f"{purpose} needs {lacking}, which is not installed. Install it with: {install(asked(lacking))}"
    if advice := unloadable(error):
        return f"{purpose} needs {package}. {advice}"
    again = install(asked(package, all_of_extra=True), "--force-reinstall")
    reason = " ".join(str(error).split())[:300]
    message = f"{purpose} needs {package}, which does not load ({reason}). Install it again: {again}"
    return " ".join(filter(None, (message, _SYSTEM_NEEDS.get((package, sys.platform)))))


def _lacking(error: ImportError | OSError) -> str:
    """The package that is not there, by the name that pip knows; "" if there is none, or a part of one is missing."""
    module = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    top = module.partition(".")[0]
    return _DISTRIBUTION_OF.get(top, top) if module == top or find_spec(top) is None else ""


def _told(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"


def _pip() -> str:
    """The pip of this Python, as it is typed here."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        return "%pip"
    own = shutil.which("pip", path=sysconfig.get_path("scripts"))
    if own is None or os.path.normcase(own) == os.path.normcase(shutil.which("pip") or own):
        return "pip"
    with contextlib.suppress(ValueError, OSError):  # elsewhere; or no current folder any more
        own = str(Path(own).relative_to(Path.cwd()))
    return f'"{own}"' if " " in own else own
