"""Reference text -> words with their canonical phones, and the accepted variants of those."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from ..errors import TextError
from .phones import VOWELS, base, from_misaki, is_vowel

MAX_WORDS = 400
"""More words than anyone reads in the 60 s that one assessment takes."""


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


def accepted_variants(word: LexicalWord) -> tuple[tuple[str, ...], ...]:
    """For each phone of the word, what is as right there: other phones (without stress digits), or `DROPPED`."""
    spelling = word.text.casefold().replace("’", "'")
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


def with_citation_stress(text: str, phones: tuple[str, ...]) -> tuple[str, ...]:
    """Give a one-syllable content word that has no stress mark its primary stress."""
    vowels = [i for i, phone in enumerate(phones) if is_vowel(phone)]
    if len(vowels) != 1 or text.casefold() in _FUNCTION_WORDS:
        return tuple(phone + "0" if is_vowel(phone) and not phone[-1].isdigit() else phone for phone in phones)
    return tuple(base(phone) + "1" if i in vowels else phone for i, phone in enumerate(phones))


class Lexicon:
    """Words and phones of a text, by hibari's normalization and grapheme-to-phoneme conversion."""

    def __init__(self, g2p: Any) -> None:
        self._g2p = g2p

    def words(self, text: str) -> tuple[LexicalWord, ...]:
        """The words of a text that can be read aloud.

        Numbers, dates and abbreviations are spelled out ("3/4/2020" becomes "March fourth, 2020"). Raises
        `TextError` when nothing in the text can be read aloud, or it has over 400 words.
        """
        text = unicodedata.normalize("NFKC", text).strip()  # also makes plain digits of "²" and "①"
        if not text:
            raise TextError("The reference text is empty. Give the sentence that was read aloud.")
        if text.isupper() and sum(c.isalpha() for c in text) > 1:
            # Capitals throughout are a way of writing, not acronyms; the converter would spell some words out.
            text = re.sub(r"\bi\b", "I", text.lower())
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
        from hibari.g2p.normalize import normalize

        try:
            tokens = self._g2p.phonemize_tokens(self._g2p.tokenize(normalize(line)))
        except Exception as error:  # a converter of rules and tables fails on odd symbols in odd ways
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
            spelling = _NOT_A_WORD.sub("", written)
            if phones and spelling:
                pause = symbols[-1] if symbols[-1] in ",.;:!?—" else ""
                words.append(LexicalWord(spelling, with_citation_stress(spelling, phones), pause))
            written, symbols = "", ""
        return words


def _shown(text: str, limit: int = 40) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
