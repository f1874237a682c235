from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit.azure import AzureSpeech
from pronounce_kit.azure.splitting import cut_times, share_text, shifted, tokens

from .server import Seen, Server, reply, speech

WORDS = "zero one two three four five six seven eight nine".split()


def sentences(*lengths: float, pause: float = 0.6) -> pk.Recording:
    """Something like speech of these lengths, with pauses between."""
    silence = np.zeros(int(pause * 16_000), np.float32)
    pieces = [piece for length in lengths for piece in (speech(length) + 0.01, silence)]
    return pk.Recording.from_array(np.concatenate(pieces), 16_000)


def test_cuts_lie_in_the_pauses() -> None:
    recording = sentences(12, 12, 12, 12, 12)  # pauses end at 12.6, 25.2, 37.8, 50.4, 63.0
    parts = cut_times(recording, 30)
    assert [start for start, _ in parts] == [0, pytest.approx(24.9, abs=0.2), pytest.approx(50.1, abs=0.2)]
    assert parts[-1][1] == recording.duration_s


@settings(max_examples=40)
@given(
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=40),
    st.floats(1.2, 4),
    st.integers(0, 15_999),
)
def test_whatever_the_sound_no_part_is_over_the_limit_and_none_is_lost(
    levels: list[float], limit: float, odd: int
) -> None:
    samples = np.concatenate([np.full(8000, level, np.float32) for level in levels] + [np.zeros(odd, np.float32)])
    recording = pk.Recording.from_array(samples, 16_000)
    parts = cut_times(recording, limit)
    assert parts[0][0] == 0
    assert parts[-1][1] == recording.duration_s
    assert all(before[1] == after[0] for before, after in itertools.pairwise(parts))
    assert all(0.4 <= end - start <= limit for start, end in parts)


def test_words_are_found_in_any_script_and_compared_without_case_or_apostrophes() -> None:
    assert [token.key for token in tokens("Don’t stop—Ünal's 5 p.m. cafe\u0301!")] == [
        "dont", "stop", "ünals", "5", "p", "m", "café",
    ]  # fmt: skip
    assert [token.key for token in tokens("你好，世界")] == ["你", "好", "世", "界"]
    assert [token.key for token in tokens("नमस्ते दुनिया")] == ["नमस्ते", "दुनिया"]
    assert tokens("") == tokens(" ,. ") == []


def test_each_part_gets_the_text_that_was_heard_in_it() -> None:
    text = "The quick brown fox jumps over the lazy dog. It was not amused, and so it went home."
    heard = ["the quick brown fox jumps over the lazy dog", "it was not amused and so it went home"]
    shares = ["The quick brown fox jumps over the lazy dog.", "It was not amused, and so it went home."]
    assert share_text(text, heard) == shares
    misheard = ["the quick round box jumps over the", "it was not a mused and so went"]
    assert share_text(text, misheard) == shares
    assert share_text(text, [heard[0], "", heard[1]]) == [shares[0], "", shares[1]]
    assert share_text(text, ["", heard[0] + " " + heard[1]]) == ["", text]
    assert share_text(text, ["", ""]) == ["", ""]
    assert share_text("你好世界，早上好", ["你好世界", "早上好"]) == ["你好世界，", "早上好"]


@given(st.lists(st.sampled_from(WORDS), min_size=1), st.lists(st.lists(st.sampled_from(WORDS)), min_size=1, max_size=4))
def test_the_shares_are_the_text_in_order_whatever_was_heard(text: list[str], heard: list[list[str]]) -> None:
    shares = share_text(" ".join(text), [" ".join(part) for part in heard])
    assert len(shares) == len(heard)
    assert " ".join(filter(None, shares)) == (" ".join(text) if any(heard) else "")
    assert all(part or not share for part, share in zip(heard, shares, strict=True))


def test_times_move_but_those_of_unsaid_words() -> None:
    said = {"Word": "a", "Offset": "500000", "Phonemes": [{"Offset": 500000}]}
    unsaid = {
        "Word": "b",
        "Offset": 0,
        "PronunciationAssessment": {"ErrorType": "Omission"},
        "Phonemes": [{"Offset": 0}],
    }
    original = {"Offset": 400000, "NBest": [{"Words": [said, unsaid]}]}
    before = json.dumps(original)
    moved = shifted(original, 2.0)
    assert json.dumps(original) == before
    assert moved["Offset"] == 20_400_000
    words = moved["NBest"][0]["Words"]
    assert words[0] == {"Word": "a", "Offset": 20_500_000, "Phonemes": [{"Offset": 20_500_000}]}
    assert words[1] == unsaid


