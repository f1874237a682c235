"""The examples keep to what the service does, so that a test on them says something about its replies."""

from __future__ import annotations

from typing import Any

import pytest

from pronounce_kit.results import number, pron_score

from . import REPLIES, load

SCORES = ("AccuracyScore", "FluencyScore", "CompletenessScore", "ProsodyScore")


def flat(obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, **obj.get("PronunciationAssessment", {})}


def best_of(name: str) -> dict[str, Any]:
    return flat((load(name).get("NBest") or [{}])[0])


ASSESSED = [name for name in REPLIES if "AccuracyScore" in best_of(name)]
FIVE_POINT = ["five_point"]


def words_of(name: str) -> list[dict[str, Any]]:
    return list(map(flat, best_of(name).get("Words", [])))


@pytest.mark.parametrize("name", [name for name in ASSESSED if words_of(name) and name not in FIVE_POINT])
def test_scores_of_the_text_follow_from_the_words_rounded_half_to_even(name: str) -> None:
    best, reference = best_of(name), [word for word in words_of(name) if word.get("ErrorType") != "Insertion"]
    accuracies = [number(word.get("AccuracyScore")) or 0.0 for word in reference]
    assert number(best["AccuracyScore"]) == round(sum(accuracies) / len(accuracies))
    if "CompletenessScore" in best:
        right = sum(word["ErrorType"] == "None" for word in reference)
        assert number(best["CompletenessScore"]) == round(100 * right / len(reference))


@pytest.mark.parametrize("name", [name for name in ASSESSED if "PronScore" in best_of(name)])
def test_the_pron_score_follows_the_formula(name: str) -> None:
    best = best_of(name)
    parts = [part for key in SCORES if (part := number(best.get(key))) is not None]
    expected = pron_score(parts)
    assert expected is not None
    assert number(best["PronScore"]) == pytest.approx(expected, abs=0.051)


@pytest.mark.parametrize("name", ASSESSED)
def test_omitted_words_have_zeros_over_rest_and_no_measures_in_the_sdk(name: str) -> None:
    is_sdk = "Id" in load(name)
    for word in words_of(name):
        if word.get("ErrorType") == "Omission" and not is_sdk and "PronunciationAssessment" not in word:
            measured = [number(word[key]) for key in ("Offset", "Duration", "Confidence", "AccuracyScore")]
            assert measured == [0, 0, 0, 0]
        elif word.get("ErrorType") == "Omission":
            assert not {"Offset", "Duration", "AccuracyScore"} & set(word)


def test_no_break_is_missing_by_its_confidence_alone() -> None:
    for name in ("prosody", "prosody_nested"):
        breaks = [word["Feedback"]["Prosody"]["Break"] for word in words_of(name)]
        assert set(breaks[0]) == {"ErrorTypes", "BreakLength"}
        unnamed = [each["MissingBreak"]["Confidence"] for each in breaks[1:] if each["ErrorTypes"] == ["None"]]
        assert unnamed
        assert min(unnamed) > 0.95
