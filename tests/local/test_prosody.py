"""Prosody: breaks, melody, stress and pace, on speech of which they are known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit import Assessment, PronunciationScoreParams, Recording
from pronounce_kit.local.contour import Contour, _longest_runs
from pronounce_kit.local.lexicon import LexicalWord
from pronounce_kit.local.pauses import marks_before
from pronounce_kit.local.prosody_features import NAMES, prosody_features
from pronounce_kit.pitch import track

from .melody import with_pitch

TEXT = "When the rain stopped, we went outside to play football in the garden."
WORDS = 13
AFTER_COMMA = 4
RATE = 16_000


@pytest.fixture(scope="module")
def reading(speech):
    return Recording.from_bytes(speech.synthesize(TEXT))


@pytest.fixture(scope="module")
def assessed(speech, reading):
    return assess(speech, reading)


def assess(speech, recording, text=TEXT, **params):
    return speech.assess(recording, params=PronunciationScoreParams(text, enable_prosody_assessment=True, **params))


def flagged(assessment, flag):
    return [i for i, word in enumerate(assessment.words) if getattr(word, flag)]


def with_silence(recording, at_s, seconds):
    at = int(at_s * RATE)
    quiet = np.zeros(int(seconds * RATE), np.float32)
    return Recording.from_array(np.concatenate([recording.samples[:at], quiet, recording.samples[at:]]), RATE)


# --- the model voice itself -------------------------------------------------------------------------------------


def test_a_fluent_and_lively_reading_has_nothing_flagged(assessed):
    for flag in ("unexpected_break", "missing_break", "monotone", "misplaced_stress"):
        assert flagged(assessed, flag) == [], flag


def test_feedback_has_the_services_shape(assessed):
    words = assessed.raw["NBest"][0]["Words"]
    assert words[0]["Feedback"]["Prosody"]["Break"] == {"ErrorTypes": ["None"], "BreakLength": 0}
    prosody = words[AFTER_COMMA]["Feedback"]["Prosody"]
    assert prosody["Break"]["ErrorTypes"] == ["None"]
    assert set(prosody["Break"]) == {"ErrorTypes", "UnexpectedBreak", "MissingBreak", "BreakLength"}
    assert 1_000_000 < prosody["Break"]["BreakLength"] < 4_000_000
    assert prosody["Intonation"]["ErrorTypes"] == []
    assert set(prosody["Intonation"]["Monotone"]) == {
        "Confidence",
        "WordPitchSlopeConfidence",
        "SyllablePitchDeltaConfidence",
    }


def test_without_prosody_assessment_there_is_no_feedback(speech, reading):
    assessment = speech.assess(reading, TEXT)
    best = assessment.raw["NBest"][0]
    assert "Feedback" not in best
    assert not any("Feedback" in word for word in best["Words"])
    assert assessment.pace.words_per_minute is None


def test_prosody_does_not_move_the_other_scores(speech, reading, assessed):
    without = speech.assess(reading, TEXT)
    assert without.scores.accuracy == assessed.scores.accuracy
    assert without.scores.fluency == assessed.scores.fluency


# --- breaks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", [2, 6, 9, 12])
def test_a_pause_where_none_belongs_is_an_unexpected_break_before_that_word(speech, reading, assessed, word):
    paused = with_silence(reading, assessed.words[word].offset_s, 0.5)
    found = assess(speech, paused)
    assert flagged(found, "unexpected_break") == [word]
    assert found.words[word].break_length_s == pytest.approx(0.5, abs=0.1)
    assert found.raw["NBest"][0]["Words"][word]["Feedback"]["Prosody"]["Break"]["ErrorTypes"] == ["UnexpectedBreak"]


def test_a_pause_after_a_comma_is_welcome_however_long(speech, reading, assessed):
    found = assess(speech, with_silence(reading, assessed.words[AFTER_COMMA].offset_s - 0.05, 0.7))
    assert flagged(found, "unexpected_break") == []
    assert found.words[AFTER_COMMA].unexpected_break_confidence == 0
    assert found.words[AFTER_COMMA].break_length_s > 0.7


def test_a_comma_that_is_read_over_is_a_missing_break(speech):
    """The voice reads the text without its comma; a pause put there afterwards mends it."""
    hasty = Recording.from_bytes(speech.synthesize(TEXT.replace(",", "")))
    found = assess(speech, hasty)
    assert flagged(found, "missing_break") == [AFTER_COMMA]
    words = [word["Feedback"]["Prosody"]["Break"] for word in found.raw["NBest"][0]["Words"]]
    assert words[AFTER_COMMA]["ErrorTypes"] == ["MissingBreak"]
    # As the service's, the confidence says that nobody paused, wherever that was.
    fluent = [each["MissingBreak"]["Confidence"] for each in words[1:] if each["BreakLength"] == 0]
    assert len(fluent) > 5
    assert min(fluent) > 0.95
    mended = assess(speech, with_silence(hasty, found.words[AFTER_COMMA].offset_s, 0.4))
    assert flagged(mended, "missing_break") == []


words_with_marks = st.lists(st.tuples(st.sampled_from(["", "", ",", ".", "?", ";"]), st.booleans()), max_size=12)


@given(words_with_marks)
def test_a_mark_is_before_the_next_word_that_was_said(words):
    marks = marks_before([LexicalWord("a", ("AH0",), mark) for mark, _ in words], np.array([w[1] for w in words], bool))
    assert len(marks) == sum(said for _, said in words)
    since = set()
    expected = iter(marks)
    for mark, said in words:
        if said:
            found = next(expected)
            assert found in since if since - {""} else found == ""
            assert found != "," or not since & set(".?;")
            since = set()
        since.add(mark)


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.lists(st.integers(0, 60), min_size=1, max_size=8))
def test_the_longest_silence_between_two_moments_is_found(silent, moments):
    moments = np.minimum(sorted(moments), len(silent))

    def longest(part):
        runs = "".join("x" if each else " " for each in part).split()
        return max(map(len, runs), default=0)

    expected = [longest(silent[a:b]) for a, b in pairwise(moments)]
    assert _longest_runs(np.array(silent), moments).tolist() == [*expected, 0]


# --- melody -----------------------------------------------------------------------------------------------------


def test_a_flat_voice_is_monotone_and_a_lively_one_at_any_pitch_is_not(speech, reading):
    middle = np.nanmedian(track(reading.samples).f0_hz)
    flat = assess(speech, with_pitch(reading, lambda _, hertz: np.full_like(hertz, middle)))
    assert flagged(flat, "monotone") == list(range(WORDS))
    assert flat.raw["NBest"][0]["Words"][5]["Feedback"]["Prosody"]["Intonation"]["ErrorTypes"] == ["Monotone"]
    lower = assess(speech, with_pitch(reading, lambda _, hertz: 0.6 * hertz))
    assert flagged(lower, "monotone") == []
    assert max(word.monotone_confidence for word in lower.words) < 0.2
    # High means that the pitch moves, as in the service's replies.
    moves = [[word.syllable_pitch_delta_confidence for word in found.words] for found in (flat, lower)]
    assert max(moves[0]) < 0.4 < 0.8 < min(moves[1])


def test_monotone_confidence_grows_as_the_melody_shrinks(speech, reading):
    middle = np.nanmedian(track(reading.samples).f0_hz)

    def confidence(share):
        found = assess(speech, with_pitch(reading, lambda _, hertz: middle * (hertz / middle) ** share))
        return np.mean([word.monotone_confidence for word in found.words])

    assert confidence(1.0) < confidence(0.5) < confidence(0.25) < confidence(0.1)


# --- stress -----------------------------------------------------------------------------------------------------


def spoken_with_stress(speech, text, word, syllable):
    """The model voice with the stress of one word on that syllable, and on no other."""
    words = speech.pronunciation(text)
    vowels = [i for i, phone in enumerate(words[word]) if phone[-1].isdigit()]
    for i in vowels:
        words[word][i] = words[word][i][:-1] + str(int(i == vowels[syllable]))
    return speech.synthesize_phones(words)


@pytest.mark.parametrize(
    ("text", "word", "expected", "other"),
    [
        ("I want to record a new song today.", 3, 1, 0),
        ("She bought a new record yesterday.", 4, 0, 1),
        ("He gave his mother a present for her birthday.", 5, 0, 1),
        ("My brother plays football in the garden.", 3, 0, 1),
        ("Photography is my favorite hobby.", 0, 1, 0),
    ],
    ids=["to REcord", "a reCORD", "a preSENT", "footBALL", "PHOtography"],
)
def test_the_stress_on_another_syllable_is_named_and_the_right_one_is_not_flagged(speech, text, word, expected, other):
    wrong = assess(speech, spoken_with_stress(speech, text, word, other), text)
    assert flagged(wrong, "misplaced_stress") == [word]
    assert (wrong.words[word].expected_stress, wrong.words[word].said_stress) == (expected, other)
    right = assess(speech, spoken_with_stress(speech, text, word, expected), text)
    assert flagged(right, "misplaced_stress") == []
    assert right.words[word].said_stress == expected


def test_words_of_one_syllable_have_no_stress_to_misplace(assessed):
    told = [word.word for word in assessed.words if word.misplaced_stress is not None]
    assert told == ["outside", "football", "garden"]


# --- what the sentence models look at ---------------------------------------------------------------------------


def features_of(speech, recording, text):
    script = speech._analyzer.script(text)
    hearing = speech._analyzer.hear(recording.samples, script)
    contour = Contour.of(recording.samples, hearing.view.peak, hearing.frame_s)
    return dict(zip(NAMES, prosody_features(script.layout, contour, script.contour)[0].tolist(), strict=True))


def test_features_tell_a_flat_voice_from_a_lively_one(speech, reading):
    middle = np.nanmedian(track(reading.samples).f0_hz)
    lively = features_of(speech, reading, TEXT)
    flat = features_of(speech, with_pitch(reading, lambda _, hertz: np.full_like(hertz, middle)), TEXT)
    for name in ("pitch_range", "pitch_std", "pitch_step"):
        assert flat[name] < 0.4 * lively[name], name
    assert flat["npvi"] == pytest.approx(lively["npvi"], abs=0.1)


def test_features_repeat_themselves_and_know_neither_gain_nor_the_voices_pitch(speech, reading):
    first = features_of(speech, reading, TEXT)
    assert features_of(speech, reading, TEXT) == first
    soft = features_of(speech, Recording.from_array(reading.samples * 0.1, RATE), TEXT)
    assert soft == pytest.approx(first, abs=0.3)
    higher = features_of(speech, with_pitch(reading, lambda _, hertz: 1.2 * hertz), TEXT)
    assert higher["pitch_std"] == pytest.approx(first["pitch_std"], abs=0.3)


@pytest.mark.parametrize("text", ["Hmm.", "Yes.", "Banana.", "Shh!"])
@pytest.mark.parametrize("sound", ["voice", "noise", "silence"])
def test_features_are_finite_whatever_was_recorded(speech, text, sound):
    samples = Recording.from_bytes(speech.synthesize("Hello, banana.")).samples
    if sound != "voice":
        samples = np.random.default_rng(0).standard_normal(len(samples)).astype(np.float32) * (sound == "noise") * 0.1
    assert np.isfinite(list(features_of(speech, Recording.from_array(samples, RATE), text).values())).all()


# --- pace -------------------------------------------------------------------------------------------------------


def test_rates_count_words_and_syllables_over_the_time_that_was_spoken(assessed):
    last = assessed.words[-1]
    span_s = last.offset_s + last.duration_s - assessed.words[0].offset_s
    assert assessed.pace.words_per_minute == pytest.approx(60 * WORDS / span_s, rel=0.01)
    assert assessed.pace.syllables_per_minute == pytest.approx(60 * 16 / span_s, rel=0.01)
    assert assessed.pace.pause_count == 0
    assert assessed.pace.pause_total_s == 0


def test_pauses_lower_the_speaking_rate_and_leave_the_articulation_rate(speech, reading, assessed):
    slow = with_silence(reading, assessed.words[8].offset_s, 0.6)
    slow = with_silence(slow, assessed.words[AFTER_COMMA].offset_s - 0.05, 0.9)
    pace = assess(speech, slow).pace
    assert (pace.pause_count, pace.boundary_pause_count) == (2, 1)
    assert pace.pause_total_s == pytest.approx(1.5, abs=0.35)
    assert pace.longest_pause_s == pytest.approx(0.9, abs=0.35)
    assert pace.words_per_minute < 0.75 * assessed.pace.words_per_minute
    assert pace.articulation_rate == pytest.approx(assessed.pace.articulation_rate, rel=0.15)


def test_the_same_reading_played_slower_by_a_quarter_has_three_quarters_of_the_rate(speech, reading, assessed):
    slow = assess(speech, Recording.from_array(reading.samples, 3 * RATE // 4)).pace
    assert slow.words_per_minute / assessed.pace.words_per_minute == pytest.approx(0.75, abs=0.04)
    assert slow.syllables_per_minute / assessed.pace.syllables_per_minute == pytest.approx(0.75, abs=0.04)


# --- what is not there ------------------------------------------------------------------------------------------


def test_a_word_that_was_not_said_has_no_prosody(speech, reading):
    found = assess(speech, reading, text=TEXT.replace("went outside", "went probably outside"))
    omitted = found.words[6]
    assert (omitted.word, omitted.error_type) == ("probably", "Omission")
    assert omitted.break_length_s is None
    assert omitted.monotone_confidence is None
    assert "Feedback" not in found.raw["NBest"][0]["Words"][6]
    assert all(word.break_length_s is not None for word in found.words if word.error_type != "Omission")


def test_one_word_has_a_pace_and_no_break(speech):
    found = assess(speech, speech.synthesize("Banana."), text="Banana.")
    assert found.words[0].unexpected_break is False
    assert found.words[0].unexpected_break_confidence is None
    assert found.words[0].break_length_s == 0
    assert found.pace.words_per_minute > 0


def test_a_whisper_is_not_called_monotone(speech, reading):
    """Noise in the shape of the speech has no pitch, of which nothing can be said."""
    noise = np.random.default_rng(0).standard_normal(len(reading.samples))
    level = np.sqrt(np.convolve(reading.samples**2, np.ones(320) / 320, "same"))
    mixed = 0.1 * reading.samples + noise * level
    found = assess(speech, Recording.from_array(mixed.astype(np.float32), RATE))
    assert not any(word.monotone for word in found.words)


def test_the_pace_of_one_piece_is_not_that_of_a_long_recording(assessed):
    both = Assessment.from_json([assessed.raw, assessed.raw])
    assert both.pace.words_per_minute is None


def test_prosody_goes_into_the_tables(assessed):
    words, utterances = pk.words(assessed), pk.utterances(assessed)
    assert words["misplaced_stress"].notna().sum() == 3  # outside, football, garden
    assert words.loc[6, ["expected_stress", "said_stress"]].tolist() == [1, 1]
    assert words["break_length_s"].notna().all()
    assert utterances.loc[0, "words_per_minute"] == assessed.pace.words_per_minute
    assert utterances.loc[0, "pause_count"] == 0
