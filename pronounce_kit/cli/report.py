"""`pronounce-kit report`: pages on students and classes."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import InputError
from .output import progress_console


@click.command(
    short_help="Write a page on every student and class of a gradebook.",
    epilog="""\b
Examples:
  pronounce-kit report class.db --out reports
  pronounce-kit report class.db --out reports --class 5b --since 2026-09-01
  pronounce-kit report class.db --out reports --student Ada --audio

Exit code: 0 all are written, 2 the gradebook, a filter or the folder cannot be used.""",
)
@click.argument("db")
@click.option("--out", required=True, metavar="DIR", help="Folder to write the pages to; index.html links them.")
@click.option("--class", "class_name", metavar="C", help="Only this class.")
@click.option("--student", metavar="S", help="Only this student, without pages on classes.")
@click.option("--task", metavar="T", help="Only readings of this task.")
@click.option("--since", metavar="DATE", help="Only readings from this day or time on, such as 2026-09-01.")
@click.option("--until", metavar="DATE", help="Only readings until the end of this day, or until this time.")
@click.option("--audio", is_flag=True, help="Put the recordings into the students' pages, which makes them large.")
def report(
    db: str,
    out: str,
    class_name: str | None,
    student: str | None,
    task: str | None,
    since: str | None,
    until: str | None,
    audio: bool,
) -> None:
    """Write a page on every student and every class of the gradebook DB, a SQLite file or a database URL.

    Each page needs nothing else: mail it, print it, or open it years later.
    """
    # A gradebook makes the file that is not there; a report on it would be about nothing.
    if "://" not in db and not Path(db).is_file():
        raise InputError(f"There is no gradebook {db}. Give a file that Gradebook or pronounce-kit batch made.")
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..gradebook import Gradebook
    from ..report import write_reports

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    terminal = progress_console()
    bar = Progress(*columns, console=terminal, transient=True, disable=terminal.quiet)
    with Gradebook(db) as gradebook, bar as progress:
        shown = progress.add_task("Reading the gradebook", total=None)

        def on_page(path: Path, done: int, total: int) -> None:
            progress.update(shown, description="Writing reports", completed=done, total=total)

        written = write_reports(
            gradebook,
            out,
            class_name=class_name,
            student=student,
            task=task,
            since=since,
            until=until,
            audio=audio,
            on_page=on_page,
        )
    count = len(written) - 1
    click.echo(f"{count} report{'s' * (count != 1)}, linked in {written[0]}")
