"""LocalSpeech.recognize: speech written down without a reference text."""

import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pronounce_kit import AudioError, LocalSpeech, ParameterError, Recording
from pronounce_kit.local import profanity, written
from pronounce_kit.local.acoustics import BLANK, HamaModel, Heard
from pronounce_kit.local.language import END, START, unpack
from pronounce_kit.local.phones import INDEX, base
from pronounce_kit.local.recognizer import Recognizer, Transcript, build_recognition
from tests.recognition import SENTENCES, error_rate, spoken_by_voice, word_errors

TEXT = "I think the weather is very nice today."


@pytest.fixture(scope="module")
def reading(speech):
    return Recording.from_bytes(speech.synthesize(TEXT))


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer()


def reply(*texts, detailed=True, mode="masked", names=frozenset()):
    """What is answered when these texts were heard, likeliest first."""
    heard = [Transcript(tuple(text.split()), 0.9 - 0.1 * i) for i, text in enumerate(texts)]
    return build_recognition(heard, posteriors_of("HH AH"), 0.02, 1.0, names=names, detailed=detailed, profanity=mode)


def posteriors_of(phones):
    """(T, 40) posteriors of somebody who says the phones very clearly, two blanks between."""
    columns = [BLANK, BLANK]
    for phone in phones.split():
        columns += [INDEX[base(phone)], BLANK, BLANK]
    return np.eye(BLANK + 1)[columns] * 0.96 + 0.001


# --- what is heard ----------------------------------------------------------------------------------------------


def test_a_spoken_sentence_is_written_down(speech, reading):
    recognition = speech.recognize(reading)
    assert recognition.status == "Success"
    assert recognition.display_text == TEXT
    assert recognition.nbest == ()
    assert set(recognition.raw) == {"RecognitionStatus", "DisplayText", "Offset", "Duration"}
    assert 0 <= recognition.offset_s < 0.5
    assert recognition.offset_s + recognition.duration_s <= reading.duration_s


def test_most_words_of_everyday_sentences_are_right(speech):
    rate, pace = error_rate(speech, spoken_by_voice(speech, SENTENCES[::6]))
    assert rate <= 0.10
    assert pace < 1.0  # 0.1 on an idle machine


def test_a_learners_accent_is_understood_by_what_makes_sense(speech):
    words = speech.pronunciation("I think this is very good")
    words[1][0], words[2][0] = "S", "D"  # "sink", "dis"
    recognition = speech.recognize(speech.synthesize_phones(words, speed=0.9), format="detailed")
    assert recognition.lexical == "i think this is very good"


def test_the_detailed_reply_has_up_to_five_distinct_readings_in_order(speech, reading):
    recognition = speech.recognize(reading, format="detailed")
    assert 2 <= len(recognition.nbest) <= 5
    assert len({one.lexical for one in recognition.nbest}) == len(recognition.nbest)
    confidences = [one.confidence for one in recognition.nbest]
    assert confidences == sorted(confidences, reverse=True)
    assert all(0 <= one <= 1 for one in confidences)
    assert confidences[0] > 0.6
    assert recognition.lexical == TEXT.lower().rstrip(".")
    assert recognition.raw["NBest"][0].keys() == {"Confidence", "Lexical", "ITN", "MaskedITN", "Display"}
    assert recognition.display_text == speech.recognize(reading).display_text


def test_nonsense_gets_less_confidence_than_sense(speech, reading):
    rng = np.random.default_rng(3)
    phones = [[str(p) for p in rng.choice(["ZH", "OY1", "G", "UH1", "TH", "AW1", "NG"], 4)] for _ in range(5)]
    nonsense = speech.recognize(speech.synthesize_phones(phones), format="detailed")
    assert (nonsense.confidence or 0) < speech.recognize(reading, format="detailed").confidence - 0.2


def test_leading_silence_moves_the_offset(speech, reading):
    later = Recording.from_array(np.concatenate([np.zeros(16_000, np.float32), reading.samples]), 16_000)
    first, second = speech.recognize(reading), speech.recognize(later)
    assert second.offset_s - first.offset_s == pytest.approx(1.0, abs=0.05)
    assert second.display_text == first.display_text


SECONDS = np.arange(48_000) / 16_000
NOISE = np.random.default_rng(0).standard_normal(48_000)


