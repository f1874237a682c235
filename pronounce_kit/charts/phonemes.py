"""The sounds of a reading, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes

from ..highlight import MISPRONOUNCED_BELOW, POOR, UNSURE, band, score_text, word_text
from .figures import (
    MARGIN,
    band_entries,
    blank,
    draw_legend,
    draw_message,
    drawable,
    fitted,
    halo,
    label,
    legend_height,
    lines_of,
    new_axes,
    set_title,
    settled_size_of,
    text_width,
    unsure_entries,
)
from .rows import PhonemeRow, finding, phoneme_rows, phonemes_title

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Assessment

_SIZE = 9.5
_SMALL = 7.5
_AXIS = 44.0  # width of the scale and the names of the lines of labels, left of the bars
_BARS = 78.0  # height of a score of 100
_ABOVE = 16.0  # room for the number on top of a full bar
_BELOW = 50.0  # room for the labels
_SOUND_Y, _HEARD_Y, _WORD_Y = -9.0, -23.0, -39.0  # the middles of the labels, from the foot of the bars
_LOWEST_BARS = 30.0  # given axes that leave less than this make the text shrink
_SMALLEST = 0.4  # and how far
_WORD_GAP = 12.0
_NARROWEST, _WIDEST = 19.0, 64.0  # of a column

_CENTRED: dict[str, Any] = {"on": "data", "ha": "center", "va": "center"}


class _Word(NamedTuple):
    """The label below the sounds of a word, centred at `x`; `left` and `right` are its outer edges, in points."""

    text: str
    x: float
    left: float
    right: float


class _Line(NamedTuple):
    """What stands side by side: the width of a column, the sounds with their places, the words; in points."""

    column: float
    sounds: list[tuple[PhonemeRow, float]]
    words: list[_Word]


def plot_phonemes(data: Assessment | pd.DataFrame, *, ax: Axes | None = None, width_in: float = 8.0) -> Axes:
    """Draw a bar for each sound, grouped by word, with the sound expected and, where it differs, the one heard.

    A sound without a score has "no score" in place of a bar, and a skipped word "skipped". The dashed line is at 60,
    below which the service calls a word mispronounced. Long readings wrap into lines, one below the other on the same y
    axis; in given axes the text shrinks until it fits.

    Parameters
    ----------
    data : Assessment or pandas.DataFrame
        A frame is that of `phonemes`, with one utterance.
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
    >>> pk.charts.plot_phonemes(assessment).get_title(loc="left")
    '1 of 20 sounds needs practice: th in think'
    """
    rows = phoneme_rows(data)
    if not rows:
        nothing = 'There are no sounds to show. Assess with granularity "Phoneme" to get them.'
        return draw_message(ax, finding(data, nothing), width_in)
    title = finding(data, phonemes_title(rows))
    entries = band_entries("below 60: needs practice") if all(row.is_sure for row in rows) else unsure_entries()
    own = ax is None
    if ax is None:
        inner = width_in * 72 - 2 * MARGIN - _AXIS
        lines = _layout(rows, inner)
        height = len(lines) * (_ABOVE + _BARS + _BELOW)
        ax = new_axes(width_in, height, title=title, below=legend_height(entries, inner), left=_AXIS)
    blank(ax)
    set_title(ax, title, left=_AXIS if own else 0.0)
    draw_legend(ax, entries)
    width, height = settled_size_of(ax)
    scale = 1.0
    lines = _layout(rows, width)
    while height / len(lines) < scale * (_ABOVE + _LOWEST_BARS + _BELOW) and scale > _SMALLEST:
        scale *= 0.92
        lines = _layout(rows, width, scale)
    # The labels keep their size in points, the bars take what is left.
    per_line = height / len(lines)
    bars = max(per_line - scale * (_ABOVE + _BELOW), 0.2 * per_line)
    pitch = 100 * per_line / bars
    ax.set_xlim(0, width)
    ax.set_ylim(100 + 100 * scale * _ABOVE / bars - len(lines) * pitch, 100 + 100 * scale * _ABOVE / bars)
    for number, line in enumerate(lines):
        _draw_line(ax, line, -number * pitch, scale)
    is_sure = all(row.is_sure for row in rows)
    _draw_scale(ax, [-number * pitch for number in range(len(lines))], scale, threshold=is_sure)
    return ax


def _layout(rows: Sequence[PhonemeRow], width: float, scale: float = 1.0) -> list[_Line]:
    """Lay the sounds in lines no wider than `width`; a word stays together unless it fills a line alone."""
    size = _SIZE * scale
    widest = max(
        text_width(drawable(text), size, bold=True) for row in rows for text in (row.expected, row.heard or "")
    )
    column = min(max(widest + 5 * scale, _NARROWEST * scale), _WIDEST * scale)
    per_line = max(1, int(width // column))
    groups = []
    for _, of_word in groupby(rows, key=lambda row: row.word_index):
        sounds = list(of_word)
        groups += [sounds[start : start + per_line] for start in range(0, len(sounds), per_line)]
    texts = [fitted(drawable(word_text(group[0].word, group[0].state)), width, size, bold=True) for group in groups]
    widths = [
        max(len(group) * column, text_width(text, size, bold=True)) for group, text in zip(groups, texts, strict=True)
    ]
    lines = []
    for indices in lines_of(widths, width, _WORD_GAP * scale):
        line = _Line(column, [], [])
        left = 0.0
        for index in indices:
            centre, group = left + widths[index] / 2, groups[index]
            first = centre - (len(group) - 1) / 2 * column
            line.sounds.extend((row, first + place * column) for place, row in enumerate(group))
            line.words.append(_Word(texts[index], centre, left, left + widths[index]))
            left += widths[index] + _WORD_GAP * scale
        lines.append(line)
    return lines


def _draw_line(ax: Axes, line: _Line, base: float, scale: float) -> None:
    scored = [
        (x, row.score, band(row.score) if row.is_sure else UNSURE) for row, x in line.sounds if row.score is not None
    ]
    if scored:
        ax.bar(
            [x for x, _, _ in scored],
            [score for _, score, _ in scored],
            width=line.column * 0.74,
            bottom=base,
            color=[of_score.fill for _, _, of_score in scored],
            edgecolor=[of_score.line for _, _, of_score in scored],
            linewidth=1.0,
            zorder=2,
        )
    for row, x in line.sounds:
        _label_sound(ax, row, x, base, scale)
    for word in line.words:
        at = (word.x, base)
        label(ax, word.text, at, offset=(0, _WORD_Y * scale), size=_SIZE * scale, bold=True, gid="word", **_CENTRED)
    for before, after in zip(line.words, line.words[1:], strict=False):
        edge = (before.right + after.left) / 2
        ax.plot([edge, edge], [base, base + 100], color=_text_color(), linewidth=0.5, alpha=0.35, zorder=0)


def _label_sound(ax: Axes, row: PhonemeRow, x: float, base: float, scale: float) -> None:
    """The number on the bar, or why there is no bar, and the sounds expected and heard below it."""
    size, small = _SIZE * scale, _SMALL * scale
    standing = {**_CENTRED, "va": "bottom"}
    if row.score is None:
        reason = "skipped" if row.state == "skipped" else "no score"
        label(
            ax,
            reason,
            (x, base),
            offset=(0, 5 * scale),
            size=small,
            rotation=90,
            gid="missing",
            alpha=0.8,
            **halo(),
            **standing,
        )
    else:
        at = (x, base + row.score)
        label(ax, score_text(row.score), at, offset=(0, 2 * scale), size=small, gid="score", **halo(), **standing)
    if row.state != "skipped":
        expected = fitted(drawable(row.expected), _WIDEST * scale, size)
        label(ax, expected, (x, base), offset=(0, _SOUND_Y * scale), size=size, gid="expected", **_CENTRED)
    if row.heard:
        heard = fitted(drawable(row.heard), _WIDEST * scale, size, bold=True)
        box = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": POOR.line, "linewidth": 0.8}
        label(
            ax, heard, (x, base), offset=(0, _HEARD_Y * scale), size=size, bold=True, gid="heard", color=POOR.line,
            bbox=box, **_CENTRED,
        )  # fmt: skip


def _draw_scale(ax: Axes, bases: Sequence[float], scale: float, *, threshold: bool) -> None:
    """A scale for each line, its threshold, and what the lines of labels below it are."""
    marks = (0, int(MISPRONOUNCED_BELOW), 100)
    ax.set_yticks([base + mark for base in bases for mark in marks], [str(mark) for _ in bases for mark in marks])
    ax.tick_params(axis="y", length=0, labelsize=_SMALL * scale, pad=2)
    for base in bases:
        ax.axhline(base, color=_text_color(), linewidth=0.8, zorder=1)
        if threshold:  # behind the bars: it must not cross out their numbers
            place = base + MISPRONOUNCED_BELOW
            ax.axhline(place, color=POOR.line, linewidth=1.0, linestyle="--", zorder=1.5, gid="threshold")
        for name, y in (("sound", _SOUND_Y), ("heard", _HEARD_Y), ("word", _WORD_Y)):
            label(
                ax, name, (0, base), offset=(-4, y * scale), on=("axes fraction", "data"), size=_SMALL * scale,
                ha="right", va="center", alpha=0.8,
            )  # fmt: skip


def _text_color() -> str:
    color: str = mpl.rcParams["text.color"]
    return color
