"""The four tables: columns, dtypes, keys, and the same content whatever shape the reply has."""

import dataclasses

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from pronounce_kit import Assessment, ReplyError, frames, phonemes, syllables, utterances, words
from pronounce_kit.results import PACE_FIELDS

from . import replies
from .benchmarks import flatten
from .test_results import json_values, mutated_replies

TABLES = {"utterances": utterances, "words": words, "syllables": syllables, "phonemes": phonemes}
KEYS = {
    "utterances": ["utterance_id"],
    "words": ["utterance_id", "word_index"],
    "syllables": ["utterance_id", "word_index", "syllable_index"],
    "phonemes": ["utterance_id", "word_index", "phoneme_index"],
}

every_table = pytest.mark.parametrize("table", TABLES)


def dtypes(frame):
    return {column: str(dtype) for column, dtype in frame.dtypes.items()}


def without_id(frame):
    return frame.drop(columns="utterance_id")


# --- columns and dtypes -----------------------------------------------------------------------------------------


@every_table
@pytest.mark.parametrize("empty", [[], {}, [{}], {"RecognitionStatus": "NoMatch", "NBest": []}, iter(())])
def test_columns_and_dtypes_hold_for_an_empty_input(table, empty):
    assert dtypes(TABLES[table](empty)) == frames.SCHEMA[table]


@every_table
@pytest.mark.parametrize("name", replies.REPLIES)
def test_columns_and_dtypes_hold_for_every_reply(table, name):
    assert dtypes(TABLES[table](replies.load(name))) == frames.SCHEMA[table]


@every_table
def test_the_index_counts_the_rows(table):
    frame = TABLES[table]([replies.load(name) for name in replies.REPLIES])
    assert isinstance(frame.index, pd.RangeIndex)
    assert len(frame.index) == len(frame) > 0


@every_table
def test_a_table_can_be_changed_without_touching_the_reply_or_another_table(table):
    reply = replies.load("flat")
    frame = TABLES[table](reply)
    frame.loc[0, "accuracy_score"] = -1.0
    frame.loc[0, "utterance_id"] = "changed"
    assert reply == replies.load("flat")
    assert_frame_equal(TABLES[table](reply), TABLES[table](replies.load("flat")))


# --- content ----------------------------------------------------------------------------------------------------


def test_an_utterance_has_its_scores_texts_and_counts():
    assessment = Assessment.from_json(
        replies.load("flat"), reference_text="Good morning everyone", utterance_id="a1", student="Ada"
    )
    (row,) = utterances(assessment).to_dict("records")
    missing = ["prosody_score", *(field.name for field in PACE_FIELDS)]
    assert all(pd.isna(row.pop(column)) for column in missing)
    assert row == {
        "utterance_id": "a1",
        "student": "Ada",
        "reference_text": "Good morning everyone",
        "recognition_status": "Success",
        "display_text": "Good morning.",
        "pron_score": 47.8,
        "accuracy_score": 49.0,
        "fluency_score": 91.0,
        "completeness_score": 33.0,
        "offset_s": 0.04,
        "duration_s": 1.1,
        "snr_db": 23.478125,
        "confidence": 0.87,
        "word_count": 3,
        "mispronunciation_count": 1,
        "omission_count": 1,
        "insertion_count": 0,
        "recording_flags": "",
    }


def test_counts_are_missing_where_the_reply_lists_no_words():
    frame = utterances([replies.load("full_text"), replies.load("no_match")])
    assert frame[["word_count", "omission_count"]].isna().all(axis=None)


def test_counts_of_errors_are_missing_where_words_have_no_error_type():
    (row,) = utterances(replies.load("basic")).to_dict("records")
    assert row["word_count"] == 2
    assert pd.isna(row["omission_count"])


def test_silence_that_the_service_scores_as_zero_has_no_scores():
    frame = utterances(replies.load("silence_with_reference"))
    assert frame.filter(like="_score").isna().all(axis=None)
    assert frame["recognition_status"].tolist() == ["InitialSilenceTimeout"]


def test_silence_skips_no_words_but_lists_them_without_scores_and_times():
    reply = replies.load("silence_with_reference")
    (row,) = utterances(reply).to_dict("records")
    assert row["word_count"] == 2
    assert pd.isna(row["omission_count"])
    frame = words(reply)
    assert frame["error_type"].tolist() == ["Omission", "Omission"]
    assert frame[["accuracy_score", "offset_s", "duration_s", "confidence"]].isna().all(axis=None)


def test_an_empty_reference_text_is_kept_as_unscripted():
    assessment = Assessment.from_json(replies.load("unscripted"), reference_text="")
    assert utterances(assessment)["reference_text"].tolist() == [""]


