"""Names and dates as people type them, and the time where they are."""

from __future__ import annotations

import re
import time
import unicodedata
from datetime import datetime, timedelta, timezone


def spelled(name: str) -> str:
    """A name spelled one way, whatever the keyboard made of its accents and blanks."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def is_one_date(text: str) -> bool:
    """Whether a text begins with a date that can be read in one way only: 2025-03-31, not 03/04/2025."""
    return re.match(r"\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\d)", text) is not None


def local_time(moment: datetime) -> datetime:
    """An aware datetime where this computer is; one without a zone is of here already. Raises `OverflowError`.

    Windows knows the rules of its zone for moments since 1970 only; earlier ones have its standard time.
    """
    try:
        return moment.astimezone()
    except OSError:
        here = timezone(timedelta(seconds=-time.timezone))
        return moment.astimezone(here) if moment.tzinfo else moment.replace(tzinfo=here)
