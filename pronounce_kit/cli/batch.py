"""`pronounce-kit batch`: score many recordings."""

from __future__ import annotations

import codecs
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import InputError
from .group import ITEM_FAILED
from .output import console, csv_bytes, new_table, write_file

if TYPE_CHECKING:
    import pandas as pd

    from ..batch import BatchResult, Roster

TABLES = ("utterances", "words", "phonemes", "failures")
"""The files written, each with .csv after it."""

REPLIES = "replies"
"""Folder of the replies beside them, where no gradebook keeps those."""

_SHOWN = 20  # failures listed in the terminal


@click.command(
    short_help="Score many recordings, listed in a CSV file or lying in a folder.",
    epilog="""\b
ROSTER is a CSV file whose first row names the columns:
  audio     path of the recording, from the CSV file's folder (or: file, path, recording)
  text      the text that was read (or: sentence, reference_text)
  student, task, class_name, first_language, recorded_at     if known
or a folder of recordings named STUDENT_TASK.wav or STUDENT/TASK.wav, with each text in a .txt file of the
same name, or those of all tasks in texts.csv (columns task and text).

\b
Examples:
  pronounce-kit batch roster.csv --check
  pronounce-kit batch roster.csv --gradebook class.db
  pronounce-kit batch recordings/ --text "The quick brown fox." --out scores
  pronounce-kit batch roster.csv --column "audio=Sound file" --dask tcp://10.0.0.5:8786

Exit code: 0 all scored, 1 some rows do not fit or failed, 2 the roster or an option cannot be used.""",
)
@click.argument("roster")
@click.option(
    "-o",
    "--out",
    metavar="DIR",
    help="Folder for utterances.csv, words.csv, phonemes.csv and failures.csv.  [default: ROSTER-scores]",
)
@click.option("--gradebook", metavar="DB", help="Store the attempts in a gradebook too: a file, or a database URL.")
@click.option("-t", "--text", metavar="T", help="The text of rows that have none.")
@click.option("--audio", metavar="DIR", help="What relative paths count from.  [default: the CSV file's folder]")
@click.option(
    "--column", "columns", multiple=True, metavar="FIELD=COLUMN", help="Which column a field is in; may be repeated."
)
@click.option("--language", default="en-US", show_default=True, help="Language that was read.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many at a time.  [default: one a core; 8 in the cloud]",
)
@click.option("--dask", metavar="ADDRESS", help="Let a Dask cluster do it; the address of its scheduler.")
@click.option("--check", is_flag=True, help="Only report the rows that do not fit.")
def batch(
    roster: str,
    out: str | None,
    gradebook: str | None,
    text: str | None,
    audio: str | None,
    columns: Sequence[str],
    language: str,
    workers: int | None,
    dask: str | None,
    check: bool,
) -> int:
    """Score all recordings of ROSTER, and write tables of what was found.

    What was scored before is not done again: after a crash or Ctrl-C, the same command goes on where it stopped.
    """
    from ..batch import assess_batch, read_roster
    from ..params import PronunciationScoreParams
    from ..service import connect

    if dask and workers:
        raise click.UsageError("--workers counts threads of this machine. With --dask, the cluster has its own.")
    if text is not None and not text.strip():
        raise click.UsageError("--text is empty. Give the text that was read, or leave --text out.")
    read = read_roster(
        roster,
        columns=_columns(columns),
        default_text=text,
        audio_folder=audio,
        need_student=gradebook is not None,
    )
    if check:
        return _report(read)
    if read.misfits:
        click.echo(read.report() + "\nThe others are scored.", err=True)

    source = Path(roster) if Path(roster).name.strip(".") else Path(roster).resolve()  # "." has no name to go by
    folder = _folder(out or f"{source.with_suffix('') if source.is_file() else source}-scores")
    with contextlib.ExitStack() as stack:
        book: Any = None
        if gradebook is not None:
            from ..gradebook import Gradebook

            book = stack.enter_context(Gradebook(gradebook))
        try:
            result = assess_batch(
                read,
                service=connect(announce=None),
                executor=dask,
                gradebook=book,
                store=None if book else folder / REPLIES,
                progress=sys.stderr is not None and sys.stderr.isatty(),
                params=PronunciationScoreParams(text or "", nbest_phoneme_count=5),
                language=language,
                workers=workers,
            )
        except KeyboardInterrupt:
            click.echo("Stopped. The same command goes on from here.", err=True)
            raise
        # With the mark that tells a spreadsheet that it is UTF-8; names are not all English.
        tables = {name: codecs.BOM_UTF8 + csv_bytes(_table(result, name)) for name in TABLES}
        written = [write_file(folder / f"{name}.csv", table) for name, table in tables.items()]
    _show(result)
    for path in written:
        click.echo(f"Written: {path}")
    return ITEM_FAILED if len(result.failures) else 0


def _columns(given: Sequence[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for field, equals, column in pairs:
        if not (field and equals and column):
            raise click.UsageError(f"--column {field}{equals}{column} names no column. Write --column audio=COLUMN.")
    return {field.strip(): column.strip() for field, _, column in pairs}


def _folder(path: str) -> Path:
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(f"The folder {path} cannot be made ({reason}). Give another one with --out.") from None
    return folder


def _report(roster: Roster) -> int:
    if not roster.misfits:
        fit = "row fits" if len(roster.entries) == 1 else "rows fit"
        click.echo(f"All {len(roster.entries):,} {fit}." if len(roster.entries) > 1 else f"The {fit}.")
        return 0
    terminal = console()
    table = new_table(roster.headline(), "Row", "Student", "Problem")
    for misfit in roster.misfits:
        table.add_row(str(misfit.row), misfit.student or "–", misfit.problem)
    terminal.print(table)
    return ITEM_FAILED


def _table(result: BatchResult, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = result.failures if name == "failures" else getattr(result, name)()
    return frame


def _show(result: BatchResult) -> None:
    from ..batch.result import REPORT

    terminal = console()
    terminal.print(result.summary(), soft_wrap=True)
    failures = result.failures
    if failures.empty:
        return
    table = new_table("Not scored", "Row", "Student", "Recording", "Why")
    for row in failures.head(_SHOWN).fillna("–").itertuples():
        table.add_row(str(row.row), str(row.student), Path(str(row.audio)).name, str(row.reason))
    terminal.print()
    terminal.print(table)
    if len(failures) > _SHOWN:
        terminal.print(f"And {len(failures) - _SHOWN:,} more, in failures.csv.")
    if result.has_internal_errors:
        terminal.print(REPORT, soft_wrap=True)
    if failures["can_retry"].any():
        terminal.print("The same command tries these again.")
    terminal.print()
