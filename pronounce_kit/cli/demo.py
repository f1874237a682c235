"""`pronounce-kit demo`: mistakes made on purpose, and what the engine finds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InputError
from .group import ITEM_FAILED
from .output import console, write_file

if TYPE_CHECKING:
    from rich.console import Console

    from ..local import LocalSpeech
    from ..results import Assessment

TEXT = "I think the weather is very nice today."
MISTAKES = {"think": ("TH", "S", "sink"), "very": ("V", "W", "wery")}
"""Word -> its first sound, the sound put in its place (both ARPAbet), and what the word becomes."""


@click.command(
    short_help="Score a sentence with two known mistakes, and show them.",
    epilog="""\b
Examples:
  pronounce-kit demo
  pronounce-kit demo --out demo-output

Exit code: 0 exactly the two mistakes are found, 1 otherwise.""",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("demo-output"),
    show_default=True,
    metavar="DIR",
    help="Folder to write the recordings, the page and the picture to.",
)
def demo(out: Path) -> int:
    """Score a sentence read correctly and the same with two known mistakes, and show which words stand out.

    Needs no microphone, key or network.
    """
    from dataclasses import replace

    from ..display.verdict import verdict_of
    from ..local import LocalSpeech
    from ..report import assessment_page
    from .reading import mispronounced, picture, show_reading

    speech = LocalSpeech()
    terminal = console()
    _make(out)
    swaps = ", ".join(f'"{word}" as "{heard}"' for word, (_, _, heard) in MISTAKES.items())
    terminal.print(
        f'The embedded voice reads "{TEXT}" twice: first correctly, then with two mistakes, {swaps}. The engine is '
        "given only the sound and the text, as from a student at a microphone, and scores every word and every sound "
        "from 0 to 100.",
    )
    with terminal.status("Getting ready ..."):
        speech.load()
    found = []
    recordings = [speech.synthesize(TEXT), speech.synthesize_phones(_with_mistakes(speech))]
    for title, recording in zip(("correct", "two mistakes"), recordings, strict=True):
        assessment = replace(speech.assess(recording, TEXT), utterance_id=title)
        found.append(assessment)
        _heading(terminal, f"Reading {len(found)}: {title}")
        show_reading(terminal, verdict_of(assessment), every_sound=True)

    correct, wrong = found
    page = assessment_page(found, title="pronounce_kit demo", audio=recordings, model_audio=[None, recordings[0]])
    written = {
        "Reading 1": write_file(out / "correct.wav", recordings[0]),
        "Reading 2": write_file(out / "mistakes.wav", recordings[1]),
        "Page with both": write_file(out / "readings.html", page.encode()),
        "Picture of 2": write_file(out / "mistakes.png", picture(wrong)),
    }
    _heading(terminal, "Result")
    good = not mispronounced(correct) and mispronounced(wrong) == list(MISTAKES)
    terminal.print(_verdict(correct, wrong, good))
    terminal.print()
    for name, path in written.items():
        terminal.print(f"{name + ':':16}{path}", soft_wrap=True)
    return 0 if good else ITEM_FAILED


def _heading(terminal: Console, title: str) -> None:
    from rich.text import Text

    terminal.print()
    terminal.rule(Text(title, "bold"), align="left", style="dim")
    terminal.print()


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made ({error.strerror}). Choose another with --out.") from None


def _with_mistakes(speech: LocalSpeech) -> list[list[str]]:
    """The phones of the text, with another sound at the start of the words of `MISTAKES`."""
    spelled = [word.strip(".").lower() for word in TEXT.split()]
    words = speech.pronunciation(TEXT)
    for spelling, phones in zip(spelled, words, strict=True):
        if spelling in MISTAKES:
            expected, instead, _ = MISTAKES[spelling]
            phones[phones.index(expected)] = instead
    return words


def _verdict(correct: Assessment, wrong: Assessment, good: bool) -> str:
    from .reading import mispronounced

    if good:
        return (
            f"In the correct reading no word is flagged; in the other exactly the two that were mispronounced: "
            f"{' and '.join(mispronounced(wrong))}. Open the page in a browser to listen to both."
        )
    flagged = [", ".join(mispronounced(reading)) or "none" for reading in (correct, wrong)]
    return (
        f"This is not as expected. Flagged in the correct reading: {flagged[0]}; in the other: {flagged[1]}, where "
        f"{' and '.join(MISTAKES)} are wrong. Please report it, with the output of pronounce-kit doctor."
    )
