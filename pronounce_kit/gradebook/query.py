"""Which attempts: the filters of the gradebook's methods as SQL, and what stands in front of every table."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, TypeAlias, TypedDict, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from ..typed import STRAIGHT, look
from .entry import moment, name_in
from .schema import attempts, students, tasks

Names: TypeAlias = "str | Iterable[str | None] | None"
When: TypeAlias = "str | date | datetime | None"

_T = TypeVar("_T")

# How many rows are asked for by name at a time; SQLite takes at most 32,766 values in one statement.
PAGE = 500


class FilterArguments(TypedDict, total=False):
    """The arguments by which the gradebook's methods filter; see `Filters`."""

    class_name: Names
    student: Names
    task: Names
    since: When
    until: When


@dataclass(frozen=True, slots=True)
class Filters:
    """Which attempts; None does not filter.

    class_name, student, task
        A name, or several; in several, None stands for "none": no class, no name, no task.
    since, until
        The times of recording, both inclusive: a datetime or its ISO text, or a date, which as `until` means the end
        of that day. A time without a zone is this machine's local time, as everywhere in Python.
    """

    class_name: Names = None
    student: Names = None
    task: Names = None
    since: When = None
    until: When = None

    def of_students(self) -> list[sa.ColumnElement[bool]]:
        """Conditions on the student."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.class_name is not None:
            conditions.append(students.c.class_name.in_(_several(self.class_name)))
        if self.student is not None:
            conditions.append(look_of(students.c.name).in_(map(look, _several(self.student))))
        return conditions

    def of_tasks(self) -> list[sa.ColumnElement[bool]]:
        """Conditions on the task."""
        return [] if self.task is None else [sa.func.coalesce(tasks.c.name, "").in_(_several(self.task))]

    def of_times(self) -> list[sa.ColumnElement[bool]]:
        """Conditions on the time of recording."""
        column = attempts.c.recorded_at
        conditions: list[sa.ColumnElement[bool]] = []
        if self.since is not None:
            conditions.append(column >= moment(self.since))
        if self.until is not None:
            last = moment(self.until)
            if _is_day(self.until):  # the next one may begin 23 or 25 hours after it
                with contextlib.suppress(OverflowError):  # nothing comes after the last day there is
                    conditions.append(column < moment(last.replace(tzinfo=None) + timedelta(days=1)))
            else:
                conditions.append(column <= last)
        return conditions


def select_attempts(filters: Filters, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """The attempts in order of time: `id`, what stands in front of every table, and the given columns of attempts.

    `attempt_number` counts a student's readings of the same text for the same task, from 1; also those that the
    filter by time leaves out. Attempts of the same moment are in the order in which they were stored, those of a batch
    in that of its rows, whichever was done first.
    """
    c = attempts.c
    in_order = (c.recorded_at, c.place, c.id)
    count = sa.func.row_number().over(partition_by=(c.student_id, c.task_id, c.reference_text), order_by=in_order)
    numbered = (
        sa.select(
            c.id,
            students.c.name.label("student"),
            students.c.class_name,
            students.c.first_language,
            tasks.c.name.label("task"),
            count.label("attempt_number"),
        )
        .select_from(attempts.join(students).outerjoin(tasks))
        .where(*filters.of_students(), *filters.of_tasks())
        .subquery("numbered")
    )
    return (
        sa.select(numbered, c.attempt_id, c.recorded_at, *columns)
        .join(attempts, c.id == numbered.c.id)
        .where(*filters.of_times())
        .order_by(*in_order)
    )


def look_of(column: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    """What a stored name looks like, as `typed.look` has it of one that `typed.spelled` has been over."""
    looks: sa.ColumnElement[str] = column
    for sign, straight in STRAIGHT.items():
        looks = sa.func.replace(looks, sign, straight)
    return looks


def replies_of(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], bytes]]:
    """The rows of `select_attempts` with the stored replies, fetched a page at a time: few are in memory at once."""
    for page in pages(rows):
        chosen = attempts.c.id.in_([row.id for row in page])
        replies = dict(map(tuple, connection.execute(sa.select(attempts.c.id, attempts.c.reply).where(chosen))))
        # Somebody may have deleted one since the rows were read, if that was in another transaction.
        yield from ((row, replies[row.id]) for row in page if row.id in replies)


def pages(items: Iterable[_T], size: int = PAGE) -> Iterator[list[_T]]:
    """The items in lists of at most `size`."""
    source = iter(items)
    while page := list(islice(source, size)):
        yield page


def _is_day(when: object) -> bool:
    """Whether a date was given rather than a time of that day."""
    if isinstance(when, str):
        return ":" not in when and "T" not in when
    return not isinstance(when, datetime)


def _several(names: str | Iterable[str | None]) -> list[str]:
    """The names as they are stored, '' for none. Raises `InputError` for what is no name."""
    if isinstance(names, str) or not isinstance(names, Iterable):
        names = [names]
    return [name_in(name, "A name to filter by") for name in names]
