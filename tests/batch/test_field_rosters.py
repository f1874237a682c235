"""Rosters and folders as the field has them: what any teacher would read the same way is read so, and told."""

from __future__ import annotations

import os
import time
import unicodedata
import warnings
from datetime import datetime, timedelta, timezone
from datetime import time as clock

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from pronounce_kit import InputError, assess_batch
from pronounce_kit.batch import read_roster
from pronounce_kit.cli import main
from tests.batch.test_roster import problems, write
from tests.batch.tiny import beeps


def told(roster) -> str:
    return "\n".join(roster.remarks)


def students(roster) -> list[str | None]:
    return [item.student for item in roster.items]


# --- encodings --------------------------------------------------------------------------------------------------


def test_a_roster_of_a_chinese_excel_is_read_or_asked_about_and_read_with_its_encoding(folder):
    path = write(folder / "few.csv", ("student", "text", "audio"), ("李雷", "Hi.", "a.wav"), encoding="gb18030")
    with pytest.raises(InputError, match="--encoding gb18030"):
        read_roster(path)
    assert students(read_roster(path, encoding="gb18030")) == ["李雷"]
    names = ("王伟", "李娜", "张敏", "刘洋", "陈静", "杨磊")
    rows = [(name, "Hi.", "a.wav", str(n)) for n, name in enumerate(names)]
    path = write(folder / "many.csv", ("student", "text", "audio", "task"), *rows, encoding="gb18030")
    assert students(read_roster(path)) == list(names)


def test_the_command_line_takes_the_encoding(folder):
    path = write(folder / "few.csv", ("student", "text", "audio"), ("李雷", "", "a.wav"), encoding="gb18030")
    asked = CliRunner().invoke(main, ["batch", str(path), "--check"])
    assert asked.exit_code == 2
    assert "--encoding gb18030" in asked.output
    read = CliRunner().invoke(main, ["batch", str(path), "--check", "--encoding", "gb18030"])
    assert read.exit_code == 1
    assert "李雷" in read.output


def test_the_texts_of_a_folder_are_read_in_the_encoding_of_windows(tmp_path):
    (tmp_path / "ana.wav").write_bytes(beeps(0))
    (tmp_path / "ana.txt").write_bytes("It’s a café.".encode("cp1252"))
    assert read_roster(tmp_path).items[0].reference_text == "It’s a café."


# --- paths ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "rec/a b é.wav",
        "rec\\a b é.wav",
        ".\\rec\\a b é.wav",
        "./rec//a b é.wav",
        "./x/../rec/a b é.wav",
        " rec/a b é.wav ",
        '"rec\\a b é.wav"',
        "'rec/a b é.wav'",
        "“rec/a b é.wav”",
        "REC/A B É.WAV",
        unicodedata.normalize("NFD", "rec/a b é.wav"),
        "C:\\Users\\Ana\\Desktop\\rec\\a b é.wav",
        "\u202aC:\\Users\\Ana\\rec\\a b é.wav",
        "\\\\school\\share\\rec\\A b é.wav",
        "D:/school/rec/a b é.wav",
        "/Users/ana/Documents/rec/a b é.wav",
        "file:///C:/Users/Ana/rec/a%20b%20%C3%A9.wav",
        "file:///home/ana/rec/a%20b%20%C3%A9.wav",
    ],
)
def test_a_path_that_another_system_wrote_is_found(tmp_path, written):
    (tmp_path / "x").mkdir()
    (tmp_path / "rec").mkdir()
    recording = tmp_path / "rec" / "a b é.wav"
    recording.write_bytes(beeps(0))
    (item,) = read_roster([{"text": "Hi.", "audio": written}], audio_folder=tmp_path).items
    assert item.audio.samefile(recording)


