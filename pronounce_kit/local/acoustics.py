"""Audio -> posteriors over phones: the one part of the engine that listens.

`AcousticModel` is the seam: anything that gives frame posteriors over the 39 phones and a blank can take the
place of hama's recognizer.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..dependencies import asked, install
from ..errors import MissingDependencyError
from .conformer import FRAME_SAMPLES, Conformer, hama_assets, read_tensors
from .phones import ARPABET

SAMPLE_RATE = 16_000
BLANK = len(ARPABET)
"""Column of the blank in a posterior matrix."""

Floats = NDArray[np.float64]

# hama's IPA symbols that count as each phone; their probabilities are summed.
_SYMBOLS = {
    "AA": "ɑ a ɒ", "AE": "æ", "AH": "ʌ ə ɐ", "AO": "ɔ", "AW": "aʊ", "AY": "aɪ", "B": "b", "CH": "t͡ʃ", "D": "d",
    "DH": "ð", "EH": "ɛ e", "ER": "ɝ ɚ ɜ", "EY": "eɪ", "F": "f", "G": "g ɡ", "HH": "h", "IH": "ɪ ɨ", "IY": "i",
    "JH": "d͡ʒ", "K": "k", "L": "l ɫ", "M": "m", "N": "n", "NG": "ŋ", "OW": "oʊ o", "OY": "ɔɪ", "P": "p", "R": "ɹ r",
    "S": "s", "SH": "ʃ", "T": "t ɾ", "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z",
    "ZH": "ʒ",
}  # fmt: skip
_FLOOR = 1e-5  # keeps one overconfident frame from ruling a sound out altogether
_LEVEL_DBFS = -20.0
_CHUNK_S = 28.0  # the network learned from parts of at most 30 s, and its attention grows with the square
_SEARCH_S = 6.0  # where a longer recording is cut: the quietest moment of a chunk's last seconds


def sound_begins(best: NDArray[np.int64]) -> NDArray[np.bool_]:
    """In which frames a sound begins, (T,), by the likeliest symbol of each frame."""
    begins: NDArray[np.bool_] = (best != BLANK) & (best != np.concatenate([[BLANK], best[:-1]]))
    return begins


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recognizer hears in a recording of T frames.

    posteriors: (T, 40) probabilities, 39 phones then the blank; rows sum to 1. states: (T, S) what the layers below
    them say of each frame, the last one first: the finer differences between sounds that symbols leave out.
    """

    posteriors: Floats
    states: NDArray[np.float32]

    def between(self, start: int, stop: int) -> Heard:
        """What was heard in some frames of it."""
        return Heard(self.posteriors[start:stop], self.states[start:stop])

    def with_silence(self, frames: int) -> Heard:
        """The same with the last frame repeated so many times."""
        repeated = np.concatenate([np.arange(len(self.states)), np.full(frames, len(self.states) - 1)])
        return Heard(self.posteriors[repeated], self.states[repeated])


class AcousticModel(Protocol):
    """What the engine needs of a phoneme recognizer."""

    frame_s: float
    """Seconds a frame."""

    def hear(self, samples: NDArray[np.float32]) -> Heard:
        """Listen to mono 16 kHz samples in [-1, 1]."""
        ...


class HamaModel:
    """hama's CTC phoneme recognizer (4.7 MB, in its wheel). Safe to share between threads, which do not wait for it."""

    frame_s = 0.02

    def __init__(self) -> None:
        assets = hama_assets()
        try:
            self._network = Conformer(read_tensors((assets / "asr_waveform.hama").read_bytes()))
            heard = json.loads((assets / "g2p_vocab.json").read_text("utf-8"))["decoder"]
        except (OSError, KeyError, ValueError, StopIteration, struct.error) as error:
            raise MissingDependencyError(
                f"The hama that is installed has another network than the embedded engine knows ({error!r}). "
                f"Install the right one with: {install(asked('hama'), '--force-reinstall')}"
            ) from None
        symbols = [*heard, "<wb>", "<blank>"]
        columns = {symbol: i for i, symbol in enumerate(symbols)}
        self._sum = np.zeros((len(columns), BLANK + 1))
        for i, phone in enumerate(ARPABET):
            for symbol in _SYMBOLS[phone].split():
                if symbol in columns:
                    self._sum[columns[symbol], i] = 1
        # The word boundary symbol says nothing about phones, so it counts as blank.
        self._sum[[columns["<blank>"], columns["<wb>"]], BLANK] = 1

    def hear(self, samples: NDArray[np.float32]) -> Heard:
        """See `AcousticModel.hear`. Any length: over 28 s it is cut at quiet moments."""
        level = _at_level(samples)
        *parts, last = [self._chunk(level[start:stop]) for start, stop in _cuts(level)]
        # A chunk has one frame more than its length says, centred on its end: the first of the next one.
        return Heard(
            np.concatenate([*(part.posteriors[:-1] for part in parts), last.posteriors]),
            np.concatenate([*(part.states[:-1] for part in parts), last.states]),
        )

    def _chunk(self, samples: NDArray[np.float32]) -> Heard:
        # The network wants more than half a window of 25 ms.
        heard = samples if len(samples) >= FRAME_SAMPLES else np.pad(samples, (0, FRAME_SAMPLES - len(samples)))
        states, symbols = self._network.run(heard)
        posteriors: Floats = symbols.astype(np.float64) @ self._sum + _FLOOR
        posteriors /= posteriors.sum(1, keepdims=True)
        return Heard(posteriors, states)


def _at_level(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the louder half of the recording to one level: the recognizer's output moves with the gain."""
    frames = samples[: len(samples) // 320 * 320].reshape(-1, 320)
    if not len(frames):
        return samples
    energy = np.sort(np.square(frames).mean(1))[len(frames) // 2 :].mean()
    if energy < 1e-12:
        return samples
    gain = 10 ** (_LEVEL_DBFS / 20) / np.sqrt(energy)
    scaled: NDArray[np.float32] = np.clip(samples * gain, -1, 1).astype(np.float32)
    return scaled


def _cuts(samples: NDArray[np.float32]) -> list[tuple[int, int]]:
    """(start, stop) of consecutive chunks of at most 28 s, each cut at the quietest 40 ms in its last 6 s."""
    chunk, search, window = int(_CHUNK_S * SAMPLE_RATE), int(_SEARCH_S * SAMPLE_RATE), 640
    cuts = [0]
    while len(samples) - cuts[-1] > chunk:
        late = samples[cuts[-1] + chunk - search : cuts[-1] + chunk]
        energy = np.square(late[: len(late) // window * window]).reshape(-1, window).mean(1)
        cut = cuts[-1] + chunk - search + int(energy.argmin()) * window + window // 2
        cuts.append(cut - (cut - cuts[-1]) % 320)  # whole frames, so that times stay exact
    return list(zip(cuts, [*cuts[1:], len(samples)], strict=True))
