"""The one place where errors become exit codes."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from typing import Any

import click

from ..dependencies import unloadable
from ..errors import NetworkError, PronounceKitError, QuotaError, ServiceUnavailableError

ITEM_FAILED = 1
USAGE = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells count."""

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (NetworkError, ITEM_FAILED),  # these three may go better next time
    (QuotaError, ITEM_FAILED),
    (ServiceUnavailableError, ITEM_FAILED),
    (PronounceKitError, USAGE),
    (ImportError, USAGE),  # only for libraries that Windows cannot load; see `_message`
    (OSError, USAGE),  # only for a full disk behind stdout; see `_message`
    (click.ClickException, USAGE),
    (click.Abort, INTERRUPTED),  # click's name for Ctrl-C
)
"""Exception -> exit code; the first that fits counts. Any other exception is a bug, and shows its traceback."""


class Commands(click.Group):
    """A group that lists its commands in their own order, and ends with an exit code and at most one line on stderr.

    A command returns its exit code, or None for 0.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were added."""
        return list(self.commands)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line and exit."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                with contextlib.suppress(ValueError):  # a stream that was read from already
                    # A "?" in an old terminal rather than no output.
                    stream.reconfigure(encoding=encoding_of(stream), errors="replace")
        extra["standalone_mode"] = False
        # On Windows click would take the ? and $ of a text for file names and variables.
        extra["windows_expand_args"] = False
        try:
            code = super().main(*args, **extra)
        except BaseException as error:
            if isinstance(error, SystemExit) or _reader_left(error):
                sys.exit(0)  # the reader of a pipe, such as `head`, has seen enough; mostly click or rich notice that
            code = next((code for kind, code in EXIT_CODES if isinstance(error, kind)), None)
            message = _message(error)
            if code is None or message is None:
                raise
            if message:
                click.echo(f"pronounce-kit: {message}", err=True)
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                _drop_output()
        sys.exit(code or 0)


def _drop_output() -> None:
    """Let go of what could not be written, which Python tries again on its way out, with another exit code."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _reader_left(error: BaseException) -> bool:
    """Whether output failed because nobody reads it any more, which Windows calls an invalid argument."""
    if not isinstance(error, OSError) or error.errno != errno.EINVAL or sys.stdout is None:
        return False
    with contextlib.suppress(ValueError):  # output that is no file
        descriptor = sys.stdout.fileno()
        try:
            os.write(descriptor, b"\n")
        except OSError:
            sys.stdout = None  # or Python would try once more when it ends, and tell of it
            return True
    return False


def encoding_of(stream: io.TextIOWrapper, system: str = os.name) -> str:
    """The encoding to write in: UTF-8 for files and pipes on Windows too, where Python would lose IPA and marks."""
    is_redirected = system == "nt" and not stream.isatty() and "PYTHONIOENCODING" not in os.environ
    return "utf-8" if is_redirected else stream.encoding


def _message(error: BaseException) -> str | None:
    """What to tell, in one line; "" for nothing, None for an error that is a bug."""
    if isinstance(error, click.Abort):
        return ""
    if isinstance(error, click.UsageError):
        hint = f" See: {error.ctx.command_path} --help" if error.ctx else ""
        return _one_line(error.format_message()) + hint
    if isinstance(error, click.ClickException):
        return _one_line(error.format_message())
    if isinstance(error, ImportError) and not isinstance(error, PronounceKitError):
        return unloadable(error)
    if isinstance(error, OSError) and not isinstance(error, PronounceKitError):
        full = error.errno == errno.ENOSPC and error.filename is None
        return "The output cannot be written: the disk is full. Make room, or write elsewhere." if full else None
    return _one_line(str(error))


def _one_line(message: str) -> str:
    return " ".join(message.split())
