"""What the charts of a class share: the frame around the picture, and names of any script beside it."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.axes import Axes

from ..highlight import shortened
from .figures import (
    LEGEND_SIZE,
    LINE_HEIGHT,
    MARGIN,
    LegendEntry,
    blank,
    draw_legend,
    drawable,
    fitted,
    font,
    label,
    legend_height,
    new_axes,
    set_title,
    settled_size_of,
    size_of,
    text_width,
    wrapped,
)

_NOTE_LINE = LEGEND_SIZE * LINE_HEIGHT


def open_chart(
    ax: Axes | None,
    width_in: float,
    body: float,
    *,
    title: str,
    entries: Sequence[LegendEntry] = (),
    note: str = "",
    left: float = 0.0,
    scale: float = 0.0,
) -> Axes:
    """Axes without ticks and frame, with a title above, a legend and a note below: those given, or a new figure's.

    `body` is their height where they are new, `left` the room for names beside and `scale` that for numbers below them,
    all in points.
    """
    own = ax is None
    inner = width_in * 72 - 2 * MARGIN - left
    if ax is None:
        below = scale + _legend(entries, inner) + len(_lines(note, inner)) * _NOTE_LINE + (4 if note else 0)
        ax = new_axes(width_in, body, title=title, below=below, left=left)
    blank(ax)
    set_title(ax, title, left=left if own else 0.0)
    width = size_of(ax)[0]
    draw_legend(ax, entries, below=scale)
    for number, line in enumerate(_lines(note, width)):
        top = -(scale + _legend(entries, width) + 4 + number * _NOTE_LINE)
        label(ax, line, (0, 0), offset=(0, top), size=LEGEND_SIZE, va="top", alpha=0.8, gid="note")
    return ax


def _legend(entries: Sequence[LegendEntry], width: float) -> float:
    return legend_height(entries, width) if entries else 0.0


def _lines(note: str, width: float) -> list[str]:
    return wrapped(note, 0.97 * width, LEGEND_SIZE) if note else []  # drawn text is wider than measured


def name_of(text: object) -> str:
    """A name for the title: short, on one line, "?" where nothing of it can be seen."""
    return shortened(" ".join(str(text).split()) or "?")


def shown(text: object, width: float, size: float, *, bold: bool = False) -> str:
    """A name for a label: on one line, cut where it is wider than `width` points."""
    return fitted(drawable(str(text)) or "?", width, size, bold=bold)


def widest(texts: Sequence[str], size: float) -> float:
    """The width of the longest, in points."""
    return max((text_width(text, size) for text in texts), default=0.0)


def name_rows(ax: Axes, names: Sequence[str], size: float) -> None:
    """Names at the places 0, 1, 2, ... of the y axis, each in a font that has it."""
    ax.set_yticks(range(len(names)), names)
    ax.tick_params(axis="y", length=0, pad=4)
    for tick, name in zip(ax.get_yticklabels(), names, strict=True):
        tick.set_fontproperties(font(name, size))
        tick.set_parse_math(False)


def rows_that_fit(ax: Axes | None, limit: int, height: float, *, besides: float = 0.0) -> int:
    """How many rows at least `height` points high given axes have room for: at most `limit`, which own ones have."""
    if ax is None:
        return limit
    return max(1, min(limit, int((settled_size_of(ax)[1] - besides) // height)))


def others(total: int, limit: int, one: str, many: str | None = None) -> str:
    """What is left: "270 other students"; "" where nothing is. `many` defaults to `one` with an "s"."""
    left = total - limit
    return f"{left} other {one if left == 1 else many or f'{one}s'}" if left > 0 else ""


def ink() -> str:
    """The colour of the figure's text."""
    color: str = mpl.rcParams["text.color"]
    return color
