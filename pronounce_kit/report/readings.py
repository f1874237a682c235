"""What the reports tell of: a gradebook's readings, cut by student, with what each student should practise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

from .. import classroom
from ..errors import InputError
from ..highlight import GOOD_FROM, MISPRONOUNCED_BELOW
from ..typed import local_time

if TYPE_CHECKING:
    from ..gradebook import Gradebook  # loads SQLAlchemy
    from ..gradebook.query import When

Row: TypeAlias = Mapping[str, Any]

PRACTISE_FROM = 0.2
"""A word or sound is to be practised where at least this share of its attempts is missed, ..."""

SLIP_BELOW = 0.5
"""... and more than once, unless that one miss is this share of all attempts: a single slip is not a weakness."""

SOUNDS = 5
WORDS = 10
"""How many sounds and words a student is given to practise, at most: nobody works on more at a time."""


@dataclass(frozen=True)
class Student:
    """A name and a class; None where there is none."""

    name: str | None
    class_name: str | None

    @property
    def shown(self) -> str:
        """The name as it is shown."""
        return self.name or classroom.NO_NAME

    @property
    def filters(self) -> dict[str, Any]:
        """What selects this student in a gradebook."""
        return {"student": [self.name], "class_name": [self.class_name]}


@dataclass(frozen=True)
class SoundToPractise:
    """A sound that is missed: how often, which sounds were heard for it (most often first), and in which words."""

    phoneme: str
    attempts: int
    missed: int
    heard: tuple[str, ...]
    in_words: tuple[str, ...]


@dataclass(frozen=True)
class WordToPractise:
    """A word that is missed: how often of how many times, and how often it was skipped."""

    word: str
    attempts: int
    missed: int
    skipped: int


@dataclass(frozen=True)
class Readings:
    """The frames of a gradebook, and whose they are: number `who` is that of a student in `students`."""

    attempts: pd.DataFrame
    words: pd.DataFrame
    phonemes: pd.DataFrame
    marks: pd.DataFrame
    students: tuple[Student, ...]


@dataclass(frozen=True)
class OfStudent:
    """A student's attempts in order of time, the marks on them, and what to practise, the weakest first.

    Attempts and marks are rows of the gradebook's tables, as dicts.
    """

    student: Student
    attempts: Sequence[Row]
    marks: Sequence[Row]
    sounds: tuple[SoundToPractise, ...]
    words: tuple[WordToPractise, ...]


def load(gradebook: Gradebook, **filters: Any) -> Readings:
    """The readings that the filters leave, raising `InputError` where they leave none."""
    attempts = gradebook.attempts(**filters)
    if attempts.empty:
        given = ", ".join(f"{name} {value!r}" for name, value in filters.items() if value is not None)
        raise InputError(
            f"There are no readings{' with ' + given if given else ' in this gradebook'}. "
            f"{'Check the filters' if given else 'Record some first'}, or look at Gradebook.attempts()."
        )
    names = list(zip(_plain(attempts["class_name"]), _plain(attempts["student"]), strict=True))
    # In order of class and name, so that the same readings always give the same files; what has no name comes last.
    order = sorted(set(names), key=lambda key: [(part is None, (part or "").casefold(), part or "") for part in key])
    number = {key: place for place, key in enumerate(order)}
    who = pd.Series([number[key] for key in names], index=attempts["attempt_id"])
    marks = gradebook.marks(**filters)
    return Readings(
        attempts.assign(who=who.to_numpy()),
        _whose(gradebook.words(**filters), "utterance_id", who),
        _whose(gradebook.phonemes(**filters), "utterance_id", who),
        _whose(marks, "attempt_id", who),
        tuple(Student(name, class_name) for class_name, name in order),
    )


def by_class(readings: Readings) -> dict[str | None, Readings]:
    """The readings of each class, students without a class together."""
    classes = list(dict.fromkeys(student.class_name for student in readings.students))
    if len(classes) == 1:
        return {classes[0]: readings}
    cut = {}
    for class_name in classes:
        members = {n for n, student in enumerate(readings.students) if student.class_name == class_name}
        frames = (readings.attempts, readings.words, readings.phonemes, readings.marks)
        attempts, words, phonemes, marks = (frame[frame["who"].isin(members)] for frame in frames)
        cut[class_name] = Readings(attempts, words, phonemes, marks, readings.students)
    return cut


def by_student(readings: Readings) -> Iterator[OfStudent]:
    """The readings of each student. What to practise is found for all at once, which takes a fraction of the time."""
    attempts, marks = _rows_by_student(readings.attempts), _rows_by_student(readings.marks)
    sounds, words = _sounds(readings.phonemes), _words(readings.words)
    for number in sorted(attempts):
        yield OfStudent(
            readings.students[number],
            attempts[number],
            marks.get(number, []),
            tuple(sounds.get(number, ())[:SOUNDS]),
            tuple(words.get(number, ())[:WORDS]),
        )


def _rows_by_student(frame: pd.DataFrame) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    for row in records_of(frame):
        found.setdefault(int(row["who"]), []).append(row)
    return found


def class_sounds(readings: Readings) -> list[SoundToPractise]:
    """The sounds that the whole class should practise."""
    everybody = readings.phonemes.assign(who=0)
    return _sounds(everybody).get(0, [])[:SOUNDS]


def _sounds(phonemes: pd.DataFrame) -> dict[int, list[SoundToPractise]]:
    if phonemes.empty:
        return {}
    table = classroom.student_phonemes(phonemes.assign(who=phonemes["who"].astype("string")), by="who")
    weak = table[_is_weak(table)]
    below = phonemes[phonemes["accuracy_score"] < MISPRONOUNCED_BELOW]
    other = phonemes[(phonemes["accuracy_score"] < GOOD_FROM) & (phonemes["heard"] != phonemes["phoneme"])]
    heard, words = _commonest(other, "heard"), _commonest(below, "word")
    found: dict[int, list[SoundToPractise]] = {}
    for row in records_of(weak):
        key = (int(row["who"]), str(row["phoneme"]))
        found.setdefault(key[0], []).append(
            SoundToPractise(
                key[1],
                int(row["attempts"]),
                int(row["missed"]),
                tuple(heard.get(key, ())[:2]),
                tuple(words.get(key, ())[:3]),
            )
        )
    return found


def _is_weak(table: pd.DataFrame) -> pd.Series[bool]:
    share = table["share_missed"]
    weak: pd.Series[bool] = (share >= PRACTISE_FROM) & ((table["missed"] > 1) | (share >= SLIP_BELOW))
    return weak


def _commonest(phonemes: pd.DataFrame, column: str) -> dict[tuple[int, str], list[str]]:
    """(who, phoneme) -> the values of another column, the commonest first."""
    counts = phonemes.groupby(["who", "phoneme", column]).size().sort_values(ascending=False, kind="stable")
    found: dict[tuple[int, str], list[str]] = {}
    for who, phoneme, value in counts.index:
        found.setdefault((int(who), str(phoneme)), []).append(str(value))
    return found


def _words(words: pd.DataFrame) -> dict[int, list[WordToPractise]]:
    if words.empty:
        return {}
    table = classroom.student_words(words.assign(who=words["who"].astype("string")), by="who")
    weak = table[_is_weak(table)]
    found: dict[int, list[WordToPractise]] = {}
    for row in records_of(weak):
        word = WordToPractise(str(row["word"]), int(row["attempts"]), int(row["missed"]), int(row["skipped"]))
        found.setdefault(int(row["who"]), []).append(word)
    return found


def _whose(frame: pd.DataFrame, key: str, who: pd.Series[int]) -> pd.DataFrame:
    """The rows of attempts that are reported on, with the number of the student."""
    known: pd.DataFrame = frame[frame[key].isin(who.index)].copy()
    known["who"] = who.reindex(known[key]).to_numpy()
    return known


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as dicts; `to_dict` looks every cell of a text column up on its own, which is slow."""
    columns = {str(name): frame[name].tolist() for name in frame}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(column: pd.Series[Any]) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in column]


