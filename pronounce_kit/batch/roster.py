"""Rows to the items of a batch; all that do not fit are found before anything runs."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path, PureWindowsPath
from typing import TypeAlias

import numpy as np
import pandas as pd

from .._codec import MAX_BYTES
from ..errors import AudioError, InputError
from ..highlight import counted
from ..recording import Recording
from ..typed import is_one_date, local_time, spelled
from .sources import Row, Table, read_table

Audio: TypeAlias = "Path | bytes | Recording"

ALIASES: Mapping[str, tuple[str, ...]] = {
    "student": ("student name", "name", "learner", "pupil", "speaker", "student id"),
    "reference_text": ("text", "sentence", "reference", "prompt", "transcript", "script"),
    "audio": ("file", "path", "recording", "file name", "audio file", "audio path", "wav"),
    "task": ("exercise", "assignment", "task name", "item"),
    "recorded_at": ("recorded", "date", "time", "datetime", "timestamp"),
    "class_name": ("class", "group", "course"),
    "first_language": ("l1", "native language", "mother tongue"),
}
"""Field -> other names that its column may have; case, spaces, "_" and "-" do not matter."""

_SHOWN = 20  # problems named one by one in a report


@dataclass(frozen=True, slots=True)
class Item:
    """A recording to assess, and what is known of it.

    Attributes
    ----------
    row : int
        Where to look for it: in a CSV file the number that a spreadsheet shows (the header is 1), else its position
        from 0.
    audio : pathlib.Path, bytes or Recording
        What to assess; a path has been found to be a file.
    reference_text : str
        The text that was read.
    student, task, class_name, first_language : str or None
        Whose, and what for.
    recorded_at : datetime.datetime or None
        In UTC. Of a file without a date in the roster, when it was written, which keeps a student's attempts in order.
    is_dated : bool
        Whether the date stands in the roster.

    Examples
    --------
    >>> from pronounce_kit.batch import read_roster
    >>> item = read_roster([{"text": text, "audio": "think.wav"}]).items[0]
    >>> item.row, item.reference_text, item.read()[:4]
    (0, 'I think the weather is very nice.', b'RIFF')
    """

    row: int
    audio: Audio
    reference_text: str
    student: str | None = None
    task: str | None = None
    recorded_at: datetime | None = None
    class_name: str | None = None
    first_language: str | None = None
    is_dated: bool = False

    def read(self) -> bytes | Recording:
        """What there is to hear.

        Returns
        -------
        bytes or Recording
            A file's bytes, as they are.

        Raises
        ------
        AudioError
            If the file is too large or cannot be read.
        """
        if not isinstance(self.audio, Path):
            return self.audio
        try:
            if self.audio.stat().st_size > MAX_BYTES:
                raise AudioError(f"{self.audio} is too large for a recording. Give a shorter one.")
            return self.audio.read_bytes()
        except (OSError, ValueError) as error:
            if isinstance(error, AudioError):  # is a ValueError
                raise
            reason = getattr(error, "strerror", None) or "not a path"
            raise AudioError(f"{self.audio} cannot be read ({reason}). Check the path and its permissions.") from None


@dataclass(frozen=True, slots=True)
class Misfit:
    """A row that no item can be made of.

    Attributes
    ----------
    row : int
        As in `Item`.
    problem : str
        What is wrong with it, and what to do.
    source : object
        The row as it was given, which may fit when it is read again.
    student, task : str or None
        Whose, and what for, if that can be told.
    audio : object
        What stands there for a recording.

    Examples
    --------
    >>> from pronounce_kit.batch import read_roster
    >>> read_roster([{"text": text, "audio": "gone.wav"}]).misfits[0].problem
    'There is no file gone.wav. Check the path; it counts from ...'
    """

    row: int
    problem: str
    source: Row
    student: str | None = None
    task: str | None = None
    audio: object = None


@dataclass(frozen=True, slots=True)
class Roster:
    """What a batch will do: an item for each row, or why there is none, in order.

    Attributes
    ----------
    name : str
        What to call it in a message, such as the file's name.
    entries : tuple of Item and Misfit
        One a row.
    reading : object
        How a row is read; for `again`.

    Examples
    --------
    >>> from pronounce_kit.batch import read_roster
    >>> roster = read_roster([{"name": "Ana", "file": "think.wav", "text": text}, {"name": "Ben", "text": text}])
    >>> len(roster.items), len(roster.misfits)
    (1, 1)
    >>> roster.headline()
    '1 of 2 rows does not fit'
    >>> roster.report().splitlines()[1]
    '  row 1: The recording is missing. Fill in the path of its file.'
    >>> roster.problems["student"].tolist()
    ['Ben']
    >>> roster.again(roster.misfits[0]).row  # read again, and still without a file
    1
    """

    name: str
    entries: tuple[Item | Misfit, ...]
    reading: Reading

    @property
    def items(self) -> list[Item]:
        """The rows that fit."""
        return [entry for entry in self.entries if isinstance(entry, Item)]

    @property
    def misfits(self) -> list[Misfit]:
        """The rows that do not."""
        return [entry for entry in self.entries if isinstance(entry, Misfit)]

    @property
    def problems(self) -> pd.DataFrame:
        """The rows that do not fit, with what is wrong and what to do.

        Returns
        -------
        pandas.DataFrame
            row (as in `Item`), student, audio, problem.
        """
        rows = [(m.row, m.student, audio_name(m.audio), m.problem) for m in self.misfits]
        frame = pd.DataFrame(rows, columns=["row", "student", "audio", "problem"])
        typed: pd.DataFrame = frame.astype(
            {"row": "int64", "student": "string", "audio": "string", "problem": "string"}
        )
        return typed

    def report(self) -> str:
        """All rows that do not fit, one a line.

        Returns
        -------
        str
            The first 20 of them; "" if all rows fit.
        """
        misfits = self.misfits
        if not misfits:
            return ""
        lines = [f"{self.headline(self.name)}:"]
        lines += [f"  row {misfit.row}: {misfit.problem}" for misfit in misfits[:_SHOWN]]
        if len(misfits) > _SHOWN:
            lines.append(f"  and {len(misfits) - _SHOWN} more; read_roster(...).problems lists all.")
        return "\n".join(lines)

    def headline(self, name: str = "") -> str:
        """How many rows do not fit.

        Parameters
        ----------
        name : str
            Of which file, if it is to be told.

        Returns
        -------
        str
            A sentence without a full stop.
        """
        rows = f"{counted(len(self.entries), 'row')}{name and f' of {name}'}"
        return f"{len(self.misfits):,} of {rows} {'does' if len(self.misfits) == 1 else 'do'} not fit"

    def again(self, entry: Item | Misfit) -> Item | Misfit:
        """The row read again, in case a missing file is there by now.

        Parameters
        ----------
        entry : Item or Misfit
            One of `entries`.

        Returns
        -------
        Item or Misfit
            An item is returned as it is.
        """
        return self.reading.entry(entry.source) if isinstance(entry, Misfit) else entry


def read_roster(
    items: object,
    *,
    columns: Mapping[str, str] | None = None,
    default_text: str | None = None,
    audio_folder: str | Path | None = None,
    need_student: bool = False,
) -> Roster:
    r"""Read what a batch is to do. Nothing is decoded yet, but each file is looked for.

    The fields, with other names that their columns may have (case, spaces, "_" and "-" do not matter):

    - audio (file, path, recording, wav): a path, bytes or a `Recording`;
    - reference_text (text, sentence, prompt, transcript, script);
    - student (name, learner, pupil, speaker, student id);
    - task (exercise, assignment, item), class_name (class, group, course), first_language (l1, native language, mother
      tongue), recorded_at (date, time, timestamp), all optional.

    A CSV file has the columns' names in its first row; any of , ; tab | separates them; it is UTF-8, UTF-16 with its
    mark, or Windows-1252. A folder has recordings named STUDENT_TASK.wav or STUDENT/TASK.wav, with each text in a .txt
    file of the same name, or those of all tasks in texts.csv (columns task and text).

    Parameters
    ----------
    items : pandas.DataFrame, path, iterable of dict or Roster
        A frame, a CSV file, a folder, or dicts; a roster is returned as it is.
    columns : mapping of str to str, optional
        Field to column, where a name is none of the known: {"audio": "Sound file"}.
    default_text : str, optional
        The text of rows that have none.
    audio_folder : str or path, optional
        What relative paths count from; by default the folder of the CSV file, else the current one.
    need_student : bool
        Whether a row without a student does not fit, where the others have one: a gradebook must know who read.

    Returns
    -------
    Roster
        An item for each row, or why there is none.

    Raises
    ------
    InputError
        Where the table as a whole cannot be used: no such file, no such column, or two that may be the same field.

    Examples
    --------
    >>> from pathlib import Path
    >>> from pronounce_kit.batch import read_roster
    >>> _ = Path("roster.csv").write_text("name;file;sentence\nAna;think.wav;I think.\nBen;ben.wav;Hello.\n")
    >>> roster = read_roster("roster.csv")
    >>> [item.student for item in roster.items]
    ['Ana']
    >>> print(roster.report())
    1 of 2 rows of roster.csv does not fit:
      row 3: There is no file ben.wav. Check the path; it counts from ...
    """
    if isinstance(items, Roster):
        return items
    table = read_table(items)
    reading = Reading(
        column_of=_map_columns(table, columns or {}, default_text),
        folder=table.folder if audio_folder is None else Path(audio_folder),
        where_text=table.where_text,
        default_text=default_text,
        need_student=need_student,
    )
    unused = [column for column in table.columns if column not in reading.column_of.values()]
    if need_student and "student" not in reading.column_of and unused and table.rows:
        raise InputError(
            f"{table.name} has no column student (or {', '.join(ALIASES['student'][:3])}): the gradebook keeps "
            f"readings by student. Is it {' or '.join(map(repr, unused[:5]))}? {_say('student', unused[0])}"
        )
    return Roster(table.name, tuple(map(reading.entry, table.rows)), reading)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of one table are read."""

    column_of: Mapping[str, str]
    folder: Path
    where_text: str
    default_text: str | None
    need_student: bool

    def entry(self, row: Row) -> Item | Misfit:
        """A row as an item, or what is wrong with it."""
        value = {field: row.cells.get(column) for field, column in self.column_of.items()}
        student, task, class_name, language = (
            _name(value.get(field)) for field in ("student", "task", "class_name", "first_language")
        )
        try:
            if row.problem:
                raise InputError(row.problem)
            if self.need_student and "student" in self.column_of and student is None:
                raise InputError("The student is missing. Fill in who read: the gradebook keeps readings by student.")
            audio = self._audio(value.get("audio"))
            recorded_at = _moment(value.get("recorded_at"))
            return Item(
                row=row.number,
                audio=audio,
                reference_text=self._text(value.get("reference_text")),
                student=student,
                task=task,
                recorded_at=recorded_at or _written_at(audio),
                class_name=class_name,
                first_language=language,
                is_dated=recorded_at is not None,
            )
        except InputError as error:
            return Misfit(row.number, str(error), row, student, task, value.get("audio"))

    def _audio(self, value: object) -> Audio:
        if isinstance(value, Recording):
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            if not len(value):
                raise AudioError("The recording is empty. Record again.")
            return bytes(value)
        if _is_missing(value):
            raise AudioError("The recording is missing. Fill in the path of its file.")
        if not isinstance(value, (str, Path)):
            raise AudioError(f"The recording is of type {type(value).__name__}. Give a path, bytes or a Recording.")
        named = str(value).strip()
        path = self.folder / named
        try:
            if "\\" in named and not path.exists():  # of a table that was made on Windows
                path = self.folder / PureWindowsPath(named).as_posix()
            if path.is_dir():
                raise AudioError(f"{path} is a folder. Give the path of a recording.")
            if not path.is_file():
                whence = "" if Path(str(value)).is_absolute() else f"; it counts from {self.folder.absolute()}"
                raise AudioError(f"There is no file {path}. Check the path{whence}.")
            if not path.stat().st_size:
                raise AudioError(f"{path} is empty. Record again.")
        except (OSError, ValueError) as error:
            if isinstance(error, AudioError):
                raise
            raise AudioError(f"{str(value)[:200]!r} is no path of a file. Correct it.") from None
        return path

    def _text(self, value: object) -> str:
        text = self.default_text if _is_missing(value) else str(value)
        if text is None or not text.strip():
            raise InputError(f"The text is missing. {self.where_text}")
        return text.strip()


