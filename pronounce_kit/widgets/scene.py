"""What the practice card shows of an attempt, as plain JSON: everything is decided here, the browser only draws it.

    scene = scene_of(assessment, recording)
    scene["headline"]                      # "1 of 9 words needs practice: think"
    scene["words"][1]["sounds"][0]         # {"name": "θ", "heard": "s", "score": "45", "band": "poor", …}

Wording, colours and marks are those of `highlight`, the hints those of `sounds`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeAlias

from ..display.verdict import ShownScore, ShownWord, verdict_of
from ..highlight import (
    GOOD,
    MISSING_BREAK,
    MONOTONE,
    STATE_LABELS,
    UNEXPECTED_BREAK,
    WordState,
    band,
    describe_word,
    heard_instead,
    on_hundred,
    score_text,
    sound_name,
    word_band,
    word_notes,
    word_state,
    word_text,
)
from ..recording import Recording
from ..results import Assessment, Phoneme, Word
from ..sounds import MinimalPair, pairs_between, sound_of
from .contour import Contour, Span, contour, direction, laid_over, span_of_melody

Json: TypeAlias = dict[str, Any]

PAIRS_SHOWN = 3
MARGIN_S = 0.04
"""A word is played with this much around it: sounds begin before, and end after, what the reply says."""


def scene_of(assessment: Assessment, recording: Recording, model: ModelReading | None = None) -> Json:
    """Everything the card shows of one attempt, with the model's reading laid over it where there is one."""
    assessment = on_hundred(assessment)
    quality = recording.quality()
    verdict = verdict_of(assessment, quality.flags)
    words = [] if verdict.message else list(assessment.words)
    states = [word_state(word.error_type, word.accuracy_score) for word in words]
    own = contour(recording)
    shown = _words(words, states, recording.duration_s)
    _punctuate(shown, assessment.reference_text or "")
    if not verdict.is_sure:
        _take_back(shown, verdict.words)
    return {
        "message": verdict.message,
        "headline": "" if verdict.message else verdict.headline,
        "advice": quality.verdict if verdict.kind == "nothing" and not quality.ok else verdict.advice,
        "counts": verdict.counts,
        "scores": [_score(score) for score in verdict.scores if score.score is not None],
        "overall": None if verdict.overall is None else _score(verdict.overall),
        "legend": [entry._asdict() for entry in verdict.legend],
        "words": shown,
        "duration_s": round(recording.duration_s, 3),
        "contour": own.to_json(),
        **_compared(shown, own, model),
    }


def _score(score: ShownScore) -> Json:
    return {
        "label": score.name,
        "meaning": score.meaning,
        "text": score.text,
        "spoken": score.text if " of " in score.text else f"{score.text} of 100",
        "value": score.score,
        "band": score.band,
        "band_label": score.band_label,
    }


# --- words ------------------------------------------------------------------------------------------------------


def _words(words: Sequence[Word], states: Sequence[WordState], duration_s: float) -> list[Json]:
    shown, of_text = [], 0
    for word, state in zip(words, states, strict=True):
        added = state == "added"
        shown.append(_word(word, state, None if added else of_text, duration_s))
        of_text += not added
    return shown


def _word(word: Word, state: WordState, of_text: int | None, duration_s: float) -> Json:
    said = state != "skipped"
    sounds = [_sound(phoneme, index) for index, phoneme in enumerate(word.phonemes)] if said else []
    marks = [
        mark
        for found, mark in ((word.unexpected_break, UNEXPECTED_BREAK), (word.missing_break, MISSING_BREAK))
        if found
    ]
    return {
        "text": word_text(word.word, "good"),
        "shown": word_text(word.word, state),
        "of_text": of_text,  # which word of the text it is; None for an added one
        "state": state,
        "state_label": STATE_LABELS[state],
        "classes": " ".join(_classes(state, word.accuracy_score)),
        "score": score_text(word.accuracy_score) if said and word.accuracy_score is not None else None,
        "label": describe_word(word),
        "notes": word_notes(word),
        "marks": [{"sign": mark.sign, "label": mark.label} for mark in marks],
        "flat": MONOTONE.sign if word.monotone else None,
        "span": _span(word, duration_s) if said else None,
        "sounds": sounds,
        "hint": _hint(word, state),
    }


def _take_back(words: Sequence[Json], undecided: Sequence[ShownWord]) -> None:
    """Leave nothing of the words but what is said of them where the recording hides what was said."""
    for own in undecided:
        for word in words[own.first : own.stop]:
            word |= {
                "classes": own.classes.removeprefix("pk-word "),
                "state_label": own.state_label,
                "score": own.score_text,
                "label": own.label,
            }
            word |= {"notes": [], "marks": [], "flat": None, "sounds": [], "hint": None}
            if word["state"] not in ("skipped", "added"):
                word["state"] = "unscored"


def _classes(state: WordState, score: float | None) -> list[str]:
    """The names that `highlight.STYLE` knows."""
    own = [f"pk-{state}"] if state in ("mispronounced", "skipped", "added") else []
    return own if state in ("skipped", "added") else [f"pk-{word_band(state, score).name}", *own]


def _punctuate(words: Sequence[Json], text: str) -> None:
    """Give each word of the text what stands right before and after it, which replies leave out: quotes, commas."""
    for word in words:
        word |= {"before": "", "after": ""}
    position, previous = 0, None
    for word in words:
        if word["of_text"] is None:
            continue
        found = re.compile(re.escape(word["text"]), re.IGNORECASE).search(text, position)
        if not found:
            continue
        gap = text[position : found.start()]
        word["before"] = gap.rsplit(maxsplit=1)[-1] if gap and not gap[-1].isspace() and gap.strip() else ""
        if previous is not None:
            previous["after"] = gap.split(maxsplit=1)[0] if gap and not gap[0].isspace() and " " in gap else ""
        position, previous = found.end(), word
    if previous is not None:
        previous["after"] = text[position:].strip()


