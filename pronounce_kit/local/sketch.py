"""The networks as an ONNX graph: their forward pass is followed once, and each operation written down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .network import FAR, INPUTS, OUTPUTS, Networks, Sounds, forward
from .onnx_graph import Builder
from .tape import Array, Ints, Node, Tape


def to_onnx(networks: Networks) -> bytes:
    """The mean opinion of the networks of one text; inputs and outputs are `network.INPUTS` and `network.OUTPUTS`.

    Their numbers are rounded to float16, which halves the file; those that standardize rows are not.
    """
    weights = {"mean": networks.mean, "scale": networks.scale}
    for number, parameters in enumerate(networks.parameters):
        for name, node in parameters.items():
            # A convolution's weights are (taps, in, out) here, and (out, in, taps) there.
            own = node.value.transpose(2, 1, 0) if node.value.ndim == 3 else node.value
            weights[f"{number}.{name}"] = np.ascontiguousarray(own, np.float16)
    builder = Builder(weights)
    scaled = builder.node("Div", builder.node("Sub", "rows", "mean"), "scale")
    rows = builder.node("Clip", scaled, builder.constant(-FAR, np.float32), builder.constant(FAR, np.float32))
    example = _example(len(networks.mean), len(networks.parameters[0]["learner.norm.weight"].value))
    values: list[dict[str, str]] = []
    for number, parameters in enumerate(networks.parameters):
        sketch = _Sketch(builder, rows, example, {node: f"{number}.{name}" for name, node in parameters.items()})
        opinion = forward(sketch, parameters, example)
        values.append({name: sketch.name_of(getattr(opinion, name)) for name in OUTPUTS})
    for name in OUTPUTS:
        total = builder.node("Sum", *(value[name] for value in values))
        builder.output(name, builder.times(total, 1 / len(values)))
    widths = {"rows": example.rows.shape[1], "learner": example.learner.shape[1], "voice": example.voice.shape[1]}
    return builder.model(
        "networks",
        {name: ("phones", widths[name]) if name in widths else ("phones",) for name in INPUTS},
        {name: (f"{name}_count", width) for name, width in OUTPUTS.items()},
        outside=False,
    )


def _example(features: int, states: int) -> Sounds:
    """Three phones of two words, to be followed through the network."""
    wide = np.zeros((3, states), np.float32)
    return Sounds(
        rows=np.zeros((3, features), np.float32),
        learner=wide,
        voice=wide,
        phone=np.array([0, 1, 2]),
        word=np.array([0, 0, 1]),
        text=np.zeros(3, np.int64),
    )


class _Sketch(Tape):
    """Computes as any tape does, and writes down what it does."""

    def __init__(self, builder: Builder, rows: str, sounds: Sounds, names: Mapping[Node, str]) -> None:
        super().__init__()
        self._builder = builder
        self._rows = rows
        self._text = sounds.text
        self._names = dict(names)

    def name_of(self, node: Node) -> str:
        """The value of the graph that a node stands for."""
        return self._names[node]

    def _is(self, node: Node, kind: str, *inputs: Node | str, **attributes: object) -> Node:
        names = [self._names[own] if isinstance(own, Node) else own for own in inputs]
        self._names[node] = self._builder.node(kind, *names, **attributes)
        return node

    def given(self, name: str, value: Array) -> Node:
        node = super().given(name, value)
        self._names[node] = self._rows if name == "rows" else name
        return node

    def linear(self, x: Node, weight: Node, bias: Node) -> Node:
        return self._is(super().linear(x, weight, bias), "Gemm", x, weight, bias)

    def embed(self, index: Ints, table: Node) -> Node:
        return self._is(super().embed(index, table), "Gather", table, "phone")

    def add(self, x: Node, y: Node) -> Node:
        return self._is(super().add(x, y), "Add", x, y)

    def subtract(self, x: Node, y: Node) -> Node:
        return self._is(super().subtract(x, y), "Sub", x, y)

    def multiply(self, x: Node, y: Node) -> Node:
        return self._is(super().multiply(x, y), "Mul", x, y)

    def join(self, parts: Sequence[Node]) -> Node:
        return self._is(super().join(parts), "Concat", *parts, axis=1)

    def silu(self, x: Node) -> Node:
        node = super().silu(x)
        self._names[node] = self._builder.silu(self._names[x])
        return node

    def norm(self, x: Node, weight: Node, bias: Node) -> Node:
        return self._is(super().norm(x, weight, bias), "LayerNormalization", x, weight, bias, epsilon=1e-5)

    def convolve(self, x: Node, weight: Node, bias: Node, text: Ints) -> Node:
        node = super().convolve(x, weight, bias, text)
        taps = len(weight.value)
        across = self._builder.across(self._names[x])
        self._is(node, "Conv", across, weight, bias, pads=[taps // 2, taps // 2])
        self._names[node] = self._builder.along(self._names[node])
        return node

    def mean_over(self, x: Node, group: Ints) -> Node:
        node = super().mean_over(x, group)
        if group is self._text:
            return self._is(node, "ReduceMean", x, self._builder.constant([0]), keepdims=1)
        total = self._gathered(x, 0.0, "add")
        counts = self._gathered(Node(np.ones((1, 1), np.float32)), 0.0, "add")
        return self._is(node, "Div", total, counts)

    def largest_over(self, x: Node, group: Ints) -> Node:
        node = super().largest_over(x, group)
        self._names[node] = self._gathered(x, -np.inf, "max")
        return node

    def _gathered(self, x: Node, start: float, reduction: str) -> str:
        """The rows of each word added up, or the largest of them."""
        builder = self._builder
        one = builder.constant([1])
        words = builder.node("Add", builder.node("Gather", "word", builder.constant([-1]), axis=0), one)
        if x in self._names:
            rows, width = self._names[x], builder.constant([x.value.shape[1]])
        else:  # ones, to count with
            like = builder.node("Unsqueeze", "word", one)
            rows, width = builder.node("Cast", builder.node("Equal", like, like), to=1), one
        empty = builder.node(
            "Expand", builder.constant(start, np.float32), builder.node("Concat", words, width, axis=0)
        )
        return builder.node("ScatterND", empty, builder.node("Unsqueeze", "word", one), rows, reduction=reduction)
