"""The engine's findings as a reply of the Speech service, in its flat (REST) JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..params import PronunciationScoreParams
from ..results import pron_score
from .acoustics import BLANK, Floats
from .added import Addition
from .analysis import Hearing, Script
from .features import Ints
from .feedback import text_feedback, word_feedback
from .gop import DELETION
from .lexicon import LexicalWord
from .pauses import Pace
from .phones import ARPABET, NAMERS, VOWELS, base, stress, syllabify
from .prosody import Prosody, WordProsody
from .scores import MISPRONOUNCED, HeardScores
from .timing import TICKS_PER_SECOND, phone_times, ticks

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WordFinding:
    """What was found for one word of the text; all arrays are empty if it was not said.

    accuracy: 0-100. said: (n,) phone judged by, an index into ARPABET or DELETION. scores, starts, ends: (n,) each.
    candidates: (n, 39) probability of each sound having been said there. prosody: None where it was not looked at.
    """

    word: LexicalWord
    accuracy: float
    said: Ints
    scores: Floats
    starts: Floats
    ends: Floats
    candidates: Floats
    prosody: WordProsody | None = None

    @classmethod
    def omission(cls, word: LexicalWord) -> WordFinding:
        """The finding that a word was not said."""
        none = np.zeros(0)
        return cls(word, 0.0, np.zeros(0, np.int64), none, none, none, np.zeros((0, BLANK)))

    def later(self, by_s: float) -> WordFinding:
        """The same so many seconds later in a recording."""
        return replace(self, starts=self.starts + by_s, ends=self.ends + by_s)

    @property
    def omitted(self) -> bool:
        """Whether the word was not said."""
        return len(self.said) == 0


@dataclass(frozen=True, slots=True)
class AddedWord:
    """A word that is not in the text, after `place` words of it; times in seconds."""

    text: str
    place: int
    start_s: float
    end_s: float

    def later(self, by_s: float, by_words: int) -> AddedWord:
        """The same so many seconds later in a recording, and words later in a text."""
        return AddedWord(self.text, self.place + by_words, self.start_s + by_s, self.end_s + by_s)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found for a recording, before the parameters decide what of it is told; scores are 0-100.

    mispronounced_under: accuracy under which a word is called mispronounced. pace: None where it was not looked at.
    added: what was said besides the text, in order of time.
    """

    words: Sequence[WordFinding]
    accuracy: float
    fluency: float
    prosody: float
    confidence: float
    pace: Pace | None = None
    added: Sequence[AddedWord] = ()
    snr_db: float | None = None
    mispronounced_under: float = MISPRONOUNCED

    def doubted(self, another: float) -> Finding:
        """The same where, with this probability, the reader read another text: from even odds on, scores fall by it.

        Readers who are hard to understand stay below.
        """
        share = 1 - another if another > 0.5 else 1.0
        return replace(self, accuracy=share * self.accuracy, fluency=share * self.fluency, prosody=share * self.prosody)

    def in_order(self) -> list[WordFinding | AddedWord]:
        """The words of the text, with the added ones in their places."""
        words: list[WordFinding | AddedWord] = []
        for place in range(len(self.words) + 1):
            words += [word for word in self.added if word.place == place]
            words += self.words[place : place + 1]
        return words


@dataclass(frozen=True, slots=True)
class Part:
    """What was found in a passage of a recording, which starts with word `first` of the text at start_s."""

    finding: Finding
    first: int
    start_s: float
    duration_s: float


