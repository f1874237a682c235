"""The verdict on a reading, as plain data: HTML, terminal, charts, reports and the practice card only draw it.

    verdict = verdict_of(assessment, recording.quality().flags)
    verdict.kind                    # "scored"
    verdict.headline                # "1 of 8 words needs practice: very; could be better: think"
    verdict.words[1].band           # "fair"
    verdict.tips                    # ("You stopped after “think” and after “a”. Read “it is a very …” in one go.",)

There are four kinds:

    scored         the scores count
    unsure         the recording is noisy, clipped or very quiet: no sound, pause or voice is called good or wrong,
                   scores are "about 87", words have no colour of the scale, the attempt is neither the best nor in
                   charts
    another_text   most of the text was not read: one message, no scores, no words, no attempt
    nothing        nothing was heard or scored: one message, no scores, no words, no attempt

Wording, bands and marks are those of `highlight`; names of sounds those of `naming`; words stand as they are written
in the text (`written`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..flags import advice, doubt
from ..highlight import (
    MISSING_BREAK,
    MONOTONE,
    STATE_LABELS,
    UNEXPECTED_BREAK,
    UNSURE,
    BandName,
    Mark,
    WordState,
    band,
    counted,
    headline,
    heard_instead,
    listed,
    on_hundred,
    score_text,
    shortened,
    status_message,
    word_band,
    word_state,
    word_text,
)
from .naming import sound_label, sound_sign
from .written import Written, written

if TYPE_CHECKING:
    from ..results import Assessment, Scores, Word

Kind = Literal["scored", "unsure", "another_text", "nothing"]

MISSING_FROM = 1 / 3
"""Share of what was left out or added from which a reading may be one of another text; see `is_another_text`."""

WRONG_FROM = 0.6
"""The same of what was left out, added or mispronounced, from which it is.

