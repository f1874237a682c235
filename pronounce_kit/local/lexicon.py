"""Reference text -> words with their canonical phones, and the accepted variants of those."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import ParameterError, TextError
from ..faults import blamed_on
from .phones import VOWELS, base, from_misaki, from_notation, is_vowel, to_misaki

MAX_WORDS = 2000
"""More words than anyone reads in the ten minutes that one assessment takes."""


@dataclass(frozen=True, slots=True)
class LexicalWord:
    """A word of the reference text.

    text: as written, without the punctuation around it. phones: canonical phones, vowels with stress digits.
    pause: the punctuation after it that the voice pauses at, or "".
    """

    text: str
    phones: tuple[str, ...]
    pause: str = ""


# Function words have no stress of their own; the corpus lexicon marks every one-syllable word as unstressed.
_FUNCTION_WORDS = frozenset(
    (
        "a an and are as at be but by can could do for from had has have he her him his i if in is it its me "
        "must my of on or our shall she should so some than that the their them there they this to us was we "
        "were what when will with would you your am does did been who"
    ).split()
)

# Accepted pronunciations besides the canonical one, by word and canonical phone: the audio chooses. The rules of
# thumb are those of Wells, Longman Pronunciation Dictionary: weak forms, and the open o that many speakers merge.
_WORD_VARIANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "a": {"AH": ("EY",), "EY": ("AH",)},
    "an": {"AH": ("AE",), "AE": ("AH",)},
    "and": {"AE": ("AH",), "AH": ("AE",)},
    "are": {"AA": ("ER", "AH")},
    "as": {"AE": ("AH",), "AH": ("AE",)},
    "at": {"AE": ("AH",), "AH": ("AE",)},
    "because": {"AH": ("AO", "AA"), "AO": ("AH", "AA")},
    "been": {"IH": ("IY", "EH")},
    "can": {"AE": ("AH",), "AH": ("AE",)},
    "could": {"UH": ("AH",)},
    "do": {"UW": ("AH",), "AH": ("UW",)},
    "either": {"IY": ("AY",)},
    "for": {"AO": ("ER",), "ER": ("AO",)},
    "from": {"AH": ("AA",), "AA": ("AH",)},
    "have": {"AE": ("AH",), "AH": ("AE",)},
    "neither": {"IY": ("AY",)},
    "of": {"AH": ("AA", "AO"), "AO": ("AH",)},
    "off": {"AO": ("AA",)},
    "often": {"AO": ("AA",)},
    "on": {"AO": ("AA",), "AA": ("AO",)},
    "or": {"AO": ("ER",), "ER": ("AO",)},
    "our": {"AW": ("AA",)},
    "that": {"AE": ("AH",), "AH": ("AE",)},
    "the": {"AH": ("IY", "IH"), "IY": ("AH", "IH")},
    "them": {"EH": ("AH",), "AH": ("EH",)},
    "to": {"UW": ("AH", "UH"), "AH": ("UW", "UH"), "UH": ("UW", "AH")},
    "was": {"AH": ("AA", "AO"), "AA": ("AH", "AO"), "AO": ("AH", "AA")},
    "what": {"AH": ("AA",), "AA": ("AH",)},
    "with": {"TH": ("DH",), "DH": ("TH",)},
    "you": {"UW": ("AH",), "AH": ("UW",)},
    "your": {"UH": ("AO", "ER"), "AO": ("UH", "ER"), "ER": ("AO", "UH")},
}
# Said with a broad a in much of the world.
_BATH_WORDS = frozenset(
    (
        "after afternoon answer ask asked asks basket bath branch can't castle chance class classes command "
        "dance example fast father france glass grass half last laugh master part pass passed past path plant "
        "rather staff"
    ).split()
)
DROPPED = ""
"""The variant in which the phone is not said."""

_NOT_A_WORD = re.compile(r"^[\W_]+|[\W_]+$")
_SPOKEN_SYMBOLS = frozenset("&@+=")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
"""Soft hyphens and other characters without width; web pages and PDFs are full of them."""
_GLUED = re.compile(r"(?<=\w)([—―]|\.{3}|–(?=[^\W\d]))(?=\w)")
"""A dash or dots between two words without a space; the dash of "2010–2015" is none."""
_ENDS_SENTENCE = re.compile(r"\b(no|fig)\.(?!\s*\d)")
"""Words that are abbreviations only before a number: "no. 5"."""
_CAPITALS = re.compile(r"\b[A-Z][A-Z']*(?:\s+[A-Z][A-Z']*)+\b")
_SHOUTED = _FUNCTION_WORDS - set("a am i it us who".split()) | set(
    "get give go help let look make no not stop take tell".split()
)
"""Words that show that those around them in capitals are words too, and no acronyms."""


def accepted_variants(word: LexicalWord) -> tuple[tuple[str, ...], ...]:
    """For each phone of the word, what is as right there: other phones (without stress digits), or `DROPPED`."""
    spelling = _in_letters(word.text).casefold().replace("’", "'")
    by_word = _WORD_VARIANTS.get(spelling, {})
    out = []
    for i, phone in enumerate(word.phones):
        name, after = base(phone), base(word.phones[i + 1]) if i + 1 < len(word.phones) else ""
        accepted = list(by_word.get(name, ()))
        if name == "R" and i and is_vowel(word.phones[i - 1]) and after not in VOWELS:  # four, hard: non-rhotic
            accepted.append(DROPPED)
        elif name == "ER" and (phone.endswith("0") or spelling in _FUNCTION_WORDS):  # after, her: non-rhotic
            accepted.append("AH")
        elif name == "AE" and spelling in _BATH_WORDS:
            accepted.append("AA")
        if after == "R" and name in ("IH", "IY"):  # here, near
            accepted += {"IH": ["IY"], "IY": ["IH"]}[name]
        elif after == "R" and name in ("UH", "AO"):  # sure, tour
            accepted += {"UH": ["AO"], "AO": ["UH"]}[name]
        elif name in ("AO", "AA") and after != "R":  # the cot-caught merger
            accepted += {"AO": ["AA"], "AA": ["AO"]}[name]
        elif name in ("AH", "IH") and phone.endswith("0"):  # roses, wanted: both reduced vowels are heard
            accepted += {"AH": ["IH"], "IH": ["AH"]}[name]
        out.append(tuple(dict.fromkeys(accepted)))
    return tuple(out)


def _in_letters(word: str) -> str:
    return "and" if word == "&" else word


def with_citation_stress(text: str, phones: tuple[str, ...]) -> tuple[str, ...]:
    """Give a one-syllable content word that has no stress mark its primary stress."""
    vowels = [i for i, phone in enumerate(phones) if is_vowel(phone)]
    if len(vowels) != 1 or _in_letters(text).casefold() in _FUNCTION_WORDS:
        return tuple(phone + "0" if is_vowel(phone) and not phone[-1].isdigit() else phone for phone in phones)
    return tuple(base(phone) + "1" if i in vowels else phone for i, phone in enumerate(phones))


_POSSESSIVES = "'s", "’s"
_PHONE_STRING = r"(?<!\S)/[^/\s][^/]*/(?=[\s.,;:!?…]|$)"
"""Phones between slashes in a text, such as "/θɪŋk/": not the slash of "and/or" or of a date."""


def own_pronunciations(lexicon: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """A teacher's words and their pronunciations, in ARPAbet or IPA, by the word as `_key` writes it.

    Raises `ParameterError` for what is no word or no pronunciation.
    """
    own = {}
    for word, written in lexicon.items():
        if not isinstance(word, str) or not isinstance(written, str) or not _NOT_A_WORD.sub("", word):
            raise ParameterError(
                f"The lexicon has {word!r}: {written!r}. Give a word and its pronunciation, as {{'Nguyen': 'W IH1 N'}}."
            )
        try:
            own[_key(word)] = from_notation(written.strip().strip("/[]"))
        except ValueError as error:
            raise ParameterError(
                f"The pronunciation of {word!r} has {error.args[0]!r}, which is no English phoneme. "
                "Write ARPAbet in capitals with spaces between, as 'W IH1 N', or IPA, as 'wɪn'."
            ) from None
    return own


def _key(word: str) -> str:
    """A word as it is looked up, however it was typed."""
    return " ".join(unicodedata.normalize("NFKC", word).replace("’", "'").lower().split())


def _lowered(text: str) -> str:
    return re.sub(r"\bi\b", "I", text.lower())


def _calmed(run: re.Match[str]) -> str:
    """Words in capitals: in small letters if they are shouted ("LET US GO"), and as they are if not ("US FDA")."""
    return _lowered(run[0]) if _SHOUTED.intersection(run[0].lower().split()) else run[0]


def symbols_of(words: Sequence[LexicalWord]) -> str:
    """What the voice reads for these words, in misaki's alphabet, with their pauses."""
    symbols = " ".join(to_misaki(word.phones) + word.pause for word in words)
    return symbols if symbols[-1] in ".!?" else f"{symbols}."


