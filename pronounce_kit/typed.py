"""Names and dates as people type them."""

from __future__ import annotations

import re
import unicodedata


def spelled(name: str) -> str:
    """A name spelled one way, whatever the keyboard made of its accents and blanks."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def is_one_date(text: str) -> bool:
    """Whether a text begins with a date that can be read in one way only: 2025-03-31, not 03/04/2025."""
    return re.match(r"\s*\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\d)", text) is not None
