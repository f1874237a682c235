"""The few operations that a small network is made of, forwards and, for training, backwards.

Arrays are (rows, channels): the phones of all texts of a batch one below the other, never padded. Each operation
computes its result and, on a tape that records, notes how to carry the gradient back; `backward` plays the notes in
reverse. Scoring and training run the same code.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Ints = NDArray[np.int64]


class Node:
    """A value and, after `Tape.backward`, the gradient of the loss by it (None where nothing depends on it)."""

    __slots__ = ("grad", "value")

    def __init__(self, value: Array) -> None:
        self.value = value
        self.grad: Array | None = None

    def add(self, grad: Array) -> None:
        """Add to the gradient."""
        self.grad = grad if self.grad is None else self.grad + grad


class Tape:
    """Computes, and records how to go back if `random` is given, from which dropout draws too."""

    def __init__(self, random: np.random.Generator | None = None) -> None:
        self._random = random
        self._steps: list[tuple[Node, Callable[[Array], None]]] = []

    def backward(self) -> None:
        """Carry the gradients of the results, which the caller has set, back to everything they came from."""
        for result, step in reversed(self._steps):
            if result.grad is not None:
                step(result.grad)

    def _note(self, value: Array, step: Callable[[Array], None]) -> Node:
        result = Node(value)
        if self._random is not None:
            self._steps.append((result, step))
        return result

    def given(self, name: str, value: Array) -> Node:
        """What comes from outside; `name` is for those who follow what is done."""
        return Node(value)

    def linear(self, x: Node, weight: Node, bias: Node) -> Node:
        """X times weight, (in, out), plus bias."""

        def step(grad: Array) -> None:
            x.add(grad @ weight.value.T)
            weight.add(x.value.T @ grad)
            bias.add(grad.sum(0))

        return self._note(x.value @ weight.value + bias.value, step)

    def embed(self, index: Ints, table: Node) -> Node:
        """Rows of a table."""

        def step(grad: Array) -> None:
            spread = np.zeros_like(table.value)
            np.add.at(spread, index, grad)
            table.add(spread)

        return self._note(table.value[index], step)

    def add(self, x: Node, y: Node) -> Node:
        """Sum."""

        def step(grad: Array) -> None:
            x.add(grad)
            y.add(grad)

        return self._note(x.value + y.value, step)

    def subtract(self, x: Node, y: Node) -> Node:
        """Difference."""

        def step(grad: Array) -> None:
            x.add(grad)
            y.add(-grad)

        return self._note(x.value - y.value, step)

    def multiply(self, x: Node, y: Node) -> Node:
        """Product, entry by entry."""

        def step(grad: Array) -> None:
            x.add(grad * y.value)
            y.add(grad * x.value)

        return self._note(x.value * y.value, step)

    def join(self, parts: Sequence[Node]) -> Node:
        """Channels side by side."""
        edges = np.cumsum([part.value.shape[1] for part in parts])[:-1]

        def step(grad: Array) -> None:
            for part, own in zip(parts, np.split(grad, edges, axis=1), strict=True):
                part.add(own)

        return self._note(np.concatenate([part.value for part in parts], axis=1), step)

    def silu(self, x: Node) -> Node:
        """X times its logistic function."""
        gate = np.float32(1) / (np.float32(1) + np.exp(-np.clip(x.value, -60, 60)))

        def step(grad: Array) -> None:
            x.add(grad * gate * (1 + x.value * (1 - gate)))

        return self._note(x.value * gate, step)

    def norm(self, x: Node, weight: Node, bias: Node) -> Node:
        """Layer normalization over the channels."""
        centred = x.value - x.value.mean(1, keepdims=True)
        inverse: Array = 1 / np.sqrt(np.square(centred).mean(1, keepdims=True) + np.float32(1e-5))
        unit: Array = centred * inverse

        def step(grad: Array) -> None:
            weight.add((grad * unit).sum(0))
            bias.add(grad.sum(0))
            own = grad * weight.value
            x.add(inverse * (own - own.mean(1, keepdims=True) - unit * (own * unit).mean(1, keepdims=True)))

        return self._note(unit * weight.value + bias.value, step)

    def dropout(self, x: Node, share: float) -> Node:
        """Set a share of the entries to 0 and scale up the rest; nothing on a tape that does not record."""
        if self._random is None or not share:
            return x
        kept = (self._random.random(x.value.shape, np.float32) >= share) / np.float32(1 - share)

        def step(grad: Array) -> None:
            x.add(grad * kept)

        return self._note(x.value * kept, step)

    def convolve(self, x: Node, weight: Node, bias: Node, text: Ints) -> Node:
        """A convolution along the phones of each text; weight: (taps, in, out), text: (rows,) ascending."""
        taps = len(weight.value)
        seen = [_shifted(x.value, tap - taps // 2, text) for tap in range(taps)]
        value: Array = bias.value + sum(own @ weight.value[tap] for tap, own in enumerate(seen))

        def step(grad: Array) -> None:
            bias.add(grad.sum(0))
            weight.add(np.stack([own.T @ grad for own in seen]))
            for tap in range(taps):
                x.add(_shifted(grad @ weight.value[tap].T, taps // 2 - tap, text))

        return self._note(value, step)

    def mean_over(self, x: Node, group: Ints) -> Node:
        """Mean of the rows of each group; group: (rows,) ascending from 0 without gaps."""
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        counts = np.diff(np.r_[starts, len(group)]).astype(np.float32)[:, None]

        def step(grad: Array) -> None:
            x.add((grad / counts)[group])

        return self._note(np.add.reduceat(x.value, starts) / counts, step)

    def largest_over(self, x: Node, group: Ints) -> Node:
        """Largest entry of each channel within each group; group as for `mean_over`."""
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        value = np.maximum.reduceat(x.value, starts)

        def step(grad: Array) -> None:
            x.add(np.where(x.value == value[group], grad[group], np.float32(0)))

        return self._note(value, step)


def _shifted(x: Array, by: int, text: Ints) -> Array:
    """Each row's neighbour `by` rows on, zeros where that is in another text."""
    if not by:
        return x
    out = np.zeros_like(x)
    if abs(by) >= len(x):
        return out
    here, there = (slice(None, -by), slice(by, None)) if by > 0 else (slice(-by, None), slice(None, by))
    out[here] = np.where((text[here] == text[there])[:, None], x[there], np.float32(0))
    return out
