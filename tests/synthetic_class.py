"""Classes whose truth is known: one that the model voice speaks with injected mistakes, and frames of any size.

readings(speech)            what the class recorded, as items of `assess_batch`; CLASS tells who says what for what
assessed(speech)            the same, scored: the frames of a gradebook
invented(students=300)      such frames without any sound, for charts at every size
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from pronounce_kit import frames

if TYPE_CHECKING:
    from pronounce_kit import Assessment, LocalSpeech

CLASS_NAME = "7b"

TEXTS: Mapping[str, str] = {
    "Week 1": "I think my brother has three red pens.",
    "Week 2": "The van went north to a very cold river.",
    "Week 3": "We put the paper cup on a path with water.",
}


@dataclass(frozen=True)
class Student:
    """Who reads how: `habits` has the ARPAbet sounds this student says in place of others ("" for none)."""

    name: str
    first_language: str
    speed: float
    habits: Mapping[str, str] = field(default_factory=dict)
    attempts: int = 1
    overcomes: bool = False  # the habits are gone at the last attempt
    skips: str | None = None  # a word that is never read


CLASS = (
    Student("Yuki", "Japanese", 0.90, {"TH": "S", "R": "L"}),
    Student("Kenji", "Japanese", 1.00, {"TH": "S", "R": "L"}, attempts=2),
    Student("伟", "Chinese", 0.95, {"TH": "S"}),
    Student("Marie", "French", 1.05, {"TH": "S", "DH": "D"}),
    Student("ليلى", "Arabic", 0.90, {"P": "B"}, skips="very"),
    Student("Ana", "Spanish", 1.05, {"V": "B"}),
    Student("Olga", "Russian", 1.05, {"TH": "S", "V": "B", "P": "B"}, attempts=2, overcomes=True),
    Student("Tom 🦊", "English", 1.00),
)

HARDEST_SOUND = "th"
"""Five of eight students say another sound for it."""

HARDEST_WORD = "path"
"""Has two sounds that students miss; six of eight miss one of them."""

CONFUSIONS = {"Japanese": ("r", "l"), "French": ("dh", "d"), "Spanish": ("v", "b"), "Arabic": ("p", "b")}
"""First language -> the surest confusion of its speakers, th aside."""

IMPROVES = "Olga"
QUIET_LONGEST = "Tom 🦊"


class Frames(NamedTuple):
    """The tables of a class, with the columns that a gradebook puts in front."""

    utterances: pd.DataFrame
    words: pd.DataFrame
    phonemes: pd.DataFrame


def readings(speech: LocalSpeech, students: Sequence[Student] = CLASS) -> list[dict[str, Any]]:
    """What the students recorded, in the order of time, as items of `pronounce_kit.assess_batch`."""
    items = []
    for number, student in enumerate(students):
        for week, (task, text) in enumerate(TEXTS.items()):
            if student.name == QUIET_LONGEST and week == len(TEXTS) - 1:
                continue  # stayed away
            for attempt in range(student.attempts):
                habits = {} if student.overcomes and attempt == student.attempts - 1 else student.habits
                when = datetime(2024, 3, 4, 9, number, tzinfo=timezone.utc) + timedelta(days=7 * week + attempt)
                audio = speech.synthesize_phones(said(speech, student, text, habits), speed=student.speed)
                items.append(
                    {
                        "student": student.name,
                        "class_name": CLASS_NAME,
                        "first_language": student.first_language,
                        "task": task,
                        "reference_text": text,
                        "recorded_at": when,
                        "audio": audio,
                    }
                )
    return sorted(items, key=lambda item: item["recorded_at"])


def said(speech: LocalSpeech, student: Student, text: str, habits: Mapping[str, str]) -> list[list[str]]:
    """The phones of a text as a student says them."""
    written = text.rstrip(".").split()
    words = zip(written, speech.pronunciation(text), strict=True)
    return [
        [phone for canonical in phones if (phone := habits.get(canonical, canonical))]
        for word, phones in words
        if word != student.skips
    ]


@cache
def assessed(speech: LocalSpeech) -> Frames:
    """The class's readings, assessed; once for all tests, as it takes seconds."""
    items = readings(speech)
    return frames_of(items, [speech.assess(item["audio"], item["reference_text"]) for item in items])


def frames_of(items: Iterable[Mapping[str, Any]], assessments: Iterable[Assessment]) -> Frames:
    """The frames as a gradebook gives them, without one."""
    known = pd.DataFrame([{k: v for k, v in item.items() if k not in ("audio", "reference_text")} for item in items])
    known.insert(0, "utterance_id", [str(number) for number in range(len(known))])
    known["attempt_number"] = known.groupby(["student", "task"]).cumcount() + 1
    given = list(assessments)

    def joined(table: pd.DataFrame) -> pd.DataFrame:
        table = table.drop(columns="student", errors="ignore").astype({"utterance_id": object})
        return known.merge(table, on="utterance_id", validate="one_to_many")

    return Frames(*(joined(table(given)) for table in (frames.utterances, frames.words, frames.phonemes)))


# --- invented -----------------------------------------------------------------------------------------------------

