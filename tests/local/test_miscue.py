"""Which words were said: one search over all of them at once."""

import itertools

import numpy as np
import pytest

from pronounce_kit import Recording
from pronounce_kit.local.acoustics import BLANK
from pronounce_kit.local.features import Layout
from pronounce_kit.local.miscue import Ears, find_miscues
from pronounce_kit.local.phones import INDEX

WORDS = [("S", "IY1"), ("K", "AE1", "T"), ("D", "AO1", "G"), ("R", "AH1", "N")]


class Read:
    """A script as far as the search looks at it."""

    def __init__(self, words):
        self.layout = Layout.of(words)
        self.accepted = np.zeros((len(self.layout.phone), BLANK + 1), bool)


def posteriors_of(words, confidence=0.98):
    """What a sure recognizer hears: each phone for one frame, blanks between."""
    rows = []
    for phone in (phone.rstrip("012") for word in words for phone in word):
        for symbol in (BLANK, INDEX[phone], BLANK):
            row = np.full(BLANK + 1, (1 - confidence) / BLANK)
            row[symbol] = confidence
            rows.append(row)
    return np.array(rows)


def said_words(posteriors, script):
    return find_miscues(Ears.to(posteriors, script), script).said


@pytest.mark.parametrize("kept", [kept for n in range(1, 5) for kept in itertools.combinations(range(4), n)])
def test_exactly_the_words_that_were_not_said_are_left_out(kept):
    heard = posteriors_of([WORDS[i] for i in kept])
    assert np.flatnonzero(said_words(heard, Read(WORDS))).tolist() == list(kept)


def test_a_word_in_doubt_is_not_left_out():
    almost = [WORDS[0], ("K", "EH1", "T"), *WORDS[2:]]
    assert said_words(posteriors_of(almost), Read(WORDS)).all()


def test_silence_holds_no_word():
    silence = np.full((200, BLANK + 1), 1e-4)
    silence[:, BLANK] = 1 - 1e-4 * BLANK
    assert not said_words(silence, Read(WORDS)).any()


def test_a_reader_who_stops_early_has_said_the_beginning(speech):
    text = "This is a very long sentence that nobody has read to the end."
    words = speech.assess(speech.synthesize("This is a very long sentence."), text).words
    said = [word.error_type != "Omission" for word in words]
    assert said == [True] * 6 + [False] * 7


def test_several_words_skipped_in_the_middle_are_found(speech):
    text = "We went to the old market in the morning and bought some apples."
    words = speech.assess(speech.synthesize("We went to the market and bought some apples."), text).words
    assert [word.word for word in words if word.error_type == "Omission"] == ["old", "in", "the", "morning"]


def test_a_recording_shorter_than_the_text_has_frames_for_is_no_crash(speech):
    brief = Recording.from_array(Recording.from_bytes(speech.synthesize("Hello.")).samples[:9_000], 16_000)
    text = " ".join(["wonderful"] * 40)
    words = speech.assess(brief, text).words
    assert sum(word.error_type == "Omission" for word in words) >= 38
