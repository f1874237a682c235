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
from .acoustics import BLANK, AcousticModel, HamaModel, Heard
from .conformer import SEEN
from .corpus import Recordings
from .gop import forward_backward
from .language import END, NO_WORD, START, LanguageModel, unpack
from .lexicon import Lexicon
from .listener import FILE, NEAR, STATES, Listener, Singles, around, scaled, softmax
from .phones import INDEX, base
from .voice import SAMPLE_RATE as VOICE_RATE
from .voice import Voice

SEED = 2026
HIDDEN = 256
EPOCHS = 12
BATCH = 12
RATE = 2e-3
DECAY = 1e-4
DROPOUT = 0.3
VOICE_SENTENCES = 250
HELD_OUT_SPEAKERS = 40

Ints = NDArray[np.int64]
Weights = dict[str, Singles]
Example = tuple[Heard, Ints]
"""What is heard in a recording, and its (N,) canonical phones."""


def held_out(speakers: set[str]) -> set[str]:
    """The speakers that the recognizer is measured on, and nothing is fitted to."""
    return set(np.random.default_rng(SEED).permutation(sorted(speakers))[:HELD_OUT_SPEAKERS].tolist())


def readings(corpus: Path, model: AcousticModel) -> Iterator[Example]:
    """The corpus's recordings of the other speakers, with the phones of its own lexicon."""
    lines = [json.loads(line) for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    files = Recordings(corpus)
    apart = held_out({line["speaker"] for line in lines})
    for line in lines:
        if line["speaker"] not in apart:
            recording = Recording.from_file(files.of(line))
            phones = [INDEX[base(phone)] for word in line["words"] for phone in word["phones"]]
            yield _compact(model.hear(recording.samples)), np.array(phones)


def _compact(heard: Heard) -> Heard:
    """What the network looks at, in less memory: of the states those of the last layer."""
    last = heard.states[:, : heard.states.shape[1] // SEEN]
    return Heard(heard.posteriors.astype(np.float32), last.astype(np.float16))


def spoken(voice: Voice, model: AcousticModel, language: LanguageModel, count: int) -> Iterator[Example]:
    """The model voice saying sentences drawn from the language model, at several speeds."""
    lexicon, rng = Lexicon(voice.g2p), np.random.default_rng(SEED)
    for _ in range(count):
        words = [list(word.phones) for word in lexicon.words(_sentence(language, rng))]
        samples = voice.say_phones(words, speed=float(rng.uniform(0.8, 1.2)))
        heard = model.hear(Recording.from_array(samples, VOICE_RATE).samples)
        yield _compact(heard), np.array([INDEX[base(phone)] for word in words for phone in word])


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
    states = np.concatenate([heard.states for heard, _ in examples[::5]]).astype(np.float32)
    mean, spread = states.mean(0), 2 * states.std(0) + 1e-3
    inputs = len(NEAR) * (BLANK + 1) + len(STATES) * len(mean)
    weights: Weights = {
        "into": (rng.standard_normal((inputs, HIDDEN)) * np.sqrt(2 / inputs)).astype(np.float32),
        "bias": np.zeros(HIDDEN, np.float32),
        "out": np.zeros((HIDDEN, BLANK + 1), np.float32),
        "out_bias": np.zeros(BLANK + 1, np.float32),
        "past": np.full(1, 0.7, np.float32),
    }
    average = {name: np.zeros_like(w) for name, w in weights.items()}
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
                heard, phones = examples[i]
                x = _inputs(heard, mean, spread)
                gained = _add_gradient(weights, x, heard, phones, gradient, rng)
                if gained is not None:
                    likelihood += gained
                    seen += len(x)
            frames += seen
            step += 1
            for name, w in weights.items():
                g = gradient[name] / max(seen, 1)
                average[name] += np.float32(0.1) * (g - average[name])
                square[name] += np.float32(0.001) * (g * g - square[name])
                moved = average[name] / (1 - 0.9**step) / (np.sqrt(square[name] / (1 - 0.999**step)) + 1e-8)
                w -= (rate * (moved + (DECAY * w if w.ndim == 2 else 0))).astype(np.float32)
        sys.stderr.write(f"epoch {epoch + 1}/{EPOCHS}: {likelihood / frames:.4f} a frame\n")
    return _listener(weights, mean, spread)


def _inputs(heard: Heard, mean: Singles, spread: Singles) -> Singles:
    """(T, inputs) what the network sees at each frame, with states of about -1 to 1."""
    seen, states = scaled(heard.posteriors), (heard.states.astype(np.float32) - mean) / spread
    return np.concatenate([around(seen, NEAR), around(states, STATES)], axis=1)


def _listener(weights: Weights, mean: Singles, spread: Singles) -> Listener:
    """The network with the scale of the states in its weights."""
    split = len(NEAR) * (BLANK + 1)
    of_states = weights["into"][split:].reshape(len(STATES), len(mean), HIDDEN) / spread[:, None]
    return Listener(
        posteriors=weights["into"][:split].reshape(len(NEAR), BLANK + 1, HIDDEN),
        states=of_states,
        bias=weights["bias"] - np.einsum("s,ksh->h", mean, of_states),
        out=weights["out"],
        out_bias=weights["out_bias"],
        past=weights["past"],
    )


def _add_gradient(
    net: Weights, x: Singles, heard: Heard, phones: Ints, gradient: Weights, rng: np.random.Generator
) -> float | None:
    """Add one example's gradient of the CTC loss; its log likelihood, or None when it cannot be aligned."""
    log_p = np.log(heard.posteriors).astype(np.float32)
    hidden = np.maximum(x @ net["into"] + net["bias"], 0)
    kept = ((rng.random(hidden.shape) > DROPOUT) / (1 - DROPOUT)).astype(np.float32)
    hidden *= kept
    y = np.maximum(softmax(hidden @ net["out"] + net["out_bias"] + net["past"] * log_p), 1e-7).astype(np.float64)
    labels = np.full(2 * len(phones) + 1, BLANK)
    labels[1::2] = phones
    forward, backward, scale = forward_backward(y, phones)
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
    back = (error @ net["out"].T) * (hidden > 0) * kept
    gradient["into"] += x.T @ back
    gradient["bias"] += back.sum(0)
    return float(np.log(scale).sum() + np.log(forward[-1, -1] + forward[-1, -2] + 1e-300))


def main(corpus: str) -> None:
    """Fit to a corpus folder and write the file."""
    model = HamaModel()
    examples = [*readings(Path(corpus), model), *spoken(Voice(), model, unpack()[0], VOICE_SENTENCES)]
    net = fit([(heard, phones) for heard, phones in examples if len(heard.states) > 1.5 * len(phones)])
    with FILE.open("wb") as file:
        np.savez_compressed(file, **{field.name: getattr(net, field.name).astype(np.float16) for field in fields(net)})


if __name__ == "__main__":
    main(sys.argv[1])
