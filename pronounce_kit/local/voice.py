"""The embedded voice: text or phonemes -> speech at 24 kHz."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..dependencies import needed
from .phones import to_misaki

SAMPLE_RATE = 24_000
SEED = 0
"""Seed of the voice's noise component: the same text gives the same audio."""

_BREATH = 300


class Voice:
    """hibari's American English voice "heart" (7.9 MB, in the wheel); also its grapheme-to-phoneme converter."""

    def __init__(self) -> None:
        with needed("hibari-tts", "The embedded engine"):
            from hibari import Hibari
        self._hibari: Any = Hibari(threads=1)
        self._g2p_lock = threading.Lock()

    @property
    def g2p(self) -> Any:
        """Hibari's grapheme-to-phoneme converter; loaded when first asked for (0.5 s)."""
        with self._g2p_lock:
            return self._hibari.g2p

    def say_phones(self, words: Iterable[Iterable[str]], speed: float = 1.0, seed: int = SEED) -> NDArray[np.float32]:
        """Speak phones as they are, mistakes included: [["HH", "AH0", "L", "OW1"], ...], vowels with stress digits."""
        return self.say_misaki(" ".join(to_misaki(word) for word in words) + ".", speed, seed)

    def say_misaki(self, symbols: str, speed: float = 1.0, seed: int = SEED) -> NDArray[np.float32]:
        """Speak a phoneme string in misaki's alphabet, such as "həlˈO ðˈɛɹ."; unknown symbols are passed over.

        A long one is spoken in breaths, between words: the voice slurs what is over 400 symbols.
        """
        parts = [
            self._hibari.from_ids(self._hibari.ids(breath), speed=speed, rng=_noise(seed))
            for breath in _breaths(symbols)
        ]
        return self._in_range(np.concatenate(parts))

    @staticmethod
    def _in_range(samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.clip(samples, -1, 1).astype(np.float32)


class _Noise:
    """A generator as the voice asks it: normal deviates from the first one on, each time it is asked.

    They take a fifth of the time in which a sentence is spoken, and are the same in every sentence. Safe to share by
    threads.
    """

    def __init__(self, seed: int) -> None:
        self._generator = np.random.default_rng(seed)
        self._drawn: NDArray[np.float32] = np.empty(0, np.float32)
        self._lock = threading.Lock()

    def standard_normal(self, size: tuple[int, ...], dtype: type[np.float32]) -> NDArray[np.float32]:
        count = math.prod(size)
        with self._lock:
            if missing := max(count - len(self._drawn), 0):
                self._drawn = np.concatenate([self._drawn, self._generator.standard_normal(missing, dtype)])
            drawn = self._drawn
        values: NDArray[np.float32] = drawn[:count].reshape(size).copy()
        return values


@lru_cache(maxsize=1)
def _noise(seed: int) -> _Noise:
    return _Noise(seed)


def _breaths(symbols: str) -> list[str]:
    """Parts of at most `_BREATH` symbols, cut between words, after punctuation where there is some late enough."""
    parts = []
    while len(symbols) > _BREATH:
        stops = [i for i in range(_BREATH // 2, _BREATH) if symbols[i] == " " and symbols[i - 1] in ",.;:!?—"]
        cut = stops[-1] if stops else symbols.rfind(" ", 1, _BREATH)
        if cut < 1:
            break
        parts.append(symbols[:cut])
        symbols = symbols[cut + 1 :]
    return [*parts, symbols]
