"""Figures, fonts and text that fits: what every chart here draws on.

A chart without an `ax` gets a figure of its own from `new_axes`, made with `matplotlib.figure.Figure` and never
with pyplot: such a figure belongs to nobody but its caller, so charts can be drawn in the threads of a widget, and
a thousand of them leave nothing behind. Jupyter shows the returned `Axes` as a picture, once, where it is the
value of a cell; elsewhere use `display(ax)`. To draw into a pyplot figure, pass one of its axes as `ax`.

Lengths are points (1/72 inch), as font sizes are. All text is drawn without mathtext: "$" is a character here.
"""

from __future__ import annotations

import io
import logging
import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.patheffects import withStroke
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, ScaledTranslation, Transform

from ..errors import InputError
from ..highlight import FAIR, GOOD, POOR, UNSURE

MARGIN = 10.0
"""Free edge of an own figure, in points."""

TITLE_SIZE = 12.0
LINE_HEIGHT = 1.35
"""Of text, in font sizes."""

_DRAWN = 0.97
"""Drawn text is a little wider than measured: glyphs snap to pixels."""

# Tried in this order for what the reader's own font lacks. Colour emoji fonts are bitmaps that matplotlib cannot draw.
_FALLBACK_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans CJK JP",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "Noto Sans Arabic",
    "Noto Naskh Arabic",
    "Geeza Pro",
    "Noto Sans Devanagari",
    "Noto Sans Tamil",
    "Nirmala UI",
    "Kohinoor Devanagari",
    "Noto Sans Thai",
    "Leelawadee UI",
    "Thonburi",
    "Arial Unicode MS",
    "Noto Emoji",
    "Segoe UI Emoji",
    "Segoe UI Symbol",
    "Symbola",
    "DejaVu Sans",
)


class PictureAxes(Axes):
    """Axes that a notebook shows as their figure, once, when they are the value of a cell."""

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        # Twice the pixels of its size on the page, for sharp text on today's screens.
        width, height = _figure(self).get_size_inches() * 96
        return figure_png(self, dpi=192), {"width": round(width), "height": round(height)}


def figure_png(ax: Axes, *, dpi: float = 192) -> bytes:
    """The whole figure that some axes are part of, as a PNG file.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Of a chart of this module, or any other.
    dpi : float
        Dots an inch.

    Returns
    -------
    bytes
        The file.

    Raises
    ------
    InputError
        For axes that were taken out of their figure.

    Examples
    --------
    >>> pk.charts.figure_png(pk.charts.plot_words(assessment))[1:4]
    b'PNG'
    """
    buffer = io.BytesIO()
    # Without the version, the same picture has the same bytes everywhere.
    _figure(ax).savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def _figure(ax: Axes) -> Figure:
    """The figure at the root of all subfigures."""
    figure = ax.figure
    while not isinstance(figure, Figure):
        if figure is None:
            raise InputError("The axes were removed from their figure. Draw the chart again.")
        figure = figure.figure
    return figure


def new_axes(width_in: float, body: float, *, title: str, below: float = 0.0, left: float = 0.0) -> Axes:
    """Axes `body` points high in a figure of its own, just large enough for the title and what is drawn `below`."""
    width = width_in * 72
    inner = width - 2 * MARGIN - left
    lines = wrapped(title, (inner + left) * _DRAWN, TITLE_SIZE, bold=True)
    above = len(lines) * TITLE_SIZE * LINE_HEIGHT + 8 if title else 0.0
    height = MARGIN + above + body + below + MARGIN
    figure = Figure(figsize=(width_in, height / 72))
    FigureCanvasAgg(figure)
    place = ((MARGIN + left) / width, (MARGIN + below) / height, inner / width, body / height)
    return figure.add_axes(place, axes_class=PictureAxes)


def size_of(ax: Axes) -> tuple[float, float]:
    """Width and height of the axes in points, as they are laid out now."""
    points = 72 / _figure(ax).dpi
    return ax.bbox.width * points, ax.bbox.height * points


def settled_size_of(ax: Axes) -> tuple[float, float]:
    """As `size_of`, after the layout engine of given axes has made room for the title and legend drawn so far."""
    figure = _figure(ax)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
    return size_of(ax)


def points_from(ax: Axes, at: tuple[float, float]) -> Transform:
    """Coordinates in points, upwards and to the right of a place in data coordinates."""
    place: Any = ax.transData  # any transform will do; matplotlib's own annotation asks for an affine one
    return Affine2D().scale(1 / 72) + _figure(ax).dpi_scale_trans + ScaledTranslation(*at, place)


