"""Which sound was heard where which was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from .. import classroom
from ..highlight import GOOD, counted
from .figures import LegendEntry, draw_message
from .grid import Grid, Scale, columns_that_fit, draw_grid, grid_height, rows_in
from .parts import name_of, open_chart, others

if TYPE_CHECKING:
    import pandas as pd

# How much of the attempts is surely another sound: light to dark, in one hue. -1 stands for the sound itself.
_LABELS = ("5 % and less", "5 to 15 %", "15 to 30 %", "30 to 50 %", "50 % and more")
_SHARES = Scale(
    (-1.5, -0.5, 0.05, 0.15, 0.30, 0.50, 1.001),
    (GOOD.fill, "#fdf0e6", "#fdd0a2", "#f4a15d", "#c4500d", "#7f2704"),
    (GOOD.ink, "#2b1d00", "#2b1d00", "#2b1d00", "#ffffff", "#ffffff"),
)


def plot_confusions(
    phonemes: pd.DataFrame,
    *,
    by_first_language: bool = False,
    limit: int = 12,
    ax: Axes | None = None,
    width_in: float = 8.0,
) -> Axes:
    """Draw a matrix of expected and heard sounds: in which share of attempts each was heard, and in how many.

    The colour is the share that is sure, the lower end of its 95 % interval: with few attempts a cell is pale. A row is
    an expected sound; that with the surest confusion comes first (see `classroom.confusions`), and its cell has a frame
    and is in the title. A sound with a good score counts as the expected one. Pale blue cells are sounds heard as they
    should be; white means never heard so. An empty frame gives a picture that says so.

    Parameters
    ----------
    phonemes : pandas.DataFrame
        A gradebook's, or that of `phonemes`, assessed with an nbest_phoneme_count of 1 or more.
    by_first_language : bool
        A row is a sound and the first_language (a column of the frame) of those who said it.
    limit : int
        Rows drawn, at most.
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
    >>> print(pk.charts.plot_confusions(phonemes).get_title(loc="left"))
    th is heard as s in 2 of 12 attempts, by 1 student
    """
    pairs = classroom.confusions(phonemes, by_first_language=by_first_language)
    if pairs.empty:
        message = "There are no sounds with a heard one to show. Assess with nbest_phoneme_count of 1 or more."
        return draw_message(ax, message, width_in)
    wrong = pairs.loc[pairs["expected"] != pairs["heard"]]
    if wrong.empty:
        return draw_message(
            ax, f"No sound was heard for another in {counted(int(pairs['count'].sum()), 'attempt')}.", width_in
        )
    by = ["first_language", "expected"] if by_first_language else ["expected"]
    ranked = wrong[by].drop_duplicates()
    chosen = ranked.head(rows_in(ax, limit))
    if by_first_language:  # those of a language together, in the order in which the languages come first
        place = {language: number for number, language in enumerate(chosen["first_language"].drop_duplicates())}
        chosen = chosen.sort_values("first_language", key=lambda names: names.map(place), kind="stable")
    of_rows = wrong.merge(chosen, on=by)
    sounds = list(dict.fromkeys([*chosen["expected"], *of_rows["heard"]]))
    attempts = pairs.groupby(by, observed=True)["attempts"].first()
    rows = list(chosen.itertuples(index=False, name=None))
    names = [f"{': '.join(row)} ×{attempts[row if by_first_language else row[0]]}" for row in rows]
    columns = sounds[: columns_that_fit(names, ax, width_in)]
    cells = pairs.set_index([*by, "heard"])
    found = [[_cell(cells, (*row, heard)) for heard in columns] for row in rows]
    values = np.array([[np.nan if cell is None else cell.color for cell in row] for row in found], np.float64)
    top = wrong.iloc[0]
    grid = Grid(
        names,
        columns,
        values,
        [["" if cell is None else cell.share for cell in row] for row in found],
        [["" if cell is None else cell.times for cell in row] for row in found],
        _SHARES,
        blank=np.ones(values.shape, bool),
        top=(rows.index(tuple(top[by])), columns.index(top["heard"])) if top["heard"] in columns else None,
        rules=_rules(chosen) if by_first_language else [],
    )
    entries = [
        LegendEntry("   ", "heard as it should be", {"facecolor": GOOD.fill, "edgecolor": GOOD.line}, {}),
        *(
            LegendEntry("   ", meaning, {"facecolor": fill, "edgecolor": "#7f2704"}, {})
            for meaning, fill in zip(_LABELS, _SHARES.fills[1:], strict=True)
        ),
    ]
    note = "Row: expected, and number of attempts. Column: heard, in which share of them, and in how many. "
    note += "Colour: the share that is sure, the lower end of its 95 % interval."
    hidden = [
        others(len(ranked), len(chosen), "row with confusions", "rows with confusions"),
        others(len(sounds), len(columns), "sound heard", "sounds heard"),
    ]
    note += f" Not shown: {'; '.join(filter(None, hidden))}, less sure." if any(hidden) else ""
    ax = open_chart(ax, width_in, grid_height(grid), title=_title(top, by_first_language), entries=entries, note=note)
    draw_grid(ax, grid)
    return ax


class _Cell(NamedTuple):
    """How often a sound was heard: on the scale of colours, and as text."""

    color: float
    share: str
    times: str


def _cell(cells: pd.DataFrame, key: tuple[str, ...]) -> _Cell | None:
    if key not in cells.index:
        return None
    found: dict[str, Any] = cells.loc[[key]].iloc[0].to_dict()
    color = -1.0 if key[-2] == key[-1] else found["low"]
    return _Cell(color, _percent(found["share"]), f"×{found['count']:.0f}")


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %") if share >= 0.005 else "<1 %"


def _rules(chosen: pd.DataFrame) -> list[int]:
    """The rows at which another language begins."""
    languages = list(chosen["first_language"])
    return [row for row in range(1, len(languages)) if languages[row] != languages[row - 1]]


def _title(top: pd.Series[Any], by_first_language: bool) -> str:
    """The finding: "th is heard as s: in 15 of 43 attempts, by 5 students"."""
    expected, heard = name_of(top["expected"]), name_of(top["heard"])
    counts = f"in {top['count']} of {counted(top['attempts'], 'attempt')}, by {counted(top['students'], 'student')}"
    whose = f"First language {name_of(top['first_language'])}: " if by_first_language else ""
    return f"{whose}{expected} is heard as {heard} {counts}"
