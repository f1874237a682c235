"""Names, dates and times as people and their programs type them, and the time where they are."""

from __future__ import annotations

import re
import time
import unicodedata
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone, tzinfo

# --- names ------------------------------------------------------------------------------------------------------

# What copying from web pages and chats leaves between letters, and nobody sees. Joiners (U+200C, U+200D) change how
# letters of some scripts look, so those stay between such letters.
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
_JOINERS = re.compile("[\u200c\u200d]")
STRAIGHT: Mapping[str, str] = (
    dict.fromkeys("’‘ʼʹ`´′‛", "'") | dict.fromkeys("‐‑‒–—−", "-") | dict.fromkeys("\u200c\u200d", "")
)
"""Signs in names that different keyboards put in the place of the same one, or that are not seen -> that one."""
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def spelled(name: str) -> str:
    """A name spelled one way, whatever the keyboard made of its accents, blanks and widths, without what is unseen."""
    seen = _UNSEEN.sub("", name).translate(_FULL_WIDTH)
    seen = _JOINERS.sub(lambda joiner: joiner[0] if _is_needed(seen, joiner.start()) else "", seen)
    return unicodedata.normalize("NFC", " ".join(seen.split()))


def _is_needed(text: str, place: int) -> bool:
    around = (text[place - 1 : place], text[place + 1 : place + 2])
    return all(one and unicodedata.category(one) in ("Lo", "Mn", "Mc", "So", "Sk") for one in around)


def look(name: str) -> str:
    """What a name looks like: equal for two that nobody could tell apart on paper (O’Brien, O'Brien)."""
    return spelled(name).translate({ord(sign): straight for sign, straight in STRAIGHT.items()})


def near(name: str) -> str:
    """What is left of a name without case, accents and signs: equal for two that may well be one person's."""
    bare = unicodedata.normalize("NFKD", look(name).casefold())
    return "".join(one for one in bare if one.isalnum())


# --- dates and times --------------------------------------------------------------------------------------------

ZONES: Mapping[str, int] = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "JST": 9, "KST": 9, "HKT": 8, "SGT": 8, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
    "EDT": -4, "MDT": -6, "PDT": -7,
}  # fmt: skip
"""Names of zones that mean one offset everywhere -> hours ahead of UTC. EST, CST, IST, BST and others mean several."""

_HALVES = {
    **dict.fromkeys(("am", "上午", "午前", "오전", "凌晨", "早上"), 0),
    **dict.fromkeys(("pm", "下午", "午後", "오후", "晚上"), 12),
}
_DATE = r"(?P<year>\d{4})(?P<sign>[-/]|\. ?)(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})\.?(?!\d)"
_TIME = (
    r"(?:(?P<before>上午|午前|오전|凌晨|早上|下午|午後|오후|晚上) ?)?"
    r"(?P<hour>\d{1,2})(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?)?"
    r"(?: ?(?P<after>[ap]\.? ?m\b\.?))?"
)
_ZONE = r"[\[(]?(?P<zone>[A-Za-z]+(?:/[A-Za-z_/+-]+)?)?(?: ?(?P<offset>[+-]\d{1,2}(?::?\d{2})?))?[\])]?"
_MOMENT = re.compile(rf"{_DATE}(?:(?:T| |, )?(?:{_TIME}) ?(?:{_ZONE}))?$", re.IGNORECASE)


def is_one_date(text: str) -> bool:
    """Whether a text begins with a date that can be read in one way only: 2025-03-31, not 03/04/2025."""
    return re.match(rf"\s*{_DATE}", text) is not None


