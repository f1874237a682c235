"""Stored attempts as the tables of `frames`, with student, class, task and time in front."""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from .. import frames
from ..results import Assessment, Scores
from . import schema
from .query import Filters, replies_of, select_attempts

FRONT = {
    "student": "string",
    "class_name": "string",
    "first_language": "string",
    "task": "string",
    "attempt_number": "int64",
    "recorded_at": "datetime64[us, UTC]",
}
"""The columns in front of every table, with their dtypes."""

MARKS = {
    "attempt_id": "string",
    "word_index": "Int64",
    "score": "float64",
    "author": "string",
    "reason": "string",
    "marked_at": "datetime64[us, UTC]",
}
"""The columns of teachers' marks, with their dtypes."""

STUDENTS = {"student": "string", "class_name": "string", "first_language": "string", "attempts": "int64"}
TASKS = {"task": "string", "reference_text": "text", "attempts": "int64"}

_NO_SCORES = Scores()


def read(
    connection: Connection,
    rows: Sequence[Row[Any]],
    build: Callable[[Iterable[Assessment]], pd.DataFrame],
) -> pd.DataFrame:
    """A table of `frames` on the stored replies of rows of `select_attempts`, in time linear in their number.

    The rows have `reference_text` too.
    """
    with _without_garbage_collection():
        frame = build(_assessments(connection, rows))
    # Every row of the table says whose attempt it is; from that, its place in `rows`.
    place = pd.Index([row.attempt_id for row in rows], dtype=object).get_indexer(frame["utterance_id"].to_numpy(object))
    front = columns_of(FRONT, rows).take(place).reset_index(drop=True)
    whole: pd.DataFrame = pd.concat([front, frame.drop(columns="student", errors="ignore")], axis=1)
    return whole


def read_attempts(
    connection: Connection, rows: Sequence[Row[Any]], marks: Mapping[int, tuple[float, str | None]]
) -> pd.DataFrame:
    """One row per attempt, with the latest of the marks; the rows have all columns of attempts but the reply."""
    table = read(connection, rows, frames.utterances).rename(columns={"utterance_id": "attempt_id"})
    said = columns_of(dict.fromkeys(("service", "service_version", "audio_sha256"), "string"), rows)
    latest = [marks.get(row.id, (math.nan, None)) for row in rows]
    teacher = frame_of(
        {"teacher_score": "float64", "teacher": "string"},
        {"teacher_score": [score for score, _ in latest], "teacher": [author for _, author in latest]},
    )
    first = ["attempt_id", *FRONT, "service", "service_version", "reference_text"]
    last = [*teacher, "audio_sha256"]
    whole = pd.concat([table, said, teacher], axis=1)
    ordered: pd.DataFrame = whole[[*first, *(name for name in whole if name not in {*first, *last}), *last]]
    return ordered


def _assessments(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[Assessment]:
    """What `frames` reads of an assessment: the reply, and what only the assessment knows."""
    for row, reply in replies_of(connection, rows):
        yield Assessment(
            None, None, None, row.reference_text, _NO_SCORES, (), None, None, None, None,
            schema.unpack_reply(reply), row.attempt_id,
        )  # fmt: skip


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Replies have no cycles; looking for some among millions of their objects takes half the time of reading them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def columns_of(dtypes: Mapping[str, str], rows: Sequence[Row[Any]]) -> pd.DataFrame:
    """The columns of that name of database rows, as a frame of these dtypes."""
    return frame_of(dtypes, {name: [getattr(row, name) for row in rows] for name in dtypes})


def frame_of(dtypes: Mapping[str, str], columns: Mapping[str, list[Any]]) -> pd.DataFrame:
    """A frame of these dtypes. Text that is missing or '' is NA, but with the dtype "text" '' stays."""
    frame: pd.DataFrame = pd.DataFrame(
        {name: _AS_DTYPE[dtype](columns[name]) for name, dtype in dtypes.items()}, copy=False
    )
    return frame


def _texts(values: Sequence[str | None], *, empty: bool = False) -> Any:
    """A column of text, with NA for None and, unless `empty`, for ''."""
    return pd.array([value if value or (empty and value is not None) else pd.NA for value in values], dtype="string")


_AS_DTYPE: dict[str, Callable[[list[Any]], Any]] = {
    "string": _texts,
    "text": lambda values: _texts(values, empty=True),
    "int64": lambda values: np.array(values, dtype=np.int64),
    "Int64": lambda values: pd.array(values, dtype="Int64"),
    "float64": lambda values: np.array(values, dtype=np.float64),
    "datetime64[us, UTC]": lambda values: pd.DatetimeIndex(values, tz="UTC").as_unit("us"),
}


def latest_marks(connection: Connection) -> dict[int, tuple[float, str | None]]:
    """The latest mark of a teacher for a whole attempt: id -> (score, author)."""
    c = schema.marks.c
    found = connection.execute(
        sa.select(c.attempt, c.score, c.author).where(c.word_index.is_(None)).order_by(c.marked_at, c.id)
    )
    return {attempt: (score, author) for attempt, score, author in found}


def read_marks(connection: Connection, filters: Filters, more: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Every mark on these attempts, in the order of marking; `more` columns with their dtypes come first."""
    its_attempt = select_attempts(filters).order_by(None).subquery()
    chosen = (
        sa.select(schema.marks, its_attempt.c.attempt_id)
        .join(its_attempt, its_attempt.c.id == schema.marks.c.attempt)
        .order_by(schema.marks.c.marked_at, schema.marks.c.id)
    )
    return columns_of({**(more or {}), **MARKS}, connection.execute(chosen).all())


def read_students(connection: Connection, filters: Filters) -> pd.DataFrame:
    """One row per student, by class and name, with the number of attempts."""
    c = schema.students.c
    chosen = (
        sa.select(c.name.label("student"), c.class_name, c.first_language, _count().label("attempts"))
        .outerjoin(schema.attempts)
        .where(*filters.of_students())
        .group_by(c.id)
        .order_by(c.class_name, c.name)
    )
    return columns_of(STUDENTS, connection.execute(chosen).all())


def read_tasks(connection: Connection, filters: Filters) -> pd.DataFrame:
    """One row per task, in the order in which they were entered, with the number of attempts."""
    c = schema.tasks.c
    chosen = (
        sa.select(c.name.label("task"), c.reference_text, _count().label("attempts"))
        .outerjoin(schema.attempts)
        .where(*filters.of_tasks())
        .group_by(c.id)
        .order_by(c.id)
    )
    return columns_of(TASKS, connection.execute(chosen).all())


def _count() -> sa.Function[int]:
    return sa.func.count(schema.attempts.c.id)
