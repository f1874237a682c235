"""A LightGBM ensemble as an ONNX graph, exact to float32."""

from __future__ import annotations

from typing import Any

import numpy as np

_LEQ = 0  # BRANCH_LEQ of the TreeEnsemble operator
_SUM = 1


def to_onnx(booster: Any, features: int) -> bytes:
    """The trees of a LightGBM booster as one TreeEnsemble operator (ai.onnx.ml, version 5): raw scores.

    Numerical splits only, without missing values: all that the engine's models use. A threshold is rounded down to
    float32, so that float32 rows take exactly the branches they take in LightGBM.
    """
    from onnx import TensorProto, checker, helper, numpy_helper

    nodes: dict[str, list[Any]] = {
        name: [] for name in ("feature", "split", "true", "true_leaf", "false", "false_leaf")
    }
    leaves: list[float] = []
    roots: list[int] = []

    def add(node: dict[str, Any]) -> tuple[int, int]:
        """Append a subtree; returns (its index, 1 if it is a leaf)."""
        if "leaf_value" in node:
            leaves.append(node["leaf_value"])
            return len(leaves) - 1, 1
        if node["decision_type"] != "<=" or node["missing_type"] == "Zero":
            raise ValueError(f"cannot export a split of type {node['decision_type']}, {node['missing_type']}")
        here = len(nodes["feature"])
        nodes["feature"].append(node["split_feature"])
        nodes["split"].append(_rounded_down(node["threshold"]))
        for name in ("true", "true_leaf", "false", "false_leaf"):
            nodes[name].append(-1)
        nodes["true"][here], nodes["true_leaf"][here] = add(node["left_child"])
        nodes["false"][here], nodes["false_leaf"][here] = add(node["right_child"])
        return here, 0

    for tree in booster.dump_model()["tree_info"]:
        structure = tree["tree_structure"]
        if "leaf_value" in structure:  # a tree of one leaf: both branches of a split lead to it
            leaf = {"leaf_value": structure["leaf_value"]}
            structure = {
                "decision_type": "<=", "missing_type": "None", "split_feature": 0, "threshold": 0.0,
                "left_child": leaf, "right_child": leaf,
            }  # fmt: skip
        roots.append(add(structure)[0])
    count = len(nodes["feature"])

    def tensor(name: str, values: Any, dtype: type) -> Any:
        return numpy_helper.from_array(np.array(values, dtype), name)

    node = helper.make_node(
        "TreeEnsemble",
        ["rows"],
        ["scores"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=_SUM,
        post_transform=0,
        tree_roots=roots,
        nodes_featureids=nodes["feature"],
        nodes_splits=tensor("nodes_splits", nodes["split"], np.float32),
        nodes_modes=tensor("nodes_modes", np.full(count, _LEQ), np.uint8),
        nodes_truenodeids=nodes["true"],
        nodes_trueleafs=nodes["true_leaf"],
        nodes_falsenodeids=nodes["false"],
        nodes_falseleafs=nodes["false_leaf"],
        leaf_targetids=[0] * len(leaves),
        leaf_weights=tensor("leaf_weights", leaves, np.float32),
    )
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", features])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 1])],
    )
    model = helper.make_model(
        graph,
        opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)],
        ir_version=10,
        producer_name="pronounce_kit",
    )
    checker.check_model(model)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _rounded_down(threshold: float) -> float:
    rounded = np.float32(threshold)
    return float(rounded if float(rounded) <= threshold else np.nextafter(rounded, np.float32(-np.inf)))