def _map_columns(table: Table, given: Mapping[str, str], default_text: str | None) -> dict[str, str]:
    """Field -> column. Raises `InputError` for columns that are missing or may mean the same."""
    have = ", ".join(table.columns) or "none"
    doubled = {name for name in table.columns if table.columns.count(name) > 1 and name}
    if doubled:
        raise InputError(f"{table.name} has two columns {doubled.pop()!r}. Rename one.")
    column_of: dict[str, str] = {}
    for field, column in given.items():
        if field not in ALIASES:
            raise InputError(f"columns names {field!r}. The fields are {', '.join(ALIASES)}.")
        if column not in table.columns:
            raise InputError(f"{table.name} has no column {column!r}. Its columns are: {have}.")
        column_of[field] = column
    free = [column for column in table.columns if column not in column_of.values()]
    for field, aliases in ALIASES.items():
        if field in column_of:
            continue
        exact = [column for column in free if _plain(column) == _plain(field)]
        found = exact or [column for column in free if _plain(column) in map(_plain, aliases)]
        if len(found) > 1:
            raise InputError(
                f"The columns {' and '.join(map(repr, found))} of {table.name} may both be the {field}. "
                f"{_say(field, found[0])}"
            )
        if found:
            column_of[field] = found[0]
    if table.rows:
        needed = ["audio"] if default_text else ["audio", "reference_text"]
        for field in needed:
            if field not in column_of and not all(row.problem for row in table.rows):
                raise InputError(
                    f"{table.name} has no column {field} (or {', '.join(ALIASES[field][:3])}). "
                    f"Its columns are: {have}. Name it in the first row. {_say(field, '...')}"
                )
    return column_of


