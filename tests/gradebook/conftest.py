from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pronounce_kit import Gradebook

from . import postgresql


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[tuple[str, Path]]:
    """The URL of a PostgreSQL server on loopback, and its data folder."""
    pytest.importorskip("psycopg", reason="needs psycopg (make install)")
    if postgresql.programs() is None:
        pytest.skip(postgresql.MISSING)
    with postgresql.server() as server:
        yield server


_numbers = itertools.count()


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a gradebook can be made that is not there yet: a path, and the URL of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "school.db")
    url, _ = request.getfixturevalue("postgresql_server")
    import psycopg

    name = f"class_{next(_numbers)}"
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{url}/{name}"


@pytest.fixture
def gradebook(where: str) -> Iterator[Gradebook]:
    """An empty gradebook, on either database."""
    with Gradebook(where) as gradebook:
        yield gradebook


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    """An empty gradebook in a SQLite file."""
    with Gradebook(tmp_path / "class.db") as gradebook:
        yield gradebook


@pytest.fixture
def new_book(tmp_path: Path) -> Iterator[Callable[[], Gradebook]]:
    """Makes further gradebooks in SQLite files."""
    made: list[Gradebook] = []

    def make() -> Gradebook:
        made.append(Gradebook(tmp_path / f"other-{len(made)}.db"))
        return made[-1]

    yield make
    for gradebook in made:
        gradebook.close()
