"""Replies of the service, in its flat JSON, for the tests of what is shown."""

from __future__ import annotations

from typing import Any

from pronounce_kit.results import Assessment

UNEXPECTED_BREAK = {"Break": {"ErrorTypes": ["UnexpectedBreak"], "UnexpectedBreak": {"Confidence": 0.9}}}
MISSING_BREAK = {"Break": {"ErrorTypes": ["MissingBreak"], "MissingBreak": {"Confidence": 0.9}}}
MONOTONE = {"Intonation": {"ErrorTypes": ["Monotone"], "Monotone": {"Confidence": 0.9}}}


def phoneme(name: str | None, score: float | None, heard: str | None = None) -> dict[str, Any]:
    reply: dict[str, Any] = {"Phoneme": name, "Offset": 1_000_000, "Duration": 900_000}
    if score is not None:
        reply["AccuracyScore"] = score
    if heard is not None:
        reply["NBestPhonemes"] = [{"Phoneme": heard, "Score": 90.0}, {"Phoneme": name, "Score": 20.0}]
    return reply


def word(
    text: str,
    score: float | None,
    error_type: str | None = "None",
    phonemes: list[dict[str, Any]] | None = None,
    prosody: dict[str, Any] | None = None,
) -> dict[str, Any]:
    reply: dict[str, Any] = {"Word": text, "Offset": 5_000_000, "Duration": 3_000_000, "Phonemes": phonemes or []}
    if score is not None:
        reply["AccuracyScore"] = score
    if error_type is not None:
        reply["ErrorType"] = error_type
    if prosody is not None:
        reply["Feedback"] = {"Prosody": prosody}
    return reply


def reading(words: list[dict[str, Any]], *, scores: dict[str, float] | None = None, **known: Any) -> Assessment:
    if scores is None:
        scores = {"PronScore": 66.4, "AccuracyScore": 71, "FluencyScore": 88, "CompletenessScore": 78}
    reply = {
        "RecognitionStatus": "Success",
        "Offset": 0,
        "Duration": 40_000_000,
        "SNR": 21.5,
        "NBest": [{"Confidence": 0.9, "Display": " ".join(w["Word"] for w in words), "Words": words, **scores}],
    }
    return Assessment.from_json(reply, **known)


def weather(**known: Any) -> Assessment:
    """A reading with everything in it: each error type, each mark, scores of each band, and missing ones."""
    return reading(
        [
            word("I", 96, phonemes=[phoneme("ay", 96)]),
            word(
                "think", 34, "Mispronunciation",
                [phoneme("th", 8, "s"), phoneme("ih", 72, "iy"), phoneme("ng", 55, "n"), phoneme("k", 90, "g")],
            ),
            word("the", 0, "Omission", [phoneme("dh", 0), phoneme("ax", 0)]),
            word("very", 52, "Mispronunciation", [phoneme("v", 22, "w"), phoneme("eh", 70)], UNEXPECTED_BREAK),
            word("um", 80, "Insertion", [phoneme("ah", 80)]),
            word("good", 91, phonemes=[phoneme("g", 0), phoneme("uh", 85)], prosody=MONOTONE),
            word("weather", 68, phonemes=[phoneme("w", 99), phoneme("dh", 41, "d")], prosody=MISSING_BREAK),
            word("is", 88, phonemes=[phoneme("ih", 80), phoneme("z", 79, "z")]),
            word("here", 99, phonemes=[phoneme("h", 99), phoneme(None, 90)]),
            word("today", None, None, [phoneme("t", None), phoneme("ey", None)]),
        ],
        **{"reference_text": "I think the very good weather is here today.", "utterance_id": "u1", **known},
    )  # fmt: skip


def long_reading(count: int = 60) -> Assessment:
    sizes = [30, 65, 75, 85, 100]
    return reading(
        [word(f"word{n}", sizes[n % 5], phonemes=[phoneme("ae", sizes[n % 5]), phoneme("t", 90)]) for n in range(count)]
    )


def nothing_heard(status: str = "NoMatch", **known: Any) -> Assessment:
    return Assessment.from_json({"RecognitionStatus": status, "NBest": []}, **known)


def silence() -> Assessment:
    """Silence read against a text, as the service answers it: a Success of omissions and zeros."""
    return reading(
        [word(text, 0, "Omission", [phoneme("x", 0)]) for text in ("good", "morning")],
        scores={"PronScore": 0, "AccuracyScore": 0, "FluencyScore": 0, "CompletenessScore": 0},
    )
