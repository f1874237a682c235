"""Assessment.from_json: every shape and quirk of a reply, and what is no reply."""

import copy
import dataclasses
import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit import Assessment, ReplyError
from pronounce_kit.results import Scores, number, pron_score, seconds

from . import replies

NO_SCORES = Scores()


def read(name, **given_by_caller):
    return Assessment.from_json(replies.load(name), **given_by_caller)


# --- the shapes -------------------------------------------------------------------------------------------------


def test_a_flat_reply_gives_scores_words_syllables_and_phonemes():
    assessment = read("flat")
    assert assessment.status == "Success"
    assert assessment.display_text == "Good morning."
    assert assessment.lexical == "good morning"
    assert assessment.scores == Scores(pron=47.8, accuracy=49.0, fluency=91.0, completeness=33.0)
    assert (assessment.snr_db, assessment.confidence) == (23.478125, 0.87)
    good, morning, everyone = assessment.words
    assert (good.word, good.error_type, good.accuracy_score) == ("good", "None", 96.0)
    assert [(s.syllable, s.grapheme, s.accuracy_score) for s in morning.syllables] == [
        ("maor", "morn", 38.0),
        ("nihng", "ing", 71.0),
    ]
    assert [p.phoneme for p in morning.phonemes] == ["m", "ao", "r", "n", "ih", "ng"]
    assert (everyone.syllables, everyone.phonemes) == ((), ())


def without_what_sockets_lack(assessment):
    """Words of the socket SDK have no confidence of their own, nor one of being monotone; REST writes 0.0 for both."""
    words = [dataclasses.replace(word, confidence=None, monotone_confidence=None) for word in assessment.words]
    return dataclasses.replace(assessment, words=tuple(words), utterance_id=None)


@pytest.mark.parametrize("name", ["strings", "hybrid", "status_number"])
def test_another_shape_of_the_same_reply_reads_the_same(name):
    assert dataclasses.replace(read(name), utterance_id=None) == read("flat")


@pytest.mark.parametrize(
    ("nested", "flat"), [("nested", "flat"), ("list_nested", "list_long_audio"), ("prosody_nested", "prosody")]
)
def test_a_nested_reply_reads_as_the_flat_one_but_for_what_it_lacks(nested, flat):
    assert without_what_sockets_lack(read(nested)) == without_what_sockets_lack(read(flat))


@pytest.mark.parametrize("encode", [str, str.encode, lambda s: bytearray(s.encode()), lambda s: "\ufeff" + s])
def test_json_text_reads_as_the_object(encode):
    reply = replies.load("flat")
    assert Assessment.from_json(encode(json.dumps(reply))) == Assessment.from_json(reply)


def test_trailing_commas_as_in_the_documentation_are_forgiven_outside_strings():
    assessment = Assessment.from_json(
        '{"RecognitionStatus": "Success", "DisplayText": "a,] \\"b,}", "NBest": [{},],\n}'
    )
    assert assessment.display_text == 'a,] "b,}'


def test_only_the_best_candidate_counts():
    assert read("detailed").lexical == "remind me to buy five pencils"


def test_the_text_of_the_best_candidate_stands_in_for_an_absent_display_text():
    assert read("detailed").display_text == "Remind me to buy 5 pencils."


def test_a_simple_reply_has_a_text_and_times_alone():
    assessment = read("simple")
    assert assessment.display_text == "Remind me to buy 5 pencils."
    assert assessment.offset_s == pytest.approx(123664.5672289)
    assert (assessment.scores, assessment.words) == (NO_SCORES, ())


def test_scores_of_the_candidate_count_more_than_those_that_somebody_put_on_top():
    for name in ("flat", "nested"):
        summary = {"AccuracyScore": 12, "PronScore": 11, "PronunciationAssessment": {"FluencyScore": 10}}
        assert Assessment.from_json({**summary, **replies.load(name)}).scores == read(name).scores


