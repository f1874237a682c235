"""hama's network in onnxruntime: the same numbers as its own engine, twenty times as fast, and its last layers in view.

hama's wheel carries a small conformer (Gulati et al., Interspeech 2020) as one file of named tensors: 80 log-mel bands
every 10 ms, one convolution that halves the rate, four blocks of 144 channels, 191 symbols. Its engine computes that
in plain loops. `weights/conformer.onnx` is the same network as a graph, without the weights, which come from the wheel;
what the last blocks say of a frame can be used besides the symbols. The graph is made by
`python -m pronounce_kit.local.build_conformer`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..dependencies import asked, install
from ..errors import MissingDependencyError
from .runtime import Graph

Array = NDArray[np.float32]

FILE = Path(__file__).parent / "weights" / "conformer.onnx"

SEEN = 3
"""Blocks, the last first, whose states are told besides the symbols: the earlier ones know more of how it was said."""

FRAME_SAMPLES = 320
"""Samples of 16 kHz audio from one frame to the next."""

_MAGIC = b"HAMAPK\x01\x02"
_WINDOW, _HOP = 400, 160
_PREFIX = "acoustic_model.model."


def hama_assets() -> Path:
    """The folder of hama's weights and symbols. Raises `MissingDependencyError` without hama.

    Its code is not imported: that would load a native library, which it has for Linux and macOS only.
    """
    spec = find_spec("hama")
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependencyError(
            f"The embedded engine needs hama, which is not installed. Install it with: {install(asked('hama'))}"
        )
    return Path(spec.submodule_search_locations[0]) / "assets"


def read_tensors(data: bytes) -> dict[str, Array]:
    """The named tensors of a `.hama` file, as float32.

    A head of `_MAGIC` and the count; for each tensor its name, type (0 float32, 1 float16), shape, offset and size;
    then their values from the next multiple of 16 bytes on. Raises `ValueError` for anything else.
    """
    if not data.startswith(_MAGIC):
        raise ValueError("not a file of hama tensors of the known version")
    (count,) = struct.unpack_from("<I", data, 8)
    at = 12
    entries = []
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length
        kind, rank = data[at], data[at + 1]
        shape = struct.unpack_from(f"<{rank}I", data, at + 2)
        (offset, _size) = struct.unpack_from("<QQ", data, at + 2 + 4 * rank)
        at += 18 + 4 * rank
        entries.append((name, (np.dtype("<f4"), np.dtype("<f2"))[kind], shape, offset))
    start = -(-at // 16) * 16
    return {
        name: np.frombuffer(data, dtype, int(np.prod(shape)), start + offset).reshape(shape).astype(np.float32)
        for name, dtype, shape, offset in entries
    }


def named(tensors: Mapping[str, Array]) -> dict[str, Array]:
    """The tensors of hama's file by the names that the graph has for them; matrices are (in, out).

    What the export to ONNX folded or transposed has lost its name in the file, but not its order. Raises `KeyError`
    or `StopIteration` where one is missing.
    """
    own = {name.removeprefix(_PREFIX): array for name, array in tensors.items() if name.startswith(_PREFIX)}
    convolutions = (array for name, array in tensors.items() if not name.startswith(_PREFIX) and "Conv" in name)
    matrices = (array for name, array in tensors.items() if not name.startswith(_PREFIX) and "MatMul" in name)
    out = {"mel": tensors["mel_fb"], "halve.weight": next(convolutions), "halve.bias": next(convolutions)}

    def plain(name: str) -> Iterator[tuple[str, Array]]:
        yield f"{name}.weight", own[f"{name}.weight"]
        yield f"{name}.bias", own[f"{name}.bias"]

    def pointwise(name: str) -> Iterator[tuple[str, Array]]:
        yield f"{name}.weight", own[f"{name}.weight"][:, :, 0].T
        yield f"{name}.bias", own[f"{name}.bias"]

    for block in block_names(own):
        for name in _NORMS:
            out.update(plain(f"{block}.{name}"))
        for name, bias in _MATRICES.items():
            out[f"{block}.{name}.weight"], out[f"{block}.{name}.bias"] = next(matrices), own[f"{block}.{bias}"]
        for name in ("conv.pointwise1", "conv.pointwise2"):
            out.update(pointwise(f"{block}.{name}"))
        out[f"{block}.conv.depthwise.weight"] = next(convolutions)
        out[f"{block}.conv.depthwise.bias"] = next(convolutions)
    out.update(pointwise("proj"))
    return {name: np.ascontiguousarray(array, np.float32) for name, array in out.items()}


_NORMS = ("ffn1.norm", "attn_norm", "conv.norm", "ffn2.norm", "norm")
_MATRICES = {
    "ffn1.fc1": "ffn1.fc1.bias",
    "ffn1.fc2": "ffn1.fc2.bias",
    "attn.in_proj": "attn.in_proj_bias",
    "attn.out_proj": "attn.out_proj.bias",
    "ffn2.fc1": "ffn2.fc1.bias",
    "ffn2.fc2": "ffn2.fc2.bias",
}
"""The matrices of a block in the order of the file -> the name that its bias has there."""


def block_names(weights: Mapping[str, Array]) -> list[str]:
    """Names of the blocks, first to last."""
    return [f"blocks.{i}" for i in range(sum(name.endswith(".ffn1.norm.weight") for name in weights))]


class Conformer:
    """The network; threads may share it."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        """Raises `KeyError` or `StopIteration` where a tensor is missing, `ValueError` where one has another shape."""
        self._window = tensors["stft_real_kernel"][0, 0]  # its cosine of frequency 0 is the bare window
        self._graph = Graph(FILE.read_bytes(), named(tensors))

    def run(self, samples: Array) -> tuple[Array, Array]:
        """16 kHz mono samples, more than 200 -> states, (T, 3 x 144), and symbol probabilities, (T, 191).

        T is 1 + samples // 160, halved and rounded up. Memory grows with the square of T: 30 s take about 100 MB.
        """
        half = _WINDOW // 2  # what np.pad calls "reflect", in a tenth of its time
        padded = np.concatenate([samples[half:0:-1], samples, samples[-2 : -half - 2 : -1]])
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        spectrum = np.fft.rfft(windows * self._window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        states, symbols = self._graph.run(power=power)
        return states, symbols
