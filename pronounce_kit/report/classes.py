"""The report on a class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from .. import classroom
from ..comparison import compared, signed
from ..errors import InputError
from ..highlight import MISPRONOUNCED_BELOW, Markup, fragment, listed, score_cell, score_text, tag
from ..pairs import Tables, teacher_pairs
from .page import mark_cell, page, picture, table
from .practice import sounds_list
from .readings import (
    OfStudent,
    Readings,
    Student,
    by_class,
    by_student,
    class_sounds,
    day_of,
    known,
    load,
    period,
    records_of,
)

if TYPE_CHECKING:
    from ..gradebook import Gradebook

LATEST = 5
"""How a student is doing now: the mean of so many readings."""

SILENT_DAYS = 14
"""Who has not read for so long, while the class did, needs attention."""

ATTENTION = 15
"""At most so many students are named; more is no longer a priority."""

_UNSCORED_SHARE = 1 / 3


def class_report(
    gradebook: Gradebook,
    class_name: str | None = None,
    *,
    task: str | list[str | None] | None = None,
    since: Any = None,
    until: Any = None,
) -> str:
    """A page on a class: who needs attention, hardest words and sounds, confusions, progress, and all students.

    Parameters
    ----------
    gradebook : Gradebook
        Where the readings are.
    class_name : str, optional
        Without it, on the students without a class where there are several classes, else on the only one.
    task : str or list of str and None, optional
        Only readings of this task.
    since, until : str, datetime.date or datetime.datetime, optional
        Only readings of this time, as in the gradebook.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    InputError
        For a class without readings.

    Examples
    --------
    >>> "Ada" in pk.report.class_report(gradebook, "5b")
    True
    """
    filters = {"task": task, "since": since, "until": until}
    classes = by_class(load(gradebook, class_name=None if class_name is None else [class_name], **filters))
    if class_name is None and len(classes) > 1 and None not in classes:
        raise InputError(f"There are several classes: {', '.join(map(repr, classes))}. Name one with class_name=.")
    name = class_name if class_name in classes or len(classes) > 1 else next(iter(classes))
    return class_page(name, classes[name], list(by_student(classes[name])), **filters)


def class_page(
    class_name: str | None,
    readings: Readings,
    students: Sequence[OfStudent],
    *,
    links: Mapping[Student, str] | None = None,
    index: str | None = None,
    **filters: Any,
) -> str:
    """The page on a class whose readings are at hand; `links` has the addresses of the students' own pages."""
    heading, title = "Students without a class", "Class report: students without a class"
    if class_name:
        heading, title = fragment("Class report: ", tag("bdi", class_name)), f"Class report: {class_name}"
    records = [_record(one, readings) for one in students]
    _add_gains(records, readings)
    records.sort(key=lambda record: (record.latest is None, record.latest or 0.0))
    body = (
        tag("nav", tag("a", "All reports", href=index), class_="pk-players") if index else None,
        _facts(readings, records, filters),
        tag("h2", "Who needs attention"),
        _attention(records, links or {}),
        *_pictures(readings),
        _sounds(readings),
        _agreement(readings),
        tag("h2", "All students"),
        _table(records, links or {}),
    )
    return page(heading, *body, title=title)


# --- students ---------------------------------------------------------------------------------------------------


class _Record:
    """A student as a row of the table."""

    def __init__(self, of: OfStudent, class_last: Any) -> None:
        scores = known(of.attempts, "pron_score")
        self.student = of.student
        self.readings = len(of.attempts)
        self.unscored = len(of.attempts) - len(scores)
        self.mean = fmean(scores) if scores else None
        self.latest = fmean(scores[-LATEST:]) if scores else None
        self.of_latest = min(LATEST, len(scores))
        marks = known(of.attempts, "teacher_score")
        self.teacher = fmean(marks) if marks else None
        self.last = of.attempts[-1]["recorded_at"]
        self.silent_days = 0 if pd.isna(self.last) or pd.isna(class_last) else (class_last - self.last).days
        self.sounds = [sound.phoneme for sound in of.sounds]
        self.gain: _Gain | None = None

    def reasons(self) -> list[str]:
        """Why the student needs attention, the weightiest first; empty for who does not."""
        found = []
        if self.latest is None:
            found.append(f"none of {self.readings} recording{'s' * (self.readings != 1)} could be scored")
        elif self.latest < MISPRONOUNCED_BELOW:
            of = f"the latest {self.of_latest} readings score" if self.of_latest > 1 else "the only reading scores"
            found.append(f"{of} {score_text(self.latest)}{' on average' * (self.of_latest > 1)}")
        if self.gain and self.gain.high < 0:
            found.append(f"lost {abs(self.gain.points):.0f} points from first to last attempt")
        if self.latest is not None and self.unscored > 1 and self.unscored >= _UNSCORED_SHARE * self.readings:
            found.append(f"{self.unscored} of {self.readings} recordings could not be scored")
        if self.teacher is not None and self.teacher < MISPRONOUNCED_BELOW:
            found.append(f"the teacher's marks are {score_text(self.teacher)} on average")
        if self.silent_days > SILENT_DAYS:
            found.append(f"no reading since {day_of(self.last)}")
        return found


class _Gain(NamedTuple):
    points: float
    low: float
    high: float


def _record(of: OfStudent, readings: Readings) -> _Record:
    return _Record(of, readings.attempts["recorded_at"].max())


