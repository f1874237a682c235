"""SSML -> the text to speak and the voice asked for.

Read with expat, which only calls back: nothing is fetched, and a document type, without which there are no entities
to expand, ends the reading at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.parsers import expat

from .failures import RefusalError

# Elements that a pause or a new line of text stands at; the text of all others runs on.
_BREAKING = frozenset({"p", "s", "sentence", "paragraph", "voice"})
_UNSPOKEN = frozenset({"audio", "desc", "lexicon", "mark", "meta", "metadata"})


@dataclass(frozen=True, slots=True)
class Speech:
    """What to say; voice and language (a locale) are None where the document names none."""

    text: str
    voice: str | None
    language: str | None


def read_ssml(data: bytes) -> Speech:
    """Read a document; how to say it (rate, pitch, style, breaks) is left out, as the embedded voice has one way.

    The first voice speaks all. Raises `RefusalError` (400) for what is not well-formed, has a document type, or is no
    <speak>.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError):  # the latter two: encodings that Python does not have
        raise RefusalError(400, "The SSML is not well-formed XML.") from None
    return Speech(" ".join("".join(reader.pieces).split()), reader.voice, reader.language)


class _Reader:
    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.voice: str | None = None
        self.language: str | None = None
        self._depth = 0
        self._silent_from = 0  # depth of the element whose text is not spoken; 0 for none

    def doctype(self, *_: object) -> None:
        raise RefusalError(400, "The SSML has a document type, which is not allowed. Leave <!DOCTYPE> out.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if self._depth == 0 and tag != "speak":
            raise RefusalError(400, "The SSML does not begin with <speak>.")
        self._depth += 1
        if tag in _BREAKING or tag == "break":
            self.pieces.append("\n")
        if tag in ("speak", "voice") and self.voice is None:
            self.language = attributes.get("xml:lang") or self.language
            self.voice = (attributes.get("name") if tag == "voice" else None) or None
        if self._silent_from:
            return
        if tag == "sub" and attributes.get("alias"):
            self.pieces.append(attributes["alias"])
            self._silent_from = self._depth
        elif tag in _UNSPOKEN:
            self._silent_from = self._depth

    def end(self, name: str) -> None:
        if self._silent_from == self._depth:
            self._silent_from = 0
        self._depth -= 1
        if name.rpartition(":")[2] in _BREAKING:
            self.pieces.append("\n")

    def characters(self, text: str) -> None:
        if not self._silent_from:
            self.pieces.append(text)
