"""Writing to the tables, within a transaction of the caller's."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..typed import look
from .database import insert_new
from .entry import Entry
from .query import look_of, pages
from .schema import attempts, students, tasks


def insert_attempts(connection: Connection, entries: Sequence[Entry]) -> None:
    """Insert the attempts that are not there yet, with their students and tasks; audio is not looked at.

    Their places are in the order given. They are inserted in one order everywhere, lest two writers to a server wait
    for each other.
    """
    student_ids = enter_students(connection, [(entry.student, entry.class_name) for entry in entries])
    task_ids = enter_tasks(connection, {entry.task for entry in entries if entry.task})
    first = next_place(connection)
    rows = [
        {
            **entry.row,
            "place": first + number if entry.place is None else entry.place,
            "student_id": student_ids[entry.student, entry.class_name],
            "task_id": task_ids.get(entry.task),
        }
        for number, entry in enumerate(entries)
    ]
    insert_new(connection, attempts, sorted(rows, key=lambda row: row["attempt_id"]))


def next_place(connection: Connection) -> int:
    """The place behind all attempts. Two writers to a server may get the same: the row's id then decides."""
    return (connection.scalar(sa.select(sa.func.max(attempts.c.place))) or 0) + 1


def enter_students(connection: Connection, who: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of students by (name, class name), who are entered where they are not there yet.

    Names that look the same (O’Brien, O'Brien) are one student's, who keeps the spelling that came first.
    """
    c = students.c
    ids: dict[tuple[str, str], int] = {}
    for page in pages(dict.fromkeys(who)):
        looks = {(look(name), class_name): (name, class_name) for name, class_name in reversed(page)}
        chosen = (
            sa.select(c.name, c.class_name, c.id)
            .where(sa.tuple_(look_of(c.name), c.class_name).in_(list(looks)))
            .order_by(c.id.desc())  # of two that look the same from an older version, the first
        )
        found = {(look(name), class_name) for name, class_name, _ in connection.execute(chosen)}
        new = sorted(named for key, named in looks.items() if key not in found)
        insert_new(connection, students, [{"name": name, "class_name": class_name} for name, class_name in new])
        rows = connection.execute(chosen).all()
        by_look = {(look(name), class_name): id_ for name, class_name, id_ in rows}
        ids |= {(name, class_name): by_look[look(name), class_name] for name, class_name in page}
        # One that is there under this very spelling is that one.
        ids |= {(name, class_name): id_ for name, class_name, id_ in rows if (name, class_name) in ids}
    return ids


def enter_tasks(connection: Connection, names: Iterable[str]) -> dict[str, int]:
    """The ids of tasks by name, which are entered where they are not there yet."""
    c = tasks.c
    ids: dict[str, int] = {}
    for page in pages(sorted(names)):
        chosen = sa.select(c.name, c.id).where(c.name.in_(page))
        found = set(connection.scalars(chosen))
        insert_new(connection, tasks, [{"name": name} for name in page if name not in found])
        ids |= dict(map(tuple, connection.execute(chosen)))
    return ids


def stored(connection: Connection, column: sa.Column[Any], values: Iterable[str]) -> set[str]:
    """Which of these values a text column has."""
    found: set[str] = set()
    for page in pages(values):
        found.update(connection.scalars(sa.select(column).where(column.in_(page))))
    return found
