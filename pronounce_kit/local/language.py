"""Words, how they sound, and how likely they follow each other: what the recognizer knows of English.

The knowledge is one file, `weights/language.npz`, written by `pronounce_kit.local.build_language` from the US English
trigram model and dictionary of CMU PocketSphinx (BSD) and hibari's lexicon. Log probabilities are natural logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

FILE = Path(__file__).parent / "weights" / "language.npz"
BEGIN, END = 0, 1
"""Numbers of the marks before the first and after the last word; words follow from 2 on."""

_BITS = 17  # of a word's number in a key
NO_WORD = (1 << _BITS) - 1
"""Stands for a word of the history that the model knows nothing of."""
_STEP = 0.1  # log probabilities are stored in steps of this, in one byte: 0 to -25.5
_BACK_OFF_STEP = 0.05  # back-offs too: 1.4 to -11.3
_HIGHEST_BACK_OFF = 1.4


def history(first: Ints, second: Ints) -> Ints:
    """The two last words as one number, `first` the earlier; what `LanguageModel.score` takes and gives."""
    return (first << _BITS) | second


START = (NO_WORD << _BITS) | BEGIN
"""The history before the first word."""


@dataclass(frozen=True, slots=True)
class NGrams:
    """N-grams with their log probabilities, sorted by key: the words' numbers, 17 bits each, the last word lowest."""

    keys: Ints
    log_p: Floats
    back_off: Floats

    def find(self, keys: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Where each key is, and whether it is there at all."""
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return at, self.keys[at] == keys


class LanguageModel:
    """A trigram model with back-off over `words`; safe to share between threads."""

    def __init__(self, words: list[str], log_p: Floats, back_off: Floats, pairs: NGrams, triples: NGrams) -> None:
        self.words = words
        self.log_p = log_p
        self._back_off = back_off
        self._pairs = pairs
        self._triples = triples

    def score(self, histories: Ints, words: Ints) -> tuple[Floats, Ints]:
        """Log probability of each word after its history, and the history that follows. All (M,).

        A history that no triple begins with is shortened, so that hypotheses that do not differ to the model meet.
        """
        last = histories & NO_WORD
        pair, known = self._pairs.find((last << _BITS) | words)
        log_p = np.where(known, self._pairs.log_p[pair], self._back_off[last] + self.log_p[words])
        extends = known & (self._pairs.back_off[pair] != 0)
        before, has_before = self._pairs.find(histories)
        log_p = np.where(has_before, log_p + self._pairs.back_off[before], log_p)
        long = np.flatnonzero(has_before)
        triple, found = self._triples.find((histories[long] << _BITS) | words[long])
        log_p[long[found]] = self._triples.log_p[triple[found]]
        return log_p, np.where(extends, history(last, words), history(np.int64(NO_WORD), words))

    def followers(self, word: int) -> Ints:
        """The words that the model has seen right after a word, ascending."""
        begin, end = np.searchsorted(self._pairs.keys, [word << _BITS, (word + 1) << _BITS])
        return self._pairs.keys[begin:end] & NO_WORD


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a language model is made of, in natural logarithms; `words` begins with the two marks.

    log_p, back_off: (W,). first, second, log_p_pair, back_off_pair: of the pairs, sorted. before: number of the pair
    that each triple begins with; third, log_p_triple: its last word and its log probability, sorted too.
    """

    words: list[str]
    log_p: NDArray[np.float64]
    back_off: NDArray[np.float64]
    first: Ints
    second: Ints
    log_p_pair: NDArray[np.float64]
    back_off_pair: NDArray[np.float64]
    before: Ints
    third: Ints
    log_p_triple: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """phones: (P, L) pronunciations, filled up with 255; said: (P,) the word of each. names: written with a capital."""

    phones: NDArray[np.uint8]
    said: Ints
    names: frozenset[str]


def pack(file: BinaryIO, knowledge: Knowledge, vocabulary: Vocabulary) -> None:
    """Write the file that `unpack` reads."""
    k = knowledge
    number = {word: i for i, word in enumerate(k.words)}
    np.savez_compressed(
        file,
        words=np.frombuffer("\n".join(k.words).encode(), np.uint8),
        names=np.array(sorted(number[word] for word in vocabulary.names), np.uint32),
        phones=vocabulary.phones,
        said=np.diff(vocabulary.said, prepend=0).astype(np.uint8),
        log_p=_to_byte(k.log_p),
        back_off=_back_off_to_byte(k.back_off),
        pairs=np.bincount(k.first, minlength=len(k.words)).astype(np.uint16),
        seconds=_steps(k.first, k.second),
        log_p_pair=_to_byte(k.log_p_pair),
        back_off_pair=_back_off_to_byte(k.back_off_pair),
        triples=np.bincount(k.before, minlength=len(k.first)).astype(np.uint16),
        thirds=_steps(k.before, k.third),
        log_p_triple=_to_byte(k.log_p_triple),
    )


def unpack(path: Path = FILE) -> tuple[LanguageModel, Vocabulary]:
    """Read the language model and the pronunciations (0.2 s)."""
    with np.load(path, allow_pickle=False) as stored:
        part = {name: stored[name] for name in stored.files}
    words = part["words"].tobytes().decode().split("\n")
    first = np.repeat(np.arange(len(words)), part["pairs"])
    second = _from_steps(part["pairs"], part["seconds"])
    pairs = NGrams(history(first, second), _from_byte(part["log_p_pair"]), _back_off_from_byte(part["back_off_pair"]))
    keys = (np.repeat(pairs.keys, part["triples"]) << _BITS) | _from_steps(part["triples"], part["thirds"])
    triples = NGrams(keys, _from_byte(part["log_p_triple"]), np.zeros(0, np.float32))
    back_off = np.zeros(NO_WORD + 1, np.float32)
    back_off[: len(words)] = _back_off_from_byte(part["back_off"])
    model = LanguageModel(words, _from_byte(part["log_p"]), back_off, pairs, triples)
    names = frozenset(words[i] for i in part["names"].tolist())
    return model, Vocabulary(part["phones"], np.cumsum(part["said"].astype(np.int64)), names)


def _steps(group: Ints, ascending: Ints) -> NDArray[np.uint8]:
    """Numbers that ascend within each group as differences, low bytes then high bytes; small ones compress well."""
    begins = np.r_[True, group[1:] != group[:-1]]
    step = np.where(begins, ascending, np.diff(ascending, prepend=0))
    return np.stack([step & 255, step >> 8]).astype(np.uint8)


def _from_steps(sizes: NDArray[np.uint16], steps: NDArray[np.uint8]) -> Ints:
    total = np.cumsum(steps[0].astype(np.int64) | (steps[1].astype(np.int64) << 8))
    size = sizes.astype(np.int64)
    begin = np.cumsum(size) - size
    before = np.where(begin > 0, total[np.maximum(begin - 1, 0)], 0)
    ascending: Ints = total - np.repeat(before, size)
    return ascending


def _to_byte(log_p: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint(-log_p / _STEP), 0, 255).astype(np.uint8)


def _from_byte(stored: NDArray[np.uint8]) -> Floats:
    log_p: Floats = stored.astype(np.float32) * np.float32(-_STEP)
    return log_p


def _back_off_to_byte(back_off: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.clip(np.rint((_HIGHEST_BACK_OFF - back_off) / _BACK_OFF_STEP), 0, 255).astype(np.uint8)


def _back_off_from_byte(stored: NDArray[np.uint8]) -> Floats:
    restored: Floats = np.float32(_HIGHEST_BACK_OFF) - stored.astype(np.float32) * np.float32(_BACK_OFF_STEP)
    restored[np.abs(restored) < _BACK_OFF_STEP / 2] = 0
    return restored
