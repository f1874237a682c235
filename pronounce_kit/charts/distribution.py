"""How many recordings scored how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .. import classroom
from ..highlight import GOOD_FROM, MISPRONOUNCED_BELOW, SCORE_LABELS, band, counted, score_text
from .figures import LegendEntry, band_entries, draw_message, label
from .grid import MISSING_BOX
from .parts import ink, open_chart

if TYPE_CHECKING:
    import pandas as pd

_SMALL = 8.0
_BODY = 190.0
_LEFT = 36.0
_SCALE = 30.0
_MISSING = (-12.0, -4.0)  # where the bar of recordings without a score stands, on the scale of scores


def plot_distribution(
    utterances: pd.DataFrame, *, score: str = "pron_score", ax: Axes | None = None, width_in: float = 8.0
) -> Axes:
    """Draw how many recordings have which score, as bars five points wide in the colours of the scores.

    Recordings without a score are a hatched bar apart. The line is the median. An empty frame gives a picture that says
    so.

    Parameters
    ----------
    utterances : pandas.DataFrame
        A gradebook's, or that of `utterances`.
    score : str
        Which of its scores: pron_score, accuracy_score, fluency_score, completeness_score, prosody_score (each 0-100).
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
        For a frame without the column.

    Examples
    --------
    >>> print(pk.charts.plot_distribution(utterances).get_title(loc="left"))
    Half of 6 recordings have ... or more; none under 60
    """
    bins = classroom.distribution(utterances, score=score)
    scored, missing = bins.iloc[:-1], int(bins["recordings"].iloc[-1])
    total = int(scored["recordings"].sum())
    if not total:
        recordings = f": {counted(missing, 'recording')} without any" if missing else ""
        return draw_message(ax, f"There are no scores to show{recordings}.", width_in)
    values = utterances[score].to_numpy(np.float64, na_value=np.nan)
    median = float(np.nanmedian(values))
    name = SCORE_LABELS.get(score.removesuffix("_score"), (score, ""))[0]
    under = int((values < MISPRONOUNCED_BELOW).sum())
    # The service's own name of the score says which, unless it is the overall one.
    what = "" if score == "pron_score" else f"{name}: "
    if np.nanmin(values) == np.nanmax(values):
        found = f"all {total} recordings have {score_text(median)}"
    else:
        found = f"half of {total} recordings have {score_text(median)} or more; {under or 'none'} under 60"
    title = f"{what}{found if total > 1 else f'the recording has {score_text(median)}'}"
    title = title[:1].upper() + title[1:]
    entries = band_entries("below 60: needs practice")
    if missing:
        entries.append(LegendEntry("   ", "no score", MISSING_BOX, {}))
    ax = open_chart(ax, width_in, _BODY, title=title, entries=entries, left=_LEFT, scale=_SCALE)
    bars = scored.loc[scored["recordings"] > 0]
    looks = [band(start) for start in bars["from_score"]]
    ax.bar(
        bars["from_score"],
        bars["recordings"],
        width=bars["to_score"] - bars["from_score"],
        align="edge",
        color=[look.fill for look in looks],
        edgecolor=[look.line for look in looks],
        linewidth=1.0,
        zorder=2,
    )
    if missing:
        start, end = _MISSING
        ax.bar([start], [missing], width=end - start, align="edge", linewidth=0.8, zorder=2, gid="missing",
               **{key: MISSING_BOX[key] for key in ("facecolor", "edgecolor", "hatch")})  # fmt: skip
        label(ax, str(missing), ((start + end) / 2, missing), offset=(0, 2), size=_SMALL, on="data", ha="center")
    top = max(scored["recordings"].max(), missing)
    ax.set_ylim(0, top * 1.15)
    ax.set_xlim(_MISSING[0] - 2 if missing else 0, 101)
    ax.plot([median, median], [0, top * 1.1], color=ink(), linewidth=1.4, linestyle="--", zorder=3, gid="median")
    # Recordings are rarely below 60, so there is room left of the line.
    left: dict[str, Any] = {"offset": (-4, -2), "ha": "right"} if median > 30 else {"offset": (4, -2), "ha": "left"}
    said = f"half below, half above: {score_text(median)}"
    label(ax, said, (median, top * 1.15), size=_SMALL, on="data", va="top", **left)
    ax.set_xticks([0, 20, 40, MISPRONOUNCED_BELOW, GOOD_FROM, 100])
    ax.yaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    ax.tick_params(length=0, labelsize=_SMALL, pad=2)
    ax.grid(axis="y", color=ink(), alpha=0.2, linewidth=0.5, zorder=0)
    ax.axhline(0, color=ink(), linewidth=0.8)
    label(ax, "score", (0.5, 0), offset=(0, -16), size=_SMALL, ha="center", va="top", alpha=0.8)
    label(ax, "recordings", (0, 0.5), offset=(-_LEFT, 0), size=_SMALL, rotation=90, va="center", alpha=0.8)
    return ax