Both measured by `python -m tests.another_text CORPUS` on speechocean762's train split
(`--count 1500`): of readings of their own text 0.2 % are called another, of readings held against another text 94 %; of
152 readings of other native speakers and learners none and all. Of texts twice as long that were left after the first
half, 9 % are called another.
"""

LONGEST_PHRASE = 10
"""Words that a tip asks to read in one go, at most."""


class LegendEntry(NamedTuple):
    """A sample of what is on the screen, the CSS classes it has there, and what it means."""

    sample: str
    label: str
    classes: str


@dataclass(frozen=True, slots=True)
class ShownScore:
    """A score of the whole text.

    name, meaning
        What it is called, and what it says, for a learner.
    text
        "87", "about 87" where unsure, "8 of 8" for the words read, "not assessed" where there is none.
    score
        0-100, or None.
    band, band_label
        Its colour, "unsure" for none, and what that means.
    """

    name: str
    meaning: str
    text: str
    score: float | None
    band: BandName
    band_label: str


@dataclass(frozen=True, slots=True)
class ShownSound:
    """A sound of a word.

    word
        The word it is in.
    sign, label
        The sound where there is little room, "th", and elsewhere, "th (think)".
    heard, heard_sign
        The sound heard in its place, as `label` and `sign`; None where it was the expected one, or that is not sure.
    score, text, band, band_label
        As in `ShownScore`.
    """

    word: str
    sign: str
    label: str
    heard: str | None
    heard_sign: str | None
    score: float | None
    text: str
    band: BandName
    band_label: str


@dataclass(frozen=True, slots=True)
class ShownWord:
    """A word, or several spoken ones that are one in the text, such as a date.

    first, stop
        Which words of the assessment: `assessment.words[first:stop]`.
    of_text
        Index of the first of them among the words of the text, None for an added one.
    text, shown
        As written, "the", and with the signs of its state, "[the]" where skipped, "+um" where added.
    before, after, blank
        Punctuation right before and after it, and whether a blank follows.
    state, state_label
        What happened to it: of several the gravest, and in words.
    score, score_text
        0-100, the lowest of several, None for skipped, added and unscored ones; "87", "about 87", or None.
    band, classes
        Its colour, and the names that `highlight.STYLE` knows.
    label
        All of it in one line, for a screen reader: "think: 34 of 100, mispronounced; th (think) heard as s (sun)".
    notes, marks, flat
        What there is to say besides its state; signs before it (pauses), and after it (a flat voice, or None).
    sounds
        Its sounds, none where it was skipped.
    span_s
        When it was said, in seconds from the start of the recording; None where that is not known.
    """

    first: int
    stop: int
    of_text: int | None
    text: str
    shown: str
    before: str
    after: str
    blank: bool
    state: WordState
    state_label: str
    score: float | None
    score_text: str | None
    band: BandName
    classes: str
    label: str
    notes: tuple[str, ...]
    marks: tuple[Mark, ...]
    flat: Mark | None
    sounds: tuple[ShownSound, ...]
    span_s: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """All that a screen says of one reading.

    kind
        What the scores are worth; see the module.
    headline
        The finding in one line without a full stop; "" where there is nothing to find. Of kinds without scores, the
        message.
    message
        What stands in the place of everything else; None where there are scores.
    advice
        What to do about the recording; None where it is good.
    text
        The text that was to be read, else what was heard; None where neither is known.
    scores, words
        What is drawn, empty where there is a message. Overall comes first.
    tips
        Advice on pauses and voice, in whole sentences; empty where unsure.
    worst_sounds
        Up to five sounds that are not yet good, the worst first; empty where unsure.
    legend
        The colours and marks that are on the screen, and no others.
    """

    kind: Kind
    headline: str
    message: str | None
    advice: str | None
    text: str | None
    scores: tuple[ShownScore, ...] = ()
    words: tuple[ShownWord, ...] = ()
    tips: tuple[str, ...] = ()
    worst_sounds: tuple[ShownSound, ...] = ()
    legend: tuple[LegendEntry, ...] = ()

    @property
    def is_attempt(self) -> bool:
        """Whether the text was read at all; otherwise the take is no attempt."""
        return self.kind in ("scored", "unsure")

    @property
    def counts(self) -> bool:
        """Whether its scores may be the best, and belong into charts and means."""
        return self.kind == "scored"

    @property
    def is_sure(self) -> bool:
        """Whether scores have the colours of the scale."""
        return self.kind != "unsure"

    @property
    def overall(self) -> ShownScore | None:
        """The score of all together, None where there is none."""
        return self.scores[0] if self.scores and self.scores[0].score is not None else None


def verdict_of(assessment: Assessment, flags: Iterable[str] = ()) -> Verdict:
    """Decide what is said of a reading.

    Parameters
    ----------
    assessment
        A reading on 0-100 or, where that is clear, 0-5 (`highlight.on_hundred`).
    flags
        What is wrong with the recording (`Recording.quality().flags`) where it is at hand. They count besides
        `assessment.flags`, those that the reply itself gives away.

    Returns
    -------
    Verdict
        Plain data, of built-in types.

    """
    assessment = on_hundred(assessment)
    flags = (*(assessment.flags or ()), *flags)
    text = assessment.reference_text or assessment.display_text or assessment.lexical
    kind = kind_of(assessment, flags)
    if kind == "nothing":
        message = status_message(assessment) or ""
        return Verdict(kind, message.rstrip("."), message, None, text)
    if kind == "another_text":
        message = "This does not sound like this sentence." + (f" Read: {text}" if assessment.reference_text else "")
        return Verdict(kind, message.rstrip("."), message, advice(flags), assessment.reference_text or None)
    sure = kind == "scored"
    words = _shown_words(assessment.words, assessment.reference_text, sure)
    states = [(word.text, word.state) for word in words]
    sounds = [sound for word in words for sound in word.sounds]
    return Verdict(
        kind=kind,
        headline=doubt(flags) or _with_pauses(headline(states), words),
        message=None,
        advice=advice(flags),
        text=text,
        scores=_shown_scores(assessment.scores, assessment.words, sure),
        words=words,
        tips=_tips(words) if sure else (),
        worst_sounds=_worst(sounds) if sure else (),
        legend=_legend(words, doubt(flags)),
    )


def kind_of(assessment: Assessment, flags: Iterable[str] = ()) -> Kind:
    """The kind of `verdict_of` alone, without all that is shown: for tables and counts of many readings."""
    if status_message(assessment) is not None:
        return "nothing"
    if is_another_text(assessment.words):
        return "another_text"
    return "scored" if doubt((*(assessment.flags or ()), *flags)) is None else "unsure"


def is_another_text(words: Sequence[Word]) -> bool:
    """Whether most of the text is missing, so that something else was read.

    Counted are the words that were left out, added or mispronounced, as a share of the words of the text and the added
    ones. `WRONG_FROM` of these are too many, where the first two kinds are `MISSING_FROM` at least: a text that is hard
    to understand is not another one, nor is one that was begun and not finished.
    """
    errors = [word.error_type for word in words]
    omitted = [error == "Omission" for error in errors if error != "Insertion"]
    added = errors.count("Insertion")
    missing = sum(omitted) + added
    if added == 0 and _is_unfinished(omitted):
        return False
    wrong = missing + errors.count("Mispronunciation")
    return missing > 0 and missing >= MISSING_FROM * len(words) and wrong >= WRONG_FROM * len(words)


def _is_unfinished(omitted: Sequence[bool]) -> bool:
    """Whether at least the first two words were said, and only the last ones were not."""
    said = omitted.count(False)
    return said >= 2 and not any(omitted[:said])


# --- scores -----------------------------------------------------------------------------------------------------

WORDS_READ, WORDS_RIGHT = "Words read", "Words right"

_SCORES: dict[str, tuple[str, str]] = {
    "pron": ("Overall", "all scores together; the lowest counts most"),
    "accuracy": ("Accuracy", "the sounds are right"),
    "fluency": ("Fluency", "smooth, with pauses where they belong"),
    "completeness": (WORDS_READ, "how many words of the text were read"),
    "prosody": ("Melody", "the voice goes up and down"),
}


def _about(score: float | None, sure: bool) -> str:
    """The score for people, "about 87" where it is not sure."""
    return score_text(score) if sure or score is None else f"about {round(score)}"


def _band(score: float | None, sure: bool) -> tuple[BandName, str]:
    of_score = band(score) if sure or score is None else UNSURE
    return of_score.name, of_score.label


def _shown_scores(scores: Scores, words: Sequence[Word], sure: bool) -> tuple[ShownScore, ...]:
    known = {field: getattr(scores, field) for field in _SCORES}
    if all(score is None for score in known.values()):
        return ()
    return tuple(
        _words_read(words, sure, score) if field == "completeness" else shown_score(field, score, sure)
        for field, score in known.items()
    )


def shown_score(field: str, score: float | None, sure: bool = True) -> ShownScore:
    """A score of `Scores` as shown, except that of completeness; see `words_read`."""
    return ShownScore(
        *_SCORES[field], "not assessed" if score is None else _about(score, sure), score, *_band(score, sure)
    )


def _words_read(words: Sequence[Word], sure: bool, completeness: float | None) -> ShownScore:
    """What was read of the text. The service's completeness is not that: it counts mispronounced words as missing."""
    of_text = [word.error_type for word in words if word.error_type != "Insertion"]
    if completeness is None or all(error is None for error in of_text):
        return words_read(completeness, None, 0, sure)
    return words_read(completeness, len(of_text), of_text.count("Omission"), sure)


