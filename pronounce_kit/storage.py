"""Writing files that are whole or not there."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from pathlib import Path

FORMULA_STARTS = "=+-@＝＋－＠\t\r\n"
"""In front of a cell of a CSV file, a spreadsheet takes these for a formula, some only after a blank is taken off."""


_HELD = (5, 32, 33)
"""Windows' numbers for "access is denied", which it says of open files too, and for files and parts that are in use."""

_PATIENCE_S = 1.0


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
        replace(partial, target)
    except BaseException:  # Ctrl-C too leaves no half of a file; it is raised again
        with contextlib.suppress(OSError):
            partial.unlink()
        raise
    return path


def replace(source: Path, target: Path) -> None:
    """Rename a file over an older one. Raises `OSError`.

    Windows refuses that while any program has one of them open; a virus scanner or indexer soon lets go of it.
    """
    deadline = time.monotonic() + _PATIENCE_S
    while not _is_replaced(source, target, last=time.monotonic() > deadline):
        time.sleep(0.05)


def _is_replaced(source: Path, target: Path, *, last: bool) -> bool:
    try:
        source.replace(target)
    except PermissionError as error:
        if getattr(error, "winerror", None) not in _HELD:
            raise
        if last:
            raise PermissionError(error.errno, "it is open in another program, or protected", str(target)) from error
        return False
    return True
