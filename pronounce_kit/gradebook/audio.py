"""Where the recordings are: a folder beside the database's file, or a table of the database.

Recordings are named by the SHA-256 of their bytes, so the same one is kept once, however often it was assessed. They
are kept as they came.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Protocol, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from ..errors import AudioError, GradebookError
from ..recording import Recording
from ..sound_files import kind_of
from ..storage import write_whole
from . import schema
from .database import insert_new

Sound: TypeAlias = "Recording | bytes | bytearray | memoryview | str | os.PathLike[str]"


def bytes_of(sound: Sound) -> bytes:
    """The bytes to keep: a file's or upload's own, and of a `Recording` its WAV. Raises `AudioError`."""
    if isinstance(sound, Recording):
        return sound.to_wav()
    if isinstance(sound, (str, os.PathLike)):
        try:
            data = Path(sound).read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise AudioError(f"{sound} cannot be read ({reason}). Check the path and its permissions.") from None
    elif isinstance(sound, (bytes, bytearray, memoryview)):
        data = bytes(sound)
    else:
        raise AudioError(
            f"A gradebook cannot keep a {type(sound).__name__} as a recording. "
            "Give a Recording, the path of a sound file, or its bytes."
        )
    if not data:
        raise AudioError("The recording has no bytes. Record again.")
    return data


def name_of(data: bytes) -> str:
    """SHA-256 of the bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def suffix_of(data: bytes) -> str:
    """The suffix of a file with these bytes."""
    kind = kind_of(data)
    return kind.suffix if kind else ".audio"


class AudioStore(Protocol):
    """Keeps the bytes of recordings by their SHA-256."""

    def put(self, sha256: str, data: bytes) -> None:
        """Keep a recording, before the transaction that refers to it."""
        ...

    def put_within(self, connection: Connection, sha256: str, data: bytes) -> None:
        """Make sure within that transaction that it is there: an erasure may have come in between."""
        ...

    def get(self, connection: Connection, sha256: str) -> bytes | None:
        """The bytes, or None if there are none by that name."""
        ...

    def delete(self, connection: Connection, sha256: str) -> None:
        """Delete a recording for good; one that is not there is no error."""
        ...


class AudioFolder:
    """Files in a folder, in subfolders by the first two letters of their names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, sha256: str, data: bytes) -> None:
        """Write the file, whole and synced to disk, unless it is there."""
        path = self.folder / sha256[:2] / f"{sha256}{suffix_of(data)}"
        if path.exists():
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        except OSError as error:
            raise GradebookError(
                f"The recording cannot be written to {self.folder} ({error.strerror}). "
                "Check the folder's permissions and the space left."
            ) from None

    def put_within(self, connection: Connection, sha256: str, data: bytes) -> None:
        """See `AudioStore`."""
        self.put(sha256, data)

    def get(self, connection: Connection, sha256: str) -> bytes | None:
        """See `AudioStore`."""
        for path in self._files(sha256):
            return path.read_bytes()
        return None

    def delete(self, connection: Connection, sha256: str) -> None:
        """Delete the file, and what a crash while writing it may have left. Raises `GradebookError`."""
        try:
            for path in [*self._files(sha256), *(self.folder / sha256[:2]).glob(f".{sha256}.*.tmp")]:
                path.unlink(missing_ok=True)
        except OSError as error:  # on Windows, of a file that a player has open
            raise GradebookError(
                f"The recording {error.filename} cannot be deleted ({error.strerror}), so the gradebook was not "
                "changed. Close the program that has it open, and try again.",
                retryable=True,
            ) from None

    def _files(self, sha256: str) -> list[Path]:
        return list((self.folder / sha256[:2]).glob(f"{sha256}.*"))


class AudioTable:
    """Rows of a table, for a database that several machines share."""

    def put(self, sha256: str, data: bytes) -> None:
        """Nothing: the row is written with the attempt, in one transaction."""

    def put_within(self, connection: Connection, sha256: str, data: bytes) -> None:
        """See `AudioStore`."""
        if self.get(connection, sha256) is None:
            insert_new(connection, schema.audio, [{"sha256": sha256, "content": data}])

    def get(self, connection: Connection, sha256: str) -> bytes | None:
        """See `AudioStore`."""
        content = connection.execute(sa.select(schema.audio.c.content).where(schema.audio.c.sha256 == sha256)).scalar()
        return None if content is None else bytes(content)

    def delete(self, connection: Connection, sha256: str) -> None:
        """See `AudioStore`."""
        connection.execute(schema.audio.delete().where(schema.audio.c.sha256 == sha256))
