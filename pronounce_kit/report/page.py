"""What all pages here are made of: the frame of a page, its style, tables, and files embedded as data."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import AudioError
from ..highlight import STYLE, Markup, band, score_cell, score_text, tag
from ..sound_files import kind_of
from ..storage import write_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DPI = 130  # sharp in print at the width of a page

_PAGE_STYLE = Markup(
    """
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0}
&{min-height:100vh;max-width:none;border-radius:0;padding:1rem max(1rem,calc(50% - 26rem)) 3rem}
& .pk{padding:0;max-width:none}
& h1{font-size:1.6rem;line-height:1.25;margin:.5rem 0 1rem;overflow-wrap:anywhere}
& h2{font-size:1.25rem;line-height:1.3;margin:2rem 0 .5rem;overflow-wrap:anywhere}
& h3{font-size:1.05rem;margin:1.5rem 0 .5rem}
& section+section{border-top:1px solid var(--pk-edge);margin-top:2.5rem}
& .pk-facts{color:var(--pk-faint);font-size:.9rem;overflow-wrap:anywhere}
& figure{margin:0}
& .pk-players{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;margin:0 0 1rem}
& .pk-players figure{flex:0 1 20rem}
& figcaption{font-size:.85rem;color:var(--pk-faint)}
& audio{width:100%;display:block}
& img{max-width:100%;height:auto;display:block;border-radius:.4rem;background:#fff}
& .pk-scroll{overflow-x:auto}
& .pk-scroll table{width:100%}
& .pk-scroll :is(td,tbody th){overflow-wrap:break-word;max-width:24rem}
& .pk-scroll th:first-child{border-inline-start:.3em solid transparent;padding-inline-start:.5em}
& .pk-scroll .pk-problem th:first-child{border-inline-start-color:var(--pk-poor)}
& .pk-time{white-space:nowrap}
& .pk-lead{font-size:1.1em;font-weight:600}
& .pk-note{font-size:.85em;color:var(--pk-faint)}
& td .pk-word{white-space:nowrap}
& .pk-students th[scope=row]{min-width:7rem;overflow-wrap:anywhere}
& .pk-list{padding-inline-start:1.2rem}
& .pk-list li{margin:0 0 .5rem}
& a{color:inherit}
& article{border-inline-start:.3em solid var(--pk-edge);padding-inline-start:.8rem;margin:1rem 0 1.5rem}
& h4{font-size:1em;margin:0 0 .4rem}
& .pk-teacher{border:2px solid var(--pk-text)}
& figure.pk-chart{margin:.5rem 0 1.5rem}
& svg{display:block;width:100%;height:auto;max-width:44rem}
& svg text{fill:var(--pk-faint);font-size:11px}
& svg .pk-grid{stroke:var(--pk-edge);stroke-width:1}
& svg .pk-line{fill:none;stroke:var(--pk-faint);stroke-width:1.5}
& svg .pk-dot{stroke:var(--pk-text);stroke-width:1}
& svg .pk-dot.pk-good{fill:var(--pk-good)}
& svg .pk-dot.pk-fair{fill:var(--pk-fair)}
& svg .pk-dot.pk-poor{fill:var(--pk-poor)}
& svg .pk-diamond{fill:var(--pk-ground);stroke:var(--pk-text);stroke-width:1.5}
@media print{
 &{padding:0;min-height:0;font-size:12px}
 & :is(.pk-facts,figcaption,table){font-size:.95em}
 & .pk-score strong{font-size:1.35em}
 & .pk-score,& .pk-legend{font-size:.9em}
 & .pk-players{display:none}
 & .pk-scroll{overflow:visible}
 & :is(tr,img,svg,article,.pk-word,.pk-list li){break-inside:avoid}
 & img{max-height:85vh;width:auto}
 & .pk-sounds-all:not(:has(.pk-problem)),& .pk-sounds-all tbody tr:not(.pk-problem){display:none}
 & :is(h2,h3,caption,thead){break-after:avoid}
 & section+section{break-before:page;border:0;margin:0}
}
""".replace("&", ".pk.pk.pk.pk-page")
)


def page(heading: object, *content: object, title: str) -> str:
    """A whole page under a heading; `title` is plain text, for the browser."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", STYLE, _PAGE_STYLE),
    )
    body = tag("body", tag("main", tag("h1", heading, dir="auto"), *content, class_="pk pk-page"))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def tile(name: str, score: float | None, *, title: str, teacher: bool = False) -> Markup:
    """A score as an item of a list of class pk-scores; a teacher's has a frame."""
    return tag(
        "li",
        tag("span", name, dir="auto"),
        " ",
        tag("strong", "not assessed" if score is None else score_text(score)),
        class_=f"pk-score pk-{band(score).name}{' pk-teacher' * teacher}",
        title=title,
    )


