"""A reading as it is shown in a terminal, and as a picture.

What is said is that of `display.verdict`. Nothing is told by colour alone: "✗" marks what is below 60 and "~" what is
below 80, brackets a skipped word, "+" an added one; where the recording is too noisy to be sure, nothing is marked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.padding import Padding
from rich.style import Style
from rich.text import Text

from ..display.verdict import ShownScore, ShownSound, ShownWord, Verdict, verdict_of
from ..highlight import BANDS, FAIR, POOR, UNSCORED, Band, BandName
from .output import new_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..results import Assessment

_SIGNS: dict[BandName, str] = {POOR.name: "✗", FAIR.name: "~"}
_COLOURS: dict[BandName, Band] = {band.name: band for band in BANDS}
_INDENT = 2


def show_reading(console: Console, verdict: Verdict, *, every_sound: bool = False) -> None:
    """Print the finding, the sentence in colours, the scores, the words, and the sounds of words with problems.

    `every_sound` prints the sounds of all words, a row a word. Where there is nothing to show, prints why in one line.
    What is wrong with the recording comes with the finding, before all scores.
    """
    if verdict.message is not None:
        console.print(verdict.message, soft_wrap=True)
        return
    if verdict.headline:
        console.print(Text(f"{verdict.headline}.", "bold"))
    if verdict.advice:
        console.print(f"About the recording: {verdict.advice}", soft_wrap=True)
    if verdict.headline or verdict.advice:
        console.print()
    for line in _sentence_lines(verdict.words, console.width - _INDENT):
        console.print(Padding(line, (0, 0, 0, _INDENT)), no_wrap=True, overflow="ellipsis")
    if verdict.words:
        console.print(_legend(verdict))
    elif verdict.text:
        console.print(verdict.text)
    if verdict.tips:
        console.print()
        for tip in verdict.tips:
            console.print(tip)
    words = verdict.words
    sounds = _sounds_by_word(words) if every_sound else _sounds_of_problems(words)
    for table in filter(None, (_scores_table(verdict.scores), _words_table(words), sounds)):
        console.print()
        console.print(table)


def mispronounced(assessment: Assessment) -> list[str]:
    """The words that were mispronounced, in order."""
    return [word.text for word in verdict_of(assessment).words if word.state == "mispronounced"]


def picture(assessment: Assessment) -> bytes:
    """A PNG of the sentence and, below it, of its sounds."""
    import io

    import numpy as np
    from matplotlib.image import imread, imsave

    from .. import charts

    dpi = 160
    drawn = [charts.plot_words(assessment)]
    if any(word.sounds for word in verdict_of(assessment).words):
        drawn.append(charts.plot_phonemes(assessment))
    images = [imread(io.BytesIO(charts.figure_png(ax, dpi=dpi)), format="png") for ax in drawn]
    picture = io.BytesIO()
    imsave(picture, np.vstack(images), format="png", dpi=dpi)
    return picture.getvalue()


# --- parts ------------------------------------------------------------------------------------------------------


def _style(name: BandName) -> Style:
    """The band's colours of the light theme, ink on fill: readable on dark and light terminals alike."""
    of_score = _COLOURS.get(name, UNSCORED)
    if of_score is UNSCORED:
        return Style()
    return Style(color=of_score.ink, bgcolor=of_score.fill, bold=of_score is POOR)


def _marked(text: str | None, name: BandName) -> str:
    """A score with the mark of its band: "34 ✗"."""
    return f"{text or '–'} {_SIGNS.get(name, '')}".rstrip()


def _chip(text: str, style: Style) -> Text:
    """Text in a style that ends with it: the spaces that justify a cell stay plain."""
    return Text.assemble((text, style))


def _score_cell(text: str | None, name: BandName) -> Text:
    """A score, in a column that is not justified: rich would cut the spaces at its end."""
    return _chip(f"{text or '–':>4} {_SIGNS.get(name, ' ')} ", _style(name))


class _Cell(NamedTuple):
    """A word above, its score below."""

    word: Text
    note: str

    @property
    def width(self) -> int:
        return max(self.word.cell_len, cell_len(self.note))


def _cell(word: ShownWord) -> _Cell:
    style = _style(word.band)
    if word.state == "added":
        style += Style(italic=True)
    note = word.state if word.state in ("skipped", "added") else _marked(word.score_text, word.band)
    before, after = "".join(mark.sign for mark in word.marks), word.flat.sign if word.flat else ""
    written = f" {word.before}{word.shown}{word.after} "
    return _Cell(Text.assemble(before, (written, style), after), f"{' ' * cell_len(before)} {note}")


