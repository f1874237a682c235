"""Whether a word was said with a break too many, a break too few, in a flat voice, or with another stress.

`Feedback` says it twice: `ErrorTypes` names the errors, and a confidence stands beside each. The names count. The
confidences alone are no errors: that of MissingBreak is nearly 1 on every word before which nobody paused, whether or
not a pause belongs there. Only where a list of ErrorTypes is absent are they asked, from `PROSODY_THRESHOLD` on:

- a break is missing only after punctuation in the reference text, and unexpected only where there is none;
- speech is monotone where Monotone.Confidence is high, or, without one (the nested shape), where
  SyllablePitchDeltaConfidence is low: a high one says that the pitch moves from syllable to syllable.

What the reply and the text leave open is None: a confident break where the reference text is not known is neither.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

PROSODY_THRESHOLD = 0.75
"""A break or monotone speech is flagged from this confidence on.

The service's documentation ("Use pronunciation assessment", breaks) leaves the threshold to the caller and
recommends 0.75. Confidences over 1 occur.
"""


class Flags(NamedTuple):
    """What went wrong in how a word was said; None where it is not known. Breaks are those before the word."""

    unexpected_break: bool | None = None
    missing_break: bool | None = None
    monotone: bool | None = None
    misplaced_stress: bool | None = None


_UNKNOWN = Flags()


class Heard(NamedTuple):
    """What `Feedback` says of one word: the names of its errors, None where it lists none, and confidences."""

    breaks: Sequence[object] | None = None
    intonation: Sequence[object] | None = None
    stress: Sequence[object] | None = None
    unexpected_break: float | None = None
    missing_break: float | None = None
    monotone: float | None = None
    pitch_delta: float | None = None
    misplaced_stress: float | None = None


def error_types(obj: Any) -> Sequence[object] | None:
    """The list of ErrorTypes, or the one in its place; None where there is none."""
    names = obj.get("ErrorTypes") if isinstance(obj, dict) else None
    return names if isinstance(names, list) else (names,) if isinstance(names, str) else None


def flags_of(words: Sequence[Mapping[str, Any]], heard: Sequence[Heard | None], text: str | None) -> list[Flags]:
    """The flags of each word of one reading.

    Parameters
    ----------
    words
        The flat words, in the order of the reply.
    heard
        What `Feedback` says of each, None where it says nothing.
    text
        The reference text; None or "" where it is not known or there was none.

    """
    marks: list[bool | None] | None = None
    flags = []
    for index, found in enumerate(heard):
        if found is None:
            flags.append(_UNKNOWN)
            continue
        unexpected, missing = _named(found.breaks, "UnexpectedBreak"), _named(found.breaks, "MissingBreak")
        if found.breaks is None:
            unexpected, missing = _is_sure(found.unexpected_break), _is_sure(found.missing_break)
            if unexpected or missing:
                marks = marks_before(words, text) if marks is None else marks
                mark = marks[index]
                unexpected = unexpected and (None if mark is None else not mark)
                missing = missing and mark
        monotone = _named(found.intonation, "Monotone")
        if found.intonation is None:
            moves = found.pitch_delta
            monotone = _is_sure(1 - moves if found.monotone is None and moves is not None else found.monotone)
        stress = _is_sure(found.misplaced_stress) if found.stress is None else _named(found.stress, "Misplaced")
        flags.append(Flags(unexpected, missing, monotone, stress))
    return flags


def _named(names: Sequence[object] | None, name: str) -> bool | None:
    return None if names is None else name in names


def _is_sure(confidence: float | None) -> bool | None:
    return None if confidence is None else confidence >= PROSODY_THRESHOLD


# --- punctuation ------------------------------------------------------------------------------------------------

_MARKS = frozenset(",.;:!?…—–()\n、。，．；：？！（）؟،؛।॥¿¡")
_WINDOW = 64  # letters of the text that may be passed over to find the next word, such as digits that were read out


def marks_before(words: Sequence[Mapping[str, Any]], text: str | None) -> list[bool | None]:
    """Whether punctuation stands right before each word in the text; None where the word is not found in it.

    Inserted words stand nowhere in it, and before the first word there is nothing. Compared are letters and digits, so
    that spelling with apostrophes, hyphens or capitals does not matter. Takes time linear in words and text.
    """
    letters, begins = _letters(text or "")
    marks: list[bool | None] = []
    at = 0
    for word in words:
        key, _ = _letters(str(word.get("Word") or ""))
        place = -1 if not key or word.get("ErrorType") == "Insertion" else _find(key, letters, begins, at)
        if place < 0:
            marks.append(None)
            continue
        marks.append(begins[place] == _AFTER_MARK and place > 0)
        at = place + len(key)
    return marks


_INSIDE, _BEGINS, _AFTER_MARK = range(3)


def _letters(text: str) -> tuple[str, list[int]]:
    """The letters and digits of a text, and for each whether it is within a word, begins one, or does after a mark."""
    letters, begins = [], []
    is_inside = has_mark = has_blank = has_dash = False
    for character in unicodedata.normalize("NFKC", text).casefold():
        if character.isalnum():
            has_mark |= has_dash and has_blank  # a hyphen between blanks is a dash
            letters.append(character)
            begins.append(_AFTER_MARK if has_mark else _INSIDE if is_inside else _BEGINS)
            is_inside, has_mark, has_blank, has_dash = True, False, False, False
        else:
            is_inside = False
            has_mark |= character in _MARKS
            has_blank |= character.isspace()
            has_dash |= character == "-"
    return "".join(letters), begins


def _find(key: str, letters: str, begins: Sequence[int], at: int) -> int:
    """Where a word is next: here, or at the beginning of a word a little further on; -1 where it is not."""
    if letters.startswith(key, at):
        return at
    end = at + len(key) + _WINDOW
    place = letters.find(key, at, end)
    while place >= 0 and begins[place] == _INSIDE:
        place = letters.find(key, place + 1, end)
    return place