def test_a_best_candidate_alone_reads_like_its_reply():
    reply = replies.load("nested")
    assert Assessment.from_json(reply["NBest"][0]).words == Assessment.from_json(reply).words


@pytest.mark.parametrize("name", replies.REPLIES + replies.LISTS)
def test_raw_is_the_reply_itself_and_stays_as_it_was(name):
    reply = replies.load(name)
    before = copy.deepcopy(reply)
    assert Assessment.from_json(reply).raw is reply
    assert reply == before


# --- missing is not zero ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("no_match", "NoMatch"),
        ("no_match_sdk", "NoMatch"),
        ("initial_silence", "InitialSilenceTimeout"),
        ("babble", "BabbleTimeout"),
        ("status_error", "Error"),
        ("empty", None),
    ],
)
def test_a_reply_without_speech_has_its_status_and_no_scores(name, status):
    assessment = read(name)
    assert (assessment.status, assessment.scores, assessment.words) == (status, NO_SCORES, ())


@pytest.mark.parametrize("name", ["silence_with_reference", "silence_full_text"])
def test_silence_that_the_service_calls_a_success_with_zeros_is_silence_without_scores(name):
    assessment = read(name)
    assert (assessment.status, assessment.scores) == ("InitialSilenceTimeout", NO_SCORES)
    assert assessment.raw["RecognitionStatus"] == "Success"
    assert all(word.accuracy_score is None and word.offset_s is None for word in assessment.words)


def test_silence_in_the_basic_dimension_is_told_by_its_zeros_alone():
    reply = replies.load("silence_with_reference")
    for word in reply["NBest"][0]["Words"]:
        del word["ErrorType"]
    assessment = Assessment.from_json(reply)
    assert (assessment.status, assessment.scores) == ("InitialSilenceTimeout", NO_SCORES)
    assert {word.accuracy_score for word in assessment.words} == {None}


def test_a_word_omitted_in_the_basic_dimension_has_no_score():
    reply = replies.load("basic")
    reply["NBest"][0]["Words"][1] |= {"Offset": 0, "Duration": 0, "AccuracyScore": 0.0}
    assert [word.accuracy_score for word in Assessment.from_json(reply).words] == [91.0, None]


@pytest.mark.parametrize("heard", ["Morning.", None])
def test_every_word_omitted_while_something_was_heard_is_no_silence_and_has_no_scores(heard):
    reply = replies.load("silence_with_reference")
    reply["DisplayText"] = reply["NBest"][0]["Display"] = heard
    assessment = Assessment.from_json(reply)
    assert (assessment.status, assessment.scores) == ("Success", NO_SCORES)


def test_a_full_stop_that_was_scored_is_no_silence():
    reply = {"RecognitionStatus": "Success", "DisplayText": ".", "NBest": [{"AccuracyScore": 80.0}]}
    assert Assessment.from_json(reply).status == "Success"


@pytest.mark.parametrize("status", ["NoMatch", "InitialSilenceTimeout", "BabbleTimeout", "Error", 1, "2"])
def test_zeros_under_a_status_without_speech_are_no_scores(status):
    reply = {"RecognitionStatus": status, "NBest": [{"AccuracyScore": 0.0, "PronScore": 0.0}]}
    assert Assessment.from_json(reply).scores == NO_SCORES


def test_a_score_of_zero_in_speech_stays_zero():
    reply = replies.load("full_text")
    reply["NBest"][0]["FluencyScore"] = 0.0
    assert Assessment.from_json(reply).scores.fluency == 0.0


@pytest.mark.parametrize("zeros", [{}, {"Offset": 0, "Duration": 0, "AccuracyScore": 0.0}])
def test_an_omitted_word_has_neither_score_nor_time(zeros):
    said = {"Word": "good", "AccuracyScore": 90.0, "ErrorType": "None", "Offset": 0, "Duration": 10_000_000}
    omitted = {"Word": "morning", "ErrorType": "Omission", **zeros}
    word = Assessment.from_json({"NBest": [{"Words": [said, omitted]}]}).words[1]
    assert (word.accuracy_score, word.offset_s, word.duration_s) == (None, None, None)