def recognizer(texts: list[str]) -> Any:
    """A service that hears these in turn, and scores each word of a reference text 80."""
    left = list(texts)

    def answer(seen: Seen) -> bytes:
        encoded = seen.headers.get("pronunciation-assessment")
        if encoded is None:
            heard = left.pop(0)
            if not heard:
                return reply({"RecognitionStatus": "NoMatch", "NBest": []})
            best = {"Lexical": heard, "Display": heard, "ITN": heard, "Confidence": 0.5}
            return reply(
                {
                    "RecognitionStatus": "Success",
                    "Offset": 0,
                    "Duration": 10_000_000,
                    "DisplayText": heard,
                    "NBest": [best],
                }
            )
        text = pk.PronunciationScoreParams.from_base64(encoded).reference_text
        words = [
            {"Word": word, "Offset": 1_000_000 * n, "Duration": 900_000, "AccuracyScore": 80.0, "ErrorType": "None"}
            for n, word in enumerate(text.split())
        ]
        best = {"Display": text, "Words": words, "AccuracyScore": 80.0, "FluencyScore": 90.0,
                "CompletenessScore": 100.0, "PronScore": 86.0}  # fmt: skip
        return reply({"RecognitionStatus": "Success", "Offset": 0, "Duration": 10_000_000, "NBest": [best]})

    return answer


def test_a_long_reading_is_assessed_in_parts_with_times_of_the_whole() -> None:
    text = "zero one two three four five six seven eight nine"
    recording = sentences(25, 25, 10)
    with Server(recognizer(["zero one two three", "four five six seven eight", "nine"])) as server:
        service = AzureSpeech("some-key", endpoint=server.url)
        assessment = service.assess(recording, text, split=True)
    asked = [seen.headers.get("pronunciation-assessment") for seen in server.seen]
    texts = [pk.PronunciationScoreParams.from_base64(one).reference_text for one in asked if one]
    assert texts == ["zero one two three", "four five six seven eight", "nine"]
    assert len(server.seen) == 6
    assert [word.word for word in assessment.words] == WORDS
    assert isinstance(assessment.raw, list)
    assert assessment.reference_text == text
    starts = [word.offset_s for word in assessment.words]
    assert starts == sorted(starts)
    assert starts[4] == pytest.approx(25.3, abs=0.3)
    assert (assessment.scores.accuracy, assessment.scores.completeness) == (80, 100)
    assert sum(len(seen.body) - 44 for seen in server.seen[3:]) == 2 * len(recording.samples)


def test_a_part_in_which_nothing_is_heard_is_not_assessed() -> None:
    with Server(recognizer(["zero one two three four", "", "five six seven eight nine"])) as server:
        service = AzureSpeech("some-key", endpoint=server.url)
        assessment = service.assess(sentences(25, 25, 10), " ".join(WORDS), split=True)
    assert len(assessment.raw) == 2
    assert [word.word for word in assessment.words] == WORDS


def test_nothing_heard_anywhere_has_no_scores() -> None:
    with Server(recognizer(["", "", ""])) as server:
        assessment = AzureSpeech("some-key", endpoint=server.url).assess(sentences(25, 25, 10), "zero one", split=True)
    assert len(server.seen) == 3
    assert (assessment.status, assessment.scores.pron, assessment.words) == ("NoMatch", None, ())


def test_a_long_recording_is_recognized_in_parts() -> None:
    with Server(recognizer(["zero one", "two three"])) as server:
        found = AzureSpeech("some-key", endpoint=server.url).recognize(sentences(50, 50), format="detailed", split=True)
    assert (found.display_text, found.lexical, found.itn) == ("zero one two three",) * 3
    assert found.duration_s == pytest.approx(51.3, abs=0.5)
    assert found.nbest == ()


def test_live_audio_over_the_limit_is_split_too() -> None:
    recording = sentences(25, 10)
    pcm = recording.to_wav()[44:]
    chunks = (pcm[start : start + 32_000] for start in range(0, len(pcm), 32_000))
    with Server(recognizer(["zero one", "two three"])) as server:
        service = AzureSpeech("some-key", endpoint=server.url)
        assessment = service.assess(chunks, "zero one two three", split=True)
    assert [word.word for word in assessment.words] == ["zero", "one", "two", "three"]
    assert len(server.seen) == 5  # one was broken off
    assert pk.words(assessment)["word"].tolist() == ["zero", "one", "two", "three"]


def test_a_short_recording_is_not_split() -> None:
    with Server(recognizer([])) as server:
        AzureSpeech("some-key", endpoint=server.url).assess(sentences(3), "zero one", split=True)
    assert len(server.seen) == 1
