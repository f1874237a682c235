"""The 39 ARPAbet phones of American English, and how they are named elsewhere.

Inside the engine a phone is its ARPAbet name, vowels with a stress digit (0 none, 1 primary, 2 secondary):
"AH0". Outside it is named in SAPI (the service's default) or IPA. The voice reads misaki's alphabet, in which a
diphthong is one capital letter and a stress mark stands right before the vowel.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

ARPABET: tuple[str, ...] = tuple(
    ("AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH").split()
)
INDEX: dict[str, int] = {phone: i for i, phone in enumerate(ARPABET)}
VOWELS = frozenset(("AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW").split())

_IPA = dict(
    zip(
        ARPABET,
        ("ɑ æ ʌ ɔ aʊ aɪ b tʃ d ð ɛ ɝ eɪ f ɡ h ɪ i dʒ k l m n ŋ oʊ ɔɪ p ɹ s ʃ t θ ʊ u v w j z ʒ").split(),
        strict=True,
    )
)
_IPA_UNSTRESSED = {"AH": "ə", "ER": "ɚ"}
_SAPI = {phone: phone.lower() for phone in ARPABET} | {"HH": "h"}
_SAPI_UNSTRESSED = {"AH": "ax"}

_MISAKI = _IPA | {"AW": "W", "AY": "I", "CH": "ʧ", "ER": "ɜɹ", "EY": "A", "JH": "ʤ", "OW": "O", "OY": "Y"}
_MISAKI_UNSTRESSED = {"AH": "ə", "ER": "əɹ"}
_FROM_MISAKI = {symbol: phone for phone, symbol in _MISAKI.items() if len(symbol) == 1} | {
    # The flapped and glottal t, reduced vowels, and the few symbols that only loanwords bring.
    "T": "T", "ɾ": "T", "ʔ": "T", "ə": "AH", "ɐ": "AH", "ᵊ": "AH", "ᵻ": "IH", "ɜ": "ER", "ɚ": "ER", "ɒ": "AA",
    "a": "AA", "e": "EH", "o": "OW", "Q": "OW", "r": "R", "x": "K", "g": "G",
}  # fmt: skip
_REDUCED = frozenset("əɐᵊᵻɚ")

# Consonant clusters that may begin an English syllable; single consonants may, but for NG and ZH.
_ONSETS = frozenset(
    tuple(onset.split("+"))
    for onset in (
        "P+L P+R P+Y B+L B+R B+Y T+R T+W T+Y D+R D+W D+Y K+L K+R K+W K+Y G+L G+R G+W F+L F+R F+Y V+Y TH+R "
        "TH+W S+P S+T S+K S+M S+N S+F S+W S+L SH+R HH+Y M+Y N+Y S+P+R S+P+L S+T+R S+K+R S+K+W S+P+Y S+K+Y "
        "S+T+Y"
    ).split()
)


def base(phone: str) -> str:
    """The phone without its stress digit: "AH0" -> "AH"."""
    return phone.rstrip("012")


def stress(phone: str) -> int:
    """The stress digit of a vowel (an unmarked vowel counts as 0), or -1 for a consonant."""
    if base(phone) not in VOWELS:
        return -1
    return int(phone[-1]) if phone[-1].isdigit() else 0


def is_vowel(phone: str) -> bool:
    """Whether the phone is a vowel, ER included."""
    return base(phone) in VOWELS


@cache
def ipa(phone: str) -> str:
    """The phone in IPA: "AH0" -> "ə", "AH1" -> "ʌ"."""
    name = base(phone)
    return _IPA_UNSTRESSED.get(name, _IPA[name]) if phone.endswith("0") else _IPA[name]


@cache
def sapi(phone: str) -> str:
    """The phone in the service's SAPI alphabet: "AH0" -> "ax", "HH" -> "h"."""
    name = base(phone)
    return _SAPI_UNSTRESSED.get(name, _SAPI[name]) if phone.endswith("0") else _SAPI[name]


NAMERS = {"IPA": ipa, "SAPI": sapi}
"""PhonemeAlphabet value -> the function that names a phone in it."""


def to_misaki(phones: Iterable[str]) -> str:
    """One word's phones as the voice reads them: ["HH", "AH0", "L", "OW1"] -> "həlˈO"."""
    out = []
    for phone in phones:
        name, mark = base(phone), {1: "ˈ", 2: "ˌ"}.get(stress(phone), "")
        symbol = _MISAKI_UNSTRESSED.get(name, _MISAKI[name]) if not mark else _MISAKI[name]
        out.append(mark + symbol)
    return "".join(out)


def from_misaki(symbols: str) -> tuple[str, ...]:
    """Phones of a misaki string, vowels with stress digits; spaces, punctuation and unknown symbols are passed over."""
    phones: list[str] = []
    mark = 0
    for i, symbol in enumerate(symbols):
        if symbol in "ˈˌ":
            mark = 1 if symbol == "ˈ" else 2
            continue
        if symbol == "ɹ" and phones and _is_one_phone(symbols[i - 1], symbols[i + 1 : i + 2]):
            phones[-1] = "ER" + phones[-1][-1]
            continue
        phone = _FROM_MISAKI.get(symbol)
        if phone is None:
            continue
        if phone in VOWELS:
            phones.append(f"{phone}{0 if symbol in _REDUCED else mark}")
            mark = 0
        else:
            phones.append(phone)
    return tuple(phones)


