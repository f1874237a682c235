"""Reference texts become words with phones."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pronounce_kit import TextError
from pronounce_kit.local.lexicon import DROPPED, MAX_WORDS, accepted_variants


@pytest.fixture(scope="module")
def lexicon(speech):
    return speech._analyzer.lexicon


def read(lexicon, text):
    return {word.text: " ".join(word.phones) for word in lexicon.words(text)}


def test_words_keep_their_spelling_and_lose_the_punctuation_around_them(lexicon):
    words = lexicon.words("“Well,” she said — it's a well-known (old) song!")
    assert [word.text for word in words] == ["Well", "she", "said", "it's", "a", "well-known", "old", "song"]
    assert words[0].pause == ","
    assert words[1].pause == ""


@pytest.mark.parametrize("text", ["I like 苹果 pie.", "Я люблю apples", "Read ありがとう aloud", "مرحبا and hello"])
def test_a_word_in_another_script_is_refused_by_name_rather_than_dropped(lexicon, text):
    foreign = next(word for word in text.split() if not word.isascii())
    with pytest.raises(TextError, match=f"'{foreign}', which is not written in English letters"):
        lexicon.words(text)


@pytest.mark.parametrize("text", ["A naïve café in Zürich", "The angle π is 180°", "Say /θɪŋk/ — “now”…"])
def test_accents_symbols_and_phones_are_no_other_script(lexicon, text):
    assert lexicon.words(text)


def test_numbers_are_spelled_out(lexicon):
    assert read(lexicon, "I have 5 cats.")["5"] == "F AY1 V"


def test_a_text_in_capitals_is_read_as_words(lexicon):
    assert read(lexicon, "DOESN'T HE KNOW?") == read(lexicon, "doesn't he know?")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("LET US GO! she cried.", "let us go she cried"),
        ("I DID IT! said the boy.", "I did it said the boy"),
        ("The US FDA and a BBC TV show.", "The US FDA and a BBC TV show"),
        ("Wait—are you sure—really?", "Wait are you sure really"),
        ("Monday–Friday", "Monday Friday"),
        ("Well...maybe", "Well maybe"),
        ("This prac\u00adtice is through\u200bout good.", "This practice is throughout good"),
        ("fish & chips @ home", "fish & chips @ home"),
        ("and/or /", "and/or"),
        ("He said no. It was no. 5.", "He said no It was number 5"),
    ],
)
def test_a_text_has_the_words_that_a_reader_sees(lexicon, text, words):
    assert [word.text for word in lexicon.words(text)] == words.split()


def test_words_that_are_written_as_symbols_have_their_sounds(lexicon):
    sounds = read(lexicon, "fish & chips @ home")
    assert (sounds["&"], sounds["@"]) == ("AE0 N D", "AE1 T")
    (_, ampersand, _) = lexicon.words("fish & chips")
    assert accepted_variants(ampersand)[0] == ("AH",)


@pytest.mark.parametrize("text", ["", "  \n ", "?!", "你好", "…", "🙂"])
def test_a_text_with_nothing_to_read_aloud_is_refused(lexicon, text):
    with pytest.raises(TextError):
        lexicon.words(text)


def test_a_text_longer_than_a_recording_can_hold_is_refused(lexicon):
    with pytest.raises(TextError, match=str(MAX_WORDS)):
        lexicon.words("word " * (MAX_WORDS + 1))


def test_weak_forms_and_other_accents_are_accepted(lexicon):
    variants = {word.text: accepted_variants(word) for word in lexicon.words("Go to the four dance after her.")}
    assert "UW" in variants["to"][1] or "AH" in variants["to"][1]
    assert variants["four"][2] == (DROPPED,)
    assert "AA" in variants["dance"][1]
    assert "AH" in variants["after"][-1]


@settings(max_examples=150)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_our_own_error(lexicon, text):
    try:
        words = lexicon.words(text)
    except TextError:
        return
    assert words
    assert all(word.phones and word.text for word in words)
