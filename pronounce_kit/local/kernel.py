"""Ridge regression with a Gaussian kernel: smooth curves through few examples.

On the 731 sentences that experts rated it foretells the ratings of unseen speakers better than a linear ridge and trees
averaged. So wide a kernel is close to a quadratic, and a reading far from all examples still scores low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats

_FURTHEST = 4.0  # features are clipped to so many standard deviations
_NARROWNESS = 0.02  # of the kernel, over the mean square distance of standardized features
_PENALTY = 0.2


@dataclass(frozen=True, slots=True)
class KernelRidge:
    """A fitted regression: each prediction is a sum over examples, weighted by how near they are.

    mean, scale: (F,) by which features are standardized. examples: (M, F) standardized rows. weights: (M,).
    """

    mean: Floats
    scale: Floats
    examples: NDArray[np.float32]
    weights: Floats
    intercept: float

    @classmethod
    def fit(cls, rows: NDArray[np.float32], target: Floats) -> KernelRidge:
        """Fit to (M, F) rows and (M,) targets, in closed form."""
        x = np.asarray(rows, np.float64)
        mean, scale = x.mean(0), x.std(0)
        scale[scale < 1e-9] = 1.0
        examples = _standardized(x, mean, scale)
        kernel = _nearness(examples, examples)
        intercept = float(target.mean())
        weights = np.asarray(np.linalg.solve(kernel + _PENALTY * np.eye(len(x)), target - intercept), np.float64)
        return cls(mean, scale, examples, weights, intercept)

    def predict(self, rows: NDArray[np.float32]) -> Floats:
        """(rows, F) -> (rows,)."""
        near = _nearness(_standardized(np.asarray(rows, np.float64), self.mean, self.scale), self.examples)
        out: Floats = near @ self.weights + self.intercept
        return out


def _standardized(rows: Floats, mean: Floats, scale: Floats) -> NDArray[np.float32]:
    return np.clip((rows - mean) / scale, -_FURTHEST, _FURTHEST).astype(np.float32)


def _nearness(a: NDArray[np.float32], b: NDArray[np.float32]) -> Floats:
    """(len(a), len(b)) kernel values, 0 to 1."""
    x, y = a.astype(np.float64), b.astype(np.float64)
    square = (x * x).sum(1)[:, None] + (y * y).sum(1)[None] - 2 * x @ y.T
    out: Floats = np.exp(-_NARROWNESS * square / x.shape[1])
    return out
