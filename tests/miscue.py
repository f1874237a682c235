"""How well the engine finds where a reader left the text: `python -m tests.miscue CORPUS [--count N]`.

The readings stay as they are, and the text is changed by a fixed seed: a word is dropped from it (the reader then
said a word too many), added to it (the reader left one out), or swapped for another; or it is another reading's text.
All goes through `LocalSpeech.assess`. The words that are put in come from the other readings. Measured on the speakers
that nothing in the search was fitted to (`build_listener.held_out`).

`--fit` prints the weights in `pronounce_kit/local/miscue.py`, fitted to the other speakers' readings.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
import numpy as np

from pronounce_kit import Assessment, LocalSpeech, PronunciationScoreParams, Recording
from pronounce_kit.local.analysis import Script
from pronounce_kit.local.build_listener import held_out
from pronounce_kit.local.corpus import RatedWord, Reading, read_corpus
from pronounce_kit.local.miscue import Ears, Held
from pronounce_kit.local.phones import base

SEED = 2026
CHANGES = ("none", "dropped", "added", "swapped")
WRONG_UNDER = 30  # PronScore of a text that was not read


@dataclass(frozen=True)
class Case:
    """A text for a reading that may say something else.

    left_out: for each word of the text, whether it was not said. extra: the word that was said beside the text, and
    how many words of the text come before it.
    """

    words: tuple[str, ...]
    left_out: tuple[bool, ...]
    extra: tuple[str, int] | None = None

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass
class Found:
    """Counts of what was found of what there was."""

    right: int = 0
    false: int = 0
    missed: int = 0

    def __iadd__(self, other: Found) -> Found:
        self.right, self.false, self.missed = (
            self.right + other.right,
            self.false + other.false,
            self.missed + other.missed,
        )
        return self

    @property
    def f1(self) -> float:
        return 2 * self.right / max(2 * self.right + self.false + self.missed, 1)

    def __str__(self) -> str:
        recall = self.right / max(self.right + self.missed, 1)
        precision = self.right / max(self.right + self.false, 1)
        return f"F1 {self.f1:.3f} (recall {recall:.3f}, precision {precision:.3f})"


@dataclass
class Tally:
    """What was found under one kind of change."""

    omissions: Found = field(default_factory=Found)
    insertions: Found = field(default_factory=Found)
    stretches: Found = field(default_factory=Found)
    read: int = 0  # words of the text that were said
    named: int = 0  # of the insertions found, those with the word that was said

    def add(self, case: Case, reply: Assessment) -> None:
        errors = [word.error_type for word in reply.words if word.error_type != "Insertion"]
        assert len(errors) == len(case.words), "one word of the reply for each word of the text"
        called = np.array([error == "Omission" for error in errors])
        truth = np.array(case.left_out)
        self.omissions += Found(int((called & truth).sum()), int((called & ~truth).sum()), int((~called & truth).sum()))
        self.read += int((~truth).sum())
        places: dict[int, list[str]] = {}
        place = 0
        for word in reply.words:
            if word.error_type == "Insertion":
                places.setdefault(place, []).append(word.word)
            else:
                place += 1
        count = sum(map(len, places.values()))
        here = []
        if case.extra:
            said, at = case.extra
            # Beside a word that was swapped, an extra word stands as well after it as before it.
            here = places.get(at, []) or (places.get(at + 1, []) if any(case.left_out) else [])
            self.named += said.lower() in [word.lower() for word in here]
        hit = int(bool(here))
        self.insertions += Found(hit, count - hit, int(bool(case.extra)) - hit)
        self.stretches += Found(hit, len(places) - hit, int(bool(case.extra)) - hit)


def changed(reading: Reading, change: str, vocabulary: Sequence[RatedWord]) -> Case | None:
    """The reading's text with one word changed; None where it has but one, which cannot be dropped."""
    random = np.random.default_rng([SEED, zlib.crc32((reading.utterance + change).encode())])
    words = list(reading.words)
    if change == "none":
        return Case(_texts(words), (False,) * len(words))
    at = int(random.integers(len(words) + (change == "added")))
    if change == "dropped":
        if len(words) < 2:
            return None
        said = words.pop(at)
        return Case(_texts(words), (False,) * len(words), (said.text, at))
    beside = words[max(at - 1, 0) : at + 1] if change == "added" else [words[at]]
    while True:
        other = vocabulary[int(random.integers(len(vocabulary)))]
        if all(_sounds(other) != _sounds(word) for word in beside):
            break
    after = at if change == "added" else at + 1
    extra = None if change == "added" else (words[at].text, at)
    words[at:after] = [other]
    return Case(_texts(words), tuple(i == at for i in range(len(words))), extra)


def _texts(words: Sequence[RatedWord]) -> tuple[str, ...]:
    return tuple(word.text.lower() for word in words)


def _sounds(word: RatedWord) -> tuple[str, ...]:
    return tuple(map(base, word.phones))


def assess(speech: LocalSpeech, reading: Reading, text: str) -> Assessment:
    params = PronunciationScoreParams(text, enable_prosody_assessment=True)
    return speech.assess(Recording.from_file(reading.audio), params=params)


def measure(speech: LocalSpeech, readings: Sequence[Reading], vocabulary: Sequence[RatedWord]) -> dict[str, Tally]:
    tallies = {change: Tally() for change in CHANGES}
    for reading in readings:
        for change, tally in tallies.items():
            case = changed(reading, change, vocabulary)
            if case is not None:
                tally.add(case, assess(speech, reading, case.text))
    return tallies


