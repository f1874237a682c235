"""hama's network in numpy: the same numbers as its own engine, thirteen times as fast, with the inner layers in view.

hama's wheel carries a small conformer (Gulati et al., Interspeech 2020) as one file of named tensors: 80 log-mel bands
every 10 ms, one convolution that halves the rate, four blocks of 144 channels, 191 symbols. Its engine computes that
in plain loops. Here the work is done by BLAS, and what the last block says of a frame can be used besides the symbols.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

Array = NDArray[np.float32]

FRAME_SAMPLES = 320
"""Samples of 16 kHz audio from one frame to the next."""

_MAGIC = b"HAMAPK\x01\x02"
_WINDOW, _HOP = 400, 160
_HEADS = 4
_QUIETEST = np.float32(1e-10)
_PREFIX = "acoustic_model.model."


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


@dataclass(frozen=True, slots=True)
class _Norm:
    """Layer normalization over the channels."""

    weight: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        y = x - x.mean(1, keepdims=True)
        y /= np.sqrt(np.einsum("tc,tc->t", y, y)[:, None] / np.float32(x.shape[1]) + np.float32(1e-5))
        y *= self.weight
        out: Array = y + self.bias
        return out


@dataclass(frozen=True, slots=True)
class _Linear:
    weight: Array  # (in, out)
    bias: Array

    def __call__(self, x: Array) -> Array:
        y: Array = x @ self.weight
        y += self.bias
        return y


@dataclass(frozen=True, slots=True)
class _Block:
    """Half a feed-forward layer, attention, convolution, the other half, each added to what went in."""

    first_norm: _Norm
    first: tuple[_Linear, _Linear]
    attention_norm: _Norm
    attention: tuple[_Linear, _Linear]
    convolution_norm: _Norm
    gate: _Linear
    depthwise: _Linear  # (taps, channels)
    after: _Linear
    second_norm: _Norm
    second: tuple[_Linear, _Linear]
    norm: _Norm

    def __call__(self, x: Array) -> Array:
        x = x + _feed_forward(self.first_norm(x), *self.first)
        x += _attend(self.attention_norm(x), *self.attention)
        x += self._convolve(self.convolution_norm(x))
        x += _feed_forward(self.second_norm(x), *self.second)
        return self.norm(x)

    def _convolve(self, x: Array) -> Array:
        both = self.gate(x)
        half = both.shape[1] // 2
        taps, frames = len(self.depthwise.weight), len(x)
        padded = np.zeros((frames + taps - 1, half), np.float32)
        padded[taps // 2 : taps // 2 + frames] = both[:, :half] / (1 + np.exp(-both[:, half:]))
        y = np.tile(self.depthwise.bias, (frames, 1))
        for tap, weight in enumerate(self.depthwise.weight):
            y += padded[tap : tap + frames] * weight
        return self.after(_silu(y))


class _OneThread:
    """Keeps BLAS to one thread while anyone is inside.

    Its threads wait for each other in busy loops: on a machine with other work to do that takes twenty times as long.
    Recordings are scored side by side instead. The number of threads belongs to the process, so the first one in
    changes it and the last one out changes it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._libraries = ThreadpoolController()
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._inside:
                self._limit = self._libraries.limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._limit.__exit__(None, None, None)


_one_thread = _OneThread()


