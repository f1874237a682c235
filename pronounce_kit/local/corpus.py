"""Rated recordings: the folder format that the engine is trained and evaluated on.

    labels.jsonl    one reading a line
    audio/          <utterance>.flac, or any other sound file that `Recording` takes

A line may name its file as "audio", counted from either folder; else it is the one called as the utterance.
The corpus is speechocean762 (Zhang et al., Interspeech 2021, OpenSLR 101, CC BY 4.0) or another one laid out like it.
"""

from __future__ import annotations

import json
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from ..errors import InputError
from ..sound_files import SUFFIXES
from .lexicon import with_citation_stress
from .phones import ARPABET, base, is_vowel

SENTENCE_SCALES = ("accuracy", "fluency", "prosodic")
"""The experts' sentence ratings that are learned, 0-10 each; "total" is met by the service's formula over scores."""


@dataclass(frozen=True, slots=True)
class RatedWord:
    """A word with the experts' mean ratings: each phone 0 (wrong or missing) to 2 (right), the word 0-10 or None."""

    text: str
    phones: tuple[str, ...]
    ratings: tuple[float, ...]
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence read aloud by one speaker, with ratings; `sentence` is None where it was not rated as a whole."""

    utterance: str
    speaker: str
    age: int
    gender: str
    text: str
    words: tuple[RatedWord, ...]
    sentence: dict[str, float] | None
    audio: Path

    @property
    def ratings(self) -> tuple[float, ...]:
        """The ratings of all phones, in order."""
        return tuple(rating for word in self.words for rating in word.ratings)


def read_corpus(folder: str | Path) -> list[Reading]:
    """All readings of a corpus folder. Raises `InputError` when it is not one, or a recording is missing."""
    folder = Path(folder)
    labels = folder / "labels.jsonl"
    if not labels.is_file():
        raise InputError(
            f"{folder} has no labels.jsonl. Give a corpus folder: labels.jsonl and audio/ with the recordings."
        )
    readings = []
    files = Recordings(folder)
    for number, line in enumerate(labels.read_text(encoding="utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        try:
            readings.append(_reading(json.loads(line), files))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{labels}, line {number} is no rated reading ({error!r}). Mend or remove it.") from None
    if not readings:
        raise InputError(f"{labels} is empty. Give a corpus folder with at least one reading.")
    absent = [reading.audio.name for reading in readings if not reading.audio.is_file()]
    if absent:
        raise InputError(
            f"{len(absent)} of {len(readings)} recordings are not in {folder / 'audio'}, first {absent[0]}. "
            "Put them there, or take their lines out of labels.jsonl."
        )
    return readings


class Recordings:
    """The sound files of a corpus folder."""

    def __init__(self, folder: Path) -> None:
        self._folders = (folder / "audio", folder)
        # Without loss before with loss, where an utterance is there in several formats.
        files = [
            path
            for each in self._folders
            if each.is_dir()
            for path in sorted(
                each.iterdir(), key=lambda path: (_FIRST.get(path.suffix.lower(), len(_FIRST)), path.name)
            )
            if path.suffix.lower() in SUFFIXES
        ]
        self._by_stem: dict[str, Path] = {}
        for path in files:
            self._by_stem.setdefault(unicodedata.normalize("NFC", path.stem), path)

    def of(self, labels: dict[str, Any]) -> Path:
        """The file of a line of labels.jsonl, or where it should be."""
        named = labels.get("audio")
        if isinstance(named, str) and named:
            places = [folder / PureWindowsPath(named).as_posix() for folder in self._folders]
            if there := next((place for place in places if place.is_file()), None):
                return there
            return self._called(PureWindowsPath(named).stem) or places[0]
        name = str(labels["utterance"])
        return self._called(name) or self._folders[0] / f"{name}.flac"

    def _called(self, stem: str) -> Path | None:
        return self._by_stem.get(unicodedata.normalize("NFC", stem))


_FIRST = {".flac": 0, ".wav": 1}


def _reading(labels: dict[str, Any], files: Recordings) -> Reading:
    words = tuple(
        RatedWord(
            word["text"],
            with_citation_stress(word["text"], tuple(word["phones"])),
            tuple(map(float, word["phone_scores"])),
            word.get("accuracy"),
        )
        for word in labels["words"]
    )
    if not words or any(len(word.phones) != len(word.ratings) or not word.phones for word in words):
        raise ValueError("each word needs phones, and one rating a phone")
    name = labels["utterance"]
    return Reading(
        utterance=name,
        speaker=labels["speaker"],
        age=int(labels["age"]),
        gender=labels["gender"],
        text=labels["text"],
        words=words,
        sentence=labels.get("sentence"),
        audio=files.of(labels),
    )


def folds_by_speaker(readings: Sequence[Reading], folds: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Fold number of each reading, 0 to folds - 1; a speaker is in one fold only, ages spread evenly."""
    ages = {reading.speaker: reading.age for reading in readings}
    if not 2 <= folds <= len(ages):
        raise InputError(f"{folds} folds of {len(ages)} speakers cannot be made. Use 2 to {len(ages)}.")
    order = np.random.default_rng(seed).permutation(sorted(ages))
    by_age = sorted(order, key=lambda speaker: ages[speaker])
    fold_of = {speaker: i % folds for i, speaker in enumerate(by_age)}
    return np.array([fold_of[reading.speaker] for reading in readings])


