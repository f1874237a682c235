"""Every command and each of its options is described in its own help, and its examples are commands that exist."""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from pronounce_kit.cli import main

COMMANDS: dict[str, click.Command] = {"": main, **main.commands}


def examples_of(command: click.Command) -> list[str]:
    lines = (command.epilog or "").partition("Examples:")[2].splitlines()
    return [line.strip() for line in lines if "pronounce-kit" in line]


@pytest.fixture(params=COMMANDS, ids=lambda name: name or "pronounce-kit")
def command(request: pytest.FixtureRequest) -> click.Command:
    return COMMANDS[request.param]


def test_a_command_says_in_a_line_and_in_sentences_what_it_does(command: click.Command) -> None:
    assert command is main or (command.short_help or "").endswith(".")
    assert (command.help or "").strip().endswith(".")


def test_a_command_shows_examples(command: click.Command) -> None:
    assert examples_of(command)


def test_every_option_is_described_in_a_sentence(command: click.Command) -> None:
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.hidden and "." not in (option.help or "")] == []


def test_every_option_that_takes_a_value_says_what_it_takes(command: click.Command) -> None:
    for option in command.params:
        if isinstance(option, click.Option) and not option.is_flag and not option.hidden:
            is_told = option.metavar or isinstance(option.type, click.Choice) or option.show_default
            assert is_told, option.name


def test_every_argument_is_told_by_its_name_in_the_help(command: click.Command) -> None:
    for argument in command.params:
        if isinstance(argument, click.Argument):
            name = (argument.metavar or argument.name or "").strip("[]").upper()
            assert name in (command.help or ""), name


def test_the_help_of_a_command_shows_all_of_it(command: click.Command) -> None:
    name = [] if command is main else [command.name or ""]
    shown = CliRunner().invoke(main, [*name, "--help"], prog_name="pronounce-kit", terminal_width=200).output
    assert all(example in shown for example in examples_of(command))
    assert all(option.opts[-1] in shown for option in command.params if isinstance(option, click.Option))


@pytest.mark.parametrize("example", [line for command in COMMANDS.values() for line in examples_of(command)])
def test_an_example_has_a_command_options_and_values_that_exist(example: str) -> None:
    for name, arguments in calls_in(example):
        if name == "COMMAND":  # stands for any
            continue
        assert name in COMMANDS, example
        COMMANDS[name].make_context(name, arguments)  # raises for what it does not know


def calls_in(line: str) -> Iterator[tuple[str, list[str]]]:
    """(command, arguments) of each call of pronounce-kit in a line of shell, without pipes and remarks."""
    lexer = shlex.shlex(line.partition("   (")[0], posix=True, punctuation_chars="|>")
    lexer.whitespace_split = True
    words = list(lexer)
    while "pronounce-kit" in words:
        words = words[words.index("pronounce-kit") + 1 :]
        own = list(itertools.takewhile(lambda word: word not in ("|", ">"), words))
        yield (own[0] if own else ""), own[1:]
