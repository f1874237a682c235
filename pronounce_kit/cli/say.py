"""`pronounce-kit say`: speak with the model voice, or show how a text is pronounced."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from ..errors import InputError, TextError
from .output import console, new_table, write_file, write_stdout

_FORMAT_OF_SUFFIX = {
    ".wav": "riff-24khz-16bit-mono-pcm",
    ".mp3": "audio-24khz-96kbitrate-mono-mp3",
    ".ogg": "ogg-24khz-16bit-mono-opus",
    ".opus": "ogg-24khz-16bit-mono-opus",
    ".webm": "webm-24khz-16bit-mono-opus",
    ".pcm": "raw-24khz-16bit-mono-pcm",
}
_SLOW = 0.7


@click.command(
    short_help="Speak a text with the model voice.",
    epilog="""\b
Examples:
  pronounce-kit say "Good morning." -o morning.wav
  pronounce-kit say "Good morning." -o slow.mp3 --slow
  pronounce-kit say "Good morning." -o - | aplay
  pronounce-kit say "thought though through" --phonemes""",
)
@click.argument("text", required=False)
@click.option(
    "-o",
    "--out",
    metavar="FILE",
    help=f"File to write, in the format of its suffix ({', '.join(_FORMAT_OF_SUFFIX)}); - writes WAV to stdout.",
)
@click.option("--format", "name", metavar="NAME", help="Output format by the service's name, whatever the suffix.")
@click.option("--slow", is_flag=True, help=f"Speak slowly, at {_SLOW:g} of the usual speed.")
@click.option("--speed", type=click.FloatRange(0.5, 2.0), metavar="X", help="Speed, 0.5 (slow) to 2 (fast).")
@click.option("--phonemes", is_flag=True, help="Show the sounds of each word instead of speaking.")
@click.option("--list-formats", is_flag=True, help="List the names of the output formats.")
@click.option("--list-voices", is_flag=True, help="Print the voices as JSON, as the service lists them.")
def say(
    text: str | None,
    out: str | None,
    name: str | None,
    slow: bool,
    speed: float | None,
    phonemes: bool,
    list_formats: bool,
    list_voices: bool,
) -> None:
    """Speak TEXT in American English and write the sound to a file.

    The voice reads numbers, dates and abbreviations as words; the same text gives the same sound.
    """
    if list_formats or list_voices:
        _list(formats=list_formats, voices=list_voices)
        return
    if text is None:
        raise click.UsageError('There is no text to speak. Give it in quotes: say "Good morning." -o morning.wav')
    if phonemes:
        _show_phonemes(text)
        return
    if slow and speed is not None:
        raise click.UsageError("--slow and --speed contradict each other. Give one of them.")
    if out is None:
        raise click.UsageError("There is no file to write. Give one: -o FILE, or -o - for stdout.")
    if out == "-" and sys.stdout.isatty():  # asked before the work is done
        write_stdout(b"", "A sound file")
    speech = _speak(text, name or _format_of(out), _SLOW if slow else speed or 1.0)
    if out == "-":
        write_stdout(speech, "A sound file")
    else:
        click.echo(f"Written: {write_file(out, speech)}")


def _format_of(out: str) -> str:
    if out == "-":
        return _FORMAT_OF_SUFFIX[".wav"]
    suffix = Path(out).suffix.lower()
    if suffix not in _FORMAT_OF_SUFFIX:
        raise InputError(
            f"{out} has {f'the suffix {suffix}' if suffix else 'no suffix'}, for which there is no format. "
            f"Use {', '.join(_FORMAT_OF_SUFFIX)}, or choose one with --format NAME."
        )
    return _FORMAT_OF_SUFFIX[suffix]


def _speak(text: str, name: str, speed: float) -> bytes:
    # The voice itself rather than LocalSpeech.synthesize, which knows no speed and loads the recognizer too.
    from ..local.formats import check_format, encode
    from ..local.lexicon import Lexicon, symbols_of
    from ..local.service import MAX_TEXT
    from ..local.voice import SAMPLE_RATE, Voice

    check_format(name)
    if not text.strip():
        raise TextError("There is no text to speak. Give a sentence.")
    if len(text) > MAX_TEXT:
        raise TextError(f"The text has {len(text)} characters; at most {MAX_TEXT} are spoken. Split it.")
    voice = Voice()
    words = Lexicon(voice.g2p).words(text)
    return encode(voice.say_misaki(symbols_of(words), speed), SAMPLE_RATE, name)


def _show_phonemes(text: str) -> None:
    from rich.text import Text

    from ..local.lexicon import Lexicon
    from ..local.phones import ipa, sapi
    from ..local.voice import Voice

    table = new_table("", "Word", "IPA", "SAPI, as in the scores", "ARPAbet")
    for word in Lexicon(Voice().g2p).words(text):
        names = (" ".join(map(namer, word.phones)) for namer in (ipa, sapi, str))
        table.add_row(Text(word.text), *map(Text, names))
    console().print(table)


def _list(*, formats: bool, voices: bool) -> None:
    if formats:
        from ..local.formats import OUTPUT_FORMATS

        for name in OUTPUT_FORMATS:
            click.echo(name)
    if voices:
        from ..service import connect

        click.echo(json.dumps(connect(announce=None).voices(), ensure_ascii=False, indent=2).encode())