def _say(field: str, column: str) -> str:
    return f"Say which one is: columns={{{field!r}: {column!r}}}, on the command line --column {field}={column!r}."


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).casefold()


# --- values -----------------------------------------------------------------------------------------------------


def _is_missing(value: object) -> bool:
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def _name(value: object) -> str | None:
    """A name as text, spelled one way whatever the keyboard made of its accents; 17 for the 17.0 of a spreadsheet."""
    if _is_missing(value):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return spelled(str(value))


def _moment(value: object) -> datetime | None:
    if _is_missing(value):
        return None
    if isinstance(value, str) and not is_one_date(value):
        raise InputError(f"The date {value!r} may be read in several ways. Write it as 2025-03-31 14:05.")
    try:
        if not isinstance(value, (str, date, np.datetime64)):
            raise TypeError
        moment: datetime = pd.Timestamp(value).to_pydatetime(warn=False)
        return local_time(moment).astimezone(timezone.utc)  # without a zone it is of this machine's
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"{value!r} is no date. Write it as 2025-03-31 14:05.") from None


def _written_at(audio: Audio) -> datetime | None:
    return datetime.fromtimestamp(audio.stat().st_mtime, tz=timezone.utc) if isinstance(audio, Path) else None


# --- words ------------------------------------------------------------------------------------------------------


def audio_name(audio: object) -> str | None:
    """What to call a recording in a table; None for one without a name."""
    if isinstance(audio, Recording):
        return audio.source
    if audio is None or isinstance(audio, (bytes, bytearray, memoryview)) or _is_missing(audio):
        return None
    return str(audio)
