"""A gradebook of two classes, of which it is known who says what wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from pronounce_kit.gradebook import Gradebook
from pronounce_kit.recording import Recording
from pronounce_kit.results import Assessment

from ..readings import nothing_heard, phoneme, reading, word

SCRIPT = "<script>alert(1)</script>"
NAMES = ("Mia", "ليلى حسن", "王小明", "Zoë 👩🏽‍🎓", SCRIPT, "../../etc/passwd", "MIA", "CON", "🦊", "x" * 300)
START = datetime(2026, 9, 1, 8, tzinfo=timezone.utc)
WAV = Recording(np.sin(np.arange(8000, dtype=np.float32) / 20) / 3).to_wav()

SENTENCES = {
    "Week 1": {"I": ["ay"], "think": ["th", "ih", "ng", "k"], "so": ["s", "ow"]},
    "Week 2": {"three": ["th", "r", "iy"], "vans": ["v", "ae", "n", "z"]},
}


def read_aloud(task: str, score: float, habits: dict[str, str], **known: Any) -> Assessment:
    """A reading with this score for every sound, but 10 for those with another said in their place."""
    words = []
    for text, sounds in SENTENCES[task].items():
        scored = [phoneme(s, 10 if s in habits else score, habits.get(s, s)) for s in sounds]
        wrong = any(s in habits for s in sounds)
        words.append(word(text, 35 if wrong else score, "Mispronunciation" if wrong else "None", scored))
    text = " ".join(SENTENCES[task])
    return reading(words, scores={"PronScore": score, "AccuracyScore": score}, reference_text=text, **known)


@pytest.fixture(scope="session")
def gradebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gradebook]:
    """Everybody reads both tasks twice, the second time better; Mia says "s" for "th", and MIA could not be heard."""
    with Gradebook(tmp_path_factory.mktemp("report") / "class.db") as book:
        for place, name in enumerate(NAMES):
            class_name = "5b" if place < 6 else "7 <b>"
            for step, task in enumerate(["Week 1", "Week 2", "Week 1", "Week 2"]):
                score = 66.0 + place + 8 * (step > 1)
                habits = {"th": "s"} if name == "Mia" else {}
                said = nothing_heard() if name == "MIA" else read_aloud(task, score, habits)
                book.record(
                    said,
                    student=name,
                    class_name=class_name,
                    task=task,
                    recorded_at=START + timedelta(days=step, minutes=place),
                    recording=WAV + bytes([place, step]),
                    service="LocalSpeech",
                    service_version="0.1",
                )
        mia = book.attempts(student="Mia")["attempt_id"].tolist()
        book.override(mia[-1], 50, author="Ms Lee", reason="First thought")
        book.override(mia[-1], 91, author="Ms Lee", reason="Understood <b>well</b>")
        book.override(mia[2], 88, author="Mr O'Neil", reason="I heard th", word_index=1)
        yield book
