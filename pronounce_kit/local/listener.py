"""A second look at what the recognizer hears: its own habits, and learners' accents, turned into intended phones.

hama writes what it hears: "ði" for "the", a plain vowel before every r, "s" for a learner's "th". A small network gives
instead the phones that the words of the dictionary have there. It sees eleven frames of hama's posteriors, and what
hama's last layer says of five frames. `weights/listener.npz` is made by
`python -m pronounce_kit.local.build_listener CORPUS` from recordings of speechocean762 (CC BY 4.0) and their canonical
phones, and from sentences that the model voice says; no text of the corpus is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
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


@dataclass(frozen=True)
class Listener:
    """The network: one hidden layer, and a weighted way past it.

    posteriors: (11, 40, H) weights of the log posteriors of the frames `NEAR`, states: (5, S, H) of the last layer's
    states of the frames `STATES`, bias: (H,); out: (H, 40) and out_bias: (40,); past: (1,) weight of what hama says.
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
        last = heard.states[:, : self.states.shape[1]]
        seen = np.concatenate([around(scaled(heard.posteriors), NEAR), around(last, STATES)], axis=1)
        hidden = np.maximum(seen @ self._into + self.bias, 0)
        log_p = np.log(heard.posteriors).astype(np.float32)
        return softmax(hidden @ self.out + self.out_bias + self.past * log_p).astype(np.float64)

    @cached_property
    def _into(self) -> Singles:
        """All weights of what it sees, one frame's below another's."""
        return np.concatenate([part.reshape(-1, len(self.bias)) for part in (self.posteriors, self.states)])


def scaled(posteriors: Floats) -> Singles:
    """(T, 40) log posteriors, about -1 to 1."""
    log_p: Singles = (np.log(posteriors + 1e-4) / 5 + 0.8).astype(np.float32)
    return log_p


def around(rows: Singles, offsets: Sequence[int]) -> Singles:
    """For each frame the rows so many frames later, side by side; the first and last are repeated at the edges.

    offsets: ascending, from below 0 to above.
    """
    padded = np.concatenate([np.repeat(rows[:1], -offsets[0], 0), rows, np.repeat(rows[-1:], offsets[-1], 0)])
    return np.concatenate([padded[by - offsets[0] :][: len(rows)] for by in offsets], axis=1)


def softmax(logits: Singles) -> Singles:
    """Each row's probabilities."""
    likelihood = np.exp(logits - logits.max(1, keepdims=True))
    normal: Singles = likelihood / likelihood.sum(1, keepdims=True)
    return normal
