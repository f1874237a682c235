"""Single readings as a page.

The page has the sentence in colours, the recording and the model voice to listen to, every sound in a chart, and
tables of words and sounds with the problems marked. It fits a phone, follows the reader's dark theme and is readable
by a screen reader. On paper it has no players, and of the table of sounds only those that need practice: the chart
has them all. All text is escaped by `highlight.tag`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..display.html import shown_cell, verdict_html
from ..display.verdict import ShownSound, ShownWord, Verdict, verdict_of
from ..errors import InputError
from ..highlight import POOR, Markup, fragment, on_hundred, tag
from ..results import Assessment
from .page import data_url, page, png_url, table


def assessment_page(
    assessment: Assessment | Sequence[Assessment],
    *,
    title: str | None = None,
    audio: bytes | Sequence[bytes | None] | None = None,
    model_audio: bytes | Sequence[bytes | None] | None = None,
) -> str:
    """One HTML page on a reading, or on several with a section for each.

    Parameters
    ----------
    assessment : Assessment or list of Assessment
        What to tell of.
    title : str, optional
        Defaults to the student's name, where there is one.
    audio, model_audio : bytes or list of bytes and None, optional
        The recording, and the voice to imitate: a WAV, OGG, MP3 or WebM file, embedded in the page. For several
        readings a list as long as theirs.

    Returns
    -------
    str
        HTML.

    Raises
    ------
    InputError
        Where the lists differ in length, or there is no reading.
    AudioError
        For bytes that no browser plays.

    Examples
    --------
    >>> page = pk.report.assessment_page(assessment, audio=recording.to_wav(), model_audio=service.synthesize(text))
    >>> page[:15]
    '<!DOCTYPE html>'
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
    return page(heading, *sections, title=heading)


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
    verdict = verdict_of(assessment)
    return tag(
        "section",
        heading,
        _facts(assessment) if verdict.is_attempt else None,
        _players(audio, model_audio),
        tag("div", verdict_html(verdict), class_="pk"),
        # Noise hides the weak sounds first, so of single ones nothing is said.
        _charts(assessment, verdict, "h2" if number is None else "h3") if verdict.is_sure else None,
        _words_table(verdict),
        _sounds_table(verdict) if verdict.is_sure else None,
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
            tag("audio", controls=True, preload="metadata", src=data_url(data), aria_label=name),
        )
        for name, data in (("Your recording", audio), ("Model voice", model_audio))
        if data
    ]
    return tag("div", *players, class_="pk-players") if players else None


def _charts(assessment: Assessment, verdict: Verdict, heading: str) -> Markup | None:
    """The sounds as a picture, in a wide and in a narrow version for phones."""
    if not any(word.sounds for word in verdict.words):
        return None
    from .. import charts  # loads matplotlib

    wide, narrow = (charts.plot_phonemes(assessment, width_in=width) for width in (8.0, 4.2))
    finding = " ".join(wide.get_title(loc="left").split())
    picture = tag(
        "picture",
        tag("source", media="(max-width: 36rem)", srcset=png_url(charts.figure_png(narrow, dpi=160))),
        tag(
            "img",
            src=png_url(charts.figure_png(wide, dpi=160)),
            alt=f"Bar chart of the sounds. {finding}. The table of sounds has all numbers.",
        ),
    )
    return fragment(tag(heading, "Every sound"), tag("figure", picture, class_="pk-chart"))


def _words_table(verdict: Verdict) -> Markup | None:
    if not verdict.words:
        return None
    return table("Words", ("Word", "Score", "Result", "Starts at"), map(_word_row, verdict.words))


def _word_row(word: ShownWord) -> Markup:
    counts = word.state not in ("skipped", "added")
    return tag(
        "tr",
        tag("th", tag("bdi", word.shown), scope="row"),
        shown_cell(word) if counts else tag("td", "–"),
        tag("td", "; ".join([word.state_label, *word.notes])),
        tag("td", "–" if word.span_s is None else f"{word.span_s[0]:.1f} s", class_="pk-time"),
        class_="pk-problem" if word.band == POOR.name or not counts else None,
    )


def _sounds_table(verdict: Verdict) -> Markup | None:
    """The sounds, those that need practice first, the worst on top; the others in the order of the text."""
    sounds = [sound for word in verdict.words for sound in word.sounds]
    if not sounds:
        return None
    sounds.sort(key=_urgency)
    rows = (
        tag(
            "tr",
            tag("th", sound.label, scope="row"),
            tag("td", sound.heard or "–"),
            tag("td", tag("bdi", sound.word)),
            shown_cell(sound),
            class_="pk-problem" if sound.band == POOR.name else None,
        )
        for sound in sounds
    )
    return table("Sounds", ("Expected", "Heard instead", "In the word", "Score"), rows, class_="pk-sounds-all")


def _urgency(sound: ShownSound) -> float:
    return sound.score if sound.band == POOR.name and sound.score is not None else 100.0
