"""The report on one student."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from ..display.html import score_tile, sentence_html
from ..display.verdict import verdict_of
from ..errors import InputError, PronounceKitError
from ..highlight import (
    SCORE_LABELS,
    Markup,
    counted,
    fragment,
    listed,
    on_hundred,
    score_cell,
    score_text,
    tag,
)
from ..results import Assessment
from .page import legend, mark_cell, page, player, table, tile
from .practice import sounds_list, words_table
from .progress import progress_chart
from .readings import OfStudent, Row, by_student, day_of, known, load, period, reading_of, some, task_of, time_of

if TYPE_CHECKING:
    from ..gradebook import Gradebook

TASKS = 12
"""So many tasks, those read last, are shown with their sentences; the table lists all readings."""


def student_report(
    gradebook: Gradebook,
    student: str | None,
    *,
    class_name: str | None = None,
    task: str | list[str | None] | None = None,
    since: Any = None,
    until: Any = None,
    audio: bool = False,
) -> str:
    """A page on a student: sounds and words to practise with hints, progress, and the best and latest readings.

    A teacher's marks stand beside the machine's scores.

    Parameters
    ----------
    gradebook : Gradebook
        Where the readings are.
    student : str or None
        The name; None for readings without one.
    class_name : str, optional
        The class, where the name is in several.
    task : str or list of str and None, optional
        Only readings of this task.
    since, until : str, datetime.date or datetime.datetime, optional
        Only readings of this time, as in the gradebook.
    audio : bool
        Embed the recordings of the readings shown.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    InputError
        Where the student has no readings, or is in several classes and `class_name` does not say in which.

    Examples
    --------
    >>> "think" in pk.report.student_report(gradebook, "Ada")
    True
    """
    filters = {"task": task, "since": since, "until": until}
    whose = {"student": [student], "class_name": None if class_name is None else [class_name]}
    found = list(by_student(load(gradebook, **whose, **filters)))
    if len(found) > 1:
        classes = ", ".join(repr(one.student.class_name) for one in found)
        raise InputError(f"Students named {student!r} are in the classes {classes}. Name one with class_name=.")
    return student_page(gradebook, found[0], audio=audio, **filters)


def student_page(
    gradebook: Gradebook, of: OfStudent, *, audio: bool = False, index: str | None = None, **filters: Any
) -> str:
    """The page on a student whose readings are at hand; `index` is the address of a page to go back to."""
    shown = _chosen(of.attempts)
    wanted = {attempt_id for choice in shown for attempt_id, _ in choice.readings}
    assessments = {
        str(one.utterance_id): on_hundred(one)
        for one in gradebook.assessments(**of.student.filters, **filters)
        if one.utterance_id in wanted
    }
    rows = {row["attempt_id"]: row for row in of.attempts}
    marks: dict[str, list[Row]] = {}
    for mark in of.marks:
        marks.setdefault(mark["attempt_id"], []).append(mark)

    def reading(attempt_id: str, name: str) -> Markup | None:
        if attempt_id not in assessments:  # deleted while the report was made
            return None
        sound = _sound(gradebook, attempt_id) if audio else None
        return _reading(name, rows[attempt_id], assessments[attempt_id], marks.get(attempt_id, []), sound)

    hidden = len(set(map(reading_of, of.attempts))) - len(shown)
    readings = (
        fragment(tag("h3", tag("bdi", choice.task)), *(reading(*one) for one in choice.readings)) for choice in shown
    )
    body = (
        tag("nav", tag("a", "All reports", href=index), class_="pk-players") if index else None,
        _facts(of, filters),
        tag("p", _lead(of), class_="pk-lead"),
        _practice(of),
        tag("h2", "Progress"),
        progress_chart(of.attempts) or tag("p", "There are too few readings with a score to show progress."),
        tag("h2", "Readings"),
        legend(),
        *readings,
        tag("p", f"{counted(hidden, 'more text')} in the table below.", class_="pk-note") if hidden else None,
        tag("h2", "All readings"),
        _table(of),
    )
    title = f"Reading report: {of.student.shown}"
    return page(fragment("Reading report: ", tag("bdi", of.student.shown)), *body, title=title)


def _sound(gradebook: Gradebook, attempt_id: str) -> bytes | None:
    try:
        return gradebook.audio(attempt_id)
    except PronounceKitError:  # deleted meanwhile, or the file is gone: one recording less is no report less
        return None


def _facts(of: OfStudent, filters: Mapping[str, Any]) -> Markup:
    first, last = of.attempts[0], of.attempts[-1]
    language = last["first_language"] if isinstance(last["first_language"], str) else None
    facts = [
        ("Class", of.student.class_name),
        ("First language", language),
        ("Time", period(first["recorded_at"], last["recorded_at"], filters.get("since"), filters.get("until"))),
    ]
    lines = (fragment(f"{name}: ", tag("bdi", value), tag("br")) for name, value in facts if value)
    return tag("p", *lines, class_="pk-facts")


def _lead(of: OfStudent) -> str:
    """The finding, in a sentence."""
    count = len(of.attempts)
    scores = known(of.attempts, "pron_score")
    said = f"{count} reading{'s' * (count != 1)}"
    if not scores:
        said += ", none of which has a score"
    elif len(scores) == 1:
        said += f"; the score is {score_text(scores[0])} of 100"
    else:
        said += f"; the latest score is {score_text(scores[-1])} of 100, the best {score_text(max(scores))}"
    practise = listed([sound.phoneme for sound in of.sounds], 3)
    return f"{said}. To practise first: {practise}." if practise else f"{said}."


def _practice(of: OfStudent) -> Markup:
    if not of.sounds and not of.words:
        nothing = "No sound or word was missed often. Well done."
        if not known(of.attempts, "pron_score"):
            nothing = "Nothing could be scored yet. Check the microphone, then read again."
        return fragment(tag("h2", "To practise"), tag("p", nothing))
    return fragment(
        tag("h2", "Sounds to practise"),
        sounds_list(of.sounds) if of.sounds else tag("p", "No sound was missed often."),
        words_table(of.words) if of.words else None,
    )


class _Choice(NamedTuple):
    """The readings of a task that are shown: their ids, and what they are."""

    task: str
    readings: list[tuple[str, str]]


def _chosen(attempts: Sequence[Row]) -> list[_Choice]:
    """Of every text of a task the latest reading, and the best where that is another; the one read last comes first."""
    of_text: dict[object, list[Row]] = {}
    for row in attempts:
        of_text.setdefault(reading_of(row), []).append(row)
    chosen = []
    for text in list(dict.fromkeys(reading_of(row) for row in reversed(attempts)))[:TASKS]:
        rows = of_text[text]
        latest, task = rows[-1], task_of(rows[-1])
        scored = [row for row in rows if some(row["pron_score"]) is not None]
        best = max(scored, key=lambda row: row["pron_score"], default=latest)
        if best["attempt_id"] == latest["attempt_id"] or best["pron_score"] == latest["pron_score"]:
            name = "Only reading" if len(rows) == 1 else f"Latest and best of {len(rows)} readings"
            chosen.append(_Choice(task, [(latest["attempt_id"], name)]))
        else:
            name = f"Latest of {len(rows)} readings"
            chosen.append(_Choice(task, [(latest["attempt_id"], name), (best["attempt_id"], "Best reading")]))
    return chosen


def _reading(name: str, row: Row, assessment: Assessment, marks: Sequence[Row], sound: bytes | None) -> Markup:
    verdict = verdict_of(assessment)
    message = verdict.message or (None if verdict.counts else f"{verdict.headline}.")
    whole = _latest(mark for mark in marks if pd.isna(mark["word_index"]))
    of_words = _latest(mark for mark in marks if not pd.isna(mark["word_index"]))
    machine = (score_tile(score) for score in verdict.scores if score.score is not None)
    teachers = (
        tile(f"Teacher: {mark['author']}", some(mark["score"]), title="The teacher's mark", teacher=True)
        for mark in whole
    )
    return tag(
        "article",
        tag("h4", f"{name}, {time_of(row['recorded_at'])}"),
        tag("p", message, class_="pk-message") if message else None,
        # Markup already; a type checker sees the str that the public function promises.
        None if verdict.kind == "another_text" else Markup(sentence_html(assessment, style=False)),
        None
        if not verdict.is_attempt and not whole
        else tag("ul", *machine, *teachers, class_="pk-scores", aria_label="Scores"),
        *(_reason(mark) for mark in whole),
        tag("ul", *(_word_mark(mark, assessment) for mark in of_words), class_="pk-list") if of_words else None,
        player(sound, name),
    )


def _latest(marks: Iterable[Row]) -> list[Row]:
    """What every teacher said last of every word, in the order of the words; `marks` are in the order of marking."""
    latest = {(str(mark["word_index"]), mark["author"]): mark for mark in marks}
    return sorted(latest.values(), key=lambda mark: -1 if pd.isna(mark["word_index"]) else int(mark["word_index"]))


def _reason(mark: Row) -> Markup | None:
    if not isinstance(mark["reason"], str) or not mark["reason"]:
        return None
    said = fragment(tag("bdi", mark["author"]), f" on {day_of(mark['marked_at'])}: ", tag("bdi", mark["reason"]))
    return tag("p", said, class_="pk-note")


def _word_mark(mark: Row, assessment: Assessment) -> Markup:
    place = int(mark["word_index"])
    word = assessment.words[place] if place < len(assessment.words) else None
    reason = mark["reason"] if isinstance(mark["reason"], str) and mark["reason"] else None
    return tag(
        "li",
        tag("bdi", word.word if word else f"word {place + 1}"),
        f": machine {score_text(word.accuracy_score if word else None)}, teacher ",
        tag("bdi", mark["author"]),
        f" {score_text(some(mark['score']))}",
        fragment(" (", tag("bdi", reason), ")") if reason else None,
    )


def _table(of: OfStudent) -> Markup:
    fields = [field for field in SCORE_LABELS if field == "pron" or known(of.attempts, f"{field}_score")]
    taught = known(of.attempts, "teacher_score")
    rows = (
        tag(
            "tr",
            tag("th", time_of(row["recorded_at"]), scope="row", class_="pk-time"),
            tag("td", tag("bdi", task_of(row))),
            *(score_cell(some(row[f"{field}_score"])) for field in fields),
            mark_cell(some(row["teacher_score"])) if taught else None,
        )
        for row in of.attempts
    )
    columns = ("Recorded", "Task", *(SCORE_LABELS[field][0] for field in fields), *(["Teacher"] if taught else []))
    return table("Every reading, in order of time", columns, rows)