def test_an_omitted_word_is_a_row_without_score_and_times():
    row = words(replies.load("flat")).iloc[2]
    assert (row["word"], row["error_type"]) == ("everyone", "Omission")
    assert row[["accuracy_score", "offset_s", "duration_s", "confidence"]].isna().all()


def test_times_of_words_are_seconds():
    assert words(replies.load("flat"))["offset_s"].tolist()[:2] == [0.05, 0.33]


def test_flags_of_prosody_are_missing_without_feedback():
    frame = words([replies.load("prosody"), replies.load("flat")])
    assert frame["monotone"].tolist() == [False, False, False, True, True, pd.NA, pd.NA, pd.NA]


def test_a_confidence_is_no_flag_where_the_service_names_no_error():
    frame = words(replies.load("prosody"))
    assert frame["missing_break_confidence"].tolist()[1:] == [1.0, 0.0, 0.98529416, 0.96774191]
    assert frame["missing_break"].tolist() == [False, False, False, False, True]


def test_flags_ask_for_punctuation_in_the_text_where_the_service_names_no_errors():
    reply = replies.load("prosody")
    for word in reply["NBest"][0]["Words"]:
        del word["Feedback"]["Prosody"]["Break"]["ErrorTypes"]
    with_text = Assessment.from_json(reply, reference_text="I like to read, too.")
    assert words(with_text)["missing_break"].tolist() == [pd.NA, False, False, False, True]
    assert words(reply)["missing_break"].tolist() == [pd.NA, pd.NA, False, pd.NA, pd.NA]


def test_syllables_tell_their_word():
    frame = syllables(replies.load("flat"))
    assert frame[["word_index", "syllable_index", "word", "syllable", "grapheme"]].to_numpy().tolist() == [
        [0, 0, "good", "guhd", "good"],
        [1, 0, "morning", "maor", "morn"],
        [1, 1, "morning", "nihng", "ing"],
    ]


def test_phonemes_tell_their_word_and_the_sound_heard():
    frame = phonemes(replies.load("flat"))
    assert frame["phoneme_index"].tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5]
    row = frame.iloc[4]
    assert row[["word", "phoneme", "heard", "heard_score"]].tolist() == ["morning", "ao", "ow", 100.0]


def test_an_empty_phoneme_name_is_missing():
    assert phonemes(replies.load("no_names"))[["phoneme", "heard", "heard_score"]].isna().all(axis=None)


@every_table
@pytest.mark.parametrize("shape", ["nested", "strings", "hybrid", "status_number"])
def test_another_shape_of_the_same_reply_gives_the_same_table(table, shape):
    flat, other = TABLES[table](replies.load("flat")), TABLES[table](replies.load(shape))
    if (table, shape) == ("words", "nested"):  # words of the socket SDK have no confidence
        flat["confidence"] = float("nan")
    assert_frame_equal(without_id(flat), without_id(other))


@every_table
def test_a_number_spelled_as_text_in_one_reply_does_not_disturb_the_others(table):
    alone = [TABLES[table](replies.load(name)) for name in ("flat", "strings")]
    together = TABLES[table]([replies.load("flat"), replies.load("strings")])
    assert_frame_equal(without_id(together), without_id(pd.concat(alone, ignore_index=True)))


# --- input ------------------------------------------------------------------------------------------------------


@every_table
def test_an_assessment_gives_the_table_of_its_reply(table):
    for name in replies.REPLIES:
        assert_frame_equal(TABLES[table](Assessment.from_json(replies.load(name))), TABLES[table](replies.load(name)))


@every_table
def test_a_list_is_an_iterable_of_replies_and_a_generator_will_do(table):
    several = [replies.load(name) for name in replies.REPLIES]
    from_generator = TABLES[table](reply for reply in several)
    assert_frame_equal(from_generator, TABLES[table](several))
    assert len(from_generator) > len(TABLES[table](several[0]))


@every_table
def test_many_replies_give_the_rows_of_each_in_order(table):
    few = [replies.load(name) for name in replies.REPLIES]
    copies = 2 * frames._BATCH // len(few) + 1  # more than fit into one batch, and no multiple of it
    frame = TABLES[table](few * copies)
    assert_frame_equal(
        without_id(frame), without_id(pd.concat([TABLES[table](reply) for reply in few] * copies, ignore_index=True))
    )
    ids = utterances(few * copies)["utterance_id"].tolist()
    assert list(dict.fromkeys(frame["utterance_id"])) == [each for each in ids if each in set(frame["utterance_id"])]


