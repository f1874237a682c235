"""`pronounce-kit recognize`: write down what was said."""

from __future__ import annotations

import json

import click

from .audio import read_audio
from .group import ITEM_FAILED


@click.command(
    short_help="Write down what is said in a recording.",
    epilog="""\b
Examples:
  pronounce-kit recognize hello.wav
  pronounce-kit recognize hello.mp3 --json
  cat hello.webm | pronounce-kit recognize - --profanity raw

Exit code: 0 words were recognized, 1 none were, 2 the recording or an option cannot be used.""",
)
@click.argument("audio")
@click.option("--json", "as_json", is_flag=True, help="Print the service's detailed reply, with all readings.")
@click.option(
    "--profanity",
    type=click.Choice(("masked", "removed", "raw")),
    default="masked",
    show_default=True,
    help="What to do with profane words.",
)
@click.option("--language", default="en-US", show_default=True, help="Language that is spoken.")
def recognize(audio: str, as_json: bool, profanity: str, language: str) -> int:
    """Write down what is said in AUDIO, a sound or video file of at most 60 s; - reads it from stdin."""
    from ..service import connect

    recording = read_audio(audio)
    found = connect(announce=None).recognize(recording, language=language, format="detailed", profanity=profanity)
    if as_json:
        click.echo(json.dumps(found.raw, ensure_ascii=False, indent=2).encode())
    elif found.display_text:
        click.echo(found.display_text)
    else:
        click.echo(f"No words were recognized ({found.status}). {recording.quality().verdict}")
    return 0 if found.display_text else ITEM_FAILED
