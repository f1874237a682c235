"""Profane words, and the three ways in which the service writes them."""

from __future__ import annotations

import re

MODES = ("masked", "removed", "raw")
"""Values of the service's `profanity` parameter."""

# Stems with their usual endings. Mild words (damn, hell, crap) and words with a harmless sense stay as they are:
# the kit is for classrooms, but it must not star out the name of a peacock or of a person.
_PROFANE = re.compile(
    r"(mother)?fuck(e[dr]s?|ing?|s|er'?s)?|(bull|dip|horse)?shit(s|ty|ting|head|heads|hole|load)?|bitch(es|y|ing)?"
    r"|(ass|arse)holes?|bastards?|cunts?|cock(s|suckers?)|dickheads?|faggots?|niggers?|piss(ed|es|ing)?|pricks"
    r"|puss(y|ies)|sluts?|slutty|tits|twats?|wank(ers?|ing)|whores?|goddamn(ed)?"
)
_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?")


def is_profane(word: str) -> bool:
    """Whether one word is profane, in any case, alone or with an apostrophe's ending."""
    return bool(_PROFANE.fullmatch(word.casefold().removesuffix("'s")))


def rewrite(text: str, mode: str) -> str:
    """The text with its profane words as asterisks ("masked"), left out ("removed"), or as they are ("raw")."""
    if mode == "raw":
        return text
    if mode == "masked":
        return _WORD.sub(lambda match: "*" * len(match[0]) if is_profane(match[0]) else match[0], text)
    return " ".join(word for word in text.split() if not is_profane(word))
