"""A student's scores from reading to reading, as a drawing in the page itself.

It is SVG rather than a picture of matplotlib's: three hundred students are drawn in the time of one picture, it
follows the reader's theme, and it is sharp in print.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..highlight import GOOD_FROM, MISPRONOUNCED_BELOW, Markup, band, fragment, score_text, tag
from .readings import Row, day_of, reading_of, some, task_of

_WIDTH, _HEIGHT = 640.0, 190.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 12.0, 10.0, 26.0


def progress_chart(rows: Sequence[Row]) -> Markup | None:
    """The overall scores in order of time; None where fewer than two readings have one.

    Dots are the machine's scores and diamonds the teacher's marks. A line joins the readings of the same text of
    a task, since only these can be compared. Readings without a score leave a gap.
    """
    scores = [some(row["pron_score"]) for row in rows]
    known = [score for score in scores if score is not None]
    if len(known) < 2:
        return None
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(rows) - 1, 1)
    xs = [_LEFT + step * place for place in range(len(rows))]
    dots, diamonds = [], []
    of_text: dict[object, list[tuple[float, float]]] = {}
    size = 5.0 if len(rows) <= 60 else 3.0
    for x, row, score in zip(xs, rows, scores, strict=True):
        when = f"{day_of(row['recorded_at'])}, {task_of(row)}"
        if score is not None:
            of_text.setdefault(reading_of(row), []).append((x, _y(score)))
            label = tag("title", f"{when}: {score_text(score)} of 100")
            dots.append(
                tag("circle", label, cx=_at(x), cy=_at(_y(score)), r=size, class_=f"pk-dot pk-{band(score).name}")
            )
        mark = some(row["teacher_score"])
        if mark is not None:
            label = tag("title", f"{when}: the teacher's mark {score_text(mark)} of 100")
            diamonds.append(tag("path", label, d=_diamond(x, _y(mark), size), class_="pk-diamond"))
    lines = (
        tag("polyline", points=" ".join(f"{_at(x)},{_at(y)}" for x, y in points), class_="pk-line")
        for points in of_text.values()
        if len(points) > 1
    )
    finding = f"Overall scores of {len(known)} readings: first {score_text(known[0])}, latest {score_text(known[-1])}"
    missing = len(scores) - len(known)
    return tag(
        "figure",
        tag(
            "svg",
            *_scale(),
            *lines,
            *dots,
            *diamonds,
            _text(_LEFT, _HEIGHT - 6, day_of(rows[0]["recorded_at"]), "start"),
            _text(_WIDTH - _RIGHT, _HEIGHT - 6, day_of(rows[-1]["recorded_at"]), "end"),
            viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}",
            role="img",
            aria_label=f"{finding}. The table of readings has all numbers.",
        ),
        tag(
            "figcaption",
            f"{finding}. Lines join readings of the same text.",
            " Diamonds are the teacher's marks." if diamonds else None,
            f" {missing} without a score {'is' if missing == 1 else 'are'} left out." if missing else None,
        ),
        class_="pk-chart",
    )


def _y(score: float) -> float:
    return _TOP + (_HEIGHT - _TOP - _BOTTOM) * (1 - score / 100)


def _at(place: float) -> str:
    return f"{place:.1f}"


def _scale() -> Iterable[Markup]:
    for score in (0.0, MISPRONOUNCED_BELOW, GOOD_FROM, 100.0):
        y = _at(_y(score))
        yield fragment(
            tag("line", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y, class_="pk-grid"),
            _text(_LEFT - 6, _y(score) + 4, f"{score:g}", "end"),
        )


def _text(x: float, y: float, text: str, anchor: str) -> Markup:
    return tag("text", text, x=_at(x), y=_at(y), text_anchor=anchor)


def _diamond(x: float, y: float, size: float) -> str:
    half = size + 1
    return f"M{_at(x)} {_at(y - half)}l{half:g} {half:g}l{-half:g} {half:g}l{-half:g} {-half:g}z"
