"""Rated readings turned into rows for the models, for training and for evaluation alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..recording import Recording
from .acoustics import Floats, Heard
from .analysis import Analyzer, Hearing, Script
from .contour import Contour
from .corpus import Reading, misread, perturb
from .lexicon import LexicalWord
from .miscue import Ears, find_miscues
from .network import Sounds
from .prosody_features import manner_of
from .voice import SAMPLE_RATE as VOICE_RATE

Rows = NDArray[np.float32]
T = TypeVar("T")

_MISREADINGS = 2  # of each text
_OTHER_SPEEDS = (7 / 8, 9 / 8)


class Track(Protocol):
    """Wraps an iterator of known length in a progress bar."""

    def __call__(self, items: Iterator[T], total: int, description: str, /) -> Iterable[T]:
        """Give back the items, showing how many of the total are done."""
        ...


def untracked(items: Iterator[T], total: int, description: str, /) -> Iterable[T]:
    """A `Track` that shows nothing."""
    return items


@dataclass(frozen=True, slots=True)
class Mistaken:
    """The model voice reading a text with mistakes, held against the text, and where they are, (N,)."""

    sounds: Sounds
    at: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Example:
    """One reading as the models see it; None where the recording cannot be held against the phones.

    canonical, ratings: the corpus's own phones and their ratings, 0-2, (N,). changed, changed_at: the same recording
    against the perturbed text, and where that was changed. misread: the model voice reading the text with mistakes.
    other_voices: as `canonical`, of the recording made deeper and slower, and higher and faster. script: of the text as
    users meet it, where the reading was rated as a whole. shipped: the recording against that script without the words
    that the engine takes for omitted; None where the script's words are not the corpus's, or none was heard.
    shipped_other_voices: the same of the changed recordings. said: (W,) which words were said. manner: how it was read
    apart from its sounds (`prosody_features.manner_of`). another: probability that another text was read.
    """

    reading: Reading
    canonical: Sounds | None
    ratings: Floats
    changed: Sounds | None
    changed_at: NDArray[np.bool_]
    misread: tuple[Mistaken, ...]
    other_voices: tuple[Sounds, ...]
    script: Script | None
    shipped: Hearing | None
    shipped_other_voices: tuple[Sounds, ...]
    said: NDArray[np.bool_]
    manner: tuple[float, ...]
    duration_s: float
    another: float

    @property
    def shipped_voices(self) -> tuple[Sounds, ...]:
        """The phones of `shipped`, in all voices."""
        return (self.shipped.sounds(), *self.shipped_other_voices) if self.shipped else ()

    @property
    def word_ratings(self) -> Floats:
        """The experts' accuracy of each word, (W,), on 0-100; NaN where a word was not rated."""
        return np.array([np.nan if word.accuracy is None else word.accuracy * 10.0 for word in self.reading.words])


def make_examples(
    readings: Sequence[Reading], analyzer: Analyzer, *, workers: int = 2, track: Track = untracked
) -> list[Example]:
    """Listen to every reading. Takes about 0.2 s of one core a second of audio, most of it for the model voice."""

    def one(reading: Reading) -> Example:
        return _example(reading, analyzer)

    with ThreadPoolExecutor(workers) as pool:
        return list(track(pool.map(one, readings), len(readings), "listening"))


def _example(reading: Reading, analyzer: Analyzer) -> Example:
    samples = Recording.from_file(reading.audio).samples
    heard = analyzer.model.hear(samples)
    others = [analyzer.model.hear(_at_speed(samples, speed)) for speed in _OTHER_SPEEDS]

    def script_for(phones: Iterable[tuple[str, ...]]) -> Script:
        words = [LexicalWord(word.text, own) for word, own in zip(reading.words, phones, strict=True)]
        return analyzer.script_of_words(words, variants=False)

    def sounds(heard: Heard, script: Script) -> Sounds | None:
        hearing = analyzer.hold(heard, script)
        return _compact(hearing.sounds()) if hearing else None

    canonical_script = script_for(word.phones for word in reading.words)
    canonical = sounds(heard, canonical_script)
    perturbed = perturb(reading) if canonical else None
    changed = sounds(heard, script_for(perturbed.words)) if perturbed else None
    misreadings = [_misreading(reading, number, analyzer) for number in range(_MISREADINGS)]
    script, hearing, said, another = None, None, np.ones(len(reading.words), bool), 0.0
    if reading.sentence:
        script = analyzer.script(reading.text)
        if len(script.words) == len(reading.words):
            miscues = find_miscues(Ears.of(heard, script), script)
            said, another = miscues.said, miscues.another
            hearing = analyzer.hold(heard, script.only(said)) if said.any() else None
    return Example(
        reading=reading,
        canonical=canonical,
        ratings=np.array(reading.ratings) if canonical else np.zeros(0),
        changed=changed,
        changed_at=np.array(perturbed.wrong if perturbed and changed else (), bool),
        misread=tuple(own for own in misreadings if own),
        other_voices=_known(sounds(other, canonical_script) for other in others) if canonical else (),
        script=script,
        shipped=hearing,
        shipped_other_voices=_known(sounds(other, hearing.script) for other in others) if hearing else (),
        said=said,
        manner=_manner(samples, hearing) if hearing else (),
        duration_s=len(samples) / 16_000,
        another=another,
    )


def _manner(samples: NDArray[np.float32], hearing: Hearing) -> tuple[float, ...]:
    return manner_of(samples, hearing, Contour.of(samples, hearing.view.peak, hearing.frame_s))


def _at_speed(samples: NDArray[np.float32], speed: float) -> NDArray[np.float32]:
    """The recording played at another speed: under 1 slower and deeper, a child more like an adult."""
    return Recording.from_array(samples, round(16_000 * speed)).samples


def _compact(sounds: Sounds) -> Sounds:
    """The same in half the memory where that does not matter."""
    return replace(sounds, learner=sounds.learner.astype(np.float16), voice=sounds.voice.astype(np.float16))


def _known(sounds: Iterable[Sounds | None]) -> tuple[Sounds, ...]:
    return tuple(own for own in sounds if own)


def _misreading(reading: Reading, number: int, analyzer: Analyzer) -> Mistaken | None:
    plan = misread(reading, number)
    spoken = analyzer.voice.say_phones(plan.words, plan.speed)
    samples = Recording.from_array(spoken, round(VOICE_RATE * plan.pitch)).samples
    words = [LexicalWord(word.text, word.phones) for word in reading.words]
    hearing = analyzer.hear(samples, analyzer.script_of_words(words, variants=False))
    return Mistaken(_compact(hearing.sounds()), np.array(plan.wrong, bool)) if hearing else None
