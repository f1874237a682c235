"""A speech service that is real but small: the loudness of each word's share of the recording is its score."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from pronounce_kit import Assessment, PronunciationScoreParams, Recording, TextError
from pronounce_kit.service import merge_params

TICKS = 10_000_000


class Tiny:
    """Deterministic, picklable, needs no models.

    work_s
        How long an assessment takes.
    log
        A file that gets a line for each call, from whatever process.
    """

    version = "1"

    def __init__(self, work_s: float = 0.0, log: Path | None = None) -> None:
        self.work_s = work_s
        self.log = log

    def __repr__(self) -> str:
        return "Tiny()"

    def assess(
        self,
        recording: Recording | str | Path | bytes,
        reference_text: str | None = None,
        *,
        language: str = "en-US",
        params: PronunciationScoreParams | None = None,
    ) -> Assessment:
        merged = merge_params(reference_text, params)
        if self.log is not None:
            with open(self.log, "a", encoding="utf-8") as file:
                file.write(f"{os.getpid()} {merged.reference_text}\n")
        time.sleep(self.work_s)
        self.fail(merged.reference_text)
        heard = Recording.of(recording)
        words = merged.reference_text.split()
        parts = np.array_split(heard.samples, len(words))
        loudness = [round(100 * min(1.0, float(np.sqrt(np.square(part).mean()))), 1) for part in parts]
        reply: dict[str, Any] = {
            "RecognitionStatus": "Success",
            "Offset": 0,
            "Duration": round(heard.duration_s * TICKS),
            "NBest": [
                {
                    "Display": merged.reference_text,
                    "AccuracyScore": round(float(np.mean(loudness)), 1),
                    "Words": [
                        {"Word": word, "AccuracyScore": score, "ErrorType": "None", "Phonemes": []}
                        for word, score in zip(words, loudness, strict=True)
                    ],
                }
            ],
        }
        return Assessment.from_json(reply, reference_text=merged.reference_text)

    def fail(self, text: str) -> None:
        """Some texts cannot be read."""
        if text.startswith("?"):
            raise TextError(f"{text!r} cannot be read aloud. Write out its symbols.")

    # The rest of what a service can do is not needed here.
    def recognize(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    def synthesize(self, *_: Any, **__: Any) -> bytes:
        raise NotImplementedError

    def voices(self) -> list[dict[str, Any]]:
        return []

    @property
    def calls(self) -> int:
        """How often it was asked, in all processes."""
        return len(self.log.read_text("utf-8").splitlines()) if self.log is not None and self.log.exists() else 0


def beeps(number: int, seconds: float = 0.2) -> bytes:
    """A WAV file of its own for each number."""
    time_s = np.arange(int(seconds * 16_000)) / 16_000
    samples = (0.1 + 0.8 * (number % 37) / 37) * np.sin(2 * np.pi * (200 + 10 * number) * time_s)
    return Recording.from_array(samples.astype(np.float32), 16_000).to_wav()
