"""Make `weights/conformer.onnx` again: `python -m pronounce_kit.local.build_conformer` (needs onnx).

The graph of hama's network, without its weights: those are named, and come from hama's wheel when it is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

import numpy as np

from .conformer import FILE, SEEN, Array, block_names, hama_assets, named, read_tensors
from .onnx_graph import Builder

_HEADS = 4
_QUIETEST = 1e-10


def graph(weights: Mapping[str, Array]) -> bytes:
    """The network whose weights are these, of which only names and shapes are kept."""
    builder = Builder(weights)
    x = _front(builder, "power")
    blocks = []
    for name in block_names(weights):
        x = _block(builder, name, x)
        blocks.append(x)
    builder.output("states", builder.node("Concat", *blocks[: -SEEN - 1 : -1], axis=1))
    builder.output("symbols", builder.node("Softmax", builder.linear(x, "proj"), axis=-1))
    width, symbols = weights["proj.weight"].shape
    return builder.model(
        "conformer",
        {"power": ("windows", weights["mel"].shape[0])},
        {"states": ("frames", SEEN * width), "symbols": ("frames", symbols)},
        outside=True,
    )


def _front(builder: Builder, power: str) -> str:
    """(windows, 201) power spectra -> log-mel bands -> three of them at a time, (frames, channels)."""
    bands = builder.node("Max", builder.node("MatMul", power, "mel"), builder.constant(_QUIETEST, np.float32))
    channels = builder.across(builder.node("Log", bands))
    halved = builder.node("Conv", channels, "halve.weight", "halve.bias", strides=[2], pads=[1, 1])
    return builder.along(builder.node("Gelu", halved))


def _block(builder: Builder, name: str, x: str) -> str:
    """Half a feed-forward layer, attention, convolution, the other half, each added to what went in."""
    x = builder.add(x, _feed_forward(builder, f"{name}.ffn1", x))
    x = builder.add(x, _attend(builder, f"{name}.attn", builder.norm(x, f"{name}.attn_norm")))
    x = builder.add(x, _convolve(builder, f"{name}.conv", x))
    x = builder.add(x, _feed_forward(builder, f"{name}.ffn2", x))
    return builder.norm(x, f"{name}.norm")


def _feed_forward(builder: Builder, name: str, x: str) -> str:
    wide = builder.silu(builder.linear(builder.norm(x, f"{name}.norm"), f"{name}.fc1"))
    return builder.times(builder.linear(wide, f"{name}.fc2"), 0.5)


def _attend(builder: Builder, name: str, x: str) -> str:
    width = builder.weights[f"{name}.out_proj.weight"].shape[0]
    parts = builder.constant([-1, 3, _HEADS, width // _HEADS])
    heads = builder.node("Reshape", builder.linear(x, f"{name}.in_proj"), parts)
    split = builder.many(3, "Split", builder.node("Transpose", heads, perm=[1, 2, 0, 3]), axis=0, num_outputs=3)
    query, key, value = (builder.node("Squeeze", part, builder.constant([0])) for part in split)
    query = builder.times(query, (width // _HEADS) ** -0.5)
    alike = builder.node("MatMul", query, builder.node("Transpose", key, perm=[0, 2, 1]))
    seen = builder.node("MatMul", builder.node("Softmax", alike, axis=-1), value)
    joined = builder.node("Reshape", builder.node("Transpose", seen, perm=[1, 0, 2]), builder.constant([-1, width]))
    return builder.linear(joined, f"{name}.out_proj")


def _convolve(builder: Builder, name: str, x: str) -> str:
    width, _, taps = builder.weights[f"{name}.depthwise.weight"].shape
    both = builder.linear(builder.norm(x, f"{name}.norm"), f"{name}.pointwise1")
    value, gate = builder.many(2, "Split", both, axis=1, num_outputs=2)
    gated = builder.node("Mul", value, builder.node("Sigmoid", gate))
    # In two dimensions, one of them 1: onnxruntime is three times as fast at that as in one.
    flat, kernel = (
        builder.node("Unsqueeze", x, builder.constant([2])) for x in (builder.across(gated), f"{name}.depthwise.weight")
    )
    pads = [0, taps // 2, 0, taps // 2]
    near = builder.node("Conv", flat, kernel, f"{name}.depthwise.bias", group=width, pads=pads)
    return builder.linear(builder.along(builder.silu(near), (0, 2)), f"{name}.pointwise2")


def main() -> None:
    """Write the file."""
    hama = (hama_assets() / "asr_waveform.hama").read_bytes()
    FILE.write_bytes(graph(named(read_tensors(hama))))
    sys.stderr.write(f"Wrote {FILE} ({FILE.stat().st_size / 1000:.0f} kB)\n")


if __name__ == "__main__":
    main()
