from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from pronounce_kit import report
from pronounce_kit.errors import InputError
from pronounce_kit.gradebook import Gradebook

from ..readings import nothing_heard
from ..test_highlight import Page
from .conftest import NAMES, START, read_aloud


@pytest.fixture(scope="module")
def html(gradebook: Gradebook) -> str:
    return report.class_report(gradebook, "5b")


def test_the_hardest_sound_of_the_class_is_the_one_that_mia_misses(html: str) -> None:
    text = Page(html).text
    assert "6 students, 24 readings" in text
    descriptions = [a["alt"] or "" for name, a in Page(html).elements if name == "img"]
    assert any("th is the hardest sound: 4 of 24 attempts" in one for one in descriptions)
    assert any("th is heard as s" in one for one in descriptions)
    assert len(descriptions) == 5


def test_all_students_are_listed_the_weakest_first(html: str) -> None:
    text = Page(html).text
    table = text[text.index("All students") :]
    places = [table.index(name) for name in NAMES[:6]]
    assert places == sorted(places)


def test_who_reads_badly_falls_or_stays_away_is_named_with_the_reason(tmp_path: Path) -> None:
    with Gradebook(tmp_path / "a.db") as book:
        for day in range(0, 40, 4):
            when = START + timedelta(days=day)
            for name, score in (("Weak", 45.0), ("Falling", 90.0 - day), ("Fine", 85.0)):
                said = read_aloud("Week 1" if day % 8 else "Week 2", score, {})
                book.record(said, student=name, task=f"Task {day % 8}", recorded_at=when)
            if day < 8:
                book.record(read_aloud("Week 1", 80.0, {}), student="Away", task="Task 0", recorded_at=when)
        text = Page(report.class_report(book)).text
    named = text[text.index("Who needs attention") : text.index("How the class reads")]
    assert "Weak: the latest 5 readings score 45 on average." in named
    assert "Falling: " in named
    assert "points from first to last attempt" in named
    assert "Away: no reading since 2026-09-05." in named
    assert "Fine" not in named


def test_the_machine_and_the_teacher_are_compared_where_there_are_marks(tmp_path: Path, gradebook: Gradebook) -> None:
    few = Page(report.class_report(gradebook, "5b")).text
    assert "too few: 1 pair from 1 recording" in few
    assert "The machine and the teacher" not in Page(report.class_report(gradebook, "7 <b>")).text
    random = np.random.default_rng(0)
    with Gradebook(tmp_path / "a.db") as book:
        for number in range(30):
            score = float(random.uniform(50, 95))
            said = read_aloud("Week 1", round(score), {})
            attempt = book.record(said, student=f"Student {number}", class_name="a", service="LocalSpeech")
            book.override(attempt, score - 5 + random.normal(0, 2), author="Ms Lee", reason="Heard it")
        page = Page(report.class_report(book, "a"))
    assert "LocalSpeech with the teacher" in page.text
    found = [a["alt"] or "" for name, a in page.elements if name == "img"][-1]
    assert "LocalSpeech is 4 points higher than the teacher" in found


def test_a_class_of_one_and_a_class_of_silence_have_reports_too(tmp_path: Path) -> None:
    with Gradebook(tmp_path / "a.db") as book:
        book.record(read_aloud("Week 1", 80.0, {}), student="Ada")
        book.record(nothing_heard(), student="Ben", class_name="5b")
        page = Page(report.class_report(book, None))
        assert page.text.count("Students without a class") == 1
        assert "1 student, 1 reading, mean score 80 of 100." in page.text
        silent = Page(report.class_report(book, "5b"))
    assert "Ben: none of 1 recording could be scored." in silent.text
    assert not any(name == "img" for name, _ in silent.elements)


def test_a_class_that_is_not_there_or_not_named_is_refused(gradebook: Gradebook) -> None:
    with pytest.raises(InputError, match="no readings with class_name"):
        report.class_report(gradebook, "9z")
    with pytest.raises(InputError, match=r"several classes: '5b', '7 <b>'"):
        report.class_report(gradebook)
