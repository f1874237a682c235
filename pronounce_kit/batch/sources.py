"""What a batch is made of, as rows: a DataFrame, a CSV file, a folder of recordings, or an iterable of dicts.

Here nothing is judged yet: a `Table` has the columns and values as they were given. `roster` makes items of them.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..errors import InputError

AUDIO_SUFFIXES = frozenset(
    ".3gp .aac .aif .aiff .amr .flac .m4a .m4b .mkv .mov .mp3 .mp4 .oga .ogg .opus .wav .webm .wma".split()
)
"""Files of a folder that count as recordings."""

TEXTS_FILE = "texts.csv"
"""The file of a folder that names the text of each task."""

_DELIMITERS = ",;\t|"
_LARGEST_CSV = 100_000_000
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row by column.

    number
        Where to look for it: in a CSV file the number that a spreadsheet shows (the header is 1), else its position
        from 0, as in `frame.iloc[number]` or `items[number]`.
    problem
        What is wrong with the row as a whole, None if nothing is.
    """

    number: int
    cells: Mapping[str, Any]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and where they come from.

    folder
        What relative paths of audio count from.
    where_text
        What to do where a text is missing, a sentence.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    folder: Path = field(default_factory=Path)
    where_text: str = "Fill in the text that was read."


def read_table(items: object) -> Table:
    """The rows of anything that a batch takes; raises `InputError` for anything else."""
    if isinstance(items, pd.DataFrame):
        return _of_frame(items)
    if isinstance(items, (str, os.PathLike)):
        path = Path(items)
        try:
            return of_folder(path) if path.is_dir() else of_csv(path)
        except (OSError, ValueError) as error:  # ValueError: a path with a null character; an InputError is one too
            if isinstance(error, InputError):
                raise
            reason = getattr(error, "strerror", None) or "not a path"
            raise InputError(f"{path} cannot be read ({reason}). Check the path and its permissions.") from None
    if isinstance(items, Mapping) or not isinstance(items, Iterable) or isinstance(items, (bytes, bytearray)):
        raise InputError(
            f"A batch cannot be made of {type(items).__name__}. Give a DataFrame, the path of a CSV file or of a "
            "folder with recordings, or a list of dicts such as {'student': ..., 'text': ..., 'audio': ...}."
        )
    return _of_dicts(items)


def _of_frame(frame: pd.DataFrame) -> Table:
    columns = [str(column) for column in frame.columns]
    rows = [Row(n, dict(zip(columns, values, strict=True))) for n, values in enumerate(frame.itertuples(False, None))]
    return Table("the DataFrame", columns, rows)


def _of_dicts(items: Iterable[object]) -> Table:
    columns: dict[str, None] = {}
    rows = []
    for number, item in enumerate(items):
        if isinstance(item, Mapping):
            values = {str(column): value for column, value in item.items()}
            columns.update(dict.fromkeys(values))
            rows.append(Row(number, values))
        else:
            problem = f"This is no dict but of type {type(item).__name__}. Give {{'text': ..., 'audio': ...}}."
            rows.append(Row(number, {}, problem))
    return Table("the list", list(columns), rows)


# --- CSV --------------------------------------------------------------------------------------------------------


def of_csv(path: Path) -> Table:
    """A table of text with a header, as spreadsheets write it.

    Any of , ; tab | separates the columns. UTF-8, UTF-16 with its mark, or else Windows-1252. Blank rows are passed
    over.
    """
    if not path.is_file():
        problem = f"There is no file or folder {path}." if not path.exists() else f"{path} is no ordinary file."
        raise InputError(f"{problem} Give the path of a CSV file or of a folder with recordings.")
    if path.stat().st_size > _LARGEST_CSV:
        raise InputError(f"{path} is too large for a table of readings. Give the CSV file, not a recording.")
    data = path.read_bytes()
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{path} is a workbook. Save the sheet as CSV, or give pandas.read_excel({path.name!r}).")
    records = _records(_decoded(data, path), path)
    header = next(records, None)
    if header is None:
        raise InputError(f"{path} is empty. Its first row names the columns, such as student, text, audio.")
    columns = [name.strip() for name in header[1]]
    rows = []
    for number, record in records:
        extra = len(record) - len(columns)
        too_many = (
            f"This row has {len(record)} values, the header {len(columns)}. Put a text with commas in double quotes."
            if extra > 0 and any(value.strip() for value in record[-extra:])
            else None
        )
        rows.append(Row(number, dict(zip(columns, record, strict=False)), too_many))
    return Table(str(path), columns, rows, path.parent, f"Fill in the text that was read in {path.name}.")


