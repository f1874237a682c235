"""A reading as HTML: what `verdict` says of it, drawn."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..highlight import STYLE, Markup, fragment, tag
from .verdict import LegendEntry, ShownScore, ShownSound, ShownWord, Verdict, verdict_of

if TYPE_CHECKING:
    from ..results import Assessment


def sentence_html(assessment: Assessment, *, style: bool = True) -> str:
    """The sentence with each word in the colour of its score; hovering, or a screen reader, tells what was wrong.

    `style=False` leaves the CSS out, for a page that has `highlight.STYLE` already. Without scored words it is the
    plain text.
    """
    return _framed(_sentence(verdict_of(assessment)), style)


def assessment_html(assessment: Assessment, *, style: bool = True) -> str:
    """The finding, the sentence in colours, the scores, tips, the sounds to practice and a legend.

    Where there is nothing to score, or another sentence was read, it says so instead. `style` as in `sentence_html`.
    """
    return _framed(verdict_html(verdict_of(assessment)), style)


def verdict_html(verdict: Verdict) -> Markup:
    """The same of a verdict, without a frame."""
    if verdict.message is not None:
        # "Read: …" is the text already.
        text = None if verdict.kind == "another_text" else _text(verdict)
        return fragment(tag("p", verdict.message, class_="pk-message", role="status", dir="auto"), text)
    advice = tag("p", verdict.advice, class_="pk-advice") if verdict.advice else None
    css = "pk-headline" if verdict.is_sure else "pk-message"
    return fragment(
        tag("p", verdict.headline, class_=css, role=None if verdict.is_sure else "status")
        if verdict.headline
        else None,
        advice,
        _sentence(verdict),
        tag("ul", *(tag("li", tip) for tip in verdict.tips), class_="pk-tips") if verdict.tips else None,
        score_tiles(verdict.scores),
        _worst_sounds_table(verdict.worst_sounds),
        legend_html(verdict.legend),
    )


def _framed(content: Markup, style: bool) -> Markup:
    return tag("div", tag("style", STYLE) if style else None, content, class_="pk")


def _text(verdict: Verdict) -> Markup | None:
    """The text alone, as it was to be read or as it was recognized."""
    return tag("p", verdict.text, class_="pk-sentence", dir="auto") if verdict.text else None


def _sentence(verdict: Verdict) -> Markup:
    if not verdict.words:
        return _text(verdict) or fragment()
    return tag("p", *map(_word_span, verdict.words), class_="pk-sentence", dir="auto")


def _word_span(word: ShownWord) -> Markup:
    marks = (tag("span", m.sign, class_="pk-mark", title=m.label, aria_hidden="true") for m in word.marks)
    return fragment(
        *marks,
        word.before,
        # An image of a word: the one role whose label replaces the content in every screen reader.
        tag(
            "span",
            word.shown,
            tag("sup", word.flat.sign) if word.flat else None,
            class_=word.classes,
            title=word.label,
            role="img",
            aria_roledescription="word",
            aria_label=word.label,
        ),
        word.after,
        " " if word.blank else "",
    )


def score_tiles(scores: Iterable[ShownScore]) -> Markup | None:
    """The scores of the whole text, side by side; None without any."""
    tiles = [*map(score_tile, scores)]
    return tag("ul", *tiles, class_="pk-scores", aria_label="Scores") if tiles else None


def score_tile(score: ShownScore) -> Markup:
    """A score as an item of a list of class pk-scores."""
    return tag(
        "li",
        tag("span", score.name),
        " ",
        tag("strong", score.text),
        class_=f"pk-score pk-{score.band}",
        title=f"{score.name}: {score.meaning}",
    )


def shown_cell(score: ShownScore | ShownSound | ShownWord) -> Markup:
    """A table cell with a score on its colour, or "–" where there is none."""
    text = score.score_text if isinstance(score, ShownWord) else score.text
    label = score.state_label if isinstance(score, ShownWord) else score.band_label
    return tag("td", tag("span", text or "–", class_=f"pk-word pk-{score.band}", title=label))


def _worst_sounds_table(sounds: Iterable[ShownSound]) -> Markup | None:
    rows = [
        tag(
            "tr",
            tag("th", sound.label, scope="row"),
            tag("td", sound.heard or "–"),
            tag("td", tag("bdi", sound.word)),
            shown_cell(sound),
        )
        for sound in sounds
    ]
    if not rows:
        return None
    columns = ("Sound", "Heard instead", "In the word", "Score")
    return tag(
        "table",
        tag("caption", "Sounds to practice"),
        tag("thead", tag("tr", *(tag("th", column, scope="col") for column in columns))),
        tag("tbody", *rows),
        class_="pk-sounds",
    )


def legend_html(entries: Iterable[LegendEntry]) -> Markup | None:
    """What the colours and marks mean; None without any."""
    items = [
        tag("li", tag("span", entry.sample, class_=entry.classes, aria_hidden="true"), entry.label) for entry in entries
    ]
    return tag("ul", *items, class_="pk-legend", aria_label="Legend") if items else None
