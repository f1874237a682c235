"""The table of sounds is whole, known by every name, and its minimal pairs are minimal in the engine's lexicon."""

import subprocess
import sys

import pytest

import pronounce_kit as pk
from pronounce_kit.local.phones import ARPABET, NAMERS, VOWELS, base, ipa
from pronounce_kit.sounds import SCHWA, SOUNDS, pairs_between, sound_of

VOICELESS = set("CH F HH K P S SH T TH".split())
PAIRS = {frozenset((pair.word, pair.other)): (sound, pair) for sound in SOUNDS.values() for pair in sound.minimal_pairs}


@pytest.fixture(scope="module")
def phones():
    service = pk.LocalSpeech()
    words = {word for pair in PAIRS for word in pair} | {sound.example for sound in SOUNDS.values()}
    return {word: [base(phone) for phone in service.pronunciation(word)[0]] for word in sorted(words)}


def test_every_phoneme_of_the_engine_has_a_sound_with_all_that_a_learner_needs():
    assert set(SOUNDS) == set(ARPABET)
    for sound in (*SOUNDS.values(), SCHWA):
        assert all((sound.ipa, sound.example, sound.mouth, sound.tongue, sound.hint))
        assert sound.hint.endswith((".", '".'))
        assert len(sound.hint) <= 110
    assert all(len(sound.minimal_pairs) >= 2 for sound in SOUNDS.values())


def test_voice_is_that_of_phonetics():
    assert {name for name, sound in SOUNDS.items() if sound.voice == "voiceless"} == VOICELESS


def test_the_ipa_is_that_of_the_engine():
    assert {name: sound.ipa for name, sound in SOUNDS.items()} == {name: ipa(f"{name}1") for name in ARPABET}


@pytest.mark.parametrize("alphabet", ["SAPI", "IPA"])
def test_a_sound_is_found_by_every_name_a_service_gives_it(alphabet):
    for phone in ARPABET:
        for stress in "012" if phone in VOWELS else ("",):
            assert sound_of(NAMERS[alphabet](phone + stress)).phoneme == phone


def test_arpabet_names_are_found_with_and_without_stress_and_in_either_case():
    assert sound_of("IY1") is sound_of("IY") is sound_of("iy") is SOUNDS["IY"]
    assert sound_of("TH") is sound_of("th") is sound_of("θ") is SOUNDS["TH"]
    assert sound_of("t͡ʃ") is sound_of("ʧ") is SOUNDS["CH"]
    assert sound_of("iː") is SOUNDS["IY"]


def test_the_weak_vowel_has_a_hint_of_its_own():
    assert sound_of("ax") is sound_of("ə") is sound_of("AH0") is SCHWA
    assert sound_of("ah") is sound_of("ʌ") is sound_of("AH1") is sound_of("AH") is SOUNDS["AH"]


@pytest.mark.parametrize("name", [None, "", "qq", "sound 2", "1", "ʘ", "th+s"])
def test_an_unknown_name_has_no_sound(name):
    assert sound_of(name) is None


def test_example_words_have_the_sound(phones):
    for name, sound in SOUNDS.items():
        assert name in phones[sound.example], (name, sound.example, phones[sound.example])


def test_minimal_pairs_differ_in_exactly_their_sound(phones):
    wrong = []
    for sound, pair in PAIRS.values():
        one, other = phones[pair.word], phones[pair.other]
        differing = [(a, b) for a, b in zip(one, other, strict=False) if a != b]
        if len(one) != len(other) or differing != [(sound.phoneme, pair.confused_with)]:
            wrong.append((pair, one, other))
    assert not wrong


def test_the_pairs_of_a_contrast_start_with_the_word_that_has_the_expected_sound():
    assert pairs_between("th", "s")[0][:2] == ("think", "sink")
    assert pairs_between("S", "TH")[0][:2] == ("sink", "think")
    assert pairs_between("ɪ", "i")[0][:2] == ("ship", "sheep")
    assert all(pair.confused_with == "S" for pair in pairs_between("th", "s"))


@pytest.mark.parametrize(("expected", "heard"), [("th", "th"), ("th", "ow"), ("th", None), (None, "s"), ("?", "s")])
def test_there_are_no_pairs_for_what_is_no_known_contrast(expected, heard):
    assert pairs_between(expected, heard) == ()


def test_the_table_needs_the_standard_library_only():
    code = "import sys, pronounce_kit.sounds; print(sorted({'numpy', 'pandas', 'anywidget'} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