class Lexicon:
    """Words and phones of a text, by hibari's normalization and grapheme-to-phoneme conversion.

    own: pronunciations that go before hibari's, as `own_pronunciations` gives them.
    """

    def __init__(self, g2p: Any, own: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self._g2p = g2p
        self._own = dict(own or {})
        known = "|".join(
            rf"(?<!\w){re.escape(word)}(?!\w)".replace(r"\ ", r"\s+").replace("'", "['’]")
            for word in sorted(self._own, key=len, reverse=True)
        )
        self._given = re.compile("|".join(filter(None, (_PHONE_STRING, known))), re.IGNORECASE)

    def words(self, text: str) -> tuple[LexicalWord, ...]:
        """The words of a text that can be read aloud.

        Numbers, dates and abbreviations are spelled out ("3/4/2020" becomes "March fourth, 2020"). Phones in IPA or
        ARPAbet between slashes count as one word: "say /θɪŋk/". Raises `TextError` when nothing in the text can be
        read aloud, part of it is in another script, or it has over 2,000 words.
        """
        text = unicodedata.normalize("NFKC", text)  # also makes plain digits of "²" and "①"
        text = _GLUED.sub(r"\1 ", _INVISIBLE.sub("", text)).strip()
        if not text:
            raise TextError("The reference text is empty. Give the sentence that was read aloud.")
        parts = re.split(f"({_PHONE_STRING})", text)  # every other one is a phone string
        plain = "".join(parts[::2])
        if plain.isupper() and sum(c.isalpha() for c in plain) > 1:
            # Capitals throughout are a way of writing, not acronyms; the converter would spell some words out.
            parts[::2] = map(_lowered, parts[::2])
        else:
            parts[::2] = [_CAPITALS.sub(_calmed, part) for part in parts[::2]]
        text = "".join(parts)
        words: list[LexicalWord] = []
        for line in text.splitlines():
            words += self._line(line)
        if not words:
            raise TextError(
                f"Nothing in the reference text {_shown(text)} can be read aloud in English. Check the text."
            )
        if len(words) > MAX_WORDS:
            raise TextError(
                f"The reference text has {len(words)} words; one assessment takes at most {MAX_WORDS}. "
                "Split the text and record each part."
            )
        return tuple(words)

    def _line(self, line: str) -> list[LexicalWord]:
        """The words of a line: those whose pronunciation is given, and what hibari makes of the rest between them."""
        words: list[LexicalWord] = []
        at = 0
        for match in self._given.finditer(line):
            phones = self._phones_given(match[0])
            if phones is None:
                continue
            words += self._by_rule(line[at : match.start()])
            spelling, at = " ".join(match[0].split()), match.end()
            if line[at : at + 2].casefold() in _POSSESSIVES and not line[at + 2 : at + 3].isalnum():
                spelling, phones, at = spelling + line[at : at + 2], (*phones, *_possessive(phones[-1])), at + 2
            pause = line[at : at + 1] if line[at : at + 1] in tuple(",.;:!?—") else ""
            words.append(LexicalWord(spelling, phones, pause))
        return words + self._by_rule(line[at:])

    def _phones_given(self, written: str) -> tuple[str, ...] | None:
        """The phones of one of our own words, or of a phone string; None for a path or the like between slashes."""
        if not written.startswith("/"):
            return self._own[_key(written)]
        try:
            return from_notation(written.strip("/"))
        except ValueError:
            return None

    def _by_rule(self, line: str) -> list[LexicalWord]:
        if not _NOT_A_WORD.sub("", line):
            return []
        if foreign := next((word for word in line.split() if any(map(_is_of_another_script, word))), None):
            raise TextError(
                f"The reference text has {_shown(foreign)}, which is not written in English letters. "
                "Write the whole text in English, or give the word's pronunciation (lexicon=)."
            )
        from hibari.g2p.normalize import normalize

        try:
            with blamed_on("hibari", given="text", unless=(ValueError, IndexError)):
                tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(normalize(_ENDS_SENTENCE.sub(r"\1 .", line))))
        except (ValueError, IndexError) as error:  # digits of other scripts ("❻"), numbers of 40 digits
            raise TextError(
                f"The reference text {_shown(line)} cannot be turned into sounds ({error}). "
                "Write out its symbols and numbers in words."
            ) from error
        words: list[LexicalWord] = []
        written, symbols = "", ""
        for i, token in enumerate(tokens):
            written += token.text
            symbols += token.phonemes or ""
            if not token.whitespace and i + 1 < len(tokens):
                continue
            phones = from_misaki(symbols)
            spelling = written if written in _SPOKEN_SYMBOLS else _NOT_A_WORD.sub("", written)
            if phones and spelling:
                pause = symbols[-1] if symbols[-1] in ",.;:!?—" else ""
                words.append(LexicalWord(spelling, with_citation_stress(spelling, phones), pause))
            written, symbols = "", ""
        return words


# English is written in Latin; Greek letters stand in it as symbols.
_OTHER_SCRIPTS = (
    "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "CYRILLIC", "ARABIC", "HEBREW", "DEVANAGARI", "BENGALI",
    "GURMUKHI", "GUJARATI", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "KHMER", "MYANMAR",
    "TIBETAN", "GEORGIAN", "ARMENIAN", "ETHIOPIC", "MONGOLIAN",
)  # fmt: skip


def _is_of_another_script(character: str) -> bool:
    return character > "\u036f" and character.isalpha() and unicodedata.name(character, "").startswith(_OTHER_SCRIPTS)


def _possessive(last: str) -> tuple[str, ...]:
    """The sounds of 's after a phone: Nguyen's, Bach's, Keats's."""
    if last in ("S", "Z", "SH", "ZH", "CH", "JH"):
        return ("IH0", "Z")
    return ("S",) if last in ("P", "T", "K", "F", "TH") else ("Z",)


def _shown(text: str, limit: int = 40) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
