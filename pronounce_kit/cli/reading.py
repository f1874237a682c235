"""A reading as it is shown in a terminal, and as a picture.

Colours, labels and wording are those of `highlight`. Nothing is told by colour alone: "✗" marks what is below 60 and
"~" what is below 80, brackets a skipped word, "+" an added one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
from rich.padding import Padding
from rich.style import Style
from rich.text import Text

from ..highlight import (
    FAIR,
    MISSING_BREAK,
    MONOTONE,
    POOR,
    STATE_LABELS,
    UNEXPECTED_BREAK,
    UNSCORED,
    Band,
    Sound,
    WordState,
    band,
    headline,
    on_hundred,
    score_rows,
    score_text,
    sounds_of,
    status_message,
    word_band,
    word_state,
    word_text,
)
from .output import new_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from ..results import Assessment, Scores, Word

_MARKS = {POOR: "✗", FAIR: "~"}
_INDENT = 2


def show_reading(console: Console, assessment: Assessment, *, every_sound: bool = False) -> None:
    """Print the finding, the sentence in colours, the scores, the words, and the sounds of words with problems.

    `every_sound` prints the sounds of all words, a row a word. Where nothing was scored, prints why in one line.
    """
    message = status_message(assessment)
    if message is not None:
        console.print(message, soft_wrap=True)
        return
    assessment = on_hundred(assessment)
    words = assessment.words
    found = headline([(word.word, _state(word)) for word in words])
    if found:
        console.print(Text(f"{found}.", "bold"))
        console.print()
    for line in _sentence_lines(words, console.width - _INDENT):
        console.print(Padding(line, (0, 0, 0, _INDENT)), no_wrap=True, overflow="ellipsis")
    if words:
        console.print(_legend(words))
    elif assessment.display_text:
        console.print(assessment.display_text)
    tables = (_scores_table(assessment.scores), _words_table(words), _sounds_table(words, every_sound))
    for table in filter(None, tables):
        console.print()
        console.print(table)


def mispronounced(assessment: Assessment) -> list[str]:
    """The words that were mispronounced, in order."""
    return [word.word for word in on_hundred(assessment).words if _state(word) == "mispronounced"]


def picture(assessment: Assessment) -> bytes:
    """A PNG of the sentence and, below it, of its sounds."""
    import io

    import numpy as np
    from matplotlib.image import imread, imsave

    from .. import charts

    dpi = 160
    drawn = [charts.plot_words(assessment)]
    if not status_message(assessment) and sounds_of(assessment.words):
        drawn.append(charts.plot_phonemes(assessment))
    images = [imread(io.BytesIO(charts.figure_png(ax, dpi=dpi)), format="png") for ax in drawn]
    picture = io.BytesIO()
    imsave(picture, np.vstack(images), format="png", dpi=dpi)
    return picture.getvalue()


# --- parts ------------------------------------------------------------------------------------------------------


def _state(word: Word) -> WordState:
    return word_state(word.error_type, word.accuracy_score)


def _style(of_score: Band) -> Style:
    """The band's colours of the light theme, ink on fill: readable on dark and light terminals alike."""
    if of_score is UNSCORED:
        return Style()
    return Style(color=of_score.ink, bgcolor=of_score.fill, bold=of_score is POOR)


def _marked(score: float | None, of_score: Band) -> str:
    """A score with the mark of its band: "34 ✗"."""
    return f"{score_text(score)} {_MARKS.get(of_score, '')}".rstrip()


def _chip(text: str, style: Style) -> Text:
    """Text in a style that ends with it: the spaces that justify a cell stay plain."""
    return Text.assemble((text, style))


def _score_cell(score: float | None) -> Text:
    """A score, in a column that is not justified: rich would cut the spaces at its end."""
    return _chip(f"{score_text(score):>4} {_MARKS.get(band(score), ' ')} ", _style(band(score)))


class _Cell(NamedTuple):
    """A word above, its score below."""

    word: Text
    note: str

    @property
    def width(self) -> int:
        return max(self.word.cell_len, cell_len(self.note))


