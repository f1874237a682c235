"""Many programs at once, on one gradebook."""

from __future__ import annotations

import multiprocessing
import threading

import pytest

from pronounce_kit import Assessment, Gradebook, GradebookError, InputError
from pronounce_kit.gradebook import database

from .. import replies
from . import writers

FLAT = Assessment.from_json(replies.load("flat"))


@pytest.mark.slow
def test_four_processes_at_once_lose_no_attempt_and_double_none(where):
    writers.run(where)
    writers.check(where)


def test_threads_share_a_gradebook(gradebook):
    def record(thread):
        for n in range(10):
            gradebook.record(FLAT, student=f"Student {n}", key=f"{n if n < 5 else (thread, n)}")

    threads = [threading.Thread(target=record, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(gradebook.attempts()) == 5 + 6 * 5
    assert len(gradebook.students()) == 10


def test_a_gradebook_in_memory_is_shared_by_threads_too():
    with Gradebook(":memory:") as gradebook:
        test_threads_share_a_gradebook(gradebook)


def test_readers_see_whole_transactions_while_others_write(where):
    with Gradebook(where) as gradebook, Gradebook(where) as reader:
        done = threading.Event()

        def write():
            for n in range(20):
                gradebook.record_many({"assessment": FLAT, "student": "Ada", "key": f"{n} {m}"} for m in range(10))
            done.set()

        thread = threading.Thread(target=write)
        thread.start()
        seen = []
        while not done.is_set():
            seen.append(int(reader.students()["attempts"].sum()))
        thread.join()
    assert all(count % 10 == 0 for count in seen)
    assert seen == sorted(seen)


def _record_in_child(gradebook, key):
    gradebook.record(FLAT, student="Ada", key=key)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_gradebook_goes_along_into_another_process(where, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"this system cannot {method}")
    with Gradebook(where) as gradebook:
        gradebook.record(FLAT, student="Ada", key="parent")
        child = multiprocessing.get_context(method).Process(target=_record_in_child, args=(gradebook, "child"))
        child.start()
        child.join()
        gradebook.record(FLAT, student="Ada", key="parent again")
        assert gradebook.recorded(["parent", "child", "parent again"]) == {"parent", "child", "parent again"}


def test_who_waits_too_long_is_told_that_another_program_writes(book, monkeypatch):
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with Gradebook(book._database.file) as other, book._database.writing():
        with pytest.raises(GradebookError, match="in use by another program") as caught:
            other.record(FLAT, student="Ada")
        assert caught.value.retryable
        assert other.students().empty  # reading goes on


# --- what cannot be opened --------------------------------------------------------------------------------------


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        Gradebook(tmp_path / "nowhere" / "class.db")


@pytest.mark.parametrize("where", ["", None, 3, "mysql://host/x", "oracle://host/x", "http://host/x", "sqlite//:x://"])
def test_what_is_no_database_is_refused(where):
    with pytest.raises(InputError):
        Gradebook(where)


def test_another_file_is_left_as_it_is(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary, " * 1000)
    with pytest.raises(GradebookError, match="not a gradebook"):
        Gradebook(path)
    assert path.read_text("utf-8") == "Dear diary, " * 1000


def test_somebody_elses_database_is_refused(tmp_path):
    import sqlite3

    path = tmp_path / "music.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE songs (name TEXT)")
    connection.close()
    with pytest.raises(InputError, match="songs"):
        Gradebook(path)


def test_a_server_that_does_not_answer_is_an_error_without_the_password():
    pytest.importorskip("psycopg")
    with pytest.raises(GradebookError, match="cannot be used") as caught:
        Gradebook("postgresql://teacher:sesame@127.0.0.1:9/school")
    assert "sesame" not in str(caught.value)
    assert "sesame" not in repr(caught.value.__cause__)


def test_the_representation_keeps_the_password_to_itself(where):
    with Gradebook(where.replace("teacher@", "teacher:sesame@")) as gradebook:
        assert "sesame" not in repr(gradebook)
        assert where.rpartition("/")[2] in repr(gradebook)
