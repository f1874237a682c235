"""The columns of every table: dtype, unit and range, and what they mean.

Dtypes are those of a table made here; units and ranges follow from the names, which carry them; what a column means is
told where a class has a field of that name.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from numpydoc.docscrape import NumpyDocString

import pronounce_kit as pk
from pronounce_kit import frames
from tests.synthetic_class import invented

from .public import resolved


class Column(NamedTuple):
    """A column of a table; what is not known is ""."""

    name: str
    dtype: str
    unit: str
    meaning: str


RANGES = {
    r"_index$": "from 0",
    r"^(attempt|attempt_number)$": "from 1",
    r"_count$|^(attempts|students|recordings|missed|skipped|count|tasks|scored|word_count)$": "0 or more",
    r"^(low|high)$": "0-1, or points where the mean is in points",
    r"^(from_score|to_score|score)$|_score$": "0-100",
    r"^gain$": "points, -100 to 100",
    r"^(discrimination\w*)$": "-1 to 1",
    r"^share": "0-1",
    r"confidence$": "0-1",
    r"_s$": "seconds",
    r"_db$": "dB",
    r"_per_minute$|^articulation_rate$": "a minute",
    r"_at$": "UTC",
}
OF_REPLIES = "0-100, or 0-5 with FivePoint"

FIELDS = {
    "utterances": ("Assessment", "results.Scores", "results.Pace"),
    "words": ("Word",),
    "syllables": ("Word", "Syllable"),
    "phonemes": ("Word", "Phoneme", "results.NBestPhoneme"),
}
"""Table -> the classes whose fields its columns are; the last that has a field counts."""

MEANINGS = {
    "utterance_id": "Names the recording; unique within a table.",
    "recognition_status": 'The service\'s status: "Success", "NoMatch" and so on.',
    "word_index": "Place of the word in the utterance.",
    "syllable_index": "Place of the syllable in the word.",
    "phoneme_index": "Place of the sound in the word.",
    "word_count": "Words of the reply, insertions too; missing where it lists none.",
    "mispronunciation_count": "Words that were mispronounced; missing where words have no error type, as the next two.",
    "omission_count": "Words of the text that were not said.",
    "insertion_count": "Words that are not in the text.",
    "heard": "The likeliest sound heard there; missing unless candidates were asked for.",
    "heard_score": "How sure the service is of it.",
    "unexpected_break": "A pause before the word where none belongs: a confidence of 0.75 or more.",
    "missing_break": "No pause before the word where one belongs, likewise.",
    "monotone": "The word was said in a flat voice, likewise.",
    "misplaced_stress": "Another syllable was stressed than should be, likewise.",
}
"""Columns that are no field of a class."""


def _gradebook(method: str) -> Callable[[], pd.DataFrame]:
    def table() -> pd.DataFrame:
        with tempfile.TemporaryDirectory() as folder, pk.Gradebook(Path(folder) / "empty.db") as book:
            return getattr(book, method)()

    return table


def _classroom(function: str, table: str) -> Callable[[], pd.DataFrame]:
    return lambda: resolved(f"classroom.{function}")(getattr(invented(students=8), table))


def _batch(method: str) -> Callable[[], pd.DataFrame]:
    def table() -> pd.DataFrame:
        result = pk.assess_batch([], pk.LocalSpeech(), progress=False)
        value = getattr(result, method)
        return value() if callable(value) else value

    return table


_MADE: dict[str, Callable[[], pd.DataFrame]] = {
    **{name: lambda name=name: resolved(name)([]) for name in frames.SCHEMA},
    **{f"Gradebook.{name}": _gradebook(name) for name in ("attempts", "utterances", "marks", "students", "tasks")},
    **{f"BatchResult.{name}": _batch(name) for name in ("utterances", "failures")},
    "batch.Roster.problems": lambda: resolved("batch.read_roster")([]).problems,
    **{f"classroom.{name}": _classroom(name, "words") for name in ("weakest_words", "student_words", "items")},
    **{
        f"classroom.{name}": _classroom(name, "phonemes")
        for name in ("weakest_phonemes", "student_phonemes", "confusions")
    },
    **{
        f"classroom.{name}": _classroom(name, "utterances")
        for name in ("progress", "class_progress", "gains", "distribution", "timeline")
    },
}
"""Public name -> a table that it gives."""


def tables() -> list[str]:
    """The public names that give a table with columns of its own."""
    return list(_MADE)


@cache
def table(name: str) -> pd.DataFrame:
    """A table that this public name gives, perhaps an empty one."""
    return _MADE[name]()


def columns_of(name: str) -> list[str]:
    """The columns that its docstring must name: a gradebook's tables may refer to those of a reply."""
    own = list(table(name))
    refers = name.startswith(("Gradebook.", "BatchResult.")) and name.rpartition(".")[2] in ("attempts", "utterances")
    return [column for column in own if not (refers and column in frames.SCHEMA["utterances"])]


def described(name: str) -> Iterator[Column]:
    """The columns of a table."""
    meanings = MEANINGS | {key: text for of in FIELDS.get(name, ()) for key, text in _fields(of)}
    for column, dtype in table(name).dtypes.items():
        key = str(column)
        unit = next((unit for of, unit in RANGES.items() if re.search(of, key)), "")
        if unit == "0-100" and name in frames.SCHEMA and key != "heard_score":
            unit = OF_REPLIES
        meaning = meanings.get(key, "") if name in frames.SCHEMA else ""
        yield Column(key, str(dtype), unit, re.sub(r'(?<!")\bNone\b', "missing", meaning))


def _fields(of: str) -> Iterator[tuple[str, str]]:
    for field in NumpyDocString(resolved(of).__doc__)["Attributes"]:
        for one in field.name.split(","):
            key = f"{one.strip()}_score" if of == "results.Scores" else one.strip()
            yield key, " ".join(field.desc)
