"""Packages that are imported where they are needed, and what to tell where that fails."""

from __future__ import annotations

import contextlib
import sysconfig
from collections.abc import Iterator
from types import ModuleType

from .errors import MissingDependencyError

# CPython's own words in every language of Windows; packages that wrap the error keep them.
_DLL_FAILED = "DLL load failed"


@contextlib.contextmanager
def needed(what: str, extra: str | None = None) -> Iterator[None]:
    """Import packages within the `with` block; where that fails, one error says what they are for and what to do.

    Parameters
    ----------
    what
        What needs which package, a sentence: "The embedded engine speaks with hibari-tts."
    extra
        The extra of pronounce-kit that installs it; None for what is always installed.

    Raises
    ------
    MissingDependencyError
        Where a package is not installed, or its native library cannot be loaded.

    """
    try:
        yield
    except ModuleNotFoundError:
        raise MissingDependencyError(f"{what} Install it with: {install_command(extra)}") from None
    except (ImportError, OSError) as error:  # OSError: ctypes, of a library that the package loads by itself
        raise MissingDependencyError(f"{what} {unloadable(error) or _broken(error, extra)}") from error


def load_fft() -> ModuleType:
    """Scipy's Fourier transforms, which are twice as fast as numpy's. Raises `MissingDependencyError`."""
    with needed("Sound is analysed with scipy."):
        from scipy import fft
    return fft  # type: ignore[no-any-return]


def install_command(extra: str | None = None, *, again: bool = False) -> str:
    """The command that installs an extra, or installs it anew; its quotes are those that cmd.exe knows too."""
    options = "--force-reinstall --no-cache-dir " if again else ""
    return f"pip install {options}" + (f'"pronounce-kit[{extra}]"' if extra else "pronounce-kit")


def unloadable(error: BaseException) -> str | None:
    """What to do where Windows could not load a package's native library; None for any other error.

    numpy, scipy, PyAV and others bring the part of the Visual C++ runtime that Python lacks along; onnxruntime and
    numba rely on the one of the system.
    """
    reason = _one_line(error)
    at = reason.find(_DLL_FAILED)
    if at < 0:
        return None
    machine = "arm64" if sysconfig.get_platform() == "win-arm64" else "x64"
    return (
        f"Windows cannot load a library that is installed ({reason[at:]}). Most often the Visual C++ runtime is "
        f"missing: install Microsoft's Visual C++ Redistributable 2015-2022 for {machine} from "
        f"https://aka.ms/vs/17/release/vc_redist.{machine}.exe and start Python again."
    )


def _broken(error: BaseException, extra: str | None) -> str:
    reason = _one_line(error)[:300]
    return f"It is installed, but cannot be loaded ({reason}). Install it again: {install_command(extra, again=True)}"


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
