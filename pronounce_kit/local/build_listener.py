"""Fit `weights/listener.npz` again: `python -m pronounce_kit.local.build_listener CORPUS` (about 10 minutes).

CORPUS is a folder with `labels.jsonl` and `audio/`. The network is fitted by stochastic gradient descent on the CTC
likelihood of each recording's canonical phones. The readings of a third of the speakers (`held_out`) are left out, so
that `python -m tests.recognition CORPUS` can measure on them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..recording import Recording
from .acoustics import BLANK, AcousticModel, Floats, HamaModel
from .gop import _forward_backward
from .language import END, NO_WORD, START, LanguageModel, unpack
from .lexicon import Lexicon
from .listener import FILE, INPUTS, Listener, Singles, features, softmax
from .phones import INDEX, base
from .voice import SAMPLE_RATE as VOICE_RATE
from .voice import Voice

SEED = 2026
HIDDEN = 256
EPOCHS = 16
BATCH = 12
RATE = 2e-3
DECAY = 1e-4
DROPOUT = 0.2
VOICE_SENTENCES = 250
HELD_OUT_SPEAKERS = 40

Ints = NDArray[np.int64]
Example = tuple[Floats, Ints]
"""(T, 40) posteriors of a recording, and its (N,) canonical phones."""


def held_out(speakers: set[str]) -> set[str]:
    """The speakers that the recognizer is measured on, and nothing is fitted to."""
    return set(np.random.default_rng(SEED).permutation(sorted(speakers))[:HELD_OUT_SPEAKERS].tolist())


def readings(corpus: Path, model: AcousticModel) -> Iterator[Example]:
    """The corpus's recordings of the other speakers, with the phones of its own lexicon."""
    lines = [json.loads(line) for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    apart = held_out({line["speaker"] for line in lines})
    for line in lines:
        if line["speaker"] not in apart:
            recording = Recording.from_file(corpus / "audio" / f"{line['utterance']}.flac")
            phones = [INDEX[base(phone)] for word in line["words"] for phone in word["phones"]]
            yield model.hear(recording.samples).posteriors, np.array(phones)


def spoken(voice: Voice, model: AcousticModel, language: LanguageModel, count: int) -> Iterator[Example]:
    """The model voice saying sentences drawn from the language model, at several speeds."""
    lexicon, rng = Lexicon(voice.g2p), np.random.default_rng(SEED)
    for _ in range(count):
        words = [list(word.phones) for word in lexicon.words(_sentence(language, rng))]
        samples = voice.say_phones(words, speed=float(rng.uniform(0.8, 1.2)))
        heard = model.hear(Recording.from_array(samples, VOICE_RATE).samples)
        yield heard.posteriors, np.array([INDEX[base(phone)] for word in words for phone in word])


def _sentence(language: LanguageModel, rng: np.random.Generator, longest: int = 12) -> str:
    words: list[str] = []
    past = START
    while len(words) < longest:
        after = language.followers(past & NO_WORD)
        if len(words) < 4:
            after = after[after != END]
        if not len(after):
            break
        log_p, history = language.score(np.full(len(after), past), after)
        chance = np.exp(log_p.astype(np.float64))
        chosen = rng.choice(len(after), p=chance / chance.sum())
        if after[chosen] == END:
            break
        words.append(language.words[after[chosen]])
        past = int(history[chosen])
    return " ".join(words) or "hello"


def fit(examples: list[Example]) -> Listener:
    """The network after `EPOCHS` rounds of Adam with decoupled weight decay."""
    rng = np.random.default_rng(SEED)
    net = Listener(
        into=(rng.standard_normal((INPUTS, HIDDEN)) * np.sqrt(2 / INPUTS)).astype(np.float32),
        into_bias=np.zeros(HIDDEN, np.float32),
        out=np.zeros((HIDDEN, BLANK + 1), np.float32),
        out_bias=np.zeros(BLANK + 1, np.float32),
        past=np.full(1, 0.7, np.float32),
    )
    weights = {field.name: getattr(net, field.name) for field in fields(net)}
    mean = {name: np.zeros_like(w) for name, w in weights.items()}
    square = {name: np.zeros_like(w) for name, w in weights.items()}
    step = 0
    for epoch in range(EPOCHS):
        rate = RATE * (1 - epoch / EPOCHS) ** 0.7
        order = rng.permutation(len(examples))
        likelihood = frames = 0.0
        for begin in range(0, len(order), BATCH):
            gradient = {name: np.zeros_like(w) for name, w in weights.items()}
            seen = 0
            for i in order[begin : begin + BATCH]:
                posteriors, phones = examples[i]
                gained = _add_gradient(net, posteriors, phones, gradient, rng)
                if gained is not None:
                    likelihood += gained
                    seen += len(posteriors)
            frames += seen
            step += 1
            for name, w in weights.items():
                g = gradient[name] / max(seen, 1)
                mean[name] = 0.9 * mean[name] + 0.1 * g
                square[name] = 0.999 * square[name] + 0.001 * g * g
                moved = mean[name] / (1 - 0.9**step) / (np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8)
                w -= (rate * (moved + (DECAY * w if w.ndim == 2 else 0))).astype(np.float32)  # the net's own arrays
        sys.stderr.write(f"epoch {epoch + 1}/{EPOCHS}: {likelihood / frames:.4f} a frame\n")
    return net


def _add_gradient(
    net: Listener, posteriors: Floats, phones: Ints, gradient: dict[str, Singles], rng: np.random.Generator
) -> float | None:
    """Add one example's gradient of the CTC loss; its log likelihood, or None when it cannot be aligned."""
    x, log_p = features(posteriors), np.log(posteriors).astype(np.float32)
    hidden = np.maximum(x @ net.into + net.into_bias, 0)
    kept = ((rng.random(hidden.shape) > DROPOUT) / (1 - DROPOUT)).astype(np.float32)
    hidden *= kept
    y = np.maximum(softmax(hidden @ net.out + net.out_bias + net.past * log_p), 1e-7).astype(np.float64)
    forward, backward, scale, labels = _forward_backward(y, phones)
    state = forward * backward * scale[:, None] / y[:, labels]
    total = state.sum(1, keepdims=True)
    if not np.isfinite(state).all() or (total <= 0).any():
        return None
    target = np.zeros_like(y)
    np.add.at(target.T, labels, (state / total).T)
    error = (y - target).astype(np.float32)
    gradient["out"] += hidden.T @ error
    gradient["out_bias"] += error.sum(0)
    gradient["past"] += (error * log_p).sum()
    back = (error @ net.out.T) * (hidden > 0) * kept
    gradient["into"] += x.T @ back
    gradient["into_bias"] += back.sum(0)
    return float(np.log(scale).sum() + np.log(forward[-1, -1] + forward[-1, -2] + 1e-300))


def main(corpus: str) -> None:
    """Fit to a corpus folder and write the file."""
    model = HamaModel()
    examples = [*readings(Path(corpus), model), *spoken(Voice(), model, unpack()[0], VOICE_SENTENCES)]
    net = fit([(p, phones) for p, phones in examples if len(p) > 1.5 * len(phones)])
    with FILE.open("wb") as file:
        np.savez_compressed(file, **{field.name: getattr(net, field.name).astype(np.float16) for field in fields(net)})


if __name__ == "__main__":
    main(sys.argv[1])