@pytest.mark.parametrize("nested", [False, True])
def test_syllables_and_phonemes_of_an_omitted_word_keep_only_their_names(nested):
    score = {"PronunciationAssessment": {"AccuracyScore": 0.0}} if nested else {"AccuracyScore": 0.0}
    part = {"Offset": 0, "Duration": 0, **score}
    omitted = {
        "Word": "go",
        "PronunciationAssessment": {"ErrorType": "Omission"},
        "Syllables": [{"Syllable": "gow", **part}],
        "Phonemes": [{"Phoneme": "g", **part}],
    }
    word = Assessment.from_json({"NBest": [{"Words": [omitted]}]}).words[0]
    (syllable,), (phoneme,) = word.syllables, word.phonemes
    assert (syllable.syllable, syllable.accuracy_score, syllable.offset_s) == ("gow", None, None)
    assert (phoneme.phoneme, phoneme.accuracy_score, phoneme.duration_s) == ("g", None, None)


def test_a_word_at_the_very_start_begins_at_second_zero():
    reply = {"NBest": [{"Words": [{"Word": "hi", "ErrorType": "None", "Offset": 0, "Duration": 1_000_000}]}]}
    assert Assessment.from_json(reply).words[0].offset_s == 0.0


@pytest.mark.parametrize(
    "value", [None, "", "abc", "NaN", "inf", math.nan, -math.inf, True, False, [], {}, [1], b"x", 10**400, object()]
)
def test_what_is_no_finite_number_is_missing(value):
    assert number(value) is None


@pytest.mark.parametrize(("value", "expected"), [(0, 0.0), ("0.87", 0.87), (" 5 ", 5.0), (-1, -1.0), (1e-8, 1e-8)])
def test_a_number_is_read_from_text_too(value, expected):
    assert number(value) == expected


def test_ticks_become_seconds():
    assert seconds("400000") == 0.04


def test_the_basic_dimension_lacks_all_but_accuracy():
    assessment = read("basic")
    assert assessment.scores == Scores(accuracy=88.0)
    assert {word.error_type for word in assessment.words} == {None}


def test_full_text_granularity_has_scores_and_no_words():
    assessment = read("full_text")
    assert (assessment.scores.pron, assessment.words) == (84.4, ())


def test_word_granularity_has_words_without_parts():
    assert [(w.word, w.syllables, w.phonemes) for w in read("word_granularity").words] == [
        ("good", (), ()),
        ("morning", (), ()),
    ]


def test_unscripted_speech_has_no_completeness():
    assert read("unscripted").scores.completeness is None


def test_five_point_scores_stay_on_their_scale():
    assert read("five_point").scores == Scores(pron=4.2, accuracy=4.6, fluency=3.8, completeness=5.0)


def test_an_empty_phoneme_name_is_missing():
    assert [(p.phoneme, p.heard) for p in read("no_names").words[0].phonemes] == [(None, None)] * 3


def test_an_unknown_word_has_syllables_without_letters():
    assert [s.grapheme for s in read("unknown_word").words[0].syllables] == [None, None]


# --- miscues, candidates, prosody -------------------------------------------------------------------------------


def test_insertion_and_omission_at_a_substitution_keep_the_replys_order():
    words = read("miscue").words
    assert [(w.word, w.error_type) for w in words[1:3]] == [("dog", "Insertion"), ("cat", "Omission")]


def test_the_heard_sound_is_the_first_candidate():
    phoneme = read("flat").words[1].phonemes[1]
    assert (phoneme.phoneme, phoneme.heard) == ("ao", "ow")
    assert [(c.phoneme, c.score) for c in phoneme.nbest] == [("ow", 100.0), ("ao", 64.0), ("uh", 31.0)]


