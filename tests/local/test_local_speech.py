"""LocalSpeech: what a user of the embedded engine meets."""

import io
import threading
import wave
from itertools import pairwise

import numpy as np
import pytest

import pronounce_kit as pk
from pronounce_kit import AudioError, ParameterError, PronunciationScoreParams, Recording, TextError
from pronounce_kit.local.formats import OUTPUT_FORMATS
from pronounce_kit.local.reply import Finding, WordFinding, build_reply
from pronounce_kit.results import pron_score

TEXT = "I think the weather is very nice today."


@pytest.fixture(scope="module")
def reading(speech):
    return Recording.from_bytes(speech.synthesize(TEXT))


@pytest.fixture(scope="module")
def mistaken(speech):
    """The same sentence with "sink" for "think" and "wery" for "very"."""
    words = speech.pronunciation(TEXT)
    words[1][0] = "S"
    words[5][0] = "W"
    return Recording.from_bytes(speech.synthesize_phones(words, speed=0.9))


def assess(speech, recording, **params):
    return speech.assess(recording, params=PronunciationScoreParams(TEXT, **params))


def test_a_correct_reading_scores_high_and_has_no_errors(speech, reading):
    assessment = speech.assess(reading, TEXT)
    assert assessment.status == "Success"
    assert [word.error_type for word in assessment.words] == ["None"] * 8
    assert assessment.scores.accuracy >= 80
    assert assessment.scores.completeness == 100


def test_exactly_the_mispronounced_words_are_called_wrong_and_the_sounds_heard_are_named(speech, mistaken):
    assessment = speech.assess(mistaken, TEXT)
    assert [w.word for w in assessment.words if w.error_type == "Mispronunciation"] == ["think", "very"]
    think, very = assessment.words[1], assessment.words[5]
    assert (think.phonemes[0].phoneme, think.phonemes[0].heard) == ("th", "s")
    assert (very.phonemes[0].phoneme, very.phonemes[0].heard) == ("v", "w")
    assert think.phonemes[0].accuracy_score < 60


def test_a_word_that_is_not_read_is_an_omission_without_score_or_time(speech, reading):
    assessment = speech.assess(reading, "I think the weather is probably very nice today.")
    assert [w.word for w in assessment.words if w.error_type == "Omission"] == ["probably"]
    omitted = assessment.words[5]
    assert omitted.accuracy_score is None
    assert omitted.offset_s is None
    assert assessment.scores.completeness == 89


def test_without_miscue_no_word_is_called_omitted(speech, reading):
    params = PronunciationScoreParams("I think the weather is probably very nice today.", enable_miscue=False)
    assessment = speech.assess(reading, params=params)
    assert {word.error_type for word in assessment.words} <= {"None", "Mispronunciation"}


def test_times_follow_the_words_and_leave_the_services_gap_of_10_ms(speech, reading):
    words = speech.assess(reading, TEXT).words
    for word, following in pairwise(words):
        assert word.offset_s + word.duration_s <= following.offset_s
    phonemes = words[3].phonemes
    for sound, following in pairwise(phonemes):
        assert sound.offset_s + sound.duration_s + 0.01 == pytest.approx(following.offset_s, abs=1e-6)
    assert words[0].offset_s >= 0
    assert words[-1].offset_s + words[-1].duration_s <= reading.duration_s


def test_leading_silence_moves_the_times_by_its_length(speech, reading):
    later = Recording.from_array(np.concatenate([np.zeros(16_000, np.float32), reading.samples]), 16_000)
    first, second = speech.assess(reading, TEXT), speech.assess(later, TEXT)
    for a, b in zip(first.words, second.words, strict=True):
        assert b.offset_s - a.offset_s == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("prosody", [False, True])
def test_the_pronunciation_score_follows_the_documented_formula(speech, mistaken, prosody):
    best = assess(speech, mistaken, enable_prosody_assessment=prosody).raw["NBest"][0]
    names = ["AccuracyScore", "FluencyScore", "CompletenessScore", *(["ProsodyScore"] if prosody else [])]
    assert best["PronScore"] == pytest.approx(pron_score([best[name] for name in names]), abs=0.051)
    assert ("ProsodyScore" in best) is prosody
    right = sum(word["ErrorType"] == "None" for word in best["Words"])
    assert best["CompletenessScore"] == round(100 * right / 8)


def test_syllables_are_the_duration_weighted_mean_of_their_phonemes(speech, mistaken):
    word = assess(speech, mistaken).raw["NBest"][0]["Words"][3]
    first = word["Syllables"][0]
    inside = [p for p in word["Phonemes"] if p["Offset"] < first["Offset"] + first["Duration"]]
    weights = [p["Duration"] + 200_000 for p in inside]  # + 10 ms, and the gap of 10 ms that Duration leaves out
    mean = np.average([p["AccuracyScore"] for p in inside], weights=weights)
    assert first["AccuracyScore"] == pytest.approx(mean, abs=0.5)
    assert "".join(p["Phoneme"] for p in word["Phonemes"]) == "".join(s["Syllable"] for s in word["Syllables"])


