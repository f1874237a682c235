"""A small network over the phones of a text: it scores phones, words and the sentence at once.

Trees see one phone's numbers at a time. The network sees besides what the last layers of the recognizer say of each
phone, in the learner's reading and in the model voice's, and of its neighbours; it learns all levels together, as
GOPT does (Gong et al., ICASSP 2022). Trees and network err in different places: their mean is better than either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .acoustics import Floats
from .phones import ARPABET
from .runtime import Graph
from .tape import Array, Ints, Node, Tape

SCALES = ("accuracy", "fluency", "prosodic", "total")
"""What is learned of the sentence."""

_WIDTH = 64  # channels of a phone
_PROJECTED = 32  # channels that what the recognizer says is brought down to
_EMBEDDED = 16
_TAPS = 5  # phones that a convolution sees
_LAYERS = 2
_HIDDEN = 32
_DROPOUT = 0.3

FAR = 4.0
"""Standardized features are clipped here."""

INPUTS = ("rows", "learner", "voice", "phone", "word")
"""Of the networks' graph: what `Sounds` of one text holds under these names."""

OUTPUTS = {"rating": 1, "wrong": 1, "words": 1, "sentences": len(SCALES)}
"""Of the graph: what `Opinion` holds under these names -> channels."""


@dataclass(frozen=True, slots=True)
class Sounds:
    """The N phones of one or more texts, as the network looks at them.

    rows: (N, F) of `features.phone_features`. learner, voice: (N, S) what the recognizer's last layers say of each
    phone in both readings. phone: (N,) index into ARPABET. word, text: (N,) of which word and text it is, from 0 on
    without gaps.
    """

    rows: Array
    learner: Array
    voice: Array
    phone: Ints
    word: Ints
    text: Ints

    def apart(self) -> Array:
        """How far the reading is from the model voice's: one row, (1, 2 S).

        The mean over the phones of the difference between what the recognizer's layers say of the two, which tells the
        direction, and of its absolute value, which tells the distance.
        """
        difference = np.subtract(self.learner, self.voice, dtype=np.float32)
        return np.concatenate([difference.mean(0), np.abs(difference).mean(0)])[None]

    @classmethod
    def joined(cls, parts: Sequence[Sounds]) -> Sounds:
        """Several texts as one."""
        words = np.cumsum([0, *(part.word[-1] + 1 for part in parts)])
        texts = np.cumsum([0, *(part.text[-1] + 1 for part in parts)])
        return cls(
            rows=np.concatenate([part.rows for part in parts]),
            learner=np.concatenate([part.learner for part in parts]),
            voice=np.concatenate([part.voice for part in parts]),
            phone=np.concatenate([part.phone for part in parts]),
            word=np.concatenate([part.word + first for part, first in zip(parts, words, strict=False)]),
            text=np.concatenate([part.text + first for part, first in zip(parts, texts, strict=False)]),
        )


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the network says: rating (N,) 0-2, wrong (N,) log-odds, words (W,) 0-1, sentences (texts, 4) 0-1."""

    rating: Node
    wrong: Node
    words: Node
    sentences: Node


def initial_parameters(features: int, states: int, random: np.random.Generator) -> dict[str, Array]:
    """Parameters to start from, by name; weights scaled by the root of the channels that come in (He et al. 2015)."""
    parameters: dict[str, Array] = {}

    def linear(name: str, into: int, out: int, taps: int | None = None) -> None:
        shape = (into, out) if taps is None else (taps, into, out)
        bound = (into * (taps or 1)) ** -0.5
        parameters[f"{name}.weight"] = random.uniform(-bound, bound, shape).astype(np.float32)
        parameters[f"{name}.bias"] = np.zeros(out, np.float32)

    def norm(name: str, width: int) -> None:
        parameters[f"{name}.weight"] = np.ones(width, np.float32)
        parameters[f"{name}.bias"] = np.zeros(width, np.float32)

    def embedding(name: str, width: int) -> None:
        parameters[name] = random.normal(0, 1, (len(ARPABET), width)).astype(np.float32)

    for name in ("learner", "difference"):
        norm(f"{name}.norm", states)
        linear(name, states, _PROJECTED)
    embedding("phone", _EMBEDDED)
    embedding("expected", _PROJECTED)
    linear("mix", _EMBEDDED + features + 3 * _PROJECTED, _WIDTH)
    for layer in range(_LAYERS):
        norm(f"layer{layer}.norm", _WIDTH)
        linear(f"layer{layer}", _WIDTH, _WIDTH, _TAPS)
    norm("norm", _WIDTH)
    for name in ("rating", "wrong"):
        linear(name, 2 * _WIDTH, 1)
    linear("words.hidden", 4 * _WIDTH, _HIDDEN)
    linear("words", _HIDDEN, 1)
    linear("sentences.hidden", 2 * _WIDTH, _HIDDEN)
    linear("sentences", _HIDDEN, len(SCALES))
    return parameters


def forward(tape: Tape, parameters: Mapping[str, Node], sounds: Sounds) -> Opinion:
    """Compute the network's opinion; `sounds.rows` standardized."""

    def linear(name: str, x: Node) -> Node:
        return tape.linear(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])

    def norm(name: str, x: Node) -> Node:
        return tape.norm(x, parameters[f"{name}.weight"], parameters[f"{name}.bias"])

    rows = tape.given("rows", sounds.rows)
    states = tape.given("learner", sounds.learner.astype(np.float32))
    apart = tape.subtract(states, tape.given("voice", sounds.voice.astype(np.float32)))
    learner = linear("learner", norm("learner.norm", states))
    difference = linear("difference", norm("difference.norm", apart))
    inputs = [
        tape.embed(sounds.phone, parameters["phone"]),
        tape.dropout(rows, _DROPOUT / 3),
        tape.dropout(learner, _DROPOUT),
        tape.dropout(difference, _DROPOUT),
        tape.multiply(learner, tape.embed(sounds.phone, parameters["expected"])),
    ]
    alone = x = tape.dropout(tape.silu(linear("mix", tape.join(inputs))), _DROPOUT)
    for layer in range(_LAYERS):
        name = f"layer{layer}"
        near = tape.convolve(
            norm(f"{name}.norm", x), parameters[f"{name}.weight"], parameters[f"{name}.bias"], sounds.text
        )
        x = tape.add(x, tape.dropout(tape.silu(near), _DROPOUT))
    phones = tape.join([tape.dropout(norm("norm", x), _DROPOUT), alone])
    words = tape.join([tape.mean_over(phones, sounds.word), tape.largest_over(phones, sounds.word)])

    def from_hidden(name: str, x: Node) -> Node:
        return linear(name, tape.dropout(tape.silu(linear(f"{name}.hidden", x)), _DROPOUT))

    return Opinion(
        rating=linear("rating", phones),
        wrong=linear("wrong", phones),
        words=from_hidden("words", words),
        sentences=from_hidden("sentences", tape.mean_over(phones, sounds.text)),
    )


