"""Export of attempts with all that belongs to them, and import of what was exported.

The tables are those that a teacher wants to read (attempts with their scores, students, tasks, marks), and with the
columns in `COLUMNS` hold all that the gradebook knows. Other columns are made from the replies; an import passes over
them. Attempts of the same moment, and marks, come in their order, which is all that tells it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from ..errors import InputError
from ..results import read_reply
from ..unwrapping import load_json
from . import formats, schema, store, tables
from .audio import AudioStore, name_of
from .database import insert_new
from .entry import Entry, moment, name_in, text_of
from .query import Filters, pages, replies_of, select_attempts

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "attempts": dict.fromkeys(
        ("attempt_id", "student", "class_name", "task", "reference_text", "service", "service_version"), "text"
    )
    | {"params": "json", "key": "text", "audio_sha256": "text", "recorded_at": "time"},
    "replies": {"attempt_id": "text", "part": "integer", "parts": "integer", "reply": "text"},
    "students": {"student": "text", "class_name": "text", "first_language": "text"},
    "tasks": {"task": "text", "reference_text": "text"},
    "marks": {"mark_id": "text", "attempt_id": "text", "word_index": "integer", "score": "number"}
    | {"author": "text", "reason": "text", "marked_at": "time"},
}
"""Table -> column -> what it holds: all that an import needs."""

# Never missing, in whatever table they are.
_REQUIRED = frozenset("attempt_id recorded_at part parts reply mark_id score author reason marked_at".split())

# Characters of a reply in one row: as many as fit into a cell of Excel. Its JSON is ASCII.
_PART = 32_000
_ROWS = 1_000


# --- export -----------------------------------------------------------------------------------------------------


def export(connection: Connection, audio: AudioStore, path: Path, filters: Filters, *, with_audio: bool) -> None:
    """Write the attempts that pass the filters, with their students, tasks and marks."""
    everything = [
        column
        for column in schema.attempts.c
        if column.name not in ("id", "attempt_id", "recorded_at", "place", "reply")
    ]
    rows = connection.execute(select_attempts(filters, *everything)).all()
    sounds = dict.fromkeys(row.audio_sha256 for row in rows if row.audio_sha256)
    found = ((sha256, audio.get(connection, sha256)) for sha256 in sounds)
    formats.write(
        path,
        {
            "attempts": _attempts(connection, rows),
            "replies": _replies(connection, rows),
            "students": [tables.read_students(connection, filters)],
            "tasks": [tables.read_tasks(connection, filters)],
            "marks": [tables.read_marks(connection, filters, {"mark_id": "string"})],
        },
        ((sha256, data) for sha256, data in found if data is not None) if with_audio else None,
    )


def _attempts(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[pd.DataFrame]:
    marks = tables.latest_marks(connection)
    for page in list(pages(rows, _ROWS)) or [[]]:
        frame = tables.read_attempts(connection, page, marks)
        yield pd.concat([frame, tables.columns_of({"params": "string", "key": "string"}, page)], axis=1)


def _replies(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[pd.DataFrame]:
    dtypes = {"attempt_id": "string", "part": "int64", "parts": "int64", "reply": "string"}
    for page in list(pages(rows, _ROWS)) or [[]]:
        columns: dict[str, list[Any]] = {name: [] for name in dtypes}
        for row, packed in replies_of(connection, page):
            text = schema.unpack_text(packed)
            parts = [text[start : start + _PART] for start in range(0, len(text), _PART)]
            columns["attempt_id"] += [row.attempt_id] * len(parts)
            columns["part"] += range(len(parts))
            columns["parts"] += [len(parts)] * len(parts)
            columns["reply"] += parts
        yield tables.frame_of(dtypes, columns)


# --- import -----------------------------------------------------------------------------------------------------


def import_from(connection: Connection, audio: AudioStore, path: Path, encoding: str | None = None) -> int:
    """Enter what was exported, and return how many attempts are new. What is there already stays as it is.

    Raises `InputError`; nothing should be kept then.
    """
    before = _count(connection)
    _import_students(connection, path, encoding)
    _import_tasks(connection, path, encoding)
    attempts = {row["attempt_id"]: row for row in _rows(path, "attempts", encoding)}
    for page in pages(_texts_of_replies(path, encoding), 200):
        store.insert_attempts(connection, [_entry(attempts, *reply, path) for reply in page])
    if missing := [attempt_id for attempt_id, row in attempts.items() if "seen" not in row]:
        raise InputError(
            f"{path} has no reply for attempt {missing[0]!r}. Give what Gradebook.export wrote, unchanged."
        )
    _import_marks(connection, path, encoding)
    wanted = {row["audio_sha256"] for row in attempts.values()}
    for data in formats.read_sounds(path):
        if (sha256 := name_of(data)) in wanted:
            audio.put_within(connection, sha256, data)
    return _count(connection) - before


def _count(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.count(schema.attempts.c.id))) or 0


def _import_students(connection: Connection, path: Path, encoding: str | None) -> None:
    rows = {
        (name_in(row["student"], "student"), name_in(row["class_name"], "class_name")): row
        for row in _rows(path, "students", encoding)
    }
    c = schema.students.c
    for who, id_ in store.enter_students(connection, rows).items():
        if language := rows[who]["first_language"]:
            unknown = schema.students.update().where(c.id == id_, c.first_language.is_(None))
            connection.execute(unknown.values(first_language=language))


def _import_tasks(connection: Connection, path: Path, encoding: str | None) -> None:
    rows = {name_in(row["task"], "task"): row for row in _rows(path, "tasks", encoding)}
    c = schema.tasks.c
    for task, id_ in store.enter_tasks(connection, rows).items():
        if (text := rows[task]["reference_text"]) is not None:
            unknown = schema.tasks.update().where(c.id == id_, c.reference_text.is_(None))
            connection.execute(unknown.values(reference_text=text))


def _import_marks(connection: Connection, path: Path, encoding: str | None) -> None:
    c = schema.attempts.c
    for page in pages(_rows(path, "marks", encoding)):
        chosen = sa.select(c.attempt_id, c.id).where(c.attempt_id.in_({row["attempt_id"] for row in page}))
        ids = dict(map(tuple, connection.execute(chosen)))
        if unknown := [row["attempt_id"] for row in page if row["attempt_id"] not in ids]:
            raise InputError(
                f"{path} has a mark on attempt {unknown[0]!r}, which is not there. Import the whole export."
            )
        marks = [{**row, "attempt": ids[row["attempt_id"]]} for row in page]
        for mark in marks:
            del mark["attempt_id"]
        insert_new(connection, schema.marks, marks)


def _texts_of_replies(path: Path, encoding: str | None) -> Iterator[tuple[str, str]]:
    """The attempts' ids with the JSON of their replies, put together from their parts."""
    parts: list[str] = []
    for row in _rows(path, "replies", encoding):
        if row["part"] != len(parts):
            raise InputError(
                f"{path} lacks part {len(parts)} of the reply to attempt {row['attempt_id']!r}, or has it in another "
                "place. Give what Gradebook.export wrote, in its order."
            )
        parts.append(row["reply"])
        if len(parts) == row["parts"]:
            yield row["attempt_id"], "".join(parts)
            parts = []


