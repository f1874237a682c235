"""A teacher's own words, phones as a text, and how strict the engine is."""

import pytest

from pronounce_kit import LocalSpeech, ParameterError, Recording
from pronounce_kit.local.lexicon import own_pronunciations
from pronounce_kit.local.phones import ARPABET, from_notation, ipa, is_vowel


def spoken(speech, *words):
    return Recording.from_bytes(speech.synthesize_phones([word.split() for word in words]))


@pytest.fixture(scope="module")
def teacher(speech):
    speech = LocalSpeech(lexicon={"Nguyen": "W IH1 N", "Xiomara": "sioʊˈmɑɹə"})
    return speech.load()


def test_a_word_of_the_lexicon_has_the_pronunciation_that_was_given(teacher):
    text = "Mr. Nguyen met Xiomara, and NGUYEN's dog."
    assert teacher.pronunciation(text)[1] == ["W", "IH1", "N"]
    assert teacher.pronunciation(text)[3] == ["S", "IY0", "OW0", "M", "AA1", "R", "AH0"]
    assert teacher.pronunciation(text)[5] == ["W", "IH1", "N", "Z"]


def test_a_name_read_as_the_lexicon_says_scores_better_than_without_it(speech, teacher):
    reading = spoken(speech, "DH IH0 S", "IH1 Z", "W IH1 N")
    with_it, without = teacher.assess(reading, "This is Nguyen."), speech.assess(reading, "This is Nguyen.")
    assert with_it.words[2].error_type == "None"
    assert with_it.words[2].accuracy_score > (without.words[2].accuracy_score or 0) + 20


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("O'Neil", "I saw O’Neil."),
        ("O’Neil", "I saw O'Neil."),
        ("Mu\u0308ller", "I saw Müller."),
        ("Strauß", "I saw STRAUß!"),
    ],
)
def test_a_word_of_the_lexicon_is_found_however_it_is_typed(word, text):
    assert LocalSpeech(lexicon={word: "M AH1"}).pronunciation(text)[2] == ["M", "AH1"]


@pytest.mark.parametrize(
    "text", ["Nguyen is my friend.", "Say /θɪŋk/ now.", "TELL US ABOUT IT.", "Our cafe\u0301 is here."]
)
def test_the_voice_says_a_text_as_it_is_assessed(teacher, text):
    found = teacher.assess(teacher.synthesize(text), text)
    assert {word.error_type for word in found.words} == {"None"}
    assert found.scores.pron > 90


def test_phones_between_slashes_are_a_text(speech):
    reading = spoken(speech, "TH IH1 NG K")
    assert speech.assess(reading, "/θɪŋk/").words[0].error_type == "None"
    other = speech.assess(reading, "/S IH1 NG K/").words[0]
    assert [sound.phoneme for sound in other.phonemes if sound.accuracy_score < 60] == ["s"]
    assert speech.assess(reading, "/θɪŋk/").words[0].word == "/θɪŋk/"


def test_phones_in_capitals_stay_phones_beside_words_in_capitals(speech):
    assert speech.pronunciation("/S IH1 NG K/") == [["S", "IH1", "NG", "K"]]
    assert speech.pronunciation("SAY /S IH1 NG K/ AGAIN")[1] == ["S", "IH1", "NG", "K"]
    assert speech.pronunciation("SAY /S IH1 NG K/ AGAIN")[0] == speech.pronunciation("say")[0]


def test_a_slash_within_a_text_stays_what_it_was(speech):
    assert speech.pronunciation("and/or") == [["AE0", "N", "D", "AO0", "R"]]
    assert len(speech.pronunciation("On 3/4/2020.")) == 4


@pytest.mark.parametrize(
    ("lexicon", "named"), [({"Jo": "ž"}, "ž"), ({"": "W"}, "''"), ({"Jo": ""}, "Jo"), ({"Jo": "JH Q1"}, "Q1")]
)
def test_a_pronunciation_that_is_none_is_refused_by_name(lexicon, named):
    with pytest.raises(ParameterError, match=named):
        LocalSpeech(lexicon=lexicon)


@pytest.mark.parametrize("phone", ARPABET)
def test_each_phone_is_read_back_from_its_ipa(phone):
    assert from_notation("ˈ" + ipa(phone + "1")) == ((phone + "1") if is_vowel(phone) else phone,)


def test_a_word_without_stress_gets_it_on_its_first_full_vowel():
    assert own_pronunciations({"hello": "həloʊ"}) == {"hello": ("HH", "AH0", "L", "OW1")}


def test_strictness_moves_the_verdict_and_no_score_of_a_word(speech):
    reading = spoken(speech, "AY1", "TH IH1 NG K", "S OW1")
    replies = {
        level: LocalSpeech(strictness=level).assess(reading, "I sink so.") for level in ("lenient", "normal", "strict")
    }
    scores = [[word.accuracy_score for word in reply.words] for reply in replies.values()]
    assert scores[0] == scores[1] == scores[2]
    wrong = [sum(word.error_type == "Mispronunciation" for word in reply.words) for reply in replies.values()]
    assert wrong == sorted(wrong)
    assert wrong[-1] >= 1


def test_an_unknown_strictness_is_refused():
    with pytest.raises(ParameterError, match="lenient, normal, strict"):
        LocalSpeech(strictness="cruel")