def mark_cell(mark: float | None) -> Markup:
    """A table cell with a teacher's mark; most attempts have none, which is nothing to point out."""
    return tag("td", "–") if mark is None else score_cell(mark)


def legend() -> Markup:
    """What the colours and signs of a sentence mean."""
    entries = (
        ("pk-word pk-good", "word", "80 to 100: good"),
        ("pk-word pk-fair", "word", "60 to 79: could be better"),
        ("pk-word pk-poor pk-mispronounced", "word", "below 60: mispronounced"),
        ("pk-word pk-skipped", "[word]", "skipped"),
        ("pk-word pk-added", "+word", "added"),
        ("pk-word pk-unscored", "word", "no score"),
    )
    samples = (tag("li", tag("span", sample, class_=css, aria_hidden="true"), label) for css, sample, label in entries)
    return tag("ul", *samples, class_="pk-legend", aria_label="Legend")


def picture(ax: Axes, description: str) -> Markup:
    """A chart, with its title in words for those who cannot see it."""
    from ..charts import figure_png  # loads matplotlib

    finding = " ".join(ax.get_title(loc="left").split())
    image = tag("img", src=png_url(figure_png(ax, dpi=_DPI)), alt=f"{description}. {finding}".rstrip(". ") + ".")
    return tag("figure", image, class_="pk-chart")


def player(data: bytes | None, name: str) -> Markup | None:
    """A player for a recording as it was stored, as WAV where browsers do not play that; or the words that none can."""
    if not data:
        return None
    try:
        address = data_url(data)
    except AudioError:
        from ..recording import Recording

        try:
            address = data_url(Recording.from_bytes(data).to_wav())
        except AudioError:
            return tag("p", "The recording cannot be played.", class_="pk-note")
    audio = tag("audio", controls=True, preload="none", src=address, aria_label=name)
    return tag("div", tag("figure", audio), class_="pk-players")


def write_page(path: str | os.PathLike[str], page: str) -> Path:
    """Write a page as UTF-8. The file is whole or not there: an older one stays until then.

    Parameters
    ----------
    path : str or path
        The file.
    page : str
        HTML.

    Returns
    -------
    pathlib.Path
        The path.

    Examples
    --------
    >>> pk.report.write_page("reading.html", pk.report.assessment_page(assessment)).name
    'reading.html'
    """
    return write_whole(path, page.encode())


def data_url(data: bytes) -> str:
    """A sound file as an address that holds it; raises `AudioError` for bytes that no browser plays."""
    if kind := kind_of(data):
        return f"data:{kind.media_type};base64,{base64.b64encode(data).decode('ascii')}"
    raise AudioError(
        "The audio for the page is not a file that browsers play. "
        "Give the bytes of a WAV file, as Recording.to_wav makes them."
    )


def png_url(png: bytes) -> str:
    """A picture as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def table(caption: str, columns: Sequence[str], rows: Iterable[Markup], *, class_: str = "") -> Markup:
    """A table with a caption, in a frame that scrolls where it is too wide."""
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in columns)))
    whole = tag("table", tag("caption", caption), head, tag("tbody", *rows))
    # A wide table scrolls by itself on a phone; tabindex lets a keyboard scroll it.
    return tag("div", whole, class_=f"pk-scroll {class_}".strip(), tabindex="0", role="region", aria_label=caption)
