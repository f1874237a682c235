"""Goodness of pronunciation against a brute-force enumeration of all CTC paths."""

import itertools

import numpy as np
import pytest

from pronounce_kit.local.acoustics import BLANK
from pronounce_kit.local.gop import DELETION, forward_backward, goodness


def brute_force(posteriors, phones):
    """P(phones | audio): the sum over every frame labelling that collapses to the sequence."""
    symbols = [*sorted(set(phones)), BLANK]
    total = 0.0
    for path in itertools.product(symbols, repeat=len(posteriors)):
        collapsed = [s for i, s in enumerate(path) if s != BLANK and (i == 0 or path[i - 1] != s)]
        if collapsed == list(phones):
            total += np.prod([posteriors[t, s] for t, s in enumerate(path)])
    return total


def random_posteriors(frames, seed):
    p = np.random.default_rng(seed).dirichlet(np.full(BLANK + 1, 0.3), size=frames) + 1e-5
    return p / p.sum(1, keepdims=True)


@pytest.mark.parametrize("phones", [[3], [3, 7], [3, 3], [3, 7, 3], [5, 5, 2]])
def test_ratios_equal_those_of_enumerating_every_path(phones):
    posteriors = random_posteriors(6, seed=len(phones) + phones[0])
    found = goodness(posteriors, np.array(phones))
    own = np.log(brute_force(posteriors, phones))
    assert found.log_likelihood == pytest.approx(own)
    for i in range(len(phones)):
        for q in (2, 3, 7, 20):
            if q == phones[i]:
                assert found.ratio[i, q] == 0
                continue
            other = brute_force(posteriors, [*phones[:i], q, *phones[i + 1 :]])
            assert found.ratio[i, q] == pytest.approx(own - np.log(other))
        without = [*phones[:i], *phones[i + 1 :]]
        assert found.ratio[i, DELETION] == pytest.approx(own - np.log(brute_force(posteriors, without)))


def test_occupancy_is_a_share_of_every_frame():
    found = goodness(random_posteriors(40, seed=1), np.arange(9))
    assert found.occupancy.shape == (40, 9)
    assert (found.occupancy >= 0).all()
    assert (found.occupancy.sum(1) <= 1 + 1e-9).all()


def test_a_recording_too_short_for_the_phones_has_no_goodness():
    posteriors = random_posteriors(3, seed=2)
    assert goodness(posteriors, np.array([1, 2, 3])) is not None
    assert goodness(posteriors, np.array([1, 1, 2])) is None, "a repeated phone needs a frame between"
    assert goodness(posteriors, np.array([1, 2, 3, 4])) is None


def test_a_minute_of_speech_neither_overflows_nor_underflows():
    phones = np.arange(300) % BLANK
    posteriors = np.full((3000, BLANK + 1), 1e-5)
    posteriors[:, BLANK] = 1.0
    posteriors[5::10][np.arange(300), phones] = 5.0
    posteriors /= posteriors.sum(1, keepdims=True)
    found = goodness(posteriors, phones)
    assert np.isfinite(found.ratio).all()
    assert np.isfinite(found.log_likelihood)


@pytest.mark.parametrize("seed", range(5))
def test_a_recording_with_nothing_in_common_gives_finite_numbers_or_none(seed):
    posteriors = random_posteriors(3_000, seed)
    found = goodness(posteriors, np.arange(20))
    assert found is None or np.isfinite(found.ratio).all()


def test_the_phone_that_was_said_explains_the_audio_better():
    said, expected = 28, 31
    posteriors = np.full((30, BLANK + 1), 0.001)
    posteriors[:, BLANK] = 0.9
    posteriors[14:17, said] = 0.9
    posteriors[14:17, BLANK] = 0.01
    posteriors /= posteriors.sum(1, keepdims=True)
    found = goodness(posteriors, np.array([expected]))
    assert found.ratio[0].argmin() == said
    assert found.ratio[0, said] < -5


def likelihood(posteriors, phones):
    """P(phones | audio) by the forward algorithm as it is written in books, one number at a time."""
    labels = [BLANK, *(label for phone in phones for label in (phone, BLANK))]
    before = [posteriors[0, label] if s < 2 else 0.0 for s, label in enumerate(labels)]
    for heard in posteriors[1:]:
        now = []
        for s, label in enumerate(labels):
            total = before[s] + (before[s - 1] if s else 0.0)
            if s > 1 and label not in (BLANK, labels[s - 2]):
                total += before[s - 2]
            now.append(total * heard[label])
        before = now
    return before[-1] + (before[-2] if len(labels) > 1 else 0.0)


@pytest.mark.parametrize(
    ("phones", "frames"),
    [([4], 1), ([4], 31), ([3, 3, 3], 5), ([3, 7, 3, 7], 4), ([3, 7, 3, 3, 9], 6), ([9, 1, 9, 9, 1, 2], 37)],
)
def test_every_change_of_one_phone_is_as_likely_as_the_forward_algorithm_says(phones, frames):
    posteriors = random_posteriors(frames, seed=frames)
    found = goodness(posteriors, np.array(phones))
    own = likelihood(posteriors, phones)
    assert found.log_likelihood == pytest.approx(np.log(own))
    for i, phone in enumerate(phones):
        others = [likelihood(posteriors, [*phones[:i], q, *phones[i + 1 :]]) for q in range(BLANK)]
        others.append(likelihood(posteriors, [*phones[:i], *phones[i + 1 :]]))
        with np.errstate(divide="ignore"):
            expected = np.log(own) - np.log(others)
        expected[phone] = 0
        possible = np.isfinite(expected)
        np.testing.assert_allclose(found.ratio[i, possible], expected[possible], atol=1e-9)
        assert (found.ratio[i, ~possible] > 300).all(), "a change that does not fit into the frames is no rival"


@pytest.mark.parametrize("phones", [[4], [3, 3], [3, 7, 3, 3, 9]])
def test_forward_and_backward_variables_tell_the_same_likelihood_in_every_frame(phones):
    posteriors = random_posteriors(50, seed=3)
    forward, backward, scale = forward_backward(posteriors, np.array(phones))
    assert forward.sum(1) == pytest.approx(1)
    heard = np.full((50, 2 * len(phones) + 1), posteriors[:, [BLANK]])
    heard[:, 1::2] = posteriors[:, phones]
    through = (forward * backward / heard).sum(1) * scale
    assert np.log(through) + np.log(scale).sum() == pytest.approx(np.log(likelihood(posteriors, phones)))