@pytest.mark.parametrize(
    ("samples", "status"),
    [
        (np.zeros(48_000), "InitialSilenceTimeout"),
        (NOISE * 1e-4, "InitialSilenceTimeout"),
        (NOISE * 0.05, "BabbleTimeout"),
        (0.3 * np.sin(2 * np.pi * 440 * SECONDS), "BabbleTimeout"),
        (np.zeros(160), "InitialSilenceTimeout"),
    ],
    ids=["silence", "a quiet microphone", "noise", "a tone", "a hundredth of a second"],
)
@pytest.mark.parametrize("form", ["simple", "detailed"])
def test_what_is_no_speech_gets_a_status_and_no_text(speech, samples, status, form):
    recognition = speech.recognize(Recording.from_array(samples.astype(np.float32), 16_000), format=form)
    assert recognition.status == status
    assert recognition.display_text is None
    assert recognition.nbest == ()


@pytest.mark.slow
def test_speech_of_most_of_a_minute_is_one_text(speech, reading):
    pause = np.zeros(8_000, np.float32)
    many = np.concatenate([part for _ in range(16) for part in (reading.samples, pause)])[: 59 * 16_000]
    recognition = speech.recognize(Recording.from_array(many, 16_000), format="detailed")
    repeats = len(many) // (len(reading.samples) + len(pause))
    said = TEXT.lower().rstrip(".").split() * repeats
    assert word_errors(said, recognition.lexical.split()[: len(said)]) <= 0.15 * len(said)


def test_over_a_minute_is_refused_with_the_length_and_a_way_out(speech):
    with pytest.raises(AudioError, match=r"61 s long.*Cut"):
        speech.recognize(Recording.from_array(np.zeros(61 * 16_000, np.float32), 16_000))


@pytest.mark.parametrize(
    ("values", "hint"),
    [
        ({"format": "Detailed"}, "simple, detailed"),
        ({"format": ""}, "simple, detailed"),
        ({"profanity": "mask"}, "masked, removed, raw"),
        ({"language": "de-DE"}, "cloud"),
        ({"language": "english"}, "en-US"),
    ],
)
def test_a_value_that_does_not_exist_is_refused_with_those_that_do(speech, reading, values, hint):
    with pytest.raises(ParameterError, match=hint):
        speech.recognize(reading, **values)


def test_paths_bytes_and_recordings_give_the_same_reply(speech, reading, tmp_path):
    path = reading.save(tmp_path / "reading.wav")
    replies = [speech.recognize(x).raw for x in (reading, path, str(path), path.read_bytes())]
    assert all(one == replies[0] for one in replies)


def test_threads_share_one_engine_from_its_first_call_on(reading):
    speech, replies = LocalSpeech(), []
    threads = [threading.Thread(target=lambda: replies.append(speech.recognize(reading).raw)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(replies) == 3
    assert replies[0] == replies[1] == replies[2]


def test_an_assessment_does_not_load_what_recognition_needs(reading):
    speech = LocalSpeech()
    speech.assess(reading, TEXT)
    assert "_recognizer" not in vars(speech)


def test_a_title_is_lexically_the_word_that_was_said(speech):
    recognition = speech.recognize(speech.synthesize("Doctor Smith lives in Paris."), format="detailed")
    assert recognition.lexical == "doctor smith lives in paris"
    assert recognition.itn == "dr smith lives in paris"
    assert recognition.display_text == "Dr. Smith lives in Paris."


# --- the search -------------------------------------------------------------------------------------------------


def test_phones_become_words_and_homophones_are_told_apart_by_the_words_around(speech):
    def written(*words):
        spoken = speech.synthesize_phones([word.split() for word in words])
        return speech.recognize(spoken, format="detailed").lexical

    assert written("DH EH1 R", "IH1 Z", "N OW1", "T AY1 M") == "there is no time"
    assert written("IH1 T S", "DH EH1 R", "HH AW1 S") == "it's their house"


def test_no_frames_and_silence_have_no_words(recognizer):
    model = HamaModel()
    silent = model.hear(np.zeros(32_000, np.float32))
    assert recognizer.hear(silent) == []
    assert recognizer.hear(silent.between(0, 0)) == []


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 60), sharp=st.floats(0.1, 12))
def test_whatever_the_recognizer_hears_gives_a_valid_reply(recognizer, seed, frames, sharp):
    logits = np.random.default_rng(seed).standard_normal((frames, 40)) * sharp
    posteriors = np.exp(logits - logits.max(1, keepdims=True)) + 1e-6
    posteriors /= posteriors.sum(1, keepdims=True)
    states = np.random.default_rng(seed).standard_normal((frames, 144)) * sharp
    heard = recognizer.hear(Heard(posteriors, states.astype(np.float32)))
    assert len(heard) == len({one.words for one in heard}) <= 5
    assert all(0 <= one.confidence <= 1 for one in heard)
    assert [one.confidence for one in heard] == sorted((one.confidence for one in heard), reverse=True)
    answer = build_recognition(
        heard, posteriors, 0.02, frames * 0.02, names=recognizer.names, detailed=True, profanity="masked"
    )
    assert answer["RecognitionStatus"] == ("Success" if heard else "NoMatch")
    if heard:
        assert 0 <= answer["Offset"] + answer["Duration"] <= frames * 200_000
        assert all(one["Display"] and one["Lexical"] == one["Lexical"].lower() for one in answer["NBest"])


