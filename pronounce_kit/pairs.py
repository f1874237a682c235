"""Two scores of the same thing, side by side: what `agreement` compares and `calibrate` learns from.

    teacher_pairs(tables)       the machine's score and a teacher's mark of the same sentence or word
    service_pairs(tables)       the scores of two services, or versions of one, for the same recording and text
    retest_pairs(tables)        the scores of one service for the same recording and text, assessed again

Each gives one row per pair, with the columns of `SCHEMA`. Pairs of which either score is missing are left out: what
was not heard was not scored by anyone. Of several marks by one teacher the latest counts; the marks of several
teachers are averaged. A recording is the same where its bytes (`audio_sha256`), its student and its text are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import pandas as pd

from .errors import InputError

if TYPE_CHECKING:
    from .gradebook import Gradebook  # loads SQLAlchemy

SCHEMA: Mapping[str, str] = {
    "first": "string",
    "second": "string",
    "level": "string",
    "score": "string",
    "student": "string",
    "recording": "string",
    "first_score": "float64",
    "second_score": "float64",
}
"""Column -> dtype: who gave the two scores, of what ("sentence", "word", "phoneme"), which score, and the two scores.

`student` tells apart students of the same name in two classes; `recording` is the attempt, or the recording's hash.
"""

TEACHER = "teacher"
MACHINE = "machine"
"""Who gave a score of which the gradebook does not name the service."""

SENTENCE_SCORES = ("pron_score", "accuracy_score", "fluency_score", "completeness_score", "prosody_score")

_KEYS = ["attempt_id", "word_index"]


@dataclass(frozen=True)
class Tables:
    """The frames of a gradebook that pairs are made of; words and phonemes are read where they are needed."""

    attempts: pd.DataFrame
    marks: pd.DataFrame
    words: Callable[[], pd.DataFrame]
    phonemes: Callable[[], pd.DataFrame]

    @classmethod
    def of(cls, gradebook: Gradebook, **filters: Any) -> Tables:
        """Those of a gradebook; filters are class_name, student, task, since, until."""
        return cls(
            gradebook.attempts(**filters),
            gradebook.marks(**filters),
            cache(lambda: gradebook.words(**filters)),
            cache(lambda: gradebook.phonemes(**filters)),
        )


def all_pairs(tables: Tables, *, author: str | None = None) -> pd.DataFrame:
    """The pairs of every kind."""
    kinds = (teacher_pairs(tables, author=author), service_pairs(tables), retest_pairs(tables))
    return pd.concat(kinds, ignore_index=True)


def teacher_pairs(tables: Tables, *, author: str | None = None) -> pd.DataFrame:
    """The machine's score (first) and the teacher's mark (second), of sentences and words.

    A mark of a sentence stands beside the machine's overall score, a mark of a word beside the word's accuracy.
    `author` keeps the marks of one teacher. Raises `InputError` for an author who gave no mark.
    """
    marks = _latest(_plain(tables.marks), author)
    if marks.empty:
        return _tidy()
    attempts = _attempts(tables)
    of_sentence = marks[marks["word_index"].isna()].drop(columns="word_index")
    of_word = marks[marks["word_index"].notna()]
    pieces = [_beside(attempts, of_sentence, level="sentence", score="pron_score")]
    if not of_word.empty:
        words = _plain(tables.words()).rename(columns={"utterance_id": "attempt_id"})
        words = words[words["attempt_id"].isin(of_word["attempt_id"])]
        words = words[[*_KEYS, "accuracy_score"]].astype({"word_index": "Int64"})
        words = words.merge(attempts[["attempt_id", "service", "student"]], on="attempt_id")
        pieces.append(_beside(words, of_word, level="word", score="accuracy_score"))
    return _tidy(*pieces)


def service_pairs(tables: Tables) -> pd.DataFrame:
    """The scores of two services for the same recording and text; two versions of a service are two services.

    Of several attempts of a service at a recording, its first one counts.
    """
    attempts = _with_audio(tables).drop_duplicates([*_SAME_AUDIO, "service", "service_version"])
    several = attempts.groupby("service")["service_version"].transform("nunique") > 1
    versioned = attempts["service"] + " " + attempts["service_version"]
    attempts["service"] = attempts["service"].where(~several, versioned.str.strip())
    # Sorted by name, so that A is compared with B in every recording, and never B with A.
    groups = attempts.sort_values("service", kind="stable").groupby(_SAME_AUDIO, sort=False)["attempt_id"]
    links = [pair for _, ids in groups if len(ids) > 1 for pair in combinations(ids, 2)]
    return _linked(tables, attempts, links)


def retest_pairs(tables: Tables) -> pd.DataFrame:
    """The scores of a service for a recording and text it was given again: each time beside the time before."""
    attempts = _with_audio(tables)
    groups = attempts.groupby([*_SAME_AUDIO, "service", "service_version"], sort=False)["attempt_id"]
    links = [pair for _, ids in groups if len(ids) > 1 for pair in pairwise(ids)]
    return _linked(tables, attempts, links)


_SAME_AUDIO = ["student", "audio_sha256", "reference_text"]


def _attempts(tables: Tables) -> pd.DataFrame:
    """The attempts with a name for every service, and a student that no other class has."""
    attempts = _plain(tables.attempts)
    attempts["service"] = attempts["service"].fillna(MACHINE)
    attempts["student"] = attempts["class_name"].fillna("") + "/" + attempts["student"].fillna("")
    return attempts


def _with_audio(tables: Tables) -> pd.DataFrame:
    """The attempts of which the recording is known, so that it can be found again."""
    known: pd.DataFrame = _attempts(tables).dropna(subset=_SAME_AUDIO)
    known["service_version"] = known["service_version"].fillna("")
    return known


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with text as plain objects: of the several kinds of text columns, pandas does not join all."""
    texts = [name for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.StringDtype)]
    plain: pd.DataFrame = frame.astype(dict.fromkeys(texts, object))
    return plain


