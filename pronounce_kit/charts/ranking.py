"""Which words and sounds the class finds hardest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from .. import classroom
from ..highlight import POOR, counted
from ..sounds import sound_of
from .figures import LegendEntry, draw_message, halo, label, size_of
from .parts import ink, name_of, name_rows, open_chart, others, rows_that_fit, shown, widest

if TYPE_CHECKING:
    import pandas as pd

_SIZE = 9.5
_SMALL = 8.0
_ROW = 21.0
_SCALE = 16.0
_WIDEST_NAME = 120.0
_NUMBERS = 1.06  # where the numbers of attempts stand, on a scale on which all attempts are 1

FEW = 5
"""With fewer attempts than this a bar is pale."""

_SURE: dict[str, Any] = {"facecolor": POOR.fill, "edgecolor": POOR.line}
_UNSURE: dict[str, Any] = {"facecolor": "#fdebdc", "edgecolor": POOR.line, "hatch": "////"}


def plot_hardest_words(words: pd.DataFrame, *, limit: int = 15, ax: Axes | None = None, width_in: float = 8.0) -> Axes:
    """Draw the words that are missed most as bars: the share of attempts under 60, with its 95 % interval.

    The order is that of `classroom.weakest_words`: by the lower end of the interval, so that one unlucky attempt does
    not come first. Words with few attempts have pale bars; those that were never missed are not drawn. An empty frame
    gives a picture that says so.

    Parameters
    ----------
    words : pandas.DataFrame
        A gradebook's, or that of `words`.
    limit : int
        Bars drawn, at most.
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
    >>> print(pk.charts.plot_hardest_words(words).get_title(loc="left"))
    “think” is the hardest word: 1 of 3 attempts under 60
    """
    return _ranking(classroom.weakest_words(words), "word", "“{}”", limit, ax, width_in)


def plot_hardest_phonemes(
    phonemes: pd.DataFrame, *, limit: int = 15, ax: Axes | None = None, width_in: float = 8.0
) -> Axes:
    """Draw the sounds that are missed most as bars: the share of attempts under 60, with its 95 % interval.

    The order is that of `classroom.weakest_phonemes`: by the lower end of the interval, so that one unlucky attempt
    does not come first. Sounds with few attempts have pale bars; those that were never missed are not drawn. An empty
    frame gives a picture that says so.

    Parameters
    ----------
    phonemes : pandas.DataFrame
        A gradebook's, or that of `phonemes`.
    limit : int
        Bars drawn, at most.
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
    >>> print(pk.charts.plot_hardest_phonemes(phonemes).get_title(loc="left"))
    th is the hardest sound: 2 of 12 attempts under 60
    """
    return _ranking(classroom.weakest_phonemes(phonemes), "phoneme", "{}", limit, ax, width_in)


def _ranking(ranked: pd.DataFrame, column: str, quoted: str, limit: int, ax: Axes | None, width_in: float) -> Axes:
    thing = {"word": "word", "phoneme": "sound"}[column]
    if ranked.empty:
        return draw_message(ax, f"There are no {thing}s with a score to show.", width_in)
    missed = ranked.loc[ranked["missed"] > 0]
    if missed.empty:
        attempts = counted(int(ranked["attempts"].sum()), "attempt")
        return draw_message(ax, f"No {thing} was missed: all {attempts} have 60 or more.", width_in)
    rows = missed.head(rows_that_fit(ax, limit, 0.6 * _ROW))
    first = rows.iloc[0]
    title = (
        f"{quoted.format(name_of(first[column]))} is the hardest {thing}: "
        f"{first['missed']} of {counted(first['attempts'], 'attempt')} under 60"
    )
    names = [shown(_with_example(name) if column == "phoneme" else name, _WIDEST_NAME, _SIZE) for name in rows[column]]
    entries = [LegendEntry("   ", "share of attempts under 60", _SURE, {})]
    if (rows["attempts"] < FEW).any():
        entries.append(LegendEntry("   ", f"fewer than {FEW} attempts", _UNSURE, {}))
    entries.append(LegendEntry("├─┤", "95 % interval", {}, {}))
    less_sure = others(len(missed), len(rows), f"{thing} that was missed", f"{thing}s that were missed")
    never = others(len(ranked), len(missed), f"{thing} never missed", f"{thing}s never missed")
    notes = [f"{less_sure}, less surely" if less_sure else "", never]
    note = "Not shown: " + "; ".join(filter(None, notes)) + "." if any(notes) else ""
    left = widest(names, _SIZE) + 8
    ax = open_chart(
        ax, width_in, len(rows) * _ROW + 4, title=title, entries=entries, note=note, left=left, scale=_SCALE
    )
    _draw_bars(ax, rows, names)
    return ax


def _draw_bars(ax: Axes, rows: pd.DataFrame, names: list[str]) -> None:
    numbers = [_numbers(row) for row in rows.to_dict("records")]
    # The numbers have a column of their own, right of the bars.
    room = widest(numbers, _SMALL) + 6
    ax.set_xlim(0, _NUMBERS / max(0.3, 1 - room / size_of(ax)[0]))
    ax.set_ylim(len(rows) - 0.5, -0.5)
    few = rows["attempts"] < FEW
    for part, look in ((~few, _SURE), (few, _UNSURE)):
        places = [place for place, chosen in enumerate(part) if chosen]
        if places:
            ax.barh(places, rows["share_missed"].to_numpy()[places], height=0.62, linewidth=1.0, zorder=2, **look)
    ends = zip(rows["low"], rows["high"], strict=True)
    lines = [[(low, place), (high, place)] for place, (low, high) in enumerate(ends)]
    caps = [[(x, y - 0.18), (x, y + 0.18)] for line in lines for x, y in line]
    bars: Any = [*lines, *caps]
    ax.add_collection(LineCollection(bars, colors="white", linewidths=3.2, zorder=3), autolim=False)
    ax.add_collection(LineCollection(bars, colors=ink(), linewidths=1.3, zorder=4, gid="interval"), autolim=False)
    for place, text in enumerate(numbers):
        label(ax, text, (_NUMBERS, place), size=_SMALL, on="data", va="center", gid="count", **halo())
    name_rows(ax, names, _SIZE)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.tick_params(axis="x", length=0, labelsize=_SMALL, pad=2)
    for share in (0, 0.25, 0.5, 0.75, 1):
        ax.axvline(share, color=ink(), linewidth=0.8 if share == 0 else 0.5, alpha=1 if share == 0 else 0.25, zorder=1)


def _with_example(phoneme: str) -> str:
    """A sound with a word that has it: "th (think)"."""
    sound = sound_of(phoneme)
    return f"{phoneme} ({sound.example})" if sound else phoneme


def _numbers(row: Mapping[Any, Any]) -> str:
    """How many attempts, by how many students, and how often the word was left out."""
    text = f"{row['missed']} of {row['attempts']}"
    if row["students"] > 1:
        text += f" · {row['students']} students"
    if row.get("skipped"):
        text += f" · {row['skipped']}× skipped"
    return text
