"""What the charts draw, apart from how: an assessment or one of its tables as plain rows.

Scores are 0-100, or None where they are missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..display.naming import sound_sign
from ..display.verdict import WORDS_READ, WORDS_RIGHT, shown_score, verdict_of, words_read
from ..errors import InputError
from ..highlight import (
    FAIR,
    MISSING_BREAK,
    POOR,
    SCORE_LABELS,
    UNEXPECTED_BREAK,
    WordState,
    all_are,
    band,
    counted,
    headline,
    heard_instead,
    listed,
    score_text,
    shortened,
    word_state,
    word_text,
)
from ..results import Assessment

if TYPE_CHECKING:
    import pandas as pd


class WordRow(NamedTuple):
    """A word and what happened to it; `word` is bare, without the brackets or plus of its state."""

    word: str
    score: float | None
    state: WordState
    unexpected_break: bool = False
    missing_break: bool = False
    monotone: bool = False
    is_sure: bool = True


class PhonemeRow(NamedTuple):
    """A sound as `naming` writes it; `heard` is None where it was the expected one, or that is not sure."""

    word_index: int
    word: str
    state: WordState
    expected: str
    heard: str | None
    score: float | None
    is_sure: bool = True


class ScoreRow(NamedTuple):
    """A score of the whole text, its name and what it says, and the score in words."""

    name: str
    meaning: str
    score: float | None
    text: str
    is_sure: bool = True


def word_rows(data: Assessment | pd.DataFrame) -> list[WordRow]:
    """The words of an assessment, as they are written, or of a frame with one utterance, in order.

    Raises `InputError`.
    """
    if isinstance(data, Assessment):
        verdict = verdict_of(data)
        return [
            WordRow(
                word.text,
                word.score,
                word.state,
                UNEXPECTED_BREAK in word.marks,
                MISSING_BREAK in word.marks,
                word.flat is not None,
                verdict.is_sure,
            )
            for word in verdict.words
        ]
    columns = ("word", "accuracy_score", "error_type", "unexpected_break", "missing_break", "monotone")
    return [
        _word_row(*(record.get(column) for column in columns))
        for record in _records(data, "words", {"word", "accuracy_score"})
    ]


def _word_row(
    word: str | None,
    score: float | None,
    error_type: str | None,
    unexpected_break: bool | None,
    missing_break: bool | None,
    monotone: bool | None,
) -> WordRow:
    state = word_state(error_type, score)
    bare = word_text(word or "", "good")
    score = None if state in ("skipped", "added") else score
    return WordRow(bare, score, state, bool(unexpected_break), bool(missing_break), bool(monotone))


def phoneme_rows(data: Assessment | pd.DataFrame) -> list[PhonemeRow]:
    """The sounds of an assessment or of a frame with one utterance, in order; a skipped word is one row.

    The frame of `pronounce_kit.phonemes` does not say which words were skipped or added, unless it is given a
    column `error_type`, as from a merge with the words. Raises `InputError`.
    """
    rows: list[PhonemeRow] = []
    if isinstance(data, Assessment):
        verdict = verdict_of(data)
        for index, word in enumerate(verdict.words):
            if word.state == "skipped":
                rows.append(PhonemeRow(index, word.text, word.state, "", None, None))
            rows += [
                PhonemeRow(index, word.text, word.state, sound.sign, sound.heard_sign, sound.score, verdict.is_sure)
                for sound in word.sounds
            ]
        return rows if any(word.phonemes for word in data.words) else []
    places: dict[int, int] = {}
    for record in _records(data, "phonemes", {"word_index", "word", "phoneme", "accuracy_score"}):
        index = int(record["word_index"])
        place = places[index] = places.get(index, -1) + 1
        text, state = word_text(record["word"] or "", "good"), word_state(record.get("error_type"), None)
        if state not in ("skipped", "added"):
            expected, score = record["phoneme"], record["accuracy_score"]
            heard = heard_instead(expected, record.get("heard"), score)
            signs = sound_sign(expected, place), sound_sign(heard) if heard else None
            rows.append(PhonemeRow(index, text, state, *signs, score))
        elif place == 0 and state == "skipped":
            rows.append(PhonemeRow(index, text, state, "", None, None))
    return rows


def text_score_rows(data: Assessment | pd.DataFrame) -> list[ScoreRow]:
    """The scores of the whole text, missing ones too, of an assessment or a frame with one utterance."""
    if isinstance(data, Assessment):
        verdict = verdict_of(data)
        return [ScoreRow(one.name, one.meaning, one.score, one.text, verdict.is_sure) for one in verdict.scores]
    records = _records(data, "utterances", {f"{field}_score" for field in SCORE_LABELS})
    record = records[0] if records else {}
    shown = []
    for field in SCORE_LABELS:
        score = record.get(f"{field}_score")
        if field == "completeness":
            words = None
            if record.get("omission_count") is not None:  # only then the words have types of errors
                words = record["word_count"] - record["insertion_count"]
            one = words_read(score, words, record.get("omission_count") or 0)
        else:
            one = shown_score(field, score)
        shown.append(ScoreRow(one.name, one.meaning, one.score, one.text))
    return shown


def finding(data: Assessment | pd.DataFrame, otherwise: str) -> str:
    """The title of a chart: why there is nothing to draw, or nothing is sure; a frame does not say either."""
    if not isinstance(data, Assessment):
        return otherwise
    verdict = verdict_of(data)
    return verdict.message or (otherwise if verdict.is_sure else verdict.headline)


def words_title(data: Assessment | pd.DataFrame, rows: Sequence[WordRow]) -> str:
    """The finding: "2 of 9 words need practice: think, very"."""
    if isinstance(data, Assessment):
        return verdict_of(data).headline
    return headline([(row.word, row.state) for row in rows])


def phonemes_title(rows: Sequence[PhonemeRow], limit: int = 4) -> str:
    """The finding: "3 of 21 sounds need practice: th in think, v in very, ng in think"; the worst sounds first."""
    scored = sorted(((row.score, row) for row in rows if row.score is not None), key=lambda pair: pair[0])
    total = counted(len(scored), "sound")
    for of_score, finding in ((POOR, "need{s} practice"), (FAIR, "could be better")):
        found = [f"{shortened(row.expected)} in {shortened(row.word)}" for s, row in scored if band(s) is of_score]
        if found:
            verb = finding.format(s="s" if len(found) == 1 else "")
            return f"{len(found)} of {total} {verb}: {listed(found, limit)}"
    if not scored:
        return "The sounds have no scores"
    return f"{all_are(len(scored), 'sound')} good"


def scores_title(rows: Sequence[ScoreRow]) -> str:
    """The finding: "Overall 66 of 100; lowest: accuracy (61)".

    How many words were read is never the lowest: that says nothing on how they were pronounced.
    """
    overall = rows[0]
    parts = [row for row in rows[1:] if row.name not in (WORDS_READ, WORDS_RIGHT)]
    known = [(row.score, row.name) for row in parts if row.score is not None]
    found = [] if overall.score is None else [f"Overall {score_text(overall.score)} of 100"]
    if known:
        lowest, name = min(known, key=lambda pair: pair[0])
        if len(known) > 1:
            found.append(f"lowest: {name.lower() if found else name} ({score_text(lowest)})")
        elif not found:
            found.append(f"{name} {score_text(lowest)} of 100")
    title = "; ".join(found)
    return title[:1].upper() + title[1:]


def _records(data: object, table: str, columns: set[str]) -> list[dict[str, Any]]:
    """The rows of a frame as dicts with None for what is missing."""
    import pandas as pd

    if not isinstance(data, pd.DataFrame):
        given = "a reply" if isinstance(data, Mapping) else f"an object of type {type(data).__name__}"
        raise InputError(
            f"A chart takes an Assessment or the frame of pronounce_kit.{table}, not {given}. "
            "Read a reply with pronounce_kit.Assessment.from_json first."
        )
    absent = columns - set(data.columns)
    if absent:
        raise InputError(
            f"The frame has no column {' or '.join(sorted(absent))}. "
            f"Give an Assessment or the frame of pronounce_kit.{table}."
        )
    if table == "utterances":
        count, shown = len(data), data.get("utterance_id")
    else:
        shown = data.get("utterance_id")
        count = 1 if shown is None else int(shown.nunique())
    if count > 1:
        example = "" if shown is None else f", for example frame[frame.utterance_id == {str(shown.iloc[0])!r}]"
        raise InputError(f"The frame has {count} utterances, and this chart shows one. Filter it first{example}.")
    return [
        {str(name): None if pd.isna(value) else value for name, value in record.items()}
        for record in data.to_dict("records")
    ]
