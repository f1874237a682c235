"""The gradebook's tables, and how values stand in them.

    students ──< attempts >── tasks          audio   (only where no folder keeps the recordings)
                    └──< marks                schema_version

A student without a name or class has '' there, because NULLs are never equal to each other and would slip past the
unique constraint. All else that is missing is NULL.
"""

from __future__ import annotations

import json
import zlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from ..errors import ReplyError
from ..unwrapping import load_json

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect

VERSION = 3
"""Version of the tables below; `migrate` has the steps from older ones."""


class UtcTime(sa.TypeDecorator[datetime]):
    """An aware datetime, kept as UTC to the microsecond (SQLite has no time zones of its own)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database."""
        return None if value is None else value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


# SQLite numbers rows by itself only in a column of type INTEGER.
_RowId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

metadata = sa.MetaData()

schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer, nullable=False))

students = sa.Table(
    "students",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("class_name", sa.Text, nullable=False),
    sa.Column("first_language", sa.Text),
    sa.UniqueConstraint("name", "class_name"),
)

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("reference_text", sa.Text),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("attempt_id", sa.Text, nullable=False, unique=True),
    sa.Column("key", sa.Text, unique=True),
    sa.Column("student_id", sa.ForeignKey("students.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("task_id", sa.ForeignKey("tasks.id"), index=True),
    sa.Column("recorded_at", UtcTime, nullable=False, index=True),
    # Among attempts of the same moment, say of a roster that has dates only, the order in which they were given.
    sa.Column("place", sa.BigInteger, nullable=False, index=True),
    sa.Column("reference_text", sa.Text),
    sa.Column("service", sa.Text),
    sa.Column("service_version", sa.Text),
    sa.Column("params", sa.Text),
    sa.Column("audio_sha256", sa.Text, index=True),
    sa.Column("reply", sa.LargeBinary, nullable=False),
)

marks = sa.Table(
    "marks",
    metadata,
    sa.Column("id", _RowId, primary_key=True),
    sa.Column("mark_id", sa.Text, nullable=False, unique=True),
    sa.Column("attempt", sa.ForeignKey("attempts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("word_index", sa.Integer),
    sa.Column("score", sa.Double, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("marked_at", UtcTime, nullable=False),
)

audio = sa.Table(
    "audio",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)


def pack_reply(raw: object) -> bytes:
    """A reply as its compressed JSON: a sixth of the text's size, and no slower to read than the text itself.

    The JSON is ASCII: that keeps what UTF-8 text cannot (half a surrogate pair) and what a database's, a worksheet's
    or a CSV file's text cannot (control characters). Raises `ReplyError` for what is not JSON.
    """
    try:
        text = json.dumps(load_json(raw), separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ReplyError(
            f"The reply cannot be kept, because it is not JSON ({error}). Record what the service sent, unchanged."
        ) from None
    return pack_text(text)


def pack_text(text: str) -> bytes:
    """Compress the JSON of a reply."""
    return zlib.compress(text.encode("ascii"))


def unpack_text(packed: bytes) -> str:
    """The JSON of a stored reply."""
    return zlib.decompress(packed).decode("ascii")


def unpack_reply(packed: bytes) -> Any:
    """A stored reply, equal to what was recorded."""
    return json.loads(zlib.decompress(packed))