def wrong_sentences(speech: LocalSpeech, readings: Sequence[Reading], others: Sequence[Reading]) -> list[float]:
    """PronScore of each reading held against the text of another one."""
    return [
        assess(speech, reading, " ".join(_texts(other.words))).scores.pron or 0.0
        for reading, other in zip(readings, _another_text(readings, others), strict=True)
    ]


def _another_text(readings: Sequence[Reading], others: Sequence[Reading]) -> Iterator[Reading]:
    """For each reading one of another text."""
    random = np.random.default_rng(SEED)
    for reading in readings:
        other = reading
        while other.text == reading.text:
            other = others[int(random.integers(len(others)))]
        yield other


def report(tallies: dict[str, Tally], wrong: Sequence[float]) -> str:
    altered = [tally for change, tally in tallies.items() if change != "none"]
    lines = []
    for name, pick in {
        "omissions": lambda tally: tally.omissions,
        "insertions, by word": lambda tally: tally.insertions,
        "insertions, by stretch": lambda tally: tally.stretches,
    }.items():
        total = Found()
        for tally in altered:
            total += pick(tally)
        own = "; ".join(
            f"{change} {found}"
            for change, tally in tallies.items()
            if (found := pick(tally)).right + found.missed  # there was something to find
        )
        lines.append(f"{name:24}{total}\n{'':24}{own}")
    found = sum(tally.insertions.right for tally in altered)
    lines.append(f"{'rightly named':24}{sum(tally.named for tally in altered) / max(found, 1):.1%} of insertions found")
    for change, tally in tallies.items():
        lines.append(f"{'called omitted':24}{tally.omissions.false / tally.read:.2%} of words read, text {change}")
    same = tallies["none"]
    lines.append(f"{'false insertions':24}{same.insertions.false} in {same.read} words read as they stand")
    lines.append(
        f"{'wrong sentence':24}under {WRONG_UNDER} in {np.mean(np.array(wrong) < WRONG_UNDER):.1%} of {len(wrong)}"
    )
    return "\n".join(lines)


def fit(speech: LocalSpeech, readings: Sequence[Reading], others: Sequence[Reading]) -> dict[str, np.ndarray]:
    """Weights and intercepts: that another text was read, and that a word on the likeliest way was not said."""
    vocabulary = [word for reading in others for word in reading.words]
    likenesses, unlike, rows, absent = [], [], [], []
    for reading, other in zip(readings, _another_text(readings, others), strict=True):
        heard = speech._analyzer.model.hear(Recording.from_file(reading.audio).samples)
        own, more = _texts(reading.words), _texts(other.words)
        read = [*filter(None, (changed(reading, change, vocabulary) for change in CHANGES))]
        # Who stops early, or begins late, has read the text all the same.
        longer = [
            Case(own + more, (False,) * len(own) + (True,) * len(more)),
            Case(more + own, (True,) * len(more) + (False,) * len(own)),
        ]
        for case in [*read, *longer, Case(more, (True,) * len(more))]:
            script: Script = speech._analyzer.script(case.text)
            held = Held.of(Ears.of(heard, script), script)
            likenesses.append(held.likeness(held.kept()))
            unlike.append(float(all(case.left_out)))
            if case in read:
                rows.append(held.evidence())
                absent.append(np.array(case.left_out)[held.words])
    return {
        "another text": _logistic_regression(np.array(likenesses), np.array(unlike)),
        "a word not said": _logistic_regression(np.concatenate(rows), np.concatenate(absent).astype(float)),
    }


def _logistic_regression(x: np.ndarray, y: np.ndarray, ridge: float = 0.1) -> np.ndarray:
    """Newton's method on standardized columns; the last entry is the intercept."""
    mean, spread = x.mean(0), x.std(0)
    z = np.c_[(x - mean) / spread, np.ones(len(x))]
    weights = np.zeros(z.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-z @ weights))
        gradient = z.T @ (p - y) + ridge * weights
        weights -= np.linalg.solve((z.T * (p * (1 - p))) @ z + ridge * np.eye(len(weights)), gradient)
    return np.r_[weights[:-1] / spread, weights[-1] - (weights[:-1] * mean / spread).sum()]


def _chosen(readings: Sequence[Reading], count: int) -> Iterator[Reading]:
    for i in np.random.default_rng(SEED).permutation(len(readings))[:count]:
        yield readings[i]


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path, exists=True))
@click.option("--count", default=300, show_default=True, help="Readings to change and assess.")
@click.option("--fit", "fitting", is_flag=True, help="Fit the weights again, to the other speakers.")
def main(corpus: Path, count: int, fitting: bool) -> None:
    readings = read_corpus(corpus)
    apart = held_out({reading.speaker for reading in readings})
    vocabulary = [word for reading in readings for word in reading.words]
    own = [reading for reading in readings if (reading.speaker in apart) is not fitting]
    chosen = list(_chosen(own, count))
    speech = LocalSpeech().load()
    if fitting:
        for name, weights in fit(speech, chosen, readings).items():
            print(f"{name}: weights and intercept {np.round(weights, 3).tolist()}")
        return
    tallies = measure(speech, chosen, vocabulary)
    print(f"{len(chosen)} readings of {len(apart)} speakers that nothing in the search was fitted to")
    print(report(tallies, wrong_sentences(speech, chosen, readings)))


if __name__ == "__main__":
    main()
