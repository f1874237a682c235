from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from pronounce_kit import report
from pronounce_kit.errors import InputError
from pronounce_kit.gradebook import Gradebook
from pronounce_kit.report.student import TASKS

from ..readings import reading, weather, word
from ..test_highlight import Page
from .conftest import NAMES, SCRIPT, START, WAV, read_aloud


@pytest.fixture(scope="module")
def mia(gradebook: Gradebook) -> str:
    return report.student_report(gradebook, "Mia")


def test_the_sound_that_is_missed_comes_with_what_was_heard_a_hint_and_word_pairs(mia: str) -> None:
    text = Page(mia).text
    assert "To practise first: th." in text
    assert "th, as in “think” [θ]: missed 4 of 4 times, heard as s; in think, three." in text
    assert "Put the tip of your tongue between your teeth" in text
    assert "think – sink" in text
    assert "Words to practise" in text


def test_best_and_latest_reading_of_each_task_are_shown_with_their_words_marked(mia: str) -> None:
    page = Page(mia)
    # The second reading of both tasks is the best one.
    assert page.text.count("Latest and best of 2 readings") == 2
    assert len(page.words()) == 5
    assert len(page.of_class("pk-mispronounced")) == 2 + 1  # and one in the legend
    shown = page.text[page.text.index("+word") :]
    assert shown.index("Week 2") < shown.index("Week 1")


def test_a_best_reading_that_is_not_the_latest_has_a_place_of_its_own(tmp_path: Path) -> None:
    with Gradebook(tmp_path / "a.db") as book:
        for score in (90.0, 60.0):
            book.record(read_aloud("Week 1", score, {}), student="Ada", task="Week 1", recorded_at=START)
        text = Page(report.student_report(book, "Ada")).text
    assert "Latest of 2 readings" in text
    assert "Best reading" in text
    assert "the latest score is 60 of 100, the best 90" in text


@pytest.mark.parametrize(
    ("texts", "left_out"), [(2, None), (TASKS + 1, "1 more text in the table"), (TASKS + 2, "2 more texts")]
)
def test_texts_of_one_task_are_shown_each_for_itself(tmp_path: Path, texts: int, left_out: str | None) -> None:
    with Gradebook(tmp_path / "a.db") as book:
        for number in range(texts):
            said = replace(read_aloud("Week 1", 80, {}), reference_text=f"Sentence {number}.")
            book.record(said, student="Ada", task="Week 1", recorded_at=START)
        text = Page(report.student_report(book, "Ada")).text
    assert text.count("Only reading") == min(texts, TASKS)
    assert left_out in text if left_out else "more text" not in text


def test_the_task_read_last_comes_first_also_where_the_roster_has_dates_only(tmp_path: Path) -> None:
    with Gradebook(tmp_path / "a.db") as book:
        for task in ("Week 1", "Week 2", "Week 1"):
            book.record(read_aloud(task, 80, {}), student="Ada", task=task, recorded_at=START)
        text = Page(report.student_report(book, "Ada")).text
    shown = text[text.index("+word") :]
    assert shown.index("Week 1") < shown.index("Week 2")


def test_a_teachers_marks_stand_beside_the_machines_scores(mia: str) -> None:
    page = Page(mia)
    assert len(page.of_class("pk-teacher")) == 1
    assert "Teacher: Ms Lee 91" in page.text
    assert "First thought" not in page.text  # the same teacher thought again
    assert "Understood <b>well</b>" in page.text
    assert "think: machine 35, teacher Mr O'Neil 88 (I heard th)" in page.text
    assert "Overall 74" in page.text


def test_progress_is_drawn_with_a_dot_for_each_score_and_a_diamond_for_each_mark(mia: str) -> None:
    page = Page(mia)
    assert len(page.of_class("pk-dot")) == 4
    assert len(page.of_class("pk-diamond")) == 1
    assert len(page.of_class("pk-line")) == 2  # one for each task
    assert "Overall scores of 4 readings: first 66, latest 74" in page.text


def test_recordings_are_embedded_on_request_only(gradebook: Gradebook, mia: str) -> None:
    assert not any(name == "audio" for name, _ in Page(mia).elements)
    with_audio = report.student_report(gradebook, "Mia", audio=True)
    sources = [a["src"] or "" for name, a in Page(with_audio).elements if name == "audio"]
    assert len(sources) == 2
    assert base64.b64decode(sources[0].partition(",")[2]) == WAV + bytes([0, 3])


def test_a_recording_that_nothing_can_play_is_said_to_be_so(tmp_path: Path) -> None:
    with Gradebook(tmp_path / "a.db") as book:
        book.record(weather(), student="Ada", recording=b"not a sound")
        page = Page(report.student_report(book, "Ada", audio=True))
    assert "The recording cannot be played." in page.text


def test_dates_limit_what_the_report_tells_of(gradebook: Gradebook) -> None:
    text = Page(report.student_report(gradebook, "Mia", since="2026-09-03")).text
    assert "2 readings" in text
    assert "from 2026-09-03" in text
    assert "Only reading" in text


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_shown_as_it_is_and_in_its_own_direction(gradebook: Gradebook, name: str) -> None:
    html = report.student_report(gradebook, name)
    page = Page(html)
    assert f"Reading report: {name}" in page.text
    assert not any(element in ("script", "b") for element, _ in page.elements)
    assert any(element == "bdi" for element, _ in page.elements)
    assert "http" not in html


def test_a_student_of_whom_nothing_was_heard_gets_words_in_place_of_zeros(gradebook: Gradebook) -> None:
    page = Page(report.student_report(gradebook, "MIA"))
    assert "none of which has a score" in page.text
    assert "Check the microphone" in page.text
    assert "too few readings with a score" in page.text
    assert not page.of_class("pk-dot")


def test_a_student_who_is_not_there_or_is_two_is_refused(gradebook: Gradebook, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no readings with student"):
        report.student_report(gradebook, "Nobody")
    with Gradebook(tmp_path / "two.db") as book:
        for class_name in ("5a", "5b"):
            book.record(weather(), student="Ada", class_name=class_name)
        with pytest.raises(InputError, match=r"'5a', '5b'.*class_name="):
            report.student_report(book, "Ada")
        assert "Class: 5b" in Page(report.student_report(book, "Ada", class_name="5b")).text
        with pytest.raises(InputError, match="no readings in this gradebook"):
            report.write_reports(Gradebook(tmp_path / "empty.db"), tmp_path / "out")


def test_hostile_text_is_escaped_wherever_it_comes_from(tmp_path: Path) -> None:
    with Gradebook(tmp_path / "evil.db") as book:
        said = reading([word(SCRIPT, 30, "Mispronunciation")], reference_text=SCRIPT)
        attempt = book.record(said, student=SCRIPT, class_name=SCRIPT, task=SCRIPT, service=SCRIPT)
        book.add_student(SCRIPT, class_name=SCRIPT, first_language=SCRIPT)
        book.override(attempt, 40, author=SCRIPT, reason=SCRIPT)
        book.override(attempt, 40, author=SCRIPT, reason=SCRIPT, word_index=0)
        for html in (report.student_report(book, SCRIPT), report.class_report(book, SCRIPT)):
            assert not any(name == "script" for name, _ in Page(html).elements)
            assert SCRIPT in Page(html).text