def test_granularity_decides_how_deep_the_reply_goes(speech, reading):
    full, word, phoneme = (
        assess(speech, reading, granularity=level).raw["NBest"][0] for level in ("FullText", "Word", "Phoneme")
    )
    assert "Words" not in full
    assert "Phonemes" not in word["Words"][0]
    assert "Syllables" in phoneme["Words"][0]
    assert full["PronScore"] == word["PronScore"] == phoneme["PronScore"]


def test_the_basic_dimension_tells_accuracy_only(speech, reading):
    best = assess(speech, reading, dimension="Basic").raw["NBest"][0]
    assert "AccuracyScore" in best
    assert not {"FluencyScore", "CompletenessScore", "PronScore"} & set(best)
    assert "ErrorType" not in best["Words"][0]


def test_five_points_are_the_hundred_mark_over_twenty(speech, mistaken):
    five = assess(speech, mistaken, grading_system="FivePoint").raw["NBest"][0]
    hundred = assess(speech, mistaken).raw["NBest"][0]
    assert five["AccuracyScore"] == pytest.approx(hundred["AccuracyScore"] / 20, abs=0.051)
    for a, b in zip(five["Words"], hundred["Words"], strict=True):
        assert a["AccuracyScore"] == pytest.approx(b["AccuracyScore"] / 20, abs=0.051)
        assert a["ErrorType"] == b["ErrorType"]


def test_phonemes_are_named_in_either_alphabet_with_as_many_candidates_as_asked_for(speech, reading):
    sounds = assess(speech, reading, phoneme_alphabet="IPA", nbest_phoneme_count=3).words[1].phonemes
    assert [sound.phoneme for sound in sounds] == ["θ", "ɪ", "ŋ", "k"]
    assert all(len(sound.nbest) == 3 for sound in sounds)
    assert all(sound.nbest[0].score >= sound.nbest[1].score >= sound.nbest[2].score for sound in sounds)
    assert not assess(speech, reading).words[1].phonemes[0].nbest


SECONDS = np.arange(48_000) / 16_000
NOISE = np.random.default_rng(0).standard_normal(48_000)


@pytest.mark.parametrize(
    ("samples", "status"),
    [
        (np.zeros(48_000), "InitialSilenceTimeout"),
        (NOISE * 1e-4, "InitialSilenceTimeout"),
        (NOISE * 0.05, "BabbleTimeout"),
        (0.2 * np.sin(2 * np.pi * 50 * SECONDS) + 0.1 * np.sin(2 * np.pi * 150 * SECONDS), "BabbleTimeout"),
        (0.3 * np.sin(2 * np.pi * 440 * SECONDS), "BabbleTimeout"),
        (np.zeros(1_600), "InitialSilenceTimeout"),
    ],
    ids=["silence", "a quiet microphone", "noise", "mains hum", "a tone", "a tenth of a second"],
)
def test_what_is_no_speech_gets_a_status_and_no_scores(speech, samples, status):
    assessment = speech.assess(Recording.from_array(samples.astype(np.float32), 16_000), TEXT)
    assert assessment.status == status
    assert assessment.scores.pron is None
    assert assessment.scores.accuracy is None
    assert [(word.error_type, word.accuracy_score) for word in assessment.words] == (
        [("Omission", None)] * 8 if status == "InitialSilenceTimeout" else []
    )


@pytest.mark.parametrize("scale", ["HundredMark", "FivePoint"])
@pytest.mark.parametrize("granularity", ["Phoneme", "Word", "FullText"])
@pytest.mark.parametrize("dimension", ["Basic", "Comprehensive"])
def test_silence_is_a_success_of_omissions_and_zeros_as_the_service_writes_it(speech, scale, granularity, dimension):
    params = PronunciationScoreParams(
        TEXT, scale, granularity, dimension, enable_prosody_assessment=True, enable_miscue=False
    )
    assessment = speech.assess(Recording.from_array(np.zeros(48_000, np.float32), 16_000), params=params)
    reply, best = assessment.raw, assessment.raw["NBest"][0]
    assert [reply[key] for key in ("RecognitionStatus", "DisplayText", "SNR")] == ["Success", ".", 0.0]
    assert (reply["Offset"], reply["Duration"]) == (0, 30_000_000)
    assert [best[key] for key in ("Lexical", "ITN", "MaskedITN", "Display", "Confidence")] == ["", "", "", ".", 0.0]
    scores = {"AccuracyScore"}
    if dimension == "Comprehensive":
        scores |= {"FluencyScore", "CompletenessScore", "ProsodyScore", "PronScore"}
    assert {key: best[key] for key in best if key.endswith("Score")} == dict.fromkeys(scores, 0.0)
    omission = {"ErrorType": "Omission"} if dimension == "Comprehensive" else {}
    zeros = {"Offset": 0, "Duration": 0, "Confidence": 0.0, "AccuracyScore": 0.0, **omission}
    words = [{key: word[key] for key in word if key != "Word"} for word in best.get("Words", [])]
    assert words == ([] if granularity == "FullText" else [zeros] * 8)
    assert assessment.status == "InitialSilenceTimeout"
    assert set(pk.utterances(assessment).filter(like="_score").isna().all()) == {True}


