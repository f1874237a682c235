"""Replies of the Speech service as tidy DataFrames: `utterances`, `words`, `syllables`, `phonemes`.

Each function takes one `Assessment`, reply dict or JSON text, or an iterable (also a generator) of these; every
element is one utterance. A list is always an iterable here: to read a list of replies as one long recording, pass it
through `Assessment.from_json` or as an element of another list. What is no reply raises `ReplyError`.

There is one row per utterance, word, ..., in the order given. The tables join on `utterance_id` and `word_index`.
`utterance_id` is the assessment's own, else the reply's Id, else the position in the input; one that was seen before
gets a suffix ("a", "a-2"), so that it is unique within a table. Indices count from 0 within the utterance (words) or
the word (syllables, phonemes).

`SCHEMA` has the columns and dtypes, which hold for an empty input too. Times are seconds. Scores are on the reply's
scale, 0-100 or 0-5 with FivePoint. What is missing is NaN or NA, never 0.

The tables are filled from the JSON, column by column, in time linear in its size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from .delivery import Flags
from .errors import ReplyError
from .results import (
    NOTHING_HEARD,
    PACE_FIELDS,
    PHONEME_FIELDS,
    PROSODY_FIELDS,
    SCORE_FIELDS,
    SYLLABLE_FIELDS,
    TICKS_PER_SECOND,
    UTTERANCE_FIELDS,
    WORD_FIELDS,
    Assessment,
    Field,
    Json,
    dicts_in,
    flags_in,
    number,
    pace_of,
    parts_of,
    prosody_of,
    read_reply,
    seconds,
    status_name,
    text,
    verbatim,
    whole,
    word_flags,
)
from .unwrapping import NESTED, unwrap

Reply: TypeAlias = Assessment | Mapping[str, Any] | str | bytes
Replies: TypeAlias = Reply | Iterable[Reply | Sequence[Mapping[str, Any]]]

_Columns: TypeAlias = dict[str, npt.NDArray[Any]]

SCHEMA: Mapping[str, Mapping[str, str]] = {
    "utterances": {
        "utterance_id": "string",
        "student": "string",
        "reference_text": "string",
        "recognition_status": "string",
        "display_text": "string",
        "pron_score": "float64",
        "accuracy_score": "float64",
        "fluency_score": "float64",
        "completeness_score": "float64",
        "prosody_score": "float64",
        "offset_s": "float64",
        "duration_s": "float64",
        "snr_db": "float64",
        "confidence": "float64",
        "word_count": "Int64",
        "mispronunciation_count": "Int64",
        "omission_count": "Int64",
        "insertion_count": "Int64",
        "words_per_minute": "float64",
        "syllables_per_minute": "float64",
        "articulation_rate": "float64",
        "pause_count": "Int64",
        "boundary_pause_count": "Int64",
        "pause_total_s": "float64",
        "longest_pause_s": "float64",
        "recording_flags": "string",
    },
    "words": {
        "utterance_id": "string",
        "word_index": "int64",
        "word": "string",
        "accuracy_score": "float64",
        "error_type": "string",
        "offset_s": "float64",
        "duration_s": "float64",
        "confidence": "float64",
        "unexpected_break": "boolean",
        "missing_break": "boolean",
        "monotone": "boolean",
        "unexpected_break_confidence": "float64",
        "missing_break_confidence": "float64",
        "break_length_s": "float64",
        "monotone_confidence": "float64",
        "syllable_pitch_delta_confidence": "float64",
        "misplaced_stress": "boolean",
        "misplaced_stress_confidence": "float64",
        "expected_stress": "Int64",
        "said_stress": "Int64",
    },
    "syllables": {
        "utterance_id": "string",
        "word_index": "int64",
        "syllable_index": "int64",
        "word": "string",
        "syllable": "string",
        "grapheme": "string",
        "accuracy_score": "float64",
        "offset_s": "float64",
        "duration_s": "float64",
    },
    "phonemes": {
        "utterance_id": "string",
        "word_index": "int64",
        "phoneme_index": "int64",
        "word": "string",
        "phoneme": "string",
        "accuracy_score": "float64",
        "heard": "string",
        "heard_score": "float64",
        "offset_s": "float64",
        "duration_s": "float64",
    },
}
"""Table -> column -> dtype, in order."""


def utterances(x: Replies) -> pd.DataFrame:
    """One row per utterance: status, text, scores of the whole text, and counts of words and of their errors.

    Parameters
    ----------
    x : Assessment, dict, str, bytes or iterable of these
        Replies, or their JSON; a list within an iterable is one long recording.

    Returns
    -------
    pandas.DataFrame
        utterance_id; student; reference_text, recognition_status, display_text; pron_score, accuracy_score,
        fluency_score, completeness_score and prosody_score (0-100, or 0-5 with FivePoint); offset_s and duration_s
        (seconds); snr_db (dB); confidence (0-1); word_count (with insertions), mispronunciation_count, omission_count,
        insertion_count, missing where the reply does not tell (it lists no words, or no error types) and where nothing
        was heard: silence skips no words; and with prosody from the embedded engine
        words_per_minute, syllables_per_minute, articulation_rate (syllables a minute without pauses), pause_count,
        boundary_pause_count, pause_total_s and longest_pause_s (seconds). recording_flags has what is wrong with the
        recording, names of `flags.VERDICTS` with commas between them: "" where nothing is. Missing is NaN or NA.

    Raises
    ------
    ReplyError
        For what is no reply.

    Examples
    --------
    >>> pk.utterances(assessment)[["recognition_status", "word_count", "mispronunciation_count"]]
      recognition_status  word_count  mispronunciation_count
    0            Success           7                       1
    """
    return _table("utterances", x, _utterance_columns)


def words(x: Replies) -> pd.DataFrame:
    """One row per word, also for omitted and inserted ones.

    Parameters
    ----------
    x : Assessment, dict, str, bytes or iterable of these
        As in `utterances`.

    Returns
    -------
    pandas.DataFrame
        utterance_id; word_index (from 0 within the utterance); word; accuracy_score (0-100, or 0-5 with FivePoint);
        error_type ("None", "Mispronunciation", "Omission", "Insertion"); offset_s and duration_s (seconds); confidence
        (0-1). With prosody unexpected_break, missing_break and monotone (the service's ErrorTypes, see `delivery`),
        unexpected_break_confidence, missing_break_confidence, monotone_confidence and syllable_pitch_delta_confidence
        (0-1), break_length_s (seconds before the word), and from the embedded engine misplaced_stress,
        misplaced_stress_confidence, expected_stress and said_stress (syllables from 0). Missing is NaN or NA.

    Raises
    ------
    ReplyError
        For what is no reply.

    Examples
    --------
    >>> pk.words(assessment).loc[1, ["word", "error_type"]].tolist()
    ['think', 'Mispronunciation']
    """
    return _table("words", x, _word_columns)


def syllables(x: Replies) -> pd.DataFrame:
    """One row per syllable.

    Parameters
    ----------
    x : Assessment, dict, str, bytes or iterable of these
        As in `utterances`.

    Returns
    -------
    pandas.DataFrame
        utterance_id; word_index; syllable_index (from 0 within the word); word; syllable (in phonemes); grapheme (in
        letters); accuracy_score (0-100, or 0-5 with FivePoint); offset_s and duration_s (seconds). Missing is NaN or
        NA.

    Raises
    ------
    ReplyError
        For what is no reply.

    Examples
    --------
    >>> syllables = pk.syllables(assessment)
    >>> syllables.loc[syllables["word"] == "weather", "syllable"].tolist()
    ['weh', 'dher']
    """
    return _table("syllables", x, _syllable_columns)


def phonemes(x: Replies) -> pd.DataFrame:
    """One row per phoneme, with the likeliest sound heard there.

    Parameters
    ----------
    x : Assessment, dict, str, bytes or iterable of these
        As in `utterances`.

    Returns
    -------
    pandas.DataFrame
        utterance_id; word_index; phoneme_index (from 0 within the word); word; phoneme; accuracy_score (0-100, or 0-5
        with FivePoint); heard and its heard_score (0-100), missing unless candidates were asked for; offset_s and
        duration_s (seconds). Missing is NaN or NA.

    Raises
    ------
    ReplyError
        For what is no reply.

    Examples
    --------
    >>> sounds = pk.phonemes(assessment)
    >>> sounds.loc[sounds["accuracy_score"] < 60, ["word", "phoneme", "heard"]].values.tolist()
    [['think', 'th', 's']]
    """
    return _table("phonemes", x, _phoneme_columns)


# --- reading ----------------------------------------------------------------------------------------------------


class _Utterance(NamedTuple):
    """A reply as `read_reply` gives it, with what only an assessment knows."""

    top: Json
    words: list[Json]
    utterance_id: str | None
    student: str | None
    reference_text: str | None
    flags: tuple[str, ...] | None


def _read(x: Replies) -> Iterator[_Utterance]:
    if isinstance(x, (Assessment, Mapping, str, bytes, bytearray)) or (
        not isinstance(x, Iterable) and unwrap(x) is not x
    ):
        x = [x]
    elif not isinstance(x, Iterable):
        raise ReplyError(
            f"There is nothing to tabulate in an object of type {type(x).__name__}. "
            "Give an Assessment, a reply dict, or an iterable of either."
        )
    for item in x:
        if isinstance(item, Assessment):
            top, its_words = read_reply(item.raw)
            utterance_id = item.utterance_id or text(top.get("Id"))
            flags = flags_in(top) if item.flags is None else item.flags
            yield _Utterance(top, its_words, utterance_id, item.student, item.reference_text, flags)
        else:
            top, its_words = read_reply(unwrap(item))
            known = text(top.get("Id")), None, verbatim(top.get("ReferenceText"))
            yield _Utterance(top, its_words, *known, flags_in(top))


def _unique(ids: Sequence[str | None]) -> list[str]:
    """The position in place of a missing id, and a suffix on an id that is taken; given ids come before positions."""
    unique = [str(position) if given is None else given for position, given in enumerate(ids)]
    if len(set(unique)) == len(unique):
        return unique
    taken = set(unique)
    seen: dict[str, int] = {}
    for position in sorted(range(len(ids)), key=lambda position: ids[position] is None):
        base = unique[position]
        seen[base] = seen.get(base, 0) + 1
        if seen[base] > 1:
            while (candidate := f"{base}-{seen[base]}") in taken:
                seen[base] += 1
            taken.add(candidate)
            unique[position] = candidate
    return unique


# --- tables -----------------------------------------------------------------------------------------------------

# Replies read at a time: few enough that their objects are still in the processor's cache when the next column is
# read from them, which halves the time for many replies.
_BATCH = 100


def _table(name: str, x: Replies, read_columns: Callable[[Sequence[_Utterance]], _Columns]) -> pd.DataFrame:
    """Fill a table. `read_columns` gives its columns for some utterances, with their numbers as `utterance_id`."""
    ids: list[str | None] = []
    pieces: list[_Columns] = []
    source = _read(x)
    while (batch := list(islice(source, _BATCH))) or not pieces:
        columns = read_columns(batch)
        columns["utterance_id"] += len(ids)
        ids.extend(utterance.utterance_id for utterance in batch)
        pieces.append(columns)
    whole = {column: np.concatenate([piece[column] for piece in pieces]) for column in SCHEMA[name]}
    whole["utterance_id"] = _texts(_unique(ids))[whole["utterance_id"]]
    frame: pd.DataFrame = pd.DataFrame(
        {column: _AS_DTYPE.get(dtype, np.asarray)(whole[column]) for column, dtype in SCHEMA[name].items()}, copy=False
    )
    return frame


# How a column of each dtype is made from what `read_columns` gives: objects for text, floats for numbers and flags.
_AS_DTYPE: Mapping[str, Callable[[Any], Any]] = {
    "string": lambda texts: pd.array(texts, dtype="string"),  # with or without pyarrow, as pandas itself would
    "boolean": lambda flag: pd.arrays.BooleanArray(flag == 1, np.isnan(flag)),
    "Int64": lambda count: pd.arrays.IntegerArray(np.nan_to_num(count).astype(np.int64), np.isnan(count)),
}


def _utterance_columns(batch: Sequence[_Utterance]) -> _Columns:
    columns = _fields([utterance.top for utterance in batch], (*UTTERANCE_FIELDS, *SCORE_FIELDS))
    columns |= _fields([pace_of(utterance.top) for utterance in batch], PACE_FIELDS)
    columns["utterance_id"] = np.arange(len(batch), dtype=np.int64)
    columns["student"] = _texts([utterance.student for utterance in batch])
    columns["reference_text"] = np.array([utterance.reference_text for utterance in batch], dtype=object)
    columns["recording_flags"] = np.array(
        [None if one.flags is None else ", ".join(one.flags) for one in batch], dtype=object
    )
    level = _below([utterance.words for utterance in batch])
    error_type = _texts(_values(level.items, "ErrorType"), missing="")

    def count(which: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        return np.bincount(level.parent[which], minlength=len(batch)).astype(np.float64)

    word_count, typed = count(np.full(len(error_type), True)), count(error_type != "")
    typed[[status_name(utterance.top.get("RecognitionStatus")) in NOTHING_HEARD for utterance in batch]] = 0
    columns["word_count"] = np.where(word_count > 0, word_count, np.nan)
    for name in ("Mispronunciation", "Omission", "Insertion"):
        columns[f"{name.lower()}_count"] = np.where(typed > 0, count(error_type == name), np.nan)
    return columns


def _word_columns(batch: Sequence[_Utterance]) -> _Columns:
    level = _below([utterance.words for utterance in batch])
    columns = _fields(level.items, WORD_FIELDS)
    columns |= _fields([prosody_of(word) if "Feedback" in word else {} for word in level.items], PROSODY_FIELDS)
    flags = chain.from_iterable(word_flags(utterance.words, utterance.reference_text) for utterance in batch)
    flagged = np.array(list(flags), dtype=np.float64).reshape(-1, len(Flags._fields))  # None becomes NaN
    columns |= dict(zip(Flags._fields, flagged.T, strict=True))
    columns["utterance_id"] = level.parent
    columns["word_index"] = level.place
    return columns


def _syllable_columns(batch: Sequence[_Utterance]) -> _Columns:
    columns, level = _within_words(batch, "Syllables", SYLLABLE_FIELDS)
    columns["syllable_index"] = level.place
    return columns


def _phoneme_columns(batch: Sequence[_Utterance]) -> _Columns:
    columns, level = _within_words(batch, "Phonemes", PHONEME_FIELDS)
    columns["phoneme_index"] = level.place
    likeliest = [
        sounds[0] if type(sounds) is list and sounds and type(sounds[0]) is dict else next(iter(dicts_in(sounds)), {})
        for sounds in _values(level.items, "NBestPhonemes")
    ]
    columns["heard"] = _texts(_values(likeliest, "Phoneme"))
    columns["heard_score"] = _numbers(_values(likeliest, "Score"))
    return columns


def _within_words(batch: Sequence[_Utterance], key: str, fields: Iterable[Field]) -> tuple[_Columns, _Level]:
    """Columns of a level below the words, with those that tell which word each row belongs to."""
    in_words = _below([utterance.words for utterance in batch])
    level = _below(_parts(in_words.items, key))
    columns = _fields(level.items, fields)
    columns["utterance_id"] = in_words.parent[level.parent]
    columns["word_index"] = in_words.place[level.parent]
    columns["word"] = _texts(_values(in_words.items, "Word"))[level.parent]
    return columns, level


class _Level(NamedTuple):
    """The parts of many parents in one list: the number of each one's parent, and its place among the parent's."""

    items: list[Json]
    parent: npt.NDArray[np.int64]
    place: npt.NDArray[np.int64]


def _below(parts: Sequence[Sequence[Json]]) -> _Level:
    sizes = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
    parent = np.repeat(np.arange(len(parts), dtype=np.int64), sizes)
    starts = np.cumsum(sizes) - sizes
    return _Level(list(chain.from_iterable(parts)), parent, np.arange(len(parent), dtype=np.int64) - starts[parent])


def _parts(items: Sequence[Json], key: str) -> list[list[Json]]:
    """`parts_of` each item; where all parts are flat already, which is seen at a glance, the reply's own lists."""
    parts = [value if type(value) is list else [] for value in _values(items, key)]
    flat = {dict}.issuperset(map(type, chain.from_iterable(parts))) and not any(
        NESTED in part for part in chain.from_iterable(parts)
    )
    return parts if flat else [parts_of(item, key) for item in items]


# --- columns ----------------------------------------------------------------------------------------------------


def _fields(items: Sequence[Json], fields: Iterable[Field]) -> _Columns:
    """The column of each field. Numbers and plain text are read in bulk, with the result of the field's own reader."""
    columns: _Columns = {}
    for name, key, read in fields:
        values = _values(items, key)
        if read is number:
            columns[name] = _numbers(values)
        elif read is seconds:
            columns[name] = _numbers(values) / TICKS_PER_SECOND
        elif read is whole:
            columns[name] = _numbers([whole(value) for value in values])
        else:
            columns[name] = _texts(values if read is text else [read(value) for value in values])
    return columns


def _values(items: Sequence[Json], key: str) -> list[Any]:
    try:
        return list(map(itemgetter(key), items))  # twice as fast as `get`, for a key that no item lacks
    except KeyError:
        return [item.get(key) for item in items]


def _numbers(values: list[Any]) -> npt.NDArray[np.float64]:
    if {float, int, type(None)}.issuperset(map(type, values)):
        try:
            column = np.array(values, dtype=np.float64)
        except OverflowError:  # an integer of hundreds of digits
            pass
        else:
            column[~np.isfinite(column)] = np.nan
            return column
    return np.array([number(value) for value in values], dtype=np.float64)


def _texts(values: Sequence[object], missing: object = pd.NA) -> npt.NDArray[np.object_]:
    """Text that is not empty, and `missing` for all else."""
    if not {str}.issuperset(map(type, values)) or "" in values:
        values = [value if isinstance(value, str) and value else missing for value in values]
    return np.array(values, dtype=object)
