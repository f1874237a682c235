"""Which column of a table is what, by the names that people give them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..errors import InputError
from .sources import Table

ALIASES: Mapping[str, tuple[str, ...]] = {
    "student": ("student name", "name", "full name", "display name", "learner", "pupil", "speaker", "participant"),
    "reference_text": ("text", "sentence", "reference", "prompt", "transcript", "script"),
    "audio": ("file", "path", "recording", "file name", "audio file", "audio path", "wav"),
    "task": ("exercise", "assignment", "task name", "item"),
    "recorded_at": ("recorded", "date", "time", "datetime", "timestamp"),
    "class_name": ("class", "group", "course"),
    "first_language": ("l1", "native language", "mother tongue"),
}
"""Field -> other names that its column may have; case, spaces, "_" and "-" do not matter."""


def map_columns(table: Table, given: Mapping[str, str], default_text: str | None) -> dict[str, str]:
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
        exact = [column for column in free if plain(column) == plain(field)]
        found = exact or [column for column in free if plain(column) in map(plain, aliases)]
        if len(found) > 1:
            raise InputError(
                f"The columns {' and '.join(map(repr, found))} of {table.name} may both be the {field}. "
                f"{say(field, found[0])}"
            )
        if found:
            column_of[field] = found[0]
    if table.rows:
        needed = ["audio"] if default_text else ["audio", "reference_text"]
        for field in needed:
            if field not in column_of and not all(row.problem for row in table.rows):
                raise InputError(
                    f"{table.name} has no column {field} (or {', '.join(ALIASES[field][:3])}). "
                    f"Its columns are: {have}. Name it in the first row. {say(field, '...')}"
                )
    return column_of


def say(field: str, column: str) -> str:
    """How to say which column a field is in, a sentence."""
    return f"Say which one is: columns={{{field!r}: {column!r}}}, on the command line --column {field}={column!r}."


def plain(name: str) -> str:
    """The name of a column without what does not matter in it."""
    return re.sub(r"[\W_]+", "", name).casefold()