def _add_gains(records: Sequence[_Record], readings: Readings) -> None:
    names = [str(number) for number in range(len(readings.students))]
    # By number, not by name: two students may have the same one.
    table = classroom.gains(readings.attempts.assign(student=readings.attempts["who"].map(names.__getitem__)))
    gains = {
        readings.students[int(row["student"])]: _Gain(row["gain"], row["low"], row["high"]) for row in records_of(table)
    }
    for record in records:
        record.gain = gains.get(record.student)


def _name(student: Student, links: Mapping[Student, str]) -> Markup:
    shown = tag("bdi", student.shown)
    return tag("a", shown, href=links[student]) if student in links else shown


def _attention(records: Sequence[_Record], links: Mapping[Student, str]) -> Markup:
    needy = [(record, reasons) for record in records if (reasons := record.reasons())]
    if not needy:
        return tag("p", "Nobody stands out: no low scores, no falling ones, and everybody has read lately.")
    needy.sort(key=lambda pair: -len(pair[1]))
    items = [
        tag("li", tag("strong", _name(record.student, links)), f": {'; '.join(reasons)}.")
        for record, reasons in needy[:ATTENTION]
    ]
    more = len(needy) - len(items)
    return fragment(
        tag("ul", *items, class_="pk-list"),
        tag("p", f"{more} more of {len(records)} students could be named; see the table.", class_="pk-note")
        if more
        else None,
    )


def _table(records: Sequence[_Record], links: Mapping[Student, str]) -> Markup:
    taught = any(record.teacher is not None for record in records)
    rows = (
        tag(
            "tr",
            tag("th", _name(record.student, links), scope="row"),
            tag("td", record.readings),
            score_cell(record.latest),
            score_cell(record.mean),
            mark_cell(record.teacher) if taught else None,
            tag("td", _gain(record.gain), class_="pk-time"),
            tag("td", listed(record.sounds, 3) or "–"),
            tag("td", day_of(record.last), class_="pk-time"),
            class_="pk-problem" if record.reasons() else None,
        )
        for record in records
    )
    columns = (
        *("Student", "Readings", f"Latest {LATEST}", "All"),
        *(["Teacher"] if taught else []),
        *("Gain, with 95% interval", "To practise", "Last reading"),
    )
    note = (
        "Mean scores; the lowest of the latest come first. Gain: points from the first to the last attempt at a task."
    )
    return fragment(tag("p", note, class_="pk-note"), table("Students", columns, rows, class_="pk-students"))


def _gain(gain: _Gain | None) -> str:
    if gain is None:
        return "–"
    if gain.high - gain.low >= 200:  # nothing is known of the spread
        return signed(gain.points, 0)
    return f"{signed(gain.points, 0)} ({signed(gain.low, 0)} to {signed(gain.high, 0)})"


# --- the class --------------------------------------------------------------------------------------------------


def _facts(readings: Readings, records: Sequence[_Record], filters: Mapping[str, Any]) -> Markup:
    scored = readings.attempts["pron_score"].dropna()
    times = readings.attempts["recorded_at"]
    said = f"{len(records)} student{'s' * (len(records) != 1)}, {len(readings.attempts)} reading"
    said += "s" * (len(readings.attempts) != 1)
    if not scored.empty:
        said += f", mean score {score_text(float(scored.mean()))} of 100"
    return fragment(
        tag("p", period(times.min(), times.max(), filters.get("since"), filters.get("until")), class_="pk-facts"),
        tag("p", f"{said}.", class_="pk-lead"),
    )


def _pictures(readings: Readings) -> list[Markup | None]:
    """The charts that have something to show."""
    from .. import charts  # loads matplotlib

    scored = readings.attempts["pron_score"].notna().any()
    sounds = readings.phonemes["accuracy_score"].notna().any()
    words = readings.words["accuracy_score"].notna().any()
    heard = sounds and readings.phonemes["heard"].notna().any()
    return [
        tag("h2", "How the class reads") if scored else None,
        picture(charts.plot_distribution(readings.attempts), "Bars of how many recordings have which score")
        if scored
        else None,
        picture(charts.plot_progress(readings.attempts, limit=11), "Lines of scores from attempt to attempt")
        if scored
        else None,
        tag("h2", "Hardest words and sounds") if words or sounds else None,
        picture(charts.plot_hardest_words(readings.words), "Bars of the words that are missed most") if words else None,
        picture(charts.plot_hardest_phonemes(readings.phonemes), "Bars of the sounds that are missed most")
        if sounds
        else None,
        picture(charts.plot_confusions(readings.phonemes), "Matrix of expected and heard sounds") if heard else None,
    ]


def _sounds(readings: Readings) -> Markup | None:
    sounds = class_sounds(readings)
    return fragment(tag("h2", "Sounds to practise together"), sounds_list(sounds)) if sounds else None


def _agreement(readings: Readings) -> Markup | None:
    """How far the machine agrees with the teacher, where the teacher gave marks."""
    if readings.marks.empty:
        return None
    from ..charts import plot_agreement  # loads matplotlib

    tables = Tables(readings.attempts, readings.marks, lambda: readings.words, lambda: readings.phonemes)
    found = compared(teacher_pairs(tables))
    if found.frame.empty:
        return None
    enough = found.frame["mean_difference"].notna().any()
    return fragment(
        tag("h2", "The machine and the teacher"),
        found.table_html(),
        picture(plot_agreement(found), "Differences of the scores over their means") if enough else None,
    )
