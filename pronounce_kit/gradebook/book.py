"""The gradebook itself: what it can do, each in a few lines; the other modules know how."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection

from .. import frames
from ..errors import InputError
from ..params import PronunciationScoreParams
from ..results import Assessment, read_reply
from . import exchange, privacy, schema, store, tables
from .audio import AudioFolder, AudioStore, AudioTable, Sound
from .database import Database, parse_url
from .entry import Entry, make_entry, make_mark, moment, name_in, text_of
from .query import FilterArguments, Filters, Names, pages, replies_of, select_attempts

if TYPE_CHECKING:
    from typing_extensions import Unpack

_ATTEMPTS = schema.attempts.c
_READ = frozenset({"reference_text", "service", "service_version", "audio_sha256"})


class Gradebook:
    """Every attempt of every student: the service's reply, the recording, and what teachers say of them.

        gradebook = pk.Gradebook("class.db")
        gradebook.record(assessment, student="Ada", class_name="5b", task="Week 3", recording=recording)
        gradebook.words(class_name="5b")                     # a DataFrame, one row per word

    where
        The path of a SQLite file, which is made if it is not there, or a URL (`postgresql://user@host/database`).
        Several notebooks and programs may have the same one open. An older file is brought up to date.
    audio_folder
        Where the recordings are kept. Without it: for a file `class.db` the folder `class-audio` beside it; for a
        server the database itself, so that the URL is all that a school shares.

    A student is a name and a class: two of the same name in different classes are two students. What has no class
    or no name is kept all the same, and filtered with `[None]`.

    The methods take the filters `class_name`, `student`, `task` (a name or several), `since` and `until` (times of
    recording, see `query.Filters`), and read attempts in the order of recording. They raise `InputError` for what
    they are given, and `GradebookError` for what happens to the database.
    """

    def __init__(
        self, where: str | os.PathLike[str] | URL, *, audio_folder: str | os.PathLike[str] | None = None
    ) -> None:
        self._database = Database(parse_url(where))
        file = self._database.file
        if audio_folder is None and file:
            audio_folder = file.with_name(f"{file.stem}-audio")
        self._audio_folder = None if audio_folder is None else Path(audio_folder).absolute()
        self._audio: AudioStore = AudioFolder(self._audio_folder) if self._audio_folder else AudioTable()
        self._database.prepare()

    # --- recording ----------------------------------------------------------------------------------------------

    def add_student(self, name: str, *, class_name: str | None = None, first_language: str | None = None) -> None:
        """Enter a student, or say more of one; what is None stays as it is."""
        who = name_in(name, "name"), name_in(class_name, "class_name")
        language = text_of(first_language, "first_language")
        if not who[0]:
            raise InputError("A student needs a name. Give add_student(name).")
        with self._database.writing() as connection:
            id_ = store.enter_students(connection, [who])[who]
            if language is not None:
                connection.execute(
                    schema.students.update().where(schema.students.c.id == id_).values(first_language=language)
                )

    def add_task(self, name: str, *, reference_text: str | None = None) -> None:
        """Enter a task, or its text; what is None stays as it is."""
        task, text = name_in(name, "name"), text_of(reference_text, "reference_text")
        if not task:
            raise InputError("A task needs a name. Give add_task(name).")
        with self._database.writing() as connection:
            id_ = store.enter_tasks(connection, [task])[task]
            if text is not None:
                connection.execute(schema.tasks.update().where(schema.tasks.c.id == id_).values(reference_text=text))

    def record(
        self,
        assessment: Assessment,
        *,
        student: str | None = None,
        class_name: str | None = None,
        task: str | None = None,
        recording: Sound | None = None,
        recorded_at: str | date | datetime | None = None,
        service: str | None = None,
        service_version: str | None = None,
        params: PronunciationScoreParams | Mapping[str, Any] | None = None,
        key: str | None = None,
        place: int | None = None,
    ) -> str:
        """Keep an attempt, and return its id. It is on disk when this returns, recording first.

        student
            Defaults to the assessment's. A student or task not met before is entered.
        recording
            A `Recording` (kept as WAV), or the path or bytes of a sound file (kept as they are).
        recorded_at
            Defaults to now. Kept in UTC.
        key
            Names the reading. The same key again, also from another program at the same time, changes nothing and
            returns the id of the attempt that is there. Without one, every call is an attempt.
        place
            Orders attempts of the same `recorded_at`, see `next_place`; by default behind all that are stored.
        """
        entry = make_entry(
            assessment,
            student=student,
            class_name=class_name,
            task=task,
            recording=recording,
            recorded_at=recorded_at,
            service=service,
            service_version=service_version,
            params=params,
            key=key,
            place=place,
        )
        self._store([entry])
        return entry.attempt_id

    def record_many(self, takes: Iterable[Mapping[str, Any]]) -> list[str]:
        """Keep many attempts, 200 in a transaction, which is far faster than one by one; returns their ids.

        Each is a mapping of what `record` takes. When one is wrong, those of earlier transactions are kept.
        """
        ids: list[str] = []
        for page in pages(takes, 200):
            entries = [make_entry(**take) for take in page]
            self._store(entries)
            ids.extend(entry.attempt_id for entry in entries)
        return ids

    def _store(self, entries: Sequence[Entry]) -> None:
        with self._database.reading() as connection:
            known = store.stored(connection, _ATTEMPTS.attempt_id, (entry.attempt_id for entry in entries))
        new = [entry for entry in entries if entry.attempt_id not in known]
        sounds = {entry.row["audio_sha256"]: entry.audio for entry in new if entry.audio is not None}
        for sha256, data in sounds.items():
            self._audio.put(sha256, data)
        if new:
            with self._database.writing() as connection:
                for sha256, data in sorted(sounds.items()):
                    self._audio.put_within(connection, sha256, data)
                store.insert_attempts(connection, new)

    def recorded(self, keys: Iterable[str]) -> set[str]:
        """Which of these keys are stored."""
        with self._database.reading() as connection:
            return store.stored(connection, _ATTEMPTS.key, keys)

    def places(self, keys: Iterable[str]) -> dict[str, int]:
        """The places of those of these keys that are stored; see `next_place`."""
        c = _ATTEMPTS
        with self._database.reading() as connection:
            chosen = (sa.select(c.key, c.place).where(c.key.in_(page)) for page in pages(keys))
            return {key: place for each in chosen for key, place in connection.execute(each)}

    def next_place(self) -> int:
        """The place behind all attempts. Attempts of the same `recorded_at` come in the order of their places."""
        with self._database.reading() as connection:
            return store.next_place(connection)

    def redate(self, recorded_at: Mapping[str, datetime]) -> int:
        """Correct when attempts were recorded, by their keys; returns how many had another date.

        Keys that are not stored are passed over.
        """
        dates = {key: moment(when) for key, when in recorded_at.items()}
        c = _ATTEMPTS
        with self._database.reading() as connection:
            stored = (sa.select(c.key, c.recorded_at).where(c.key.in_(page)) for page in pages(dates))
            wrong = [key for each in stored for key, when in connection.execute(each) if when != dates[key]]
        if wrong:
            change = schema.attempts.update().where(c.key == sa.bindparam("of_key"))
            with self._database.writing() as connection:
                connection.execute(
                    change.values(recorded_at=sa.bindparam("at")), [{"of_key": key, "at": dates[key]} for key in wrong]
                )
        return len(wrong)

    def override(
        self, attempt_id: str, score: float, *, author: str, reason: str, word_index: int | None = None
    ) -> None:
        """Enter a teacher's mark (0-100) for an attempt, or for one of its words, from 0.

        The machine's score stays, and so do earlier marks: the latest counts, `marks` has them all.
        """
        mark = make_mark(score, author, reason, word_index)
        with self._database.writing() as connection:
            attempt, reply = self._attempt(connection, attempt_id, _ATTEMPTS.reply)
            if word_index is not None:
                _, words = read_reply(schema.unpack_reply(reply))
                if not 0 <= mark["word_index"] < len(words):
                    raise InputError(
                        f"word_index is {word_index}, but the attempt has {len(words)} words. Count them from 0."
                    )
            connection.execute(schema.marks.insert().values(attempt=attempt, **mark))

    # --- reading ------------------------------------------------------------------------------------------------

    def attempts(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """One row per attempt: whose, when, by which service, its scores, and a teacher's latest mark for the whole.

        `audio_sha256` names the recording; see `audio`. Other columns are as in `utterances`.
        """
        return self._read(
            filters, lambda connection, rows: tables.read_attempts(connection, rows, tables.latest_marks(connection))
        )

    def utterances(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """`frames.utterances` of the attempts, whose ids are in `utterance_id`; see `tables.FRONT` for what is new."""
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.utterances))

    def words(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """`frames.words` of the attempts, whose ids are in `utterance_id`; see `tables.FRONT` for what is new."""
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.words))

    def syllables(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """`frames.syllables` of the attempts, whose ids are in `utterance_id`; see `tables.FRONT` for what is new."""
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.syllables))

    def phonemes(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """`frames.phonemes` of the attempts, whose ids are in `utterance_id`; see `tables.FRONT` for what is new."""
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.phonemes))

    def assessments(self, **filters: Unpack[FilterArguments]) -> Iterator[Assessment]:
        """The attempts as they were recorded, one after the other; `utterance_id` is the attempt's id."""
        with self._database.reading() as connection:
            rows = connection.execute(select_attempts(Filters(**filters), _ATTEMPTS.reference_text)).all()
        for page in pages(rows, 100):
            # Each page in a transaction of its own: who takes long over one keeps nobody from erasing a student.
            with self._database.reading() as connection:
                found = list(replies_of(connection, page))
            yield from (_assessment(row, reply) for row, reply in found)

    def assessments_of(self, keys: Iterable[str]) -> Iterator[tuple[str, Assessment]]:
        """Those of these keys that are stored, in any order, each with its attempt as `assessments` gives it."""
        c = _ATTEMPTS
        student = schema.students.c.name.label("student")
        chosen: sa.Select[Any] = sa.select(c.key, c.attempt_id, c.reference_text, c.reply, student).join(
            schema.students
        )
        for page in pages(keys, 100):
            with self._database.reading() as connection:
                found = connection.execute(chosen.where(c.key.in_(page))).all()
            yield from ((row.key, _assessment(row, row.reply)) for row in found)

    def audio(self, attempt_id: str) -> bytes | None:
        """The recording of an attempt as it was given (a `Recording` as WAV); None where none was kept."""
        with self._database.reading() as connection:
            _, sha256 = self._attempt(connection, attempt_id, _ATTEMPTS.audio_sha256)
            return None if sha256 is None else self._audio.get(connection, sha256)

    def marks(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """Every mark of a teacher, in the order of marking; `word_index` is NA for the whole attempt."""
        with self._database.reading() as connection:
            return tables.read_marks(connection, Filters(**filters))

    def students(self, *, class_name: Names = None) -> pd.DataFrame:
        """One row per student: `student, class_name, first_language, attempts` (their number)."""
        with self._database.reading() as connection:
            return tables.read_students(connection, Filters(class_name=class_name))

    def tasks(self) -> pd.DataFrame:
        """One row per task: `task, reference_text, attempts` (their number)."""
        with self._database.reading() as connection:
            return tables.read_tasks(connection, Filters())

    def _read(
        self, filters: FilterArguments, build: Callable[[Connection, Sequence[sa.Row[Any]]], pd.DataFrame]
    ) -> pd.DataFrame:
        columns = [column for column in _ATTEMPTS if column.name in _READ]
        with self._database.reading() as connection:
            return build(connection, connection.execute(select_attempts(Filters(**filters), *columns)).all())

    def _attempt(self, connection: Connection, attempt_id: str, column: sa.Column[Any]) -> tuple[int, Any]:
        """The row id of an attempt, and what stands in a column."""
        chosen = sa.select(_ATTEMPTS.id, column).where(_ATTEMPTS.attempt_id == str(attempt_id))
        for id_, value in connection.execute(chosen):
            return id_, value
        raise InputError(f"There is no attempt {attempt_id!r}. See Gradebook.attempts() for those there are.")

    # --- export and import --------------------------------------------------------------------------------------

    def export(self, path: str | os.PathLike[str], *, audio: bool = False, **filters: Unpack[FilterArguments]) -> Path:
        """Write attempts, replies, students, tasks and marks, from which `import_from` loses nothing; returns the path.

        The path says how: class.csv, class.xlsx or class.parquet (attempts there, the others in further sheets, or
        in files beside it such as class-marks.csv), or class.zip or a folder (a CSV file each). The latter two take
        the recordings along with `audio`. A file that is there is replaced when all is written.
        """
        path = Path(path)
        with self._database.reading() as connection:
            exchange.export(connection, self._audio, path, Filters(**filters), with_audio=audio)
        return path

    def import_from(self, path: str | os.PathLike[str], *, encoding: str | None = None) -> int:
        """Enter what `export` wrote, all or nothing, and return how many attempts are new.

        Attempts and marks that are here already are left as they are, so nothing doubles. `encoding` is that of CSV
        files which another program saved again; by default it is found out where that is sure.
        """
        with self._database.writing(alone=True) as connection:
            return exchange.import_from(connection, self._audio, Path(path), encoding)

    # --- erasing ------------------------------------------------------------------------------------------------

    def delete_student(self, student: str, *, class_name: str | None = None) -> int:
        """Delete a student for good, with attempts, marks and recordings; returns how many attempts there were.

        What is left of them in the database is overwritten. A recording that another student's attempt uses too
        stays. What was written elsewhere is yours to delete: reports, exports, tables of a batch, takes of a recorder,
        backups, and on a server its log and replicas.
        """
        with self._database.writing(alone=True) as connection:
            count = privacy.delete(connection, self._audio, student, class_name)
        self.scrub()
        return count

    def pseudonymize(
        self,
        student: str,
        *,
        class_name: str | None = None,
        pseudonym: str | None = None,
        keep_audio: bool = True,
    ) -> str:
        """Put a pseudonym in place of a student's name, also in the reasons of marks, and return it.

        A voice tells who somebody is; without `keep_audio` the recordings are deleted too. Keys are kept: let no
        name be part of one.
        """
        with self._database.writing(alone=True) as connection:
            new = privacy.pseudonymize(connection, self._audio, student, class_name, pseudonym, keep_audio=keep_audio)
        self.scrub()
        return new

    def scrub(self) -> None:
        """Overwrite what is left in the database of deleted rows; `delete_student` does it by itself."""
        self._database.scrub()

    def close(self) -> None:
        """Close the connections to the database; the next call opens new ones."""
        self._database.close()

    def __enter__(self) -> Gradebook:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker process opens its own connections.
        return _reopen, (self._database.url, self._audio_folder)

    def __repr__(self) -> str:
        return f"<Gradebook {self._database.file or self._database.shown}>"


def _reopen(url: URL, audio_folder: Path | None) -> Gradebook:
    return Gradebook(url, audio_folder=audio_folder)


def _assessment(row: sa.Row[Any], reply: bytes) -> Assessment:
    return Assessment.from_json(
        schema.unpack_reply(reply),
        reference_text=row.reference_text,
        utterance_id=row.attempt_id,
        student=row.student or None,
    )
