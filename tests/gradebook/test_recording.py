"""What is recorded is there, as it came."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import subprocess
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pronounce_kit import Assessment, AudioError, Gradebook, InputError, PronunciationScoreParams, Recording, ReplyError

from .. import replies

FLAT = Assessment.from_json(replies.load("flat"), reference_text="Good morning everyone")
MAY = datetime(2026, 5, 7, 9, 30, tzinfo=timezone.utc)


# --- attempts ---------------------------------------------------------------------------------------------------


def test_an_attempt_is_kept_with_all_that_was_said_of_it(gradebook):
    params = PronunciationScoreParams("Good morning everyone", nbest_phoneme_count=5)
    gradebook.add_student("Ada", class_name="5b", first_language="Portuguese")
    attempt_id = gradebook.record(
        FLAT,
        student="Ada",
        class_name="5b",
        task="Greetings",
        recording=b"RIFF sound",
        recorded_at=MAY,
        service="LocalSpeech",
        service_version="0.1.0",
        params=params,
    )
    (row,) = gradebook.attempts().to_dict("records")
    said = {
        "attempt_id": attempt_id,
        "student": "Ada",
        "class_name": "5b",
        "first_language": "Portuguese",
        "task": "Greetings",
        "attempt_number": 1,
        "recorded_at": MAY,
        "service": "LocalSpeech",
        "service_version": "0.1.0",
        "reference_text": "Good morning everyone",
        "recognition_status": "Success",
        "pron_score": 49.6,
        "omission_count": 1,
        "audio_sha256": hashlib.sha256(b"RIFF sound").hexdigest(),
    }
    assert {name: row[name] for name in said} == said
    assert pd.isna(row["teacher_score"])


@pytest.mark.parametrize("name", [*replies.REPLIES, *replies.LISTS])
def test_the_reply_comes_back_as_it_was(book, name):
    book.record(Assessment.from_json(replies.load(name), reference_text=""), student="Ada")
    (assessment,) = book.assessments()
    assert assessment.raw == replies.load(name)
    assert assessment == Assessment.from_json(
        replies.load(name), reference_text="", utterance_id=assessment.utterance_id, student="Ada"
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.dictionaries(st.text(), st.floats(allow_nan=False) | st.integers() | st.text(st.characters()) | st.none()))
def test_whatever_json_a_reply_holds_comes_back(book, extra):
    attempt_id = book.record(Assessment.from_json({"RecognitionStatus": "Success", "NBest": [], "Extra": extra}))
    raw = {each.utterance_id: each.raw for each in book.assessments()}[attempt_id]
    assert raw["Extra"] == extra


def test_a_reply_that_is_not_json_is_refused_before_anything_is_written(book):
    with pytest.raises(ReplyError, match="not JSON"):
        book.record(Assessment.from_json({"RecognitionStatus": "Success", "When": MAY}), student="Ada", recording=b"x")
    assert book.students().empty
    assert not book._audio.folder.exists()


def test_a_key_is_recorded_once(gradebook):
    first = gradebook.record(FLAT, student="Ada", key="reading 1", recorded_at=MAY)
    again = gradebook.record(FLAT, student="Bob", key="reading 1")
    assert again == first
    assert gradebook.attempts()["student"].tolist() == ["Ada"]
    assert gradebook.students()["student"].tolist() == ["Ada"]
    assert gradebook.recorded(["reading 1", "reading 2"]) == {"reading 1"}


def test_a_key_has_the_same_id_in_every_gradebook(book, new_book):
    assert book.record(FLAT, key="reading 1") == new_book().record(FLAT, key="reading 1")


def test_without_a_key_every_call_is_an_attempt(gradebook):
    assert gradebook.record(FLAT, student="Ada") != gradebook.record(FLAT, student="Ada")
    assert gradebook.attempts()["attempt_number"].tolist() == [1, 2]


def test_attempts_are_found_by_their_keys(gradebook):
    ids = gradebook.record_many({"assessment": FLAT, "student": f"Student {n}", "key": str(n)} for n in range(150))
    gradebook.record(FLAT, student="Ada")
    found = dict(gradebook.assessments_of([str(n) for n in range(1, 200)]))
    assert found == {
        str(n): dataclasses.replace(FLAT, utterance_id=ids[n], student=f"Student {n}") for n in range(1, 150)
    }


def test_more_keys_can_be_asked_for_than_fit_into_one_statement(gradebook):
    gradebook.record(FLAT, key="39999")
    assert gradebook.recorded(str(n) for n in range(40_000)) == {"39999"}


def test_many_attempts_are_recorded_in_order_and_each_key_once(gradebook):
    takes = [{"assessment": FLAT, "student": "Ada", "key": str(n % 300)} for n in range(450)]
    ids = gradebook.record_many(takes)
    assert ids[:150] == ids[300:]
    assert gradebook.attempts()["attempt_id"].tolist() == ids[:300]
    assert gradebook.record_many([]) == []


def test_the_student_is_the_assessments_unless_said_otherwise(book):
    its_own = Assessment.from_json(replies.load("flat"), student="Ada")
    book.record(its_own)
    book.record(its_own, student="Bob")
    assert book.attempts()["student"].tolist() == ["Ada", "Bob"]


def test_attempts_without_name_class_and_task_are_kept_and_found(gradebook):
    gradebook.record(FLAT)
    gradebook.record(FLAT, student="Ada", class_name="5b", task="Week 1")
    (row,) = gradebook.attempts(student=[None], class_name=[None], task=[None]).to_dict("records")
    assert pd.isna([row["student"], row["class_name"], row["task"], row["first_language"]]).all()


def test_a_student_or_task_can_be_entered_twice_and_what_is_new_is_added(gradebook):
    gradebook.add_student(" Ada ", class_name="5b")
    gradebook.add_student("Ada", class_name="5b", first_language="Portuguese")
    gradebook.add_student("Ada", class_name="5b")
    gradebook.add_task("Week 1", reference_text="Good morning.")
    gradebook.add_task("Week 1")
    assert gradebook.students().to_numpy().tolist() == [["Ada", "5b", "Portuguese", 0]]
    assert gradebook.tasks().to_numpy().tolist() == [["Week 1", "Good morning.", 0]]


def test_the_same_name_in_another_class_is_another_student(gradebook):
    for class_name in ("5a", "5b", None):
        gradebook.add_student("Ada", class_name=class_name, first_language=class_name)
        gradebook.record(FLAT, student="Ada", class_name=class_name)
    assert len(gradebook.students()) == 3
    assert gradebook.attempts(class_name="5b")["first_language"].tolist() == ["5b"]
    assert gradebook.attempts(student="Ada")["attempt_number"].tolist() == [1, 1, 1]


@pytest.mark.parametrize("field", ["student", "class_name", "task", "service", "service_version", "key"])
@pytest.mark.parametrize("value", ["a\0b", "\ud800", 3, b"Ada"])
def test_what_no_database_can_hold_as_text_is_refused(book, field, value):
    with pytest.raises(InputError, match=field):
        book.record(FLAT, **{field: value})


def test_only_an_assessment_can_be_recorded(book):
    with pytest.raises(InputError, match=r"Assessment\.from_json"):
        book.record(replies.load("flat"), student="Ada")


# --- times ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given_",
    [
        MAY,
        datetime(2026, 5, 7, 11, 30, tzinfo=timezone(timedelta(hours=2))),
        "2026-05-07T11:30+02:00",
        "2026-05-07 09:30Z",
        pd.Timestamp("2026-05-07 18:30", tz="Asia/Tokyo"),
    ],
)
def test_a_time_is_kept_in_utc(gradebook, given_):
    gradebook.record(FLAT, recorded_at=given_)
    times = gradebook.attempts()["recorded_at"]
    assert str(times.dtype) == "datetime64[us, UTC]"
    assert times[0] == MAY


def test_a_time_is_kept_to_the_microsecond(gradebook):
    when = MAY.replace(microsecond=123_457)
    gradebook.record(FLAT, recorded_at=when)
    assert gradebook.attempts()["recorded_at"][0] == when


def test_a_time_without_a_zone_is_local_time(tmp_path):
    program = (
        "import pronounce_kit as pk, sys\n"
        "gradebook = pk.Gradebook(sys.argv[1])\n"
        "gradebook.record(pk.Assessment.from_json({}), recorded_at='2026-05-07 09:30')\n"
        "print(gradebook.attempts()['recorded_at'][0].isoformat())\n"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "class.db")],
        env=os.environ | {"TZ": "JST-9"},
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == "2026-05-07T00:30:00+00:00"


def test_a_date_is_its_first_moment(book):
    book.record(FLAT, recorded_at=date(2026, 5, 7))
    assert book.attempts()["recorded_at"][0] == datetime(2026, 5, 7).astimezone()


@pytest.mark.parametrize("given_", ["yesterday", "", "2026-13-01", float("nan"), pd.NaT, [MAY]])
def test_what_is_no_time_is_refused(book, given_):
    with pytest.raises(InputError, match="no date or time"):
        book.record(FLAT, recorded_at=given_)


# --- recordings -------------------------------------------------------------------------------------------------


def test_a_recording_is_kept_as_it_came(gradebook, tmp_path):
    file = tmp_path / "hello.webm"
    file.write_bytes(b"\x1aE\xdf\xa3 sound")
    taken = Recording.from_array(np.sin(np.arange(16_000) / 20) / 2, 16_000)
    ids = [gradebook.record(FLAT, recording=each) for each in (b"OggS sound", file, str(file), taken)]
    assert [gradebook.audio(each) for each in ids] == [b"OggS sound", *[file.read_bytes()] * 2, taken.to_wav()]
    assert gradebook.audio(gradebook.record(FLAT)) is None
    for data, sha256 in zip(map(gradebook.audio, ids), gradebook.attempts()["audio_sha256"], strict=False):
        assert hashlib.sha256(data).hexdigest() == sha256


def test_the_same_recording_is_one_file_beside_the_database(book):
    for student in ("Ada", "Bob"):
        book.record(FLAT, student=student, recording=b"RIFF sound")
    folder = book._database.file.with_name("class-audio")
    assert [file.suffix for file in folder.rglob("*") if file.is_file()] == [".wav"]


def test_an_audio_folder_can_be_named(where, tmp_path):
    with Gradebook(where, audio_folder=tmp_path / "sounds") as gradebook:
        attempt_id = gradebook.record(FLAT, recording=b"RIFF sound")
        assert gradebook.audio(attempt_id) == b"RIFF sound"
    assert [file.read_bytes() for file in (tmp_path / "sounds").rglob("*.wav")] == [b"RIFF sound"]


@pytest.mark.parametrize("recording", [b"", 3, [0.1], Path("nowhere.wav"), "a\0b"])
def test_what_is_no_recording_is_refused_before_anything_is_written(book, recording):
    with pytest.raises(AudioError):
        book.record(FLAT, student="Ada", recording=recording)
    assert book.students().empty


def test_what_was_recorded_survives_the_death_of_the_process(tmp_path):
    program = (
        "import os, signal, sys, pronounce_kit as pk\n"
        "gradebook = pk.Gradebook(sys.argv[1])\n"
        "gradebook.record(pk.Assessment.from_json({}), student='Ada', recording=b'RIFF sound', key='1')\n"
        "os.kill(os.getpid(), getattr(signal, 'SIGKILL', signal.SIGTERM))\n"  # on Windows every signal ends it at once
    )
    path = tmp_path / "class.db"
    assert subprocess.run([sys.executable, "-c", program, str(path)]).returncode != 0
    with Gradebook(path) as gradebook:
        (attempt_id,) = gradebook.attempts()["attempt_id"]
        assert gradebook.audio(attempt_id) == b"RIFF sound"


# --- marks ------------------------------------------------------------------------------------------------------


def test_a_teachers_mark_stands_beside_the_machines_score(gradebook):
    attempt_id = gradebook.record(FLAT, student="Ada")
    gradebook.override(attempt_id, 70, author="Ms Hopper", reason="Background noise")
    gradebook.override(attempt_id, 72.5, author="Mr Knuth", reason="Heard again")
    gradebook.override(attempt_id, 90, author="Ms Hopper", reason="Well said", word_index=1)
    (row,) = gradebook.attempts().to_dict("records")
    assert (row["pron_score"], row["teacher_score"], row["teacher"]) == (49.6, 72.5, "Mr Knuth")
    marks = gradebook.marks()
    assert marks[["attempt_id", "score", "author", "reason"]].to_numpy().tolist() == [
        [attempt_id, 70.0, "Ms Hopper", "Background noise"],
        [attempt_id, 72.5, "Mr Knuth", "Heard again"],
        [attempt_id, 90.0, "Ms Hopper", "Well said"],
    ]
    assert marks["word_index"].tolist() == [pd.NA, pd.NA, 1]
    assert marks["marked_at"].is_monotonic_increasing
    assert gradebook.marks(student="Bob").empty


@pytest.mark.parametrize("score", [-1, 100.5, float("nan"), float("inf"), "90", None, True])
def test_a_mark_is_a_number_from_0_to_100(book, score):
    with pytest.raises(InputError, match="from 0 to 100"):
        book.override(book.record(FLAT), score, author="Ms Hopper", reason="?")


@pytest.mark.parametrize(("author", "reason"), [("", "why"), ("Ms Hopper", " ")])
def test_a_mark_says_who_and_why(book, author, reason):
    with pytest.raises(InputError, match="A mark needs"):
        book.override(book.record(FLAT), 50, author=author, reason=reason)


@pytest.mark.parametrize("word_index", [3, -1, "0", 0.5])
def test_a_mark_is_on_a_word_that_is_there(book, word_index):
    with pytest.raises(InputError, match="word_index"):
        book.override(book.record(FLAT), 50, author="Ms Hopper", reason="?", word_index=word_index)


@pytest.mark.parametrize("attempt_id", ["nope", "", None])
def test_an_attempt_that_is_not_there_is_named(book, attempt_id):
    with pytest.raises(InputError, match="no attempt"):
        book.audio(attempt_id)
    with pytest.raises(InputError, match="no attempt"):
        book.override(attempt_id, 50, author="Ms Hopper", reason="?")