def _decoded(data: bytes, path: Path) -> str:
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    for attempt in (encoding, "cp1252"):
        try:
            text = data.decode(attempt)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError(f"{path} is no table of text. Save it as CSV in UTF-8.")


def _records(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """(number, values) of each record that is not blank; the number counts blank ones too."""
    marked = re.match(r"sep=(.)\r?\n", text)  # what Excel writes, and hides, to name the separator
    skipped = 1 if marked else 0
    body = text[marked.end() :] if marked else text
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=marked[1] if marked else _delimiter(body))
    try:
        for number, record in enumerate(reader, start=1 + skipped):
            if any(value.strip() for value in record):
                yield number, record
    except csv.Error as error:
        raise InputError(f"{path} is no CSV file ({error}, near line {reader.line_num}). Save it as CSV.") from None


def _delimiter(text: str) -> str:
    """The separator that makes most columns of the header."""

    def columns(delimiter: str) -> int:
        try:
            return len(next(csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(_DELIMITERS, key=columns)


# --- a folder ---------------------------------------------------------------------------------------------------


def of_folder(folder: Path) -> Table:
    """The recordings in a folder, with the student and the task from the name of each.

        ana_week1.wav, ana/week1.wav    student "ana", task "week1"
        ana.wav                         student "ana"

    The text that was read stands in the file of the same name that ends in .txt; else in `texts.csv` of the folder,
    which has the columns task and text. Task names there may hold "_"; otherwise the first "_" of a name ends the
    student's.
    """
    paths = sorted(_recordings(folder), key=lambda path: _natural(path.relative_to(folder).as_posix()))
    if not paths:
        raise InputError(f"There is no recording in the folder {folder}. Give the folder that holds them.")
    texts = _texts(folder / TEXTS_FILE)
    rows = []
    for number, path in enumerate(paths):
        student, task = _student_and_task(path.relative_to(folder), texts)
        beside = path.with_suffix(".txt")
        text = texts.get((task or "").casefold())
        problem: str | None = None
        try:
            text = _decoded(beside.read_bytes(), beside) if beside.is_file() else text
        except InputError as error:
            problem = str(error)
        cells = {"student": student, "task": task, "reference_text": text, "audio": path}
        rows.append(Row(number, cells, problem))
    hint = f"Write it into a .txt file of the same name beside the recording, or with its task into {TEXTS_FILE}."
    return Table(str(folder), ["student", "task", "reference_text", "audio"], rows, Path(), hint)


_OF_GRADEBOOK = re.compile("[0-9a-f]{64}")
"""A gradebook names the copies it keeps by their SHA-256; one may stand in the folder of the recordings."""


def _recordings(folder: Path) -> Iterable[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            is_audio = Path(name).suffix.lower() in AUDIO_SUFFIXES and not name.startswith(".")
            if is_audio and not _OF_GRADEBOOK.fullmatch(Path(name).stem):
                yield Path(parent, name)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts week2 before week10."""
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in re.split(r"(\d+)", name)]


def _texts(path: Path) -> dict[str, str]:
    """Task (without case) -> text."""
    if not path.is_file():
        return {}
    table = of_csv(path)
    columns = {name.casefold(): name for name in table.columns}
    if not {"task", "text"} <= columns.keys():
        raise InputError(f"{path} has the columns {', '.join(table.columns)}. It needs the columns task and text.")
    values = [[str(row.cells.get(columns[name]) or "").strip() for name in ("task", "text")] for row in table.rows]
    return {task.casefold(): text for task, text in values if task and text}


def _student_and_task(path: Path, texts: Mapping[str, str]) -> tuple[str, str | None]:
    if len(path.parts) > 1:
        return path.parts[-2], path.stem
    name = path.stem
    for at in (match.start() for match in re.finditer("_", name)):
        if at and name[at + 1 :].casefold() in texts:
            return name[:at], name[at + 1 :]
    student, _, task = name.partition("_")
    return (student, task) if student and task else (name, None)
