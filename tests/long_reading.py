"""Where the words of a five-minute reading are found: `python -m tests.long_reading [--minutes N]`.

Words are spoken one by one by the model voice and put together, with short silences between words and longer ones
between sentences, so that it is known when each begins: at its first sound above the silence.
"""

from __future__ import annotations

import resource
import time

import click
import numpy as np

from pronounce_kit import LocalSpeech, Recording
from tests.recognition import SENTENCES as CORPUS_SENTENCES

SENTENCES = [line for line in CORPUS_SENTENCES if line.strip()]
_RATE = 16_000


def reading(speech: LocalSpeech, minutes: float) -> tuple[Recording, str, list[float]]:
    """A recording, its text, and when each word begins, in seconds."""
    random = np.random.default_rng(2026)
    pieces: list[np.ndarray] = []
    starts: list[float] = []
    text: list[str] = []
    at = 0
    while at < minutes * 60 * _RATE:
        sentence = SENTENCES[len(text) % len(SENTENCES)]
        text.append(sentence)
        words = speech.pronunciation(sentence)
        for number, word in enumerate(words):
            spoken = Recording.from_bytes(speech.synthesize_phones([word])).samples
            loud = np.flatnonzero(np.abs(spoken) > 0.02 * np.abs(spoken).max())
            spoken = spoken[loud[0] : loud[-1] + 1]
            last = number == len(words) - 1
            silence = int((random.uniform(0.4, 0.8) if last else random.uniform(0.02, 0.1)) * _RATE)
            starts.append(at / _RATE)
            pieces += [spoken, np.zeros(silence, np.float32)]
            at += len(spoken) + silence
    return Recording.from_array(np.concatenate(pieces), _RATE), " ".join(text), starts


def errors(speech: LocalSpeech, recording: Recording, text: str, starts: list[float]) -> tuple[np.ndarray, int]:
    """How far each word that was found is from where it begins, in seconds, and how many were not found."""
    words = [word for word in speech.assess(recording, text).words if word.error_type != "Insertion"]
    assert len(words) == len(starts)
    found = [(word.offset_s, start) for word, start in zip(words, starts, strict=True) if word.offset_s is not None]
    return np.array([abs(offset - start) for offset, start in found]), len(words) - len(found)


@click.command()
@click.option("--minutes", default=5.0, show_default=True)
def main(minutes: float) -> None:
    speech = LocalSpeech().load()
    recording, text, starts = reading(speech, minutes)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    off, missed = errors(speech, recording, text, starts)
    cost = (time.process_time() - began) / recording.duration_s
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"{recording.duration_s:.0f} s, {len(starts)} words: "
        f"word start off by {np.median(off) * 1000:.0f} ms (median), "
        f"{np.quantile(off, 0.95) * 1000:.0f} ms (19 of 20); {missed} called omitted; {cost:.3f} x real time, "
        f"peak memory +{grown:.0f} MB"
    )


if __name__ == "__main__":
    main()
