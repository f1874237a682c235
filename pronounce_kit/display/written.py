"""Which part of the text as it was written each spoken word is: "5/6/2024" stays, whatever was said for it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby
from typing import NamedTuple


class Written(NamedTuple):
    """A part of the text and the spoken words it stands for.

    first, stop
        Indices of those words: first <= index < stop.
    text
        The part, without what stands around it.
    before, after
        Punctuation right before and after it, with a dash that stands between blanks.
    blank
        Whether a blank follows before the next part.
    """

    first: int
    stop: int
    text: str
    before: str = ""
    after: str = ""
    blank: bool = True


_Span = tuple[int, int]
_PIECE = re.compile(r"\w(?:[\w'’]|(?<=\d)[.,:/-](?=\d))*")  # dates, times and amounts are one piece


def written(words: Sequence[str], text: str | None) -> list[Written]:
    """Lay spoken words over the text that was read.

    Words are found by their letters and digits, whatever the capitals, hyphens and apostrophes. What stands in the text
    between two that were found belongs to the words spoken there, all of them together. Where the text has nothing for
    a word, or there is no text, it stands for itself.

    Parameters
    ----------
    words
        The words of the text in order, skipped ones too, added ones not.
    text
        The text, None where it is not known.

    Returns
    -------
    list of Written
        In order; each word is in exactly one.

    """
    text = text or ""
    spans = _spans(words, text)
    parts: list[tuple[int, int, _Span | None]] = []
    for span, group in groupby(range(len(words)), key=lambda index: spans[index]):
        indices = list(group)
        if span is None:
            parts += [(index, index + 1, None) for index in indices]
        else:
            parts.append((indices[0], indices[-1] + 1, span))
    return _with_punctuation(parts, words, text)


def _with_punctuation(parts: Sequence[tuple[int, int, _Span | None]], words: Sequence[str], text: str) -> list[Written]:
    found = [span for _, _, span in parts if span is not None]
    starts = [0, *(stop for _, stop in found)]
    ends = [*(start for start, _ in found), len(text)]
    gaps = [text[start:end] for start, end in zip(starts, ends, strict=True)]  # one more than there are spans
    shown, place = [], 0
    for first, stop, span in parts:
        if span is None:
            shown.append(Written(first, stop, words[first]))
            continue
        left, right = gaps[place], gaps[place + 1]
        before = (left if not place else left[_last_blank(left) :] if _has_blank(left) else "").strip()
        after = right if place + 1 == len(found) else right[: _last_blank(right)] if _has_blank(right) else right
        blank = place + 1 == len(found) or _has_blank(right)
        dash = " " if after[:1].isspace() and after.strip() else ""
        shown.append(Written(first, stop, text[slice(*span)], before, dash + " ".join(after.split()), blank))
        place += 1
    return shown


def _has_blank(gap: str) -> bool:
    return any(map(str.isspace, gap))


def _last_blank(gap: str) -> int:
    """Where what follows the last blank begins."""
    return len(gap) - len(gap.split()[-1]) if gap and not gap[-1].isspace() and gap.split() else len(gap)


def _spans(words: Sequence[str], text: str) -> list[_Span | None]:
    """The part of the text that each word stands for; words that share one have the same."""
    pieces = [match.span() for match in _PIECE.finditer(text)]
    spoken = [_key(word) for word in words]
    keys = [_key(text[start:stop]) for start, stop in pieces]
    spans: list[_Span | None] = [None] * len(words)
    matched = SequenceMatcher(None, spoken, keys, autojunk=False).get_matching_blocks()
    word, piece = 0, 0
    for block in matched:
        _fill(spans, spoken, slice(word, block.a), pieces[piece : block.b], text)
        for offset in range(block.size):
            spans[block.a + offset] = pieces[block.b + offset]
        word, piece = block.a + block.size, block.b + block.size
    return spans


def _fill(spans: list[_Span | None], spoken: Sequence[str], of: slice, pieces: Sequence[_Span], text: str) -> None:
    """Share the pieces between two words that were found among the words spoken there."""
    indices = range(*of.indices(len(spoken)))
    if not indices or not pieces:
        return
    letters = [(c, at) for start, stop in pieces for at in range(start, stop) for c in _letters(text[at])]
    if "".join(spoken[index] for index in indices) == "".join(c for c, _ in letters):
        # The same letters, otherwise divided: a compound, or a script without blanks.
        place = 0
        for index in indices:
            own = letters[place : place + len(spoken[index])]
            spans[index] = (own[0][1], own[-1][1] + 1) if own else None
            place += len(own)
    elif len(indices) == len(pieces):
        for index, piece in zip(indices, pieces, strict=True):
            spans[index] = piece
    else:
        whole = (pieces[0][0], pieces[-1][1])
        for index in indices:
            spans[index] = whole


def _key(word: str) -> str:
    """The letters and digits of a word; of a word without any, the word."""
    return _letters(word) or word


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
