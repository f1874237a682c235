"""A fault of ours, or of a package below us, told as what it is.

    with blamed_on("av", given="recording"):
        ...                     # an exception that nobody foresaw leaves as an InternalError

What is wrong with the input is an `InputError`, raised where that is known for sure. Anything else that a package
raises says nothing about the input. So no place here says "record again" because of an exception that it does not know.
"""

from __future__ import annotations

import contextlib
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from types import TracebackType

from . import __version__
from .dependencies import unloadable
from .errors import InternalError, MissingDependencyError, PronounceKitError

_LONGEST = 300  # characters of another package's message

_REPORT = (
    "This is a fault of pronounce_kit or of a package below it, not of your {given}: {fault}. "
    "Please report it with: {versions}."
)
_WORDS: Mapping[type[BaseException], str] = {
    MemoryError: (
        "There is not enough memory for this; your {given} is not at fault: {fault}. "
        "Close other programs or take less at a time. Here: {versions}."
    ),
}
"""Kind of exception -> how it is told, where it is not `_REPORT`."""


def internal_error(error: Exception, *packages: str, given: str = "input") -> PronounceKitError:
    """What to raise or show for an exception: itself if it is one of ours, otherwise an `InternalError` about it.

    Parameters
    ----------
    error
        What was caught. It becomes the `__cause__`.
    packages
        Names, as they are imported, of packages that were being called; those in the traceback are found by themselves.
    given
        What is not at fault: "recording", "text", "input".

    """
    if isinstance(error, PronounceKitError):
        return error
    if advice := unloadable(error):  # a package is broken on this machine, and we know what mends it
        missing = MissingDependencyError(advice)
        missing.__cause__ = error
        return missing
    fault = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(": .")
    fault = fault if len(fault) <= _LONGEST else fault[: _LONGEST - 1] + "…"
    versions = _versions({*packages, *_packages_in(error.__traceback__)})
    words = next((words for kind, words in _WORDS.items() if isinstance(error, kind)), _REPORT)
    made = InternalError(words.format(given=given, fault=fault, versions=versions), fault=fault, versions=versions)
    made.__cause__ = error
    return made


@contextlib.contextmanager
def blamed_on(*packages: str, given: str = "input", unless: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Let exceptions of this package pass, and those of `unless`; turn all others into an `InternalError`.

    See `internal_error` for the other parameters.
    """
    try:
        yield
    except Exception as error:  # whatever else it is, nobody foresaw it
        if isinstance(error, (PronounceKitError, *unless)):
            raise
        raise internal_error(error, *packages, given=given) from error


def _packages_in(traceback: TracebackType | None) -> Iterator[str]:
    """Packages, as they are imported, whose functions the exception came through."""
    while traceback is not None:
        if name := traceback.tb_frame.f_globals.get("__name__"):  # of compiled code there may be none
            yield str(name).partition(".")[0]
        traceback = traceback.tb_next


def _versions(packages: set[str]) -> str:
    """Such as "Python 3.12.1, pronounce_kit 0.1.0, av 19.0.2, Linux-6.1-x86_64"."""
    own = f"pronounce_kit {__version__}"
    others = {name for package in packages - {__package__} for name in _distributions().get(package, (package,))}
    found = [f"{name} {version}" for name in sorted(others) if (version := _version(name))]
    return ", ".join((f"Python {platform.python_version()}", own, *found, platform.platform()))


def _version(name: str) -> str | None:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:  # a script, or Python's own
        return None


@cache
def _distributions() -> Mapping[str, list[str]]:
    """Importable package -> what to install for it. Reads what all packages say of themselves, so only once."""
    from importlib import metadata  # takes 20 ms to import, which nothing else here needs

    return metadata.packages_distributions()