def _span(word: Word, duration_s: float) -> Span | None:
    """Where the word is in the recording, with a little around it; None where the reply does not say."""
    if word.offset_s is None or not word.duration_s:
        return None
    start, end = max(0.0, word.offset_s - MARGIN_S), min(duration_s, word.offset_s + word.duration_s + MARGIN_S)
    return (round(start, 3), round(end, 3)) if start < end else None


# --- sounds -----------------------------------------------------------------------------------------------------


def _sound(phoneme: Phoneme, index: int) -> Json:
    known = sound_of(phoneme.phoneme)
    heard = heard_instead(phoneme.phoneme, phoneme.heard, phoneme.accuracy_score)
    heard_sound = sound_of(heard)
    return {
        "name": known.ipa if known else sound_name(phoneme.phoneme, index),
        "example": known.example if known else None,
        "heard": heard_sound.ipa if heard_sound else heard,
        "heard_example": heard_sound.example if heard_sound else None,
        "score": score_text(phoneme.accuracy_score),
        "band": band(phoneme.accuracy_score).name,
        "band_label": band(phoneme.accuracy_score).label.replace("mispronounced", "needs practice"),
    }


def _hint(word: Word, state: WordState) -> Json | None:
    """One thing to do better at the worst sound of the word, and word pairs to practise it; None if all is well."""
    if state == "skipped":
        return {"text": "This word was not heard. Read it too.", "sound": None, "how": [], "pairs": []}
    if state == "added":
        return {"text": "This word is not in the text. Leave it out.", "sound": None, "how": [], "pairs": []}
    weak = [p for p in word.phonemes if p.accuracy_score is not None and band(p.accuracy_score) is not GOOD]
    worst = min(weak, key=lambda phoneme: phoneme.accuracy_score or 0.0, default=None)
    sound = sound_of(worst.phoneme) if worst else None
    if worst is None or sound is None:
        return None
    heard = heard_instead(worst.phoneme, worst.heard, worst.accuracy_score)
    pairs = pairs_between(worst.phoneme, heard) if heard else _commonest(sound.minimal_pairs)
    return {
        "text": sound.hint,
        "sound": {"name": sound.ipa, "example": sound.example},
        "how": [["Mouth", sound.mouth], ["Tongue", sound.tongue], ["Voice", _VOICE[sound.voice]]],
        "pairs": [[pair.word, pair.other] for pair in pairs[:PAIRS_SHOWN]],
    }


_VOICE = {"voiced": "On: your throat hums.", "voiceless": "Off: only air."}


def _commonest(pairs: Sequence[MinimalPair]) -> list[MinimalPair]:
    """The pairs of the commonest confusion."""
    return [pair for pair in pairs if pair.confused_with == pairs[0].confused_with]


# --- the model voice --------------------------------------------------------------------------------------------


class ModelReading:
    """The model voice's reading of a text: the sound, and where each word of the text is in it."""

    def __init__(self, wav: bytes, assessment: Assessment | None) -> None:
        self.wav = wav
        self.recording = Recording.from_bytes(wav)
        self.contour: Contour = contour(self.recording)
        self.spans: list[Span | None] = []
        if assessment is not None:
            said = (word for word in assessment.words if word.error_type != "Insertion")
            self.spans = [_span(word, self.recording.duration_s) for word in said]

    def to_json(self) -> Json:
        """What the browser needs besides the sound itself."""
        return {"duration_s": round(self.recording.duration_s, 3), "spans": self.spans}


def _compared(words: Sequence[Json], own: Contour, model: ModelReading | None) -> Json:
    """The model's contour laid over the learner's, and what the two tell, for the text and for each word."""
    both: list[tuple[int, Span, Span]] = []
    for index, word in enumerate(words):
        of_text = word["of_text"]
        of_model = model.spans[of_text] if model and of_text is not None and of_text < len(model.spans) else None
        if word["span"] and of_model:
            both.append((index, word["span"], of_model))
    if model is None or not both:
        return {"model": None, "melody": None, "melodies": []}
    learners, models = [span for _, span, _ in both], [span for _, _, span in both]
    melodies: list[str | None] = [None] * len(words)
    for index, span, model_span in both:
        melodies[index] = _in_words(own, span, model.contour, model_span)
    return {
        "model": laid_over(model.contour, models, learners, len(own.loudness)).to_json(),
        "melody": _whole(own, learners, model.contour, models),
        "melodies": melodies,
    }


def _in_words(own: Contour, span: Span, model: Contour, model_span: Span) -> str:
    """How a word was said, and how the model says it: "You: 0.31 s, falling. Model: 0.26 s, rising."."""
    parts = []
    for who, found, part in (("You", own, span), ("Model", model, model_span)):
        moves = direction(found, part)
        parts.append(f"{who}: {part[1] - part[0]:.2f} s{f', {moves}' if moves else ''}.")
    return " ".join(parts)


def _whole(own: Contour, spans: Sequence[Span], model: Contour, model_spans: Sequence[Span]) -> str:
    """How the two readings compare in pace and melody."""
    took = [found[-1][1] - found[0][0] for found in (spans, model_spans)]
    text = f"You took {took[0]:.1f} s, the model voice {took[1]:.1f} s."
    yours, models = span_of_melody(own), span_of_melody(model)
    if yours is None or models is None:
        return text
    return f"{text} Your melody spans {yours:.0f} semitones, the model's {models:.0f}."
