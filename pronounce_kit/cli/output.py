"""Where output goes: the terminal, stdout as data, and files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InputError
from ..storage import FORMULA_STARTS, write_whole

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console
    from rich.table import Table


def console(*, stderr: bool = False) -> Console:
    """A rich console that prints text as it is: brackets are no markup, numbers have no colour of their own."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def progress_console() -> Console:
    """The console for a progress bar: stderr, and nothing at all where that is no terminal (`quiet`)."""
    terminal = console(stderr=True)
    terminal.quiet = not terminal.is_terminal  # rich before 15 ends even a disabled bar with an empty line
    return terminal


def new_table(title: str, *columns: str) -> Table:
    """An empty table in the one style of all tables here; no cell is cut off, long ones wrap."""
    from rich import box
    from rich.table import Table

    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for name in columns:
        table.add_column(name, overflow="fold")
    return table


def write_stdout(data: bytes, what: str) -> None:
    """Write binary data to stdout; raises `InputError` where that is a terminal."""
    if sys.stdout.isatty():
        raise InputError(f"{what} is not for a terminal to show. Name a file, or pipe stdout into a program.")
    click.echo(data, nl=False)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """A table as CSV in UTF-8. A ' stands before text that a spreadsheet would take for a formula."""
    texts = frame.select_dtypes(["object", "string"]).columns
    safe = frame.assign(**{name: frame[name].map(_guarded, na_action="ignore") for name in texts})
    table: str = safe.to_csv(index=False, lineterminator="\n")
    return table.encode()


def _guarded(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(tuple(FORMULA_STARTS)) else cell


def write_file(path: str | Path, data: bytes) -> Path:
    """Write a file that is whole or not there, an older one staying until then; returns its path.

    Raises `InputError` where it cannot be written.
    """
    try:
        return write_whole(path, data)
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(
            f"{path} cannot be written ({reason}). Check that the folder exists and that you may write to it."
        ) from None
