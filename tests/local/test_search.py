"""The likeliest way through a text against every way there is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pronounce_kit.local.search import BETWEEN, FREE, likeliest_way


def all_ways(phones, blank, free, word_of, same, skip, enter):
    """Every way through the text: what each frame is, as (phone, boundary), -1 for none, and what the way is worth."""
    frames, count = phones.shape
    words = word_of[-1] + 1
    begins = [i == 0 or word_of[i] != word_of[i - 1] for i in range(count)]
    # Where words meet: the position, before so many phones, by the number of words before it.
    boundaries = [i for i in range(count) if begins[i]] + [count]

    def onward(position):
        """The boundaries that a reader who is at one may go on from, and what the words left out cost."""
        here = boundaries.index(position)
        return [(there, sum(skip[here:there])) for there in range(here, words + 1)]

    def following(kind, position):
        """States of the next frame, and the price of going there."""
        yield kind, position, 0.0  # a phone's position is behind it
        if kind != "blank":
            yield "blank", position, 0.0
        if position in boundaries:
            for there, price in onward(position):
                if there < words:
                    yield "phone", boundaries[there] + 1, price
                if kind != "free" or boundaries[there] != position:
                    yield "free", boundaries[there], price + enter
        elif kind == "blank" or not same[position - 1]:
            yield "phone", position + 1, 0.0

    def heard(kind, position, t):
        return {"phone": phones[t, position - 1], "blank": blank[t], "free": free[t]}[kind]

    def label(kind, position):
        return (position - 1 if kind == "phone" else -1, boundaries.index(position) if kind == "free" else -1)

    def walk(t, kind, position, worth, labels):
        if t == frames:
            if position in boundaries:
                yield labels, worth - onward(position)[-1][1]
            return
        for next_kind, at, price in following(kind, position):
            gained = worth - price + heard(next_kind, at, t)
            yield from walk(t + 1, next_kind, at, gained, (*labels, label(next_kind, at)))

    return walk(0, "blank", 0, 0.0, ())


@given(
    st.lists(st.integers(1, 2), min_size=1, max_size=3),
    st.integers(1, 5),
    st.sampled_from([0.1, 1.0, 5.0]),
    st.sampled_from([0.3, 2.0]),
    st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_no_way_is_worth_more_than_the_one_that_is_found(lengths, frames, leaving_out, enter, seed):
    random = np.random.default_rng(seed)
    word_of = np.repeat(np.arange(len(lengths)), lengths)
    sounds = random.integers(0, 2, len(word_of))  # two of them only, so that many are said twice
    given_sounds = random.normal(-2, 1.5, (frames, 2))
    blank, free = random.normal(-1, 1, frames), random.normal(-1, 0.5, frames)
    same, skip = sounds[1:] == sounds[:-1], leaving_out * random.uniform(0.5, 1.5, len(lengths))
    phones = given_sounds[:, sounds]
    found = likeliest_way(phones, blank, free, word_of=word_of, same=same, skip=skip, enter=enter)
    best = {}
    for labels, worth in all_ways(phones, blank, free, word_of, same, skip, enter):
        best[labels] = max(worth, best.get(labels, -np.inf))
    own = tuple(zip(found.phone.tolist(), found.boundary.tolist(), strict=True))
    assert own in best
    assert best[own] == pytest.approx(max(best.values()))
    expected = [FREE if b >= 0 else word_of[p] if p >= 0 else BETWEEN for p, b in own]
    assert found.word.tolist() == expected


def test_of_two_equal_words_of_which_one_was_said_the_first_is_left_out():
    """Both ways are worth the same."""
    phones = np.log(np.array([[0.1, 0.1], [0.8, 0.8], [0.1, 0.1]]))
    blank = np.log(np.array([0.8, 0.1, 0.8]))
    found = likeliest_way(
        phones,
        blank,
        np.full(3, -9.0),
        word_of=np.array([0, 1]),
        same=np.array([True]),
        skip=np.full(2, 0.5),
        enter=4.0,
    )
    assert found.phone.tolist() == [-1, 1, -1]


def test_a_phone_said_twice_in_a_word_has_a_blank_between():
    phones = np.log(np.array([[0.9, 0.9], [0.3, 0.3], [0.9, 0.9]]))
    blank = np.log(np.array([0.1, 0.2, 0.1]))
    options = {"word_of": np.array([0, 0]), "skip": np.array([1e6]), "enter": 1e6}
    twice = likeliest_way(phones, blank, np.full(3, -9.0), same=np.array([True]), **options)
    assert twice.phone.tolist() == [0, -1, 1]
    other = likeliest_way(phones, blank, np.full(3, -9.0), same=np.array([False]), **options)
    assert other.phone.tolist() != [0, -1, 1]


def test_speech_that_is_not_in_the_text_is_found_between_the_words():
    silence, sound = np.log(0.98), np.log(0.01)
    phones = np.full((60, 2), sound)
    phones[10:13, 0] = phones[50:53, 1] = silence
    blank = np.full(60, silence)
    blank[10:13] = blank[50:53] = blank[25:35] = sound
    free = np.full(60, silence - 0.1)
    found = likeliest_way(
        phones, blank, free, word_of=np.array([0, 1]), same=np.array([False]), skip=np.full(2, 8.0), enter=4.0
    )
    assert set(found.word[10:13]) == {0}
    assert set(found.word[50:53]) == {1}
    assert set(found.word[25:35]) == {FREE}
    assert set(found.boundary[25:35]) == {1}
