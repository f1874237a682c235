"""Sounds and words to practise, with how to make each sound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..highlight import Markup, fragment, listed, shortened, tag
from ..sounds import pairs_between, sound_of
from .page import table
from .readings import SoundToPractise, WordToPractise

_PAIRS = 3


def sounds_list(sounds: Sequence[SoundToPractise]) -> Markup:
    """How to make each of the sounds, what was heard instead, and word pairs to practise it."""
    return tag("ol", *map(_sound, sounds), class_="pk-list")


def _sound(missed: SoundToPractise) -> Markup:
    sound = sound_of(missed.phoneme)
    name = missed.phoneme if sound is None else f"{missed.phoneme}, as in “{sound.example}” [{sound.ipa}]"
    said = f"missed {_times(missed.missed, missed.attempts)}"
    if missed.heard:
        said += f", heard as {' or '.join(missed.heard)}"
    return tag(
        "li",
        tag("strong", name),
        f": {said}",
        fragment("; in ", tag("bdi", listed(map(shortened, missed.in_words)))) if missed.in_words else None,
        ".",
        None if sound is None else fragment(tag("br"), sound.hint),
        _pairs(missed),
    )


def _pairs(missed: SoundToPractise) -> Markup | None:
    """Word pairs for what was heard instead, else for the commonest confusions."""
    sound = sound_of(missed.phoneme)
    pairs = [pair for heard in missed.heard for pair in pairs_between(missed.phoneme, heard)]
    if not pairs and sound is not None:
        pairs = list(sound.minimal_pairs)
    if not pairs:
        return None
    words = ", ".join(f"{pair.word} – {pair.other}" for pair in pairs[:_PAIRS])
    return fragment(tag("br"), "Say the pairs, so that one hears the difference: ", tag("em", words), ".")


def _times(missed: int, attempts: int) -> str:
    return f"{missed} of {attempts} time{'s' * (attempts != 1)}"


def words_table(words: Iterable[WordToPractise]) -> Markup:
    """The words that are missed."""
    rows = (
        tag(
            "tr",
            tag("th", tag("bdi", word.word), scope="row"),
            tag("td", _times(word.missed, word.attempts)),
            tag("td", word.skipped or "–"),
        )
        for word in words
    )
    return table("Words to practise", ("Word", "Missed", "Skipped"), rows)
