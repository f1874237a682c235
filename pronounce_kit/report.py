"""Readings as one HTML page that needs nothing else: no network, no script, no other file.

The page has the sentence in colours, the recording and the model voice to listen to, every sound in a chart, and
tables of words and sounds with the problems marked. It fits a phone, follows the reader's dark theme and is readable
by a screen reader. On paper it has no players, and of the table of sounds only those that need practice: the chart
has them all. All text is escaped by `highlight.tag`.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from .errors import AudioError, InputError
from .highlight import (
    POOR,
    STATE_LABELS,
    STYLE,
    Markup,
    assessment_html,
    band,
    fragment,
    on_hundred,
    score_cell,
    sounds_of,
    status_message,
    tag,
    word_notes,
    word_state,
    word_text,
)
from .results import Assessment, Word
from .storage import write_whole

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
@media print{
 &{padding:0;min-height:0;font-size:12px}
 & .pk-players{display:none}
 & .pk-scroll{overflow:visible}
 & :is(tr,img,.pk-word){break-inside:avoid}
 & img{max-height:85vh;width:auto}
 & .pk-sounds-all:not(:has(.pk-problem)),& .pk-sounds-all tbody tr:not(.pk-problem){display:none}
 & :is(h2,h3,caption,thead){break-after:avoid}
 & section+section{break-before:page;border:0;margin:0}
}
""".replace("&", ".pk.pk.pk.pk-page")
)

