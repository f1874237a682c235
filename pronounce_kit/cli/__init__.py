"""The command line, `pronounce-kit`.

    assess      score a recording of a sentence that was read aloud
    batch       score many recordings, listed in a CSV file or lying in a folder
    report      a page on every student and class of a gradebook
    recognize   write down what is said in a recording
    say         speak a text with the model voice
    demo        a reading with mistakes made on purpose, and what is found in it
    evaluate, train     the engine's models on rated recordings
    serve       the Speech service's REST API on this machine, and a page to record on
    doctor      what is installed, and whether it works

Exit codes: 0 done; 1 an item failed (nothing was heard, the engine does not work); 2 usage or input error, with one
line on stderr; 130 interrupted. Each command is a module here. What is slow to import is imported in the functions
that need it, so that `pronounce-kit --help` takes a moment only.
"""

from __future__ import annotations

import click

from .. import __version__
from . import assess, batch, demo, doctor, engine, recognize, report, say, serve
from .group import Commands


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  pronounce-kit demo
  pronounce-kit assess hello.wav --text "Good morning."
  pronounce-kit COMMAND --help""",
)
@click.version_option(__version__, prog_name="pronounce-kit", message="%(prog)s %(version)s")
@click.pass_context
def main(context: click.Context) -> None:
    """Read a sentence aloud and see which words and sounds went wrong.

    Works offline. Only if SPEECH_KEY is set, and SPEECH_REGION, SPEECH_ENDPOINT or ENDPOINT, recordings go to the
    Speech service there.
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (
    assess.assess,
    batch.batch,
    report.report,
    recognize.recognize,
    say.say,
    demo.demo,
    engine.evaluate,
    engine.train,
    serve.serve,
    doctor.doctor,
):
    main.add_command(command)
