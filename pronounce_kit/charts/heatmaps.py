"""Who reads which word, and says which sound, how well."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from .. import classroom
from ..highlight import FAIR, GOOD, GOOD_FROM, MISPRONOUNCED_BELOW, POOR, counted, score_text
from .figures import LegendEntry, band_entries, draw_message
from .grid import MISSING_BOX, Grid, Scale, columns_that_fit, draw_grid, grid_height, rows_in
from .parts import name_of, open_chart, others

if TYPE_CHECKING:
    import pandas as pd

_BANDS = Scale(
    (0.0, MISPRONOUNCED_BELOW, GOOD_FROM, 100.001), (POOR.fill, FAIR.fill, GOOD.fill), (POOR.ink, FAIR.ink, GOOD.ink)
)


_PEOPLE = {
    "student": ("student", "students"),
    "class_name": ("class", "classes"),
    "first_language": ("first language", "first languages"),
}


class _Kind(NamedTuple):
    """What the columns are: the name of their column in the frame, and how one of them is quoted in a title."""

    column: str
    quoted: str


def plot_class_words(
    words: pd.DataFrame, *, by: str = "student", limit: int = 30, ax: Axes | None = None, width_in: float = 8.0
) -> Axes:
    """Draw a heat map of students and words: the mean score in each cell, and below it the number of attempts.

    The students that are surest to need help come first, and so do the words (see `classroom.student_words`); the
    surest weakness of all has a frame and is in the title. Cells of words that a student did not read, or skipped, are
    hatched. The last row has the mean of all whom it does not show. An empty frame gives a picture that says so.

    Parameters
    ----------
    words : pandas.DataFrame
        A gradebook's, or that of `words` with a column student.
    by : str
        Another column to have rows of, such as class_name or first_language.
    limit : int
        Rows drawn one by one, at most; as many columns as fit.
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
    >>> print(pk.charts.plot_class_words(words).get_title(loc="left"))
    Most missed: “think”, in 1 of 3 attempts; surest weakness: “think” of Ada, 1 of 2 under 60
    """
    cells = classroom.student_words(words, by=by)
    return _heat_map(cells, classroom.weakest_words(words), by, _Kind("word", "“{}”"), limit, ax, width_in)


def plot_class_phonemes(
    phonemes: pd.DataFrame, *, by: str = "student", limit: int = 30, ax: Axes | None = None, width_in: float = 8.0
) -> Axes:
    """Draw a heat map of students and sounds: the mean score in each cell, and below it the number of attempts.

    The students that are surest to need help come first, and so do the sounds (see `classroom.student_phonemes`); the
    surest weakness of all has a frame and is in the title. Cells of sounds that a student did not say are hatched. The
    last row has the mean of all whom it does not show. An empty frame gives a picture that says so.

    Parameters
    ----------
    phonemes : pandas.DataFrame
        A gradebook's, or that of `phonemes` with a column student.
    by : str
        Another column to have rows of, such as class_name or first_language.
    limit : int
        Rows drawn one by one, at most; as many columns as fit.
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
    >>> print(pk.charts.plot_class_phonemes(phonemes).get_title(loc="left"))
    Most missed: th, in 2 of 12 attempts; surest weakness: th of Ada, 2 of 8 under 60
    """
    cells = classroom.student_phonemes(phonemes, by=by)
    return _heat_map(cells, classroom.weakest_phonemes(phonemes), by, _Kind("phoneme", "{}"), limit, ax, width_in)


def _heat_map(
    cells: pd.DataFrame,
    totals: pd.DataFrame,
    by: str,
    kind: _Kind,
    limit: int,
    ax: Axes | None,
    width_in: float,
) -> Axes:
    thing = {"word": "word", "phoneme": "sound"}[kind.column]
    if cells.empty:
        return draw_message(ax, f"There are no {thing}s with a score to show.", width_in)
    everybody = _weakest_rows(cells, by)
    people = _PEOPLE.get(by, ("row", "rows"))
    weakest = cells.iloc[0]
    shown_rows = _first(everybody, rows_in(ax, limit), weakest[by])
    rest = others(len(everybody), len(shown_rows), *people)
    names = [
        *([f"All {len(everybody)} {people[1]}"] if len(everybody) > 1 else []),
        *shown_rows,
        *([rest] if rest else []),
    ]
    columns = _first(list(totals[kind.column]), columns_that_fit(names, ax, width_in), weakest[kind.column])
    means, attempts = (
        cells.pivot_table(index=by, columns=kind.column, values=value, observed=True).reindex(
            everybody, columns=columns
        )
        for value in ("mean_score", "attempts")
    )
    blocks = [(means.loc[shown_rows], attempts.loc[shown_rows])]
    if len(everybody) > 1:
        of_all = totals.set_index(kind.column).loc[columns]
        blocks.insert(0, (of_all[["mean_score"]].T, of_all[["attempts"]].T))
    if rest:
        left = [row for row in everybody if row not in shown_rows]
        their_attempts = attempts.loc[left].sum(min_count=1)
        their_means = (means * attempts).loc[left].sum(min_count=1) / their_attempts
        blocks.append((their_means.to_frame().T, their_attempts.to_frame().T))
    values, counts = (
        np.concatenate([table.to_numpy(np.float64) for table in tables]) for tables in zip(*blocks, strict=True)
    )
    first = int(len(everybody) > 1)
    top = (first + shown_rows.index(weakest[by]), columns.index(weakest[kind.column])) if weakest["missed"] else None
    grid = Grid(
        names,
        columns,
        values,
        [[score_text(value) for value in row] for row in values],
        [["" if np.isnan(n) else f"×{int(n)}" for n in row] for row in counts],
        _BANDS,
        top=top,
        rules=[1] if first else [],
    )
    hidden = others(len(totals), len(columns), thing)
    note = "Mean score, and number of attempts. Weakest first"
    note += f"; {hidden}, less sure to be hard, not shown." if hidden else "."
    entries = [*band_entries("below 60: needs practice"), LegendEntry("   ", "not read, or no score", MISSING_BOX, {})]
    title = _title(weakest, totals.iloc[0], by, kind, len(everybody))
    ax = open_chart(ax, width_in, grid_height(grid), title=title, entries=entries, note=note)
    draw_grid(ax, grid)
    return ax


def _weakest_rows(cells: pd.DataFrame, by: str) -> list[str]:
    """The values of `by`, that which is surest to miss most first."""
    sums = cells.assign(points=cells["mean_score"] * cells["attempts"]).groupby(by, sort=False, observed=True)
    rows = sums[["missed", "attempts", "points"]].sum()
    low, _ = classroom.wilson(rows["missed"], rows["attempts"])
    rows = rows.assign(low=low, mean=rows["points"] / rows["attempts"])
    return list(rows.sort_values(["low", "mean"], ascending=[False, True], kind="stable").index)


def _first(things: list[str], limit: int, always: str) -> list[str]:
    """The first of them, the one that is named in the title among them."""
    if always in things[:limit]:
        return things[:limit]
    return [*things[: limit - 1], always]


def _title(cell: pd.Series[Any], total: pd.Series[Any], by: str, kind: _Kind, rows: int) -> str:
    """The finding: "Most missed: th, in 16 of 43 attempts; surest weakness: p of Layla, 6 of 6 under 60"."""
    thing = {"word": "word", "phoneme": "sound"}[kind.column]
    if not cell["missed"]:
        return f"No {thing} was missed: every attempt has 60 or more"
    weakest, whose = kind.quoted.format(name_of(cell[kind.column])), name_of(cell[by])
    if rows == 1:
        return f"Weakest {thing} of {whose}: {weakest}, {cell['missed']} of {cell['attempts']} attempts under 60"
    hardest = kind.quoted.format(name_of(total[kind.column]))
    found = f"Most missed: {hardest}, in {total['missed']} of {counted(total['attempts'], 'attempt')}"
    return f"{found}; surest weakness: {weakest} of {whose}, {cell['missed']} of {cell['attempts']} under 60"
