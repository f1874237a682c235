"""Flattening 10,000 replies into tables: `pronounce_kit.frames` against `pandas.json_normalize`.

Run with `python -m tests.benchmarks.flatten`. Both sides turn the same flat replies (10 words, about 4 phonemes a
word, 3 candidates a phoneme) into the same three tables: utterances, words and phonemes. They take turns in one
process; the table shows the median of several rounds, and the results are compared cell by cell first.
"""

from __future__ import annotations

import random
import statistics
import time

import pandas as pd

from pronounce_kit import frames
from pronounce_kit.flags import NOISY_REPLY_SNR_DB

REPLIES = 10_000
ROUNDS = 3

SOUNDS = ("aa", "ae", "ah", "ay", "b", "ch", "d", "dh", "eh", "er", "g", "ih", "iy", "k", "l", "m", "n", "ng", "s", "t")
VOCABULARY = ("the", "a", "morning", "reads", "quickly", "through", "every", "small", "village", "they", "again")


def make_replies(count: int = REPLIES, seed: int = 1) -> list[dict]:
    """Flat REST replies as the service sends them, a few words omitted, inserted or mispronounced."""
    rng = random.Random(seed)  # noqa: S311  # the same replies in every run
    return [_reply(rng) for _ in range(count)]


def _reply(rng: random.Random) -> dict:
    words = []
    clock = 5_000_000
    for _ in range(10):
        name = rng.choice(VOCABULARY)
        if rng.random() < 0.04:
            words.append({"Word": name, "Offset": 0, "Duration": 0, "AccuracyScore": 0.0, "ErrorType": "Omission"})
            continue
        start, phonemes = clock, []
        for _ in range(rng.choice((2, 3, 4, 4, 5, 6))):
            duration = 100_000 * rng.randint(3, 20)
            sounds = rng.sample(SOUNDS, 3)
            phonemes.append(
                {
                    "Phoneme": sounds[0],
                    "Offset": clock,
                    "Duration": duration,
                    "AccuracyScore": float(rng.randint(20, 100)),
                    "NBestPhonemes": [
                        {"Phoneme": sound, "Score": float(rng.randint(0, 100))} for sound in rng.sample(sounds, 3)
                    ],
                }
            )
            clock += duration + 100_000
        accuracy = float(rng.randint(30, 100))
        words.append(
            {
                "Word": name,
                "Offset": start,
                "Duration": clock - start - 100_000,
                "Confidence": 0.0,
                "AccuracyScore": accuracy,
                "ErrorType": "Insertion" if rng.random() < 0.03 else "Mispronunciation" if accuracy < 60 else "None",
                "Phonemes": phonemes,
            }
        )
    spoken = " ".join(word["Word"] for word in words if word["ErrorType"] != "Omission")
    scores = {
        key: float(rng.randint(40, 100)) for key in ("AccuracyScore", "FluencyScore", "CompletenessScore", "PronScore")
    }
    return {
        "RecognitionStatus": "Success",
        "Offset": 5_000_000,
        "Duration": clock - 5_000_000,
        "DisplayText": f"{spoken.capitalize()}.",
        "SNR": round(rng.uniform(5, 40), 4),
        "NBest": [
            {
                "Confidence": round(rng.uniform(0.3, 0.99), 6),
                "Lexical": spoken,
                "ITN": spoken,
                "MaskedITN": spoken,
                "Display": f"{spoken.capitalize()}.",
                **scores,
                "Words": words,
            }
        ],
    }


def with_frames(replies: list[dict]) -> dict[str, pd.DataFrame]:
    """Our side."""
    return {
        "utterances": frames.utterances(replies),
        "words": frames.words(replies),
        "phonemes": frames.phonemes(replies),
    }


