"""The one place where errors become exit codes, and where what was written is seen to its end."""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import sys
import traceback
from typing import Any, TextIO

import click

from ..errors import (
    InputError,
    InternalError,
    NetworkError,
    PronounceKitError,
    QuotaError,
    ServiceUnavailableError,
)
from ..faults import internal_error

ITEM_FAILED = 1
USAGE = 2
INTERRUPTED = 130
"""128 + SIGINT, as shells count."""

EXIT_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (NetworkError, ITEM_FAILED),  # these three may go better next time
    (QuotaError, ITEM_FAILED),
    (ServiceUnavailableError, ITEM_FAILED),
    (InternalError, ITEM_FAILED),  # ours: no other usage or input would help
    (PronounceKitError, USAGE),
    (click.ClickException, USAGE),
    (click.Abort, INTERRUPTED),  # click's name for Ctrl-C
)
"""Exception -> exit code; the first that fits counts. What is none of them becomes one of them in `_known`."""

_OUTPUT_PROBLEMS = {
    errno.ENOSPC: "the disk is full. Make room, or write elsewhere.",
    errno.EDQUOT: "your share of the disk is full. Make room, or write elsewhere.",
    errno.EFBIG: "it is larger than a file may be there. Write elsewhere.",
}
"""What is wrong where something cannot be written that has no name, so is standard output, and what to do."""


class Commands(click.Group):
    """A group that lists its commands in their own order, and ends with an exit code and at most one line on stderr.

    A command returns its exit code, or None for 0. The option --debug adds the traceback of an error.
    """

    _debug = False

    def __init__(self, *args: Any, **extra: Any) -> None:
        super().__init__(*args, **extra)
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                is_eager=True,  # before what is wrong with the other arguments is found
                envvar="PRONOUNCE_KIT_DEBUG",
                expose_value=False,
                callback=self._set_debug,
                help="Show where in the code an error came from, for a report of it.  [env: PRONOUNCE_KIT_DEBUG=1]",
            )
        )

    def _set_debug(self, _context: click.Context, _option: click.Parameter, value: bool) -> None:
        self._debug = value

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order in which they were added."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except EOFError as error:  # click takes it for Ctrl-D at a question, but there are no questions here
            raise internal_error(error) from error

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command line and exit."""
        stdout, stderr = sys.stdout, sys.stderr
        for stream in (stdout, stderr):
            if isinstance(stream, io.TextIOWrapper):
                with contextlib.suppress(ValueError):  # a stream that was read from already
                    # A "?" in an old terminal rather than no output.
                    stream.reconfigure(encoding=encoding_of(stream), errors="replace")
        # Where the home folder cannot be written to, matplotlib says so at length; that is none of our lines on stderr.
        logging.getLogger("matplotlib").addHandler(logging.NullHandler())
        extra["standalone_mode"] = False
        # On Windows click would take the ? and $ of a text for file names and variables.
        extra["windows_expand_args"] = False
        message = ""
        try:
            code = super().main(*args, **extra) or 0
        except SystemExit as end:
            # The reader of a pipe, such as `head`, has seen enough: click replaces the stream then, rich raises this.
            has_left = sys.stdout is not stdout or isinstance(end.__context__, BrokenPipeError)
            code = 0 if has_left else end.code
        except (Exception, KeyboardInterrupt) as error:  # the outermost place
            code = 0
            if not _reader_left(error, stdout):
                known = _known(error)
                code = next(code for kind, code in EXIT_CODES if isinstance(known, kind))
                message = _message(known)
                if self._debug:
                    traceback.print_exception(error, file=stderr)
        problem = _written_out(stdout)
        if problem and not message:  # what was being written when it happened has been told already
            code, message = USAGE, str(_unwritten(problem))
        with contextlib.suppress(OSError):  # there is nowhere else to tell it
            if message:
                click.echo(f"pronounce-kit: {message}", err=True)
        if _written_out(stderr) and not code:
            code = USAGE
        sys.exit(code)


def encoding_of(stream: io.TextIOWrapper, system: str = os.name) -> str:
    """The encoding to write in: UTF-8 for files and pipes on Windows too, where Python would lose IPA and marks."""
    is_redirected = system == "nt" and not stream.isatty() and "PYTHONIOENCODING" not in os.environ
    return "utf-8" if is_redirected else stream.encoding


def _reader_left(error: BaseException, stdout: TextIO | None) -> bool:
    """Whether output failed because nobody reads it any more, which Windows calls an invalid argument."""
    if not isinstance(error, OSError) or error.errno != errno.EINVAL or stdout is None:
        return False
    try:
        descriptor = stdout.fileno()
    except ValueError:  # output that is no file
        return False
    try:
        os.write(descriptor, b"\n")
    except OSError:
        _forget(stdout)
        return True
    return False


def _known(error: BaseException) -> BaseException:
    """The error as one of `EXIT_CODES`; what nobody foresaw as an `InternalError`."""
    if isinstance(error, (PronounceKitError, click.ClickException, click.Abort)):
        return error
    if isinstance(error, KeyboardInterrupt):
        return click.Abort()
    if isinstance(error, OSError) and error.filename is None and error.errno in _OUTPUT_PROBLEMS:
        return _unwritten(error)
    assert isinstance(error, Exception)  # noqa: S101 - of the others, `main` catches KeyboardInterrupt alone
    return internal_error(error)


def _unwritten(error: OSError) -> InputError:
    problem = _OUTPUT_PROBLEMS.get(error.errno or 0, f"{error.strerror or error}. Write elsewhere.")
    return InputError(f"The output cannot be written: {problem}")


def _message(error: BaseException) -> str:
    """What to tell, in one line; "" for nothing."""
    if isinstance(error, click.Abort):
        return ""
    if isinstance(error, click.UsageError):
        hint = f" See: {error.ctx.command_path} --help" if error.ctx else ""
        return _one_line(error.format_message()) + hint
    if isinstance(error, click.ClickException):
        return _one_line(error.format_message())
    return _one_line(str(error))


def _one_line(message: str) -> str:
    return " ".join(message.split())


def _written_out(stream: TextIO | None) -> OSError | None:
    """Write a stream out to its end; returns what kept it from that.

    Python does so on its way out only, and an error then is an exit code of 120 and "Exception ignored".
    """
    if stream is None or stream.closed:
        return None
    try:
        stream.flush()
        with contextlib.suppress(io.UnsupportedOperation):  # no real file, as in tests and notebooks
            os.close(os.dup(stream.fileno()))  # some file systems tell of a full disk only when a file is closed
    except BrokenPipeError:  # the reader has seen enough
        _forget(stream)
    except OSError as error:
        if _reader_left(error, stream):
            return None
        _forget(stream)
        return error
    return None


def _forget(stream: TextIO) -> None:
    """Lead a stream nowhere, or Python would try to write out what is left of it once more."""
    with contextlib.suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
