"""SSML, the language in which the service is told what to say and how."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from ..errors import ParameterError, TextError

MAX_BYTES = 64 * 1024
"""Longest SSML that the service takes, in bytes of UTF-8."""

NAMESPACE = "http://www.w3.org/2001/10/synthesis"

RATES = ("x-slow", "slow", "medium", "fast", "x-fast", "default")

# What XML 1.0 cannot hold, not even escaped: control characters, halves of surrogate pairs, two non-characters.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LOCALE_IN_VOICE = re.compile(r"\b([a-z]{2,3}(?:-[A-Za-z]{4})?-(?:[A-Z]{2}|[0-9]{3}))\b")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_PERCENT = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,2})?%")


def speakable(text: str) -> str:
    """The text without the characters that no XML document can hold, such as the control characters of a PDF."""
    return _FORBIDDEN.sub("", text)


def build_ssml(text: str, *, voice: str, language: str | None = None, rate: str | float | None = None) -> str:
    """A document that says the text, whatever is in it.

    voice
        Short or full name of a voice; `language` is read from it where not given.
    rate
        Speed: 0.5 (half) to 2.0 (double), a change such as "-20%", or one of `RATES`.

    Raises `TextError` for a text without content, `ParameterError` for a wrong rate, voice or language.
    """
    words = speakable(text)
    if not words.strip():
        raise TextError("There is no text to speak. Give a sentence.")
    if not speakable(voice).strip() or speakable(voice) != voice:
        raise ParameterError(f"voice is {voice!r}. Give the ShortName of a voice of voices().")
    language = language or language_of(voice)
    if not _LOCALE.fullmatch(language):
        raise ParameterError(f"language is {language!r}. Give a locale such as 'en-US'.")
    # A parser reads a bare carriage return as a line feed.
    content = escape(words, {"\r": "&#13;"})
    if rate is not None:
        content = f"<prosody rate={quoteattr(_rate(rate))}>{content}</prosody>"
    return (
        f"<speak version='1.0' xmlns='{NAMESPACE}' xml:lang={quoteattr(language)}>"
        f"<voice xml:lang={quoteattr(language)} name={quoteattr(voice)}>{content}</voice></speak>"
    )


def check_ssml(ssml: str) -> bytes:
    """The document as UTF-8, if it is one that the service can take; else `TextError`."""
    if len(ssml) > MAX_BYTES:
        raise _too_long(len(ssml))
    try:
        data = ssml.encode()
        root = ET.fromstring(data)  # noqa: S314 - the user's own document, and expat limits entity expansion
    except (ET.ParseError, ValueError) as error:
        raise TextError(
            f"The SSML is not well-formed XML ({error}). Correct it, or give the text as text=..."
        ) from None
    if root.tag.rpartition("}")[2] != "speak":
        raise TextError(f"The SSML begins with <{root.tag.rpartition('}')[2]}>. Put it into <speak>...</speak>.")
    if len(data) > MAX_BYTES:
        raise _too_long(len(data))
    return data


def _too_long(size: int) -> TextError:
    return TextError(
        f"The SSML has {size:,} bytes; the service takes at most {MAX_BYTES:,}. Split the text, and speak each part."
    )


def language_of(voice: str) -> str:
    """The locale in the name of a voice, "en-US" where there is none."""
    match = _LOCALE_IN_VOICE.search(voice)
    return match.group(1) if match else "en-US"


def _rate(rate: str | float) -> str:
    if isinstance(rate, (int, float)) and not isinstance(rate, bool):
        if math.isfinite(rate) and 0.5 <= rate <= 2.0:
            return f"{round((rate - 1) * 100):+d}%"
    elif isinstance(rate, str) and (rate in RATES or _PERCENT.fullmatch(rate)):
        return rate
    raise ParameterError(
        f"rate is {rate!r}. Give 0.5 (half speed) to 2.0, a change such as '-20%', or {', '.join(RATES)}."
    )
