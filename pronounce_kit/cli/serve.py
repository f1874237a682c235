"""`pronounce-kit serve`: the Speech service's REST API on this machine."""

from __future__ import annotations

import contextlib
import os
import secrets

import click

from ..errors import InputError

_TEXT = "Good morning."


@click.command(
    short_help="Serve the Speech service's REST API on this machine.",
    epilog="""\b
Examples:
  pronounce-kit serve
  pronounce-kit serve --port 0
  SPEECH_KEY=... pronounce-kit serve --host 0.0.0.0""",
)
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="Address to listen at.")
@click.option(
    "--port", default=8080, show_default=True, type=click.IntRange(0, 65535), metavar="N", help="Port; 0: a free one."
)
@click.option(
    "--key",
    metavar="KEY",
    help="Key that clients must send; without it that of SPEECH_KEY, or a new one, which is printed.",
)
@click.option("--no-key", is_flag=True, help="Let every program on this machine in without a key.")
@click.option("--workers", type=click.IntRange(1, 64), metavar="N", help="Requests worked on at a time.")
def serve(host: str, port: int, key: str | None, no_key: bool, workers: int | None) -> None:
    """Serve speech to text with pronunciation assessment, text to speech, and a page to record on.

    The embedded engine answers; nothing leaves this machine. Any client of the Speech service's REST API works with
    the printed address in place of the service's. Ctrl-C stops the server; running requests are finished first.
    """
    from ..local import LocalSpeech
    from ..server import Limits, create_app
    from ..server.run import is_loopback, listen, log_to_stderr, server_of, url_of

    if no_key and key is not None:
        raise click.UsageError("--key and --no-key contradict each other. Give one of them.")
    if no_key and not is_loopback(host):
        raise click.UsageError(f"--no-key is for this machine only, and {host} is reached from others. Leave it out.")
    given = None if no_key else key or os.environ.get("SPEECH_KEY", "").strip() or None
    made = None if no_key or given else secrets.token_hex(16)
    speech = LocalSpeech()
    app = create_app(speech, key=given or made, limits=Limits(workers=workers) if workers else None)
    listener = listen(host, port)
    with listener:
        speech.load()  # the first student shall not wait for it
        url = url_of(listener)
        for line in _announcement(url, given=given is not None, made=made):
            click.echo(line)
        if not is_loopback(host):
            click.echo(
                "Note: plain HTTP to other machines. Everyone on the network can hear it; browsers there give this "
                "page no microphone. Put a server with https in front.",
                err=True,
            )
        log_to_stderr()
        server = server_of(app)
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is how it ends; uvicorn has stopped by then
            server.run(sockets=[listener])
        if not server.started:
            raise InputError("The server did not start. Its log is above.")


def _announcement(url: str, *, given: bool, made: str | None) -> list[str]:
    """What to print: address, key, and examples to paste. A key that was given is not shown again."""
    from ..params import PronunciationScoreParams

    shell_key = made or "$SPEECH_KEY"
    header = f' -H "Ocp-Apim-Subscription-Key: {shell_key}"' if given or made else ""
    python_key = repr(made) if made else 'os.environ["SPEECH_KEY"]'
    key = f"{python_key}, " if given or made else ""
    params = PronunciationScoreParams(_TEXT).to_base64()
    shown = made or ("the one you gave; the examples take it from SPEECH_KEY" if given else "none is asked for")
    return [
        f"Serving at {url}  (Ctrl-C stops)",
        f"Key: {shown}",
        f"Page to record on: {url}/",
        "",
        "With curl: speak a sentence, then assess it:",
        f'  curl -f "{url}/cognitiveservices/v1"{header} -H "Content-Type: text/plain"'
        f' -H "X-Microsoft-OutputFormat: riff-16khz-16bit-mono-pcm" --data "{_TEXT}" -o morning.wav',
        f'  curl -f "{url}/speech/recognition/conversation/cognitiveservices/v1?language=en-US"{header}'
        ' -H "Content-Type: audio/wav; codecs=audio/pcm; samplerate=16000"'
        f' -H "Pronunciation-Assessment: {params}" --data-binary @morning.wav',
        "",
        "With Python:",
        *(["  import os"] if given else []),
        "  import pronounce_kit as pk",
        f'  service = pk.AzureSpeech({key}endpoint="{url}")',
        f'  print(service.assess(service.synthesize("{_TEXT}"), "{_TEXT}"))',
        "",
    ]