def test_the_language_model_is_a_distribution_and_knows_english():
    model, vocabulary = unpack()
    number = {word: i for i, word in enumerate(model.words)}
    everything = np.arange(END, len(model.words))
    for past in (START, (number["of"] << 17) | number["the"], (number["thank"] << 17) | number["you"]):
        log_p, _ = model.score(np.full(len(everything), past), everything)
        assert np.exp(log_p.astype(float)).sum() == pytest.approx(1, abs=0.1)
    you = np.array([(number["thank"] << 17) | number["you"]] * 2)
    log_p, _ = model.score(you, np.array([number["very"], number["table"]]))
    assert log_p[0] > log_p[1] + 3
    assert {"monday", "paris"} <= vocabulary.names
    assert "table" not in vocabulary.names


# --- how it is written ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lexical", "expected"),
    [
        ("i have five pencils", "i have 5 pencils"),
        ("the orange one", "the orange one"),
        ("one hundred and five dollars", "$105"),
        ("a hundred people and a million stars", "100 people and 1000000 stars"),
        ("half a hundred", "half a 100"),
        ("fifty percent of two hundred", "50% of 200"),
        ("zero three five one", "0351"),
        ("in nineteen ninety nine", "in 1999"),
        ("at three thirty pm", "at 3:30 pm"),
        ("doctor smith came", "dr smith came"),
        ("the doctor said no", "the doctor said no"),
        ("the twenty first of march", "the 21st of march"),
        ("", ""),
    ],
)
def test_numbers_times_and_titles_are_written_short(lexical, expected):
    assert written.itn(lexical) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i think i'm late", "I think I'm late."),
        ("where is mary", "Where is Mary?"),
        ("can you help me", "Can you help me?"),
        ("when he came home it rained", "When he came home it rained."),
        ("do your homework", "Do your homework."),
        ("have you seen mary's dog", "Have you seen Mary's dog?"),
        ("dr smith watches tv", "Dr. Smith watches TV."),
        ("", ""),
    ],
)
def test_a_sentence_has_capitals_and_a_mark_at_its_end(text, expected):
    assert written.display(text, {"mary"}) == expected


def test_profanity_is_masked_removed_or_left_in_the_display_but_never_in_the_lexical_form():
    masked, removed, raw = (reply("what the fuck is that", mode=mode)["NBest"][0] for mode in profanity.MODES)
    assert [one["Display"] for one in (masked, removed, raw)] == [
        "What the **** is that.",
        "What the is that.",
        "What the fuck is that.",
    ]
    assert [one["MaskedITN"] for one in (masked, removed, raw)] == [
        "what the **** is that",
        "what the is that",
        "what the fuck is that",
    ]
    assert all(one["Lexical"] == one["ITN"] == "what the fuck is that" for one in (masked, removed, raw))
    assert reply("Fucking great".lower(), detailed=False)["DisplayText"] == "******* great."


def test_nothing_but_profanity_removed_is_no_speech():
    assert reply("shit", mode="removed") == {"RecognitionStatus": "NoMatch", "NBest": []}
    assert reply("shit", mode="removed", detailed=False) == {"RecognitionStatus": "NoMatch"}
    assert reply("good morning", "shit", mode="removed")["NBest"][1:] == []


@pytest.mark.parametrize("word", "peacock cocktail scrape hancock assess class prickly basement hello dickens".split())
def test_harmless_words_are_not_profane(word):
    assert not profanity.is_profane(word)
