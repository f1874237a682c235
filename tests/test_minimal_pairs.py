"""The engine hears single wrong sounds from a fluent voice, and does not find any in correct readings."""

import pytest

from tests.minimal_pairs import PAIRS, outcome

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def outcomes(speech):
    return [outcome(speech, pair) for pair in PAIRS]


def test_the_altered_word_scores_lowest_in_four_of_five_sentences(outcomes):
    assert len(outcomes) >= 40
    assert sum(o.found for o in outcomes) >= 0.8 * len(outcomes)


def test_nineteen_of_twenty_correct_readings_have_no_word_called_wrong(outcomes):
    assert sum(not o.falsely_flagged for o in outcomes) >= 0.95 * len(outcomes)


def test_the_sound_said_instead_is_named_more_often_than_not(outcomes):
    substituted = [o for o in outcomes if o.pair.said and o.flagged]
    named = [o for o in substituted if any(p.heard == _sapi(o.pair.said) for p in o.wrong.words[o.at].phonemes)]
    assert len(named) > len(substituted) / 2


def _sapi(phone):
    return "h" if phone == "HH" else phone.lower()
