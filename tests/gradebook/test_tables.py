"""The tables of a gradebook: those of `frames`, with whose and when in front, for the attempts that were asked for."""

from __future__ import annotations

import itertools
from datetime import date, datetime, timedelta, timezone

import pandas as pd
import pytest
import sqlalchemy as sa
from pandas.testing import assert_frame_equal

from pronounce_kit import Assessment, Gradebook, InputError, frames
from pronounce_kit.gradebook import query, schema, tables

from .. import replies
from ..benchmarks import gradebook as benchmark

FLAT = Assessment.from_json(replies.load("flat"))
TABLES = ("utterances", "words", "syllables", "phonemes")
START = datetime(2026, 5, 7, 12, tzinfo=timezone.utc)

every_table = pytest.mark.parametrize("table", TABLES)


def dtypes(frame):
    return {column: str(dtype) for column, dtype in frame.dtypes.items()}


@every_table
def test_columns_and_dtypes_hold_for_an_empty_gradebook(gradebook, table):
    schema = {name: dtype for name, dtype in frames.SCHEMA[table].items() if name != "student"}
    assert dtypes(getattr(gradebook, table)()) == {**tables.FRONT, **schema}


def test_columns_and_dtypes_of_the_other_tables_hold_for_an_empty_gradebook(gradebook):
    attempts = gradebook.attempts()
    empty = attempts.shape
    gradebook.override(gradebook.record(FLAT), 50, author="Ms Hopper", reason="?", word_index=0)
    assert dtypes(gradebook.attempts()) == dtypes(attempts)
    assert empty[0] == 0
    assert dtypes(gradebook.marks()) == dict(tables.MARKS)
    assert dtypes(gradebook.students()) == dict(tables.STUDENTS)


@every_table
def test_a_table_is_that_of_frames_with_whose_and_when_in_front(gradebook, table):
    everything = [Assessment.from_json(replies.load(name)) for name in replies.REPLIES]
    ids = [gradebook.record(each, student=f"Student {n % 3}", task="Week 1") for n, each in enumerate(everything)]
    frame = getattr(gradebook, table)()
    assert list(frame.columns[: len(tables.FRONT)]) == list(tables.FRONT)
    plain = [Assessment.from_json(each.raw, utterance_id=id_) for each, id_ in zip(everything, ids, strict=True)]
    wanted = getattr(frames, table)(plain).drop(columns="student", errors="ignore")
    assert_frame_equal(frame[wanted.columns], wanted)
    whose = {id_: f"Student {n % 3}" for n, id_ in enumerate(ids)}
    assert frame["student"].tolist() == [whose[id_] for id_ in frame["utterance_id"]]


@every_table
def test_more_attempts_than_a_page_come_in_order(gradebook, table):
    count = query.PAGE + 7
    ids = gradebook.record_many({"assessment": FLAT, "student": f"Student {n}"} for n in range(count))
    frame = getattr(gradebook, table)()
    assert frame["utterance_id"].drop_duplicates().tolist() == ids
    assert [each.utterance_id for each in gradebook.assessments()] == ids
    assert isinstance(frame.index, pd.RangeIndex)


def test_attempts_come_in_the_order_of_recording_whenever_they_were_entered(gradebook):
    for minutes in (3, 1, 2):
        gradebook.record(FLAT, student="Ada", recorded_at=START + timedelta(minutes=minutes))
    attempts = gradebook.attempts()
    assert attempts["recorded_at"].is_monotonic_increasing
    assert attempts["attempt_number"].tolist() == [1, 2, 3]


@pytest.mark.parametrize("keys", ["abcdefgh", "hgfedcba", [None] * 8])
def test_attempts_of_the_same_moment_come_in_the_order_in_which_they_were_stored(gradebook, keys):
    take = {"assessment": FLAT, "student": "Ada", "recorded_at": START}
    ids = [gradebook.record(**take, key=key) for key in keys[:4]]
    ids += gradebook.record_many({**take, "key": key} for key in keys[4:])
    attempts = gradebook.attempts()
    assert attempts["attempt_id"].tolist() == ids
    assert attempts["attempt_number"].tolist() == list(range(1, 9))
    assert gradebook.words()["utterance_id"].drop_duplicates().tolist() == ids
    assert [each.utterance_id for each in gradebook.assessments()] == ids


