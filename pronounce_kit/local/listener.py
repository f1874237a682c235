"""A second look at what the recognizer hears: its own habits, and learners' accents, turned into intended phones.

hama writes what it hears: "ði" for "the", a plain vowel before every r, "s" for a learner's "th". A small network gives
instead the phones that the words of the dictionary have there. It sees eleven frames of hama's posteriors, and what
hama's last layer says of five frames. `weights/listener.npz` is made by
`python -m pronounce_kit.local.build_listener CORPUS` from recordings of speechocean762 (CC BY 4.0) and their canonical
phones, and from sentences that the model voice says; no text of the corpus is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats, Heard

Singles = NDArray[np.float32]

FILE = Path(__file__).parent / "weights" / "listener.npz"
NEAR = tuple(range(-5, 6))
"""Frames before or after its own of which the network sees the posteriors."""
STATES = (-6, -3, 0, 3, 6)
"""The same of the states."""


@dataclass(frozen=True, slots=True)
class Listener:
    """The network: one hidden layer, and a weighted way past it.

    posteriors: (11, 40, H) weights of the log posteriors of the frames `NEAR`, states: (5, S, H) of the states of the
    frames `STATES`, bias: (H,); out: (H, 40) and out_bias: (40,); past: (1,) weight of what hama says.
    """

    posteriors: Singles
    states: Singles
    bias: Singles
    out: Singles
    out_bias: Singles
    past: Singles

    @classmethod
    def load(cls, path: Path = FILE) -> Listener:
        """The network that comes with the package."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name].astype(np.float32) for name in stored.files})

    def hear(self, heard: Heard) -> Floats:
        """What was heard in T frames -> (T, 40) posteriors of the intended phones."""
        seen = scaled(heard.posteriors)
        hidden = np.broadcast_to(self.bias, (len(seen), len(self.bias))).copy()
        for by, weights in zip(NEAR, self.posteriors, strict=True):
            hidden += shifted(seen @ weights, by)
        for by, weights in zip(STATES, self.states, strict=True):
            hidden += shifted(heard.states @ weights, by)
        log_p = np.log(heard.posteriors).astype(np.float32)
        return softmax(np.maximum(hidden, 0) @ self.out + self.out_bias + self.past * log_p).astype(np.float64)


def scaled(posteriors: Floats) -> Singles:
    """(T, 40) log posteriors, about -1 to 1."""
    log_p: Singles = (np.log(posteriors + 1e-4) / 5 + 0.8).astype(np.float32)
    return log_p


def shifted(rows: Singles, by: int) -> Singles:
    """For each frame the row so many frames later; the first and last are repeated at the edges."""
    return rows[np.clip(np.arange(len(rows)) + by, 0, max(len(rows) - 1, 0))]


def softmax(logits: Singles) -> Singles:
    """Each row's probabilities."""
    likelihood = np.exp(logits - logits.max(1, keepdims=True))
    normal: Singles = likelihood / likelihood.sum(1, keepdims=True)
    return normal
