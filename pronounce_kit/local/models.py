"""The fitted models: trees and networks, run by onnxruntime, and ridge regressions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats
from .network import GraphJury, standardized
from .runtime import Graph
from .scores import Models

WEIGHTS = resources.files(__package__) / "weights"
"""Folder of the committed weights: ONNX files of the tree ensembles and networks, constants.json for the rest."""


class Trees:
    """One gradient-boosted tree ensemble: (rows, features) float32 -> (rows,) float64."""

    def __init__(self, onnx: bytes) -> None:
        self._graph = Graph(onnx)

    def predict(self, rows: NDArray[np.float32]) -> Floats:
        """Raw prediction of each row (log-odds for a classifier)."""
        return self._graph.run(rows=rows)[0][:, 0].astype(np.float64)


@dataclass(frozen=True, slots=True)
class Linear:
    """A ridge regression on standardized features, which it takes as no further than `FAR` from their means.

    So a long text, with more words and pauses than any it learned from, does not lead it off its scale.
    """

    mean: Floats
    scale: Floats
    weights: Floats
    intercept: float

    def predict(self, rows: NDArray[Any]) -> Floats:
        """(rows, features) -> (rows,)."""
        out: Floats = standardized(rows, self.mean, self.scale) @ self.weights + self.intercept
        return out

    def to_json(self) -> dict[str, Any]:
        """Plain lists, rounded to what float32 holds."""
        return {
            "mean": [float(f"{x:.7g}") for x in self.mean],
            "scale": [float(f"{x:.7g}") for x in self.scale],
            "weights": [float(f"{x:.7g}") for x in self.weights],
            "intercept": float(f"{self.intercept:.7g}"),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Linear:
        """Read what `to_json` wrote."""
        mean, scale, weights = (np.array(values[name], float) for name in ("mean", "scale", "weights"))
        return cls(mean, scale, weights, float(values["intercept"]))


def weights_digest() -> str:
    """Eight hex digits that name the committed weights which scores depend on."""
    digest = hashlib.sha256()
    for part in sorted(WEIGHTS.iterdir(), key=lambda part: part.name):
        if part.name.endswith((".onnx", ".json")):
            digest.update(part.read_bytes())
    return digest.hexdigest()[:8]


def load_models(folder: Path | None = None) -> Models:
    """The weights in a folder that `training.train` wrote; by default the committed ones."""
    weights = folder or WEIGHTS
    constants = json.loads((weights / "constants.json").read_text(encoding="utf-8"))

    def trees(name: str) -> Trees:
        return Trees((weights / f"{name}.onnx").read_bytes())

    return Models(
        phone_rating=trees("phone_rating"),
        phone_wrong=trees("phone_wrong"),
        networks=GraphJury((weights / "networks.onnx").read_bytes()),
        wrong_threshold=float(constants["wrong_threshold"]),
        word=(trees("word"), Linear.from_json(constants["word_ridge"])),
        sentence={
            scale: (trees(f"sentence_{scale}"), Linear.from_json(ridge))
            for scale, ridge in constants["sentence_ridge"].items()
        },
        apart={scale: Linear.from_json(ridge) for scale, ridge in constants["sentence_apart"].items()},
    )
