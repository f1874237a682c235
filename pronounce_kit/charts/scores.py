"""The scores of the whole text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.axes import Axes

from ..highlight import GOOD_FROM, MISPRONOUNCED_BELOW, UNSURE, band
from .figures import (
    MARGIN,
    band_entries,
    blank,
    draw_legend,
    draw_message,
    fitted,
    halo,
    label,
    legend_height,
    new_axes,
    set_title,
    size_of,
    text_width,
    unsure_entries,
)
from .rows import ScoreRow, finding, scores_title, text_score_rows

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Assessment

_SIZE = 10.0
_SMALL = 8.0
_ROW = 42.0
_BAR = 0.36  # height of a bar, in rows
_SCALE = 14.0  # room for the numbers of the scale


def plot_scores(data: Assessment | pd.DataFrame, *, ax: Axes | None = None, width_in: float = 6.0) -> Axes:
    """Draw the scores of the whole text as bars: overall, accuracy, fluency, words read and melody.

    A missing score has the words "not assessed" in place of a bar.

    Parameters
    ----------
    data : Assessment or pandas.DataFrame
        A frame is that of `utterances`, with one row.
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
        For anything else.

    Examples
    --------
    >>> pk.charts.plot_scores(assessment).get_title(loc="left")
    'Overall ... of 100; lowest: accuracy (...)'
    """
    rows = text_score_rows(data)
    if all(row.score is None for row in rows):
        return draw_message(ax, finding(data, "There are no scores to show."), width_in)
    title = finding(data, scores_title(rows))
    entries = band_entries("below 60: needs practice") if all(row.is_sure for row in rows) else unsure_entries()
    if ax is None:
        below = _SCALE + legend_height(entries, width_in * 72 - 2 * MARGIN)
        ax = new_axes(width_in, len(rows) * _ROW, title=title, below=below)
    blank(ax)
    number = max(text_width(row.text, _SIZE, bold=True) for row in rows) + 8
    width = size_of(ax)[0]
    ax.set_xlim(0, max(107.0, 100 * width / max(width - number, 0.5 * width)))  # it stands right of a full bar
    ax.set_ylim(len(rows) - 0.7, -0.7)
    known = [
        (place, row.score, band(row.score) if row.is_sure else UNSURE)
        for place, row in enumerate(rows)
        if row.score is not None
    ]
    ax.barh(
        [place for place, _, _ in known],
        [score for _, score, _ in known],
        height=_BAR,
        color=[of_score.fill for _, _, of_score in known],
        edgecolor=[of_score.line for _, _, of_score in known],
        linewidth=1.0,
        zorder=2,
    )
    for place, row in enumerate(rows):
        _draw_labels(ax, place, row)
    for mark in (MISPRONOUNCED_BELOW, GOOD_FROM):
        ax.axvline(mark, color=mpl.rcParams["text.color"], linewidth=0.8, linestyle=":", alpha=0.6, zorder=1)
    ax.set_xticks([0, MISPRONOUNCED_BELOW, GOOD_FROM, 100])
    ax.tick_params(axis="x", length=0, labelsize=_SMALL, pad=2)
    set_title(ax, title)
    draw_legend(ax, entries, below=_SCALE)
    return ax


def _draw_labels(ax: Axes, place: int, row: ScoreRow) -> None:
    """The name and its meaning above the bar, the number behind it or, in its place, the words that there is none."""
    above, bold = (0, place - _BAR / 2), place == 0
    label(ax, row.name, above, offset=(0, 3), on="data", size=_SIZE, bold=bold, va="bottom", gid="name", **halo())
    name_width = text_width(row.name, _SIZE, bold=bold) + 6
    meaning = fitted(row.meaning, size_of(ax)[0] - name_width, _SMALL)
    label(ax, meaning, above, offset=(name_width, 3.5), on="data", size=_SMALL, va="bottom", alpha=0.8, **halo())
    if row.score is None:
        label(
            ax, "not assessed", (0, place), offset=(4, 0), on="data", size=_SIZE, va="center", gid="missing", alpha=0.8
        )
    else:
        label(
            ax, row.text, (row.score, place), offset=(5, 0), on="data", size=_SIZE, bold=True, va="center",
            gid="score", **halo(),
        )  # fmt: skip
