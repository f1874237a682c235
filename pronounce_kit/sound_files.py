"""What kind of sound file some bytes are, by how they begin."""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of sound file; `suffix` is what players expect of its name, `media_type` what browsers go by."""

    name: str
    suffix: str
    media_type: str


_WAV = Kind("WAV", ".wav", "audio/wav")
_MP3 = Kind("MP3", ".mp3", "audio/mpeg")

_KINDS = (
    (0, b"RIFF", _WAV),
    (0, b"\x1aE\xdf\xa3", Kind("WebM", ".webm", "audio/webm")),
    (0, b"OggS", Kind("OGG", ".ogg", "audio/ogg")),
    (0, b"fLaC", Kind("FLAC", ".flac", "audio/flac")),
    (4, b"ftyp", Kind("M4A", ".m4a", "audio/mp4")),
    (0, b"RF64", _WAV),
    (0, b"caff", Kind("CAF", ".caf", "audio/x-caf")),
    (0, b"FORM", Kind("AIFF", ".aiff", "audio/aiff")),
    (0, b"#!AMR", Kind("AMR", ".amr", "audio/amr")),
    (0, b"riff", Kind("Wave64", ".w64", "audio/x-w64")),
    (0, b"NIST_1A", Kind("NIST SPHERE", ".sph", "audio/x-nist")),
    (0, b"ID3", _MP3),
    (0, b"\xff\xfb", _MP3),
    (0, b"\xff\xf3", _MP3),
    (0, b"\xff\xf2", _MP3),
)
"""Where in the file, which bytes -> its kind."""


SUFFIXES = frozenset(
    ".3gp .aac .aif .aifc .aiff .amr .caf .flac .m4a .m4b .mkv .mov .mp3 .mp4 "
    ".oga .ogg .opus .rf64 .sph .w64 .wav .webm .wma".split()
)
"""What the names of sound files end in, in small letters."""


def kind_of(data: bytes) -> Kind | None:
    """The kind of file that these bytes begin like; None for one that is not known here."""
    return next((kind for at, start, kind in _KINDS if data[at : at + len(start)] == start), None)


_AGAIN = "Download the recording again, and look whether it plays."
_FOREIGN = (
    (
        rb"<(!doctype\s+html|html|head|script)",
        f"a web page, perhaps one that asks to log in, not a recording. {_AGAIN}",
    ),
    (rb"version https://git-lfs", "a pointer of Git LFS, not the recording. Fetch that: git lfs pull."),
    (rb"bplist00", "a placeholder of the cloud, not the recording. Download that: open it once in its folder."),
    (rb"<\?xml|<Error|<!\[CDATA", f"a text (XML), such as the message of a server, not a recording. {_AGAIN}"),
    (rb"[{\[]\s*(\"|\{|\[|\})", f"a text (JSON), such as the message of a server, not a recording. {_AGAIN}"),
    (rb"\[InternetShortcut\]", f"a link to a web page, not a recording. {_AGAIN}"),
    (rb"PK\x03\x04", "a zip file or document, not a recording. Unpack it, and give the recording in it."),
    (rb"7z\xbc\xaf|Rar!|\x1f\x8b", "a packed file, not a recording. Unpack it, and give the recording in it."),
    (rb"%PDF", "a PDF document, not a recording. Give the file of the recording."),
    (rb"\x89PNG|\xff\xd8\xff|GIF8", "a picture, not a recording. Give the file of the recording."),
    (rb"MThd", "a MIDI file: notes, no sound. Give a WAV, FLAC, MP3, M4A, OGG or WebM recording."),
    (rb"ajkg", "a file packed with shorten. Convert it first: shorten -x, or sph2pipe -f wav."),
)
"""How other files begin, after blanks -> what to say of them."""


def foreign_kind(data: bytes) -> str | None:
    """What bytes that are no sound are, and what to do, to go on after "It is"; None for what is not known here."""
    start = data[:512].removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
    for pattern, said in _FOREIGN:
        if re.match(pattern, start, re.IGNORECASE):
            return said
    if not data[:65536].strip(b"\0"):
        return f"full of zeros: it was not copied or downloaded to its end. {_AGAIN}"
    if all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in data[:512]):
        return f"a text, not a recording. {_AGAIN}"
    return None
