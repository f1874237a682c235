"""Writing ONNX graphs, when weights are made: the engine itself only runs them (`runtime`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OPSET, _IR = 20, 9


class Builder:
    """The nodes of a graph, added one after the other; values are known by their names.

    weights: the initializers, which nodes may name; those of float16 are float32 to the nodes.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.weights = weights
        self._nodes: list[Any] = []
        self._constants: dict[str, Any] = {}
        self._count = 0
        for name, array in weights.items():
            if array.dtype == np.float16:
                self._add("Cast", [f"{name}.half"], [name], {"to": 1})

    def many(self, count: int, kind: str, *inputs: str, **attributes: Any) -> list[str]:
        """Add a node of several outputs; their names."""
        outputs = [f"v{self._count + i}" for i in range(count)]
        self._count += count
        self._add(kind, inputs, outputs, attributes)
        return outputs

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add a node of one output; its name."""
        return self.many(1, kind, *inputs, **attributes)[0]

    def output(self, name: str, value: str) -> None:
        """Give a value the name of an output."""
        self._add("Identity", [value], [name], {})

    def constant(self, values: Any, dtype: type = np.int64) -> str:
        """Add a value that belongs to the graph rather than to the weights; its name."""
        from onnx import numpy_helper

        array: NDArray[Any] = np.array(values, dtype)
        name = f"{array.dtype}_{array.tolist()}".replace(" ", "")
        self._constants[name] = numpy_helper.from_array(array, name)
        return name

    def linear(self, x: str, name: str) -> str:
        """X times a matrix, (in, out), plus a bias."""
        return self.node("Gemm", x, f"{name}.weight", f"{name}.bias")

    def norm(self, x: str, name: str) -> str:
        """Layer normalization over the channels."""
        return self.node("LayerNormalization", x, f"{name}.weight", f"{name}.bias", epsilon=1e-5)

    def silu(self, x: str) -> str:
        """X times its logistic function."""
        return self.node("Mul", x, self.node("Sigmoid", x))

    def add(self, x: str, y: str) -> str:
        """Sum."""
        return self.node("Add", x, y)

    def times(self, x: str, factor: float) -> str:
        """Multiple."""
        return self.node("Mul", x, self.constant(factor, np.float32))

    def across(self, x: str) -> str:
        """(rows, channels) -> (1, channels, rows), as convolutions want it."""
        return self.node("Unsqueeze", self.node("Transpose", x, perm=[1, 0]), self.constant([0]))

    def along(self, x: str, axes: Sequence[int] = (0,)) -> str:
        """Back again, without the axes, which are of length 1."""
        return self.node("Transpose", self.node("Squeeze", x, self.constant(list(axes))), perm=[1, 0])

    def model(
        self, name: str, inputs: Mapping[str, Sequence[Any]], outputs: Mapping[str, Sequence[Any]], *, outside: bool
    ) -> bytes:
        """The whole graph as a file.

        inputs, outputs: name -> shape, with names for what varies; of float32, or int64 where it has one axis.
        outside: only names and shapes of the weights are stored.
        """
        from onnx import TensorProto, checker, helper, numpy_helper

        def described(values: Mapping[str, Sequence[Any]]) -> list[Any]:
            kinds = {1: TensorProto.INT64, 2: TensorProto.FLOAT}
            return [helper.make_tensor_value_info(name, kinds[len(shape)], shape) for name, shape in values.items()]

        stored = []
        for own, array in self.weights.items():
            if not outside:
                stored.append(numpy_helper.from_array(array, f"{own}.half" if array.dtype == np.float16 else own))
                continue
            tensor = TensorProto(name=own, data_type=TensorProto.FLOAT, dims=array.shape)
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key="location", value="outside")
            stored.append(tensor)
        graph = helper.make_graph(
            self._nodes,
            name,
            described(inputs),
            described(outputs),
            initializer=[*self._constants.values(), *stored],
        )
        imports = [helper.make_opsetid("", _OPSET)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=_IR, producer_name="pronounce_kit")
        if not outside:
            checker.check_model(model, full_check=True)
        data: bytes = model.SerializeToString(deterministic=True)
        return data

    def _add(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], attributes: Mapping[str, Any]) -> None:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, outputs, **attributes))