def test_a_place_puts_an_attempt_before_others_of_the_same_moment(gradebook):
    first = gradebook.next_place()
    ids = [gradebook.record(FLAT, recorded_at=START, key=str(n), place=first + n) for n in (2, 0, 1)]
    ids.append(gradebook.record(FLAT, recorded_at=START))
    assert gradebook.attempts()["attempt_id"].tolist() == [ids[1], ids[2], ids[0], ids[3]]
    assert gradebook.places(["0", "2", "4"]) == {"0": first, "2": first + 2}
    assert gradebook.next_place() == first + 4


def test_a_corrected_date_moves_an_attempt_among_the_others(gradebook):
    ids = [gradebook.record(FLAT, recorded_at=START + timedelta(days=day), key=str(day)) for day in range(3)]
    assert gradebook.redate({"0": START + timedelta(days=9), "1": START + timedelta(days=1), "absent": START}) == 1
    attempts = gradebook.attempts()
    assert attempts["attempt_id"].tolist() == [ids[1], ids[2], ids[0]]
    assert attempts["attempt_number"].tolist() == [1, 2, 3]
    assert gradebook.redate({}) == 0


def test_attempts_are_numbered_by_student_task_and_text(gradebook):
    other = Assessment.from_json(replies.load("flat"), reference_text="Good evening")
    for student, task, assessment in itertools.product(("Ada", "Bob"), ("Week 1", None), (FLAT, other, FLAT)):
        gradebook.record(assessment, student=student, task=task)
    assert gradebook.attempts()["attempt_number"].tolist() == [1, 1, 2] * 4
    assert gradebook.attempts(student="Bob", task="Week 1")["attempt_number"].tolist() == [1, 1, 2]


# --- filters ----------------------------------------------------------------------------------------------------


@pytest.fixture
def filled(gradebook):
    """Two classes, two students each, two tasks, one attempt an hour."""
    hours = itertools.count()
    for class_name, student, task in itertools.product(("5a", "5b"), ("Ada", "Bob"), ("Week 1", "Week 2")):
        gradebook.record(
            FLAT, student=student, class_name=class_name, task=task, recorded_at=START + timedelta(hours=next(hours))
        )
    return gradebook


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 8),
        ({"class_name": "5a"}, 4),
        ({"class_name": ["5a", "5b"]}, 8),
        ({"student": "Ada"}, 4),
        ({"student": ("Ada", "Bob", "Eve")}, 8),
        ({"student": pd.Series(["Ada"]), "class_name": "5b", "task": "Week 2"}, 1),
        ({"task": {"Week 1"}}, 4),
        ({"student": "ada"}, 0),
        ({"student": []}, 0),
        ({"student": "A%"}, 0),
        ({"student": "' OR 1=1 --"}, 0),
        ({"since": START + timedelta(hours=6)}, 2),
        ({"until": START + timedelta(hours=1)}, 2),
        ({"since": "2026-05-07T14:00+00:00", "until": "2026-05-07T15:00Z"}, 2),
        ({"since": START + timedelta(days=9)}, 0),
    ],
)
def test_filters_choose_the_attempts(filled, filters, count):
    assert filled.utterances(**filters)["utterance_id"].nunique() == count


def test_every_method_takes_the_same_filters(filled):
    for id_ in filled.attempts()["attempt_id"]:
        filled.override(id_, 50, author="Ms Hopper", reason="?")
    chosen = {"class_name": "5b", "student": "Ada", "since": START}
    for read in (filled.attempts, filled.marks, lambda **filters: list(filled.assessments(**filters))):
        assert len(read(**chosen)) == 2
    for table in TABLES:
        assert getattr(filled, table)(**chosen)["utterance_id"].nunique() == 2


def test_an_attempt_keeps_its_number_under_a_filter_by_time(gradebook):
    for hours in range(3):
        gradebook.record(FLAT, student="Ada", recorded_at=START + timedelta(hours=hours))
    assert gradebook.attempts(since=START + timedelta(hours=2))["attempt_number"].tolist() == [3]


