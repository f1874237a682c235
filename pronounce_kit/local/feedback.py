"""What was found about prosody, as the `Feedback` objects of a reply.

Breaks and intonation are in the Speech service's shape, and mean what they mean there: the errors are those that
ErrorTypes names, ["None"] of breaks and [] of intonation where there are none. MissingBreak.Confidence says that nobody
paused before the word, wherever that is; a break is missing only where one belongs. SyllablePitchDeltaConfidence is
high where the pitch moves, while Monotone.Confidence and WordPitchSlopeConfidence are high where it does not. The
service has no shape for stress and pace: `Stress` in a word's feedback and the feedback of the whole text are ours, in
the same manner.
"""

from __future__ import annotations

import math
from typing import Any

from ..delivery import PROSODY_THRESHOLD
from .pauses import Pace
from .prosody import WordProsody
from .timing import TICKS_PER_SECOND

Json = dict[str, Any]


def word_feedback(found: WordProsody) -> Json:
    """Breaks before the word, how flat its melody is, and which of its syllables was stressed."""
    prosody: Json = {"Break": _break(found), "Intonation": _intonation(found)}
    if found.stress is not None:
        prosody["Stress"] = {
            "ErrorTypes": _named({"Misplaced": found.stress.confidence}),
            "Expected": found.stress.expected,
            "Said": found.stress.said,
            "Misplaced": {"Confidence": _rounded(found.stress.confidence)},
        }
    return {"Prosody": prosody}


def text_feedback(pace: Pace) -> Json:
    """How fast the text was read, and how often and how long the reader paused."""
    return {
        "Prosody": {
            "Rate": {
                "WordsPerMinute": round(pace.words_per_minute, 1),
                "SyllablesPerMinute": round(pace.syllables_per_minute, 1),
                "ArticulationRate": round(pace.articulation_rate, 1),
            },
            "Pauses": {
                "Count": pace.pauses,
                "AtBoundaries": pace.boundary_pauses,
                "Total": round(pace.pauses_s * TICKS_PER_SECOND),
                "Longest": round(pace.longest_pause_s * TICKS_PER_SECOND),
            },
        }
    }


def _break(found: WordProsody) -> Json:
    if math.isnan(found.break_s):  # there is none before the first word
        return {"ErrorTypes": ["None"], "BreakLength": 0}
    confidences = {"UnexpectedBreak": found.unexpected_break, "MissingBreak": found.missing_break}
    errors = {**confidences, "MissingBreak": found.missing_break * found.break_wanted}
    return {
        "ErrorTypes": _named(errors) or ["None"],
        **{name: {"Confidence": _rounded(confidence)} for name, confidence in confidences.items()},
        "BreakLength": round(found.break_s * TICKS_PER_SECOND),
    }


def _intonation(found: WordProsody) -> Json:
    if math.isnan(found.monotone):
        return {"ErrorTypes": []}
    confidences = {
        "Confidence": found.monotone,
        "WordPitchSlopeConfidence": found.pitch_slope,
        "SyllablePitchDeltaConfidence": 1 - found.pitch_delta,
    }
    return {
        "ErrorTypes": _named({"Monotone": found.monotone}),
        "Monotone": {key: _rounded(value) for key, value in confidences.items() if not math.isnan(value)},
    }


def _named(confidences: dict[str, float]) -> list[str]:
    """The errors that are sure enough."""
    return [name for name, confidence in confidences.items() if _rounded(confidence) >= PROSODY_THRESHOLD]


def _rounded(confidence: float) -> float:
    return round(confidence, 4)