def gather(
    script: Script,
    said: NDArray[np.bool_],
    hearing: Hearing | None,
    scores: HeardScores | None,
    duration_s: float,
    prosody: Prosody | None = None,
    additions: Sequence[Addition] = (),
    frame_s: float = 0.02,
) -> Finding:
    """Bring together what was found for the words that were said, (W,), with the omitted ones in their places.

    hearing, scores and prosody are of the said words; None when no word was. prosody: None also where nobody asks.
    additions: what was said besides, in frames of frame_s.
    """
    peaks = hearing.view.peak if hearing else np.zeros(0)
    starts, ends, added = _times(peaks, additions, frame_s, duration_s)
    if hearing is None or scores is None:
        omitted = [WordFinding.omission(word) for word in script.words]
        return Finding(omitted, 0.0, 0.0, 0.0, 0.0, added=added)
    candidates = candidate_probabilities(hearing, scores.wrong)
    layout = hearing.script.layout
    firsts = [*np.flatnonzero(layout.place == 0).tolist(), len(layout.place)]
    heard = iter(range(layout.words))
    words = []
    for word, was_said in zip(script.words, said, strict=True):
        if not was_said:
            words.append(WordFinding.omission(word))
            continue
        w = next(heard)
        own = slice(firsts[w], firsts[w + 1])
        words.append(
            WordFinding(
                word=word,
                accuracy=float(scores.words[w]),
                said=hearing.said[own],
                scores=scores.phones[own],
                starts=starts[own],
                ends=ends[own],
                candidates=candidates[own],
                prosody=prosody.words[w] if prosody else None,
            )
        )
    share_said = _sounds(word for word in words if not word.omitted) / _sounds(words)  # an omitted word counts as 0
    return Finding(
        words,
        accuracy=scores.sentence["accuracy"] * share_said,
        fluency=scores.sentence["fluency"],
        prosody=scores.sentence["prosodic"],
        confidence=float(hearing.view.posterior.mean()),
        pace=prosody.pace if prosody else None,
        added=added,
    )


def _times(
    peaks: Floats, additions: Sequence[Addition], frame_s: float, duration_s: float
) -> tuple[Floats, Floats, list[AddedWord]]:
    """Starts and ends of the phones with these peaks, and the added words, none of which reaches into another."""
    marks = np.concatenate([peaks, [float(frame) for word in additions for frame in (word.first, word.last)]])
    order = np.argsort(marks, kind="stable")
    starts, ends = np.empty_like(marks), np.empty_like(marks)
    starts[order], ends[order] = phone_times(marks[order], frame_s, duration_s)
    n = len(peaks)
    added = [
        AddedWord(word.text, word.place, float(start), float(end))
        for word, start, end in zip(additions, starts[n::2], ends[n + 1 :: 2], strict=True)
    ]
    return starts[:n], ends[:n], added


def joined(parts: Sequence[Part], words: Sequence[LexicalWord]) -> Finding:
    """The findings of passages, in the order of time, as one of the whole text.

    Words of no passage were omitted. Accuracy is the mean over the words, by their sounds, the rest over the time, as
    the service joins the parts of a long recording.
    """
    found: list[WordFinding] = []
    added: list[AddedWord] = []
    for part in parts:
        found += map(WordFinding.omission, words[len(found) : part.first])
        found += [own.later(part.start_s) for own in part.finding.words]
        added += [own.later(part.start_s, part.first) for own in part.finding.added]
    found += map(WordFinding.omission, words[len(found) :])
    findings = [part.finding for part in parts]
    paces = [finding.pace for finding in findings if finding.pace]
    # Where nothing of the text was said there is no fluency to count, not one of zero.
    said = [part for part in parts if not all(own.omitted for own in part.finding.words)] or parts

    def over_time(score: str) -> float:
        scores = [getattr(part.finding, score) for part in said]
        return float(np.average(scores, weights=[part.duration_s for part in said]))

    return Finding(
        found,
        accuracy=sum(finding.accuracy * _sounds(finding.words) for finding in findings) / _sounds(found),
        fluency=over_time("fluency"),
        prosody=over_time("prosody"),
        confidence=over_time("confidence"),
        pace=Pace.joined(paces, [part.duration_s for part in parts]) if len(paces) == len(parts) else None,
        added=added,
    )


def _sounds(words: Iterable[WordFinding]) -> int:
    """How many phones these words of the text have."""
    return sum(len(found.word.phones) for found in words)


