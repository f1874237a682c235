"""The version of the tables, and the steps that bring older ones up to date."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..errors import GradebookError, InputError
from . import schema

# Version -> the statements that lead to it from the one before. A step says in SQL what it does, not by way of the
# tables of `schema`, which will have moved on.
STEPS: Mapping[int, Sequence[str]] = {
    2: (
        "ALTER TABLE students ADD COLUMN first_language TEXT",
        "ALTER TABLE marks ADD COLUMN word_index INTEGER",
        "CREATE INDEX ix_attempts_audio_sha256 ON attempts (audio_sha256)",
    ),
    3: (
        "ALTER TABLE attempts ADD COLUMN place BIGINT NOT NULL DEFAULT 0",
        "UPDATE attempts SET place = id",
        "CREATE INDEX ix_attempts_place ON attempts (place)",
    ),
}


def bring_up_to_date(connection: Connection, shown: str) -> None:
    """Within one transaction, make the tables or change them. Raises `InputError`, `GradebookError`."""
    version = stored_version(connection, shown)
    if version == schema.VERSION:
        return
    if version is None:
        schema.metadata.create_all(connection)
        connection.execute(schema.schema_version.insert().values(version=schema.VERSION))
        return
    if version > schema.VERSION:
        raise GradebookError(
            f"{shown} was written by a newer pronounce-kit (tables of version {version}; this one knows up to "
            f"{schema.VERSION}). Upgrade pronounce-kit to that version, or a newer one."
        )
    for step in range(version + 1, schema.VERSION + 1):
        for statement in STEPS[step]:
            connection.exec_driver_sql(statement)
    connection.execute(schema.schema_version.update().values(version=schema.VERSION))


def stored_version(connection: Connection, shown: str) -> int | None:
    """The version of a database's tables; None if it has none yet. Raises `InputError` for somebody else's tables."""
    names = set(sa.inspect(connection).get_table_names())
    if "schema_version" in names:
        version = connection.execute(sa.select(schema.schema_version.c.version)).scalar()
        if version is not None:
            return int(version)
    # A file is the gradebook's alone; a server's database may have more in it.
    if taken := sorted(names if connection.dialect.name == "sqlite" else names.intersection(schema.metadata.tables)):
        raise InputError(
            f"{shown} has tables of something else ({', '.join(taken)}). "
            "Give another file or database for the gradebook."
        )
    return None
