"""Connections to the gradebook's database: SQLite as a file that several programs share, or a server by URL.

Reading and writing are transactions with a beginning of their own, so that writers of one SQLite file queue instead
of finding out at the end that another was faster.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url

from ..dependencies import needed
from ..errors import GradebookError, InputError
from . import migrate

BUSY_SECONDS = 60.0
"""How long to wait for another program that is writing; the longest erasure of a large file takes less."""

# Any number will do, as long as it is always the same: the lock under which the tables are made on a server.
_SCHEMA_LOCK = 7_076_001


def parse_url(where: str | os.PathLike[str] | URL) -> URL:
    """The URL of a database, also from the path of a SQLite file. Raises `InputError`."""
    if isinstance(where, URL):
        url = where
    elif isinstance(where, str) and "://" in where:
        try:
            url = make_url(where)
        except sa.exc.ArgumentError:
            raise InputError(
                "The gradebook's URL cannot be read. Give a path such as class.db, or a URL such as "
                "postgresql://user:password@host/database."
            ) from None
    elif isinstance(where, (str, os.PathLike)) and os.fspath(where):
        path = os.fspath(where)
        url = URL.create("sqlite", database=path if path == ":memory:" else os.path.abspath(path))
    else:
        raise InputError(f"A gradebook is a path or a database URL, not {where!r}. Give a path such as class.db.")
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise InputError(
            f"A gradebook is kept in SQLite or PostgreSQL, not {url.drivername}. Give a path, or a postgresql:// URL."
        )
    return url


def file_of(url: URL) -> Path | None:
    """The file of a SQLite database; None for one in memory and for a server."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database)).absolute()


class Database:
    """A pool of connections to one gradebook, safe to share between threads and to take along into a forked process."""

    def __init__(self, url: URL) -> None:
        self.url = url
        self.file = file_of(url)
        self.shown = str(self.file or url.render_as_string(hide_password=True))
        self.is_sqlite = url.get_backend_name() == "sqlite"
        options: dict[str, Any] = {}
        if self.is_sqlite:
            options["connect_args"] = {"timeout": BUSY_SECONDS, "check_same_thread": False}
            # A database in memory lives as long as its connection: there is one, and threads take turns.
            options |= {"poolclass": sa.QueuePool, "pool_timeout": BUSY_SECONDS}
            options |= {"pool_size": 5, "max_overflow": 20} if self.file else {"pool_size": 1, "max_overflow": 0}
        else:
            options["pool_pre_ping"] = True  # a server may have been restarted since
        if self.file and not self.file.parent.is_dir():
            raise InputError(f"There is no folder {self.file.parent}. Create it, or give another path.")
        with contextlib.nullcontext() if self.is_sqlite else needed("psycopg", self.shown):
            self.engine = sa.create_engine(url, **options)
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        self._pid = os.getpid()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that reads one state of the database."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[Connection]:
        """A transaction that writes: all of it or nothing.

        With `alone`, no other transaction writes at the same time, which on SQLite none ever does.
        """
        with self._transaction(write=True) as connection:
            if not self.is_sqlite:
                mode = "SHARE ROW EXCLUSIVE" if alone else "ROW EXCLUSIVE"
                connection.exec_driver_sql(f"LOCK TABLE attempts IN {mode} MODE")
            yield connection

    @contextlib.contextmanager
    def outside(self) -> Iterator[Connection]:
        """A connection without a transaction, for what no database does within one."""
        options = {"begin": ""} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._after_fork()
        with self.told(), self.engine.connect().execution_options(**options) as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        # On SQLite a writer takes the lock at once: one that reads first and writes later could not be made to wait.
        options = {"begin": "BEGIN IMMEDIATE" if write else "BEGIN"}
        if not self.is_sqlite and not write:
            options = {"isolation_level": "REPEATABLE READ"}  # by itself every query there sees a state of its own
        self._after_fork()
        with self.told(), self.engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Turn the errors of the database's driver into ones that say what to do."""
        try:
            yield
        except sa.exc.TimeoutError:
            raise GradebookError(
                f"{self.shown} is busy. Try again when other programs are done.", retryable=True
            ) from None
        except sa.exc.DBAPIError as error:
            raise self._explained(error) from error

    def _explained(self, error: sa.exc.DBAPIError) -> Exception:
        said = str(error.orig).strip().partition("\n")[0]
        if "locked" in said or "busy" in said:
            return GradebookError(
                f"{self.shown} has been in use by another program for {BUSY_SECONDS:g} s. Try again when it is done.",
                retryable=True,
            )
        if "not a database" in said or "malformed" in said:
            return GradebookError(f"{self.shown} is not a gradebook, or is damaged ({said}). Check the path.")
        hint = (
            "Check the path, its permissions and the space left." if self.is_sqlite else "Check the URL and the server."
        )
        return GradebookError(
            f"{self.shown} cannot be used ({said}). {hint}", retryable=bool(error.connection_invalidated)
        )

    def prepare(self) -> None:
        """Make the tables, or bring those of an older version up to date. Raises `GradebookError`, `InputError`."""
        if self.file:
            self._share_file()
        with self._transaction(write=True) as connection:
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))
            migrate.bring_up_to_date(connection, self.shown)

    def _share_file(self) -> None:
        """Switch the file to write-ahead logging, with which readers and a writer do not wait for each other."""
        deadline = time.monotonic() + BUSY_SECONDS
        while not self._is_shared(last=time.monotonic() > deadline):
            time.sleep(0.02)  # SQLite does not wait here by itself when two programs open a new file

    def _is_shared(self, *, last: bool) -> bool:
        try:
            with self.outside() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        except GradebookError as error:
            if last or not error.retryable:
                raise
            return False
        return True

    def scrub(self) -> None:
        """Rewrite the database without what is left of deleted rows.

        On SQLite this covers the file and its log. A server's log, replicas and backups are its administrator's.
        """
        if not self.is_sqlite:
            with self.outside() as connection:
                connection.exec_driver_sql("VACUUM (FULL, ANALYZE) students, attempts, marks, audio")
            return
        with self.outside() as connection:
            connection.exec_driver_sql("VACUUM")
            busy, *_ = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()
        if busy:
            raise GradebookError(
                f"Another program is reading {self.shown}, so that what was deleted is still in its log. "
                "Close the other program, then call Gradebook.scrub().",
                retryable=True,
            )

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose(close=self._pid == os.getpid())

    def _after_fork(self) -> None:
        """Leave the connections of the process that this one was forked from to that one."""
        if self._pid != os.getpid():
            self.engine.dispose(close=False)
            self._pid = os.getpid()


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    connection.isolation_level = None  # the driver would begin transactions by its own rules; `_begin_sqlite` does
    for pragma in (
        "foreign_keys=ON",
        "synchronous=FULL",  # what was recorded survives a power cut
        "secure_delete=ON",  # what is deleted is overwritten
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    if begin := connection.get_execution_options()["begin"]:
        connection.exec_driver_sql(begin)


def insert_new(connection: Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert those rows that no unique constraint says are there already, whoever inserts them at the same time."""
    if rows:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        connection.execute(insert(table).on_conflict_do_nothing(), list(rows))