_AUDIO_TYPES = (
    (b"RIFF", "audio/wav"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\x1aE\xdf\xa3", "audio/webm"),
)
"""First bytes of a file -> its media type."""


def assessment_page(
    assessment: Assessment | Sequence[Assessment],
    *,
    title: str | None = None,
    audio: bytes | Sequence[bytes | None] | None = None,
    model_audio: bytes | Sequence[bytes | None] | None = None,
) -> str:
    """One HTML page on a reading, or on several with a section for each.

    `audio` is the recording and `model_audio` the voice to imitate: the bytes of a WAV file (OGG, MP3 and WebM play
    too), embedded in the page; for several readings a list as long as theirs, with None where there is none.
    `title` defaults to the student's name, where there is one. Raises `InputError` where the lists differ in length
    and `AudioError` for bytes that no browser plays.
    """
    given = [assessment] if isinstance(assessment, Assessment) else assessment
    assessments = [on_hundred(one) for one in given]
    if not assessments:
        raise InputError("There is no assessment to report on. Give at least one.")
    recordings = _one_each(audio, "audio", len(assessments))
    models = _one_each(model_audio, "model_audio", len(assessments))
    students = {one.student for one in assessments}
    student = students.pop() if len(students) == 1 else None
    heading = title or (f"Reading report: {student}" if student else "Reading report")
    sections = (
        _section(one, recording, model, number if len(assessments) > 1 else None)
        for number, (one, recording, model) in enumerate(zip(assessments, recordings, models, strict=True), start=1)
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", heading),
        tag("style", STYLE, _PAGE_STYLE),
    )
    body = tag("body", tag("main", tag("h1", heading, dir="auto"), *sections, class_="pk pk-page"))
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def write_page(path: str | os.PathLike[str], page: str) -> Path:
    """Write a page as UTF-8 and return its path. The file is whole or not there: an older one stays until then."""
    return write_whole(path, page.encode())


def _one_each(given: bytes | Sequence[bytes | None] | None, name: str, count: int) -> list[bytes | None]:
    if given is None:
        return [None] * count
    # Bytes are a sequence too, of numbers.
    each: list[bytes | None] = [given] if isinstance(given, bytes) else list(given)
    if len(each) != count:
        raise InputError(
            f"{name} has {len(each)} recordings for {count} assessments. "
            "Give a list with one for each, None where there is none."
        )
    return each


def _section(assessment: Assessment, audio: bytes | None, model_audio: bytes | None, number: int | None) -> Markup:
    heading = None
    if number is not None:
        name = assessment.student or assessment.utterance_id
        heading = tag("h2", f"Reading {number}" + (f": {name}" if name else ""), dir="auto")
    return tag(
        "section",
        heading,
        _facts(assessment),
        _players(audio, model_audio),
        # Markup already; a type checker sees the str that the public function promises.
        Markup(assessment_html(assessment, style=False)),
        None
        if status_message(assessment)
        else fragment(
            _charts(assessment, "h2" if number is None else "h3"), _words_table(assessment), _sounds_table(assessment)
        ),
    )


def _facts(assessment: Assessment) -> Markup | None:
    facts = []
    if assessment.reference_text:
        facts.append(fragment("Text to read: ", tag("bdi", assessment.reference_text)))
    if assessment.duration_s:
        facts.append(fragment(f"Speech: {assessment.duration_s:.1f} s"))
    if assessment.snr_db is not None:
        facts.append(fragment(f"Voice above background noise: {assessment.snr_db:.0f} dB"))
    if not facts:
        return None
    return tag(
        "p", *(fragment(tag("br") if place else None, fact) for place, fact in enumerate(facts)), class_="pk-facts"
    )


def _players(audio: bytes | None, model_audio: bytes | None) -> Markup | None:
    players = [
        tag(
            "figure",
            tag("figcaption", name),
            tag("audio", controls=True, preload="metadata", src=_data_url(data), aria_label=name),
        )
        for name, data in (("Your recording", audio), ("Model voice", model_audio))
        if data
    ]
    return tag("div", *players, class_="pk-players") if players else None


def _data_url(data: bytes) -> str:
    for start, media_type in _AUDIO_TYPES:
        if data.startswith(start):
            return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"
    raise AudioError(
        "The audio for the page is not a file that browsers play. "
        "Give the bytes of a WAV file, as Recording.to_wav makes them."
    )


def _charts(assessment: Assessment, heading: str) -> Markup | None:
    """The sounds as a picture, in a wide and in a narrow version for phones."""
    if not sounds_of(assessment.words):
        return None
    from . import charts  # loads matplotlib

    wide, narrow = (charts.plot_phonemes(assessment, width_in=width) for width in (8.0, 4.2))
    finding = " ".join(wide.get_title(loc="left").split())
    picture = tag(
        "picture",
        tag("source", media="(max-width: 36rem)", srcset=_png_url(charts.figure_png(narrow, dpi=160))),
        tag(
            "img",
            src=_png_url(charts.figure_png(wide, dpi=160)),
            alt=f"Bar chart of the sounds. {finding}. The table of sounds has all numbers.",
        ),
    )
    return fragment(tag(heading, "Every sound"), tag("figure", picture, class_="pk-chart"))


def _png_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _words_table(assessment: Assessment) -> Markup | None:
    if not assessment.words:
        return None
    return _table("Words", ("Word", "Score", "Result", "Starts at"), map(_word_row, assessment.words))


def _word_row(word: Word) -> Markup:
    state = word_state(word.error_type, word.accuracy_score)
    counts = state not in ("skipped", "added")
    return tag(
        "tr",
        tag("th", tag("bdi", word_text(word.word, state)), scope="row"),
        score_cell(word.accuracy_score) if counts else tag("td", "–"),
        tag("td", "; ".join([STATE_LABELS[state], *word_notes(word)])),
        tag("td", "–" if word.offset_s is None else f"{word.offset_s:.1f} s", class_="pk-time"),
        class_="pk-problem" if state in ("mispronounced", "skipped", "added") else None,
    )


def _sounds_table(assessment: Assessment) -> Markup | None:
    """The sounds, those that need practice first, the worst on top; the others in the order of the text."""
    sounds = sounds_of(assessment.words)
    if not sounds:
        return None
    sounds.sort(key=lambda sound: sound.score if band(sound.score) is POOR and sound.score is not None else 100.0)
    rows = (
        tag(
            "tr",
            tag("th", sound.expected, scope="row"),
            tag("td", sound.heard or "–"),
            tag("td", tag("bdi", sound.word)),
            score_cell(sound.score),
            class_="pk-problem" if band(sound.score) is POOR else None,
        )
        for sound in sounds
    )
    return _table("Sounds", ("Expected", "Heard instead", "In the word", "Score"), rows, class_="pk-sounds-all")


def _table(caption: str, columns: Sequence[str], rows: Iterable[Markup], *, class_: str = "") -> Markup:
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in columns)))
    table = tag("table", tag("caption", caption), head, tag("tbody", *rows))
    # A wide table scrolls by itself on a phone; tabindex lets a keyboard scroll it.
    return tag("div", table, class_=f"pk-scroll {class_}".strip(), tabindex="0", role="region", aria_label=caption)
