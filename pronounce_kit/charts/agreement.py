"""How far two judges agree: every pair of scores, and the figures of every level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes

from ..comparison import Agreement, judges_text, level_text, signed
from ..errors import InputError
from ..highlight import FAIR, GOOD, POOR, UNSCORED
from ..pairs import TEACHER
from .figures import blank, draw_message, drawable, fitted, halo, label, new_axes, set_title, size_of, text_width

_SIZE = 9.0
_LEFT = 46.0  # for the scale of a Bland-Altman plot
_RIGHT = 64.0  # for what the lines say
_BODY = 250.0
_BELOW = 40.0
_ROW = 40.0


def plot_agreement(
    agreement: Agreement, *, level: str | None = None, row: int | None = None, ax: Axes | None = None,
    width_in: float = 7.0,
) -> Axes:  # fmt: skip
    """Draw a Bland-Altman plot: for every pair of scores their difference over their mean.

    Lines mark the mean difference and the limits of agreement, bands their 95 % intervals, a dotted line no difference.
    Where there are too few pairs for figures the points stand alone.

    Parameters
    ----------
    agreement : comparison.Agreement
        What `agreement` found.
    level : {"sentence", "word", "phoneme"}, optional
        Draw the first comparison with figures of this level.
    row : int, optional
        Draw this row of `agreement.frame`.
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
        For a row or level that is not there.

    References
    ----------
    J. M. Bland and D. G. Altman, "Statistical methods for assessing agreement between two methods of clinical
    measurement", Lancet 327 (1986).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> machine = np.linspace(20, 95, 40)
    >>> pairs = pd.DataFrame({"first_score": machine, "second_score": machine + 5 * np.sin(range(40))})
    >>> print(pk.charts.plot_agreement(pk.agreement(pairs)).get_title(loc="left"))
    First is on average no higher or lower than second (sentence, overall); 95% of differences lie between −7 and +7
    """
    if not isinstance(agreement, Agreement):
        raise InputError(f"plot_agreement takes what pronounce_kit.agreement gives, not {type(agreement).__name__}.")
    if agreement.frame.empty:
        return draw_message(ax, agreement.findings()[0], width_in)
    chosen = _chosen(agreement, level, row)
    pairs = agreement.pairs_of(chosen)
    first, second = pairs["first_score"].to_numpy(), pairs["second_score"].to_numpy()
    title = _title(chosen)
    if ax is None:
        ax = new_axes(width_in, _BODY, title=title, below=_BELOW, left=_LEFT)
        set_title(ax, title, left=_LEFT)
    else:
        set_title(ax, title)
    difference = first - second
    known = not np.isnan(chosen["mean_difference"])
    most = max(10.0, float(np.abs(difference).max()))
    if known:
        most = max(most, *(abs(chosen[f"limit_{end}"]) for end in ("low_low", "high_high")))
    width = size_of(ax)[0]
    ax.set_xlim(0, 100 * width / max(width - _RIGHT, width / 2))
    ax.set_ylim(-1.12 * most, 1.12 * most)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines["bottom"].set_bounds(0, 100)
    ax.set_xticks([0, 20, 40, 60, 80, 100])
    ax.tick_params(labelsize=_SIZE - 1, length=3)
    who = _names(chosen)
    label(ax, fitted(drawable(f"Mean of the two scores, 0 to 100 ({chosen['pairs']} pairs)"), size_of(ax)[0], _SIZE),
          (0.4, 0), offset=(0, -24), size=_SIZE, ha="center", va="top")  # fmt: skip
    up = fitted(drawable(f"{who[0]} minus {who[1]}, points"), size_of(ax)[1], _SIZE)
    label(ax, up, (0, 0.5), offset=(-36, 0), size=_SIZE, ha="center", va="center", rotation=90)
    ax.plot([0, 100], [0, 0], color=mpl.rcParams["text.color"], linewidth=0.8, linestyle=":", alpha=0.7, zorder=1)
    # The more points lie on each other, the darker; so few as one still show.
    alpha = float(np.clip(30 / len(pairs) ** 0.6, 0.12, 0.8))
    ax.scatter((first + second) / 2, difference, s=18, color=GOOD.line, alpha=alpha, linewidths=0, gid="pairs",
               zorder=2, rasterized=len(pairs) > 2000)  # fmt: skip
    if known:
        for name, color, style in (("limit_high", POOR.line, "--"), ("mean_difference", GOOD.ink, "-"),
                                   ("limit_low", POOR.line, "--")):  # fmt: skip
            value, low, high = (chosen[f"{name}{end}"] for end in ("", "_low", "_high"))
            mean = name == "mean_difference"
            ax.fill_between([0, 100], low, high, color=color, alpha=0.13, linewidth=0, zorder=1.5)
            ax.plot([0, 100], [value, value], color=color, linewidth=1.5, linestyle=style, gid=name, zorder=3)
            label(ax, f"{signed(value)} {'mean' if mean else 'limit'}", (100, value), offset=(5, 0), on="data",
                  size=_SIZE, va="center", bold=mean, gid=f"{name}-text", **halo())  # fmt: skip
    return ax


def plot_agreement_levels(agreement: Agreement, *, ax: Axes | None = None, width_in: float = 7.0) -> Axes:
    """Draw the correlation (Pearson) of every comparison and level as a point with its 95 % interval.

    A comparison of too few pairs has the words for it in place of a point.

    Parameters
    ----------
    agreement : comparison.Agreement
        What `agreement` found.
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
        Where there is nothing to compare.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> machine = np.linspace(20, 95, 40)
    >>> pairs = pd.DataFrame({"first_score": machine, "second_score": machine + 5 * np.sin(range(40))})
    >>> print(pk.charts.plot_agreement_levels(pk.agreement(pairs)).get_title(loc="left"))
    The correlation is 0.99 (first with second, sentence, overall)
    """
    if not isinstance(agreement, Agreement):
        raise InputError(
            f"plot_agreement_levels takes what pronounce_kit.agreement gives, not {type(agreement).__name__}."
        )
    rows = agreement.frame.to_dict("records")
    if not rows:
        return draw_message(ax, agreement.findings()[0], width_in)
    title = _levels_title(rows)
    if ax is None:
        ax = new_axes(width_in, len(rows) * _ROW, title=title, below=_BELOW)
    blank(ax)
    set_title(ax, title)
    ax.set_xlim(min(0.0, *(row["pearson_low"] for row in rows if row["pearson_low"] == row["pearson_low"]), 0.0), 1.08)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    left = ax.get_xlim()[0]
    for place, row in enumerate(rows):
        name = fitted(drawable(f"{judges_text(row)}: {level_text(row)}"), size_of(ax)[0] - 60, _SIZE)
        label(ax, name, (left, place - 0.22), on="data", size=_SIZE, va="center", bold=True)
        label(ax, f"n = {row['pairs']}", (left, place - 0.22), offset=(text_width(name, _SIZE, bold=True) + 6, 0),
              on="data", size=_SIZE - 1, va="center", alpha=0.8)  # fmt: skip
        if np.isnan(row["pearson"]):
            label(ax, fitted(str(row["note"]), size_of(ax)[0], _SIZE), (left, place + 0.18), on="data", size=_SIZE,
                  va="center", gid="missing")  # fmt: skip
            continue
        ax.plot([row["pearson_low"], row["pearson_high"]], [place + 0.18] * 2, color=FAIR.line, linewidth=2, zorder=2)
        ax.plot(row["pearson"], place + 0.18, "o", color=GOOD.line, markersize=7, gid="pearson", zorder=3)
        label(ax, f"{row['pearson']:.2f}", (row["pearson_high"], place + 0.18), offset=(7, 0), on="data", size=_SIZE,
              va="center", **halo())  # fmt: skip
    for at in (0.0, 0.5, 1.0):
        ax.axvline(at, color=UNSCORED.line, linewidth=0.6, linestyle=":", zorder=1)
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.tick_params(axis="x", length=0, labelsize=_SIZE - 1)
    label(ax, "Pearson correlation: 0 unrelated, 1 the same order and spacing", (0, 0), offset=(0, -24), size=_SIZE,
          va="top")  # fmt: skip
    return ax


def _chosen(agreement: Agreement, level: str | None, row: int | None) -> Mapping[Any, Any]:
    rows = agreement.frame.to_dict("records")
    if row is not None:
        if not -len(rows) <= row < len(rows):
            raise InputError(f"There is no comparison {row}. Give a row of agreement.frame, 0 to {len(rows) - 1}.")
        return rows[row]
    of_level = [one for one in rows if level in (None, one["level"])]
    if not of_level:
        known = ", ".join(dict.fromkeys(one["level"] for one in rows))
        raise InputError(f"Nothing was compared on the level {level!r}. There is: {known}.")
    return next((one for one in of_level if not np.isnan(one["mean_difference"])), of_level[0])


def _names(row: Mapping[Any, Any]) -> tuple[str, str]:
    if row["first"] == row["second"]:
        return f"{row['first']}: before", "again"
    return row["first"], "the teacher" if row["second"] == TEACHER else row["second"]


def _title(row: Mapping[Any, Any]) -> str:
    what = level_text(row)
    if np.isnan(row["mean_difference"]):
        return f"{judges_text(row)}, {what}: {row['note']}"
    mean, low, high = (row[f"mean_difference{end}"] for end in ("", "_low", "_high"))
    if row["first"] == row["second"]:
        return f"{row['first']} with itself, {what}: a score is good to ±{1.96 * row['measurement_error']:.1f} points"
    first, second = _names(row)
    if low <= 0 <= high:
        on_average = f"{first} is on average no higher or lower than {second}"
    else:
        on_average = f"{first} is {abs(mean):.0f} points {'higher' if mean > 0 else 'lower'} than {second}"
    limits = f"95% of differences lie between {signed(row['limit_low'], 0)} and {signed(row['limit_high'], 0)}"
    return f"{on_average[:1].upper()}{on_average[1:]} ({what}); {limits}"


def _levels_title(rows: list[dict[Any, Any]]) -> str:
    known = [row for row in rows if not np.isnan(row["pearson"])]
    if not known:
        return "No two judges can be compared yet"
    best = max(known, key=lambda row: row["pearson"])
    worst = min(known, key=lambda row: row["pearson"])
    low, high = (f"{row['pearson']:.2f} ({judges_text(row)}, {level_text(row)})" for row in (worst, best))
    return f"The correlation is {high}" if worst is best else f"Correlations from {low} to {high}"
