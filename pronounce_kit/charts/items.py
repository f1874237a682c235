"""How hard each word of the tasks is, and whether it tells good readers from poor ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from .. import classroom
from ..highlight import FAIR, GOOD, POOR, counted, listed, shortened
from .figures import LegendEntry, draw_message, halo, label, settled_size_of, text_width
from .parts import ink, name_of, open_chart, others, shown

if TYPE_CHECKING:
    import pandas as pd

_SMALL = 8.0
_BODY = 300.0
_LEFT, _SCALE = 38.0, 30.0
_USEFUL = 0.2
"""A discrimination from here on is worth having (Ebel, "Essentials of Educational Measurement", 1972)."""

_UNTOLD = -1.25  # where the words stand whose discrimination is unknown
_MOST_WHISKERS = 40


def plot_items(words: pd.DataFrame, *, limit: int = 30, ax: Axes | None = None, width_in: float = 8.0) -> Axes:
    """Draw each word by its difficulty (share right) and discrimination (whether good readers get it right).

    Words on the left are hard. High up are those that good readers get right and poor ones do not; below 0 it is the
    other way round: listen to some recordings of such a word, or drop it. The figures and their intervals (thin lines)
    are those of `classroom.items`; with few students the intervals are long. Words that all students get right, or
    wrong, tell no readers apart and stand in the strip at the bottom. An empty frame gives a picture that says so.

    Parameters
    ----------
    words : pandas.DataFrame
        A gradebook's, or that of `words` with a column student.
    limit : int
        Places labelled, at most, the hardest first.
    ax : matplotlib.axes.Axes, optional
        Where to draw; without it a figure of its own.
    width_in : float
        Width of an own figure, in inches; its height is as needed.

    Returns
    -------
    matplotlib.axes.Axes
        The title tells the finding.

    Raises
    ------
    InputError
        For a frame without the columns.

    Examples
    --------
    >>> len(pk.charts.plot_items(words).texts) > 0  # with two students nothing tells them apart
    True
    """
    items = classroom.items(words)
    if items.empty:
        return draw_message(ax, "There are no words with a score to show.", width_in)
    told = items.loc[items["discrimination"].notna()]
    untold = items.loc[items["discrimination"].isna()]
    students = int(classroom.student_names(words).nunique())
    if told.empty and students < 3:
        found = f"There are readings of {counted(students, 'student')} only"
        return draw_message(ax, f"{found}: whether a word tells readers apart shows with 3 or more.", width_in)
    entries = [
        LegendEntry("●", "tells readers apart (0.2 and more)", {}, {"color": GOOD.line}),
        LegendEntry("◆", "hardly does", {}, {"color": FAIR.line}),
        LegendEntry("▼", "the wrong way round (below 0)", {}, {"color": POOR.line}),
        *([LegendEntry("○", "all students alike", {}, {})] if len(untold) else []),
    ]
    note = f"{counted(len(items), 'word')} of the tasks, {counted(students, 'student')}. Thin lines: 95 % intervals."
    ax = open_chart(ax, width_in, _BODY, title=_title(items), entries=entries, note=note, left=_LEFT, scale=_SCALE)
    settled_size_of(ax)
    ax.set_xlim(-0.04, 1.06)
    ax.set_ylim(_UNTOLD - 0.2 if len(untold) else -1.1, 1.1)
    _draw_scale(ax, bool(len(untold)))
    looks = (
        (told["discrimination"] >= _USEFUL, "o", GOOD.line),
        ((told["discrimination"] >= 0) & (told["discrimination"] < _USEFUL), "D", FAIR.line),
        (told["discrimination"] < 0, "v", POOR.line),
    )
    for chosen, marker, color in looks:
        of_look = told.loc[chosen]
        if len(of_look):
            ax.scatter(
                of_look["share_right"],
                of_look["discrimination"],
                s=30,
                marker=marker,
                color=color,
                zorder=3,
                gid="item",
            )
    if len(untold):
        ax.scatter(
            untold["share_right"],
            [_UNTOLD] * len(untold),
            s=26,
            facecolor="none",
            edgecolor=ink(),
            zorder=3,
            gid="untold",
        )
    _draw_intervals(ax, told if len(told) <= _MOST_WHISKERS else told.head(limit))
    _draw_names(ax, items, limit)
    return ax


def _draw_intervals(ax: Axes, items: pd.DataFrame) -> None:
    lines: list[Any] = []
    for row in items.to_dict("records"):
        x, y = row["share_right"], row["discrimination"]
        lines.append([(x, row["discrimination_low"]), (x, row["discrimination_high"])])
        lines.append([(row["low"], y), (row["high"], y)])
    ax.add_collection(LineCollection(lines, colors=ink(), linewidths=0.8, alpha=0.18, gid="interval"), autolim=False)


def _draw_scale(ax: Axes, strip: bool) -> None:
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.set_yticks([-1, -0.5, 0, 0.5, 1], ["−1", "−0.5", "0", "0.5", "1"])
    ax.tick_params(length=0, labelsize=_SMALL, pad=2)
    ax.axhline(0, color=ink(), linewidth=0.8)
    ax.axhline(_USEFUL, color=ink(), linewidth=0.7, linestyle=":", alpha=0.7)
    if strip:
        ax.axhspan(_UNTOLD - 0.2, -1.08, color=ink(), alpha=0.05, linewidth=0)
    label(ax, "share of attempts right (hard words on the left)", (0.5, 0), offset=(0, -16), size=_SMALL, ha="center",
          va="top", alpha=0.8)  # fmt: skip
    label(ax, "tells good readers from poor ones (discrimination)", (0, 0.5), offset=(-_LEFT + 4, 0), size=_SMALL,
          rotation=90, va="center", ha="left", alpha=0.8)  # fmt: skip


def _draw_names(ax: Axes, items: pd.DataFrame, limit: int) -> None:
    """The words, those at one place together, each where it covers no other: right, left, above or below."""
    per_point = ax.transData.inverted().transform([(0, 0), (1, 1)])
    scale = np.abs(per_point[1] - per_point[0]) * ax.figure.dpi / 72  # data units in a point
    y = items["discrimination"].fillna(_UNTOLD)
    taken: list[tuple[float, float, float, float]] = [
        (x - 3 * scale[0], y - 3 * scale[1], x + 3 * scale[0], y + 3 * scale[1])
        for x, y in zip(items["share_right"], y, strict=True)
    ]
    groups = items.assign(y=y).groupby([items["share_right"].round(3), y.round(2)], sort=False)
    for (x, place), group in list(groups)[:limit]:
        names = [shortened(word) for word in dict.fromkeys(group["word"])]
        text = listed(names, 3)
        text = shown(text, 150, _SMALL)
        size = (text_width(text, _SMALL) * scale[0], _SMALL * 1.1 * scale[1])
        for box, offset, ha, va in _around(x, place, size, scale):
            free = not any(_overlap(box, other) for other in taken)
            if free and box[0] > -0.04 and box[2] < 1.06:
                taken.append(box)
                label(ax, text, (x, place), offset=offset, size=_SMALL, on="data", ha=ha, va=va, gid="word", **halo())
                break


def _around(
    x: float, y: float, size: tuple[float, float], scale: Sequence[float]
) -> Iterator[tuple[tuple[float, float, float, float], tuple[float, float], str, str]]:
    """Boxes for a label near a point, the best place first, each with its offset in points and alignment."""
    width, height = size
    gap_x, gap_y = 6 * scale[0], 6 * scale[1]
    for up in (0.0, 9.0, -9.0, 18.0, -18.0):
        middle = y + up * scale[1]
        yield (x + gap_x, middle - height / 2, x + gap_x + width, middle + height / 2), (6, up), "left", "center"
        yield (x - gap_x - width, middle - height / 2, x - gap_x, middle + height / 2), (-6, up), "right", "center"
    yield (x - width / 2, y + gap_y, x + width / 2, y + gap_y + height), (0, 6), "center", "bottom"
    yield (x - width / 2, y - gap_y - height, x + width / 2, y - gap_y), (0, -6), "center", "top"


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _title(items: pd.DataFrame) -> str:
    """The finding: "“path” is hardest (25 % right); check “with”: poor readers get it right more often"."""
    first = items.iloc[0]
    if first["share_right"] == 1:
        return f"Every attempt at {'the word' if len(items) == 1 else f'all {len(items)} words'} was right"
    share = f"{first['share_right']:.0%}".replace("%", " %")
    attempts = counted(int(first["attempts"]), "attempt")
    found = f"“{name_of(first['word'])}” is the hardest word: {share} right of {attempts}"
    wrong_way = items.loc[items["discrimination_high"] < 0].sort_values("discrimination", kind="stable")
    if len(wrong_way):
        word = name_of(wrong_way["word"].iloc[0])
        more = others(len(wrong_way), 1, "word")
        return found + f"; check “{word}”{f' and {more}' if more else ''}: poor readers get it right more often"
    known = items.dropna(subset="discrimination_low").sort_values("discrimination_low", kind="stable")
    if len(known) and known["discrimination_low"].iloc[-1] > 0:
        found += f"; “{name_of(known['word'].iloc[-1])}” tells good readers from poor ones best"
    return found
