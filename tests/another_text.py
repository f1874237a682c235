"""How surely another text is told from the one to read: `python -m tests.another_text CORPUS [--count N]`.

Each reading is held against its own text, against that of another reading, and against its own with another after it,
which is then a text that was begun and not finished. CORPUS is speechocean762, or a folder with a `readings.jsonl` (id,
audio, text, group a line). All goes through `LocalSpeech.assess` and `verdict.is_another_text`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from pronounce_kit import LocalSpeech, PronunciationScoreParams, Recording
from pronounce_kit.display.verdict import is_another_text
from pronounce_kit.local.corpus import read_corpus

SEED = 2026
HELD_AGAINST = ("its own text", "another text", "its own and another")


@dataclass(frozen=True)
class Reading:
    audio: Path
    text: str
    group: str


def readings_of(folder: Path) -> list[Reading]:
    listed = folder / "readings.jsonl"
    if not listed.exists():
        return [Reading(Path(one.audio), one.text.lower(), "learners of the corpus") for one in read_corpus(folder)]
    rows = map(json.loads, listed.read_text(encoding="utf-8").splitlines())
    return [Reading(folder / row["audio"], row["text"], row["group"]) for row in rows]


def measure(speech: LocalSpeech, readings: Sequence[Reading], chosen: Sequence[int]) -> dict[str, Counter[str]]:
    """Group -> how many readings it has, and how many were called another text, by what they were held against."""
    random = np.random.default_rng(SEED)
    called: dict[str, Counter[str]] = {}
    for index in chosen:
        own = readings[index]
        other = own
        while other.text == own.text:
            other = readings[int(random.integers(len(readings)))]
        recording = Recording.from_file(own.audio)
        counts = called.setdefault(own.group, Counter())
        counts["readings"] += 1
        for name, text in zip(HELD_AGAINST, (own.text, other.text, f"{own.text} {other.text}"), strict=True):
            found = speech.assess(recording, params=PronunciationScoreParams(text))
            counts[name] += is_another_text(found.words)
    return called


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path, exists=True))
@click.option("--count", type=int, help="Readings to take, by a fixed seed.  [default: all]")
def main(corpus: Path, count: int | None) -> None:
    readings = readings_of(corpus)
    chosen = np.random.default_rng(SEED).permutation(len(readings))[:count].tolist()
    for group, counts in measure(LocalSpeech().load(), readings, chosen).items():
        total = counts["readings"]
        click.echo(f"{group}, {total} readings called another text when held against")
        for name in HELD_AGAINST:
            click.echo(f"    {name:22}{counts[name]:5} ({counts[name] / total:.2%})")


if __name__ == "__main__":
    main()
