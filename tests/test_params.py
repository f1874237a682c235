"""PronunciationScoreParams: the service's names and values, both ways."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit import ParameterError, PronunciationScoreParams

SEED_EXAMPLE = {
    "ReferenceText": "Good morning.",
    "GradingSystem": "HundredMark",
    "Granularity": "FullText",
    "Dimension": "Comprehensive",
}

any_params = st.builds(
    PronunciationScoreParams,
    reference_text=st.text(),
    grading_system=st.sampled_from(["FivePoint", "HundredMark"]),
    granularity=st.sampled_from(["Phoneme", "Word", "FullText"]),
    dimension=st.sampled_from(["Basic", "Comprehensive"]),
    enable_miscue=st.booleans(),
    enable_prosody_assessment=st.booleans(),
    phoneme_alphabet=st.sampled_from(["SAPI", "IPA"]),
    nbest_phoneme_count=st.integers(0, 50),
    scenario_id=st.none() | st.uuids().map(str),
)


@given(any_params)
def test_base64_and_json_round_trips_lose_nothing(params):
    assert PronunciationScoreParams.from_base64(params.to_base64()) == params
    assert PronunciationScoreParams.from_json(params.to_json()) == params


@given(any_params)
def test_base64_is_standard_and_holds_utf8_json_with_the_services_names(params):
    decoded = json.loads(base64.b64decode(params.to_base64(), validate=True).decode("utf-8"))
    assert decoded["ReferenceText"] == params.reference_text
    assert decoded["EnableMiscue"] is params.enable_miscue
    assert set(decoded) - {"ScenarioId"} == {
        "ReferenceText",
        "GradingSystem",
        "Granularity",
        "Dimension",
        "EnableMiscue",
        "EnableProsodyAssessment",
        "PhonemeAlphabet",
        "NBestPhonemeCount",
    }


def test_the_documented_example_is_built_and_read_back():
    params = PronunciationScoreParams("Good morning.", granularity="FullText")
    decoded = json.loads(base64.b64decode(params.to_base64()))
    assert {name: decoded[name] for name in SEED_EXAMPLE} == SEED_EXAMPLE
    encoded = base64.b64encode(json.dumps(SEED_EXAMPLE).encode()).decode()
    read = PronunciationScoreParams.from_base64(encoded)
    assert read.granularity == "FullText"
    assert read.enable_miscue is False, "an absent parameter has the service's default"


def test_text_outside_ascii_travels_as_utf8():
    params = PronunciationScoreParams("Café — 早上好 🙂")
    assert "Café — 早上好 🙂".encode() in base64.b64decode(params.to_base64())


def test_the_services_defaults_apply_to_what_is_absent():
    read = PronunciationScoreParams.from_dict({"ReferenceText": "Hi."})
    assert (read.grading_system, read.granularity, read.dimension) == ("FivePoint", "Phoneme", "Basic")


def test_the_loose_spellings_of_the_wire_are_read():
    read = PronunciationScoreParams.from_dict(
        {
            "referenceText": "Hi.",
            "enableMiscue": "True",
            "EnableProsodyAssessment": "false",
            "nbestPhonemeCount": "5",
            "ScenarioId": "",
            "Unknown": 1,
        }
    )
    assert read.enable_miscue is True
    assert read.enable_prosody_assessment is False
    assert read.nbest_phoneme_count == 5
    assert read.scenario_id is None


@pytest.mark.parametrize(
    ("field", "value", "accepted"),
    [
        ("grading_system", "TenPoint", "'HundredMark'"),
        ("granularity", "phoneme", "'Phoneme'"),
        ("dimension", None, "'Comprehensive'"),
        ("phoneme_alphabet", "ARPA", "'IPA'"),
        ("enable_miscue", "yes", "True or False"),
        ("enable_prosody_assessment", 1, "True or False"),
        ("nbest_phoneme_count", -1, "whole number"),
        ("nbest_phoneme_count", True, "whole number"),
        ("scenario_id", "not-a-guid", "GUID"),
    ],
)
def test_a_wrong_value_names_the_parameter_and_the_accepted_ones(field, value, accepted):
    with pytest.raises(ParameterError, match=field) as caught:
        PronunciationScoreParams("Hi.", **{field: value})
    assert accepted in str(caught.value)


@pytest.mark.parametrize("text", [None, 5, b"Hi.", "\ud800"])
def test_a_reference_text_that_is_no_text_is_refused(text):
    with pytest.raises(ParameterError, match="reference_text"):
        PronunciationScoreParams(text)


@pytest.mark.parametrize("encoded", ["%%%", "aGVsbG8=", base64.b64encode(b"[1]").decode(), "e30=", "=", "", "é"])
def test_what_is_not_base64_of_a_json_object_with_a_text_is_refused(encoded):
    with pytest.raises(ParameterError):
        PronunciationScoreParams.from_base64(encoded)


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_any_string_is_read_or_refused_with_our_own_error(encoded):
    try:
        PronunciationScoreParams.from_base64(encoded)
    except ParameterError as error:
        assert str(error)


def test_the_url_safe_alphabet_and_lost_plus_signs_are_read():
    params = PronunciationScoreParams("?>~ÿ" * 9)
    standard = params.to_base64()
    assert PronunciationScoreParams.from_base64(standard.replace("+", " ")) == params
    assert PronunciationScoreParams.from_base64(standard.replace("+", "-").replace("/", "_").rstrip("=")) == params
