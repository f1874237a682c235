"""Fitting the network: gradient descent on all levels together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .network import Sounds, forward, initial_parameters, standardized
from .tape import Array, Node, Tape

EPOCHS = 6
_BATCH = 32  # texts
_RATE = 2e-3
_DECAY = 1e-3
_WARM_UP = 0.15  # share of the steps
_WRONG_WEIGHT, _WORD_WEIGHT, _SENTENCE_WEIGHT = 0.5, 0.5, 0.3


@dataclass(frozen=True, slots=True)
class Lesson:
    """One text with what is known of it; NaN where it is not.

    rating: (N,) 0-2. wrong: (N,) 0-1, counted by wrong_weight. words: (W,) 0-1, counted by word_weight. sentence: (4,)
    0-1, in the order of `network.SCALES`.
    """

    sounds: Sounds
    rating: Array
    wrong: Array
    wrong_weight: Array
    words: Array
    word_weight: float
    sentence: Array


def fit(lessons: Sequence[Lesson], mean: Array, scale: Array, seed: int, epochs: int = EPOCHS) -> dict[str, Array]:
    """Fit the network; the same lessons and seed give the same parameters on the same machine.

    mean, scale: (F,) by which rows are standardized.
    """
    random = np.random.default_rng(seed)
    lessons = [
        replace(lesson, sounds=replace(lesson.sounds, rows=standardized(lesson.sounds.rows, mean, scale)))
        for lesson in lessons
    ]
    first = lessons[0].sounds
    parameters = {
        name: Node(value)
        for name, value in initial_parameters(first.rows.shape[1], first.learner.shape[1], random).items()
    }
    descent = _Descent(parameters, epochs * (len(lessons) // _BATCH))
    for _ in range(epochs):
        order = random.permutation(len(lessons))
        for start in range(0, len(order) - _BATCH + 1, _BATCH):
            batch = [lessons[i] for i in order[start : start + _BATCH]]
            tape = Tape(random)
            opinion = forward(tape, parameters, Sounds.joined([lesson.sounds for lesson in batch]))
            _squared(opinion.rating, np.concatenate([lesson.rating for lesson in batch]), 1.0)
            _squared(
                opinion.words,
                np.concatenate([lesson.words for lesson in batch]),
                _WORD_WEIGHT,
                np.concatenate([np.full(len(lesson.words), lesson.word_weight, np.float32) for lesson in batch]),
            )
            _squared(opinion.sentences, np.stack([lesson.sentence for lesson in batch]), _SENTENCE_WEIGHT)
            _cross_entropy(
                opinion.wrong,
                np.concatenate([lesson.wrong for lesson in batch]),
                np.concatenate([lesson.wrong_weight for lesson in batch]),
            )
            tape.backward()
            descent.step()
    return {name: node.value for name, node in parameters.items()}


def _squared(predicted: Node, target: Array, weight: float, weights: Array | None = None) -> None:
    """Set the gradient of the mean squared error, over the targets that are known."""
    target = target.reshape(predicted.value.shape)
    each = np.isfinite(target).astype(np.float32)
    if weights is not None:
        each *= weights.reshape(target.shape)
    if each.any():
        error = np.where(each > 0, predicted.value - np.nan_to_num(target), 0)
        predicted.grad = (2 * weight / each.sum() * each * error).astype(np.float32)


def _cross_entropy(predicted: Node, target: Array, weights: Array) -> None:
    """Set the gradient of the cross entropy, a mean over the targets that are known."""
    known = np.isfinite(target)
    if known.any():
        probability = 1 / (1 + np.exp(-np.clip(predicted.value[:, 0], -60, 60)))
        error = np.where(known, weights * (probability - np.nan_to_num(target)), 0)
        predicted.grad = (_WRONG_WEIGHT / known.sum() * error).astype(np.float32)[:, None]


class _Descent:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), clipped gradients, a rate that rises and falls."""

    def __init__(self, parameters: dict[str, Node], steps: int) -> None:
        self._parameters = parameters
        self._steps = max(steps, 1)
        self._done = 0
        self._mean = {name: np.zeros_like(node.value) for name, node in parameters.items()}
        self._square = {name: np.zeros_like(node.value) for name, node in parameters.items()}

    def step(self) -> None:
        """Follow the gradients, and forget them."""
        self._done += 1
        progress = self._done / self._steps
        if progress < _WARM_UP:
            share = (1 - np.cos(np.pi * progress / _WARM_UP)) / 2 * 0.96 + 0.04
        else:
            share = (1 + np.cos(np.pi * (progress - _WARM_UP) / (1 - _WARM_UP))) / 2
        rate = np.float32(_RATE * share)
        given = {name: node.grad for name, node in self._parameters.items() if node.grad is not None}
        size = float(np.sqrt(sum(float(np.square(grad).sum()) for grad in given.values())))
        shrink = np.float32(min(1.0, 1.0 / max(size, 1e-9)))
        for name, grad in given.items():
            node, mean, square = self._parameters[name], self._mean[name], self._square[name]
            grad = grad * shrink
            mean += np.float32(0.1) * (grad - mean)
            square += np.float32(0.001) * (grad * grad - square)
            unbiased = mean / np.float32(1 - 0.9**self._done)
            spread = np.sqrt(square / np.float32(1 - 0.999**self._done)) + np.float32(1e-8)
            node.value *= 1 - rate * np.float32(_DECAY)
            node.value -= rate * unbiased / spread
            node.grad = None
