"""A table of coloured cells with names beside and above, as heat maps and confusion matrices are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.patches import Rectangle

from ..highlight import UNSCORED
from .figures import MARGIN, drawable, label, settled_size_of
from .parts import ink, rows_that_fit, shown, widest

CELL_WIDTH, CELL_HEIGHT = 28.0, 24.0
"""Of an own figure's cells, in points."""

_NAME, _VALUE, _COUNT = 9.0, 9.0, 6.5
_WIDEST_NAME = 130.0
_LONGEST_HEADING = 90.0
_GAP = 5.0
_SMALLEST = 0.35  # how far cells shrink to fit axes that were given
_ROW = 0.62 * CELL_HEIGHT  # lower rows than this have no room for their numbers

Floats = npt.NDArray[np.floating[Any]]


class Scale(NamedTuple):
    """Colours of values: `fills[i]` with text in `inks[i]` from `edges[i]` up to `edges[i + 1]`."""

    edges: Sequence[float]
    fills: Sequence[str]
    inks: Sequence[str]

    def ink(self, value: float) -> str:
        """The colour of text on the fill of a value."""
        return self.inks[min(int(np.searchsorted(self.edges, value, side="right")) - 1, len(self.inks) - 1)]


class Grid(NamedTuple):
    """What is drawn: values (NaN where there is none), the two lines of text of each cell, names of rows and columns.

    `blank` are the cells that stay white without being missing; `top` is the cell with a frame; `rules` the rows above
    which there is a line.
    """

    rows: Sequence[str]
    columns: Sequence[str]
    values: Floats
    texts: Sequence[Sequence[str]]
    counts: Sequence[Sequence[str]]
    scale: Scale
    blank: npt.NDArray[np.bool_] | None = None
    top: tuple[int, int] | None = None
    rules: Sequence[int] = ()


