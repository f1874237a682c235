"""The sentence as it was read."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes

from ..highlight import (
    GOOD_FROM,
    MISPRONOUNCED_BELOW,
    MISSING_BREAK,
    MONOTONE,
    UNEXPECTED_BREAK,
    UNSCORED,
    UNSURE,
    WordState,
    score_text,
    word_band,
    word_text,
)
from .figures import (
    MARGIN,
    LegendEntry,
    blank,
    draw_legend,
    draw_message,
    drawable,
    fitted,
    label,
    legend_height,
    lines_of,
    new_axes,
    points_from,
    set_title,
    settled_size_of,
    text_width,
)
from .rows import WordRow, finding, word_rows, words_title

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Assessment

_SIZE = 15.0
_NOTE_SIZE = 9.0
_PAD = 5.0  # between a word and the edge of its box
_GAP = 9.0  # between boxes
_LINE = 50.0  # from line to line
_SMALLEST = 0.4  # how far the sentence shrinks to fit axes that were given

_NOTES: dict[WordState, str] = {"skipped": "skipped", "added": "added", "unscored": "no score"}


class _Cell(NamedTuple):
    """A word as drawn: its text, the signs before and after it, the note below it, and its width."""

    row: WordRow
    text: str
    before: str
    after: str
    note: str
    width: float


def plot_words(data: Assessment | pd.DataFrame, *, ax: Axes | None = None, width_in: float = 8.0) -> Axes:
    """Draw the sentence as boxed words in the colours of their scores, with the score below each.

    Mispronounced words have a wavy line, skipped ones a dashed box and brackets, added ones "+" and italics, words
    without a score a dotted box. Long sentences wrap; in given axes the text shrinks until it fits. A sentence of a
    script from right to left runs from right to left.

    Parameters
    ----------
    data : Assessment or pandas.DataFrame
        A frame is that of `words`, with one utterance.
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
    >>> pk.charts.plot_words(assessment).get_title(loc="left")
    '1 of 7 words needs practice: think'
    """
    rows = word_rows(data)
    if not rows:
        return draw_message(ax, finding(data, "There are no words to show."), width_in)
    title = words_title(data, rows)
    entries = _legend(rows)
    if ax is None:
        inner = width_in * 72 - 2 * MARGIN
        cells, lines = _layout(rows, inner, 1.0)
        ax = new_axes(width_in, len(lines) * _LINE, title=title, below=legend_height(entries, inner))
    blank(ax)
    set_title(ax, title)
    draw_legend(ax, entries)
    width, height = settled_size_of(ax)
    scale = 1.0
    cells, lines = _layout(rows, width, scale)
    while len(lines) * _LINE * scale > height + 0.5 and scale > _SMALLEST:
        scale *= 0.92
        cells, lines = _layout(rows, width, scale)
    ax.set_xlim(0, width)
    ax.set_ylim(max(height, len(lines) * _LINE * scale), 0)
    backwards = _runs_from_right_to_left(row.word for row in rows)
    for number, line in enumerate(lines):
        x = 0.0
        for index in line:
            cell = cells[index]
            left = width - x - cell.width if backwards else x
            _draw_cell(ax, cell, left, (number * _LINE + _LINE * 0.36) * scale, scale)
            x += cell.width + _GAP * scale
    return ax


def _layout(rows: Sequence[WordRow], width: float, scale: float) -> tuple[list[_Cell], list[list[int]]]:
    cells = [_cell(row, width, scale) for row in rows]
    return cells, lines_of([cell.width for cell in cells], width, _GAP * scale)


def _cell(row: WordRow, widest: float, scale: float) -> _Cell:
    size, italic = _SIZE * scale, row.state == "added"
    before = (UNEXPECTED_BREAK.sign if row.unexpected_break else "") + (MISSING_BREAK.sign if row.missing_break else "")
    after = MONOTONE.sign if row.monotone else ""
    around = 2 * _PAD * scale + sum(text_width(sign, size) + 3 * scale for sign in (before, after) if sign)
    # Drawn text is a little wider than measured: glyphs snap to pixels.
    text = fitted(drawable(word_text(row.word, row.state)), 0.96 * widest - around, size, italic=italic)
    note = _NOTES.get(row.state) or f"{'' if row.is_sure else 'about '}{score_text(row.score)}"
    width = max(around + text_width(text, size, italic=italic), text_width(note, _NOTE_SIZE * scale))
    return _Cell(row, text, before, after, note, width)


def _draw_cell(ax: Axes, cell: _Cell, left: float, middle: float, scale: float) -> None:
    size = _SIZE * scale
    fonts: dict[str, Any] = {"size": size, "on": "data", "va": "center"}
    inner_left, inner_right = left + _PAD * scale, left + cell.width - _PAD * scale
    if cell.before:
        label(ax, cell.before, (left, middle), bold=True, **fonts)
        inner_left += text_width(cell.before, size) + 3 * scale
    if cell.after:
        label(ax, cell.after, (left + cell.width, middle), ha="right", **fonts)
        inner_right -= text_width(cell.after, size) + 3 * scale
    centre = (inner_left + inner_right) / 2
    look = _look(cell.row)
    box = {"boxstyle": f"round,pad={_PAD / _SIZE},rounding_size=0.2", "linewidth": 1.4, **look["box"]}
    # gid names the word's artist, for tests and for readers of an SVG.
    label(
        ax, cell.text, (centre, middle), ha="center", gid="word", italic=cell.row.state == "added", bbox=box,
        **look["text"], **fonts,
    )  # fmt: skip
    label(
        ax, cell.note, (centre, middle), offset=(0, -21 * scale), size=_NOTE_SIZE * scale, on="data", ha="center",
        va="center", gid="note", alpha=0.8,
    )  # fmt: skip
    half = text_width(cell.text, size, italic=cell.row.state == "added") / 2
    below = points_from(ax, (centre, middle))
    if cell.row.state == "mispronounced" and cell.row.is_sure:
        steps = max(8, int(2 * half / scale))
        xs = [-half + 2 * half * step / steps for step in range(steps + 1)]
        ys = [scale * (-10.8 + 1.1 * math.sin((x + half) / scale * 2 * math.pi / 6)) for x in xs]
        ax.plot(
            xs, ys, transform=below, color=look["text"]["color"], linewidth=1.1 * scale, gid="mispronounced",
            zorder=5, clip_on=False,
        )  # fmt: skip
    elif cell.row.state == "added":
        ys = [-12.5 * scale] * 2
        ax.plot([-half, half], ys, transform=below, color=_text_color(), linewidth=1.4 * scale, gid="added")


def _text_color() -> str:
    color: str = mpl.rcParams["text.color"]
    return color


def _look(row: WordRow) -> dict[str, dict[str, Any]]:
    """How the box and the text of a word look; what has no colour of its own takes that of the figure's text."""
    state = row.state
    of_score = word_band(state, row.score)
    if state == "added":
        return {"box": {"facecolor": "none", "edgecolor": "none"}, "text": {"color": _text_color()}}
    if of_score is UNSCORED:
        dashes = "--" if state == "skipped" else ":"
        box = {"facecolor": "none", "edgecolor": UNSCORED.line, "linestyle": dashes}
        return {"box": box, "text": {"color": _text_color()}}
    if not row.is_sure:
        of_score = UNSURE
    return {"box": {"facecolor": of_score.fill, "edgecolor": of_score.line}, "text": {"color": of_score.ink}}


