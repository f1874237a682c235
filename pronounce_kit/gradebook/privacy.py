"""The right to erasure: a student's rows, recordings and name, and what a database keeps of deleted ones."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..errors import InputError
from ..typed import look
from .audio import AudioStore
from .entry import name_in
from .query import look_of
from .schema import attempts, marks, students


def delete(connection: Connection, store: AudioStore, name: str, class_name: str | None) -> int:
    """Delete a student with all attempts, marks, and recordings no other attempt uses; returns how many attempts."""
    student = find_student(connection, name, class_name)
    mine = attempts.c.student_id == student
    sounds = _sounds(connection, student)
    count = connection.scalar(sa.select(sa.func.count()).where(mine)) or 0
    connection.execute(marks.delete().where(marks.c.attempt.in_(sa.select(attempts.c.id).where(mine))))
    connection.execute(attempts.delete().where(mine))
    connection.execute(students.delete().where(students.c.id == student))
    _delete_unused(connection, store, sounds)
    return int(count)


def pseudonymize(
    connection: Connection,
    store: AudioStore,
    name: str,
    class_name: str | None,
    pseudonym: str | None,
    *,
    keep_audio: bool,
) -> str:
    """Put a pseudonym in place of a student's name, also in the reasons of marks; returns it."""
    student = find_student(connection, name, class_name)
    name, pseudonym = name_in(name, "student"), name_in(pseudonym, "pseudonym") or f"Student {secrets.token_hex(4)}"
    its_class = sa.select(students.c.class_name).where(students.c.id == student).scalar_subquery()
    taken = sa.select(students.c.id).where(students.c.name == pseudonym, students.c.class_name == its_class)
    if connection.scalar(taken) is not None:
        raise InputError(f"There is a student {pseudonym!r} in that class already. Give another pseudonym.")
    connection.execute(students.update().where(students.c.id == student).values(name=pseudonym))
    its_marks = sa.select(marks.c.id, marks.c.reason).join(attempts).where(attempts.c.student_id == student)
    for id_, reason in connection.execute(its_marks).all():
        if (changed := _without(reason, name, pseudonym)) != reason:
            connection.execute(marks.update().where(marks.c.id == id_).values(reason=changed))
    if not keep_audio:
        sounds = _sounds(connection, student)
        connection.execute(attempts.update().where(attempts.c.student_id == student).values(audio_sha256=None))
        _delete_unused(connection, store, sounds)
    return pseudonym


def find_student(connection: Connection, name: str, class_name: str | None) -> int:
    """The id of a student; the class may be left out where the name says enough, and is "" for none.

    Raises `InputError`.
    """
    name = name_in(name, "student")
    c = students.c
    chosen = sa.select(c.id, c.class_name, c.name).where(look_of(c.name) == look(name))
    if class_name is not None:
        chosen = chosen.where(c.class_name == name_in(class_name, "class_name"))
    alike = connection.execute(chosen.order_by(c.class_name)).all()
    found = [row for row in alike if row.name == name] or alike
    if not found:
        where = "" if class_name is None else f" in class {class_name!r}"
        raise InputError(f"There is no student {name!r}{where}. See Gradebook.students() for those there are.")
    if len(found) > 1:
        classes = ", ".join(repr(row.class_name) for row in found)
        raise InputError(f"There are several students {name!r}, in the classes {classes}. Give class_name.")
    return int(found[0].id)


def _sounds(connection: Connection, student: int) -> set[str]:
    c = attempts.c
    chosen = sa.select(c.audio_sha256).where(c.student_id == student, c.audio_sha256.is_not(None)).distinct()
    return set(connection.scalars(chosen))


def _delete_unused(connection: Connection, store: AudioStore, sounds: Iterable[str]) -> None:
    for sha256 in sorted(sounds):
        if connection.scalar(sa.select(attempts.c.id).where(attempts.c.audio_sha256 == sha256).limit(1)) is None:
            store.delete(connection, sha256)


def _without(text: str, name: str, pseudonym: str) -> str:
    """The text with the pseudonym for the name, which counts as a word only next to other Latin letters."""
    return re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", lambda _: pseudonym, text, flags=re.IGNORECASE)
