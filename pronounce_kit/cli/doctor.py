"""`pronounce-kit doctor`: what is installed, and whether it works."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from .. import __version__
from ..dependencies import BASE, asked, install, requirements, version
from ..errors import InternalError, PronounceKitError
from ..faults import internal_error
from .group import ITEM_FAILED
from .output import console, new_table

_SENTENCE = "The weather is very nice today."
_PARTS = {
    BASE: "Packages",
    "local": "Engine packages",
    "notebook": "Notebook packages",
    "server": "Server packages",
    "train": "Training packages",
    "distributed": "Cluster packages",
}
"""Extra -> its row; cloud is of no interest to a user."""
_NEEDED = (BASE, "local")


class Check(NamedTuple):
    """One row: what was looked at, whether it is well (None: no matter), what was found, what to do, and a command."""

    name: str
    good: bool | None
    found: str
    advice: str = ""
    command: str = ""


@click.command(
    short_help="Check what is installed, and whether the engine works.",
    epilog="""\b
Examples:
  pronounce-kit doctor
  pronounce-kit doctor > doctor.txt        (to go with a bug report; it holds no key)

Exit code: 0 the embedded engine works, 1 it does not.""",
)
def doctor() -> int:
    """Check what is installed, and whether and how fast the embedded engine works here."""
    engine = _engine()
    _show([*_system(), *_packages(), engine, *_surroundings()])
    if engine.good:
        return 0
    console().print()
    console().print(f"The embedded engine does not work here. {engine.advice}", soft_wrap=True)
    return ITEM_FAILED


def _show(checks: list[Check]) -> None:
    from rich.text import Text

    table = new_table("", "", "Part", "Found")
    marks = {True: Text("✓", "green"), False: Text("✗", "bold red"), None: Text("–", "dim")}
    for check in checks:
        table.add_row(marks[check.good], Text(check.name), Text("\n".join(filter(None, (check.found, check.advice)))))
    console().print(table)
    commands = {check.name: check.command for check in checks if check.command}
    if commands:
        console().print("\nWhat is missing can be installed:")
    for name, command in commands.items():  # not in the table, whose lines cannot be copied
        console().print(Text(f"{name}: {command}"), soft_wrap=True)


def _system() -> Iterator[Check]:
    new_enough = sys.version_info >= (3, 10)
    yield Check("pronounce-kit", True, f"{__version__}, in {Path(__file__).parents[1]}")
    yield Check("Python", new_enough, platform.python_version(), "" if new_enough else "Use Python 3.10 or newer.")
    yield Check("System", True, f"{platform.platform()}, {_counted_cores()}")


def _counted_cores() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{cores} core{'' if cores == 1 else 's'}"


def _packages() -> Iterator[Check]:
    """The packages of each extra with their versions, and how to install those that are missing."""
    of_extra = requirements()
    for extra, part in _PARTS.items():
        versions = {one.name: version(one.name) for one in of_extra.get(extra, ())}
        missing = [name for name, installed in versions.items() if installed is None]
        if not versions:
            continue
        yield Check(
            part,
            True if not missing else False if extra in _NEEDED else None,
            ", ".join(f"{name} {installed or '(missing)'}" for name, installed in versions.items()),
            command=install(asked(missing[0])) if missing else "",
        )


def _engine() -> Check:
    """Let the engine speak a sentence and assess it."""
    name = "Embedded engine"
    try:
        from ..local import LocalSpeech
        from ..recording import Recording

        started = time.perf_counter()
        speech = LocalSpeech().load()
        loaded = time.perf_counter() - started
        recording = Recording.from_bytes(speech.synthesize(_SENTENCE))
        speech.assess(recording, _SENTENCE)  # the first call warms up
        started = time.perf_counter()
        assessment = speech.assess(recording, _SENTENCE)
        took = time.perf_counter() - started
    except InternalError as error:
        return Check(name, False, "breaks", str(error))
    except PronounceKitError as error:
        return Check(name, False, "does not load", " ".join(str(error).split()))
    except Exception as error:  # the outermost place: whatever is broken is what we are here to tell
        return Check(name, False, "breaks", str(internal_error(error)))
    if assessment.status != "Success" or assessment.scores.pron is None:
        return Check(
            name, False, f"hears nothing in its own voice ({assessment.status})", _again(),
        )  # fmt: skip
    pace = recording.duration_s / took
    return Check(
        name, True,
        f"works: loaded in {loaded:.1f} s; {recording.duration_s:.1f} s of speech assessed in {took:.2f} s "
        f"({pace:.0f} × real time), overall score {assessment.scores.pron:.0f}",
    )  # fmt: skip


def _again() -> str:
    again = install(asked("hama", all_of_extra=True), "--force-reinstall", "--no-cache-dir")
    return f"Install its packages again: {again}"


def _surroundings() -> Iterator[Check]:
    yield Check(
        "Microphone", None, "in notebooks the browser records",
        "Allow the microphone when the browser asks; it does so on localhost and https:// pages only.",
    )  # fmt: skip
    # Whether they are set, never their values.
    keys = ", ".join(
        f"{name} {'set' if os.environ.get(name) else 'not set'}" for name in ("SPEECH_KEY", "SPEECH_REGION")
    )
    yield Check("Speech service", None, keys, "Not needed: the embedded engine answers without a key.")
    yield _writable(Path.cwd())


def _writable(folder: Path) -> Check:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Check(
            "Current folder", False, f"{folder} cannot be written to ({error.strerror})",
            "Change to a folder of yours before you write reports or recordings.",
        )  # fmt: skip
    return Check("Current folder", True, f"{folder}, writable")
