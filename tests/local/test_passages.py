"""A long reading is cut into passages that each have their own part of the text."""

import numpy as np
import pytest

from pronounce_kit import LocalSpeech, Recording
from pronounce_kit.local.features import Layout
from pronounce_kit.local.passages import LONGEST_S, passages

SENTENCES = [
    "The old man walked slowly down to the harbour.",
    "Nobody had seen the little boat since Tuesday morning.",
    "Seven children were playing with a yellow ball.",
    "She bought some bread, a piece of cheese and two red apples.",
    "My brother thinks that the weather will change tonight.",
    "We need a bigger kitchen, because everyone likes to cook.",
    "The teacher wrote a question on the board and waited.",
    "Please close the window before the rain comes in.",
]


@pytest.fixture(scope="module")
def spoken(speech: LocalSpeech) -> list[np.ndarray]:
    return [Recording.from_bytes(speech.synthesize(sentence)).samples for sentence in SENTENCES]


def cut(speech: LocalSpeech, samples: np.ndarray, sentences: list[str]):
    words = [word.phones for sentence in sentences for word in speech._analyzer.lexicon.words(sentence)]
    return passages(speech._model.hear(samples).posteriors, Layout.of(words), 0.02), len(words)


def sentence_starts(speech: LocalSpeech) -> list[int]:
    counts = [len(speech._analyzer.lexicon.words(sentence)) for sentence in SENTENCES]
    return [0, *np.cumsum(counts).tolist()]


def test_passages_cover_the_text_in_order_and_are_short_enough(speech, spoken):
    found, words = cut(speech, np.concatenate(spoken * 4), SENTENCES * 4)
    assert [passage.first for passage in found] == [0, *(passage.last for passage in found[:-1])]
    assert found[-1].last == words
    assert all((passage.stop - passage.start) * 0.02 <= LONGEST_S for passage in found)


def test_a_cut_falls_between_the_words_that_the_recording_is_cut_between(speech, spoken):
    order = [0, 1, 2, 3, 4, 5, 6, 7]
    silence = np.zeros(8000, np.float32)
    samples = np.concatenate([np.concatenate([spoken[i], silence]) for i in order])
    ends = np.cumsum([len(spoken[i]) + len(silence) for i in order]) / 320
    found, _ = cut(speech, samples, SENTENCES)
    assert len(found) > 1
    starts = sentence_starts(speech)
    for passage in found[1:]:
        sentence = int(np.abs(ends - passage.start).argmin()) + 1
        if abs(ends[sentence - 1] - passage.start) < 50:  # cut in the pause after a sentence
            assert passage.first == starts[sentence]


def test_a_skipped_stretch_of_the_text_belongs_to_no_passage(speech, spoken):
    read = np.concatenate([spoken[0], spoken[1], spoken[6], spoken[7]] * 2)
    text = [SENTENCES[0], SENTENCES[1], *SENTENCES[2:6], SENTENCES[6], SENTENCES[7]]
    found, _ = cut(speech, np.concatenate([read[: len(read) // 2]]), text)
    starts = sentence_starts(speech)
    held = {word for passage in found for word in range(passage.first, passage.last)}
    assert set(range(starts[2])) <= held
    assert set(range(starts[6], starts[8])) <= held


def test_a_text_that_goes_on_after_the_reader_stopped_is_left_alone(speech, spoken):
    found, words = cut(speech, np.concatenate(spoken[:3]), SENTENCES)
    assert found[-1].last <= sentence_starts(speech)[3] + 1
    assert words > found[-1].last + 25


def test_silence_has_no_passages(speech):
    assert cut(speech, np.zeros(16_000 * 5, np.float32), SENTENCES)[0] == []
