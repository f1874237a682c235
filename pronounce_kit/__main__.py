"""`python -m pronounce_kit`: the command line, where the folder of `pronounce-kit` is not on the PATH."""

from .cli import main

main(prog_name="python -m pronounce_kit")
