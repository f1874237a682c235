"""Who practised when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from .. import classroom
from ..highlight import UNSCORED, band, counted
from .figures import LegendEntry, band_entries, draw_message, label
from .parts import ink, name_of, name_rows, open_chart, others, rows_that_fit, shown, widest

_SIZE, _SMALL = 9.0, 8.0
_ROW = 17.0
_STRIP = 3.0  # rows that the whole class's bars take
_SCALE = 26.0  # dates, and the year below the first
_WIDEST_NAME = 130.0
_MOST_TICKS = 9
_STEPS = {"D": "D", "W": "7D", "MS": "MS"}
_EVERY = {"D": ("day", 1), "W": ("week", 7), "MS": ("month", 30)}


def plot_timeline(
    utterances: pd.DataFrame,
    *,
    score: str = "pron_score",
    limit: int = 30,
    ax: Axes | None = None,
    width_in: float = 8.0,
) -> Axes:
    """Draw when each student recorded: a dot a day (week, month), larger for more recordings, coloured by mean score.

    Those who have been quiet longest come first. The bars on top count the recordings of the whole class. An empty
    frame gives a picture that says so.

    Parameters
    ----------
    utterances : pandas.DataFrame
        A gradebook's, or that of `utterances` with columns student and recorded_at.
    score : str
        Which of its scores: pron_score, accuracy_score, fluency_score, completeness_score, prosody_score (each 0-100).
    limit : int
        Students drawn one by one, at most.
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
    >>> print(pk.charts.plot_timeline(utterances).get_title(loc="left"))
    6 recordings of 2 students; quiet longest: Ben, last heard 2 September 2026
    """
    periods = classroom.timeline(utterances, score=score)
    if periods.empty:
        return draw_message(ax, "There are no recordings with a time to show.", width_in)
    unit, days = _EVERY[periods.attrs["every"]]
    last = periods.groupby("student", observed=True)["period"].max().sort_values(kind="stable")
    students = list(last.index[: rows_that_fit(ax, limit, 0.7 * _ROW, besides=_STRIP * 0.7 * _ROW)])
    names = [shown(student, _WIDEST_NAME, _SIZE) for student in students]
    strip = _STRIP if len(last) > 1 else 0.0
    rest = others(len(last), len(students), "student")
    note = f"A dot is a {unit}; larger ones have more recordings. Colour: mean score."
    note += f" Not shown: {rest}, last heard no earlier; the bars count all." if rest else ""
    entries = band_entries("below 60: needs practice")
    if periods["mean_score"].isna().any():
        entries.append(LegendEntry("×", "no score", {}, {"color": UNSCORED.line}))
    everybody = f"all {len(last)}" if strip else ""
    left = max(widest(names, _SIZE), widest([everybody], _SIZE)) + 10
    ax = open_chart(
        ax,
        width_in,
        (len(names) + strip + 0.6) * _ROW,
        title=_title(last, periods),
        entries=entries,
        note=note,
        left=left,
        scale=_SCALE,
    )
    ax.set_ylim(len(names) - 0.4, -0.6 - strip)
    name_rows(ax, names, _SIZE)
    _draw_dates(ax, periods, periods.attrs["every"])
    _draw_dots(ax, periods, students)
    if strip:
        _draw_strip(ax, periods, strip, days, everybody)
    return ax


def _draw_dates(ax: Axes, periods: pd.DataFrame, every: str) -> None:
    days = _EVERY[every][1]
    ends = [_day(end) for end in (periods["period"].min(), periods["period"].max())]
    pad = max(days, (ends[1] - ends[0]) * 0.03)
    ax.set_xlim(ends[0] - pad, ends[1] + pad)
    # Not matplotlib's dates: these say each tick's month, and ticks stand where dots are.
    periods_shown = pd.date_range(periods["period"].min(), periods["period"].max(), freq=_STEPS[every])
    step = -(-len(periods_shown) // _MOST_TICKS)
    ticks = list(periods_shown[::step])
    years = [None, *(tick.year for tick in ticks)]
    texts = [_tick(tick, every, tick.year != year) for tick, year in zip(ticks, years, strict=False)]
    ax.set_xticks([_day(tick) for tick in ticks], texts)
    ax.tick_params(axis="x", length=3, labelsize=_SMALL, pad=2)


def _day(time: pd.Timestamp) -> float:
    """A time on the x axis: days since 1970, as matplotlib counts them."""
    return float((time - pd.Timestamp(0)) / pd.Timedelta(days=1))


def _tick(day: pd.Timestamp, every: str, year: bool) -> str:
    text = f"{day:%b}" if every == "MS" else f"{day.day} {day:%b}"
    return f"{text}\n{day.year}" if year else text


def _draw_dots(ax: Axes, periods: pd.DataFrame, students: list[str]) -> None:
    place = {student: row for row, student in enumerate(students)}
    dots = periods.loc[periods["student"].isin(place)]
    for row in range(len(students)):
        ax.axhline(row, color=ink(), linewidth=0.5, alpha=0.15, zorder=1)
    for unscored, part in dots.groupby(dots["mean_score"].isna()):
        places = ([_day(period) for period in part["period"]], [place[student] for student in part["student"]])
        size = np.minimum(24 + 14 * (part["recordings"] - 1), 130)
        if unscored:  # a shape of its own, for grey prints
            ax.scatter(*places, s=size, marker="x", color=UNSCORED.line, linewidths=1.2, zorder=3, gid="no score")
            continue
        looks = [band(mean) for mean in part["mean_score"]]
        ax.scatter(
            *places,
            s=size,
            color=[look.fill for look in looks],
            edgecolors=[look.line for look in looks],
            linewidths=1.0,
            zorder=3,
            gid="recordings",
        )


def _draw_strip(ax: Axes, periods: pd.DataFrame, strip: float, days: int, name: str) -> None:
    """The recordings of the whole class, as bars above the rows of the students."""
    totals = periods.groupby("period")["recordings"].sum()
    foot, height = -0.8, strip - 0.9
    most = totals.max()
    xs = [_day(period) for period in totals.index]
    ax.bar(xs, -totals / most * height, bottom=foot, width=days * 0.7, color=UNSCORED.line, zorder=2, gid="class")
    ax.axhline(foot, color=ink(), linewidth=0.8)
    busiest = int(np.argmax(totals))
    label(ax, str(most), (xs[busiest], foot - height), offset=(0, 1), size=_SMALL, on="data", ha="center", va="bottom")
    label(ax, name, (0, foot - height / 2), offset=(-4, 0), size=_SIZE, on=("axes fraction", "data"), ha="right",
          va="center")  # fmt: skip


def _title(last: pd.Series[Any], periods: pd.DataFrame) -> str:
    """The finding: "26 recordings of 8 students; quiet longest: Tom, last heard 11 March 2024"."""
    total = counted(int(periods["recordings"].sum()), "recording")
    first, newest = periods["period"].min(), last.max()
    span = _date(first) if first == newest else f"{_date(first)} to {_date(newest)}"
    quiet = last.index[last == last.min()]
    if last.min() == newest:
        return f"{total} of {counted(len(last), 'student')}, {span}"
    more = others(len(quiet), 1, "student")
    whose = name_of(quiet[0]) + (f" and {more}" if more else "")
    return f"{total} of {counted(len(last), 'student')}; quiet longest: {whose}, last heard {_date(last.min())}"


def _date(day: pd.Timestamp) -> str:
    return f"{day.day} {day:%B %Y}"
