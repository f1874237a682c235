"""Which words a reader added to the text: words of the text said again, fillers, or others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from .acoustics import BLANK, Floats, Heard
from .analysis import Script
from .miscue import Ears, Miscues, Stray
from .phones import INDEX
from .search import Ints, likeliest_way

Speller = Callable[[Heard, int, int], Sequence[tuple[str, int]]]
"""`Recognizer.spell`: the words of some frames, and the frame of each one's last sound."""

FILLERS: dict[str, str] = {
    "um": "AH M", "uh": "AH", "er": "ER", "ah": "AA", "eh": "EH", "oh": "OW", "hmm": "HH M", "mm": "M", "uhm": "AA M",
}  # fmt: skip
"""What is said while thinking, and how."""

_LONGEST_REPEAT = 6  # words of the text
_LIKE_TEXT = 1.8  # a sound may fall this far behind the likeliest one, and be a word of the text all the same
_LIKE_FILLER = 1.0


@dataclass(frozen=True, slots=True)
class Addition:
    """A word that is not in the text, as heard, after `place` words of it; the frames of its first and last sound."""

    text: str
    place: int
    first: int
    last: int


def additions(heard: Heard, script: Script, miscues: Miscues, spell: Speller) -> tuple[Addition, ...]:
    """Name the words of all speech that is not in the text, in order of time.

    Words of the text that lie close are likelier said again than others, and a filler is likelier than a rare word;
    what is neither is spelled with the dictionary.
    """
    words = []
    for stray in miscues.strays:
        named = _repeated(miscues.ears, script, stray) or _filler(miscues.ears, stray)
        named = named or list(spell(heard, stray.first, stray.last + 1)) or [("uh", stray.last)]
        named[-1] = (named[-1][0], stray.last)
        begin = stray.first
        for text, last in named:
            sounding = np.flatnonzero(miscues.ears.best[begin : last + 1] != BLANK)
            words.append(Addition(text, stray.place, begin + int(sounding[0]) if len(sounding) else begin, last))
            begin = last + 1
    return tuple(words)


def _repeated(ears: Ears, script: Script, stray: Stray) -> list[tuple[str, int]] | None:
    """The words of the text that were said twice, and the last frame of each; None where it is nothing of the text."""
    frames = slice(stray.first, stray.last + 1)
    word_of = script.layout.word
    best: tuple[float, Ints, list[int]] | None = None
    for words in _near(stray.place, len(script.words)):
        own = np.concatenate([np.flatnonzero(word_of == w) for w in words])
        loss = _loss(ears, frames, ears.text[frames][:, own], script.layout.phone[own], _numbered(word_of[own]))
        if loss is not None and loss[0] < (best[0] if best else _LIKE_TEXT):
            best = *loss, words
    if best is None:
        return None
    _, lasts, words = best
    return [(script.words[w].text, stray.first + int(last)) for w, last in zip(words, lasts, strict=True)]


def _near(place: int, words: int) -> Iterator[list[int]]:
    """The words that a reader may have said again at a place of the text.

    Of "the cat the cat sat", the search may take the first "the" and the second "cat", and leave "cat the" over.
    """
    for length in range(1, _LONGEST_REPEAT + 1):
        for after in range(length + 1):
            if place - (length - after) >= 0 and place + after <= words:
                yield [*range(place, place + after), *range(place - (length - after), place)]


def _numbered(groups: Ints) -> Ints:
    """Numbers from 0 on, a new one wherever the entry is another than the one before."""
    return np.cumsum(np.concatenate([[False], groups[1:] != groups[:-1]]))


def _filler(ears: Ears, stray: Stray) -> list[tuple[str, int]] | None:
    frames = slice(stray.first, stray.last + 1)
    losses = {}
    for name, sounds in FILLERS.items():
        phones = np.array([INDEX[sound] for sound in sounds.split()])
        loss = _loss(ears, frames, ears.sounds[frames][:, phones], phones, np.zeros_like(phones))
        if loss is not None:
            losses[name] = loss[0]
    name = min(losses, key=lambda name: losses[name], default="")
    return [(name, stray.last)] if name and losses[name] < _LIKE_FILLER else None


def _loss(ears: Ears, frames: slice, emit: Floats, phones: Ints, word_of: Ints) -> tuple[float, Ints] | None:
    """How far behind the likeliest sounds these phones fall, a sound, and the last frame of each word.

    emit: (F, n) log-likelihoods in the frames. None where they do not fit in.
    """
    count = int(word_of[-1]) + 1
    way = likeliest_way(
        emit,
        ears.sounds[frames, BLANK],
        np.full(len(emit), -np.inf),
        word_of=word_of,
        same=phones[1:] == phones[:-1],
        skip=np.full(count, 1e6),
        enter=1e6,
    )
    if len(np.unique(way.phone[way.phone >= 0])) < len(phones):
        return None
    said = way.phone >= 0
    own = np.where(said, emit[np.arange(len(emit)), np.maximum(way.phone, 0)], ears.sounds[frames, BLANK])
    behind = float((ears.sounds[frames].max(1) - own).sum())
    lasts = np.array([np.flatnonzero(way.word == w)[-1] for w in range(count)])
    return behind / max(len(phones), int(ears.begins[frames].sum())), lasts