@dataclass(frozen=True, slots=True)
class Said:
    """The networks' mean opinion of one text.

    rating: (N,) 0-100. wrong: (N,) log-odds. words: (W,) 0-100. sentence: by scale, (1,) 0-100.
    """

    rating: Floats
    wrong: Floats
    words: Floats
    sentence: Mapping[str, Floats]


class Jury(Protocol):
    """Fitted networks that differ in the numbers they started from."""

    def consult(self, sounds: Sounds) -> Said:
        """What they say of one text."""
        ...


@dataclass(frozen=True, slots=True)
class Networks:
    """A jury as it comes out of training. mean, scale: (F,) that standardize rows."""

    mean: Array
    scale: Array
    parameters: tuple[Mapping[str, Node], ...]

    def consult(self, sounds: Sounds) -> Said:
        """What they say of one text."""
        sounds = replace(sounds, rows=standardized(sounds.rows, self.mean, self.scale))
        opinions = [forward(Tape(), parameters, sounds) for parameters in self.parameters]
        return _said([np.mean([getattr(own, name).value for own in opinions], axis=0) for name in OUTPUTS])


class GraphJury:
    """A jury as the engine asks it: all networks in one graph, written by `sketch.to_onnx`."""

    def __init__(self, onnx: bytes) -> None:
        self._graph = Graph(onnx)

    def consult(self, sounds: Sounds) -> Said:
        """What they say of one text."""
        # Stored examples have half the precision.
        single = replace(sounds, learner=sounds.learner.astype(np.float32), voice=sounds.voice.astype(np.float32))
        return _said(self._graph.run(**{name: getattr(single, name) for name in INPUTS}))


def _said(opinion: Sequence[Array]) -> Said:
    """The values of `OUTPUTS` on the scales of scores."""
    rating, wrong, words, sentences = (value.astype(np.float64) for value in opinion)
    return Said(
        rating=50 * rating[:, 0],
        wrong=wrong[:, 0],
        words=100 * words[:, 0],
        sentence={scale: 100 * sentences[0, i : i + 1] for i, scale in enumerate(SCALES)},
    )


def standardized(rows: NDArray[Any], mean: NDArray[Any], scale: NDArray[Any]) -> NDArray[Any]:
    """Rows in standard deviations from the mean, those far out brought in."""
    out: NDArray[Any] = np.clip((rows - mean) / scale, -FAR, FAR)
    return out
