"""When a word is flagged for a break, a flat voice or stress: by the names of errors, else by confidences and text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit import Assessment
from pronounce_kit.charts.rows import word_rows
from pronounce_kit.delivery import marks_before
from pronounce_kit.display.html import assessment_html
from pronounce_kit.highlight import MISSING_BREAK, MONOTONE, UNEXPECTED_BREAK, word_notes

from . import replies

TEXT = "Hello, I like it."
WORDS = ("hello", "i", "like", "it")


def read(prosody: dict[str, Any], text: str | None = TEXT, *, nested: bool = False) -> list[Any]:
    """The words of a reading of which each has this feedback."""
    measured = {"AccuracyScore": 90.0, "ErrorType": "None", "Feedback": {"Prosody": prosody}}
    words = [{"Word": word, **({"PronunciationAssessment": measured} if nested else measured)} for word in WORDS]
    reply = {"RecognitionStatus": "Success", "NBest": [{"Words": words}]}
    return list(Assessment.from_json(reply, reference_text=text).words)


def broken(unexpected: float, missing: float, names: Any = None) -> dict[str, Any]:
    listed = {} if names is None else {"ErrorTypes": names}
    return {"Break": {**listed, "UnexpectedBreak": {"Confidence": unexpected}, "MissingBreak": {"Confidence": missing}}}


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize(
    ("names", "unexpected", "missing"),
    [
        (["None"], False, False),
        ([], False, False),
        (["UnexpectedBreak"], True, False),
        (["MissingBreak"], False, True),
        (["UnexpectedBreak", "MissingBreak"], True, True),
        ("MissingBreak", False, True),
        ([None, 3, "Another"], False, False),
    ],
)
@pytest.mark.parametrize("confidences", [(0.0, 0.0), (1.08, 1.0)])
def test_breaks_are_what_the_list_of_errors_names_whatever_the_confidences(
    names: Any, unexpected: bool, missing: bool, confidences: tuple[float, float], nested: bool
) -> None:
    for word in read(broken(*confidences, names), nested=nested):
        assert (word.unexpected_break, word.missing_break) == (unexpected, missing)


def test_without_a_list_a_break_is_missing_only_after_punctuation() -> None:
    assert [word.missing_break for word in read(broken(0.0, 0.98))] == [False, True, False, False]


def test_without_a_list_a_break_is_unexpected_only_where_there_is_no_punctuation() -> None:
    assert [word.unexpected_break for word in read(broken(0.75, 0.0))] == [True, False, True, True]


def test_without_a_list_less_than_three_quarters_of_confidence_is_no_break() -> None:
    assert {(w.unexpected_break, w.missing_break) for w in read(broken(0.7499, 0.7499))} == {(False, False)}


@pytest.mark.parametrize("text", [None, ""])
def test_a_confident_break_is_not_known_where_there_is_no_text_to_ask(text: str | None) -> None:
    assert {(w.unexpected_break, w.missing_break) for w in read(broken(0.9, 0.2), text)} == {(None, False)}
    assert {(w.unexpected_break, w.missing_break) for w in read(broken(0.2, 0.9), text)} == {(False, None)}


@pytest.mark.parametrize(
    ("intonation", "flat"),
    [
        ({"ErrorTypes": ["Monotone"], "Monotone": {"SyllablePitchDeltaConfidence": 0.19}}, True),
        ({"ErrorTypes": ["Monotone"]}, True),
        ({"ErrorTypes": [], "Monotone": {"SyllablePitchDeltaConfidence": 0.19}}, False),
        ({"ErrorTypes": ["None"], "Monotone": {"Confidence": 0.9}}, False),
        ({"Monotone": {"SyllablePitchDeltaConfidence": 0.19}}, True),
        ({"Monotone": {"SyllablePitchDeltaConfidence": 0.23}}, True),
        ({"Monotone": {"SyllablePitchDeltaConfidence": 0.43}}, False),
        ({"Monotone": {"SyllablePitchDeltaConfidence": 1.0}}, False),
        ({"Monotone": {"Confidence": 0.8, "SyllablePitchDeltaConfidence": 0.9}}, True),
        ({"Monotone": {"Confidence": 0.1, "SyllablePitchDeltaConfidence": 0.1}}, False),
        ({}, None),
        ({"Monotone": {}}, None),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_a_flat_voice_is_named_or_else_has_a_pitch_that_hardly_moves(
    intonation: dict[str, Any], flat: bool | None, nested: bool
) -> None:
    assert {word.monotone for word in read({"Intonation": intonation}, nested=nested)} == {flat}


@pytest.mark.parametrize("stress", [{"ErrorTypes": ["Misplaced"]}, {"Misplaced": {"Confidence": 0.8}}])
def test_misplaced_stress_is_named_or_else_sure(stress: dict[str, Any]) -> None:
    assert {word.misplaced_stress for word in read({"Stress": stress})} == {True}


@pytest.mark.parametrize("name", ["prosody", "prosody_nested"])
def test_what_is_shown_tells_of_the_breaks_that_the_service_names_and_of_no_others(name: str) -> None:
    assessment = Assessment.from_json(replies.load(name), reference_text="I like to read, too.")
    notes = [", ".join(word_notes(word)) for word in assessment.words]
    missing, unexpected, flat = MISSING_BREAK.note, UNEXPECTED_BREAK.note, MONOTONE.note
    assert notes == ["", "", unexpected, flat, f"{missing}, {flat}"]
    rows = word_rows(assessment)
    of_frame = word_rows(pk.words(assessment))
    assert [(row.unexpected_break, row.missing_break, row.monotone) for row in rows] == [
        (row.unexpected_break, row.missing_break, row.monotone) for row in of_frame
    ]
    assert assessment_html(assessment).count(f'title="{MISSING_BREAK.label}"') == 1


def test_without_feedback_no_flag_is_known() -> None:
    word = Assessment.from_json(replies.load("flat")).words[0]
    flags = (word.unexpected_break, word.missing_break, word.monotone, word.misplaced_stress)
    assert flags == (None, None, None, None)


@pytest.mark.parametrize(
    ("text", "spoken", "marked"),
    [
        ("Hello,how are you", "hello how are you", [False, True, False, False]),
        ("I don’t know -- she said.", "I don't know she said", [False, False, False, True, False]),
        ("A well-known (and old) song", "a well known and old song", [False, False, False, True, False, True]),
        ("He ran - fast", "he ran fast", [False, False, True]),
        ("Wait… what?\nNo", "wait what no", [False, True, True]),
        ("It costs 105, they say", "it costs one hundred they say", [False, False, None, None, True, False]),
        ("你好，世界", "你好 世界", [False, True]),
        ("The cat.", "a cat", [None, False]),
        ("\u201cYes.\u201d She left", "Yes. She left", [False, True, False]),
        ("", "hello", [None]),
    ],
)
def test_punctuation_is_found_before_each_word_of_the_text(text: str, spoken: str, marked: list[bool | None]) -> None:
    assert marks_before([{"Word": word} for word in spoken.split()], text) == marked


def test_inserted_words_stand_nowhere_in_the_text_and_omitted_ones_do() -> None:
    words = [
        {"Word": "one", "ErrorType": "None"},
        {"Word": "two", "ErrorType": "Insertion"},
        {"Word": "two", "ErrorType": "Omission"},
        {"Word": "three", "ErrorType": "None"},
    ]
    assert marks_before(words, "One, two three") == [False, None, True, False]


@given(st.lists(st.tuples(st.from_regex(r"\A[a-z]{1,5}\Z"), st.sampled_from([" ", ", ", "! ", " - "])), max_size=30))
def test_every_word_of_a_text_is_found_in_its_place(parts: list[tuple[str, str]]) -> None:
    text = "".join(word + mark for word, mark in parts)
    expected = [False, *(mark != " " for _, mark in parts)][: len(parts)]
    assert marks_before([{"Word": word.upper()} for word, _ in parts], text) == expected


@given(st.lists(st.text(max_size=8), max_size=12), st.text(max_size=80))
def test_whatever_the_words_and_the_text_each_word_gets_an_answer(words: list[str], text: str) -> None:
    marks = marks_before([{"Word": word} for word in words], text)
    assert len(marks) == len(words)
    assert set(marks) <= {True, False, None}
