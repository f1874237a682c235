"""How scores change from attempt to attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.transforms import Affine2D, Transform

from .. import classroom
from ..highlight import GOOD, GOOD_FROM, MISPRONOUNCED_BELOW, band, counted, score_text
from .figures import MARGIN, LegendEntry, draw_message, halo, label, settled_size_of
from .parts import ink, name_of, open_chart, others, shown

if TYPE_CHECKING:
    import pandas as pd

_NAME, _SMALL = 9.0, 7.0
_WIDTH, _HEIGHT = 132.0, 112.0  # of a panel, with the space around it
_LEFT, _RIGHT = 20.0, 12.0  # of the curve, within its panel
_TOP, _BOTTOM = 30.0, 18.0
_SMALLEST = 0.7  # how far panels shrink in axes that were given


class _View(NamedTuple):
    """What all panels share: the last attempt, the lowest score, and how large they are drawn."""

    last: int
    floor: int
    scale: float


def plot_progress(
    utterances: pd.DataFrame,
    *,
    score: str = "pron_score",
    limit: int = 24,
    ax: Axes | None = None,
    width_in: float = 8.0,
) -> Axes:
    """Draw the scores from attempt to attempt in small panels, the class first and then student by student.

    Points are means over the tasks, with their 95 % intervals (see `classroom.progress`): where there are few
    recordings the whiskers are long, and a point of a single one is hollow. Above each panel stands what the student
    gained from the first to the last attempt at the same tasks. Those whose change is surest come first. An empty frame
    gives a picture that says so.

    Parameters
    ----------
    utterances : pandas.DataFrame
        A gradebook's, or that of `utterances` with a column student.
    score : str
        Which of its scores: pron_score, accuracy_score, fluency_score, completeness_score, prosody_score (each 0-100).
    limit : int
        Students drawn, at most.
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
    >>> print(pk.charts.plot_progress(utterances).get_title(loc="left"))
    Most progress: Ada, +... points over 2 texts: too little to be sure
    """
    curves = classroom.progress(utterances, score=score)
    if curves.empty:
        return draw_message(ax, "There are no scores to show.", width_in)
    gains = classroom.gains(utterances, score=score)
    by_mean = curves.groupby("student", sort=False, observed=True)["mean_score"].mean().sort_values(kind="stable")
    students = list(dict.fromkeys([*gains["student"], *by_mean.index]))
    own = ax is None
    if ax is not None:
        width, height = settled_size_of(ax)
        fitting = int(width // (_WIDTH * _SMALLEST)) * int(height // (_HEIGHT * _SMALLEST))
        limit = max(1, min(limit, fitting - 1))
    chosen = students[:limit]
    rest = others(len(students), len(chosen), "student")
    note = "Whiskers and band: 95 % intervals, long where there are few recordings. Numbers below: the attempt."
    if rest:
        note += f" Not shown: {rest}{'' if gains.empty else ', whose change is less sure'}."
    entries = [
        LegendEntry("●", "mean of several recordings", {}, {"color": GOOD.line}),
        LegendEntry("○", "a single recording", {}, {"color": GOOD.line}),
        LegendEntry("┄┄", "60 and 80 points", {}, {}),
    ]
    panels = len(chosen) + (len(students) > 1)
    across = max(1, min(panels, int((width_in * 72 - 2 * MARGIN) // _WIDTH)))
    body = -(-panels // across) * _HEIGHT
    ax = open_chart(ax, width_in, body, title=_title(gains, len(students)), entries=entries, note=note)
    width, height = settled_size_of(ax)
    ax.set_xlim(0, width)
    ax.set_ylim(0, height)
    scale = 1.0
    while not own and (width // (_WIDTH * scale)) * (height // (_HEIGHT * scale)) < panels and scale > _SMALLEST:
        scale *= 0.95
    across = max(1, min(panels, int(width // (_WIDTH * scale))))
    step = (min(width / across, 2 * _WIDTH), _HEIGHT * scale)
    corners = [(number % across * step[0], height - (number // across + 1) * step[1]) for number in range(panels)]
    floor = min(MISPRONOUNCED_BELOW, curves["low"].min()) // 20 * 20
    view = _View(int(max(curves["attempt"].max(), 2)), int(floor), scale)
    if len(students) > 1:
        whole = classroom.class_progress(utterances, score=score).rename(columns={"students": "recordings"})
        places = _places(ax, corners.pop(0), step, view)
        _draw_panel(ax, places, whole, view)
        _draw_heading(ax, places, f"All {len(students)} students", "mean of the students' means", step[0], scale)
    gained = {row["student"]: _gain_text(row) for row in gains.to_dict("records")}
    for student, corner in zip(chosen, corners, strict=True):
        places = _places(ax, corner, step, view)
        _draw_panel(ax, places, curves.loc[curves["student"] == student], view, gid=student)
        _draw_heading(ax, places, student, gained.get(student, "no text read twice"), step[0], scale)
    return ax


def _places(ax: Axes, corner: tuple[float, float], step: tuple[float, float], view: _View) -> Transform:
    """From attempts and scores to where they are drawn, for a panel with its lower left corner there."""
    width = step[0] - (_LEFT + _RIGHT) * view.scale
    height = step[1] - (_TOP + _BOTTOM) * view.scale
    move = Affine2D().translate(-0.5, -view.floor).scale(width / view.last, height / (100 - view.floor))
    return move.translate(corner[0] + _LEFT * view.scale, corner[1] + _BOTTOM * view.scale) + ax.transData


def _draw_panel(ax: Axes, places: Transform, curve: pd.DataFrame, view: _View, gid: str = "class") -> None:
    xs, ys = curve["attempt"].to_numpy(), curve["mean_score"].to_numpy()
    low, high, scale = curve["low"].clip(lower=view.floor), curve["high"], view.scale
    ends = [0.5, view.last + 0.5]
    for mark in (MISPRONOUNCED_BELOW, GOOD_FROM):
        ax.plot(ends, [mark, mark], transform=places, color=ink(), linewidth=0.6, linestyle=":", alpha=0.5)
    for mark in (view.floor, 100):
        ax.plot(ends, [mark, mark], transform=places, color=ink(), linewidth=0.5, alpha=0.35)
    if gid == "class":
        ax.fill_between(xs, low, high, transform=places, color=GOOD.line, alpha=0.2, linewidth=0, gid="band")
    whiskers = [[(x, start), (x, end)] for x, start, end in zip(xs, low, high, strict=True)]
    single = curve["recordings"].to_numpy() < 2
    alphas = [0.45 if alone else 0.9 for alone in single]
    ax.add_collection(
        LineCollection(whiskers, colors=GOOD.line, linewidths=1.6, alpha=alphas, transform=places, gid="interval"),
        autolim=False,
    )
    ax.plot(xs, ys, transform=places, color=GOOD.line, linewidth=1.2, zorder=3, gid=gid)
    ground = mpl.rcParams["axes.facecolor"]
    ax.scatter(
        xs, ys, transform=places, s=22 * scale, zorder=4, linewidths=1.0, gid="points", edgecolors=GOOD.line,
        color=[ground if alone else GOOD.line for alone in single],
    )  # fmt: skip
    for attempt in range(1, view.last + 1, -(-view.last // 6)):
        label(ax, str(attempt), (attempt, view.floor), offset=(0, -3), size=_SMALL * scale, on=places, ha="center",
              va="top")  # fmt: skip
    for mark in dict.fromkeys([view.floor, int(MISPRONOUNCED_BELOW), 100]):
        label(ax, str(mark), (ends[0], mark), offset=(-2, 0), size=_SMALL * scale, on=places, ha="right", va="center",
              alpha=0.8)  # fmt: skip
    last = float(ys[-1])
    label(
        ax, score_text(last), (xs[-1], last), offset=(5 * scale, 0), size=_SMALL * scale, on=places, bold=True,
        va="center", color=band(last).line, **halo(),
    )  # fmt: skip


def _draw_heading(ax: Axes, places: Transform, name: str, said: str, width: float, scale: float) -> None:
    room = width - (_LEFT + 4) * scale
    text = shown(name, room, _NAME * scale, bold=True)
    label(ax, text, (0.5, 100), offset=(0, 15 * scale), size=_NAME * scale, on=places, bold=True, gid="name")
    said = shown(said, room, _SMALL * scale)
    label(ax, said, (0.5, 100), offset=(0, 5 * scale), size=_SMALL * scale, on=places, alpha=0.8, gid="gain")


def _gain_text(row: Mapping[Any, Any]) -> str:
    interval = f"{_points(row['low'])} to {_points(row['high'])}" if row["high"] - row["low"] < 200 else "unsure"
    return f"{_points(row['gain'])} ({interval}), {counted(int(row['tasks']), 'text')}"


def _points(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−") if round(value) else "0"


def _title(gains: pd.DataFrame, students: int) -> str:
    """The finding: "Surest progress: Olga, +21 points over 3 texts; 1 of 8 students surely gained"."""
    if gains.empty:
        return "No progress to see yet: nobody read a text twice"
    gained = gains.loc[gains["sure"] & (gains["gain"] > 0)]
    lost = gains.loc[gains["sure"] & (gains["gain"] < 0)]
    if len(gained):
        found = f"Surest progress: {_change(gained.iloc[0])}"
        return f"{found}; {len(gained)} of {students} students surely gained" if students > 1 else found
    if len(lost):
        return f"Surest loss: {_change(lost.iloc[0])}"
    most = gains.iloc[int(gains["gain"].argmax())]
    if round(most["gain"]) <= 0:
        most = gains.iloc[int(gains["gain"].abs().argmax())]
        return f"Nobody surely gained or lost; the largest change: {_change(most)}"
    return f"Most progress: {_change(most)}: too little to be sure"


def _change(row: pd.Series[Any]) -> str:
    points = "point" if abs(round(row["gain"])) == 1 else "points"
    return f"{name_of(row['student'])}, {_points(row['gain'])} {points} over {counted(row['tasks'], 'text')}"