def words_read(completeness: float | None, words: int | None, skipped: int, sure: bool = True) -> ShownScore:
    """How much of the text was read: "7 of 8" words. Where those are not known, the service's completeness."""
    if not words:
        text = "not assessed" if completeness is None else _about(completeness, sure)
        return ShownScore(WORDS_RIGHT, "words without a mistake", text, completeness, *_band(completeness, sure))
    share = 100 * (words - skipped) / words
    return ShownScore(*_SCORES["completeness"], f"{words - skipped} of {words}", share, *_band(share, sure))


# --- words ------------------------------------------------------------------------------------------------------

_GRAVITY: tuple[WordState, ...] = ("mispronounced", "skipped", "fair", "unscored", "good", "added")


def _shown_words(words: Sequence[Word], text: str | None, sure: bool) -> tuple[ShownWord, ...]:
    """The words in their order, with the text as it was written."""
    of_text = [index for index, word in enumerate(words) if word.error_type != "Insertion"]
    shown: list[ShownWord] = []
    parts = {part.first: part for part in written([words[index].word for index in of_text], text)}
    place, index = 0, 0
    while index < len(words):
        if words[index].error_type == "Insertion":
            shown.append(_shown_word(words, index, index + 1, None, None, sure))
            index += 1
            continue
        part = parts[place]
        stop = of_text[part.stop - 1] + 1  # what was added within a date is shown as a part of it
        shown.append(_shown_word(words, index, stop, place, part, sure))
        place, index = part.stop, stop
    return tuple(shown)


