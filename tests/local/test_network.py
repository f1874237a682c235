"""The network's gradients are right, and it learns."""

from dataclasses import replace

import numpy as np
import pytest

from pronounce_kit.local.network import SCALES, GraphJury, Networks, Sounds, forward, initial_parameters
from pronounce_kit.local.network_training import Lesson, fit
from pronounce_kit.local.tape import Node, Tape

FEATURES, STATES = 7, 6


def some_sounds(random: np.random.Generator, lengths: tuple[int, ...] = (3, 2, 4)) -> Sounds:
    count = sum(lengths)
    word = np.repeat(np.arange(len(lengths)), lengths)
    return Sounds(
        rows=random.normal(size=(count, FEATURES)).astype(np.float32),
        learner=random.normal(size=(count, STATES)).astype(np.float32),
        voice=random.normal(size=(count, STATES)).astype(np.float32),
        phone=random.integers(0, 39, count),
        word=word,
        text=np.zeros(count, np.int64),
    )


def in_double(parameters: dict[str, np.ndarray]) -> dict[str, Node]:
    return {name: Node(value.astype(np.float64)) for name, value in parameters.items()}


def loss(opinion) -> float:
    return sum(
        float((node.value * np.arange(1, node.value.size + 1).reshape(node.value.shape)).sum())
        for node in (opinion.rating, opinion.wrong, opinion.words, opinion.sentences)
    )


def test_gradients_are_those_of_small_differences() -> None:
    random = np.random.default_rng(3)
    sounds = Sounds.joined([some_sounds(random), some_sounds(random, (1, 5))])
    parameters = in_double(initial_parameters(FEATURES, STATES, random))

    class Recording(Tape):  # records, but drops nothing: the loss must not change from one run to the next
        def dropout(self, x, share):
            return x

    tape = Recording(random)
    opinion = forward(tape, parameters, sounds)
    for node in (opinion.rating, opinion.wrong, opinion.words, opinion.sentences):
        node.grad = np.arange(1, node.value.size + 1, dtype=float).reshape(node.value.shape)
    tape.backward()
    for name, node in parameters.items():
        assert node.grad is not None, name
        flat = node.value.reshape(-1)
        for at in random.integers(0, flat.size, 3):
            before, step = flat[at], 1e-5
            flat[at] = before + step
            above = loss(forward(Recording(random), parameters, sounds))
            flat[at] = before - step
            below = loss(forward(Recording(random), parameters, sounds))
            flat[at] = before
            assert node.grad.reshape(-1)[at] == pytest.approx((above - below) / (2 * step), rel=1e-3, abs=1e-3), name


def test_texts_of_a_batch_do_not_see_each_other() -> None:
    random = np.random.default_rng(5)
    parts = [some_sounds(random), some_sounds(random, (2,)), some_sounds(random, (1, 1, 6))]
    parameters = {name: Node(value) for name, value in initial_parameters(FEATURES, STATES, random).items()}
    together = forward(Tape(), parameters, Sounds.joined(parts))
    alone = [forward(Tape(), parameters, part) for part in parts]
    for name in ("rating", "wrong", "words", "sentences"):
        expected = np.concatenate([getattr(one, name).value for one in alone])
        np.testing.assert_allclose(getattr(together, name).value, expected, atol=1e-5)


def test_a_reading_that_sounds_as_the_model_voice_does_is_not_apart_from_it() -> None:
    sounds = some_sounds(np.random.default_rng(13))
    assert not replace(sounds, learner=sounds.voice).apart().any()


def test_readings_apart_in_opposite_directions_are_at_the_same_distance() -> None:
    sounds = some_sounds(np.random.default_rng(17))
    there = replace(sounds, learner=sounds.voice + 1).apart()
    back = replace(sounds, learner=sounds.voice - 1).apart()
    np.testing.assert_allclose(there, np.ones((1, 2 * STATES)), atol=1e-5)
    np.testing.assert_allclose(back, np.repeat([[-1, 1]], STATES, axis=1).reshape(1, -1), atol=1e-5)


@pytest.mark.parametrize("lengths", [(1,), (3, 2, 4), (2,) * 40])
def test_the_graph_says_what_the_networks_say(lengths: tuple[int, ...]) -> None:
    sketch = pytest.importorskip("pronounce_kit.local.sketch")
    pytest.importorskip("onnx")
    random = np.random.default_rng(11)
    drawn = [initial_parameters(FEATURES, STATES, random) for _ in range(3)]
    rounded = [{name: Node(np.float32(np.float16(value))) for name, value in one.items()} for one in drawn]
    mean, scale = random.normal(size=FEATURES), random.uniform(0.5, 2, FEATURES)
    networks = Networks(mean.astype(np.float32), scale.astype(np.float32), tuple(rounded))
    sounds = some_sounds(random, lengths)
    # Stored examples have their states in half precision.
    sounds = replace(sounds, learner=np.float16(sounds.learner), voice=np.float16(sounds.voice))
    expected, got = networks.consult(sounds), GraphJury(sketch.to_onnx(networks)).consult(sounds)
    for name in ("rating", "wrong", "words"):
        np.testing.assert_allclose(getattr(got, name), getattr(expected, name), atol=1e-3)
    for scale_name in SCALES:
        np.testing.assert_allclose(got.sentence[scale_name], expected.sentence[scale_name], atol=1e-3)


def lesson(random: np.random.Generator) -> Lesson:
    sounds = some_sounds(random)
    rating = 2 / (1 + np.exp(-2 * sounds.rows[:, 0])).astype(np.float32)
    return Lesson(
        sounds=sounds,
        rating=rating,
        wrong=(rating < 0.5).astype(np.float32),
        wrong_weight=np.ones(len(rating), np.float32),
        words=np.array([rating[sounds.word == w].min() / 2 for w in range(3)], np.float32),
        word_weight=1.0,
        sentence=np.full(len(SCALES), rating.mean() / 2, np.float32),
    )


@pytest.mark.slow
def test_it_learns_what_its_lessons_have_in_common_and_the_same_from_the_same() -> None:
    random = np.random.default_rng(7)
    lessons = [lesson(random) for _ in range(192)]
    mean, scale = np.zeros(FEATURES, np.float32), np.ones(FEATURES, np.float32)
    first, second = (fit(lessons[:128], mean, scale, seed=1, epochs=16) for _ in range(2))
    assert all((first[name] == second[name]).all() for name in first)
    networks = Networks(mean, scale, ({name: Node(value) for name, value in first.items()},))
    said = [networks.consult(one.sounds) for one in lessons[128:]]

    def agreement(got: list[np.ndarray], wanted: list[np.ndarray]) -> float:
        return float(np.corrcoef(np.concatenate(got), np.concatenate(wanted))[0, 1])

    assert agreement([one.rating for one in said], [one.rating for one in lessons[128:]]) > 0.9
    assert agreement([one.words for one in said], [one.words for one in lessons[128:]]) > 0.7
    assert agreement([one.wrong for one in said], [one.wrong for one in lessons[128:]]) > 0.6