@every_table
def test_long_audio_as_one_assessment_is_one_utterance(table):
    pieces = replies.load("list_long_audio")
    frame = TABLES[table](Assessment.from_json(pieces))
    assert set(frame["utterance_id"]) <= {"0"}
    assert_frame_equal(frame, TABLES[table]([pieces]))


def test_json_text_is_read_as_a_reply():
    assert words('{"NBest": [{"Words": [{"Word": "hi"}]}]}')["word"].tolist() == ["hi"]


@every_table
@pytest.mark.parametrize("thing", [None, 3, [3], ["nope"], "nope", {"a": 1}, [None], [{"Message": "Invalid"}]])
def test_what_is_no_reply_is_refused(table, thing):
    with pytest.raises(ReplyError):
        TABLES[table](thing)


# --- keys -------------------------------------------------------------------------------------------------------


def test_the_utterance_id_is_the_assessments_else_the_replys_else_the_position():
    given_id = Assessment.from_json(replies.load("flat"), utterance_id="mine")
    ids = utterances([given_id, replies.load("nested"), replies.load("flat")])["utterance_id"]
    assert ids.tolist() == ["mine", "4f2c8f1a6d7b4b0f9f3e0d5b7c1a2e3d", "2"]


def test_an_id_seen_before_gets_a_suffix_and_a_given_id_comes_before_a_position():
    ids = [None, "0", "a", "a", "a-2", "a"]
    assessments = [dataclasses.replace(Assessment.from_json({}), utterance_id=each) for each in ids]
    assert utterances(assessments)["utterance_id"].tolist() == ["0-2", "0", "a", "a-3", "a-2", "a-4"]


@given(st.lists(st.none() | st.sampled_from(["a", "a-2", "0", "1", "0-2", ""]), max_size=8))
def test_ids_are_unique_whatever_was_given(ids):
    assessments = [dataclasses.replace(Assessment.from_json({}), utterance_id=each) for each in ids]
    unique = utterances(assessments)["utterance_id"]
    assert unique.is_unique
    assert unique.notna().all()


@pytest.mark.parametrize("table", ["syllables", "phonemes"])
def test_tables_join_on_utterance_and_word(table):
    several = [replies.load(name) for name in replies.REPLIES]
    lower, upper = TABLES[table](several), words(several)
    joined = lower.merge(
        upper, on=["utterance_id", "word_index"], how="left", suffixes=("", "_of_word"), validate="m:1"
    )
    assert (joined["word"] == joined["word_of_word"]).all()


def test_words_join_their_utterances():
    several = [replies.load(name) for name in replies.REPLIES]
    joined = words(several).merge(utterances(several), on="utterance_id", validate="m:1", suffixes=("", "_of_text"))
    assert len(joined) == len(words(several))
    assert (joined.groupby("utterance_id").size() == joined.groupby("utterance_id")["word_count"].first()).all()


# --- anything at all --------------------------------------------------------------------------------------------


@given(st.lists(mutated_replies(), max_size=3) | json_values)
def test_damaged_replies_give_consistent_tables_or_our_own_error(several):
    try:
        built = {table: build(several) for table, build in TABLES.items()}
    except ReplyError:
        return
    for table, frame in built.items():
        assert dtypes(frame) == frames.SCHEMA[table]
        assert not frame.duplicated(KEYS[table]).any()
    keys = ["utterance_id", "word_index"]
    assert built["words"]["utterance_id"].isin(built["utterances"]["utterance_id"]).all()
    for table in ("syllables", "phonemes"):
        assert len(built[table].merge(built["words"][keys], on=keys)) == len(built[table])


@given(mutated_replies())
def test_tables_say_the_same_as_the_dataclasses(reply):
    try:
        assessment = Assessment.from_json(reply)
    except ReplyError:
        return
    rows = {
        "words": list(assessment.words),
        "syllables": [syllable for word in assessment.words for syllable in word.syllables],
        "phonemes": [phoneme for word in assessment.words for phoneme in word.phonemes],
    }
    skip = {"utterance_id", "word", "heard_score", *(key for keys in KEYS.values() for key in keys)}
    for table, items in rows.items():
        frame = TABLES[table](assessment)
        assert len(frame) == len(items)
        for column in frame.columns.difference(list(skip)):
            said = frame[column].astype(object)
            assert said.where(said.notna(), None).tolist() == [getattr(item, column) for item in items]


def test_the_benchmark_builds_the_same_tables_with_json_normalize():
    few = flatten.make_replies(40)
    ours, theirs = flatten.with_frames(few), flatten.with_json_normalize(few)
    for table, frame in theirs.items():
        assert_frame_equal(ours[table], frame)