def _shown_word(
    words: Sequence[Word], first: int, stop: int, of_text: int | None, part: Written | None, sure: bool
) -> ShownWord:
    group = [word for word in words[first:stop] if part is None or word.error_type != "Insertion"]
    states = [word_state(word.error_type, word.accuracy_score) for word in group]
    state = min(states, key=_GRAVITY.index)
    said = state not in ("skipped", "added")
    known = [word.accuracy_score for word in group if word.accuracy_score is not None]
    score = min(known, default=None) if said else None
    text = part.text if part else word_text(group[0].word, "good")
    name = _band(score, sure)[0] if said else "unscored"
    if said and sure:
        name = word_band(state, score).name
    sounds = tuple(_sounds(group, text, sure))
    notes = _notes(group[0], group, sounds) if sure else ()
    return ShownWord(
        first=first,
        stop=stop,
        of_text=of_text,
        text=text,
        shown=word_text(text, state),
        before=part.before if part else "",
        after=part.after if part else "",
        blank=part.blank if part else True,
        state=state,
        state_label=_state_label(state, sure),
        score=score,
        score_text=None if score is None else _about(score, sure),
        band=name,
        classes=_classes(state, name),
        label=_label(text, state, score, notes, sure),
        notes=notes,
        marks=_marks(group[0]) if sure else (),
        flat=MONOTONE if sure and any(word.monotone for word in group) else None,
        sounds=sounds,
        span_s=_span(group),
    )


def _span(group: Sequence[Word]) -> tuple[float, float] | None:
    said = [
        (w.offset_s, w.offset_s + w.duration_s) for w in group if w.offset_s is not None and w.duration_s is not None
    ]
    return (said[0][0], said[-1][1]) if said else None


def _classes(state: WordState, name: BandName) -> str:
    if state in ("skipped", "added"):
        return f"pk-word pk-{state}"
    return f"pk-word pk-{name}{' pk-mispronounced' if state == 'mispronounced' and name != 'unsure' else ''}"


def _label(text: str, state: WordState, score: float | None, notes: Sequence[str], sure: bool) -> str:
    said = _state_label(state, sure)
    if score is not None:
        said = f"{_about(score, sure)} of 100, {said}"
    return "; ".join([f"{shortened(text)}: {said}", *notes])


def _state_label(state: WordState, sure: bool) -> str:
    return STATE_LABELS[state] if sure or state in ("skipped", "added", "unscored") else UNSURE.label


def _marks(word: Word) -> tuple[Mark, ...]:
    breaks = ((word.unexpected_break, UNEXPECTED_BREAK), (word.missing_break, MISSING_BREAK))
    return tuple(mark for found, mark in breaks if found)


def _notes(first: Word, group: Sequence[Word], sounds: Iterable[ShownSound]) -> tuple[str, ...]:
    heard = (f"{sound.label} heard as {sound.heard}" for sound in sounds if sound.heard)
    flat = (MONOTONE.note,) if any(word.monotone for word in group) else ()
    return (*heard, *(mark.note for mark in _marks(first)), *flat)


def _sounds(group: Sequence[Word], text: str, sure: bool) -> Iterable[ShownSound]:
    for word in group:
        if word.error_type in ("Omission", "Insertion"):  # of what is not in the text no sound is expected
            continue
        for index, sound in enumerate(word.phonemes):
            score = sound.accuracy_score
            heard = heard_instead(sound.phoneme, sound.heard, score) if sure else None
            yield ShownSound(
                text,
                sound_sign(sound.phoneme, index),
                sound_label(sound.phoneme, index),
                sound_label(heard) if heard else None,
                sound_sign(heard) if heard else None,
                score,
                _about(score, sure),
                *_band(score, sure),
            )


def _worst(sounds: Iterable[ShownSound], limit: int = 5) -> tuple[ShownSound, ...]:
    weak = [(sound.score, sound) for sound in sounds if sound.score is not None and sound.band != "good"]
    weak.sort(key=lambda pair: pair[0])
    return tuple(sound for _, sound in weak[:limit])