def build_reply(finding: Finding, params: PronunciationScoreParams) -> Json:
    """The reply for a recording in which speech was heard."""
    text = params.reference_text.strip()
    scale = _FivePoint() if params.grading_system == "FivePoint" else _HundredMark()
    comprehensive = params.dimension == "Comprehensive"
    in_order = finding.in_order() if comprehensive else finding.words  # without error types nobody could tell
    words = [
        _added(found)
        if isinstance(found, AddedWord)
        else _word(found, _error_type(found, finding.mispronounced_under), params, scale, comprehensive)
        for found in in_order
    ]
    said = [found for found in finding.words if not found.omitted]
    heard = [
        found.text if isinstance(found, AddedWord) else found.word.text
        for found in finding.in_order()
        if isinstance(found, AddedWord) or not found.omitted
    ]
    # Not the mean over words, as in the cloud: what experts hear in a sentence is more than that (see the model card).
    accuracy = float(round(finding.accuracy))
    best: Json = {
        "Confidence": round(finding.confidence, 4),
        "Lexical": " ".join(heard).lower(),
        "ITN": " ".join(heard),
        "MaskedITN": " ".join(heard),
        "Display": text if len(said) == len(finding.words) == len(heard) else " ".join(heard),
        "AccuracyScore": scale.whole(accuracy),
    }
    if comprehensive:
        right = sum(word.get("ErrorType") == "None" for word in words)
        completeness = float(round(100 * right / len(finding.words)))
        fluency = float(round(finding.fluency))
        parts = [accuracy, fluency, completeness]
        best |= {"FluencyScore": scale.whole(fluency), "CompletenessScore": scale.whole(completeness)}
        if params.enable_prosody_assessment:
            parts.append(round(finding.prosody, 1))
            best["ProsodyScore"] = scale.decimal(finding.prosody)
            if finding.pace:
                best["Feedback"] = text_feedback(finding.pace)
        best["PronScore"] = scale.decimal(pron_score(parts) or 0.0)
    if params.granularity != "FullText":
        best["Words"] = words
    start = float(min([*(found.starts[0] for found in said), *(word.start_s for word in finding.added)], default=0.0))
    end = float(max([*(found.ends[-1] for found in said), *(word.end_s for word in finding.added)], default=0.0))
    return {
        "RecognitionStatus": "Success",
        **ticks(start, end),
        "DisplayText": best["Display"],
        **({} if finding.snr_db is None else {"SNR": round(finding.snr_db, 2)}),
        "NBest": [best],
    }


def silent_reply(words: Sequence[LexicalWord], params: PronunciationScoreParams, duration_s: float) -> Json:
    """The reply to silence in the place of a text, as the service gives it: a Success of omissions and zeros.

    `results` reads it as "InitialSilenceTimeout", without scores.
    """
    nothing = Finding([*map(WordFinding.omission, words)], accuracy=0, fluency=0, prosody=0, confidence=0, snr_db=0.0)
    reply = build_reply(nothing, params)
    reply["NBest"][0]["Display"] = "."
    return {**reply, "Offset": 0, "Duration": round(duration_s * TICKS_PER_SECOND), "DisplayText": "."}


def _word(
    found: WordFinding, error_type: str, params: PronunciationScoreParams, scale: _HundredMark, comprehensive: bool
) -> Json:
    word: Json = {"Word": found.word.text}
    # Of an omitted word the service writes zeros, which its clients index.
    word |= {"Offset": 0, "Duration": 0} if found.omitted else ticks(float(found.starts[0]), float(found.ends[-1]))
    word |= {"Confidence": 0.0, "AccuracyScore": scale.decimal(found.accuracy)}
    if comprehensive:
        word["ErrorType"] = error_type
        if params.enable_prosody_assessment and found.prosody:
            word["Feedback"] = word_feedback(found.prosody)
    if params.granularity == "Phoneme" and not found.omitted:
        word["Syllables"] = _syllables(found, params, scale)
        word["Phonemes"] = _phonemes(found, params, scale)
    return word


def _added(found: AddedWord) -> Json:
    """A word that has nothing in the text to be scored by."""
    return {
        "Word": found.text,
        **ticks(found.start_s, found.end_s),
        "Confidence": 0.0,
        "ErrorType": "Insertion",
    }


def _error_type(found: WordFinding, mispronounced_under: float) -> str:
    if found.omitted:
        return "Omission"
    # As it is told: a word that shows 60.0 is not under 60.
    return "Mispronunciation" if round(found.accuracy, 1) < mispronounced_under else "None"


