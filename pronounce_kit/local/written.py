"""Words as they were said -> as they are written: numbers in digits, capitals, a mark at the end."""

from __future__ import annotations

import re
from collections.abc import Collection

from ..dependencies import needed

_DIGITS = {
    word: str(i) for i, word in enumerate("zero one two three four five six seven eight nine".split())
} | {"oh": "0"}  # fmt: skip
# Titles, written short before a name.
_TITLES = {"doctor": "Dr.", "mister": "Mr.", "missus": "Mrs.", "professor": "Prof."}
_SHORT = {"mr": "Mr.", "mrs": "Mrs.", "ms": "Ms.", "dr": "Dr.", "tv": "TV", "ok": "OK", "dvd": "DVD", "usa": "USA"}
_FIRST_PERSON = re.compile(r"i('(m|ll|ve|d))?")
# Names that are words too, or that the lexicon does not have.
_NAMES = frozenset(
    (
        "anna ben china dan emma jack jane jenny jim joe john kate lilly lily linda lucy mandy mike molly nancy peter "
        "sally sam sarah smith tim tom tony amy andy"
    ).split()
)

_SUBJECTS = frozenset(
    "i you he she it we they there this that these those anyone anybody someone somebody everyone everybody".split()
)
_OWNERS = frozenset("the a an my your his her our their any".split())
_BE = frozenset(
    (
        "is are was were am can could will would should shall may might did does has had isn't aren't wasn't weren't "
        "can't couldn't won't wouldn't shouldn't didn't doesn't hasn't hadn't"
    ).split()
)
_DO = frozenset("do don't have haven't".split())  # these open requests too: "do your homework"
_ASKING = frozenset("what when where why how which who whose whom".split())
_AFTER_ASKING = _BE | _DO | frozenset("much many about long far old often time kind color else".split())


def itn(lexical: str) -> str:
    """Numbers, times, amounts and titles as they are written: "five pencils" -> "5 pencils".

    Small numbers that stand alone ("one", "two", "three") stay words, as "one" is often no number.
    """
    with needed("text2num", "The embedded engine"):
        from text_to_num import alpha2digit
    out = " ".join(_join_digits(lexical.split()))
    out = re.sub(r"(?<!half )\ba (?=(?:hundred|thousand|million)\b)", "one ", out)
    out = str(alpha2digit(out, "en"))
    out = re.sub(r"\b(1[1-9]|20) (\d\d)\b(?! \d)", r"\1\2", out)  # nineteen ninety nine
    out = re.sub(r"\b(\d{1,2}) ([0-5]\d) ([ap])\.? ?m\b", r"\1:\2 \3m", out)
    out = re.sub(r"\b(\d+(?:\.\d+)?) percent\b", r"\1%", out)
    out = re.sub(r"\b(\d+(?:\.\d+)?) dollars?\b", r"$\1", out)
    words = out.split()
    return " ".join(
        _TITLES[word].lower().rstrip(".") if word in _TITLES and _may_be_name(words[i + 1 : i + 2]) else word
        for i, word in enumerate(words)
    )


def display(written: str, names: Collection[str] = ()) -> str:
    """The written words as a sentence: capitals for its first word, "I" and names, and a mark at the end.

    names: further words, in lower case, that are written with a capital.
    """
    words = [_with_capital(word, names) for word in written.split()]
    if not words:
        return ""
    words[0] = words[0][:1].upper() + words[0][1:]
    return " ".join(words) + ("?" if is_question(written) else ".")


def is_question(written: str) -> bool:
    """Whether the words open as a question does."""
    words = written.casefold().split()
    first, second = (*words, "", "")[:2]
    if first in _ASKING:
        return second in _AFTER_ASKING or (first in ("who", "whose", "which") and bool(second))
    return (first in _BE and (second in _SUBJECTS or second in _OWNERS)) or (first in _DO and second in _SUBJECTS)


def _with_capital(word: str, names: Collection[str]) -> str:
    if word in _SHORT:
        return _SHORT[word]
    stem = word.removesuffix("'s")
    if _FIRST_PERSON.fullmatch(word) or stem in names or stem in _NAMES:
        return word[0].upper() + word[1:]
    return word


_NOT_NAMES = frozenset(
    (
        "said says is was has had will would can could who that to and or of in on at for with asked told came went "
        "a an the i you he she it we they visit visits gave made but so if as"
    ).split()
)


def _may_be_name(following: list[str]) -> bool:
    return bool(following) and following[0].isalpha() and following[0] not in _NOT_NAMES


def _join_digits(words: list[str]) -> list[str]:
    """Digits said one by one, three or more of them, as one number: "zero three five" -> "035"."""
    out: list[str] = []
    run: list[str] = []
    for word in [*words, ""]:
        if word in _DIGITS and (word != "oh" or run):
            run.append(word)
            continue
        out += ["".join(_DIGITS[digit] for digit in run)] if len(run) > 2 else run
        run = []
        if word:
            out.append(word)
    return out