def test_a_file_with_a_decomposed_name_is_found_by_a_composed_one(tmp_path):
    (tmp_path / unicodedata.normalize("NFD", "José.wav")).write_bytes(beeps(0))
    assert not read_roster([{"text": "Hi.", "audio": "José.wav"}], audio_folder=tmp_path).misfits


def test_a_path_of_another_machine_is_found_by_its_name_beside_the_roster_and_told(folder):
    path = write(folder / "roster.csv", ("student", "text", "audio"), ("Ada", "Hi.", "C:\\Users\\Ada\\Desktop\\a.wav"))
    roster = read_roster(path)
    assert roster.items[0].audio == folder / "a.wav"
    assert "1 path of another machine" in told(roster)
    assert str(folder / "a.wav") in told(roster)


def test_a_path_that_may_mean_two_files_is_told(tmp_path):
    for name in ("A.wav", "a.wav"):
        (tmp_path / name).write_bytes(beeps(0))
    if len(os.listdir(tmp_path)) == 1:
        pytest.skip("this file system takes both names for one file")
    roster = read_roster([{"text": "Hi.", "audio": name} for name in ("a.WAV", "a.wav")], audio_folder=tmp_path)
    assert "A.wav or a.wav" in problems(roster)[0]
    assert [item.audio.name for item in roster.items] == ["a.wav"]


def test_a_path_on_the_web_or_in_the_cloud_says_to_download_it(tmp_path):
    (tmp_path / ".a.wav.icloud").write_bytes(b"bplist00")
    roster = read_roster([{"text": "Hi.", "audio": name} for name in ("https://example.org/a.wav", "a.wav")],
                         audio_folder=tmp_path)  # fmt: skip
    assert "Download the recording" in problems(roster)[0]
    assert "in the cloud only" in problems(roster)[1]


