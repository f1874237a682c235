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

    A student is a name and a class: two of the same name in different classes are two students. What has no class or no
    name is kept all the same, and filtered with `[None]`. Several notebooks and programs may have the same gradebook
    open.

    The methods that read take filters, and give attempts in the order of recording. `class_name`, `student` and `task`
    are a name or several; in several, None stands for none. `since` and `until` are times of recording, both inclusive:
    a datetime or its ISO text, or a date, which as `until` means the end of that day. A time without a zone is this
    machine's.

    Parameters
    ----------
    where : str, path or sqlalchemy.engine.URL
        A SQLite file, which is made if it is not there, or a URL (`postgresql://user@host/database`). One of an older
        version is brought up to date.
    audio_folder : str or path, optional
        Where the recordings are kept. By default for a file `class.db` the folder `class-audio` beside it; for a server
        the database itself, so that the URL is all that a school shares.

    Raises
    ------
    InputError
        For what can be no file or URL.
    GradebookError
        If it cannot be opened, or is of a newer version. The methods raise it for all that happens to the database.
    MissingDependencyError
        If a database's driver is not installed.

    Examples
    --------
    >>> with pk.Gradebook("new.db") as book:
    ...     book.add_student("Ana", class_name="6a", first_language="Spanish")
    ...     book.add_task("Greeting", reference_text="Good morning.")
    ...     attempt = book.record(assessment, student="Ana", class_name="6a", recording=recording, key="Ana 1")
    ...     book.override(attempt, 75, author="Ms Lee", reason="Said it well the second time.")
    ...     book.attempts(class_name="6a")[["student", "teacher_score", "teacher"]].values.tolist()
    ...     book.marks()["reason"].tolist()
    ...     book.audio(attempt) == recording.to_wav()
    [['Ana', 75.0, 'Ms Lee']]
    ['Said it well the second time.']
    True
    >>> book.recorded(["Ana 1", "Ana 2"]), book.places(["Ana 1"])
    ({'Ana 1'}, {'Ana 1': 1})
    >>> book.scrub()
    >>> book.close()
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
        """Enter a student, or say more of one.

        Parameters
        ----------
        name : str
            The student.
        class_name : str, optional
            The class, which tells students of the same name apart.
        first_language : str, optional
            None leaves it as it is.

        Raises
        ------
        InputError
            Without a name, or for text that no database can hold.
        """
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
        """Enter a task, or its text.

        Parameters
        ----------
        name : str
            The task.
        reference_text : str, optional
            What is to be read; None leaves it as it is.

        Raises
        ------
        InputError
            Without a name, or for text that no database can hold.
        """
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
        """Keep an attempt. It is on disk when this returns, recording first.

        Parameters
        ----------
        assessment : Assessment
            What was found.
        student : str, optional
            Defaults to the assessment's. A student, class or task not met before is entered.
        class_name, task : str, optional
            Of whom, and of what, it is an attempt.
        recording : Recording, path or bytes, optional
            A `Recording` is kept as WAV, a sound file as it is.
        recorded_at : str, datetime.date or datetime.datetime, optional
            Defaults to now. Kept in UTC.
        service, service_version : str, optional
            Who scored it.
        params : PronunciationScoreParams or mapping, optional
            What was asked for.
        key : str, optional
            Names the reading. The same key again, also from another program at the same time, changes nothing and
            returns the id of the attempt that is there. Without one, every call is an attempt.
        place : int, optional
            Orders attempts of the same `recorded_at`, see `next_place`; by default behind all that are stored.

        Returns
        -------
        str
            The attempt's id.

        Raises
        ------
        InputError
            For what is no assessment, recording, time or name.
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
        """Keep many attempts, 200 in a transaction, which is far faster than one by one.

        When one is wrong, those of earlier transactions are kept.

        Parameters
        ----------
        takes : iterable of mapping
            Each has what `record` takes.

        Returns
        -------
        list of str
            The attempts' ids.

        Raises
        ------
        InputError
            As in `record`.

        Examples
        --------
        >>> with pk.Gradebook("many.db") as book:
        ...     ids = book.record_many({"assessment": assessment, "student": name} for name in ("Ana", "Ben"))
        ...     book.students()["attempts"].tolist()
        [1, 1]
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
        """Which of these keys are stored.

        Parameters
        ----------
        keys : iterable of str
            As given to `record`.

        Returns
        -------
        set of str
            Those that are.
        """
        with self._database.reading() as connection:
            return store.stored(connection, _ATTEMPTS.key, keys)

    def places(self, keys: Iterable[str]) -> dict[str, int]:
        """The places of those of these keys that are stored; see `next_place`.

        Parameters
        ----------
        keys : iterable of str
            As given to `record`.

        Returns
        -------
        dict of str to int
            Key to place.
        """
        c = _ATTEMPTS
        with self._database.reading() as connection:
            chosen = (sa.select(c.key, c.place).where(c.key.in_(page)) for page in pages(keys))
            return {key: place for each in chosen for key, place in connection.execute(each)}

    def next_place(self) -> int:
        """The place behind all attempts. Attempts of the same `recorded_at` come in the order of their places.

        Returns
        -------
        int
            1 in an empty gradebook.

        Examples
        --------
        >>> gradebook.next_place()
        7
        """
        with self._database.reading() as connection:
            return store.next_place(connection)

    def redate(self, recorded_at: Mapping[str, datetime]) -> int:
        """Correct when attempts were recorded.

        Parameters
        ----------
        recorded_at : mapping of str to datetime.datetime
            By key; keys that are not stored are passed over.

        Returns
        -------
        int
            How many had another date.

        Raises
        ------
        InputError
            For what is no time.

        Examples
        --------
        >>> from datetime import datetime
        >>> gradebook.redate({"a key that is not there": datetime(2026, 9, 1)})
        0
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
        """Enter a teacher's mark for an attempt, or for one of its words.

        The machine's score stays, and so do earlier marks: the latest counts, `marks` has them all.

        Parameters
        ----------
        attempt_id : str
            As of `record`, or the column of `attempts`.
        score : float
            0-100.
        author : str
            Who gives it.
        reason : str
            Why.
        word_index : int, optional
            The word, from 0; without it the mark is for the whole.

        Raises
        ------
        InputError
            For a score out of range, no author or reason, and an attempt or word that is not there.

        Examples
        --------
        >>> gradebook.override(attempt_id, 90, author="Ms Lee", reason="Only the th.", word_index=1)
        >>> gradebook.marks(student="Ada")[["word_index", "score", "author"]].values.tolist()
        [[1, 90.0, 'Ms Lee']]
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

        Parameters
        ----------
        **filters : optional
            class_name, student, task, since, until: see the class.

        Returns
        -------
        pandas.DataFrame
            attempt_id, student, class_name, first_language, task, attempt_number (of the same text and task, from 1),
            recorded_at (UTC), service, service_version, reference_text; the columns of the function `utterances`; then
            teacher_score (0-100), teacher and audio_sha256, which names the recording (see `audio`).

        Raises
        ------
        InputError
            For a filter that is no name or time.

        Examples
        --------
        >>> gradebook.attempts(student="Ada", task="Week 1")["attempt_number"].tolist()
        [1, 2]
        """
        return self._read(
            filters, lambda connection, rows: tables.read_attempts(connection, rows, tables.latest_marks(connection))
        )

    def utterances(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """The table of the function `utterances` of the attempts, with who read what in front.

        Parameters
        ----------
        **filters : optional
            class_name, student, task, since, until: see the class.

        Returns
        -------
        pandas.DataFrame
            student, class_name, first_language, task, attempt_number (of the same text and task, from 1), recorded_at
            (UTC); then the columns of the function `utterances`, with the attempt's id as utterance_id.

        Raises
        ------
        InputError
            For a filter that is no name or time.

        Examples
        --------
        >>> gradebook.utterances(task=["Week 1", None], until="2026-09-02")["student"].tolist()
        ['Ada', 'Ben']
        """
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.utterances))

    def words(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """The table of the function `words` of the attempts, with who read what in front.

        Parameters
        ----------
        **filters : optional
            class_name, student, task, since, until: see the class.

        Returns
        -------
        pandas.DataFrame
            The first columns of `utterances`, then those of the function `words`.

        Raises
        ------
        InputError
            For a filter that is no name or time.

        Examples
        --------
        >>> words = gradebook.words(class_name="5b")
        >>> words.loc[words["accuracy_score"] < 60, ["student", "word"]].values.tolist()
        [['Ada', 'think'], ['Ada', 'thieves']]
        """
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.words))

    def syllables(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """The table of the function `syllables` of the attempts, with who read what in front.

        Parameters
        ----------
        **filters : optional
            class_name, student, task, since, until: see the class.

        Returns
        -------
        pandas.DataFrame
            The first columns of `utterances`, then those of the function `syllables`.

        Raises
        ------
        InputError
            For a filter that is no name or time.

        Examples
        --------
        >>> gradebook.syllables(student="Ben", task="Week 1")["word_index"].tolist()
        [0, 1, 2, 3, 3, 4, 5, 5, 6]
        """
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.syllables))

    def phonemes(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """The table of the function `phonemes` of the attempts, with who read what in front.

        Parameters
        ----------
        **filters : optional
            class_name, student, task, since, until: see the class.

        Returns
        -------
        pandas.DataFrame
            The first columns of `utterances`, then those of the function `phonemes`.

        Raises
        ------
        InputError
            For a filter that is no name or time.

        Examples
        --------
        >>> sounds = gradebook.phonemes(student="Ada", since="2026-09-01", until="2026-09-01")
        >>> sounds.loc[sounds["accuracy_score"] < 60, ["phoneme", "heard"]].drop_duplicates().values.tolist()
        [['th', 's']]
        """
        return self._read(filters, lambda connection, rows: tables.read(connection, rows, frames.phonemes))

    def assessments(self, **filters: Unpack[FilterArguments]) -> Iterator[Assessment]:
        """The attempts as they were recorded, one after the other.

        Parameters
        ----------
        **filters : optional
            class_name, student, task, since, until: see the class.

        Yields
        ------
        Assessment
            With the attempt's id as `utterance_id`.

        Raises
        ------
        InputError
            For a filter that is no name or time.

        Examples
        --------
        >>> [assessment.student for assessment in gradebook.assessments(task="Week 1")]
        ['Ada', 'Ben', 'Ada']
        """
        with self._database.reading() as connection:
            rows = connection.execute(select_attempts(Filters(**filters), _ATTEMPTS.reference_text)).all()
        for page in pages(rows, 100):
            # Each page in a transaction of its own: who takes long over one keeps nobody from erasing a student.
            with self._database.reading() as connection:
                found = list(replies_of(connection, page))
            yield from (_assessment(row, reply) for row, reply in found)

    def assessments_of(self, keys: Iterable[str]) -> Iterator[tuple[str, Assessment]]:
        """Those of these keys that are stored, in any order.

        Parameters
        ----------
        keys : iterable of str
            As given to `record`.

        Yields
        ------
        (str, Assessment)
            The key, and the attempt as `assessments` gives it.

        Examples
        --------
        >>> list(gradebook.assessments_of(["a key that is not there"]))
        []
        """
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
        """The recording of an attempt.

        Parameters
        ----------
        attempt_id : str
            As of `record`.

        Returns
        -------
        bytes or None
            As it was given (a `Recording` as WAV); None where none was kept.

        Raises
        ------
        InputError
            For an attempt that is not there.
        """
        with self._database.reading() as connection:
            _, sha256 = self._attempt(connection, attempt_id, _ATTEMPTS.audio_sha256)
            return None if sha256 is None else self._audio.get(connection, sha256)

    def marks(self, **filters: Unpack[FilterArguments]) -> pd.DataFrame:
        """Every mark of a teacher, in the order of marking.

        Parameters
        ----------
        **filters : optional
            class_name, student, task, since, until: see the class.

        Returns
        -------
        pandas.DataFrame
            attempt_id, word_index (NA for the whole attempt), score (0-100), author, reason, marked_at (UTC).

        Raises
        ------
        InputError
            For a filter that is no name or time.
        """
        with self._database.reading() as connection:
            return tables.read_marks(connection, Filters(**filters))

    def students(self, *, class_name: Names = None) -> pd.DataFrame:
        """One row per student, by class and name.

        Parameters
        ----------
        class_name : str or list of str and None, optional
            Of which class, or classes.

        Returns
        -------
        pandas.DataFrame
            student, class_name, first_language, attempts (their number).

        Raises
        ------
        InputError
            For a filter that is no name or time.

        Examples
        --------
        >>> gradebook.students(class_name="5b")[["student", "first_language", "attempts"]].values.tolist()
        [['Ada', 'German', 4], ['Ben', 'Turkish', 2]]
        """
        with self._database.reading() as connection:
            return tables.read_students(connection, Filters(class_name=class_name))

    def tasks(self) -> pd.DataFrame:
        """One row per task, in the order in which they were entered.

        Returns
        -------
        pandas.DataFrame
            task, reference_text, attempts (their number).

        Examples
        --------
        >>> gradebook.tasks()[["task", "attempts"]].values.tolist()
        [['Week 1', 3], ['Week 2', 3]]
        """
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
        """Write attempts, replies, students, tasks and marks, from which `import_from` loses nothing.

        Parameters
        ----------
        path : str or path
            It says how: class.csv, class.xlsx or class.parquet (attempts there, the others in further sheets, or in
            files beside it such as class-marks.csv), or class.zip or a folder (a CSV file each). A file that is there
            is replaced when all is written.
        audio : bool
            Take the recordings along, into a class.zip or a folder.
        **filters : optional
            class_name, student, task, since, until: see the class.

        Returns
        -------
        pathlib.Path
            The path.

        Raises
        ------
        InputError
            For another suffix, and recordings that are to go where they cannot.
        GradebookError
            If it cannot be written.
        MissingDependencyError
            For class.xlsx and class.parquet without the extra `export`.

        Examples
        --------
        >>> gradebook.export("class.zip", audio=True, class_name="5b").name
        'class.zip'
        >>> with pk.Gradebook("copy.db") as copy:
        ...     copy.import_from("class.zip"), copy.import_from("class.zip")
        (6, 0)
        """
        path = Path(path)
        with self._database.reading() as connection:
            exchange.export(connection, self._audio, path, Filters(**filters), with_audio=audio)
        return path

    def import_from(self, path: str | os.PathLike[str]) -> int:
        """Enter what `export` wrote, all or nothing.

        Attempts and marks that are here already are left as they are, so nothing doubles.

        Parameters
        ----------
        path : str or path
            As given to `export`.

        Returns
        -------
        int
            How many attempts are new.

        Raises
        ------
        InputError
            For a file that is not there, or none that `export` wrote.
        MissingDependencyError
            For class.xlsx and class.parquet without the extra `export`.

        Examples
        --------
        >>> _ = gradebook.export("term.csv", since="2026-09-03")
        >>> with pk.Gradebook("term.db") as term:
        ...     term.import_from("term.csv")
        2
        """
        with self._database.writing(alone=True) as connection:
            return exchange.import_from(connection, self._audio, Path(path))

    # --- erasing ------------------------------------------------------------------------------------------------

    def delete_student(self, student: str, *, class_name: str | None = None) -> int:
        """Delete a student for good, with attempts, marks and recordings.

        What is left of them in the database is overwritten. A recording that another student's attempt uses too stays.
        What was written elsewhere is yours to delete: reports, exports, tables of a batch, takes of a recorder,
        backups, and on a server its log and replicas.

        Parameters
        ----------
        student : str
            The name.
        class_name : str, optional
            May be left out where the name says enough; "" for no class.

        Returns
        -------
        int
            How many attempts there were.

        Raises
        ------
        InputError
            For a student who is not there, or a name that is in several classes.

        Examples
        --------
        >>> with pk.Gradebook("gone.db") as book:
        ...     _ = book.record(assessment, student="Ana")
        ...     book.delete_student("Ana"), len(book.students())
        (1, 0)
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
        """Put a pseudonym in place of a student's name, also in the reasons of marks.

        A voice tells who somebody is. Keys are kept: let no name be part of one.

        Parameters
        ----------
        student : str
            The name.
        class_name : str, optional
            May be left out where the name says enough; "" for no class.
        pseudonym : str, optional
            By default one that is made up.
        keep_audio : bool
            False deletes the recordings too.

        Returns
        -------
        str
            The pseudonym.

        Raises
        ------
        InputError
            For a student who is not there, a name that is in several classes, or a pseudonym that is taken.

        Examples
        --------
        >>> with pk.Gradebook("study.db") as book:
        ...     _ = book.record(assessment, student="Ana")
        ...     book.pseudonymize("Ana", pseudonym="S 17", keep_audio=False)
        'S 17'
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