def _cell(word: Word) -> _Cell:
    state = _state(word)
    of_word = word_band(state, word.accuracy_score)
    style = _style(of_word)
    if state == "added":
        style += Style(italic=True)
    note = state if state in ("skipped", "added") else _marked(word.accuracy_score, of_word)
    return _Cell(_chip(f" {word_text(word.word, state)} ", style), f" {note}")


def _sentence_lines(words: Iterable[Word], width: int) -> list[Text]:
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


def _legend(words: Sequence[Word]) -> str:
    """What the numbers and marks mean; only those that this reading has."""
    states = {_state(word) for word in words}
    entries = (
        (not states <= {"skipped", "added", "unscored"}, "Below each word: its score out of 100"),
        ("mispronounced" in states, "✗ below 60, mispronounced"),
        ("fair" in states, "~ below 80, could be better"),
        ("skipped" in states, "[word] skipped"),
        ("added" in states, "+word added"),
        ("unscored" in states, "– no score"),
    )
    return "; ".join(text for here, text in entries if here) + "."


def _scores_table(scores: Scores) -> Table | None:
    rows = [(name, meaning, score) for name, meaning, score in score_rows(scores) if score is not None]
    if not rows:
        return None
    table = new_table("Scores of the text", *(name for name, _, _ in rows))
    table.add_row(*(_score_cell(score) for _, _, score in rows))
    return table


def _words_table(words: Iterable[Word]) -> Table | None:
    table = new_table("Words", "Word", "Score", "Result")
    table.add_column("Time", justify="right", no_wrap=True)
    for word in words:
        state = _state(word)
        wrong = state in ("mispronounced", "skipped", "added")
        table.add_row(
            Text(word_text(word.word, state), "bold" if wrong else ""),
            _score_cell(None if state in ("skipped", "added") else word.accuracy_score),
            Text("; ".join([STATE_LABELS[state], *_notes(word)]), "bold" if wrong else ""),
            _time(word),
        )
    return table if table.row_count else None


def _notes(word: Word) -> list[str]:
    notes = (
        (word.unexpected_break, UNEXPECTED_BREAK.note),
        (word.missing_break, MISSING_BREAK.note),
        (word.monotone, MONOTONE.note),
    )
    return [note for here, note in notes if here]


def _time(word: Word) -> str:
    if word.offset_s is None or word.duration_s is None:
        return "–"
    return f"{word.offset_s:.2f}–{word.offset_s + word.duration_s:.2f} s"


def _sounds_table(words: Sequence[Word], every_sound: bool) -> Table | None:
    return _sounds_by_word(words) if every_sound else _sounds_of_problems(words)


def _sounds_of_problems(words: Iterable[Word]) -> Table | None:
    """A row for each sound of the words that are not good, or have a sound that is not."""
    table = new_table("Sounds of the words to practice", "In the word", "Expected", "Heard instead", "Score")
    for word in words:
        sounds = sounds_of([word])
        if _state(word) not in ("mispronounced", "fair") and all(band(s.score) is not POOR for s in sounds):
            continue
        for index, sound in enumerate(sounds):
            table.add_row(
                Text("" if index else sound.word),
                Text(sound.expected),
                Text(sound.heard or "–"),
                _score_cell(sound.score),
                style="bold" if band(sound.score) is POOR else "",
                end_section=index == len(sounds) - 1,
            )
    return table if table.row_count else None


def _sounds_by_word(words: Iterable[Word]) -> Table | None:
    table = new_table("Sounds, with their scores", "In the word", "Expected (and what was heard instead)")
    for word in words:
        sounds = sounds_of([word])
        if sounds:
            wrong = any(band(sound.score) is POOR for sound in sounds)
            table.add_row(Text(sounds[0].word, "bold" if wrong else ""), _sounds_line(sounds))
    return table if table.row_count else None


def _sounds_line(sounds: Iterable[Sound]) -> Text:
    """Sounds side by side: "th 8 ✗ (heard s)   ih 96"."""
    parts = []
    for sound in sounds:
        of_score = band(sound.score)
        heard = f" (heard {sound.heard})" if sound.heard else ""
        shown = Text(f"{sound.expected} {_marked(sound.score, of_score)}{heard}")
        if of_score in _MARKS:
            shown.stylize(_style(of_score))
        parts.append(shown)
    return Text("   ").join(parts)
