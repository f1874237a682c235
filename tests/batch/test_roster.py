"""What a batch is made of: tables of any make, and the rows that do not fit."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pronounce_kit import InputError, Recording
from pronounce_kit.batch import read_roster
from pronounce_kit.batch.sources import read_table
from tests.batch.tiny import beeps

HEADER = ("student", "text", "audio")
ROWS = (("Zoë", "Good morning, all.", "a.wav"), ("李雷", "How are you?", "b.wav"))


def write(path: Path, *rows: tuple[str, ...], delimiter: str = ",", encoding: str = "utf-8") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def problems(roster) -> dict[int, str]:
    return {misfit.row: misfit.problem for misfit in roster.misfits}


# --- CSV --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_file_is_read_whatever_program_wrote_it(folder, delimiter, encoding):
    path = write(folder / "roster.csv", HEADER, *ROWS, delimiter=delimiter, encoding=encoding)
    roster = read_roster(path)
    assert [(item.student, item.reference_text, item.audio) for item in roster.items] == [
        ("Zoë", "Good morning, all.", folder / "a.wav"),
        ("李雷", "How are you?", folder / "b.wav"),
    ]
    assert roster.report() == ""


def test_a_csv_file_that_an_old_windows_program_wrote_keeps_its_accents(folder):
    path = write(folder / "roster.csv", HEADER, ROWS[0], delimiter=";", encoding="cp1252")
    assert read_roster(path).items[0].student == "Zoë"


def test_the_line_by_which_excel_names_the_separator_is_no_header(folder):
    path = folder / "roster.csv"
    path.write_text("sep=|\nstudent|text|audio\nAda|Hello.|a.wav\n\nBen||b.wav\n")
    roster = read_roster(path)
    assert [item.student for item in roster.items] == ["Ada"]
    assert list(problems(roster)) == [5], "as the spreadsheet counts, with the blank row"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"])), min_size=3, max_size=3), max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_a_csv_writer_wrote_is_read_back(tmp_path, rows, delimiter, encoding):
    path = write(tmp_path / "any.csv", HEADER, *map(tuple, rows), delimiter=delimiter, encoding=encoding)
    table = read_table(path)
    assert table.columns == list(HEADER)
    kept = [row for row in rows if any(value.strip() for value in row)]
    assert [[row.cells[name] for name in HEADER] for row in table.rows] == kept
    assert all(row.problem is None for row in table.rows)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_an_input_error(tmp_path, data):
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    try:
        read_roster(path)
    except InputError as error:
        assert str(error).endswith((".", "..."))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty"),
        (b"PK\x03\x04rest", "is a workbook"),
        (b"RIFF\x00\x00\x00\x00WAVE", "is no table of text"),
        (b"name,comment\nAda,fine\n", "has no column audio"),
        (b"audio,comment\na.wav,fine\n", "has no column reference_text"),
        (b"text,audio,audio\nHi,a.wav,b.wav\n", "two columns 'audio'"),
        (b"text,file,path\nHi,a.wav,b.wav\n", "'file' and 'path'"),
    ],
)
def test_a_file_that_is_no_roster_is_one_clear_error(folder, content, expected):
    path = folder / "roster.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=expected):
        read_roster(path)


@pytest.mark.parametrize("items", [42, None, {"text": "Hi.", "audio": "a.wav"}, b"audio", "missing.csv", "\0"])
def test_what_no_batch_can_be_made_of_is_one_clear_error(items):
    with pytest.raises(InputError):
        read_roster(items)


def test_all_rows_that_do_not_fit_are_reported_at_once_with_what_to_do(folder):
    (folder / "empty.wav").touch()
    path = write(
        folder / "roster.csv",
        ("student", "text", "audio", "recorded_at"),
        ("Ada", "Hello.", "a.wav", "2025-03-31 14:05"),
        ("Ben", "", "a.wav", ""),
        ("Cem", "Hello.", "gone.wav", ""),
        ("Dia", "Hello.", "", ""),
        ("Eva", "Hello.", "empty.wav", ""),
        ("Fay", "Hello.", "a.wav", "03/04/2025"),
        ("Gus", "Hello, you.", "a.wav", "", "", "surplus"),
        ("Hal", "Hello.", ".", ""),
    )
    roster = read_roster(path)
    found = problems(roster)
    assert [item.student for item in roster.items] == ["Ada"]
    assert list(found) == [3, 4, 5, 6, 7, 8, 9]
    assert "text is missing" in found[3]
    assert "There is no file" in found[4]
    assert str(folder) in found[4]
    assert "recording is missing" in found[5]
    assert "is empty" in found[6]
    assert "2025-03-31" in found[7]
    assert "double quotes" in found[8]
    assert "is a folder" in found[9]
    assert all(problem.endswith(".") for problem in found.values())
    report = roster.report().splitlines()
    assert report[0] == f"7 of 8 rows of {path} do not fit:"
    assert len(report) == 8
    assert roster.problems["student"].tolist() == ["Ben", "Cem", "Dia", "Eva", "Fay", "Gus", "Hal"]


# --- columns ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [
        ("student", "reference_text", "audio"),
        ("Student Name", "Sentence", "File"),
        ("LEARNER", "TEXT", "Audio_Path"),
        ("name", "Reference-Text", "recording"),
    ],
)
def test_columns_are_known_by_other_names_and_in_any_case(folder, columns):
    roster = read_roster(write(folder / "roster.csv", columns, *ROWS))
    assert [item.student for item in roster.items] == ["Zoë", "李雷"]


def test_a_column_of_the_very_name_goes_before_one_of_a_similar_name(folder):
    rows = [{"audio": folder / "a.wav", "file": "other.wav", "text": "Hi.", "prompt": "No.", "reference_text": "Yes."}]
    assert read_roster(rows).items[0].reference_text == "Yes."


def test_columns_of_unknown_names_are_named_by_the_caller(folder):
    path = write(folder / "roster.csv", ("Wer", "Was", "Wo"), *ROWS)
    columns = {"student": "Wer", "reference_text": "Was", "audio": "Wo"}
    assert [item.student for item in read_roster(path, columns=columns).items] == ["Zoë", "李雷"]
    with pytest.raises(InputError, match="no column 'Wann'"):
        read_roster(path, columns={**columns, "task": "Wann"})
    with pytest.raises(InputError, match="columns names 'teacher'"):
        read_roster(path, columns={"teacher": "Wer"})


# --- other sources ----------------------------------------------------------------------------------------------


def test_a_data_frame_is_read_with_its_missing_values(folder):
    frame = pd.DataFrame(
        {
            "student": [17.0, np.nan],
            "text": ["Hello.", "Hello."],
            "audio": [str(folder / "a.wav"), str(folder / "b.wav")],
            "recorded_at": [pd.Timestamp("2025-03-31 14:05", tz="UTC"), pd.NaT],
            "class": pd.array(["5b", pd.NA], dtype="string"),
        },
        index=["x", "y"],
    )
    first, second = read_roster(frame).items
    assert (first.row, first.student, first.class_name) == (0, "17", "5b")
    assert first.recorded_at == datetime(2025, 3, 31, 14, 5, tzinfo=timezone.utc)
    assert (second.row, second.student, second.class_name) == (1, None, None)


def test_a_list_of_dicts_takes_paths_bytes_and_recordings(folder):
    recording = Recording.from_file(folder / "b.wav")
    rows = [
        {"text": "One.", "audio": folder / "a.wav", "recorded_at": date(2025, 3, 31)},
        {"text": "Two.", "audio": beeps(3)},
        {"sentence": "Three.", "text": "Three.", "audio": recording},
        "four",
        {"text": "Five.", "audio": 5},
        {"text": "Six.", "audio": b""},
    ]
    with pytest.raises(InputError, match="'text' and 'sentence'"):
        read_roster(rows)
    roster = read_roster(iter(rows), columns={"reference_text": "text"})
    assert [item.audio for item in roster.items] == [folder / "a.wav", beeps(3), recording]
    assert list(problems(roster)) == [3, 4, 5]


def test_the_same_name_typed_on_two_keyboards_is_one_student(folder):
    rows = [{"student": name, "text": "Hi.", "audio": folder / "a.wav"} for name in ("Zoe\u0308 ", " Zo\u00eb")]
    assert len({item.student for item in read_roster(rows).items}) == 1


def test_a_reading_without_a_date_was_recorded_when_its_file_was_written(folder):
    (item,) = read_roster([{"text": "Hi.", "audio": folder / "a.wav"}]).items
    assert item.recorded_at is not None
    assert item.recorded_at.timestamp() == pytest.approx((folder / "a.wav").stat().st_mtime, abs=1e-3)
    (bare,) = read_roster([{"text": "Hi.", "audio": beeps(0)}]).items
    assert bare.recorded_at is None


def test_a_text_given_for_all_is_for_rows_that_have_none(folder):
    path = write(folder / "roster.csv", HEADER, ("Ada", "", "a.wav"), ("Ben", "Mine.", "b.wav"))
    assert [item.reference_text for item in read_roster(path, default_text="All.").items] == ["All.", "Mine."]


def test_relative_paths_count_from_the_csv_file_or_from_a_given_folder(folder, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.chdir(elsewhere)
    assert not read_roster(write(folder / "roster.csv", HEADER, *ROWS)).misfits
    moved = write(elsewhere / "roster.csv", HEADER, *ROWS)
    assert len(read_roster(moved).misfits) == 2
    assert not read_roster(moved, audio_folder=folder).misfits


def test_a_gradebook_wants_a_student_in_every_row_of_a_roster_that_names_them(folder):
    path = write(folder / "roster.csv", HEADER, ("", "Hi.", "a.wav"), ("Ben", "Hi.", "b.wav"))
    assert list(problems(read_roster(path, need_student=True))) == [2]
    nameless = [{"text": "Hi.", "audio": folder / "a.wav"}]
    assert not read_roster(nameless, need_student=True).misfits


# --- a folder ---------------------------------------------------------------------------------------------------


def test_a_folder_tells_the_student_and_the_task_by_its_names(tmp_path):
    for number, name in enumerate(
        ["ana_week2.wav", "ana_week10.ogg", "ben.mp3", "cem/week_2.wav", "li_na_week_2.flac", ".hidden.wav", "list.pdf"]
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(beeps(number))
    (tmp_path / "texts.csv").write_text("Task;Text\nweek2;Two.\nweek10;Ten.\nweek_2;Two again.\n", encoding="utf-8-sig")
    (tmp_path / "ben.txt").write_text("\ufeffHow are you?\n", encoding="utf-8")
    roster = read_roster(tmp_path)
    assert [(item.student, item.task, item.reference_text) for item in roster.items] == [
        ("ana", "week2", "Two."),
        ("ana", "week10", "Ten."),
        ("ben", None, "How are you?"),
        ("cem", "week_2", "Two again."),
        ("li_na", "week_2", "Two again."),
    ]
    assert roster.report() == ""


def test_a_recording_of_a_folder_without_a_text_says_where_to_write_it(tmp_path):
    (tmp_path / "ana_week1.wav").write_bytes(beeps(0))
    roster = read_roster(tmp_path)
    assert "texts.csv" in problems(roster)[0]
    assert ".txt" in problems(roster)[0]
    assert read_roster(tmp_path, default_text="Hi.").items[0].reference_text == "Hi."


def test_a_folder_without_recordings_is_one_clear_error(tmp_path):
    with pytest.raises(InputError, match="no recording in the folder"):
        read_roster(tmp_path)