def set_title(ax: Axes, title: str, *, left: float = 0.0) -> None:
    """A title that wraps where the axes end; it starts `left` points before them."""
    width = size_of(ax)[0]
    lines = wrapped(title, (width + left) * _DRAWN, TITLE_SIZE, bold=True)
    ax.set_title(
        "\n".join(lines),
        loc="left",
        x=-left / width,
        pad=8,
        fontproperties=font(title, TITLE_SIZE, bold=True),
        parse_math=False,
    )


def blank(ax: Axes) -> None:
    """Take ticks, frame and grid away."""
    ax.grid(False)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def draw_message(ax: Axes | None, message: str, width_in: float) -> Axes:
    """The chart of nothing: a sentence that says why."""
    if ax is None:
        lines = wrapped(message, width_in * 72 - 2 * MARGIN, TITLE_SIZE)
        ax = new_axes(width_in, len(lines) * TITLE_SIZE * LINE_HEIGHT + 24, title="")
    blank(ax)
    label(ax, "\n".join(wrapped(message, size_of(ax)[0], TITLE_SIZE)), (0, 0.5), size=TITLE_SIZE, va="center")
    return ax


# --- fonts ------------------------------------------------------------------------------------------------------


# Fallback fonts come in one weight, of which matplotlib would tell for every text that it draws with them.
logging.getLogger("matplotlib.font_manager").addFilter(
    lambda record: not record.getMessage().startswith("findfont: Failed to find font weight")
)


@lru_cache
def _installed_fallbacks() -> tuple[str, ...]:
    installed = set(fontManager.get_font_names())
    return tuple(name for name in _FALLBACK_FONTS if name in installed)


def font(text: str, size: float, *, bold: bool = False, italic: bool = False) -> FontProperties:
    """The reader's font (matplotlib's `font.family`), and for text beyond Latin the fallbacks that are installed."""
    families = [*mpl.rcParams["font.family"]]
    if max(text, default="") > "\u024f":
        families += [name for name in _installed_fallbacks() if name not in families]
    return FontProperties(
        family=families, size=size, weight="bold" if bold else "normal", style="italic" if italic else "normal"
    )


def drawable(text: str) -> str:
    """The text on one line, with "□" for what no installed font has, so that drawing it warns of nothing.

    Signs joined into one, as many emoji are, have one box.
    """
    text = _SKIN_TONES.sub("", " ".join(text.split()))
    if text.isascii() and text.isprintable():
        return text
    fonts = [get_font(findfont(FontProperties(family=[name]))) for name in font(text, 10).get_family()]

    def has(character: str) -> bool:
        return any(face.get_char_index(ord(character)) for face in fonts)

    kept = (c for c in text if not _is_invisible(c) or (c in _SHAPING and has(c)))
    shown = "".join(c if has(c) and (c in _SHAPING or c.isprintable()) else "□" for c in kept)
    return _PARTS_OF_ONE.sub("□", shown) if "□" in shown else shown


# Joiners and marks of direction change how their neighbours are drawn, and are dropped where a font lacks them.
_SHAPING = "\u200c\u200d\u200e\u200f"
_PARTS_OF_ONE = re.compile("□(?:\u200d□)+")
_SKIN_TONES = re.compile("(?<=\\S)[\U0001f3fb-\U0001f3ff]")  # no font of outlines colours with them


def _is_invisible(character: str) -> bool:
    """Of Unicode's formats (directions, joiners) or selectors of a variant; these would show as boxes."""
    return unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


def text_width(text: str, size: float, *, bold: bool = False, italic: bool = False) -> float:
    """How wide a line of text is when drawn, in points."""
    prop = font(text, size, bold=bold, italic=italic)
    width: float = text_to_path.get_text_width_height_descent(text, prop, ismath=False)[0]
    return width


def fitted(text: str, width: float, size: float, *, bold: bool = False, italic: bool = False) -> str:
    """The text, cut with "…" where it is wider than `width` points; one character stays in any case."""
    if text_width(text, size, bold=bold, italic=italic) <= width:
        return text
    low, high = 1, len(text)  # the longest beginning that fits, by halving
    while low < high:
        middle = (low + high + 1) // 2
        fits = text_width(text[:middle] + "…", size, bold=bold, italic=italic) <= width
        low, high = (middle, high) if fits else (low, middle - 1)
    return text[:low] + "…"