def _sentence_lines(words: Iterable[ShownWord], width: int) -> list[Text]:
    """Lines of words, each followed by the line of their scores."""
    lines: list[list[_Cell]] = [[]]
    for cell in map(_cell, words):
        if lines[-1] and sum(one.width + 1 for one in lines[-1]) + cell.width > width:
            lines.append([])
        lines[-1].append(cell)
    out = []
    for line in lines:
        above, below = Text(), ""
        for cell in line:
            above += cell.word + Text(" " * (cell.width + 1 - cell.word.cell_len))
            below += cell.note + " " * (cell.width + 1 - cell_len(cell.note))
        above.right_crop(1)
        out += [above, Text(below.rstrip())]
    return out if lines[0] else []


def _legend(verdict: Verdict) -> str:
    """What the numbers and marks mean; only those that this reading has."""
    words = verdict.words
    bands = {word.band for word in words}
    scored = any(word.score is not None for word in words)
    entries = (
        (scored, "Below each word: its score out of 100"),
        (POOR.name in bands, "✗ below 60, mispronounced"),
        (FAIR.name in bands, "~ below 80, could be better"),
    )
    signs = [f"{one.sample} {one.label}" for one in verdict.legend if not one.classes.startswith("pk-word pk-")]
    states = [f"{one.sample} {one.label}" for one in verdict.legend if one.sample in ("[word]", "+word")]
    unscored = ["– no score"] if any(word.state == "unscored" for word in words) else []
    return "; ".join([*(text for here, text in entries if here), *states, *unscored, *signs]) + "."


def _scores_table(scores: Sequence[ShownScore]) -> Table | None:
    shown = [score for score in scores if score.score is not None]
    if not shown:
        return None
    table = new_table("Scores of the text", *(score.name for score in shown))
    table.add_row(*(_score_cell(score.text, score.band) for score in shown))
    return table


def _words_table(words: Iterable[ShownWord]) -> Table | None:
    table = new_table("Words", "Word", "Score", "Result")
    table.add_column("Time", justify="right", no_wrap=True)
    for word in words:
        wrong = word.band == POOR.name or word.state in ("skipped", "added")
        # The sounds have a table of their own.
        notes = [mark.note for mark in (*word.marks, *filter(None, [word.flat]))]
        table.add_row(
            Text(word.shown, "bold" if wrong else ""),
            _score_cell(word.score_text, word.band),
            Text("; ".join([word.state_label, *notes]), "bold" if wrong else ""),
            _time(word),
        )
    return table if table.row_count else None


def _time(word: ShownWord) -> str:
    return "–" if word.span_s is None else f"{word.span_s[0]:.2f}–{word.span_s[1]:.2f} s"


def _sounds_of_problems(words: Iterable[ShownWord]) -> Table | None:
    """A row for each sound of the words that are not good, or have a sound that is not."""
    table = new_table("Sounds of the words to practice", "In the word", "Expected", "Heard instead", "Score")
    for word in words:
        if word.band not in _SIGNS and all(sound.band != POOR.name for sound in word.sounds):
            continue
        for index, sound in enumerate(word.sounds):
            table.add_row(
                Text("" if index else word.text),
                Text(sound.label),
                Text(sound.heard or "–"),
                _score_cell(sound.text, sound.band),
                style="bold" if sound.band == POOR.name else "",
                end_section=index == len(word.sounds) - 1,
            )
    return table if table.row_count else None


def _sounds_by_word(words: Iterable[ShownWord]) -> Table | None:
    table = new_table("Sounds, with their scores", "In the word", "Expected (and what was heard instead)")
    for word in words:
        if word.sounds:
            wrong = any(sound.band == POOR.name for sound in word.sounds)
            table.add_row(Text(word.text, "bold" if wrong else ""), _sounds_line(word.sounds))
    return table if table.row_count else None


def _sounds_line(sounds: Iterable[ShownSound]) -> Text:
    """Sounds side by side: "th 8 ✗ (heard s)   ih 96"."""
    parts = []
    for sound in sounds:
        heard = f" (heard {sound.heard_sign})" if sound.heard_sign else ""
        shown = Text(f"{sound.sign} {_marked(sound.text, sound.band)}{heard}")
        if sound.band in _SIGNS:
            shown.stylize(_style(sound.band))
        parts.append(shown)
    return Text("   ").join(parts)
