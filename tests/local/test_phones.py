"""Names of phones in each alphabet, and syllables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit.local.phones import ARPABET, VOWELS, base, from_misaki, ipa, sapi, syllabify, to_misaki

phones = st.sampled_from(ARPABET).flatmap(
    lambda name: st.sampled_from([f"{name}{digit}" for digit in "012"] if name in VOWELS else [name])
)


@given(st.lists(phones, min_size=1))
def test_the_voice_reads_back_the_phones_it_is_given(word):
    spoken = from_misaki(to_misaki(word))
    # "AH0 R" and "ER0" are written alike, and read as one phone unless a stressed vowel follows.
    assert "".join(map(base, spoken)).replace("ER", "AHR") == "".join(map(base, word)).replace("ER", "AHR")


def test_stress_changes_the_name_of_a_reduced_vowel():
    assert (ipa("AH0"), ipa("AH1"), ipa("ER0"), ipa("ER1")) == ("ə", "ʌ", "ɚ", "ɝ")
    assert (sapi("AH0"), sapi("AH1"), sapi("HH"), sapi("NG")) == ("ax", "ah", "h", "ng")


def test_r_after_schwa_is_one_phone_unless_it_begins_a_stressed_syllable():
    assert from_misaki("bˈɛtəɹ") == ("B", "EH1", "T", "ER0")
    assert from_misaki("wˈɜɹd") == ("W", "ER1", "D")
    assert from_misaki("əɹˈWnd") == ("AH0", "R", "AW1", "N", "D")
    assert from_misaki("mˈɛməɹi") == ("M", "EH1", "M", "ER0", "IY0")


@pytest.mark.parametrize(
    ("word", "syllables"),
    [
        ("S T R EH1 NG TH", ["S T R EH1 NG TH"]),
        ("T AH0 D EY1", ["T AH0", "D EY1"]),
        ("EH1 K S T R AH0", ["EH1 K", "S T R AH0"]),
        ("M AO1 R N IH0 NG", ["M AO1 R", "N IH0 NG"]),
        ("S IH1 NG IH0 NG", ["S IH1 NG", "IH0 NG"]),
        ("HH", ["HH"]),
    ],
)
def test_consonants_go_to_the_next_syllable_where_english_lets_them(word, syllables):
    word = word.split()
    assert [" ".join(word[start:stop]) for start, stop in syllabify(word)] == syllables


@given(st.lists(phones, min_size=1))
def test_syllables_cover_every_phone_once(word):
    pieces = syllabify(word)
    assert [i for start, stop in pieces for i in range(start, stop)] == list(range(len(word)))