def read_moment(text: str) -> datetime:
    """A date, or a date and time, as forms, spreadsheets and databases write it, the year first.

    2025-03-31, 2025/03/31 2:05:33 PM GMT+1, 2025-03-31T14:05:33.5Z, 2025-03-31 14:05 Europe/Berlin,
    2025. 3. 31. 오후 2:05. An offset counts as people mean it: GMT+1 is one hour ahead. Naive where no zone is given.

    Raises `ValueError`, whose message says what cannot be read.
    """
    plain = " ".join(_UNSEEN.sub("", text).replace("\u2212", "-").split())
    found = _MOMENT.match(plain)
    if found is None:
        raise ValueError(f"{text!r} is no date.")
    part = found.groupdict()
    try:
        day = datetime(int(part["year"]), int(part["month"]), int(part["day"]))
        if part["hour"] is None:
            return day
        time = timedelta(
            hours=_hour(part),
            minutes=_below(60, part["minute"]),
            seconds=_below(60, part["second"]),
            microseconds=int((part["fraction"] or "").ljust(6, "0")[:6]),
        )
        zone = _zone(part["zone"], part["offset"])
        return (day + time).replace(tzinfo=zone)
    except OverflowError:
        raise ValueError(f"{text!r} is no date.") from None
    except ValueError as error:
        reason = str(error)
        raise ValueError(reason if reason.endswith(".") else f"{text!r} is no date.") from None


def moment_of(value: object) -> datetime:
    """The moment that a cell or an argument means, in UTC; a time without a zone is of this machine's.

    A datetime, date, pandas Timestamp, numpy datetime64, or text; see `read_moment`. Raises `ValueError`, whose message
    says what is wrong; for what means no moment at all (NaT) too.
    """
    if isinstance(value, str):
        when = read_moment(value)
    else:
        import numpy as np
        import pandas as pd

        if not isinstance(value, (date, np.datetime64)) or pd.isna(value):  # NaT is a datetime to Python
            raise ValueError(f"{value!r} is no date.")
        if isinstance(value, np.datetime64):
            value = value.astype("datetime64[us]").item()
        elif isinstance(value, pd.Timestamp):
            value = value.to_pydatetime(warn=False)
        if not isinstance(value, date):  # beyond the year 9999
            raise ValueError(f"{value!r} is no date.")
        when = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    try:
        return local_time(when).astimezone(timezone.utc)
    except (OverflowError, ValueError):  # the first and last day there are, a zone away
        raise ValueError(f"{when:%Y-%m-%d} is no date that a calendar here can hold.") from None


def local_time(moment: datetime) -> datetime:
    """An aware datetime where this computer is; one without a zone is of here already. Raises `OverflowError`.

    Windows knows the rules of its zone for moments since 1970 only, and Python from 3.12 on those of no moment on the
    last day of the calendar; such have its standard time.
    """
    try:
        return moment.astimezone()
    except (OSError, ValueError):
        here = timezone(timedelta(seconds=-time.timezone))
        return moment.astimezone(here) if moment.tzinfo else moment.replace(tzinfo=here)


def _below(limit: int, digits: str | None) -> int:
    number = int(digits or 0)
    if number >= limit:
        raise ValueError
    return number


def _hour(part: Mapping[str, str | None]) -> int:
    hour = int(part["hour"] or 0)
    if part["before"] is None and part["after"] is None:
        if part["minute"] is None:
            raise ValueError  # a bare number is no time
        return _below(24, part["hour"])
    half = _HALVES[re.sub("[. ]", "", part["before"] or part["after"] or "").lower()]
    if not (0 if part["before"] else 1) <= hour <= 12:
        raise ValueError
    return hour % 12 + half


def _zone(name: str | None, offset: str | None) -> tzinfo | None:
    if name is None and offset is None:
        return None
    hours = 0
    if name is not None and name.upper() not in ("UTC", "GMT") and offset is None:
        if "/" in name:
            return _place(name)
        if name.upper() not in ZONES:
            raise ValueError(f"{name} is the name of several time zones, or of none. Write the offset, as in +01:00.")
        hours = ZONES[name.upper()]
    elif name is not None and name.upper() not in ("UTC", "GMT"):
        raise ValueError(f"{name}{offset} is no time zone. Write the offset alone, as in +01:00.")
    if offset is None:
        return timezone(timedelta(hours=hours))
    digits = offset[1:].replace(":", "")
    in_hours, in_minutes = (digits, None) if len(digits) <= 2 else (digits[:-2], digits[-2:])
    ahead = timedelta(hours=int(in_hours), minutes=_below(60, in_minutes))
    if ahead > timedelta(hours=14):
        raise ValueError(f"{offset} is no time zone: none is more than 14 hours from UTC.")
    return timezone(-ahead if offset[0] == "-" else ahead)


def _place(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is no time zone that is known here. Write the offset, as in +01:00.") from None