def _legend(rows: Sequence[WordRow]) -> list[LegendEntry]:
    """The colours and signs that this sentence has."""
    samples = (
        ("word", WordRow("", GOOD_FROM, "good"), "80 to 100: good"),
        ("word", WordRow("", MISPRONOUNCED_BELOW, "fair"), "60 to 79: could be better"),
        ("word", WordRow("", 0.0, "mispronounced"), "below 60: mispronounced"),
        ("[word]", WordRow("", None, "skipped"), "skipped"),
        ("+word", WordRow("", None, "added"), "added"),
        ("word", WordRow("", None, "unscored"), "no score"),
    )
    sure = {row.state for row in rows if row.is_sure or row.score is None}
    entries = [
        LegendEntry(text, meaning, look["box"], {**look["text"], "italic": row.state == "added"})
        for text, row, meaning in samples
        if row.state in sure
        for look in [_look(row)]
    ]
    if any(not row.is_sure and row.score is not None for row in rows):
        look = _look(WordRow("", 0.0, "good", is_sure=False))
        entries.append(LegendEntry("word", UNSURE.label, look["box"], look["text"]))
    for found, mark in (
        (any(row.unexpected_break for row in rows), UNEXPECTED_BREAK),
        (any(row.missing_break for row in rows), MISSING_BREAK),
        (any(row.monotone for row in rows), MONOTONE),
    ):
        if found:
            entries.append(LegendEntry(mark.sign, mark.label, {}, {"bold": True}))
    return entries


def _runs_from_right_to_left(words: Iterable[str]) -> bool:
    """By the first letter that has a direction, as browsers decide with dir="auto"."""
    for word in words:
        for character in word:
            direction = unicodedata.bidirectional(character)
            if direction in ("L", "R", "AL"):
                return direction != "L"
    return False
