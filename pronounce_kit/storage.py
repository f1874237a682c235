"""Writing files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

FORMULA_STARTS = "=+-@＝＋－＠\t\r\n"
"""In front of a cell of a CSV file, a spreadsheet takes these for a formula, some only after a blank is taken off."""


def write_whole(path: str | os.PathLike[str], data: bytes) -> Path:
    """Write a file under another name, sync it to disk and rename it; an older one stays until then. Returns its path.

    A link keeps pointing where it does; a device or pipe is written to, not replaced. Raises `OSError` where it cannot
    be written, and `ValueError` for a path with a null character.
    """
    path = Path(path)
    if path.exists() and not path.is_file():
        path.write_bytes(data)
        return path
    target = path.resolve()
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        with partial.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:  # Ctrl-C too leaves no half of a file; it is raised again
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    return path
