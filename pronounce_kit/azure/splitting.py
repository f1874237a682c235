"""A recording that is longer than the service hears: cut at pauses, and each part given its share of the text.

Known limits. Each part is scored by itself, so the pause at a cut counts for neither fluency nor prosody, and words
that run into each other where there is no pause may be cut. The share of a part is found by recognizing it first: that
is one more request for each part, and what the service did not understand goes with the words around it. Words that
were skipped right at a cut may be counted with either part. Numbers written as digits match no recognized word, which
does no harm but at a cut.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..recording import Recording
from ..results import TICKS_PER_SECOND, number

_RATE = 16_000
_FRAME = 160  # 10 ms
_SMOOTH = 25  # frames: a pause is quiet for a quarter of a second, the gap within a plosive is not
_SHORTEST_S = 0.5

# Scripts that are written without spaces: each character is a word by itself.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_APOSTROPHES = "'’"


class Token(NamedTuple):
    """A word of a text: as it is compared, and where it stands."""

    key: str
    start: int
    end: int


def cut_times(recording: Recording, limit_s: float) -> list[tuple[float, float]]:
    """Start and end of each part in seconds: none longer than the limit, together the whole recording.

    A cut lies in the middle of the quietest quarter of a second in the second half of what still fits.
    """
    samples, limit = recording.samples, int(limit_s * _RATE)
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.square(frames, dtype=np.float64).mean(axis=1)
    level = np.convolve(power, np.full(_SMOOTH, 1 / _SMOOTH), "same")
    cuts, start = [0], 0
    while len(samples) - start > limit:
        first = (start + limit // 2) // _FRAME
        last = min(start + limit, len(samples) - int(_SHORTEST_S * _RATE)) // _FRAME
        window = level[first:last]
        # Of equally quiet moments (digital silence) the middle one, well away from the words around it.
        quietest = np.flatnonzero(window <= window.min() * 1.0001)
        start = int(first + quietest[len(quietest) // 2]) * _FRAME
        cuts.append(start)
    cuts.append(len(samples))
    return [(begin / _RATE, end / _RATE) for begin, end in pairwise(cuts)]


def tokens(text: str) -> list[Token]:
    """The words of a text, in the form in which they are compared."""
    found: list[Token] = []
    start: int | None = None
    for index, character in enumerate(f"{text} "):
        kind = unicodedata.category(character)[0]
        alone = kind in "LN" and _UNSPACED.match(character) is not None
        # Letters and digits, the marks on them (which \w does not know), and the apostrophe of "don't".
        goes_on = kind in "LN" or (start is not None and (kind == "M" or character in _APOSTROPHES))
        if start is not None and (alone or not goes_on):
            found.append(Token(_key(text[start:index]), start, index))
            start = None
        if start is None and goes_on:
            start = index
    return found


def share_text(reference_text: str, heard: Sequence[str]) -> list[str]:
    """The part of the reference text that each part of the recording has read, by what was heard in it.

    The shares together are the whole text, in order. A part in which nothing was heard gets "".
    """
    reference = tokens(reference_text)
    spoken = [(token.key, part) for part, text in enumerate(heard) for token in tokens(text)]
    listening = sorted({part for _, part in spoken})
    if not reference or not listening:
        return ["" for _ in heard]
    part_of: list[int | None] = [None] * len(reference)
    for here, there in _align([token.key for token in reference], [key for key, _ in spoken]):
        part_of[here] = spoken[there][1]
    # A skipped word goes with the word before it; those before the first match, with the first part that heard words.
    current, owners = listening[0], []
    for part in part_of:
        current = current if part is None else part
        owners.append(current)
    shares = []
    for part in range(len(heard)):
        own = [index for index, owner in enumerate(owners) if owner == part]
        if not own:
            shares.append("")
            continue
        first = 0 if own[0] == 0 else reference[own[0]].start
        last = len(reference_text) if own[-1] + 1 == len(reference) else reference[own[-1] + 1].start
        shares.append(reference_text[first:last].strip())
    return shares


def shifted(reply: Any, offset_s: float) -> Any:
    """A copy of a reply whose times count from the start of the whole recording; unsaid words stay without one."""
    ticks = round(offset_s * TICKS_PER_SECOND)

    def move(value: Any, said: bool) -> Any:
        if isinstance(value, list):
            return [move(item, said) for item in value]
        if not isinstance(value, dict):
            return value
        nested = value.get("PronunciationAssessment")
        error_type = value.get("ErrorType", nested.get("ErrorType") if isinstance(nested, dict) else None)
        said = said and error_type != "Omission"
        moved = {key: move(item, said) for key, item in value.items()}
        offset = number(moved.get("Offset"))
        if said and offset is not None:
            moved["Offset"] = round(offset) + ticks
        return moved

    return move(reply, True)


def _key(word: str) -> str:
    folded = unicodedata.normalize("NFKC", word).casefold()
    return folded.replace("'", "").replace("’", "")


def _align(left: Sequence[str], right: Sequence[str]) -> list[tuple[int, int]]:
    """The pairs of equal words in an alignment with the fewest insertions and deletions."""
    codes: dict[str, int] = {}
    a, b = (np.array([codes.setdefault(word, len(codes)) for word in words], np.int32) for words in (left, right))
    columns = np.arange(len(b) + 1)
    row = columns.astype(np.int32)
    rows = [row]
    for index, code in enumerate(a):
        diagonal = np.where(b == code, row[:-1], np.iinfo(np.int32).max // 2)
        step = np.concatenate(([index + 1], np.minimum(diagonal, row[1:] + 1)))
        # Insertions run along the row: the least of all that lie to the left, plus the distance to them.
        row = (np.minimum.accumulate(step - columns) + columns).astype(np.int32)
        rows.append(row)
    pairs, i, j = [], len(a), len(b)
    while i and j:
        if a[i - 1] == b[j - 1] and rows[i][j] == rows[i - 1][j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return pairs[::-1]
