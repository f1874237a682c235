"""Rows to the items of a batch; all that do not fit are found before anything runs."""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from .._codec import MAX_BYTES
from ..errors import AudioError, InputError
from ..highlight import counted
from ..recording import Recording
from .cells import cell_text, is_missing, moment_in, name_of
from .columns import ALIASES, map_columns, say
from .paths import Finder
from .sources import CLOUD_SUFFIX, Row, read_table
from .students import Names, is_half_a_name, student_columns

Audio: TypeAlias = "Path | bytes | Recording"

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
    is_elsewhere : bool
        Whether the path is one of another machine, and the file was found here by its end.

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
    is_elsewhere: bool = False

    @property
    def said(self) -> tuple[object, ...]:
        """All that the row says; equal for two rows that say the same."""
        # Without a date in the roster, that of the file is the same too.
        known = (self.student, self.task, self.class_name, self.first_language, self.recorded_at)
        return (self.audio, self.reference_text, *known)

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
    remarks : tuple of str
        What a teacher should know of rows that fit: what was joined, left out or taken for the same, sentences.

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
    remarks: tuple[str, ...] = ()

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
    encoding: str | None = None,
) -> Roster:
    r"""Read what a batch is to do. Nothing is decoded yet, but each file is looked for.

    The fields, with other names that their columns may have (case, spaces, "_" and "-" do not matter):

    - audio (file, path, recording, wav): a path, bytes or a `Recording`;
    - reference_text (text, sentence, prompt, transcript, script);
    - student (name, learner, pupil, speaker, student id);
    - task (exercise, assignment, item), class_name (class, group, course), first_language (l1, native language, mother
      tongue), recorded_at (date, time, timestamp), all optional.

    A name whose spellings look the same (O’Brien, O'Brien) is one student, spelled as it was first. First and last name
    in two columns are joined. A row that says again what another says counts once. `Roster.remarks` tells of all that.

    A CSV file has the columns' names in its first row; any of , ; tab | separates them. A folder has recordings named
    STUDENT_TASK.wav or STUDENT/TASK.wav, with each text in a .txt file of the same name, or those of all tasks in
    texts.csv (columns task and text).

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
    encoding : str, optional
        That of a CSV file, such as "gb18030"; None to find out, where that is sure. See `encodings.CANDIDATES`.

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
    table = read_table(items, encoding)
    column_of = map_columns(table, columns or {}, default_text)
    student = student_columns(table, column_of)
    named = Names(table, student)
    reading = Reading(
        column_of=column_of,
        student=named,
        finder=Finder(table.folder if audio_folder is None else Path(audio_folder)),
        where_text=table.where_text,
        default_text=default_text,
        need_student=need_student,
    )
    unused = [column for column in table.columns if column not in column_of.values()]
    if need_student and not student.names and unused and table.rows:
        half = [column for column in unused if is_half_a_name(column)]
        raise InputError(
            f"{table.name} has no column student (or {', '.join(ALIASES['student'][:3])}): the gradebook keeps "
            f"readings by student. "
            + (
                f"{half[0]!r} alone would make one of all who share it: add the other half of the name."
                if half
                else f"Is it {' or '.join(map(repr, unused[:5]))}? {say('student', unused[0])}"
            )
        )
    entries = list(map(reading.entry, table.rows))
    entries, repeated = _once(entries) if table.is_filled_in else (entries, [])
    remarks = (
        *table.remarks,
        *named.remarks,
        *repeated,
        *_shared(entries, table.is_filled_in),
        *_elsewhere(entries, reading),
    )
    return Roster(table.name, tuple(entries), reading, remarks)


def _once(entries: list[Item | Misfit]) -> tuple[list[Item | Misfit], list[str]]:
    """The entries without those that say again what another says, and what to tell of those."""
    kept: dict[object, Item | Misfit] = {}
    remarks = []
    for entry in entries:
        key = (entry.said, type(entry)) if isinstance(entry, Item) else id(entry)
        if (first := kept.setdefault(key, entry)) is not entry:
            remarks.append(f"Row {entry.row} says the same as row {first.row}, and counts once.")
    return list(kept.values()), _at_most(remarks, "more rows are there twice")


def _shared(entries: Sequence[Item | Misfit], is_filled_in: bool) -> list[str]:
    """What to tell of recordings that several rows have: of several students, or filled in twice."""
    by_sound: dict[object, list[Item]] = {}
    items = [entry for entry in entries if isinstance(entry, Item)]
    sizes = Counter(map(_size, items))
    for item in items:
        by_sound.setdefault(_sound(item, sizes), []).append(item)
    remarks = []
    for group in by_sound.values():
        who = list(dict.fromkeys(item.student or "nobody named" for item in group))
        if len(group) > 1 and (is_filled_in or len(who) > 1):
            rows = _listed([str(item.row) for item in group])
            of = f", of {_listed(who)}," if len(who) > 1 else ""
            remarks.append(f"Rows {rows}{of} have the very same recording. Each is kept: correct them if one is wrong.")
    return _at_most(remarks, "more recordings are those of several rows")


def _elsewhere(entries: Sequence[Item | Misfit], reading: Reading) -> list[str]:
    """What to tell of recordings that were found elsewhere than written."""
    items = [entry for entry in entries if isinstance(entry, Item) and entry.is_elsewhere]
    if not items:
        return []
    verb = "was" if len(items) == 1 else "were"
    return [
        f"{counted(len(items), 'path')} of another machine {verb} looked up in {reading.finder.folder}, "
        f"first that of row {items[0].row}: {audio_name(items[0].audio)}."
    ]


def _size(item: Item) -> int | None:
    try:
        return item.audio.stat().st_size if isinstance(item.audio, Path) else None
    except OSError:  # away since; the batch will tell
        return None


def _sound(item: Item, sizes: Mapping[int | None, int]) -> object:
    """Equal for the same recording. Files are read only if another is as large."""
    if not isinstance(item.audio, Path):
        return item.audio if isinstance(item.audio, Recording) else hashlib.sha256(item.audio).hexdigest()
    size = _size(item)
    if size is None or sizes[size] == 1:
        return item.audio
    with contextlib.suppress(OSError):
        return hashlib.sha256(item.audio.read_bytes()).hexdigest()
    return item.audio


def _listed(names: Sequence[str], most: int = 5) -> str:
    """a, b and c; no more than so many of them."""
    shown = [*names[:most], f"{len(names) - most} more"] if len(names) > most else list(names)
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _at_most(remarks: list[str], more: str) -> list[str]:
    return remarks if len(remarks) <= _SHOWN else [*remarks[:_SHOWN], f"{len(remarks) - _SHOWN} {more}."]


@dataclass(frozen=True, slots=True)
class Reading:
    """How the rows of one table are read."""

    column_of: Mapping[str, str]
    student: Names
    finder: Finder
    where_text: str
    default_text: str | None
    need_student: bool

    def entry(self, row: Row) -> Item | Misfit:
        """A row as an item, or what is wrong with it."""
        value = {field: row.cells.get(column) for field, column in self.column_of.items()}
        student = self.student.of(row.cells)
        task, class_name, language = (name_of(value.get(field)) for field in ("task", "class_name", "first_language"))
        try:
            if row.problem:
                raise InputError(row.problem)
            if self.need_student and self.student.columns.names and student is None:
                raise InputError("The student is missing. Fill in who read: the gradebook keeps readings by student.")
            audio = self._audio(value.get("audio"))
            recorded_at = moment_in(value.get("recorded_at"))
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
                is_elsewhere=isinstance(audio, Path) and self.finder.is_elsewhere(str(value.get("audio"))),
            )
        except InputError as error:
            return Misfit(row.number, cell_text(str(error)), row, student, task, value.get("audio"))

    def _audio(self, value: object) -> Audio:
        if isinstance(value, Recording):
            return value
        if isinstance(value, (bytes, bytearray, memoryview)):
            if not len(value):
                raise AudioError("The recording is empty. Record again.")
            return bytes(value)
        if is_missing(value):
            raise AudioError("The recording is missing. Fill in the path of its file.")
        if not isinstance(value, (str, Path)):
            raise AudioError(f"The recording is of type {type(value).__name__}. Give a path, bytes or a Recording.")
        try:
            path = value if isinstance(value, Path) and value.is_file() else self.finder.find(str(value))
            if path.is_dir():
                raise AudioError(f"{path} is a folder. Give the path of a recording.")
            if not path.is_file():
                if path.with_name(f".{path.name}{CLOUD_SUFFIX}").is_file():
                    raise AudioError(f"{path} is in the cloud only. Download it first: open it once in its folder.")
                whence = "" if path.is_absolute() else f"; it counts from {self.finder.folder.absolute()}"
                raise AudioError(f"There is no file {path}. Check the path{whence}.")
            if not path.stat().st_size:
                raise AudioError(f"{path} is empty. Record again.")
        except (OSError, ValueError) as error:
            if isinstance(error, AudioError):
                raise
            raise AudioError(f"{str(value)[:200]!r} is no path of a file. Correct it.") from None
        return path

    def _text(self, value: object) -> str:
        text = self.default_text if is_missing(value) else cell_text(value)
        if text is None or not text.strip():
            raise InputError(f"The text is missing. {self.where_text}")
        return text.strip()


def _written_at(audio: Audio) -> datetime | None:
    return datetime.fromtimestamp(audio.stat().st_mtime, tz=timezone.utc) if isinstance(audio, Path) else None


# --- words ------------------------------------------------------------------------------------------------------


def audio_name(audio: object) -> str | None:
    """What to call a recording in a table; None for one without a name."""
    if isinstance(audio, Recording):
        return audio.source
    if audio is None or isinstance(audio, (bytes, bytearray, memoryview)) or is_missing(audio):
        return None
    return cell_text(audio)
