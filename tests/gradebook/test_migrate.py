"""Gradebooks of other versions."""

from __future__ import annotations

import sqlite3
import zlib

import pytest
import sqlalchemy as sa

from pronounce_kit import Assessment, Gradebook, GradebookError
from pronounce_kit.gradebook import migrate, schema
from pronounce_kit.gradebook.database import parse_url

REPLY = b'{"RecognitionStatus":"Success","NBest":[{"Words":[{"Word":"hi","AccuracyScore":80.0}],"PronScore":75.0}]}'

# What version 1 wrote, on either database but for the types in braces.
VERSION_1 = """
CREATE TABLE schema_version (version INTEGER NOT NULL);
CREATE TABLE students (id {id} PRIMARY KEY, name TEXT NOT NULL, class_name TEXT NOT NULL, UNIQUE (name, class_name));
CREATE TABLE tasks (id {id} PRIMARY KEY, name TEXT NOT NULL UNIQUE, reference_text TEXT);
CREATE TABLE attempts (
    id {id} PRIMARY KEY,
    attempt_id TEXT NOT NULL UNIQUE,
    key TEXT UNIQUE,
    student_id BIGINT NOT NULL REFERENCES students (id) ON DELETE CASCADE,
    task_id BIGINT REFERENCES tasks (id),
    recorded_at {time} NOT NULL,
    reference_text TEXT,
    service TEXT,
    service_version TEXT,
    params TEXT,
    audio_sha256 TEXT,
    reply {bytes} NOT NULL
);
CREATE INDEX ix_attempts_student_id ON attempts (student_id);
CREATE INDEX ix_attempts_task_id ON attempts (task_id);
CREATE INDEX ix_attempts_recorded_at ON attempts (recorded_at);
CREATE TABLE marks (
    id {id} PRIMARY KEY,
    mark_id TEXT NOT NULL UNIQUE,
    attempt BIGINT NOT NULL REFERENCES attempts (id) ON DELETE CASCADE,
    score DOUBLE PRECISION NOT NULL,
    author TEXT NOT NULL,
    reason TEXT NOT NULL,
    marked_at {time} NOT NULL
);
CREATE INDEX ix_marks_attempt ON marks (attempt);
CREATE TABLE audio (sha256 TEXT NOT NULL PRIMARY KEY, content {bytes} NOT NULL);
INSERT INTO schema_version VALUES (1);
INSERT INTO students (name, class_name) VALUES ('Ada', '5b');
INSERT INTO tasks (name, reference_text) VALUES ('Week 1', 'Hi.');
INSERT INTO attempts (attempt_id, key, student_id, task_id, recorded_at, reply)
    VALUES ('a1', 'k1', 1, 1, '2026-05-07 09:30:00.000000{zone}', {reply});
INSERT INTO attempts (attempt_id, student_id, task_id, recorded_at, reply)
    VALUES ('a0', 1, 1, '2026-05-07 09:30:00.000000{zone}', {reply});
INSERT INTO marks (mark_id, attempt, score, author, reason, marked_at)
    VALUES ('m1', 1, 90, 'Ms Hopper', 'Well said', '2026-05-08 09:30:00.000000{zone}');
"""
DIALECTS = {
    "sqlite": {"id": "INTEGER", "time": "DATETIME", "bytes": "BLOB", "zone": "", "reply": "x'{}'"},
    "postgresql": {
        "id": "BIGSERIAL",
        "time": "TIMESTAMP WITH TIME ZONE",
        "bytes": "BYTEA",
        "zone": "+00",
        "reply": "decode('{}', 'hex')",
    },
}


@pytest.fixture
def version_1(where):
    """A gradebook as version 1 left it."""
    engine = sa.create_engine(parse_url(where))
    words = dict(DIALECTS[engine.dialect.name])
    words["reply"] = words["reply"].format(zlib.compress(REPLY).hex())
    with engine.begin() as connection:
        for statement in VERSION_1.format(**words).split(";\n"):
            if statement.strip():
                connection.exec_driver_sql(statement)
    engine.dispose()
    return where


def tables_of(where):
    """Table -> its columns, indexes and constraints, by name."""
    engine = sa.create_engine(parse_url(where))
    seen = sa.inspect(engine)
    found = {
        table: (
            {column["name"] for column in seen.get_columns(table)},
            {index["name"] for index in seen.get_indexes(table)},
        )
        for table in seen.get_table_names()
    }
    engine.dispose()
    return found


def test_a_gradebook_of_version_1_is_brought_up_to_date_with_all_that_is_in_it(version_1):
    with Gradebook(version_1) as gradebook:
        row, again = gradebook.attempts().to_dict("records")
        assert (row["attempt_id"], again["attempt_id"]) == ("a1", "a0")  # of the same moment, as they were stored
        assert (row["student"], row["class_name"], row["task"], row["pron_score"]) == ("Ada", "5b", "Week 1", 75.0)
        assert (row["teacher_score"], row["recorded_at"].isoformat()) == (90.0, "2026-05-07T09:30:00+00:00")
        gradebook.add_student("Ada", class_name="5b", first_language="Portuguese")
        gradebook.override("a1", 95, author="Ms Hopper", reason="Clear", word_index=0)
        assert gradebook.marks()["score"].tolist() == [90.0, 95.0]
    with Gradebook(version_1) as gradebook:
        gradebook.record(
            Assessment.from_json(REPLY), student="Ada", class_name="5b", task="Week 1", recorded_at=row["recorded_at"]
        )
        assert gradebook.attempts()["first_language"].tolist() == ["Portuguese"] * 3
        assert gradebook.attempts()["attempt_number"].tolist() == [1, 2, 3]


def test_it_then_has_the_tables_of_a_new_one(version_1, new_book, tmp_path):
    Gradebook(version_1).close()
    fresh = new_book()
    wanted, found = tables_of(str(fresh._database.file)), tables_of(version_1)
    assert {table: columns for table, (columns, _) in found.items()} == {
        t: columns for t, (columns, _) in wanted.items()
    }
    for table, (_, indexes) in wanted.items():
        assert indexes <= found[table][1]


def test_every_version_has_its_step():
    assert list(migrate.STEPS) == list(range(2, schema.VERSION + 1))


def test_a_gradebook_of_a_newer_version_is_left_alone_and_says_what_to_do(tmp_path):
    path = tmp_path / "class.db"
    Gradebook(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE schema_version SET version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(GradebookError, match=r"newer pronounce-kit \(tables of version 99.*Upgrade"):
        Gradebook(path)


def test_a_step_that_fails_leaves_the_old_version_as_it_was(version_1, monkeypatch):
    monkeypatch.setitem(migrate.STEPS, 2, [*migrate.STEPS[2], "ALTER TABLE nowhere ADD COLUMN x TEXT"])
    before = tables_of(version_1)
    with pytest.raises(GradebookError):
        Gradebook(version_1)
    assert tables_of(version_1) == before
