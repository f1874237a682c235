"""What goes into a gradebook, checked: one clear error before anything is written."""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from ..errors import InputError
from ..params import PronunciationScoreParams
from ..results import Assessment
from ..typed import is_one_date, local_time, spelled
from . import schema
from .audio import Sound, bytes_of, name_of


@dataclass(frozen=True, slots=True)
class Entry:
    """An attempt to be stored.

    `row` has the columns of `schema.attempts` that do not refer to other tables; `place` is None for behind all others.
    """

    student: str
    class_name: str
    task: str
    row: Mapping[str, Any] = field(repr=False)
    audio: bytes | None = field(default=None, repr=False)
    place: int | None = None

    @property
    def attempt_id(self) -> str:
        """The id by which it will be found."""
        return str(self.row["attempt_id"])


def make_entry(
    assessment: Assessment,
    *,
    student: str | None = None,
    class_name: str | None = None,
    task: str | None = None,
    recording: Sound | None = None,
    recorded_at: str | date | datetime | None = None,
    service: str | None = None,
    service_version: str | None = None,
    params: PronunciationScoreParams | Mapping[str, Any] | None = None,
    key: str | None = None,
    place: int | None = None,
) -> Entry:
    """See `Gradebook.record`. Raises `InputError`."""
    if not isinstance(assessment, Assessment):
        raise InputError(
            f"A gradebook records an Assessment, not {type(assessment).__name__}. "
            "Read a reply with Assessment.from_json."
        )
    key = text_of(key, "key") or None
    data = None if recording is None else bytes_of(recording)
    row = {
        # The same key gives the same id in every gradebook, so that a repeated run ends with equal rows.
        "attempt_id": uuid.uuid4().hex if key is None else hashlib.sha256(key.encode()).hexdigest()[:32],
        "key": key,
        "recorded_at": datetime.now(timezone.utc) if recorded_at is None else moment(recorded_at),
        "reference_text": text_of(assessment.reference_text, "reference_text"),
        "service": text_of(service, "service") or None,
        "service_version": text_of(service_version, "service_version") or None,
        "params": _params_json(params),
        "audio_sha256": None if data is None else name_of(data),
        "reply": schema.pack_reply(assessment.raw),
    }
    return Entry(
        student=name_in(assessment.student if student is None else student, "student"),
        class_name=name_in(class_name, "class_name"),
        task=name_in(task, "task"),
        row=row,
        audio=data,
        place=place,
    )


def make_mark(score: float, author: str, reason: str, word_index: int | None) -> dict[str, Any]:
    """A teacher's mark as it is stored, but for the attempt; see `Gradebook.override`. Raises `InputError`."""
    number = float(score) if isinstance(score, Real) and not isinstance(score, bool) else math.nan
    if not 0 <= number <= 100:
        raise InputError(f"The mark is {score!r}. Give a number from 0 to 100.")
    for value, what in ((author, "author"), (reason, "reason")):
        if not name_in(value, what):
            raise InputError(f"A mark needs its {what}. Give override(attempt_id, score, author=..., reason=...).")
    if word_index is not None:
        try:
            word_index = int(word_index.__index__())
        except AttributeError:
            raise InputError(f"word_index is {word_index!r}. Give the word's number, from 0, or None.") from None
    return {
        "mark_id": uuid.uuid4().hex,
        "word_index": word_index,
        "score": number,
        "author": name_in(author, "author"),
        "reason": text_of(reason, "reason"),
        "marked_at": datetime.now(timezone.utc),
    }


def text_of(value: str | None, what: str) -> str | None:
    """Text that every database can hold, as it is; None for None and what pandas has for it. Raises `InputError`."""
    if value is None or (not isinstance(value, str) and pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if not isinstance(value, str):
        raise InputError(f"{what} is {value!r}, which is {type(value).__name__}. Give a string, or None.")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f"{what} holds a null character or half of a surrogate pair: {value[:80]!r}. Remove it.")
    return value


def name_in(value: str | None, what: str) -> str:
    """A name spelled one way whatever the keyboard made of its accents and blanks, '' for none. Raises `InputError`."""
    return spelled(text_of(value, what) or "")


def moment(when: str | date | datetime) -> datetime:
    """An aware datetime, from a datetime, date or ISO text; without a zone, it is local time. Raises `InputError`."""
    is_plain = is_one_date(when) if isinstance(when, str) else isinstance(when, (date, np.datetime64))
    try:
        stamp: Any = pd.Timestamp(when) if is_plain else pd.NaT
        if stamp is not pd.NaT:
            aware: datetime = local_time(stamp.to_pydatetime(warn=False))
            return aware
    except (ValueError, TypeError, OverflowError):
        pass
    raise InputError(
        f"{when!r} is no date or time. Give a datetime, a date, or text such as 2026-05-07 or 2026-05-07T09:30+02:00."
    )


def _params_json(params: PronunciationScoreParams | Mapping[str, Any] | None) -> str | None:
    if params is None:
        return None
    try:
        return json.dumps(params.to_dict() if isinstance(params, PronunciationScoreParams) else dict(params))
    except (TypeError, ValueError, RecursionError):
        raise InputError("The parameters are not JSON. Give PronunciationScoreParams, or a dict of values.") from None