def some(value: object) -> float | None:
    """A number, or None where it is missing."""
    return None if pd.isna(value) else float(value)  # type: ignore[call-overload, arg-type]  # a cell of a number column


def task_of(attempt: Row) -> str:
    """What was read: the task, else the text."""
    for column in ("task", "reference_text"):
        if isinstance(attempt[column], str) and attempt[column].strip():
            return str(attempt[column])
    return "Free speech"


def reading_of(attempt: Row) -> tuple[str, object]:
    """What was read, apart from the other texts of its task: only readings of the same can be compared."""
    return task_of(attempt), attempt["reference_text"]


def day_of(when: object) -> str:
    """The day, where this computer is: "2026-05-07"; "–" where it is not known."""
    return "–" if pd.isna(when) else f"{local_time(pd.Timestamp(when).to_pydatetime()):%Y-%m-%d}"  # type: ignore[call-overload, arg-type]


def time_of(when: object) -> str:
    """The day and time, where this computer is."""
    return "–" if pd.isna(when) else f"{local_time(pd.Timestamp(when).to_pydatetime()):%Y-%m-%d %H:%M}"  # type: ignore[call-overload, arg-type]


def known(rows: Iterable[Row], column: str) -> list[float]:
    """The numbers of a column that are not missing, in order."""
    return [value for row in rows if (value := some(row[column])) is not None]


def period(first: object, last: object, since: When, until: When) -> str:
    """From when to when the report tells: the first and the last recording, and what was asked for."""
    first, last = day_of(first), day_of(last)
    recorded = f"Recorded {first}" if first == last else f"Recorded {first} to {last}"
    asked = [f"{word} {when}" for word, when in (("from", since), ("until", until)) if when is not None]
    return f"{recorded} (asked for: {' '.join(asked)})" if asked else recorded