def with_json_normalize(replies: list[dict]) -> dict[str, pd.DataFrame]:
    """The same tables as one would write them with `pandas.json_normalize`.

    The words are normalized once and serve all three tables; the phonemes are exploded from them, which is faster
    than a second `record_path` with `meta` through all levels and is the only way to a word's index.
    """
    keyed = [{**reply, "utterance_id": str(position)} for position, reply in enumerate(replies)]
    common = {"AccuracyScore": "accuracy_score", "Offset": "offset_s", "Duration": "duration_s"}

    words = pd.json_normalize(keyed, record_path=["NBest", "Words"], meta=["utterance_id"])
    words = words.rename(columns={**common, "Word": "word", "ErrorType": "error_type", "Confidence": "confidence"})
    words["word_index"] = words.groupby("utterance_id", sort=False).cumcount()
    omitted = words["error_type"] == "Omission"
    words[["offset_s", "duration_s", "accuracy_score", "confidence"]] = words[
        ["offset_s", "duration_s", "accuracy_score", "confidence"]
    ].mask(omitted)
    words[["offset_s", "duration_s"]] /= 1e7

    exploded = words.loc[words["Phonemes"].notna(), ["utterance_id", "word_index", "word", "Phonemes"]].explode(
        "Phonemes", ignore_index=True
    )
    phonemes = pd.json_normalize(exploded.pop("Phonemes").tolist()).rename(columns={**common, "Phoneme": "phoneme"})
    phonemes[["offset_s", "duration_s"]] /= 1e7
    likeliest = phonemes["NBestPhonemes"].str[0]
    phonemes["heard"] = likeliest.str["Phoneme"]
    phonemes["heard_score"] = likeliest.str["Score"]
    phonemes = pd.concat([exploded, phonemes], axis=1)
    phonemes["phoneme_index"] = phonemes.groupby(["utterance_id", "word_index"], sort=False).cumcount()

    top = ["utterance_id", "RecognitionStatus", "DisplayText", "Offset", "Duration", "SNR"]
    wordless = [  # json_normalize copies every record deeply, so the words would cost as much again here
        {**reply, "NBest": [{key: value for key, value in best.items() if key != "Words"} for best in reply["NBest"]]}
        for reply in keyed
    ]
    utterances = pd.json_normalize(wordless, record_path="NBest", meta=top).rename(
        columns={
            **common,
            "RecognitionStatus": "recognition_status",
            "DisplayText": "display_text",
            "SNR": "snr_db",
            "Confidence": "confidence",
            "PronScore": "pron_score",
            "FluencyScore": "fluency_score",
            "CompletenessScore": "completeness_score",
        }
    )
    utterances[["offset_s", "duration_s"]] = utterances[["offset_s", "duration_s"]].astype(float) / 1e7
    counts = words.groupby(["utterance_id", "error_type"], sort=False).size().unstack(fill_value=0)  # noqa: PD010
    counts["word_count"] = counts.sum(axis=1)
    counts.columns = [name if name == "word_count" else f"{name.lower()}_count" for name in counts.columns]
    utterances = utterances.join(counts, on="utterance_id")
    utterances["recording_flags"] = utterances["snr_db"].lt(NOISY_REPLY_SNR_DB).map({True: "noisy", False: ""})

    tables = {"utterances": utterances, "words": words, "phonemes": phonemes}
    return {
        name: table.reindex(columns=list(frames.SCHEMA[name])).astype(dict(frames.SCHEMA[name]))
        for name, table in tables.items()
    }


def measure(count: int = REPLIES, rounds: int = ROUNDS) -> dict[str, float]:
    """Median seconds of either side, and how many times faster ours is."""
    replies = make_replies(count)
    sides = {"frames": with_frames, "json_normalize": with_json_normalize}
    ours, theirs = (build(replies) for build in sides.values())  # also warms both up
    for name, table in theirs.items():
        pd.testing.assert_frame_equal(ours[name], table)
    rows = sum(map(len, ours.values()))
    del ours, theirs
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, build in sides.items():
            start = time.perf_counter()
            build(replies)
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {
        "replies": count,
        "rows": rows,
        "rounds": rounds,
        "frames_s": medians["frames"],
        "json_normalize_s": medians["json_normalize"],
        "ratio": medians["json_normalize"] / medians["frames"],
    }


def main() -> None:
    """Print the table."""
    result = measure()
    print(
        f"{result['replies']:,} replies -> utterances, words, phonemes ({result['rows']:,} rows), "
        f"median of {result['rounds']} rounds"
    )
    print(f"{'pandas.json_normalize':24}{result['json_normalize_s']:8.2f} s{1:8.1f} x")
    print(f"{'pronounce_kit.frames':24}{result['frames_s']:8.2f} s{result['ratio']:8.1f} x")


if __name__ == "__main__":
    main()
