"""Nothing is left of a student who was deleted, and no name of one who got a pseudonym."""

from __future__ import annotations

import contextlib
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
from pandas.testing import assert_frame_equal

from pronounce_kit import Assessment, Gradebook, GradebookError, InputError
from pronounce_kit.gradebook import database

from .. import replies

FLAT = Assessment.from_json(replies.load("flat"))
NAME = "Bartholomew Featherstonehaugh"
VOICE = b"RIFF the voice of Bartholomew"
SHARED = b"RIFF a recording that two students handed in"


def fill(gradebook):
    """A class in which the student is everywhere, among others enough to fill pages."""
    for n in range(60):
        gradebook.record(FLAT, student=f"Other {n}", class_name="5b", recording=f"RIFF {n}".encode(), key=f"other {n}")
        reply = {**replies.load("flat"), "DisplayText": f"My name is {NAME}."}
        gradebook.record(
            Assessment.from_json(reply, reference_text=f"I am {NAME}"),
            student=NAME,
            class_name="5b",
            recording=VOICE + bytes([n]),
            key=f"{NAME} {n}",
        )
    gradebook.record(FLAT, student="Other 1", class_name="5b", recording=SHARED)
    attempt_id = gradebook.record(FLAT, student=NAME, class_name="5b", recording=SHARED)
    gradebook.override(
        attempt_id, 50, author="Ms Hopper", reason=f"{NAME} had a cold, and bartholomew FEATHERSTONEHAUGH coughed"
    )
    gradebook.override(gradebook.attempts(student="Other 1")["attempt_id"][0], 60, author="Ms Hopper", reason="Clear")