def wrapped(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """The text in lines no wider than `width` points; a word too wide for a line is cut."""
    words = [fitted(word, width, size, bold=bold) for word in drawable(text).split(" ")]
    space = text_width("n n", size, bold=bold) - text_width("nn", size, bold=bold)
    widths = [text_width(word, size, bold=bold) for word in words]
    return [" ".join(words[i] for i in line) for line in lines_of(widths, width, space)]


def lines_of(widths: Sequence[float], width: float, gap: float) -> list[list[int]]:
    """Indices of things laid in lines no wider than `width`; one that is too wide has a line of its own."""
    lines: list[list[int]] = []
    used = 0.0
    for index, own in enumerate(widths):
        if not lines or used + gap + own > width:
            lines.append([index])
            used = own
        else:
            lines[-1].append(index)
            used += gap + own
    return lines


def label(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    *,
    size: float,
    offset: tuple[float, float] = (0, 0),
    on: str | tuple[str, str] | Transform = "axes fraction",
    bold: bool = False,
    italic: bool = False,
    **text_properties: Any,
) -> None:
    """Text at a point of the axes, moved by `offset` points; `on` as matplotlib's `xycoords`."""
    ax.annotate(
        text,
        at,
        xycoords=on,
        xytext=offset,
        textcoords="offset points",
        fontproperties=font(text, size, bold=bold, italic=italic),
        parse_math=False,
        annotation_clip=False,
        **text_properties,
    )


def halo() -> dict[str, Any]:
    """Text properties that keep a number readable where it stands on a line."""
    return {"path_effects": [withStroke(linewidth=2.5, foreground=mpl.rcParams["axes.facecolor"])]}


# --- legend -----------------------------------------------------------------------------------------------------


class LegendEntry(NamedTuple):
    """A sample, drawn as a text in a box, and what it means."""

    sample: str
    meaning: str
    box: dict[str, Any]
    text: dict[str, Any]


def band_entries(below_60: str) -> list[LegendEntry]:
    """The three colours; what "below 60" means depends on what is scored."""
    meanings = ((GOOD, "80 to 100: good"), (FAIR, "60 to 79: could be better"), (POOR, below_60))
    return [
        LegendEntry("   ", meaning, {"facecolor": of_score.fill, "edgecolor": of_score.line}, {})
        for of_score, meaning in meanings
    ]


def unsure_entries() -> list[LegendEntry]:
    """In the place of the colours, where no score is to be trusted."""
    return [LegendEntry("   ", UNSURE.label, {"facecolor": UNSURE.fill, "edgecolor": UNSURE.line}, {})]


LEGEND_SIZE = 8.5
_LEGEND_LINE = LEGEND_SIZE * 2.1
_LEGEND_GAP = 14.0
_SAMPLE_GAP = 10.0


def legend_height(entries: Sequence[LegendEntry], width: float) -> float:
    """How high the legend is, in points, when it is `width` points wide."""
    return len(lines_of([_entry_width(entry) for entry in entries], width, _LEGEND_GAP)) * _LEGEND_LINE + 8


def draw_legend(ax: Axes, entries: Sequence[LegendEntry], *, below: float = 0.0) -> None:
    """Lay the legend in lines under the axes, `below` points from their edge."""
    for entry, x, y in _places(entries, size_of(ax)[0]):
        middle = -(below + 8 + y + _LEGEND_LINE / 2)
        sample = text_width(entry.sample, LEGEND_SIZE)
        box = {"boxstyle": "round,pad=0.25", "linewidth": 1, **entry.box} if entry.box else None
        label(ax, entry.sample, (0, 0), offset=(x + 3, middle), size=LEGEND_SIZE, va="center", bbox=box, **entry.text)
        label(
            ax, entry.meaning, (0, 0), offset=(x + sample + _SAMPLE_GAP, middle), size=LEGEND_SIZE, va="center",
            alpha=0.8,
        )  # fmt: skip


def _entry_width(entry: LegendEntry) -> float:
    return text_width(entry.sample, LEGEND_SIZE) + _SAMPLE_GAP + text_width(entry.meaning, LEGEND_SIZE)


def _places(entries: Sequence[LegendEntry], width: float) -> Iterator[tuple[LegendEntry, float, float]]:
    widths = [_entry_width(entry) for entry in entries]
    for number, line in enumerate(lines_of(widths, width, _LEGEND_GAP)):
        x = 0.0
        for index in line:
            yield entries[index], x, number * _LEGEND_LINE
            x += widths[index] + _LEGEND_GAP