def _latest(marks: pd.DataFrame, author: str | None) -> pd.DataFrame:
    """One mark for each sentence or word: the mean of what each teacher said last."""
    if author is not None:
        authors = sorted(map(str, marks["author"].dropna().unique()))
        marks = marks[marks["author"] == author]
        if marks.empty:
            known = f"Marks were given by {', '.join(authors)}" if authors else "The gradebook has no marks"
            raise InputError(f"There is no mark by {author!r}. {known}.")
    marks = marks.sort_values("marked_at", kind="stable").astype({"word_index": "Int64"})
    latest = marks.drop_duplicates([*_KEYS, "author"], keep="last")
    means: pd.DataFrame = latest.groupby(_KEYS, dropna=False, sort=False)["score"].mean().rename("mark").reset_index()
    return means


def _beside(machine: pd.DataFrame, marks: pd.DataFrame, *, level: str, score: str) -> pd.DataFrame:
    pairs: pd.DataFrame = machine.merge(marks, on=[key for key in _KEYS if key in marks])
    of_pair = {"service": "first", "attempt_id": "recording", score: "first_score", "mark": "second_score"}
    pairs = pairs[["student", *of_pair]].rename(columns=of_pair)
    pairs["second"], pairs["level"], pairs["score"] = TEACHER, level, score
    return pairs


def _linked(tables: Tables, attempts: pd.DataFrame, links: list[tuple[str, str]]) -> pd.DataFrame:
    """The scores of two attempts at the same recording, on every level, for each pair of attempts."""
    if not links:
        return _tidy()
    keyed = attempts.set_index("attempt_id")
    first_ids, second_ids = (pd.Index([link[place] for link in links]) for place in (0, 1))
    link = pd.DataFrame(
        {
            "first_id": first_ids,
            "second_id": second_ids,
            "first": keyed["service"].reindex(first_ids).to_numpy(),
            "second": keyed["service"].reindex(second_ids).to_numpy(),
            "student": keyed["student"].reindex(first_ids).to_numpy(),
            "recording": keyed["audio_sha256"].reindex(first_ids).to_numpy(),
        }
    )
    pieces = [
        link.assign(
            level="sentence",
            score=score,
            first_score=keyed[score].reindex(first_ids).to_numpy(),
            second_score=keyed[score].reindex(second_ids).to_numpy(),
        )
        for score in SENTENCE_SCORES
        if score in keyed
    ]
    words = _plain(tables.words())
    words = words[words["utterance_id"].isin(first_ids.union(second_ids))].copy()
    # Services count added words differently, so a word is found again by its place among those of the text.
    words = words[words["error_type"].fillna("") != "Insertion"]
    words["place"] = words.groupby("utterance_id", sort=False).cumcount()
    words["spelt"] = words["word"].str.casefold()
    pieces.append(_matched(link, words, ["place", "spelt"], "word"))
    phonemes = _plain(tables.phonemes())
    phonemes = phonemes.merge(
        words[["utterance_id", "word_index", "place", "spelt"]], on=["utterance_id", "word_index"]
    )
    if not phonemes.empty:
        # A pronunciation of another length has other sounds in the same places.
        phonemes["length"] = phonemes.groupby(["utterance_id", "place"])["phoneme_index"].transform("size")
        pieces.append(_matched(link, phonemes, ["place", "spelt", "phoneme_index", "length"], "phoneme"))
    return _tidy(*pieces)


def _matched(link: pd.DataFrame, parts: pd.DataFrame, keys: list[str], level: str) -> pd.DataFrame:
    parts = parts[["utterance_id", *keys, "accuracy_score"]]
    first = parts.rename(columns={"utterance_id": "first_id", "accuracy_score": "first_score"})
    second = parts.rename(columns={"utterance_id": "second_id", "accuracy_score": "second_score"})
    matched: pd.DataFrame = link.merge(first, on="first_id").merge(second, on=["second_id", *keys])
    matched["level"], matched["score"] = level, "accuracy_score"
    return matched


def _tidy(*pieces: pd.DataFrame) -> pd.DataFrame:
    empty = pd.DataFrame({column: pd.Series(dtype=dtype) for column, dtype in SCHEMA.items()})
    given = [piece[list(SCHEMA)].astype(dict(SCHEMA)) for piece in pieces]
    pairs: pd.DataFrame = pd.concat([piece for piece in given if not piece.empty] or [empty], ignore_index=True)
    pairs = pairs.dropna(subset=["first_score", "second_score"]).reset_index(drop=True)
    return pairs