def _syllables(found: WordFinding, params: PronunciationScoreParams, scale: _HundredMark) -> list[Json]:
    """Each syllable scores the mean of its phonemes, weighted by their duration + 10 ms, as the service does."""
    namer = NAMERS[params.phoneme_alphabet]
    names = [namer(phone) for phone in _said_phones(found)]
    starts, ends, scores = found.starts.tolist(), found.ends.tolist(), found.scores.tolist()
    weights = [end - start + 0.01 for start, end in zip(starts, ends, strict=True)]
    syllables = []
    for start, stop in syllabify(found.word.phones):
        own = slice(start, stop)
        total = sum(weight * score for weight, score in zip(weights[own], scores[own], strict=True))
        syllables.append(
            {
                "Syllable": "".join(names[own]),
                **ticks(starts[start], ends[stop - 1]),
                "AccuracyScore": scale.decimal(total / sum(weights[own])),
            }
        )
    return syllables


def _phonemes(found: WordFinding, params: PronunciationScoreParams, scale: _HundredMark) -> list[Json]:
    namer = NAMERS[params.phoneme_alphabet]
    said = _said_phones(found)
    phonemes: list[Json] = [
        {"Phoneme": namer(phone), **ticks(start, end), "AccuracyScore": scale.decimal(score)}
        for phone, start, end, score in zip(
            said, found.starts.tolist(), found.ends.tolist(), found.scores.tolist(), strict=True
        )
    ]
    if params.nbest_phoneme_count:
        # The likeliest sounds, best first; a candidate vowel takes over the stress of the expected one.
        order = np.argsort(-found.candidates, axis=1, kind="stable")[:, : params.nbest_phoneme_count]
        likely = np.take_along_axis(100 * found.candidates, order, 1)
        for phoneme, phone, sounds, scores in zip(phonemes, said, order.tolist(), likely.tolist(), strict=True):
            phoneme["NBestPhonemes"] = [
                {"Phoneme": namer(_with_stress_of(phone, ARPABET[q])), "Score": scale.decimal(score)}
                for q, score in zip(sounds, scores, strict=True)
            ]
    return phonemes


def _said_phones(found: WordFinding) -> list[str]:
    """The canonical phones, or the accepted variants that were said, with the canonical stress."""
    return [
        own if q == DELETION else _with_stress_of(own, ARPABET[q])
        for own, q in zip(found.word.phones, found.said, strict=True)
    ]


@cache
def _with_stress_of(phone: str, name: str) -> str:
    if base(phone) == name:
        return phone
    return f"{name}{stress(phone)}" if stress(phone) >= 0 and name in VOWELS else name


class _HundredMark:
    """Scores as they are: whole numbers for the text, one decimal for the rest."""

    def whole(self, score: float) -> float:
        return float(round(score))

    def decimal(self, score: float) -> float:
        return round(score, 1)


class _FivePoint(_HundredMark):
    """HundredMark mapped to 0-5."""

    def whole(self, score: float) -> float:
        return self.decimal(score)

    def decimal(self, score: float) -> float:
        return round(score / 20, 1)


def candidate_probabilities(hearing: Hearing, wrong: Floats) -> Floats:
    """(N, 39) probability that each sound was said in the place of each phone.

    The expected phone has what the error model leaves it; the rest goes to the other sounds by how well they fit, half
    of that relative to the model voice, whose own reading shows what the recognizer confuses anyway. Sums to less than
    1 where it is likely that nothing was said.
    """
    n = np.arange(len(wrong))
    fit = np.clip(hearing.view.ratio - hearing.script.voice.ratio / 2, -50, 50)
    likelihood = np.exp(-fit)
    likelihood[hearing.script.accepted] = 0.0
    # A sound that may be dropped, and was, counts as the expected one: there is no name for silence.
    expected = np.where(hearing.said == DELETION, hearing.script.layout.phone, hearing.said)
    likelihood[n, expected] = 0.0
    out: Floats = wrong[:, None] * likelihood / likelihood.sum(1, keepdims=True)
    out[n, expected] = 1 - wrong
    return out[:, :BLANK]