# --- dates of nothing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize(
    "date",
    ["0001-01-01", "0000-00-00", "1900-01-00", "1899-12-30", "1899-12-31", "1900-01-01", "1970-01-01",
     "9999-12-31 23:00", "9999-12-31T23:59:59Z",
     datetime(1, 1, 1), datetime(9999, 12, 31, 23), pd.Timestamp("1970-01-01"),
     "NaT", np.datetime64("0001-01-01"), 0, 45000.25],
)  # fmt: skip
def test_a_date_of_nothing_is_a_row_that_does_not_fit(folder, date, zone, monkeypatch):
    if hasattr(time, "tzset"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
    try:
        rows = [{"text": "Hi.", "audio": folder / "a.wav", "date": value} for value in (date, "2025-03-31")]
        roster = read_roster(rows)
    finally:
        if hasattr(time, "tzset"):
            monkeypatch.undo()
            time.tzset()
    assert list(problems(roster)) == [0]
    assert "2025-03-31 14:05" in problems(roster)[0]
    assert len(roster.problems) == 1


@pytest.mark.parametrize("date", [None, "", " ", pd.NaT, np.datetime64("NaT"), float("nan"), pd.NA])
def test_a_missing_date_is_that_of_the_file(folder, date):
    (item,) = read_roster([{"text": "Hi.", "audio": folder / "a.wav", "date": date}]).items
    assert not item.is_dated


def test_the_dates_of_google_forms_are_read(folder):
    rows = [{"text": "Hi.", "audio": folder / "a.wav", "Timestamp": "2025/03/31 2:05:33 PM GMT+1"}]
    assert read_roster(rows).items[0].recorded_at == datetime(2025, 3, 31, 13, 5, 33, tzinfo=timezone.utc)


def test_an_unclear_time_zone_is_told(folder):
    rows = [{"text": "Hi.", "audio": folder / "a.wav", "date": "2025-03-31 14:05 EST"}]
    assert "EST is the name of several time zones" in problems(read_roster(rows))[0]


def test_half_a_surrogate_pair_in_a_name_is_no_traceback(folder):
    roster = read_roster(
        [{"student": "A\ud800", "text": "Hi.", "audio": name} for name in (folder / "a.wav", "x\ud800")]
    )
    assert roster.items[0].student == "A\ufffd"
    assert len(roster.problems) == 1


# --- names ------------------------------------------------------------------------------------------------------


def test_names_that_look_the_same_are_one_student_as_written_first_and_told(folder):
    rows = [("O’Brien", "a.wav", "1"), ("O'Brien", "b.wav", "2"), ("O'\u200bBrien ", "a.wav", "3")]
    path = write(folder / "r.csv", ("student", "audio", "task", "text"), *((*row, "Hi.") for row in rows))
    roster = read_roster(path)
    assert students(roster) == ["O’Brien"] * 3
    assert "O'Brien looks like O’Brien" in told(roster)


def test_names_that_differ_in_case_or_accents_are_two_students_and_told(folder):
    rows = [("José", "a.wav"), ("Jose", "b.wav"), ("Ada", "a.wav"), ("ADA.", "b.wav")]
    roster = read_roster(write(folder / "r.csv", ("student", "audio", "text"), *((*row, "Hi.") for row in rows)))
    assert students(roster) == ["José", "Jose", "Ada", "ADA."]
    assert "José and Jose are kept as different students" in told(roster)
    assert "Ada and ADA. are kept" in told(roster)


@pytest.mark.parametrize(
    ("given", "family"),
    [("First name", "Last name"), ("Given name", "Family name"), ("given_name", "Surname"), ("Vorname", "Nachname"),
     ("Nombre", "Apellidos"), ("Prénom", "Nom"), ("First", "Last"), ("Vorname", "Name"), ("FIRST NAME", "SURNAME"),
     ("Given name(s)", "Surname(s)")],
)  # fmt: skip
def test_first_and_last_name_in_two_columns_are_joined_and_told(folder, given, family):
    path = write(
        folder / "r.csv",
        (family, given, "text", "audio"),
        ("Silva", "Ana", "Hi.", "a.wav"),
        ("", "Ben", "Hi.", "b.wav"),
    )
    roster = read_roster(path, need_student=True)
    assert students(roster) == ["Ana Silva", "Ben"]
    assert repr(given) in told(roster)
    assert "Ana Silva" in told(roster)


@pytest.mark.parametrize(
    "column", ["Full name", "Student name", "Fullname", "Email address", "ID number", "Student ID", "Username"]
)
def test_students_are_known_by_a_name_or_else_by_an_id(folder, column):
    path = write(folder / "r.csv", (column, "text", "audio"), ("ana", "Hi.", "a.wav"))
    assert students(read_roster(path, need_student=True)) == ["ana"]


def test_of_a_name_and_an_id_the_name_counts_and_the_id_tells_two_of_one_name_apart(folder):
    header = ("First name", "Last name", "ID number", "Email address", "text", "audio")
    rows = (("Ana", "Silva", "17", "a@x.org"), ("Ben", "Lee", "18", "b@x.org"), ("Ana", "Silva", "19", "c@x.org"))
    roster = read_roster(write(folder / "r.csv", header, *((*row, "Hi.", "a.wav") for row in rows)))
    assert students(roster) == ["Ana Silva (17)", "Ben Lee", "Ana Silva (19)"]
    assert "17, 19" in told(roster)


def test_a_first_name_alone_is_not_taken_for_the_student(folder):
    path = write(folder / "r.csv", ("First name", "text", "audio"), ("Ana", "Hi.", "a.wav"))
    with pytest.raises(InputError, match="First name' alone"):
        read_roster(path, need_student=True)


# --- what learning platforms give -------------------------------------------------------------------------------


def given_folder(tmp_path, *names):
    top = tmp_path / "Reading 1"
    for number, name in enumerate(names):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(beeps(number) if path.suffix != ".html" else b"<p>Hi</p>")
    return top


@pytest.mark.parametrize(
    ("name", "student", "task"),
    [
        ("Ana Silva_12345_assignsubmission_file_/rec.m4a", "Ana Silva", "Reading 1"),
        ("Ana Silva_12345_assignsubmission_file/rec_2.m4a", "Ana Silva", "Reading 1"),
        ("Ana Silva_12345_assignsubmission_file_rec.m4a", "Ana Silva", "Reading 1"),
        ("Ana Silva_12345_assignsubmission_file_/takes/rec.m4a", "Ana Silva", "Reading 1"),
        ("Ana_Maria Silva_12345_assignsubmission_file_/rec.m4a", "Ana_Maria Silva", "Reading 1"),
        ("Participant_12345_assignsubmission_file_/rec.m4a", "Participant 12345", "Reading 1"),
        ("Week 2/Ana Silva_12345_assignsubmission_file_/rec.m4a", "Ana Silva", "Week 2"),
        ("Ana Silva_12345_assignsubmission_recordrtc_/rec.ogg", "Ana Silva", "Reading 1"),
        ("silvaana_12345_67890_recording.m4a", "silvaana", "Reading 1"),
        ("silvaana_LATE_12345_67890_my_recording-1.m4a", "silvaana", "Reading 1"),
        ("Reading 9_asilva_attempt_2025-03-31-14-05-33_rec.m4a", "asilva", "Reading 9"),
        ("1234-5678 - Ana Silva - Mar 31, 2025 205 PM/rec.m4a", "Ana Silva", "Reading 1"),
        ("Ana Silva/Reading 9/Version 2/rec.m4a", "Ana Silva", "Reading 9"),
        ("ana_week1.wav", "ana", "week1"),
        ("ana/week1.wav", "ana", "week1"),
    ],
)
def test_the_names_of_a_platform_tell_the_student_and_the_assignment(tmp_path, name, student, task):
    (item,) = read_roster(given_folder(tmp_path, name), default_text="Hi.").items
    assert (item.student, item.task) == (student, task)


def test_the_time_in_the_name_of_a_submission_is_that_of_the_reading(tmp_path):
    top = given_folder(tmp_path, "R_asilva_attempt_2025-03-31-14-05-33_rec.m4a")
    (item,) = read_roster(top, default_text="Hi.").items
    assert item.recorded_at == datetime(2025, 3, 31, 14, 5, 33).astimezone(timezone.utc)


def test_texts_typed_online_are_passed_over_and_told(tmp_path):
    top = given_folder(
        tmp_path,
        "Ana Silva_12345_assignsubmission_file_/rec.m4a",
        "Ben Lee_12346_assignsubmission_onlinetext_/onlinetext.html",
        "Cem Öz_12347_assignsubmission_onlinetext_onlinetext.html",
    )
    roster = read_roster(top, default_text="Hi.")
    assert students(roster) == ["Ana Silva"]
    assert "2 texts that students typed online" in told(roster)
    with pytest.raises(InputError, match="typed online"):
        read_roster(given_folder(tmp_path / "x", "Ben_1_assignsubmission_onlinetext_/onlinetext.html"))


def test_two_students_of_one_name_are_told_apart_by_their_numbers(tmp_path):
    top = given_folder(
        tmp_path, "Ana Silva_111_assignsubmission_file_/a.m4a", "Ana Silva_222_assignsubmission_file_/a.m4a"
    )
    roster = read_roster(top, default_text="Hi.")
    assert students(roster) == ["Ana Silva (111)", "Ana Silva (222)"]
    assert "Ana Silva" in told(roster)


def test_the_text_of_an_assignment_stands_with_the_name_of_its_folder(tmp_path):
    top = given_folder(tmp_path, "Ana Silva_12345_assignsubmission_file_/rec.m4a")
    (top / "texts.csv").write_text("task,text\nReading 1,Good morning.\n")
    assert read_roster(top).items[0].reference_text == "Good morning."


def test_a_zip_file_says_to_unpack_it(tmp_path):
    (tmp_path / "all.zip").write_bytes(b"PK\x03\x04rest")
    with pytest.raises(InputError, match="Unpack it"):
        read_roster(tmp_path / "all.zip")


# --- twice ------------------------------------------------------------------------------------------------------


def test_a_row_that_is_there_twice_counts_once_and_is_told(folder):
    path = write(
        folder / "r.csv",
        ("student", "text", "audio"),
        *[("Ada", "Hi.", "a.wav"), ("Ben", "Hi.", "b.wav"), ("Ada", "Hi.", "a.wav")],
    )
    roster = read_roster(path)
    assert students(roster) == ["Ada", "Ben"]
    assert "Row 4 says the same as row 2, and counts once." in told(roster)


@pytest.mark.parametrize("second", ["a.wav", "copy.wav"])
def test_one_recording_for_two_students_is_kept_and_told(folder, second):
    (folder / "copy.wav").write_bytes((folder / "a.wav").read_bytes())
    path = write(
        folder / "r.csv",
        ("student", "text", "audio"),
        ("Ada", "Hi.", "a.wav"),
        ("Ben", "Hi.", second),
        ("Cem", "Hi.", "b.wav"),
    )
    roster = read_roster(path)
    assert students(roster) == ["Ada", "Ben", "Cem"]
    assert "Rows 2 and 3, of Ada and Ben, have the very same recording" in told(roster)


def test_rows_of_a_list_keep_their_places_even_if_they_are_the_same(folder):
    rows = [{"student": "Ada", "text": "Hi.", "audio": folder / "a.wav"}] * 2
    roster = read_roster(rows)
    assert len(roster.items) == 2
    assert roster.remarks == ()


def test_a_batch_warns_of_what_is_told_and_the_command_line_shows_it(folder):
    path = write(folder / "r.csv", ("student", "text", "audio"), ("Ada", "Hi.", "a.wav"), ("Ben", "Hi.", "a.wav"))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from tests.batch.tiny import Tiny

        assess_batch(path, Tiny(), progress=False)
    assert any("the very same recording" in str(one.message) for one in caught)
    result = CliRunner().invoke(main, ["batch", str(path), "--check"])
    assert "the very same recording" in result.output


# --- tables that pandas read ------------------------------------------------------------------------------------


def test_a_data_frame_reads_as_the_csv_file_of_the_same_sheet(folder):
    paths = [str(folder / "a.wav"), str(folder / "b.wav")]
    csv = write(
        folder / "r.csv",
        ("student", "task", "class", "text", "audio", "date"),
        ("13", "3:30", "2025-03-31", "12", paths[0], "2025-03-31 14:05"),
        ("", "", "", "", "", ""),
        ("14", "1:30", "", "Hi.", paths[1], ""),
    )
    frame = pd.DataFrame(
        {
            " student ": [13.0, np.nan, 14.0],
            "task": [clock(3, 30), None, timedelta(hours=1, minutes=30)],
            "class": [pd.Timestamp("2025-03-31"), pd.NaT, pd.NaT],
            "text": pd.Categorical([12.0, None, "Hi."]),
            "audio": pd.Categorical([paths[0], None, paths[1]]),
            "date": [pd.Timestamp("2025-03-31 14:05"), pd.NaT, pd.NaT],
        }
    )

    def read(table):
        return [
            (i.student, i.task, i.class_name, i.reference_text, i.audio, i.recorded_at)
            for i in read_roster(table).items
        ]

    assert read(frame) == read(csv)
    assert [item.row for item in read_roster(frame).items] == [0, 2]


@pytest.mark.parametrize("number", [np.float32(17), np.int64(17), 17, 17.0, "17", pd.array([17], dtype="Int64")[0]])
def test_a_number_is_a_name_without_its_decimals(folder, number):
    assert students(read_roster([{"student": number, "text": "Hi.", "audio": folder / "a.wav"}])) == ["17"]