@pytest.mark.parametrize(("mean", "told"), [(95.5, 96.0), (82.5, 82.0), (62.5, 62.0), (94.5, 94.0), (99.6, 100.0)])
def test_whole_scores_are_rounded_half_to_even(speech, mean, told):
    words = speech._analyzer.lexicon.words("One two three four five six seven eight.")
    sound = {"said": np.ones(1, int), "candidates": np.zeros((1, 39))}
    times = {name: np.ones(1) for name in ("scores", "starts", "ends")}
    found = [WordFinding(word, 90.0 if n < 5 else 40.0, **sound, **times) for n, word in enumerate(words)]
    params = PronunciationScoreParams("One two three four five six seven eight.", granularity="Word")
    (best,) = build_reply(Finding(found, mean, mean, mean, 0.9), params)["NBest"]
    assert (best["AccuracyScore"], best["FluencyScore"], best["CompletenessScore"]) == (told, told, 62.0)


def test_an_omitted_word_has_the_zeros_of_the_service_in_the_json_and_nothing_in_the_tables(speech, reading):
    words = TEXT.split()
    assessment = speech.assess(reading, " ".join([*words[:3], "purple", "elephants", *words[3:]]))
    omitted = assessment.raw["NBest"][0]["Words"][3]
    zeros = {"Offset": 0, "Duration": 0, "Confidence": 0.0, "AccuracyScore": 0.0}
    assert omitted == {"Word": "purple", **zeros, "ErrorType": "Omission"}
    row = pk.words(assessment).loc[3, ["accuracy_score", "offset_s", "duration_s", "confidence"]]
    assert row.isna().all()


def test_another_sentence_is_no_mediocre_reading(speech):
    other = speech.synthesize("Seven dogs chased a yellow ball across our garden.")
    assessment = speech.assess(other, TEXT)
    wrong = [word for word in assessment.words if word.error_type != "None"]
    assert len(wrong) >= 6


def test_paths_bytes_and_recordings_give_the_same_reply(speech, reading, tmp_path):
    path = reading.save(tmp_path / "reading.wav")
    forms = (Recording.from_file(path), path, str(path), path.read_bytes())
    replies = [speech.assess(x, TEXT).raw for x in forms]
    assert all(reply == replies[0] for reply in replies)


def test_the_reply_alone_is_what_an_assessment_keeps(speech, mistaken):
    params = PronunciationScoreParams(TEXT, enable_prosody_assessment=True)
    assert speech.reply(mistaken, params=params) == speech.assess(mistaken, params=params).raw
    assert speech.reply(mistaken, TEXT) == speech.assess(mistaken, TEXT).raw


