"""A student's practice without a screen: score each take, remember the attempts, have the model voice read.

    practice = Practice(["I think so."])
    attempt = practice.add("a1", 0, take)      # a take that is on disk (`takes.keep`)
    practice.score(attempt)["scene"]           # what the card shows of it
    practice.attempts                          # all of them, with their Assessment

The card (`card.py`) turns messages of the browser into these calls. All methods may be called from any thread.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError, PronounceKitError, TextError
from ..params import PronunciationScoreParams
from ..recording import Recording
from ..results import Assessment
from ..service import SpeechService, connect, name_and_version
from ..storage import write_whole
from .plain_words import in_plain_words
from .scene import Json, ModelReading, scene_of
from .takes import Take

LANGUAGE = "en-US"


class KeepsAttempts(Protocol):
    """What is asked of a gradebook."""

    def record(self, assessment: Assessment, **known: Any) -> str:
        """Keep an attempt; returns its id."""
        ...


@dataclass(slots=True)
class Attempt:
    """One take of one text.

    Attributes
    ----------
    id : str
        Names the take.
    index : int
        Which of the card's texts, from 0.
    text : str
        What was to be read.
    number : int
        Counts the attempts at this text from 1.
    recorded_at : datetime.datetime
        When it arrived, in UTC.
    path : pathlib.Path or None
        The recording on disk, the service's reply beside it with the suffix .json; None if it could not be written.
    recording : Recording or None
        What was recorded; None where it could not be decoded.
    assessment : Assessment or None
        None until it is scored, and where it could not be.
    problem : str or None
        Why it could not be scored, in plain words; None if it was.
    attempt_id : str or None
        Its id in the gradebook, where there is one.

    Examples
    --------
    >>> card = pk.widgets.PracticeCard(text, service)
    >>> [(attempt.number, attempt.path, attempt.problem) for attempt in card.attempts]
    []
    >>> card.close()
    """

    id: str
    index: int
    text: str
    number: int
    recorded_at: datetime
    path: Path | None
    recording: Recording | None = field(repr=False)
    assessment: Assessment | None = None
    problem: str | None = None
    attempt_id: str | None = None


class Practice:
    """See the module. Parameters are those of `PracticeCard`."""

    def __init__(
        self,
        texts: str | Sequence[str],
        service: SpeechService | None = None,
        gradebook: KeepsAttempts | None = None,
        *,
        student: str | None = None,
        class_name: str | None = None,
        task: str | None = None,
        language: str = LANGUAGE,
        params: PronunciationScoreParams | None = None,
    ) -> None:
        self.texts = _checked_texts(texts)
        if gradebook is not None and not student:
            raise InputError("The gradebook needs to know whose attempts these are. Give student='a name'.")
        self.gradebook, self.student, self.class_name, self.task = gradebook, student, class_name, task
        self.language, self.params = language, params
        self.attempts: list[Attempt] = []
        self._service = service
        self._models: dict[int, ModelReading] = {}
        self._said: dict[str, bytes] = {}
        self._lock = threading.RLock()  # of attempts and service
        self._speaking = threading.Lock()  # of models: one is made at a time

    # --- the service ----------------------------------------------------------------------------------------

    @property
    def service(self) -> SpeechService:
        """The one given, or that of `connect()`, made when it is first needed."""
        with self._lock:
            if self._service is None:
                self._service = connect(announce=None)
            return self._service

    @property
    def offline(self) -> bool:
        """Whether the service is one of this machine, which may be asked before anything is needed."""
        return hasattr(self.service, "load")

    # --- takes ----------------------------------------------------------------------------------------------

    def add(self, id: str, index: int, take: Take) -> Attempt:
        """Count a take, which is on disk already, as an attempt at a text."""
        with self._lock:
            number = 1 + sum(attempt.index == index for attempt in self.attempts)
            now = datetime.now(timezone.utc)
            attempt = Attempt(id, index, self.texts[index], number, now, take.path, take.recording)
            if take.recording is None:
                attempt.problem = take.problem
            self.attempts.append(attempt)
            return attempt

    def find(self, id: str) -> Attempt | None:
        """The attempt with this id."""
        with self._lock:
            return next((attempt for attempt in self.attempts if attempt.id == id), None)

    def score(self, attempt: Attempt) -> Json:
        """Assess an attempt, and return what the card shows of it, with the milliseconds that each step took.

        Never raises: what went wrong is told in plain words under "problem", and under "notice" what else to know.
        """
        clock = _Clock()
        notice = None
        if attempt.recording is not None:
            try:
                attempt.assessment = self._assess(attempt.recording, attempt.text)
                attempt.problem = None
                clock.lap("assess")
                if attempt.path is not None:
                    write_whole(attempt.path.with_suffix(".json"), _reply(attempt.assessment))
                clock.lap("reply to disk")
                notice = self._record(attempt)
                clock.lap("gradebook")
            except Exception as error:  # the outermost place: a student sees every error on the card
                attempt.problem = in_plain_words(error, _kept(attempt))
        shown = self.shown(attempt)
        clock.lap("scene")
        return {**shown, "notice": notice, "milliseconds": clock.laps}

    def _assess(self, recording: Recording, text: str) -> Assessment:
        return self.service.assess(recording, language=self.language, params=self._params(text))

    def _params(self, text: str) -> PronunciationScoreParams:
        params = self.params or PronunciationScoreParams(
            text, nbest_phoneme_count=5, enable_prosody_assessment=self.language == LANGUAGE
        )
        return replace(params, reference_text=text)

    def _record(self, attempt: Attempt) -> str | None:
        """Enter a scored attempt in the gradebook; returns why that failed."""
        if self.gradebook is None or attempt.assessment is None:
            return None
        service, version = name_and_version(self.service)
        try:
            attempt.attempt_id = self.gradebook.record(
                attempt.assessment,
                student=self.student,
                class_name=self.class_name,
                task=self.task,
                recording=attempt.path or attempt.recording,
                recorded_at=attempt.recorded_at,
                service=service,
                service_version=version,
                params=self._params(self.texts[attempt.index]),
                key=f"take:{attempt.id}",
            )
        except Exception as error:  # a gradebook of whatever kind takes no score away
            return in_plain_words(error, "This attempt is not in the gradebook.", _kept(attempt))
        return None

    def shown(self, attempt: Attempt) -> Json:
        """What the card shows of an attempt, as it is known now."""
        scene = None
        if attempt.assessment is not None and attempt.recording is not None:
            scene = scene_of(attempt.assessment, attempt.recording, self._models.get(attempt.index))
        return {
            "id": attempt.id,
            "index": attempt.index,
            "number": attempt.number,
            "problem": attempt.problem,
            "scene": scene,
        }

    # --- the model voice ------------------------------------------------------------------------------------

    def has_model(self, index: int) -> bool:
        """Whether the model voice has read this text already."""
        return index in self._models

    def model(self, index: int) -> ModelReading:
        """The model voice's reading of a text, made when it is first asked for."""
        with self._speaking:
            if index not in self._models:
                text = self.texts[index]
                sound = self.service.synthesize(text)
                try:
                    assessment = self._assess(Recording.from_bytes(sound), text)
                except PronounceKitError:  # also a fault, which the next reading will tell of
                    assessment = None  # it can be heard all the same, only not word by word
                self._models[index] = ModelReading(sound, assessment)
            return self._models[index]

    def say(self, text: str) -> bytes:
        """A few words by the model voice, such as a minimal pair; the bytes of a sound file."""
        with self._speaking:
            if text not in self._said:
                self._said[text] = self.service.synthesize(text)
            return self._said[text]


class _Clock:
    """Milliseconds of steps that follow each other."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(1000 * (now - self._since), 1)
        self._since = now


def _reply(assessment: Assessment) -> bytes:
    return json.dumps(assessment.raw, ensure_ascii=False, indent=1).encode()


def _kept(attempt: Attempt) -> str:
    return f"Your recording is kept: {attempt.path}." if attempt.path else ""


def _checked_texts(texts: str | Sequence[str]) -> list[str]:
    given = [texts] if isinstance(texts, str) else list(texts)
    if not given:
        raise TextError("There is no text to practise. Give a sentence, or a list of sentences.")
    for number, text in enumerate(given, 1):
        if not isinstance(text, str) or not text.strip():
            raise TextError(f"Text {number} is {text!r}. Give a sentence to read aloud.")
    return [" ".join(text.split()) for text in given]