def bytes_below(folder: Path) -> dict[Path, bytes]:
    """Every file, by path."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def replies_within(data: bytes) -> list[bytes]:
    """Every stored reply that can still be unpacked from somewhere in a file."""
    found, start = [], data.find(b"\x78\x9c")
    while start >= 0:
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompressobj().decompress(data[start : start + 100_000]))
        start = data.find(b"\x78\x9c", start + 1)
    return found


@pytest.fixture
def filled(book):
    fill(book)
    return book


def test_nothing_is_left_of_a_deleted_student_in_any_file(filled, tmp_path):
    sought = (NAME.encode(), NAME.casefold().encode(), b"Bartholomew", VOICE)
    before = bytes_below(tmp_path)
    for each in (NAME.encode(), VOICE):
        assert any(each in data for data in before.values())
    assert any(b"Bartholomew" in reply for data in before.values() for reply in replies_within(data))
    assert filled.delete_student(NAME) == 61
    # While it is open, and after.
    for _ in range(2):
        for path, data in bytes_below(tmp_path).items():
            assert not any(each in data for each in sought), path
            assert not any(b"Bartholomew" in reply for reply in replies_within(data)), path
        filled.close()


def test_others_keep_all_that_is_theirs(filled):
    before = filled.attempts()
    theirs = before[before["student"] != NAME].reset_index(drop=True)
    filled.delete_student(NAME)
    assert_frame_equal(filled.attempts(), theirs)
    assert len(filled.marks()) == 1
    assert all(filled.audio(attempt_id) for attempt_id in theirs["attempt_id"])
    assert SHARED in map(filled.audio, theirs["attempt_id"])


def test_a_student_is_deleted_from_a_server_too(gradebook):
    fill(gradebook)
    assert gradebook.delete_student(NAME, class_name="5b") == 61
    assert NAME not in set(gradebook.students()["student"])
    assert len(gradebook.attempts()) == 61
    assert len(gradebook.marks()) == 1


def test_nothing_is_left_of_a_deleted_student_in_the_tables_of_a_server(postgresql_server):
    import psycopg

    url, data = postgresql_server
    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE erasure")
    with Gradebook(f"{url}/erasure") as gradebook:
        fill(gradebook)
        gradebook.scrub()  # also makes the statistics in which names could stay
        gradebook.delete_student(NAME)
    with psycopg.connect(f"{url}/erasure", autocommit=True) as connection:
        (number,) = connection.execute("SELECT oid FROM pg_database WHERE datname = 'erasure'").fetchone()
        tables = {
            row[0]
            for row in connection.execute(
                "SELECT pg_relation_filepath(oid) FROM pg_class WHERE relkind IN ('r', 'i', 't')"
            )
        }
        connection.execute("CHECKPOINT")
        statistics = connection.execute(
            "SELECT count(*) FROM pg_stats WHERE most_common_vals::text LIKE %s", (f"%{NAME}%",)
        )
        assert statistics.fetchone() == (0,)
    ours = [path for path in (data / "base" / str(number)).iterdir() if f"base/{number}/{path.name}" in tables]
    assert ours
    large = [path for path in ours if int(path.name) >= 16_384]  # those below are the server's own catalogue
    assert not [path for path in large if NAME.encode() in path.read_bytes() or VOICE in path.read_bytes()]


def test_a_deleted_student_can_come_back_as_a_new_one(filled):
    filled.delete_student(NAME)
    filled.record(FLAT, student=NAME, class_name="5b", recording=VOICE, key=f"{NAME} 1")
    assert filled.attempts(student=NAME)["attempt_number"].tolist() == [1]


def test_a_recording_that_comes_in_while_it_is_erased_is_not_lost(where, monkeypatch):
    with Gradebook(where) as gradebook, Gradebook(where) as other:
        gradebook.record(FLAT, student=NAME, recording=VOICE)
        put, erased = type(other._audio).put, threading.Event()

        def put_then_wait(store, sha256, data):
            put(store, sha256, data)  # it is there already ...
            if not erased.is_set():
                erased.set()
                gradebook.delete_student(NAME)  # ... and now it is not

        monkeypatch.setattr(type(other._audio), "put", put_then_wait)
        attempt_id = other.record(FLAT, student="Ada", recording=VOICE)
        monkeypatch.undo()
        assert erased.is_set()
        assert other.audio(attempt_id) == VOICE


def test_erasure_says_when_another_program_keeps_the_old_state(filled, tmp_path, monkeypatch):
    filled.close()
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.2)
    with Gradebook(tmp_path / "class.db") as gradebook, Gradebook(tmp_path / "class.db") as other:
        with other._database.reading() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM students").all()
            with pytest.raises(GradebookError, match="scrub") as caught:
                gradebook.delete_student(NAME)
            assert caught.value.retryable
        gradebook.scrub()
    assert not any(NAME.encode() in data for data in bytes_below(tmp_path).values())


# --- pseudonyms -------------------------------------------------------------------------------------------------


def test_a_pseudonym_takes_the_place_of_the_name(filled):
    before = filled.attempts(student=NAME)
    pseudonym = filled.pseudonymize(NAME)
    after = filled.attempts(student=pseudonym)
    assert_frame_equal(after.drop(columns="student"), before.drop(columns="student"))
    assert filled.attempts(student=NAME).empty
    reason = filled.marks(student=pseudonym)["reason"][0]
    assert reason == f"{pseudonym} had a cold, and {pseudonym} coughed"


def test_no_file_has_the_name_of_a_student_with_a_pseudonym(book, tmp_path):
    book.record(FLAT, student=NAME, class_name="5b", recording=b"RIFF a voice", key="1")
    book.override(book.attempts()["attempt_id"][0], 50, author="Ms Hopper", reason=f"Well done, {NAME}!")
    book.pseudonymize(NAME, pseudonym="Student 7", keep_audio=False)
    for path, data in bytes_below(tmp_path).items():
        assert NAME.encode() not in data, path
        assert b"a voice" not in data, path
    assert book.students()["student"].tolist() == ["Student 7"]
    assert book.audio(book.attempts()["attempt_id"][0]) is None


@pytest.mark.parametrize(
    ("name", "reason", "without"),
    [("Al", "Al also said al", "X also said X"), ("李华", "李华读得好", "X读得好"), ("A.+", "A.+ and AB", "X and AB")],
)
def test_only_the_name_is_replaced_in_a_reason(book, name, reason, without):
    book.override(book.record(FLAT, student=name), 50, author="Ms Hopper", reason=reason)
    book.pseudonymize(name, pseudonym="X")
    assert book.marks()["reason"].tolist() == [without]


# --- who --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("erase", [Gradebook.delete_student, Gradebook.pseudonymize])
def test_who_is_meant_must_be_clear(gradebook, erase):
    for class_name in ("5a", "5b", None):
        gradebook.record(FLAT, student="Ada", class_name=class_name)
    with pytest.raises(InputError, match=r"several students 'Ada'.*'5a', '5b'"):
        erase(gradebook, "Ada")
    with pytest.raises(InputError, match="no student 'Eve'"):
        erase(gradebook, "Eve")
    with pytest.raises(InputError, match="no student 'Ada' in class '6c'"):
        erase(gradebook, "Ada", class_name="6c")
    erase(gradebook, "Ada", class_name="5a")
    erase(gradebook, "Ada", class_name="")
    assert gradebook.attempts(student="Ada")["class_name"].tolist() == ["5b"]


def test_two_students_cannot_have_one_pseudonym(book):
    for name in ("Ada", "Bob"):
        book.add_student(name, class_name="5b")
    book.pseudonymize("Ada", pseudonym="Student 1")
    with pytest.raises(InputError, match="Student 1"):
        book.pseudonymize("Bob", pseudonym="Student 1")
    assert np.array_equal(book.students()["student"], ["Bob", "Student 1"])
