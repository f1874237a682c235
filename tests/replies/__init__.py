"""Example replies of the Speech service, one file for each shape and quirk; written for these tests.

`flat`, `nested` and `strings` say the same about the same reading.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
ERRORS = [name for name in NAMES if name.startswith("error_")]
LISTS = [name for name in NAMES if name.startswith("list_")]
REPLIES = [name for name in NAMES if name not in (*ERRORS, *LISTS)]


def load(name: str) -> Any:
    """A fresh copy of an example."""
    return json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
