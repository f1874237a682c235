"""Text files in the encodings that programs on people's machines write.

UTF-8, UTF-16 and UTF-32 tell themselves by a mark or by their bytes. All others fit nearly any bytes, so a reading is
taken only if it is clearly better than every other reading; else the reader is asked, with the candidates to choose
from. Which is better is chardet's opinion of the parts that are not ASCII, and what no language writes.
"""

from __future__ import annotations

import codecs
import contextlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from .errors import InputError

CANDIDATES: Mapping[str, str] = {
    "cp1252": "Western European",
    "gb18030": "Chinese, simplified",
    "big5": "Chinese, traditional",
    "cp932": "Japanese",
    "cp949": "Korean",
    "cp1251": "Cyrillic",
    "cp1250": "Central European",
    "cp1253": "Greek",
    "cp1254": "Turkish",
    "mac_roman": "Western European, old Macintosh",
}
"""Encoding, as Python names it -> who writes it: what Excel's "CSV" is on the machines of each."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, with whose mark it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")

# How many times as good as the next a reading must be, and how much more for what is judged by a single piece.
_CLEARLY, _CLEARER = 1.2, 0.6
_NOT_JUDGED = 0.7  # of the best opinion: what chardet did not look at is not ruled out by that
_UNHEARD_OF = 0.3  # factor for a reading with something that its languages do not write
_FEWEST_PLAIN = 0.25  # of the letters of a long word in Latin script: the rest are its accents
_JUDGED = 400  # distinct odd pieces that are looked at
_SHOWN = 4  # candidates in the question

_PIECES = re.compile(rb"[,;\t|\"\r\n]+")
# Between the letters of a word, or alone: what people and their programs put there.
_TYPOGRAPHIC = frozenset("’‘“”„–—…•\xa0«»¡¿€£°·ªº")
# Where they do not put it: a dot in Catalan stands between two l.
_MISPLACED = re.compile(
    r"[^\W\d_][–—•«¡¿€£°„ªº]|[–—…•»€£°”ªº][^\W\d_]|(?<!l)·|·(?!l)|[¡¿](?-i:[a-z])|[a-z][“‘][a-z]|[À-ɏ]\d|\d[À-ɏ]", re.I
)
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = {
    "LATIN": "Latin",
    "GREEK": "Greek",
    "CYRILLIC": "Cyrillic",
    "CJK": "East Asian",
    "IDEOGRAPHIC": "East Asian",
    "HIRAGANA": "East Asian",
    "KATAKANA": "East Asian",
    "HANGUL": "Korean",
}

_V, _C = "aeiouyáâàäãåæéèêëíìîïóòôöõøúùûüýąęěőůűă", "bcčćdďđfghjklĺľłmnńňñpqrřŕsśštťţvwxzźžż"
_NOT_WRITTEN: Mapping[str, re.Pattern[str]] = {
    "cp1250": re.compile(
        f"ń[{_V}]|[{_V}][ŕĺ]|[ŕĺ]([{_V}]|$)|[{_C}][čćďňřŕĺ][{_C}]|[{_C}][ďňť]$|[ďň][{_C}]|[ăő][{_V}]|čve"
    ),
    "cp1252": re.compile(
        rf"ñ([{_C}]|$)|[{_V}][øå][{_V}]|(æ|iè)$|ã[^oe]|õ[^e]|è[{_V}]|ù.|[{_V}]ò[{_C}]|[{_C}]{{2}}þ|[ýþ].*[ýþ]"
    ),
    "cp1254": re.compile("[èòìùøåæõãñÿ]"),
}
"""Encoding -> letters, or their company, that its languages do not have, but readings of another encoding do."""

_COMMON: Mapping[str, tuple[str, range]] = {
    "gb18030": ("gb2312", range(0xB0, 0xD8)),
    "big5": ("big5", range(0xA4, 0xC6)),
    "cp932": ("shift_jis", range(0x81, 0x98)),
    "cp949": ("euc_kr", range(0xB0, 0xC9)),
}
"""Encoding -> the older one that has nearly all names, and the first bytes there of what is in daily use."""


@dataclass(frozen=True, slots=True)
class _Reading:
    encoding: str
    pieces: list[str]  # what is not ASCII, read
    score: float


def decode_text(data: bytes, what: str, encoding: str | None = None) -> str:
    """Text from the bytes of a file.

    Parameters
    ----------
    data
        The whole file.
    what
        What it is, for messages.
    encoding
        Its encoding by any name that Python knows; None to find out. A mark at the beginning goes before it.

    Returns
    -------
    str
        The text, without a mark at its beginning.

    Raises
    ------
    InputError
        Where it is no text, is not of that encoding, or may be read in several ways; the message names them.

    """
    if marked := next((name for mark, name in _MARKS if data.startswith(mark)), None):
        return _decoded(data, marked, what)
    if encoding is not None:
        return _decoded(data, _known(encoding), what).removeprefix("\ufeff")
    if b"\0" in data:
        return _decoded(data, _wide(data, what), what)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(data, _guess(data, what), what)


def _decoded(data: bytes, encoding: str, what: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{what} is not in the encoding {encoding}: byte {error.start:,} does not fit. "
            "Give another encoding, or save it as UTF-8."
        ) from None
    if "\0" in text:
        raise _no_text(what)
    return text


def _known(encoding: str) -> str:
    with contextlib.suppress(LookupError, TypeError, ValueError):
        "".encode(encoding)  # refuses what turns no text into bytes, such as hex
        return encoding
    raise InputError(
        f"The encoding {encoding!r} is not known. Give one such as utf-8, {', '.join(list(CANDIDATES)[:6])}."
    )


def _no_text(what: str) -> InputError:
    return InputError(f"{what} is no table of text. Save it as CSV in UTF-8.")


def _wide(data: bytes, what: str) -> str:
    """UTF-16 or UTF-32 without a mark: every text has blanks, separators or line ends, whose other bytes are 0."""
    fits = []
    for encoding in _WIDE:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text and "\0" not in text and all(map(_is_sensible, text)):
            fits.append((sum(map(str.isascii, text)), encoding))
    if not fits or not max(fits)[0]:
        raise _no_text(what)
    return max(fits)[1]


def _is_sensible(character: str) -> bool:
    return character in "\t\r\n" or unicodedata.category(character) not in ("Cc", "Cn", "Co", "Cs")


# --- encodings that fit anything --------------------------------------------------------------------------------


def _guess(data: bytes, what: str) -> str:
    pieces = [piece.strip() for piece in _PIECES.split(data) if not piece.isascii()]
    pieces = list(dict.fromkeys(pieces))[:_JUDGED]
    readings = _readings(pieces)
    if not readings:
        raise InputError(f"{what} is in an encoding that is not known here. Save it as UTF-8.")
    clearly = _CLEARLY + _CLEARER / len(pieces)
    if len(readings) == 1 or readings[0].score >= clearly * readings[1].score:
        return readings[0].encoding
    raise InputError(_question(readings, what))


def _question(readings: list[_Reading], what: str) -> str:
    shown = readings[:_SHOWN]
    differing = next(
        (n for n in range(len(shown[0].pieces)) if len({reading.pieces[n] for reading in shown}) == len(shown)), 0
    )
    options = "; ".join(
        f"{reading.pieces[differing][:40]!r} is {reading.encoding} ({CANDIDATES[reading.encoding]})"
        for reading in shown
    )
    return (
        f"{what} is not UTF-8, and its letters may be read in several ways: {options}. "
        f"Say which one is right: --encoding {shown[0].encoding} on the command line, encoding="
        f'{shown[0].encoding!r} in Python; or save it as UTF-8, in Excel as "CSV UTF-8".'
    )


def _readings(pieces: list[bytes]) -> list[_Reading]:
    """Every way to read the pieces that people could have written, the best first; equal ones once."""
    whole = b"\n".join(pieces)
    texts: dict[str, list[str]] = {}
    for encoding in CANDIDATES:
        with contextlib.suppress(UnicodeDecodeError):
            texts.setdefault(whole.decode(encoding), []).append(encoding)
    # There is an odd piece in the best of tables, so: as few as in the reading with the fewest.
    odd = {text: sum(not _is_plausible(piece) for piece in text.split("\n")) for text in texts}
    fewest = min(odd.values(), default=0)
    if 2 * fewest > len(pieces):
        return []
    texts = {text: encodings for text, encodings in texts.items() if odd[text] == fewest}
    opinions = _opinions(whole) if len(texts) > 1 else {}
    unknown = _NOT_JUDGED * max(opinions.values(), default=1.0)
    readings = []
    for text, encodings in texts.items():
        score = max(opinions.get(encoding, unknown) * _habit(text, encoding) for encoding in encodings)
        readings.append(_Reading(encodings[0], text.split("\n"), score))
    return sorted(readings, key=lambda reading: -reading.score)


def _opinions(whole: bytes) -> dict[str, float]:
    """Encoding -> how well the bytes fit the languages that are written in it."""
    import chardet

    found = chardet.detect_all(
        whole, ignore_threshold=True, include_encodings=list(CANDIDATES), compat_names=False, no_match_encoding="cp1252"
    )
    names = {codecs.lookup(encoding).name: encoding for encoding in CANDIDATES}
    opinions: dict[str, float] = {}
    for one in found:
        name = codecs.lookup(one["encoding"] or "cp1252").name
        if name in names:
            opinions[names[name]] = one["confidence"]
    return opinions


def _habit(text: str, encoding: str) -> float:
    """Factor below 1 for characters that are hardly ever in names, and for letters that do not stand together."""
    factor = 1.0
    if encoding in _COMMON:
        odd = [character for character in text if not character.isascii()]
        factor = max(sum(_is_common(character, *_COMMON[encoding]) for character in odd) / len(odd), 0.1) ** 2
    if (pattern := _NOT_WRITTEN.get(encoding)) is not None:
        words = [word for word in _WORD.findall(text.lower()) if not word.isascii()]
        unheard_of = sum(bool(pattern.search(word)) for word in words)
        factor *= _UNHEARD_OF ** min(unheard_of, 2)
    return factor


def _is_common(character: str, encoding: str, first_bytes: range) -> bool:
    try:
        code = character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(code) <= 2 and code[0] in first_bytes  # EUC-KR composes what it does not have, of four times two


def _is_plausible(text: str) -> bool:
    """Whether people write such: no symbols of other bytes, one script a word, no capital after a small letter."""
    odd = {character for character in text if not character.isascii()}
    return (
        all(_is_sensible(one) and (_is_letter(one) or one in _TYPOGRAPHIC or _is_east_asian_mark(one)) for one in odd)
        and not _MISPLACED.search(text)
        and all(map(_is_word, _WORD.findall(text)))
    )


def _is_letter(character: str) -> bool:
    return unicodedata.category(character) in ("Lu", "Ll", "Lo", "Lm", "Mn", "Mc")


def _is_east_asian_mark(character: str) -> bool:
    return "\u3000" <= character < "\u3040" or "\uff00" <= character <= "\uff60" or character in "·・"


def _is_word(word: str) -> bool:
    if word.isascii():
        return True
    scripts = {_script(character) for character in word}
    if len(word) > 3 and scripts == {"Latin"} and sum(map(str.isascii, word)) < _FEWEST_PLAIN * len(word):
        return False
    is_mixed = not word.isupper() and any(
        after.isupper() and not (before.isascii() and after.isascii() and before.islower())
        for before, after in pairwise(word)
    )
    return len(scripts) == 1 and None not in scripts and not is_mixed


def _script(character: str) -> str | None:
    if character.isascii():
        return "Latin"
    name = unicodedata.name(character, "").replace("FULLWIDTH ", "")
    if name.startswith(("HANGUL LETTER", "HALFWIDTH")):
        return None  # letters that stand in syllables; what names are not typed in
    return _SCRIPTS.get(name.partition(" ")[0].partition("-")[0])
