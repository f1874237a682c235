"""Cells of a table as text and moments, the same whether the table is a CSV file, a DataFrame or a list."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from numbers import Real

import numpy as np
import pandas as pd

from ..errors import InputError
from ..typed import is_one_date, moment_of, spelled

# When recordings are made. Zero is 0001-01-01 to .NET, 1899-12-30 to Excel, 1970-01-01 to Unix; 9999-12-31 is "never".
_YEARS = range(1971, 2200)


def is_missing(value: object) -> bool:
    """Whether a cell says nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return True
    return pd.api.types.is_scalar(value) and bool(pd.isna(value))  # type: ignore[call-overload]


def cell_text(value: object) -> str:
    """A cell as a CSV file would have it: 17 for a spreadsheet's 17.0, 3:30 for its time, a date without a clock."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d}" if value.time() == time() else f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, time):
        return f"{value.hour}:{value:%M:%S}" if value.second else f"{value.hour}:{value:%M}"
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    if isinstance(value, Real) and not isinstance(value, (bool, np.bool_)) and float(value).is_integer():
        return str(int(float(value)))
    # Half a surrogate pair: no file and no database can hold it.
    return str(value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def name_of(value: object) -> str | None:
    """A name as text, spelled one way whatever the keyboard made of its accents."""
    return None if is_missing(value) else spelled(cell_text(value)) or None


def moment_in(value: object) -> datetime | None:
    """The moment in a cell, in UTC; None if it says nothing. Raises `InputError`."""
    if is_missing(value):
        return None
    if isinstance(value, str) and not is_one_date(value):
        raise InputError(f"The date {value!r} may be read in several ways. Write it as 2025-03-31 14:05.")
    year: int | None
    if isinstance(value, np.datetime64):
        year = int(str(value.astype("datetime64[Y]")))
    else:
        year = int(value.strip()[:4]) if isinstance(value, str) else getattr(value, "year", None)
    if year is not None and year not in _YEARS:
        raise InputError(
            f"The date {cell_text(value)} is what programs write where there is none. Write it as 2025-03-31 14:05, "
            "or leave the cell empty."
        )
    try:
        return moment_of(value)
    except ValueError as error:
        raise InputError(f"{error} Write it as 2025-03-31 14:05.") from None
