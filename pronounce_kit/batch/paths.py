r"""Files found by paths that another system wrote: rec\a.wav, "C:\Users\Ana\a.wav", A.WAV for a.wav, parted accents."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from urllib.parse import unquote, urlsplit

from ..errors import AudioError

_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")  # Windows puts one before a copied path
_QUOTES = ('""', "''", "“”", "‘’", "«»")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class Finder:
    """Looks paths up from one folder; each folder on the way is listed once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._listings: dict[Path, tuple[int, dict[str, list[str]]]] = {}

    def find(self, written: str) -> Path:
        r"""The file that a path means, or where it should be: relative to the folder, as it was written.

        A path of another machine (C:\Users\..., /Users/...) is looked for here by its end. Raises `AudioError` where
        it may mean several files, or is an address on the web.
        """
        for plain in dict.fromkeys((written, _unwrapped(written))):
            path = self.folder / plain
            if path.exists():
                return path
        parts, is_foreign = _parts(plain)
        # Of a path of another machine, the more of its end is found here the better.
        ends = [parts[start:] for start in range(len(parts))] if is_foreign else [parts]
        for end in filter(None, ends):
            if (found := self._descend(end, written)) is not None:
                return found
        return path

    def is_elsewhere(self, written: str) -> bool:
        """Whether a path begins at a place that this machine does not have."""
        plain = _unwrapped(written)
        return _parts(plain)[1] and not Path(plain).exists()

    def _descend(self, parts: Sequence[str], written: str) -> Path | None:
        at = self.folder
        for part in parts:
            if part == "..":
                at = at.parent
                continue
            here = at / part
            if not here.exists():
                found = self._like(at, part)
                if not found:
                    return None
                if len(found) > 1:
                    raise AudioError(
                        f"{written.strip()} may mean {' or '.join(sorted(found))} in {at}. "
                        "Write the name as it stands there."
                    )
                here = at / found[0]
            at = here
        return at if at.is_file() else None

    def _like(self, folder: Path, name: str) -> list[str]:
        """The names in a folder that differ from this one in case, accents' encoding or blanks at the end only."""
        try:
            changed = folder.stat().st_mtime_ns
            if self._listings.get(folder, (None,))[0] != changed:
                listing: dict[str, list[str]] = {}
                for entry in os.listdir(folder):
                    listing.setdefault(_folded(entry), []).append(entry)
                self._listings[folder] = changed, listing
        except OSError:
            return []
        found = self._listings[folder][1].get(_folded(name), [])
        same = [one for one in found if unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", name)]
        return same or found


def _unwrapped(written: str) -> str:
    """A path without what is around it: blanks, quotes of "Copy as path", marks of direction, file://."""
    plain = _DIRECTIONS.sub("", written).strip()
    while len(plain) > 1 and plain[0] + plain[-1] in _QUOTES:
        plain = plain[1:-1].strip()
    scheme = plain.partition("://")[0].lower()
    if scheme in ("http", "https", "ftp"):
        raise AudioError(f"{plain[:200]} is an address on the web. Download the recording and give its file.")
    if scheme == "file":
        split = urlsplit(plain)
        path = unquote(split.path)
        plain = path[1:] if re.match(r"/[A-Za-z]:", path) else path
        if split.netloc not in ("", "localhost"):
            plain = f"//{split.netloc}{path}"
    return plain


def _parts(plain: str) -> tuple[list[str], bool]:
    """The folders and the name of a path of any system, and whether it begins at a place of a machine."""
    if _DRIVE.match(plain) or "\\" in plain:
        windows = PureWindowsPath(plain)
        parts = windows.parts[1:] if windows.anchor else windows.parts
        is_foreign = bool(windows.anchor)
    else:
        posix = PurePosixPath(plain.replace("~/", "/", 1) if plain.startswith("~/") else plain)
        parts = posix.parts[1:] if posix.anchor else posix.parts
        is_foreign = bool(posix.anchor)
    return [part for part in parts if part not in ("", ".")], is_foreign


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).strip().rstrip(".")
