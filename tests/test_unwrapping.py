"""What people have of a reply: downloads, members of SDK objects, JSON in strings, other spellings; what is none."""

from __future__ import annotations

import contextlib
import enum
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit import Assessment, ReplyError
from pronounce_kit.recognition import Recognition
from pronounce_kit.unwrapping import LAYERS, WRAPPERS, unwrap

from . import replies

FLAT, NESTED = replies.load("flat"), replies.load("nested")
TEXT = json.dumps(NESTED)


class PropertyId(enum.Enum):
    """As in the Python SDK."""

    SpeechServiceResponse_JsonResult = 5000
    Speech_SessionId = 3002


def snake(key: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower()


def respelled(value: Any, spell: Any) -> Any:
    if isinstance(value, dict):
        return {spell(key): respelled(item, spell) for key, item in value.items()}
    return [respelled(item, spell) for item in value] if isinstance(value, list) else value


HELD: dict[str, Any] = {
    "Speech Studio's download": {"text": "Good morning.", "duration": 11000000, "offset": 400000, "json": NESTED},
    "a result of the JavaScript SDK": {
        "privResultId": "4F2C",
        "privReason": 3,
        "privText": "Good morning.",
        "privDuration": 11000000,
        "privOffset": 400000,
        "privJson": TEXT,
        "privProperties": {"privKeys": ["SpeechServiceResponse_JsonResult"], "privValues": [TEXT]},
    },
    "its property bag alone": {"privKeys": ["Other", "SpeechServiceResponse_JsonResult"], "privValues": ["x", TEXT]},
    "its event": {"privSessionId": "1", "privOffset": 0, "privResult": {"privText": "Good", "privJson": TEXT}},
    "JsonResult": {"JsonResult": TEXT},
    "detailedJson": {"success": True, "detailedJson": NESTED},
    "a property bag of the Python SDK": {"SpeechServiceResponse_JsonResult": TEXT, "Speech_SessionId": "b2f3"},
    "the same by its own names": {PropertyId.Speech_SessionId: "1", PropertyId.SpeechServiceResponse_JsonResult: TEXT},
    "a result of the Python SDK": SimpleNamespace(text="Good morning.", json=TEXT, properties={}),
    "one whose JSON is in its properties alone": SimpleNamespace(
        json="", properties={PropertyId.SpeechServiceResponse_JsonResult: TEXT}
    ),
    "JSON in a JSON string": json.dumps(TEXT),
    "JSON in a JSON string in a JSON string": json.dumps(json.dumps(TEXT)),
    "the string in a wrapper": {"result": json.dumps(TEXT)},
    "JSON bytes with a byte order mark": b"\xef\xbb\xbf" + TEXT.encode(),
    "JSON as PowerShell writes it": TEXT.encode("utf-16"),
    "a string with a byte order mark in a wrapper": {"json": "\ufeff" + TEXT},
    "wrappers in wrappers": {"status": "ok", "data": {"result": {"body": {"privJson": TEXT}}}},
    "bare scores on top": {"accuracyScore": 12, "pronScore": 10, "FluencyScore": 11, "json": NESTED},
    "a status on top": {"RecognitionStatus": "Success", "DisplayText": "Good morning.", "response": NESTED},
    "camelCase": respelled(NESTED, lambda key: key[:1].lower() + key[1:]),
    "snake_case": respelled(NESTED, snake),
    "lower case": respelled(NESTED, str.lower),
    "the words alone in camelCase": {
        **NESTED,
        "NBest": [
            {
                **NESTED["NBest"][0],
                "Words": respelled(NESTED["NBest"][0]["Words"], lambda key: key[:1].lower() + key[1:]),
            }
        ],
    },
}
each_form = pytest.mark.parametrize("held", HELD.values(), ids=HELD)


@each_form
def test_the_reply_is_read_wherever_it_is(held: Any) -> None:
    assert Assessment.from_json(held) == Assessment.from_json(NESTED)


@each_form
def test_the_tables_are_those_of_the_reply(held: Any) -> None:
    for table in (pk.utterances, pk.words, pk.syllables, pk.phonemes):
        assert table(held).equals(table(NESTED))
        assert table([held, FLAT]).equals(table([NESTED, FLAT]))


@each_form
def test_a_list_of_them_is_one_long_recording(held: Any) -> None:
    assert Assessment.from_json([held, FLAT]) == Assessment.from_json([NESTED, FLAT])
    assert Assessment.from_json({"results": [held, FLAT]}) == Assessment.from_json([NESTED, FLAT])


def test_what_is_kept_is_the_reply_within() -> None:
    assert Assessment.from_json({"json": NESTED}).raw is NESTED
    assert Assessment.from_json({"privJson": TEXT}).raw == NESTED


def test_a_gradebook_keeps_the_reply_within(tmp_path: Path) -> None:
    with pk.Gradebook(tmp_path / "class.db") as book:
        book.record(Assessment.from_json({"text": "Good morning.", "json": TEXT}), student="Ada")
        assert [assessment.raw for assessment in book.assessments()] == [NESTED]


def test_a_best_candidate_of_the_javascript_sdk_reads_as_its_reply() -> None:
    found = Assessment.from_json({"privPronJson": NESTED["NBest"][0]})
    expected = Assessment.from_json(NESTED)
    assert (found.words, found.scores, found.lexical) == (expected.words, expected.scores, expected.lexical)


def test_the_whole_reply_counts_more_than_its_best_candidate_beside_it() -> None:
    both = {"privPronJson": NESTED["NBest"][0], "privJson": TEXT, "data": FLAT}
    assert Assessment.from_json(both) == Assessment.from_json(NESTED)


def test_a_recognition_is_read_wherever_it_is() -> None:
    simple = replies.load("simple")
    found = Recognition.from_json({"json": json.dumps(simple)})
    assert found == Recognition.from_json(simple)


@pytest.mark.parametrize("key", WRAPPERS)
def test_every_key_of_the_table_is_looked_under_in_any_case(key: str) -> None:
    assert unwrap({key.upper(): NESTED}) is NESTED


def test_two_different_replies_side_by_side_are_refused_with_their_keys() -> None:
    with pytest.raises(ReplyError, match=r"two different replies, under 'data' and 'result'\. Give one of them\.$"):
        Assessment.from_json({"data": FLAT, "result": NESTED})


def test_the_same_reply_twice_is_one() -> None:
    assert Assessment.from_json({"data": TEXT, "result": NESTED}) == Assessment.from_json(NESTED)


@pytest.mark.parametrize(
    "thing",
    [
        {"text": "Good morning.", "duration": 11000000, "offset": 400000},
        {"text": "Good morning.", "json": None},
        {"json": "Good morning."},
        {"json": {}},
        {"results": []},
        {"data": {"result": {"a": 1}}},
        {"display": "block", "duration": 3},
        {"text": "good", "words": [{"word": "good", "start": 0.1, "end": 0.4}]},
        {"words": ["good", "morning"]},
        {"privKeys": ["SpeechServiceResponse_JsonResult"], "privValues": []},
        SimpleNamespace(json=lambda: NESTED),
        SimpleNamespace(accuracy_score=90.0, words=[]),
        object(),
    ],
)
def test_what_holds_no_reply_is_refused_with_what_to_give(thing: Any) -> None:
    with pytest.raises(ReplyError, match=r"\. Give [^.]*\.$"):
        Assessment.from_json(thing)


def test_an_error_of_the_service_is_still_quoted() -> None:
    with pytest.raises(ReplyError, match="Invalid CID or language"):
        Assessment.from_json(json.dumps(json.dumps({"Message": "Invalid CID or language"})))


def test_wrappers_deeper_than_any_real_ones_are_refused() -> None:
    deep: Any = FLAT
    for _ in range(LAYERS + 1):
        deep = {"data": deep}
    with pytest.raises(ReplyError):
        Assessment.from_json(deep)


def test_an_object_that_holds_itself_is_refused() -> None:
    knot: dict[str, Any] = {}
    knot.update(dict.fromkeys(WRAPPERS, knot))
    with pytest.raises(ReplyError):
        Assessment.from_json(knot)


def test_a_key_in_both_spellings_keeps_the_services_own() -> None:
    assert Assessment.from_json({**FLAT, "displayText": "no"}).display_text == "Good morning."


wrapping = st.sampled_from(
    [
        lambda inner: {"json": inner},
        lambda inner: {"a": 1, "JsonResult": json.dumps(inner)},
        lambda inner: {"privResult": inner, "privText": "Good"},
        json.dumps,
        lambda inner: {"pronScore": 3, "data": inner},
    ]
)


@given(st.lists(wrapping, max_size=4), st.sampled_from(replies.REPLIES))
def test_any_reply_is_found_in_any_wrapping(layers: list[Any], name: str) -> None:
    reply = replies.load(name)
    held = reply
    for wrap in layers:
        held = wrap(held)
    if reply or not layers:
        assert unwrap(held) == reply


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=6) | st.just(TEXT),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["json", "data", "NBest", "words", "privKeys", "privValues", "result", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_anything_is_read_or_refused_with_our_own_error(value: Any) -> None:
    with contextlib.suppress(ReplyError):
        assert isinstance(Assessment.from_json(value), Assessment)
