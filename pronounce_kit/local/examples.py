"""Rated readings turned into rows for the models, for training and for evaluation alike."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..recording import Recording
from .acoustics import AcousticModel, Floats
from .analysis import Analyzer, Hearing, Script
from .corpus import Reading, misread, perturb
from .features import pause_statistics, phone_features
from .lexicon import LexicalWord
from .miscue import said_words
from .voice import SAMPLE_RATE as VOICE_RATE

Rows = NDArray[np.float32]
T = TypeVar("T")

_MISREAD_ONE_IN = 3


class Track(Protocol):
    """Wraps an iterator of known length in a progress bar."""

    def __call__(self, items: Iterator[T], total: int, description: str, /) -> Iterable[T]:
        """Give back the items, showing how many of the total are done."""
        ...


def untracked(items: Iterator[T], total: int, description: str, /) -> Iterable[T]:
    """A `Track` that shows nothing."""
    return items


class CachedModel:
    """An acoustic model whose posteriors are kept on disk, by the content of the samples."""

    def __init__(self, model: AcousticModel, folder: str | Path) -> None:
        self._model = model
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self.frame_s = model.frame_s

    def posteriors(self, samples: NDArray[np.float32]) -> Floats:
        """See `AcousticModel.posteriors`; rounded to float32, cached or not."""
        content = np.ascontiguousarray(samples, np.float32).tobytes()
        path = self._folder / f"{hashlib.sha256(content).hexdigest()[:32]}.npy"
        if path.exists():
            return np.asarray(np.load(path), np.float64)
        found = self._model.posteriors(samples).astype(np.float32)
        temporary = path.with_suffix(f".{os.getpid()}.{id(samples)}.tmp")
        with temporary.open("wb") as file:
            np.save(file, found)
        temporary.replace(path)
        return found.astype(np.float64)


@dataclass(frozen=True, slots=True)
class Example:
    """One reading as the models see it.

    rows, ratings: (N, F) and (N,) for the corpus's own phones; ratings 0-2. changed_rows, changed: the same recording
    against the perturbed text, and where that was changed. misread_rows, misread: for some readings, the model voice
    reading the text with mistakes, and where; else empty. script: of the text as users meet it, where the reading was
    rated as a whole. shipped, shipped_rows: the recording against that script without the words that the engine
    takes for omitted; None where the script's words are not the corpus's, or none was heard. said: (W,) which words
    were said. pauses: of the audio.
    """

    reading: Reading
    rows: Rows
    ratings: Floats
    changed_rows: Rows
    changed: NDArray[np.bool_]
    misread_rows: Rows
    misread: NDArray[np.bool_]
    script: Script | None
    shipped: Hearing | None
    shipped_rows: Rows
    said: NDArray[np.bool_]
    pauses: tuple[float, ...]
    duration_s: float

    @property
    def word_ratings(self) -> Floats:
        """The experts' accuracy of each word, (W,), on 0-100; NaN where a word was not rated."""
        return np.array([np.nan if word.accuracy is None else word.accuracy * 10.0 for word in self.reading.words])


def make_examples(
    readings: Sequence[Reading], analyzer: Analyzer, *, workers: int = 2, track: Track = untracked
) -> list[Example]:
    """Listen to every reading. Takes about 0.2 s of one core a second of audio the first time."""

    def one(reading: Reading) -> Example:
        return _example(reading, analyzer)

    with ThreadPoolExecutor(workers) as pool:
        return list(track(pool.map(one, readings), len(readings), "listening"))


def _example(reading: Reading, analyzer: Analyzer) -> Example:
    samples = Recording.from_file(reading.audio).samples
    posteriors = analyzer.model.posteriors(samples)

    def rows_for(phones: Iterable[tuple[str, ...]]) -> Rows:
        words = [LexicalWord(word.text, own) for word, own in zip(reading.words, phones, strict=True)]
        hearing = analyzer.hold(posteriors, analyzer.script_of_words(words, variants=False))
        return rows_of(hearing) if hearing else np.zeros((0, 0), np.float32)

    rows = rows_for(word.phones for word in reading.words)
    perturbed = perturb(reading)
    changed_rows = rows_for(perturbed.words) if perturbed and len(rows) else rows[:0]
    voice_rows, misread_at = _misreading(reading, analyzer) if _is_misread(reading) else (rows[:0], ())
    hearing, script, said = None, None, np.ones(len(reading.words), bool)
    if reading.sentence:
        script = analyzer.script(reading.text)
        if len(script.words) == len(reading.words):
            said = said_words(posteriors, script)
            hearing = analyzer.hold(posteriors, script.only(said)) if said.any() else None
    return Example(
        reading=reading,
        rows=rows,
        ratings=np.array(reading.ratings) if len(rows) else np.zeros(0),
        changed_rows=changed_rows,
        changed=np.array(perturbed.wrong if perturbed and len(changed_rows) else (), bool),
        misread_rows=voice_rows,
        misread=np.array(misread_at if len(voice_rows) else (), bool),
        script=script,
        shipped=hearing,
        shipped_rows=rows_of(hearing) if hearing else rows[:0],
        said=said,
        pauses=pause_statistics(samples),
        duration_s=len(samples) / 16_000,
    )


def _is_misread(reading: Reading) -> bool:
    return zlib.crc32(reading.utterance.encode()) % _MISREAD_ONE_IN == 0


def _misreading(reading: Reading, analyzer: Analyzer) -> tuple[Rows, tuple[bool, ...]]:
    """The model voice reading the text with mistakes: its rows, and where it misreads."""
    plan = misread(reading)
    spoken = analyzer.voice.say_phones(plan.words, plan.speed)
    samples = Recording.from_array(spoken, round(VOICE_RATE * plan.pitch)).samples
    words = [LexicalWord(word.text, word.phones) for word in reading.words]
    hearing = analyzer.hold(analyzer.model.posteriors(samples), analyzer.script_of_words(words, variants=False))
    return (rows_of(hearing) if hearing else np.zeros((0, 0), np.float32)), plan.wrong


def rows_of(hearing: Hearing) -> Rows:
    """The phone model's rows for a recording held against a script."""
    return phone_features(hearing.script.layout, hearing.view, hearing.script.voice)