# IPA as dictionaries of English write it, longest symbols first; British vowels become their American counterparts.
_FROM_IPA: dict[str, tuple[str, ...]] = {
    symbol: tuple(phones.split())
    for symbol, phones in {
        "t͡ʃ": "CH", "d͡ʒ": "JH", "tʃ": "CH", "dʒ": "JH", "ʧ": "CH", "ʤ": "JH", "aʊ": "AW", "aɪ": "AY", "eɪ": "EY",
        "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "ɪə": "IH R", "eə": "EH R", "ʊə": "UH R", "ɜɹ": "ER", "ɜr": "ER",
        "əɹ": "ER", "ər": "ER", "ɑ": "AA", "ɒ": "AA", "a": "AA", "æ": "AE", "ʌ": "AH", "ə": "AH", "ɐ": "AH",
        "ɔ": "AO", "ɛ": "EH", "e": "EH", "ɝ": "ER", "ɚ": "ER", "ɜ": "ER", "ɪ": "IH", "ɨ": "IH", "i": "IY", "o": "OW",
        "ʊ": "UH", "u": "UW", "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G", "h": "HH", "j": "Y",
        "k": "K", "x": "K", "l": "L", "ɫ": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S",
        "ʃ": "SH", "t": "T", "ɾ": "T", "ʔ": "T", "θ": "TH", "v": "V", "w": "W", "ʍ": "W", "z": "Z", "ʒ": "ZH",
    }.items()
}  # fmt: skip
_LONGEST_IPA = max(map(len, _FROM_IPA))
_IGNORED_IPA = frozenset("ːˑ. ̯̩͜|‖‿()-")


def from_notation(written: str) -> tuple[str, ...]:
    """Phones of one word in ARPAbet ("W IH1 N") or IPA ("wɪn", "ˈhɛloʊ"), vowels with stress digits.

    A word without any stress mark gets its stress on the first vowel that is no schwa. Raises `ValueError` with the
    part that is no phone.
    """
    tokens = written.split()
    arpabet = bool(tokens) and all(token.isascii() and base(token.upper()) in INDEX for token in tokens)
    phones = _from_arpabet(tokens) if arpabet and written.isupper() else _from_ipa(written)
    vowels = [i for i, phone in enumerate(phones) if is_vowel(phone)]
    if vowels and not any(stress(phones[i]) > 0 for i in vowels):
        stressed = next((i for i in vowels if not phones[i].startswith("AH")), vowels[0])
        phones[stressed] = base(phones[stressed]) + "1"
    return tuple(phones)


def _from_arpabet(tokens: Iterable[str]) -> list[str]:
    return [f"{base(token)}{stress(token)}" if is_vowel(token) else base(token) for token in tokens]


def _from_ipa(written: str) -> list[str]:
    phones: list[str] = []
    at, mark = 0, 0
    while at < len(written):
        if written[at] in "ˈˌ'":
            mark = 2 if written[at] == "ˌ" else 1
            at += 1
        elif written[at] in _IGNORED_IPA:
            at += 1
        else:
            symbol = next(
                (
                    written[at : at + length]
                    for length in range(_LONGEST_IPA, 0, -1)
                    if written[at : at + length] in _FROM_IPA
                ),
                None,
            )
            if symbol is None:
                raise ValueError(written[at:])
            for phone in _FROM_IPA[symbol]:
                if is_vowel(phone):
                    phones.append(f"{phone}{mark}")
                    mark = 0
                else:
                    phones.append(phone)
            at += len(symbol)
    if not phones:
        raise ValueError(written)
    return phones


def _is_one_phone(vowel: str, after: str) -> bool:
    """Whether a vowel and the r after it are ER: always in "word", in "better", but not in "around"."""
    return vowel == "ɜ" or (vowel == "ə" and after not in ("ˈ", "ˌ"))


def syllabify(phones: Sequence[str]) -> list[tuple[int, int]]:
    """Split one word's phones into syllables by the maximal onset principle (Kahn 1976).

    Returns (start, stop) index pairs that cover all phones; a word without a vowel is one syllable.
    """
    nuclei = [i for i, phone in enumerate(phones) if is_vowel(phone)]
    starts = [0]
    for left, right in pairwise(nuclei):
        onset = right
        while onset - 1 > left and _may_begin(phones[onset - 1 : right]):
            onset -= 1
        starts.append(onset)
    return list(zip(starts, [*starts[1:], len(phones)], strict=True))


def _may_begin(cluster: Sequence[str]) -> bool:
    if len(cluster) == 1:
        return cluster[0] not in ("NG", "ZH")
    return tuple(cluster) in _ONSETS