# What a learner may say for each phone: the classical confusions of learners of English.
CONFUSIONS: dict[str, tuple[str, ...]] = {
    phone: tuple(others.split())
    for phone, others in {
        "AA": "AO AH AW", "AE": "EH AH AA", "AH": "AA AE UH", "AO": "OW AA UH", "AW": "AA AO OW", "AY": "AE EY",
        "B": "P V", "CH": "SH JH T", "D": "T DH", "DH": "D Z V", "EH": "AE IH EY", "ER": "AH AO", "EY": "EH AY",
        "F": "P V TH", "G": "K", "HH": "F", "IH": "IY EH", "IY": "IH", "JH": "CH ZH Y", "K": "G", "L": "R N W",
        "M": "N", "N": "L M NG", "NG": "N", "OW": "AO UH", "OY": "AO AY", "P": "B F", "R": "L W", "S": "TH SH Z",
        "SH": "S CH", "T": "D CH", "TH": "S T F", "UH": "UW AH", "UW": "UH", "V": "W F B", "W": "V", "Y": "JH",
        "Z": "S JH", "ZH": "SH JH Z",
    }.items()
}  # fmt: skip
_FINAL_CONSONANTS = ("T", "D", "S", "Z", "K", "L", "N", "M", "P", "F", "V", "TH")
RIGHT = 2.0
"""Mean rating from which all experts called a phone right."""


@dataclass(frozen=True, slots=True)
class Perturbed:
    """A reading whose text now asks for sounds that the learner did not say.

    words: phones of each word. wrong: for all phones in order, whether the text was changed there.
    """

    words: tuple[tuple[str, ...], ...]
    wrong: tuple[bool, ...]


def perturb(reading: Reading, every: int = 10, dropped_share: float = 0.15) -> Perturbed | None:
    """Ask for other sounds where the learner's were rated right, about one in `every` phones, never two in a row.

    Most are a confusable phone in place of the rated one; about `dropped_share` are a consonant put at the end of a
    word, which the learner then appears to have dropped. The same reading gives the same changes. None when no phone
    was rated right.
    """
    random = np.random.default_rng(zlib.crc32(reading.utterance.encode()))
    words = []
    wrong: list[bool] = []
    right = [i for i, rating in enumerate(reading.ratings) if rating >= RIGHT]
    chosen = _scattered(right, len(reading.ratings), every, random)
    i = -1
    for w, word in enumerate(reading.words):
        phones = []
        for p, phone in enumerate(word.phones):
            i += 1
            if i not in chosen:
                phones.append(phone)
                wrong.append(False)
            elif p == len(word.phones) - 1 and random.random() < dropped_share * 3:  # a third of phones end a word
                after = base(reading.words[w + 1].phones[0]) if w + 1 < len(reading.words) else ""
                options = [c for c in _FINAL_CONSONANTS if c not in (base(phone), after)]
                phones += [phone, str(random.choice(options))]
                wrong += [False, True]
            else:
                phones.append(_confused(phone, random))
                wrong.append(True)
        words.append(tuple(phones))
    return Perturbed(tuple(words), tuple(wrong)) if any(wrong) else None


@dataclass(frozen=True, slots=True)
class Misreading:
    """A sentence of the corpus for the model voice to speak with mistakes.

    words: phones to speak. wrong: for all phones of the reading in order, whether another or none is spoken. speed:
    pace of the voice. pitch: factor by which the recording is then sped up, pitch and formants with it.
    """

    words: tuple[tuple[str, ...], ...]
    wrong: tuple[bool, ...]
    speed: float
    pitch: float


def misread(reading: Reading, number: int, every: int = 10, dropped_share: float = 0.15) -> Misreading:
    """Let a fluent voice make mistakes in about one of `every` phones, with a pace and pitch of its own.

    number: from 0 on; each of a sentence has other mistakes.
    """
    random = np.random.default_rng(zlib.crc32(reading.utterance.encode()) + 1 + number)
    count = len(reading.ratings)
    chosen = _scattered(range(count), count, every, random)
    words = []
    i = -1
    for word in reading.words:
        phones: list[str] = []
        for p, phone in enumerate(word.phones):
            i += 1
            dropped = p and p == len(word.phones) - 1 and not is_vowel(phone) and random.random() < dropped_share * 3
            if i not in chosen:
                phones.append(phone)
            elif not dropped:
                phones.append(_confused(phone, random))
        words.append(tuple(phones))
    pitch = float(random.uniform(0.85, 1.15))
    return Misreading(
        words=tuple(words),
        wrong=tuple(i in chosen for i in range(count)),
        speed=float(random.uniform(0.75, 1.15)) / pitch,
        pitch=pitch,
    )


def _scattered(places: Sequence[int], count: int, every: int, random: np.random.Generator) -> set[int]:
    """About one of `every` of `count` places, drawn from `places`, no two within three of each other."""
    chosen: set[int] = set()
    for i in map(int, random.permutation(places)):
        if len(chosen) == max(1, round(count / every)):
            break
        if all(abs(i - j) >= 3 for j in chosen):
            chosen.add(i)
    return chosen


def _confused(phone: str, random: np.random.Generator) -> str:
    """A phone that learners take for this one, a vowel with its stress."""
    other = str(random.choice(CONFUSIONS[base(phone)]))
    if is_vowel(other):
        other += phone[-1] if phone[-1].isdigit() else "1"
    return other


assert set(CONFUSIONS) == set(ARPABET)  # noqa: S101
