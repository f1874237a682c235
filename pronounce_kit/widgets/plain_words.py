"""What an error says to a student."""

from __future__ import annotations

import logging

from ..errors import InternalError
from ..faults import internal_error

_log = logging.getLogger(__name__)


def in_plain_words(error: Exception, *more: str) -> str:
    """What went wrong, then `more`, and for a fault of the program who should see it.

    Our own errors say all there is to say. A fault is nothing that a student can mend, and nothing that a student did;
    its traceback goes to the notebook's log.
    """
    known = internal_error(error)
    if not isinstance(known, InternalError):
        return " ".join(filter(None, (str(known), *more)))
    _log.error("A fault of the program in a widget.", exc_info=error)
    show = f"Show this to your teacher: {known.fault} ({known.versions})."
    return " ".join(filter(None, ("Something in the program broke.", *more, show)))