def test_threads_share_one_engine_and_get_the_same_reply(speech, reading):
    replies = []
    threads = [threading.Thread(target=lambda: replies.append(speech.assess(reading, TEXT).raw)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 4
    assert all(reply == replies[0] for reply in replies)


def test_loudness_does_not_change_the_scores(speech, mistaken):
    quiet = Recording.from_array(mistaken.samples * 0.1, 16_000)
    loud, soft = speech.assess(mistaken, TEXT), speech.assess(quiet, TEXT)
    assert soft.scores.pron == pytest.approx(loud.scores.pron, abs=3)


@pytest.mark.parametrize(
    ("language", "hint"),
    [("de-DE", "cloud"), ("de_de", "cloud"), ("xx-XX", "en-US"), ("en", "en-US"), ("english", "en-US")],
)
def test_another_language_is_refused_with_a_way_out(speech, reading, language, hint):
    with pytest.raises(ParameterError, match=hint):
        speech.assess(reading, TEXT, language=language)


@pytest.mark.parametrize("language", ["en-us", "EN-us", "en_US"])
def test_the_language_may_be_spelled_in_any_way(speech, reading, language):
    assert speech.reply(reading, TEXT, language=language) == speech.reply(reading, TEXT)


def test_a_recording_over_ten_minutes_is_refused_with_its_length(speech):
    with pytest.raises(AudioError, match="601 s"):
        speech.assess(Recording.from_array(np.zeros(601 * 16_000, np.float32), 16_000), TEXT)


def test_a_recording_of_a_minute_and_more_is_assessed_word_by_word_with_its_own_times(speech, reading):
    spoken = Recording.of(reading).samples
    times = int(75 * 16_000 / len(spoken))
    long = speech.assess(Recording.from_array(np.tile(spoken, times), 16_000), " ".join([TEXT] * times))
    once = speech.assess(reading, TEXT)
    assert len(long.words) == times * len(once.words)
    said = [word for word in long.words if word.error_type == "None"]
    assert len(said) > 0.95 * len(long.words)
    offsets = [word.offset_s for word in said]
    assert offsets == sorted(offsets)
    last = once.words[-1].offset_s + (times - 1) * len(spoken) / 16_000
    assert long.words[-1].offset_s == pytest.approx(last, abs=0.15)
    assert long.scores.pron == pytest.approx(once.scores.pron, abs=8)  # a second of silence between the sentences


def test_silence_of_a_minute_and_more_has_no_scores(speech):
    reply = speech.assess(Recording.from_array(np.zeros(90 * 16_000, np.float32), 16_000), TEXT)
    assert reply.status == "InitialSilenceTimeout"
    assert reply.scores.pron is None


def test_an_assessment_needs_a_text(speech, reading):
    with pytest.raises(ParameterError, match="reference text"):
        speech.assess(reading)
    with pytest.raises(TextError, match="empty"):
        speech.assess(reading, "  ")


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_every_output_format_holds_the_spoken_sentence(speech, name):
    data = speech.synthesize("Good morning.", output_format=name)
    rate = int(name.split("-")[1].removesuffix("khz")) * 1000
    expected = Recording.from_bytes(speech.synthesize("Good morning."))
    if name.startswith("raw") and name.endswith("pcm"):
        recording = Recording.from_array(np.frombuffer(data, "<i2"), rate)
    elif name.startswith("raw"):
        assert len(data) == pytest.approx(expected.duration_s * rate, rel=0.02)
        return
    else:
        recording = Recording.from_bytes(data)
    assert recording.duration_s == pytest.approx(expected.duration_s, abs=0.15)
    assert speech.assess(recording, "Good morning.").scores.accuracy >= 70


def test_the_default_format_is_a_24_khz_wav(speech):
    with wave.open(io.BytesIO(speech.synthesize("Hello."))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)


def test_synthesis_repeats_itself_and_refuses_what_it_cannot_say(speech):
    assert speech.synthesize("Hello.") == speech.synthesize("Hello.")
    with pytest.raises(TextError):
        speech.synthesize("   ")
    for text in ("你好", "9" * 37, "9" * 5000):
        with pytest.raises(TextError):
            speech.synthesize(text)
    with pytest.raises(ParameterError, match="riff-24khz"):
        speech.synthesize("Hello.", output_format="flac")
    with pytest.raises(ParameterError, match="en-US-Heart"):
        speech.synthesize("Hello.", voice="Jessa")
    assert speech.synthesize("Hello.", voice="en-US-Heart")


@pytest.mark.parametrize(
    ("words", "named"), [([["XX"]], "'XX'"), (["HH AY1"], "'H'"), ([], "no phones"), ([[]], "no phones")]
)
def test_what_are_no_phones_is_refused(speech, words, named):
    with pytest.raises(ParameterError, match=named):
        speech.synthesize_phones(words)


def test_a_speed_that_nobody_speaks_at_is_refused(speech):
    with pytest.raises(ParameterError, match="50"):
        speech.synthesize_phones([["HH", "AY1"]], speed=50)


def test_a_lone_word_said_wrong_lowers_no_more_than_its_own_scores(speech):
    found = speech.assess(speech.synthesize_phones([["SH", "IY1", "P"]]), "ship")
    (word,) = found.words
    assert found.scores.accuracy > word.accuracy_score - 20


def test_the_voices_list_has_the_services_fields(speech):
    (voice,) = speech.voices()
    assert voice["Locale"] == "en-US"
    assert voice["SampleRateHertz"] == "24000"


def test_an_assessment_goes_straight_into_tables(speech, mistaken):
    assessment = speech.assess(mistaken, TEXT)
    assert len(pk.words(assessment)) == 8
    sounds = pk.phonemes(assessment)
    assert sounds.loc[(sounds["word"] == "think") & (sounds["phoneme"] == "th"), "heard"].tolist() == ["s"]
    assert pk.utterances(assessment)["pron_score"].notna().all()