# --- pauses and voice -------------------------------------------------------------------------------------------


def _with_pauses(found: str, words: Sequence[ShownWord]) -> str:
    """The finding with the pauses that do not belong, so that nothing is all good that was read in pieces."""
    pauses = sum(UNEXPECTED_BREAK in word.marks for word in words)
    return "; ".join(filter(None, [found, f"{counted(pauses, 'pause')} too many" if pauses else ""]))


def _tips(words: Sequence[ShownWord]) -> tuple[str, ...]:
    of_text = [word for word in words if word.of_text is not None]
    tips = [_stops(clause) for clause in _clauses(of_text)]
    after = [before.text for before, word in pairwise(of_text) if MISSING_BREAK in word.marks]
    if after:
        tips.append(f"Make a short pause after {_all_of(after)}.")
    if flat := [word.text for word in of_text if word.flat]:
        tips.append(f"Let your voice go up and down more, as in {listed(map(_quoted, flat))}.")
    return tuple(filter(None, tips))


_ENDS = frozenset(",.;:!?…—–。，；：？！、؟،؛।")


def _clauses(words: Sequence[ShownWord]) -> Iterable[list[ShownWord]]:
    """The words between two marks of punctuation."""
    clause: list[ShownWord] = []
    for word in words:
        clause.append(word)
        if _ENDS.intersection(word.after):
            yield clause
            clause = []
    if clause:
        yield clause


def _stops(clause: Sequence[ShownWord]) -> str:
    """Where the reader stopped within a clause, and what to read in one go; "" where nowhere.

    That is from the first of several stops to the end of the clause: a place to breathe may stay.
    """
    stops = [index for index, word in enumerate(clause) if index and UNEXPECTED_BREAK in word.marks]
    before = [next((word.text for word in clause[index - 1 :: -1] if word.state != "skipped"), "") for index in stops]
    if not any(before):
        return ""
    start = stops[0] if len(stops) > 1 else max(0, stops[0] - LONGEST_PHRASE // 2)
    phrase = clause[start : start + LONGEST_PHRASE]
    text = "".join(f"{word.text}{word.after}{' ' * word.blank}" for word in phrase).strip()
    text = text.rstrip("".join(_ENDS))
    return f"You stopped after {_all_of(list(filter(None, before)))}. Read {_quoted(text)} in one go."


def _all_of(words: Sequence[str]) -> str:
    """“a”, “b” and after “c”."""
    quoted = [*map(_quoted, words)]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and after {quoted[-1]}"


def _quoted(text: str) -> str:
    return f"“{text}”"


# --- legend -----------------------------------------------------------------------------------------------------


def _legend(words: Sequence[ShownWord], doubted: str | None) -> tuple[LegendEntry, ...]:
    """The colours of the scale where there are such, and of the rest what these words have."""
    bands, states = {word.band for word in words}, {word.state for word in words}
    marks = {mark for word in words for mark in word.marks} | {word.flat for word in words}
    entries: list[tuple[bool, LegendEntry]] = [
        ("good" in bands, LegendEntry("word", "80 to 100: good", "pk-word pk-good")),
        ("fair" in bands, LegendEntry("word", "60 to 79: could be better", "pk-word pk-fair")),
        ("poor" in bands, LegendEntry("word", "below 60: mispronounced", "pk-word pk-poor pk-mispronounced")),
        ("unsure" in bands, LegendEntry("word", (doubted or "").replace("Too", "too", 1), "pk-word pk-unsure")),
        ("skipped" in states, LegendEntry("[word]", "skipped", "pk-word pk-skipped")),
        ("added" in states, LegendEntry("+word", "added, not in the text", "pk-word pk-added")),
        (any(map(_is_unscored, words)), LegendEntry("word", "no score", "pk-word pk-unscored")),
        *((mark in marks, LegendEntry(mark.sign, mark.label, "pk-mark")) for mark in _MARKS),
    ]
    return tuple(entry for is_here, entry in entries if is_here)


_MARKS = (UNEXPECTED_BREAK, MISSING_BREAK, MONOTONE)


def _is_unscored(word: ShownWord) -> bool:
    return word.band == "unscored" and word.state not in ("skipped", "added")