class Conformer:
    """The network; its weights are only read, so threads may share it."""

    def __init__(self, tensors: Mapping[str, Array]) -> None:
        """Raises `KeyError` where a tensor is missing."""
        self._mel = tensors["mel_fb"]
        self._window = tensors["stft_real_kernel"][0, 0]  # its cosine of frequency 0 is the bare window
        # What the export to ONNX folded or transposed has lost its name, but not its order.
        unnamed = [name for name in tensors if not name.startswith(_PREFIX)]
        convolutions = iter([tensors[name] for name in unnamed if "Conv" in name])
        matrices = iter([tensors[name] for name in unnamed if "MatMul" in name])
        kernel, bias = next(convolutions), next(convolutions)
        self._halve = _Linear(np.concatenate([kernel[:, :, tap].T for tap in range(kernel.shape[2])]), bias)

        def norm(name: str) -> _Norm:
            return _Norm(tensors[f"{_PREFIX}{name}.weight"], tensors[f"{_PREFIX}{name}.bias"])

        def linear(bias: str) -> _Linear:
            return _Linear(next(matrices), tensors[_PREFIX + bias])

        def pointwise(name: str) -> _Linear:
            weight = tensors[f"{_PREFIX}{name}.weight"][:, :, 0].T
            return _Linear(np.ascontiguousarray(weight), tensors[f"{_PREFIX}{name}.bias"])

        def block(own: str) -> _Block:
            return _Block(
                first_norm=norm(f"{own}.ffn1.norm"),
                first=(linear(f"{own}.ffn1.fc1.bias"), linear(f"{own}.ffn1.fc2.bias")),
                attention_norm=norm(f"{own}.attn_norm"),
                attention=(linear(f"{own}.attn.in_proj_bias"), linear(f"{own}.attn.out_proj.bias")),
                convolution_norm=norm(f"{own}.conv.norm"),
                gate=pointwise(f"{own}.conv.pointwise1"),
                depthwise=_Linear(np.ascontiguousarray(next(convolutions)[:, 0].T), next(convolutions)),
                after=pointwise(f"{own}.conv.pointwise2"),
                second_norm=norm(f"{own}.ffn2.norm"),
                second=(linear(f"{own}.ffn2.fc1.bias"), linear(f"{own}.ffn2.fc2.bias")),
                norm=norm(f"{own}.norm"),
            )

        count = sum(name.endswith(".ffn1.norm.weight") for name in tensors)
        self._blocks = [block(f"blocks.{i}") for i in range(count)]
        self._symbols = pointwise("proj")

    def run(self, samples: Array) -> tuple[Array, Array]:
        """16 kHz mono samples, more than 200 -> what the last block says, (T, 144), and symbol probabilities, (T, 191).

        T is 1 + samples // 160, halved and rounded up. Memory grows with the square of T: 30 s take about 70 MB.
        """
        with _one_thread:
            x = self._front(samples)
            for block in self._blocks:
                x = block(x)
            return x, _softmax(self._symbols(x))

    def _front(self, samples: Array) -> Array:
        """Log-mel bands of 25 ms windows every 10 ms, then three of them at a time, every 20 ms."""
        padded = np.pad(samples, _WINDOW // 2, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
        spectrum = np.fft.rfft(windows * self._window, axis=1)
        power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32)
        bands = np.log(np.maximum(power @ self._mel, _QUIETEST))
        count, width = bands.shape
        edged = np.zeros((count + 2, width), np.float32)
        edged[1:-1] = bands
        triples = np.lib.stride_tricks.sliding_window_view(edged.reshape(-1), 3 * width)[:: 2 * width]
        return _gelu(self._halve(triples))


def _feed_forward(x: Array, wide: _Linear, narrow: _Linear) -> Array:
    y = narrow(_silu(wide(x)))
    y *= np.float32(0.5)
    return y


def _attend(x: Array, into: _Linear, out: _Linear) -> Array:
    frames, width = x.shape
    query, key, value = into(x).reshape(frames, 3, _HEADS, width // _HEADS).transpose(1, 2, 0, 3)
    weight = _softmax((query * np.float32((width // _HEADS) ** -0.5)) @ key.transpose(0, 2, 1))
    return out((weight @ value).transpose(1, 0, 2).reshape(frames, width))


def _softmax(x: Array) -> Array:
    """Over the last axis, in place."""
    x -= x.max(-1, keepdims=True)
    np.exp(x, out=x)
    x /= x.sum(-1, keepdims=True)
    return x


def _silu(x: Array) -> Array:
    with np.errstate(over="ignore"):  # exp of a large number is infinite, and x over it 0, as it should be
        y = np.exp(-x)
    y += 1
    np.divide(x, y, out=y)
    return y


def _gelu(x: Array) -> Array:
    """Weigh x by the normal distribution function; erf after Abramowitz and Stegun 7.1.26, right to 1.5e-7."""
    z = np.abs(x) * np.float32(0.5**0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.copysign(1 - series * np.exp(-z * z), x)
    out: Array = (0.5 * x * (1 + erf)).astype(np.float32)
    return out
