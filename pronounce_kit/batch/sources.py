"""What a batch is made of, as rows: a DataFrame, a CSV file, a folder of recordings, or an iterable of dicts.

Here nothing is judged yet: a `Table` has the columns and values as they were given. `roster` makes items of them.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ..encodings import decode_text
from ..errors import InputError
from ..highlight import counted
from ..sound_files import SUFFIXES
from .submissions import Submission, is_text_online, submission

TEXTS_FILE = "texts.csv"
"""The file of a folder that names the text of each task."""

_DELIMITERS = ",;\t|"
_LARGEST_CSV = 100_000_000


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
    remarks
        What was passed over or made of what was given, sentences.
    is_filled_in
        Whether people filled in its rows, who may do it twice; a program knows what it does.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    folder: Path = field(default_factory=Path)
    where_text: str = "Fill in the text that was read."
    remarks: tuple[str, ...] = ()
    is_filled_in: bool = False


def read_table(items: object, encoding: str | None = None) -> Table:
    """The rows of anything that a batch takes; raises `InputError` for anything else.

    encoding
        That of CSV and text files; None to find out. See `encodings.decode_text`.
    """
    if isinstance(items, pd.DataFrame):
        return _of_frame(items)
    if isinstance(items, (str, os.PathLike)):
        path = Path(items)
        try:
            return of_folder(path, encoding) if path.is_dir() else of_csv(path, encoding)
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
    columns = [str(column).strip() for column in frame.columns]
    blank = frame.isna().to_numpy() | (frame.astype(object) == "").to_numpy()
    rows = [
        Row(number, dict(zip(columns, values, strict=True)))
        for number, values in enumerate(frame.itertuples(False, None))
        if not len(columns) or not blank[number].all()
    ]
    return Table("the DataFrame", columns, rows, is_filled_in=True)


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


def of_csv(path: Path, encoding: str | None = None) -> Table:
    """A table of text with a header, as spreadsheets write it.

    Any of , ; tab | separates the columns; the encoding is found out if it is not given. Blank rows are passed over.
    """
    if not path.is_file():
        problem = f"There is no file or folder {path}." if not path.exists() else f"{path} is no ordinary file."
        raise InputError(f"{problem} Give the path of a CSV file or of a folder with recordings.")
    if path.stat().st_size > _LARGEST_CSV:
        raise InputError(f"{path} is too large for a table of readings. Give the CSV file, not a recording.")
    data = path.read_bytes()
    if data[:4] == b"PK\x03\x04" and path.suffix.lower() == ".zip":
        raise InputError(f"{path} is a zip file. Unpack it, and give the folder.")
    if data[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        raise InputError(f"{path} is a workbook. Save the sheet as CSV, or give pandas.read_excel({path.name!r}).")
    records = _records(decode_text(data, str(path), encoding), path)
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
    where_text = f"Fill in the text that was read in {path.name}."
    return Table(str(path), columns, rows, path.parent, where_text, is_filled_in=True)


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


def of_folder(folder: Path, encoding: str | None = None) -> Table:
    """The recordings in a folder, with the student and the task from the name of each.

        ana_week1.wav, ana/week1.wav    student "ana", task "week1"
        ana.wav                         student "ana"

    Or what teachers download from a learning platform; see `submissions`. The text that was read stands in the file of
    the same name that ends in .txt; else in `texts.csv` of the folder, which has the columns task and text. Task names
    there may hold "_"; otherwise the first "_" of a name ends the student's.
    """
    found = list(_files(folder))
    paths = sorted(filter(_is_recording, found), key=lambda path: _natural(path.relative_to(folder).as_posix()))
    remarks = _passed_over([path.relative_to(folder) for path in found if not _is_recording(path)])
    if not paths:
        told = "".join(f" {remark}" for remark in remarks)
        raise InputError(f"There is no recording in the folder {folder}.{told} Give the folder that holds them.")
    texts = _texts(folder / TEXTS_FILE, encoding)
    named = [submission(path.relative_to(folder), folder) for path in paths]
    several = _several_of_one_name(filter(None, named))
    rows = []
    for number, (path, handed_in) in enumerate(zip(paths, named, strict=True)):
        when = None
        if handed_in is None:
            student, task = _student_and_task(path.relative_to(folder), texts)
        else:
            student, task, when = handed_in.student, handed_in.task, handed_in.when
            student = f"{student} ({handed_in.id})" if (student, task) in several else student
        beside = path.with_suffix(".txt")
        text = texts.get((task or "").casefold())
        problem: str | None = None
        try:
            if beside.is_file() and (handed_in is None or text is None):
                text = decode_text(beside.read_bytes(), str(beside), encoding)
        except InputError as error:
            problem = str(error)
        cells = {"student": student, "task": task, "reference_text": text, "audio": path, "recorded_at": when}
        rows.append(Row(number, cells, problem))
    if several:
        remarks.append(
            f"Several students are called {', '.join(sorted({student for student, _ in several}))}: "
            "they are told apart by the number in the names of their files."
        )
    hint = f"Write it into a .txt file of the same name beside the recording, or with its task into {TEXTS_FILE}."
    return Table(
        str(folder), ["student", "task", "reference_text", "audio", "recorded_at"], rows, Path(), hint, tuple(remarks)
    )


def _several_of_one_name(named: Iterable[Submission]) -> set[tuple[str, str]]:
    """(student, task) that submissions with different numbers have."""
    ids: dict[tuple[str, str], set[str | None]] = {}
    for one in named:
        ids.setdefault((one.student, one.task), set()).add(one.id)
    return {who for who, numbers in ids.items() if len(numbers) > 1}


def _passed_over(others: Sequence[Path]) -> list[str]:
    """What to tell of files that are no recordings, but stand for something a student handed in."""
    remarks = []
    if online := sorted(path for path in others if is_text_online(path)):
        remarks.append(
            f"{counted(len(online), 'text')} that students typed online {'is' if len(online) == 1 else 'are'} no "
            f"recording and passed over, first {online[0]}."
        )
    if clouds := sorted(path for path in others if path.suffix.lower() == CLOUD_SUFFIX):
        remarks.append(
            f"{counted(len(clouds), 'file')} of the folder {'is' if len(clouds) == 1 else 'are'} in the cloud only, "
            f"first {clouds[0].stem.lstrip('.')}. Download them first."
        )
    return remarks


_OF_GRADEBOOK = re.compile("[0-9a-f]{64}")
"""A gradebook names the copies it keeps by their SHA-256; one may stand in the folder of the recordings."""


CLOUD_SUFFIX = ".icloud"
"""Of the placeholder that iCloud leaves for a file it keeps elsewhere: .rec.m4a.icloud for rec.m4a."""


def _files(folder: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name != "__MACOSX"]
        yield from (
            Path(parent, name) for name in files if not name.startswith(".") or name.lower().endswith(CLOUD_SUFFIX)
        )


def _is_recording(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not _OF_GRADEBOOK.fullmatch(path.stem)


def _natural(name: str) -> list[tuple[int, str]]:
    """Sorts week2 before week10."""
    return [(int(part), "") if part.isdecimal() else (-1, part.casefold()) for part in re.split(r"(\d+)", name)]


def _texts(path: Path, encoding: str | None) -> dict[str, str]:
    """Task (without case) -> text."""
    if not path.is_file():
        return {}
    table = of_csv(path, encoding)
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