def _entry(attempts: Mapping[str, dict[str, Any]], attempt_id: str, reply: str, path: Path) -> Entry:
    if (row := attempts.get(attempt_id)) is None:
        raise InputError(f"{path} has a reply to attempt {attempt_id!r}, but not the attempt. Import the whole export.")
    row["seen"] = True
    read_reply(load_json(reply))  # raises for what the tables could not be made from
    columns = {name: value for name, value in row.items() if name not in ("student", "class_name", "task", "seen")}
    return Entry(
        student=name_in(row["student"], "student"),
        class_name=name_in(row["class_name"], "class_name"),
        task=name_in(row["task"], "task"),
        row={**columns, "reply": schema.pack_text(reply) if reply.isascii() else schema.pack_reply(reply)},
    )


def _rows(path: Path, table: str, encoding: str | None) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(formats.read(path, table, COLUMNS[table], encoding), start=1):
        yield {name: _value(row[name], name, kind, path, table, number) for name, kind in COLUMNS[table].items()}


def _value(cell: object, name: str, kind: str, path: Path, table: str, number: int) -> Any:
    try:
        if cell is None and name in _REQUIRED:
            raise ValueError("nothing is there.")
        return None if cell is None else _READ[kind](cell)
    except (ValueError, TypeError) as error:
        raise InputError(f"{name} in row {number} of the {table} in {path} cannot be read: {error}") from None


def _text(cell: object) -> str | None:
    return text_of(str(cell), "the cell")


def _json(cell: object) -> str:
    json.loads(str(cell))
    return str(cell)


def _number(cell: object) -> float:
    number = float(str(cell))
    if not math.isfinite(number):
        raise ValueError(f"{cell!r} is no number.")
    return number


def _integer(cell: object) -> int:
    return int(_number(cell))


def _time(cell: object) -> datetime:
    return moment(cell if isinstance(cell, datetime) else str(cell))


_READ = {"text": _text, "json": _json, "integer": _integer, "number": _number, "time": _time}
