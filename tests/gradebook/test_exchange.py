"""What is exported comes back as it was, whatever the format; and people can read it."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from datetime import datetime, timezone
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from pronounce_kit import Assessment, Gradebook, GradebookError, InputError, ReplyError
from pronounce_kit.gradebook import formats
from pronounce_kit.typed import spelled

from .. import replies
from .test_tables import CLASS_OF_300, SCRIPT

FLAT = Assessment.from_json(replies.load("flat"))
START = datetime(2026, 5, 7, 12, 0, 0, 123_457, tzinfo=timezone.utc)
NAMES = ("class.csv", "class.xlsx", "class.parquet", "class.zip", "class")
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1+1", "'=1", "#N/A", "_x0041_", "1e5", "TRUE", "2026-05-07"]

every_format = pytest.mark.parametrize("name", NAMES)


def everything(gradebook):
    """All that a gradebook knows, as one value that can be compared."""
    tables = {
        name: getattr(gradebook, name)() for name in ("attempts", "marks", "students", "tasks", "phonemes", "words")
    }
    tables["students"] = tables["students"].sort_values(["class_name", "student"], ignore_index=True)
    tables["tasks"] = tables["tasks"].sort_values("task", ignore_index=True)
    raw = {each.utterance_id: (each.raw, each.reference_text) for each in gradebook.assessments()}
    return tables, raw


def assert_equal(gradebook, other):
    (tables, raw), (other_tables, other_raw) = everything(gradebook), everything(other)
    assert raw == other_raw
    for name, table in tables.items():
        assert_frame_equal(table, other_tables[name])


def fill(gradebook):
    """Replies of every shape, odd names, marks, recordings, a student and a task without attempts."""
    gradebook.add_student("Zoë", class_name="5a", first_language="Français")
    gradebook.add_task("Week 9", reference_text="")
    names = [SCRIPT, None, *FORMULAS, "李华", "محمد", "👩‍🎓"]
    for n, reply in enumerate([*replies.REPLIES, *replies.LISTS]):
        attempt_id = gradebook.record(
            Assessment.from_json(
                replies.load(reply), reference_text=(None, "", 'Good morning.\r\n"So", he said')[n % 3]
            ),
            student=names[n % len(names)],
            class_name="5b" if n % 2 else None,
            task="Week 1" if n % 3 else None,
            recording=f"RIFF {n % 4}".encode() if n % 2 else None,
            recorded_at=START.replace(minute=n),
            service="LocalSpeech",
            service_version="0.1.0",
            params={"GradingSystem": "HundredMark", "n": n},
            key=f"key {n}" if n % 2 else None,
        )
        if n % 5 == 0:
            gradebook.override(attempt_id, 100 / 3, author="Ms Hopper", reason="=2+2\n'")


@pytest.fixture
def filled(book):
    fill(book)
    return book


@every_format
def test_an_export_is_imported_without_loss_and_only_once(filled, new_book, tmp_path, name):
    path = filled.export(tmp_path / "out" / name)
    other = new_book()
    assert other.import_from(path) == len(filled.attempts())
    assert_equal(filled, other)
    assert other.import_from(path) == 0
    assert_equal(filled, other)


@every_format
def test_attempts_of_the_same_moment_keep_their_order_when_exported_and_imported(book, new_book, tmp_path, name):
    ids = [book.record(FLAT, student="Ada", recorded_at=START, key=str(n)) for n in range(20)]
    for reason in ids:
        book.override(ids[0], 50, author="Ms Hopper", reason=reason)
    other = new_book()
    other.import_from(book.export(tmp_path / name))
    assert other.attempts()["attempt_id"].tolist() == ids
    assert other.marks()["reason"].tolist() == ids


def test_an_export_goes_from_one_database_to_another_and_back(gradebook, filled, new_book, tmp_path):
    gradebook.import_from(filled.export(tmp_path / "there.zip", audio=True))
    assert_equal(filled, gradebook)
    other = new_book()
    other.import_from(gradebook.export(tmp_path / "back.zip", audio=True))
    assert_equal(filled, other)
    for attempt_id in filled.attempts()["attempt_id"]:
        assert other.audio(attempt_id) == filled.audio(attempt_id)


def test_an_import_leaves_what_is_there_as_it_is(book, new_book, tmp_path):
    book.add_student("Ada", first_language="Portuguese")
    book.add_student("Bob", first_language="Greek")
    book.record(FLAT, student="Ada", key="1", recorded_at=START)
    path = book.export(tmp_path / "class.zip")
    other = new_book()
    other.add_student("Ada", first_language="Spanish")
    other.add_student("Bob")
    other.record(FLAT, student="Ada", key="1", service="mine")
    other.record(FLAT, student="Eve", key="2")
    assert other.import_from(path) == 0
    assert other.students()[["student", "first_language"]].to_numpy().tolist() == [
        ["Ada", "Spanish"],
        ["Bob", "Greek"],
        ["Eve", pd.NA],
    ]
    assert other.attempts(student="Ada")["service"].tolist() == ["mine"]


@pytest.mark.parametrize("name", ["class.zip", "class"])
def test_recordings_go_along_when_asked_for(book, new_book, tmp_path, name):
    first, second = (book.record(FLAT, recording=f"RIFF {n}".encode()) for n in range(2))
    other = new_book()
    other.import_from(book.export(tmp_path / f"without-{name}"))
    assert other.audio(first) is None
    assert other.attempts()["audio_sha256"].equals(book.attempts()["audio_sha256"])
    other.import_from(book.export(tmp_path / f"with-{name}", audio=True))
    assert (other.audio(first), other.audio(second)) == (b"RIFF 0", b"RIFF 1")


@pytest.mark.parametrize("name", ["class.csv", "class.xlsx", "class.parquet"])
def test_a_format_without_room_for_recordings_says_so(book, tmp_path, name):
    with pytest.raises(InputError, match=r"\.zip"):
        book.export(tmp_path / name, audio=True)


def test_a_reply_longer_than_a_cell_of_excel_comes_back_whole(book, new_book, tmp_path):
    long = {**replies.load("flat"), "Note": "né 李 🦉 " * 20_000}
    book.record(Assessment.from_json(long), student="Ada")
    path = book.export(tmp_path / "class.xlsx")
    cells = [
        cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows(values_only=True) for cell in row
    ]
    assert max(len(cell) for cell in cells if isinstance(cell, str)) <= formats.EXCEL_CELL
    other = new_book()
    other.import_from(path)
    assert next(other.assessments()).raw == long


def test_a_name_longer_than_a_cell_of_excel_is_an_error_and_leaves_no_file(book, tmp_path):
    book.add_student("A" * 32_768)
    with pytest.raises(InputError, match="too long for Excel"):
        book.export(tmp_path / "out" / "class.xlsx")
    assert [file.name for file in tmp_path.iterdir() if not file.name.startswith("class.db")] == []


@pytest.fixture
def odd_names(book):
    for n, name in enumerate([SCRIPT, *FORMULAS]):
        book.record(FLAT, student=name, recorded_at=START.replace(minute=n))
    return book


def test_no_name_is_a_formula_in_excel(odd_names, tmp_path):
    sheets = openpyxl.load_workbook(odd_names.export(tmp_path / "class.xlsx"))
    for sheet in sheets:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    seen = [sheets["attempts"].cell(row, 2).value for row in range(2, len(FORMULAS) + 3)]
    assert seen[:3] == [SCRIPT, "=1+1", "+1"]
    assert all(isinstance(value, str) for value in seen)


def test_no_text_in_a_csv_file_begins_as_a_formula_does(odd_names, tmp_path):
    with zipfile.ZipFile(odd_names.export(tmp_path / "class.zip")) as archive:
        for name in archive.namelist():
            for row in csv.reader(io.StringIO(archive.read(name).decode("utf-8-sig"))):
                assert not any(cell.startswith(("=", "+", "-", "@", "\t", "＝")) for cell in row)


@pytest.mark.parametrize("name", ["class.csv", "class.xlsx", "class.parquet"])
def test_pandas_finds_the_attempts_and_their_scores_at_the_path(odd_names, tmp_path, name):
    read = {".csv": pd.read_csv, ".xlsx": pd.read_excel, ".parquet": pd.read_parquet}[Path(name).suffix]
    frame = read(odd_names.export(tmp_path / name))
    assert frame["attempt_id"].tolist() == odd_names.attempts()["attempt_id"].tolist()
    assert frame["student"][0] == SCRIPT
    assert set(frame["pron_score"]) == {47.8}


@every_format
def test_a_class_of_300_in_any_script_comes_back(book, new_book, tmp_path, name):
    small = Assessment.from_json({"RecognitionStatus": "Success", "NBest": [{"PronScore": 50.0}]})
    book.record_many({"assessment": small, "student": each, "class_name": "教室 5ب"} for each in CLASS_OF_300)
    other = new_book()
    other.import_from(book.export(tmp_path / name))
    assert other.attempts()["student"].tolist() == CLASS_OF_300


def test_an_export_has_what_the_filters_choose(filled, new_book, tmp_path):
    other = new_book()
    filled.override(filled.attempts(class_name="5b")["attempt_id"][0], 50, author="Ms Hopper", reason="?")
    other.import_from(filled.export(tmp_path / "class.zip", class_name="5b"))
    for name in ("attempts", "marks"):
        assert_frame_equal(
            getattr(other, name)().drop(columns="attempt_number", errors="ignore"),
            getattr(filled, name)(class_name="5b").drop(columns="attempt_number", errors="ignore"),
        )
    assert set(other.students()["class_name"]) == {"5b"}


@every_format
def test_an_empty_gradebook_can_be_exported_and_imported(book, new_book, tmp_path, name):
    assert new_book().import_from(book.export(tmp_path / name)) == 0


@every_format
def test_an_export_replaces_an_earlier_one(book, new_book, tmp_path, name):
    for n in range(2):
        book.record(FLAT, student="Ada", key=str(n))
        book.export(tmp_path / "out" / name)
    assert new_book().import_from(tmp_path / "out" / name) == 2
    assert not list((tmp_path / "out").rglob(".export*"))


# --- what cannot be ---------------------------------------------------------------------------------------------


def test_a_format_that_does_not_exist_is_refused(book, tmp_path):
    with pytest.raises(InputError, match=r"\.docx"):
        book.export(tmp_path / "class.docx")
    with pytest.raises(InputError, match=r"\.docx"):
        book.import_from(tmp_path / "class.docx")


def test_a_place_that_cannot_be_written_is_an_error(book, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GradebookError, match="cannot be written"):
        book.export(tmp_path / "file" / "class.csv")


@every_format
def test_a_missing_file_is_named(book, tmp_path, name):
    with pytest.raises(InputError, match="There is no"):
        book.import_from(tmp_path / name)


@pytest.mark.parametrize("name", NAMES[:-1])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xfe\x00", b"PK\x03\x04 nonsense", b"a,b\n1,2,3\n"])
def test_a_file_of_something_else_is_refused(book, tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError):
        book.import_from(tmp_path / name)


@pytest.mark.parametrize("table", ["replies", "students", "tasks", "marks"])
@pytest.mark.parametrize("name", ["class.csv", "class.parquet"])
def test_a_missing_table_is_named_rather_than_lost(filled, new_book, tmp_path, name, table):
    path = filled.export(tmp_path / name)
    missing = path.with_name(f"class-{table}{path.suffix}")
    missing.unlink()
    with pytest.raises(InputError, match=missing.name):
        new_book().import_from(path)


@pytest.mark.parametrize(
    ("file", "column", "value", "error"),
    [
        ("attempts", "recorded_at", "someday", "recorded_at in row 1"),
        ("attempts", "recorded_at", "", "recorded_at in row 1"),
        ("attempts", "attempt_id", "another", "not the attempt"),
        ("attempts", "params", "{", "params in row 1"),
        ("replies", "reply", "{", "not JSON"),
        ("replies", "reply", '{"a": 1}', "no reply"),
        ("replies", "part", "1", "lacks part 0"),
        ("marks", "attempt_id", "another", "which is not there"),
        ("marks", "score", "nan", "score in row 1"),
        ("marks", "author", "", "author in row 1"),
    ],
)
def test_a_damaged_export_is_refused_as_a_whole(book, new_book, tmp_path, file, column, value, error):
    attempt_id = book.record(FLAT, student="Ada")
    book.override(attempt_id, 50, author="Ms Hopper", reason="?")
    path = book.export(tmp_path / "class") / f"{file}.csv"
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame.loc[0, column] = value
    frame.to_csv(path, index=False)
    other = new_book()
    with pytest.raises((InputError, ReplyError), match=error):
        other.import_from(tmp_path / "class")
    assert other.students().empty


def test_a_missing_column_is_named(book, new_book, tmp_path):
    path = book.export(tmp_path / "class") / "students.csv"
    path.write_text("student,class_name\n")
    book.record(FLAT)
    path.write_text("student,class_name\nAda,5b\n")
    with pytest.raises(InputError, match="first_language"):
        new_book().import_from(tmp_path / "class")


def test_a_csv_file_that_another_program_saved_again_is_read_in_its_encoding(book, new_book, tmp_path):
    names = ["王伟", "李娜", "张敏", "刘洋", "陈静"]
    for name in names:
        book.record(FLAT, student=name)
    folder = book.export(tmp_path / "class")
    for path in folder.glob("*.csv"):
        path.write_bytes(path.read_text("utf-8-sig").encode("gb18030"))
    for encoding in (None, "gb18030"):
        other = new_book()
        other.import_from(folder, encoding=encoding)
        assert set(other.students()["student"]) == set(names)
    with pytest.raises(InputError, match="is not in the encoding utf-8"):
        new_book().import_from(folder, encoding="utf-8")


# --- anything at all --------------------------------------------------------------------------------------------

# All text that a database can hold.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = st.one_of(
    texts, st.sampled_from(FORMULAS), st.sampled_from(["", "'", "''", "_x0000_", "\r", "a\rb", "\ufeff", "\x85"])
)
takes = st.fixed_dictionaries({
    "student": st.none() | names,
    "class_name": st.none() | names,
    "task": st.none() | names,
    "service": st.none() | names,
    "service_version": st.none() | names,
    "key": st.none() | names,
    "params": st.none() | st.dictionaries(st.text(max_size=3), st.floats(allow_nan=False)),
    "recorded_at": st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)),
    "recording": st.none() | st.binary(min_size=1, max_size=8),
    "assessment": st.builds(
        lambda text, note: Assessment.from_json({"NBest": [], "Note": note}, reference_text=text),
        st.none() | names,
        st.text(st.characters(), max_size=12),
    ),
})  # fmt: skip
marks = st.none() | st.tuples(st.floats(0, 100), names.filter(spelled), names.filter(spelled))


@every_format
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(st.lists(st.tuples(takes, marks), max_size=4))
def test_whatever_was_recorded_comes_back(name, recorded):
    with (
        tempfile.TemporaryDirectory() as folder,
        Gradebook(":memory:") as gradebook,
        Gradebook(":memory:") as other,
    ):
        for take, mark in recorded:
            attempt_id = gradebook.record(**take)
            if mark:
                gradebook.override(attempt_id, mark[0], author=mark[1], reason=mark[2])
        audio = name in ("class.zip", "class")
        other.import_from(gradebook.export(Path(folder) / name, audio=audio))
        assert_equal(gradebook, other)
        for attempt_id in gradebook.attempts()["attempt_id"] if audio else ():
            assert other.audio(attempt_id) == gradebook.audio(attempt_id)
        stored = "SELECT attempt_id, key, params, service FROM attempts ORDER BY attempt_id"
        rows = []
        for each in (gradebook, other):
            with each._database.reading() as connection:
                rows.append(connection.exec_driver_sql(stored).all())
        assert rows[0] == rows[1]
        assert all(json.loads(params) is not None for _, _, params, _ in rows[0] if params)
