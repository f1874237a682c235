"""Speech -> words, without a reference text: what `LocalSpeech.recognize` answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .acoustics import BLANK, Floats, Heard, sound_begins
from .beam import Beam, Search, Tree
from .language import unpack
from .listener import Listener
from .profanity import rewrite
from .timing import phone_times, ticks
from .written import display, itn

Json = dict[str, Any]

FORMATS = ("simple", "detailed")
"""Values of the service's `format` parameter."""
NBEST = 5
"""Most readings of a detailed reply."""

# Fitted to 240 readings of speakers that `tests.recognition` does not measure on, and to sentences of the voice.
_SEARCH = Search(language=0.6, word=0.0, beam=15.0, width=1500)
_SHARE = 0.85  # of the listener's posteriors; the rest are the recognizer's own
_FLOOR = 0.003  # probability spread over all phones: any sound may be another
_SCALE = 0.7  # neighbouring frames say much the same, so each counts less than full
_BLANK_COST = 1.5  # a CTC model prefers to say nothing
_IDLE = 0.99  # from this probability of a blank on nothing begins in a frame

# Confidence is about the share of the words that are right: a logistic function of how far, per phone, the words stay
# behind the sounds alone.
_MIDDLE, _SLOPE = 1.35, 4.0
_EXTRA = 2  # phones: the words of a short text stay behind more, as a language model expects none of them
_RIVAL = 8.0  # log odds by which a rival falls behind to lose about two thirds of the confidence

# The language model was made from written text; what was said is the whole word, which `itn` may shorten again.
_SPOKEN = {"dr": "doctor", "mr": "mister", "mrs": "missus"}


@dataclass(frozen=True, slots=True)
class Transcript:
    """One reading of what was said: its words, and how sure it is (0-1)."""

    words: tuple[str, ...]
    confidence: float


class Recognizer:
    """A dictionary, a language model and the search over them. Loads in half a second; threads may share one."""

    def __init__(self) -> None:
        model, vocabulary = unpack()
        self.names = vocabulary.names
        self._words = model.words
        self._beam = Beam(Tree.of(vocabulary.phones, vocabulary.said, model.log_p), model, _SEARCH)
        self._listener = Listener.load()

    def hear(self, heard: Heard, count: int = NBEST) -> list[Transcript]:
        """Readings of what the acoustic model heard, likeliest first, all distinct; empty for no words."""
        if not len(heard.posteriors):
            return []
        log_p = self._log_likelihood(heard)
        found = self._beam.decode(log_p, heard.posteriors[:, BLANK] > _IDLE, 2 * count)
        if not found:
            return []
        said = int(sound_begins(log_p.argmax(1)).sum())
        behind = (log_p.max(1).sum() - found[0].score) / (said + _EXTRA)
        sure = 1 / (1 + np.exp(_SLOPE * (behind - _MIDDLE)))
        readings: dict[tuple[str, ...], float] = {}
        for one in found:
            words = tuple(_SPOKEN.get(self._words[word], self._words[word]) for word in one.words)
            readings.setdefault(words, float(sure * np.exp((one.score - found[0].score) / _RIVAL)))
        return [Transcript(words, confidence) for words, confidence in readings.items()][:count]

    def spell(self, heard: Heard, start: int, stop: int) -> list[tuple[str, int]]:
        """The likeliest words of the frames from start up to stop, and the frame of each one's last sound.

        What was heard in the whole recording is given, since sounds are known by what is around them. Empty where no
        word fits.
        """
        some = slice(start, stop)
        found = self._beam.decode(self._log_likelihood(heard)[some], heard.posteriors[some, BLANK] > _IDLE)
        if not found:
            return []
        return [(self._words[word], start + frame) for word, frame in zip(found[0].words, found[0].frames, strict=True)]

    def _log_likelihood(self, heard: Heard) -> Floats:
        """(T, 40) what the search looks at."""
        mixed = _SHARE * self._listener.hear(heard) + (1 - _SHARE) * heard.posteriors
        log_p: Floats = _SCALE * np.log((1 - _FLOOR) * mixed + _FLOOR / (BLANK + 1))
        log_p[:, BLANK] -= _BLANK_COST
        return log_p


def build_recognition(
    readings: list[Transcript],
    posteriors: Floats,
    frame_s: float,
    duration_s: float,
    *,
    names: frozenset[str],
    detailed: bool,
    profanity: str,
) -> Json:
    """The service's reply, simple or detailed. Without words, or with none left, it is a NoMatch."""
    candidates = [_candidate(reading, names, profanity) for reading in readings]
    if not candidates or not candidates[0]["MaskedITN"]:
        return {"RecognitionStatus": "NoMatch", **({"NBest": []} if detailed else {})}
    sounds = np.flatnonzero(posteriors.argmax(1) != BLANK)
    peaks = sounds[[0, -1]].astype(float) if len(sounds) else np.array([0.0, len(posteriors) - 1.0])
    starts, stops = phone_times(peaks, frame_s, duration_s)
    reply: Json = {"RecognitionStatus": "Success", **ticks(float(starts[0]), float(stops[-1]))}
    if detailed:
        return {**reply, "NBest": [candidate for candidate in candidates if candidate["MaskedITN"]]}
    return {**reply, "DisplayText": candidates[0]["Display"]}


def _candidate(reading: Transcript, names: frozenset[str], profanity: str) -> Json:
    lexical = " ".join(reading.words)
    written = itn(lexical)
    masked = rewrite(written, profanity)
    return {
        "Confidence": round(min(max(reading.confidence, 0.0), 1.0), 7),
        "Lexical": lexical,
        "ITN": written,
        "MaskedITN": masked,
        # What is left of a text is a sentence again; asterisks come after the capitals.
        "Display": display(masked, names) if profanity == "removed" else rewrite(display(written, names), profanity),
    }
