"""A second look at the recognizer's posteriors: its own habits, and learners' accents, turned into intended phones.

hama writes what it hears: "ði" for "the", a plain vowel before every r, "s" for a learner's "th". A small network over
eleven frames gives instead the phones that the words of the dictionary have there. `weights/listener.npz` is made by
`python -m pronounce_kit.local.build_listener CORPUS` from recordings of speechocean762 (CC BY 4.0) and their canonical
phones, and from sentences that the model voice says; no text of the corpus is in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .acoustics import BLANK, Floats

Singles = NDArray[np.float32]

FILE = Path(__file__).parent / "weights" / "listener.npz"
REACH = 5
"""Frames on either side that the network sees."""
INPUTS = (2 * REACH + 1) * (BLANK + 1)


@dataclass(frozen=True, slots=True)
class Listener:
    """The network: one hidden layer, and a weighted way past it.

    into: (INPUTS, H) and into_bias: (H,); out: (H, 40) and out_bias: (40,); past: (1,) weight of what hama says.
    """

    into: Singles
    into_bias: Singles
    out: Singles
    out_bias: Singles
    past: Singles

    @classmethod
    def load(cls, path: Path = FILE) -> Listener:
        """The network that comes with the package."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(**{name: stored[name].astype(np.float32) for name in stored.files})

    def posteriors(self, posteriors: Floats) -> Floats:
        """(T, 40) posteriors of the acoustic model -> (T, 40) posteriors of the intended phones."""
        log_p = np.log(posteriors).astype(np.float32)
        hidden = np.maximum(features(posteriors) @ self.into + self.into_bias, 0)
        return softmax(hidden @ self.out + self.out_bias + self.past * log_p).astype(np.float64)


def features(posteriors: Floats) -> Singles:
    """(T, INPUTS): log posteriors of each frame and its neighbours, the first and last frame repeated at the edges."""
    log_p = (np.log(posteriors + 1e-4) / 5 + 0.8).astype(np.float32)
    padded = np.pad(log_p, ((REACH, REACH), (0, 0)), mode="edge")
    return np.concatenate([padded[k : k + len(log_p)] for k in range(2 * REACH + 1)], axis=1)


def softmax(logits: Singles) -> Singles:
    """Each row's probabilities."""
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    normal: Singles = shifted / shifted.sum(1, keepdims=True)
    return normal