@pytest.mark.parametrize("name", ["prosody", "prosody_nested"])
def test_breaks_and_monotone_speech_are_those_that_the_service_names(name):
    flags = [(w.unexpected_break, w.missing_break, w.monotone) for w in read(name).words]
    assert flags == [
        (False, False, False),
        (False, False, False),  # MissingBreak.Confidence is 1.0 here too
        (True, False, False),
        (False, False, True),
        (False, True, True),
    ]


def test_the_length_of_a_break_is_in_seconds():
    assert read("prosody").words[2].break_length_s == pytest.approx(0.7)


def test_a_break_leaves_the_error_type_alone():
    assert {word.error_type for word in read("prosody").words} == {"None"}


def test_words_without_feedback_have_no_flags():
    word = read("flat").words[0]
    assert (word.unexpected_break, word.missing_break, word.monotone) == (None, None, None)


# --- long audio -------------------------------------------------------------------------------------------------


def test_a_list_of_one_reply_reads_as_that_reply():
    reply = replies.load("flat")
    assert Assessment.from_json([reply]) == Assessment.from_json(reply)


def test_an_empty_list_reads_as_an_empty_reply():
    assert Assessment.from_json([]) == Assessment.from_json({})


def test_the_words_of_long_audio_follow_in_order_of_time():
    pieces = replies.load("list_long_audio")
    assessment = Assessment.from_json(pieces[::-1])
    assert " ".join(word.word for word in assessment.words) == "the sun was warm we walked slowly slow home"
    assert assessment.display_text == "The sun was warm. We walked slow home."


def test_long_audio_spans_its_pieces():
    assessment = read("list_long_audio")
    assert (assessment.offset_s, assessment.duration_s) == (pytest.approx(0.1), pytest.approx(7.9))


def test_a_piece_without_speech_does_not_spoil_the_status():
    assert read("list_long_audio").status == "Success"


def test_accuracy_of_long_audio_is_the_mean_over_reference_words_with_omissions_as_zero():
    assert read("list_long_audio").scores.accuracy == pytest.approx((100 + 80 + 90 + 90 + 90 + 50 + 0 + 100) / 8)


def test_completeness_of_long_audio_is_the_share_of_faultless_reference_words():
    assert read("list_long_audio").scores.completeness == pytest.approx(100 * 6 / 8)


def test_fluency_and_prosody_of_long_audio_are_weighted_by_duration():
    scores = read("list_long_audio").scores
    assert scores.fluency == pytest.approx((80 * 1 + 50 * 3) / 4)
    assert scores.prosody == pytest.approx((70 * 1 + 40 * 3) / 4)


def test_the_pron_score_of_long_audio_follows_the_services_formula():
    assert read("list_long_audio").scores.pron == pytest.approx(0.4 * 47.5 + 0.2 * (57.5 + 75 + 75))


@pytest.mark.parametrize("name", ["basic", "full_text", "five_point", "unscripted", "silence_with_reference"])
def test_the_same_piece_twice_scores_as_once(name):
    once, twice = read(name), Assessment.from_json([replies.load(name)] * 2)
    for field in dataclasses.fields(Scores):
        expected = getattr(once.scores, field.name)
        # The service rounds its scores; those made from words are not rounded.
        assert getattr(twice.scores, field.name) == (None if expected is None else pytest.approx(expected, abs=0.5))


@pytest.mark.parametrize(
    ("scores", "expected"),
    [((100, 74, 100), 84.4), ((100, 74, 100, 60), 78.8), ((88, 75), 80.2), ((88,), 88), ((), None)],
)
def test_the_pron_score_weighs_the_lowest_score_most(scores, expected):
    assert pron_score(scores) == (None if expected is None else pytest.approx(expected))


# --- what is no reply -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"), [("error_401", "401 Access denied"), ("error_language", "Invalid CID or language")]
)
def test_an_error_of_the_service_is_quoted_with_what_to_do(name, said):
    with pytest.raises(ReplyError, match=said) as caught:
        read(name)
    assert str(caught.value).endswith(
        "Check the key, region, language and audio format, then assess the recording again."
    )