def columns_that_fit(rows: Sequence[str], ax: Axes | None, width_in: float) -> int:
    """How many columns there is room for beside these names."""
    width = width_in * 72 - 2 * MARGIN if ax is None else settled_size_of(ax)[0]
    room = width - _names_width(rows, width) - _GAP
    return max(1, int(room // (CELL_WIDTH if ax is None else CELL_WIDTH * 0.8)))


def rows_in(ax: Axes | None, limit: int) -> int:
    """How many rows there is room for below the headings of columns, at most `limit`."""
    return rows_that_fit(ax, limit, _ROW, besides=40)


def grid_height(grid: Grid) -> float:
    """How high an own figure's axes must be, in points."""
    return _headings_height(grid, CELL_WIDTH) + len(grid.rows) * CELL_HEIGHT


def draw_grid(ax: Axes, grid: Grid) -> None:
    """Fill the axes, whose coordinates become points from their upper left corner."""
    width, height = settled_size_of(ax)
    left = _names_width(grid.rows, width) + _GAP
    cell_width = min((width - left) / len(grid.columns), 1.6 * CELL_WIDTH)
    top = _headings_height(grid, cell_width)
    cell_height = min((height - top) / len(grid.rows), CELL_HEIGHT)
    cell_height = max(cell_height, CELL_HEIGHT * _SMALLEST)
    size = min(1.0, cell_height / CELL_HEIGHT, cell_width / CELL_WIDTH)
    ax.set_xlim(0, width)
    ax.set_ylim(max(height, top + cell_height * len(grid.rows)), 0)
    x = left + np.arange(len(grid.columns) + 1) * cell_width
    y = top + np.arange(len(grid.rows) + 1) * cell_height
    ax.pcolormesh(
        x,
        y,
        np.ma.masked_invalid(grid.values),
        cmap=ListedColormap(list(grid.scale.fills)),
        norm=BoundaryNorm(list(grid.scale.edges), len(grid.scale.fills)),
        edgecolors="white",
        linewidth=1.0,
        gid="values",
    )
    if grid.blank is not None:
        _draw_lines(ax, x, y)
    empty = np.isnan(grid.values) if grid.blank is None else np.isnan(grid.values) & ~grid.blank
    _draw_empty(ax, x, y, empty)
    for row, name in enumerate(grid.rows):
        middle = (y[row] + y[row + 1]) / 2
        at = (left - _GAP, middle)
        text = shown(name, left - _GAP, _NAME * max(size, 0.7))
        label(ax, text, at, size=_NAME * max(size, 0.7), on="data", ha="right", va="center", gid="row")
        for column in range(len(grid.columns)):
            _draw_cell(ax, grid, row, column, ((x[column] + x[column + 1]) / 2, middle), size)
    upright = _upright(grid, cell_width)
    for column, name in enumerate(grid.columns):
        at = ((x[column] + x[column + 1]) / 2, top - 4)
        room = _LONGEST_HEADING if upright else cell_width * 1.05
        turned: dict[str, Any] = {"rotation": 90} if upright else {}
        text = shown(name, room, _NAME)
        label(ax, text, at, size=_NAME, on="data", ha="center", va="bottom", gid="column", **turned)
    for row in grid.rules:
        ax.plot([left, x[-1]], [y[row], y[row]], color=ink(), linewidth=1.2, gid="rule")
    if grid.top is not None:
        row, column = grid.top
        frame = Rectangle((x[column], y[row]), cell_width, cell_height, fill=False, edgecolor=ink(), linewidth=2.2)
        frame.set_gid("top")
        ax.add_patch(frame)


def _draw_lines(ax: Axes, x: Floats, y: Floats) -> None:
    """Thin lines that lead the eye through white cells to the names."""
    lines: list[Any] = [[(x[0], place), (x[-1], place)] for place in y]
    lines += [[(place, y[0]), (place, y[-1])] for place in x]
    ax.add_collection(
        LineCollection(lines, colors=UNSCORED.line, linewidths=0.5, alpha=0.35, zorder=1.5), autolim=False
    )


def _draw_empty(ax: Axes, x: Floats, y: Floats, empty: npt.NDArray[np.bool_]) -> None:
    """Cells without a value: white and hatched, so that they look like no score at all."""
    corners = [
        [(x[c] + 1, y[r] + 1), (x[c + 1] - 1, y[r] + 1), (x[c + 1] - 1, y[r + 1] - 1), (x[c] + 1, y[r + 1] - 1)]
        for r, c in zip(*np.nonzero(empty), strict=True)
    ]
    if corners:
        cells = PolyCollection(corners, facecolors="none", edgecolors="#b6bcc3", hatch="////", linewidths=0)
        cells.set_gid("missing")
        ax.add_collection(cells, autolim=False)


def _draw_cell(ax: Axes, grid: Grid, row: int, column: int, at: tuple[float, float], size: float) -> None:
    value = grid.values[row, column]
    if np.isnan(value):
        return
    fonts: dict[str, Any] = {"on": "data", "ha": "center", "va": "center", "color": grid.scale.ink(float(value))}
    both = size > 0.85 and grid.counts[row][column]
    label(ax, grid.texts[row][column], at, offset=(0, 3.5 if both else 0), size=_VALUE * size, gid="value", **fonts)
    if both:
        label(ax, grid.counts[row][column], at, offset=(0, -6.5), size=_COUNT, gid="count", **fonts)


def _names_width(names: Sequence[str], width: float) -> float:
    return min(widest([drawable(name) for name in names], _NAME) * 1.04 + 2, _WIDEST_NAME, 0.4 * width)


def _upright(grid: Grid, cell_width: float) -> bool:
    return widest([drawable(name) for name in grid.columns], _NAME) > cell_width


def _headings_height(grid: Grid, cell_width: float) -> float:
    if not _upright(grid, cell_width):
        return _NAME * 1.8
    return min(widest([drawable(name) for name in grid.columns], _NAME) * 1.04, _LONGEST_HEADING) + 8


MISSING_BOX: dict[str, Any] = {"facecolor": "white", "edgecolor": UNSCORED.line, "hatch": "////", "linewidth": 0.5}
"""The look of a cell without a value, in a legend."""