AWKWARD_NAMES = (
    "<script>alert(1)</script>",
    "$x^2$ & $\\frac{1}{2}$",
    "محمد بن سلمان",
    "王小明",
    "Zoë 👩🏽‍🎓🎉",
    "नेहा",
    "Maximiliana Bartholomea von und zu Hohenzollern-Sigmaringen the Third",
    'O\'Brien "Bob"',
    "  ",
    "a\u202eb\nc",
)
_FIRST = "Ana Ben Chloe Dmitri Elif Farah Giorgos Hana Ivan Jin Kofi Lena Marco Nadia Omar Priya Quinn Rosa Sven Tuva"
_LAST = "Abe Berg Cruz Diaz Ek Fox Gül Ho Ito Jung Kim Lund Moss Ng Okafor Park Rao Sato Tan Wu"

_WORDS: Mapping[str, str] = {
    "think": "th ih ng k", "the": "dh ax", "weather": "w eh dh er", "is": "ih z", "nice": "n ay s",
    "three": "th r iy", "red": "r eh d", "boats": "b ow t s", "went": "w eh n t", "north": "n ao r th",
    "she": "sh iy", "has": "hh ae z", "very": "v eh r iy", "good": "g uh d", "pen": "p eh n",
    "light": "l ay t", "ship": "sh ih p", "bird": "b er d", "cold": "k ow l d", "house": "hh aw s",
}  # fmt: skip
_INSTEAD = {"th": "s", "dh": "d", "r": "l", "l": "r", "v": "w", "w": "v", "ih": "iy", "ae": "eh", "p": "b", "ng": "n"}
_LANGUAGES = ("Arabic", "Chinese", "French", "Japanese", "Spanish")

INVENTED_HARDEST = "th"
INVENTED_LANGUAGE_CONFUSIONS = {"Arabic": ("p", "b"), "Japanese": ("r", "l")}


def invented(
    students: int = 30, *, weeks: int = 6, attempts: int = 2, seed: int = 0, names: Sequence[str] = AWKWARD_NAMES
) -> Frames:
    """Frames of students who read four texts of five words, one a week, with scores drawn at random.

    "th" is hard for all, "p" for speakers of Arabic and "r" for those of Japanese; second attempts are a little better.
    One reading of twenty has no score, and one word of fifty was skipped.
    """
    rng = np.random.default_rng(seed)
    plain = [f"{first} {last}" for last in _LAST.split() for first in _FIRST.split()]
    # A class of one is an ordinary student.
    everybody = [*names, *plain][:students] if students > 1 else plain[:1]
    ability = rng.normal(0, 6, len(everybody))
    words = list(_WORDS)
    rows: list[tuple[Any, ...]] = []
    spoken: list[tuple[Any, ...]] = []
    heads: list[tuple[Any, ...]] = []
    for who, name in enumerate(everybody):
        language = _LANGUAGES[who % len(_LANGUAGES)]
        for week in range(weeks):
            text = words[week % 4 * 5 : week % 4 * 5 + 5]
            for attempt in range(1 + int(rng.integers(0, attempts))):
                key = str(len(heads))
                when = datetime(2024, 3, 4, 8, tzinfo=timezone.utc) + timedelta(
                    days=7 * week + int(rng.integers(0, 5)), minutes=int(rng.integers(0, 400))
                )
                front = (name, "7b" if who % 2 else "7a", language, f"Week {week + 1}", attempt + 1, when)
                silent = rng.random() < 0.05
                of_words = []
                for place, word in enumerate(text):
                    skipped = rng.random() < 0.02
                    scores = []
                    for index, sound in enumerate(_WORDS[word].split()):
                        hard = 45 if sound == "th" else 0
                        hard = 60 if (language, sound) in (("Arabic", "p"), ("Japanese", "r")) else hard
                        score = float(np.clip(rng.normal(88 + ability[who] + 5 * attempt - hard, 12), 0, 100))
                        missing = silent or skipped
                        heard = _INSTEAD.get(sound, "ax") if score < 60 else sound
                        rows.append((key, *front, place, index, word, sound, np.nan if missing else round(score, 1),
                                     None if missing else heard))  # fmt: skip
                        scores.append(score)
                    score = float(np.mean([np.mean(scores), min(scores)]))
                    of_words.append(np.nan if skipped else score)
                    error = "Omission" if skipped else "Mispronunciation" if score < 60 else "None"
                    if not silent:
                        spoken.append((key, *front, place, word, np.nan if skipped else round(score, 1), error))
                overall = np.nan if silent else round(float(np.nanmean(of_words)), 1)
                status = "InitialSilenceTimeout" if silent else "Success"
                heads.append((key, *front, " ".join(text), status, overall, overall))
    front_names = ("utterance_id", *FRONT)
    return Frames(
        pd.DataFrame(
            heads, columns=[*front_names, "reference_text", "recognition_status", "pron_score", "accuracy_score"]
        ),
        pd.DataFrame(spoken, columns=[*front_names, "word_index", "word", "accuracy_score", "error_type"]),
        pd.DataFrame(
            rows,
            columns=[*front_names, "word_index", "phoneme_index", "word", "phoneme", "accuracy_score", "heard"],
        ),
    )


FRONT = ("student", "class_name", "first_language", "task", "attempt_number", "recorded_at")
