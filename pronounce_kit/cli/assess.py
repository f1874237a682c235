"""`pronounce-kit assess`: score one recording."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..encodings import decode_text
from ..errors import InputError, TextError
from ..params import CHOICES
from .audio import read_audio
from .group import ITEM_FAILED
from .output import console, csv_bytes, write_file

if TYPE_CHECKING:
    from ..params import PronunciationScoreParams
    from ..recording import Recording
    from ..results import Assessment
    from ..service import SpeechService

_LONGEST_TEXT = 1_000_000  # bytes read of a text file; far more than anyone reads aloud


@click.command(
    short_help="Score a recording of a sentence that was read aloud.",
    epilog="""\b
Examples:
  pronounce-kit assess hello.wav "Good morning."
  pronounce-kit assess hello.mp3 --text-file hello.txt --html hello.html --csv hello.csv
  pronounce-kit assess hello.wav --text "Good morning." --json > hello.json
  cat hello.webm | pronounce-kit assess - --text "Good morning."

Exit code: 0 scored, 1 nothing or another text was heard, 2 the recording, text or an option cannot be used.""",
)
@click.argument("audio")
@click.argument("sentence", metavar="[TEXT]", required=False)
@click.option("-t", "--text", metavar="T", help="The text that was read, in the place of TEXT.")
@click.option("--text-file", metavar="F", help="A file with the text that was read.")
@click.option("--encoding", metavar="E", help="Encoding of the text file, such as cp1252.  [default: found out]")
@click.option("--json", "as_json", is_flag=True, help="Print the service's reply, and nothing else.")
@click.option(
    "--csv",
    metavar="FILE",
    help="Write the words to FILE and the sounds next to it, to FILE with -phonemes before its suffix; "
    "- prints the words, and nothing else.",
)
@click.option("--html", metavar="FILE", help="Write a page with the result, the recording and the model voice.")
@click.option("--png", metavar="FILE", help="Write a picture of the words and sounds.")
@click.option("--language", default="en-US", show_default=True, help="Language that was read.")
@click.option(
    "--granularity",
    type=click.Choice(CHOICES["granularity"]),
    default="Phoneme",
    show_default=True,
    help="How deep the scores go.",
)
@click.option(
    "--dimension",
    type=click.Choice(CHOICES["dimension"]),
    default="Comprehensive",
    show_default=True,
    help="Basic: accuracy only, no error types.",
)
@click.option(
    "--grading-system",
    type=click.Choice(CHOICES["grading_system"]),
    default="HundredMark",
    show_default=True,
    help="Scale of the scores in --json and --csv; all else shows 0 to 100.",
)
@click.option(
    "--phoneme-alphabet",
    type=click.Choice(CHOICES["phoneme_alphabet"]),
    default="SAPI",
    show_default=True,
    help="Names of the sounds.",
)
@click.option(
    "--nbest",
    type=click.IntRange(min=0),
    default=5,
    show_default=True,
    metavar="N",
    help="How many candidates to report for each sound; 0: none, nor what was heard.",
)
@click.option("--miscue/--no-miscue", default=True, show_default=True, help="Find words that were skipped.")
@click.option("--prosody/--no-prosody", default=False, show_default=True, help="Score melody, stress and rhythm too.")
def assess(
    audio: str,
    sentence: str | None,
    text: str | None,
    text_file: str | None,
    encoding: str | None,
    as_json: bool,
    csv: str | None,
    html: str | None,
    png: str | None,
    language: str,
    granularity: str,
    dimension: str,
    grading_system: str,
    phoneme_alphabet: str,
    nbest: int,
    miscue: bool,
    prosody: bool,
) -> int:
    """Score AUDIO, a recording of TEXT read aloud, and show which words and sounds went wrong.

    AUDIO is a sound or video file of any common format, at most 10 minutes; - reads it from stdin.
    """
    from ..display.verdict import verdict_of
    from ..params import PronunciationScoreParams
    from ..service import connect

    if as_json and csv == "-":
        raise click.UsageError("--json and --csv - both print to stdout. Give --csv a file.")
    if png and Path(png).suffix.lower() not in ("", ".png"):
        raise click.UsageError(f"--png {png} would be a PNG picture under another name. Give a file that ends in .png.")
    params = PronunciationScoreParams.from_dict(
        {
            "ReferenceText": _reference_text([sentence, text], text_file, audio, encoding),
            "GradingSystem": grading_system,
            "Granularity": granularity,
            "Dimension": dimension,
            "EnableMiscue": miscue,
            "EnableProsodyAssessment": prosody,
            "PhonemeAlphabet": phoneme_alphabet,
            "NBestPhonemeCount": nbest,
        }
    )
    recording = read_audio(audio)
    service = connect(announce=None)
    assessment = service.assess(recording, language=language, params=params)
    shown = _on_hundred(assessment, service, recording, language, params)
    verdict = verdict_of(shown)

    written = []
    if csv and csv != "-":
        written += _write_csv(csv, assessment, recording)
    if html:
        written.append(write_file(html, _page(shown, service, recording, params.reference_text)))
    if png:
        from .reading import picture

        written.append(write_file(png, picture(shown)))

    if as_json:
        # UTF-8 whatever the terminal's encoding: that is what JSON is.
        click.echo(json.dumps(assessment.raw, ensure_ascii=False, indent=2).encode())
    elif csv == "-":
        from ..frames import words

        click.echo(csv_bytes(words(_named(assessment, recording))), nl=False)
    else:
        from .reading import show_reading

        show_reading(console(), verdict)
        if written:
            click.echo()
    for path in written:
        click.echo(f"Written: {path}", err=as_json or csv == "-")

    return 0 if verdict.is_attempt else ITEM_FAILED


# --- what is given ----------------------------------------------------------------------------------------------


def _reference_text(texts: list[str | None], text_file: str | None, audio: str, encoding: str | None) -> str:
    given_texts = [text for text in texts if text is not None]
    if not given_texts and text_file is None:
        raise click.UsageError('Give the text that was read: after the recording, as "...", or --text-file FILE.')
    if len(given_texts) + (text_file is not None) > 1:
        raise click.UsageError(
            f"Give one recording, and the text only once: {given_texts[0]!r} is one, and there is another."
        )
    if text_file is None:
        given = given_texts[0]
    elif text_file == "-" == audio:
        raise click.UsageError("The recording and the text cannot both come from stdin. Give one of them as a file.")
    else:
        given = _read_text(text_file, encoding)
    if not given.strip():
        raise TextError("The text is empty. Give the text that was read aloud.")
    return given


def _read_text(path: str, encoding: str | None) -> str:
    try:
        if path == "-" and sys.stdin is not None:
            data = sys.stdin.buffer.read(_LONGEST_TEXT + 1)
        else:
            with Path(path).open("rb") as file:
                data = file.read(_LONGEST_TEXT + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(f"The text file {path} cannot be read ({reason}). Check the path.") from None
    if len(data) > _LONGEST_TEXT:
        raise TextError(f"{path} is too large for a text that is read aloud. Give the sentence that was read.")
    return decode_text(data, path, encoding)


# --- what comes out ---------------------------------------------------------------------------------------------


def _on_hundred(
    assessment: Assessment,
    service: SpeechService,
    recording: Recording,
    language: str,
    params: PronunciationScoreParams,
) -> Assessment:
    """The assessment on 0-100. A FivePoint reply does not always give its scale away, so it is asked for anew."""
    from dataclasses import replace

    if params.grading_system == "HundredMark":
        return assessment
    return service.assess(recording, language=language, params=replace(params, grading_system="HundredMark"))


def _page(assessment: Assessment, service: SpeechService, recording: Recording, text: str) -> bytes:
    from ..report import assessment_page

    # MP3: an eighth of the size of WAV, and every browser plays it.
    voice = service.synthesize(text, output_format="audio-24khz-48kbitrate-mono-mp3")
    title = f"Reading report: {recording.source}" if recording.source else "Reading report"
    return assessment_page(assessment, title=title, audio=recording.to_wav(), model_audio=voice).encode()


def _write_csv(path: str, assessment: Assessment, recording: Recording) -> list[Path]:
    from ..frames import phonemes, words

    named = _named(assessment, recording)
    target = Path(path)
    return [
        write_file(target, csv_bytes(words(named))),
        write_file(target.with_name(f"{target.stem}-phonemes{target.suffix}"), csv_bytes(phonemes(named))),
    ]


def _named(assessment: Assessment, recording: Recording) -> Assessment:
    """With the recording's name as its id, so that the tables of many recordings can be put together."""
    from dataclasses import replace

    return replace(assessment, utterance_id=Path(recording.source).stem) if recording.source else assessment