@pytest.mark.parametrize("until", ["2026-05-07", date(2026, 5, 7)])
def test_until_a_day_means_to_its_end(book, until):
    for hour in (0, 23):
        book.record(FLAT, recorded_at=datetime(2026, 5, 7, hour, 59).astimezone())
    book.record(FLAT, recorded_at=datetime(2026, 5, 8).astimezone())
    assert len(book.attempts(until=until)) == 2
    assert len(book.attempts(since=until)) == 3


@pytest.mark.parametrize(("day", "next_day"), [("2026-03-29", "2026-03-30"), ("2026-10-25", "2026-10-26")])
def test_a_day_ends_at_midnight_also_when_the_clocks_change(book, timezone, day, next_day):
    timezone("CET-1CEST,M3.5.0,M10.5.0/3")
    for when in (f"{day}T23:30", f"{next_day}T00:30"):
        book.record(FLAT, recorded_at=datetime.fromisoformat(when).astimezone())
    assert len(book.attempts(until=day)) == 1


def test_a_table_is_of_one_moment_also_while_another_program_writes(gradebook, where):
    with gradebook._database.reading() as connection:
        count = sa.select(sa.func.count()).select_from(schema.attempts)
        before = connection.execute(count).scalar_one()
        with Gradebook(where) as other:
            other.record(FLAT, student="Ada")
        assert connection.execute(count).scalar_one() == before == 0
    assert len(gradebook.attempts()) == 1


@pytest.mark.parametrize("when", ["last week", "05.09.2026", "2026-09", 20260905, float("nan")])
def test_a_filter_that_is_no_time_or_more_than_one_is_refused(book, when):
    for name in ("since", "until"):
        with pytest.raises(InputError, match="no date or time"):
            book.words(**{name: when})


def test_a_student_is_one_however_the_name_was_typed(book):
    for name in ("José  Luis", "Jose\u0301 Luis "):
        book.record(FLAT, student=name)
    assert book.students()["student"].tolist() == ["José Luis"]
    assert len(book.attempts(student="Jose\u0301  Luis")) == 2


def test_a_number_is_no_name_to_filter_by(book):
    for names in (5, [5, "6b"]):
        with pytest.raises(InputError, match="5, which is int"):
            book.attempts(class_name=names)


def test_a_filter_that_does_not_exist_is_refused(book):
    with pytest.raises(TypeError, match="klass"):
        book.words(klass="5b")


# --- names ------------------------------------------------------------------------------------------------------

SCRIPT = "<script>alert(1)</script>"
NAMES = [SCRIPT, "O'Brien; DROP TABLE students", "=1+1", "ﷺ محمد", "李华", "👩‍🎓 Zoë", "A;B", "'quoted'", "100%_"]
CLASS_OF_300 = [*NAMES, *(f"{name} {n}" for n in range(97) for name in ("فاطمة", "王小明", "🦉"))]


def test_a_class_of_300_is_found_by_name_in_any_script(gradebook):
    gradebook.record_many({"assessment": FLAT, "student": name, "class_name": "教室 5ب"} for name in CLASS_OF_300)
    assert gradebook.students(class_name="教室 5ب")["student"].sort_values().tolist() == sorted(CLASS_OF_300)
    assert gradebook.attempts()["student"].tolist() == CLASS_OF_300
    for name in CLASS_OF_300[::25]:
        assert gradebook.utterances(student=name)["student"].tolist() == [name]
    assert len(gradebook.words(student=CLASS_OF_300)) == 300 * len(frames.words(FLAT))


# --- the benchmark ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", benchmark.TABLES)
def test_the_benchmark_reads_the_same_scores_row_by_row(book, table):
    benchmark.fill(book, 40, class_name="sample")
    ours, theirs = getattr(book, table)(), benchmark.row_by_row(book._database.file, "sample", table)
    said = "NBest.AccuracyScore" if table == "utterances" else "AccuracyScore"
    theirs = theirs.rename(columns={said: "accuracy_score"})
    if table == "words":  # they give a skipped word the zero of the reply
        theirs.loc[theirs["ErrorType"] == "Omission", "accuracy_score"] = float("nan")
    columns = ["utterance_id", "student", "task", "accuracy_score"]
    assert_frame_equal(ours[columns], theirs[columns].astype(ours[columns].dtypes))
