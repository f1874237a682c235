"""What becomes of the models' predictions: words limited by their sounds, verdicts as told, omissions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit import PronunciationScoreParams
from pronounce_kit.local.lexicon import LexicalWord
from pronounce_kit.local.reply import Finding, Part, WordFinding, build_reply, joined
from pronounce_kit.local.scores import MISPRONOUNCED, phone_scores, sentence_score, word_scores


def found(accuracy: float) -> WordFinding:
    return WordFinding(
        word=LexicalWord("go", ("G", "OW1")),
        accuracy=accuracy,
        said=np.array([0, 1]),
        scores=np.array([accuracy, accuracy]),
        starts=np.array([0.0, 0.1]),
        ends=np.array([0.09, 0.2]),
        candidates=np.full((2, 39), 1 / 39),
    )


def one_word(worst: float) -> float:
    return float(word_scores(np.array([95.0]), np.array([0, 0]), np.array([95.0, worst]))[0])


def test_a_sound_that_is_only_just_called_wrong_does_not_make_its_word_mispronounced():
    just = float(phone_scores(np.array([95.0]), np.array([0.5]), 0.5)[0])
    assert just < MISPRONOUNCED
    assert one_word(just) == 62.5


def test_a_clearly_wrong_sound_makes_a_word_mispronounced_however_well_the_rest_was_said():
    surely = float(phone_scores(np.array([95.0]), np.array([1.0]), 0.5)[0])
    assert one_word(surely) < 40


def test_a_right_sound_leaves_the_word_as_it_was_predicted():
    assert one_word(60.0) == 95.0


@given(st.floats(0, 110), st.floats(0, 110))
def test_a_better_opinion_of_a_sentence_is_never_a_lower_score_and_scores_end_at_0_and_100(one, other):
    low, high = sorted((one, other))
    assert 0 <= sentence_score(low) <= sentence_score(high) <= 100


def test_the_scores_of_sentences_lie_a_tenth_further_apart_than_the_models_mean_opinions():
    assert sentence_score(70) - sentence_score(60) == pytest.approx(11)


@given(st.floats(0, 100))
def test_a_word_is_called_mispronounced_when_the_score_that_is_told_is_under_60(accuracy):
    reply = build_reply(Finding([found(accuracy)], 80, 80, 80, 1.0), PronunciationScoreParams("go"))
    (word,) = reply["NBest"][0]["Words"]
    assert (word["ErrorType"] == "Mispronunciation") == (word["AccuracyScore"] < MISPRONOUNCED)


def test_a_passage_in_which_nothing_was_said_has_no_part_in_the_fluency():
    read = Finding([found(90.0)], 90.0, 80.0, 70.0, 0.9)
    silent = Finding([WordFinding.omission(LexicalWord("a", ("AH0",)))], 0.0, 0.0, 0.0, 0.0)
    whole = joined(
        [Part(read, 0, 0.0, 20.0), Part(silent, 1, 20.0, 20.0)], [one.words[0].word for one in (read, silent)]
    )
    assert (whole.fluency, whole.prosody, whole.confidence) == (80.0, 70.0, 0.9)
    assert whole.accuracy == pytest.approx(60.0)


def test_words_of_no_passage_count_as_0_by_how_many_sounds_they_have():
    short, long = LexicalWord("a", ("AH0",)), LexicalWord("strength", ("S", "T", "R", "EH1", "NG", "K", "TH"))
    read = Finding([found(90.0)], 90.0, 80.0, 80.0, 1.0)  # of two sounds
    for missing, expected in ((short, 90 * 2 / 3), (long, 90 * 2 / 9)):
        whole = joined([Part(read, 0, 0.0, 1.0)], [read.words[0].word, missing])
        assert whole.accuracy == pytest.approx(expected)