@pytest.mark.parametrize(
    "thing",
    [None, 3, 2.5, True, "", "not JSON", "3", '"text"', b"\xff\xfe\x00", {"a": 1}, {"error": None}, [3], [[]], ["{}"]],
)
def test_what_is_no_reply_is_refused(thing):
    with pytest.raises(ReplyError, match=r"\. Give [^.]*(\.|JSON text\.)$"):
        Assessment.from_json(thing)


def test_json_nested_too_deep_is_refused():
    with pytest.raises(ReplyError):
        Assessment.from_json("[" * 100_000)


def test_a_long_body_is_quoted_in_part():
    with pytest.raises(ReplyError) as caught:
        Assessment.from_json("<html>" * 10_000)
    assert len(str(caught.value)) < 500


# --- an assessment ----------------------------------------------------------------------------------------------


def test_the_reference_text_is_the_callers_else_the_replys_else_missing():
    reply = {**replies.load("flat"), "ReferenceText": "Good morning everyone"}
    assert Assessment.from_json(reply, reference_text="Other").reference_text == "Other"
    assert Assessment.from_json(reply).reference_text == "Good morning everyone"
    assert read("flat").reference_text is None


def test_an_empty_reference_text_is_kept_as_unscripted():
    assert read("unscripted", reference_text="").reference_text == ""


def test_the_utterance_id_is_the_callers_else_the_replys():
    assert read("nested", utterance_id="mine").utterance_id == "mine"
    assert read("nested").utterance_id == "4f2c8f1a6d7b4b0f9f3e0d5b7c1a2e3d"
    assert read("flat").utterance_id is None


def test_the_repr_tells_the_scores_and_the_words_that_went_wrong():
    assert repr(read("flat")) == (
        "<Assessment Success: 'Good morning.'; pron 47.8, accuracy 49, fluency 91, completeness 33; "
        "'morning' Mispronunciation, 'everyone' Omission>"
    )


def test_the_repr_of_a_long_list_of_errors_is_cut():
    words = [{"Word": f"w{n}", "ErrorType": "Insertion"} for n in range(50)]
    assert repr(Assessment.from_json({"NBest": [{"Words": words}]})).endswith("'w7' Insertion, 42 more>")


@pytest.mark.parametrize("name", replies.REPLIES)
def test_a_notebook_shows_the_assessment_as_html(name):
    assert "<" in read(name)._repr_html_()


def test_an_assessment_survives_pickling_for_workers_in_other_processes():
    assessment = read("prosody", student="Ada")
    copied = pickle.loads(pickle.dumps(assessment))  # noqa: S301  # our own bytes
    assert copied == assessment
    assert copied.raw == assessment.raw


def test_an_assessment_cannot_be_changed_and_can_be_a_key():
    assessment = read("flat")
    with pytest.raises(dataclasses.FrozenInstanceError):
        assessment.status = "NoMatch"
    assert {assessment: 1}[read("flat")] == 1


# --- anything at all --------------------------------------------------------------------------------------------

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def paths(value, path=()):
    """The way to every value inside a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*path, key))


@st.composite
def mutated_replies(draw):
    """An example reply in which one to three places hold something else."""
    reply = [replies.load(draw(st.sampled_from(replies.REPLIES + replies.LISTS)))]
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([path for path in paths(reply) if path]))
        place = reply
        for key in way:
            place = place[key]
        place[last] = draw(json_values)
    return reply[0]


@given(json_values | json_values.map(json.dumps) | st.text() | st.binary())
def test_anything_is_read_or_refused_with_our_own_error(thing):
    try:
        Assessment.from_json(thing)
    except ReplyError as error:
        assert str(error)


@given(mutated_replies())
def test_a_damaged_reply_is_read_or_refused_with_our_own_error(reply):
    try:
        assessment = Assessment.from_json(reply)
    except ReplyError:
        return
    numbers = [*dataclasses.astuple(assessment.scores), *(word.accuracy_score for word in assessment.words)]
    assert all(value is None or math.isfinite(value) for value in numbers)
