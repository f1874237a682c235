"""`pronounce-kit evaluate` and `train`: the embedded engine's models on rated recordings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import click

from .output import console, new_table, progress_console

if TYPE_CHECKING:
    from rich.table import Table

_T = TypeVar("_T")
_Command = TypeVar("_Command", bound=Callable[..., Any])

_SENTENCE = {"accuracy": "accuracy", "fluency": "fluency", "prosodic": "prosody", "total": "overall"}
_GROUPS = {"f": "female", "m": "male"}
_ERRORS = {
    "recall": "wrong sounds that are found",
    "false_alarms": "right sounds that are called wrong",
    "false_alarms_all_experts_agree": "the same, of sounds that all experts call right",
    "changed_phones": "wrong sounds, made by changing the text",
}
"""Name of a figure -> what it says; others show their name."""


def _corpus_options(command: _Command) -> _Command:
    for option in (
        click.option(
            "--workers",
            type=click.IntRange(min=1),
            default=2,
            show_default=True,
            help="Threads that work side by side.",
        ),
        click.argument("corpus", type=click.Path(path_type=Path)),
    ):
        command = option(command)
    return command


@click.command(
    short_help="Measure the engine on recordings that experts rated.",
    epilog="""\b
Examples:
  pronounce-kit evaluate speechocean762
  pronounce-kit evaluate speechocean762 --folds 5 --json > quality.json""",
)
@_corpus_options
@click.option(
    "--folds",
    type=click.IntRange(min=2),
    metavar="N",
    help="Fit the models N times, each time without the speakers they are then measured on; "
    "without it the installed models are measured.",
)
@click.option("--json", "as_json", is_flag=True, help="Print all figures as JSON, and nothing else.")
def evaluate(corpus: Path, folds: int | None, as_json: bool, workers: int) -> None:
    """Measure how well the engine's scores agree with those of experts, on CORPUS.

    CORPUS is a folder with labels.jsonl and audio/, such as that of speechocean762. Without --folds, the installed
    models are measured; on recordings that they were fitted to, that flatters them.
    """
    from ..local import evaluation

    result = _plain(evaluation.evaluate(corpus, folds=folds, workers=workers, track=_track))
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, indent=2).encode())
    else:
        _show(result)


@click.command(
    short_help="Fit the engine's models to recordings that experts rated.",
    epilog="""\b
Examples:
  pronounce-kit train speechocean762 --out weights
  pronounce-kit train speechocean762 --workers 4""",
)
@_corpus_options
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder to write the models to; without it those of the installed package are replaced.",
)
def train(corpus: Path, out: Path | None, workers: int) -> None:
    """Fit the engine's models again, to CORPUS.

    CORPUS is a folder with labels.jsonl and audio/, such as that of speechocean762. Needs the packages of
    the extra "train".
    """
    from ..local import training

    result = training.train(corpus, out=out, workers=workers, track=_track)
    terminal = console()
    for name, value in result.items():
        terminal.print(f"{_spaced(name)}: {_value(value)}", soft_wrap=True)


def _track(iterator: Iterable[_T], total: int | None, description: str) -> Iterator[_T]:
    """The items, with a progress bar on stderr if that is a terminal."""
    from rich.progress import track

    terminal = progress_console()
    yield from track(iterator, description.capitalize(), total=total, console=terminal, disable=terminal.quiet)


# --- the figures ------------------------------------------------------------------------------------------------


def _show(result: Mapping[str, Any]) -> None:
    terminal = console()
    for table in filter(None, (_agreement(result), _by_group(result), _errors(result))):
        terminal.print(table)
        terminal.print()
    terminal.print("MSE is in the experts' points: 0 to 2 for sounds, 0 to 10 for the rest.")
    terminal.print("Slope: how far ratings rise with scores; at 1 a score means what experts mean by it.")
    terminal.print("F1: of what experts call wrong, found as what scores under 60.")
    if measured := _measured(result):
        terminal.print(measured)
    pace = result.get("seconds_per_audio_second")
    if _is_number(pace) and pace > 0:
        terminal.print(f"A second of audio takes {pace:.3f} s: {1 / pace:.1f} × real time.")


def _agreement(result: Mapping[str, Any]) -> Table:
    """Pearson's r, Spearman's rho, the mean squared error and more of each score."""
    columns = {"Pearson": "pearson", "Spearman": "spearman", "MSE": "mse", "Slope": "slope", "F1": "wrong_f1"}
    table = _numbers_table("Agreement with the experts' ratings", ("Score", *columns))
    for name, figures in _scores(result).items():
        table.add_row(name, *(_figure(figures, key) for key in columns.values()))
    return table


def _by_group(result: Mapping[str, Any]) -> Table | None:
    """Pearson's r of each score for groups of speakers."""
    groups = {
        group: _scores(part)
        for by in ("by_age", "by_gender")
        if isinstance(parts := result.get(by), Mapping)
        for group, part in parts.items()
        if isinstance(part, Mapping)
    }
    if not groups:
        return None
    title = "Pearson by group of speakers"
    table = _numbers_table(title, ("Score", *(_GROUPS.get(group, group) for group in groups)))
    for name in _scores(result):
        table.add_row(name, *(_figure(scores.get(name, {}), "pearson") for scores in groups.values()))
    return table


def _numbers_table(title: str, columns: Iterable[str]) -> Table:
    """An empty table of numbers, with names in the first column."""
    first, *numbers = columns
    table = new_table(title, first)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _scores(result: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Name of each score -> its figures."""
    named: dict[str, Any] = {"Sound": result.get("phone")}
    for level, title in (("word", "Word"), ("sentence", "Sentence")):
        scales = result.get(level)
        if isinstance(scales, Mapping):
            named |= {f"{title} {_SENTENCE.get(scale, scale)}": figures for scale, figures in scales.items()}
    return {name: figures for name, figures in named.items() if isinstance(figures, Mapping)}


def _errors(result: Mapping[str, Any]) -> Table | None:
    """How well wrong sounds are found: shares as percentages, counts as they are."""
    errors = result.get("errors")
    figures = {k: v for k, v in errors.items() if _is_number(v)} if isinstance(errors, Mapping) else {}
    if not figures:
        return None
    table = _numbers_table("Wrong sounds", ("What", "Result"))
    for name, figure in figures.items():
        table.add_row(_ERRORS.get(name, _spaced(name)), f"{figure:.1%}" if isinstance(figure, float) else str(figure))
    return table


def _measured(result: Mapping[str, Any]) -> str:
    counts = [
        _counted(result[name], name.removesuffix("s"))
        for name in ("utterances", "speakers")
        if _is_number(result.get(name))
    ]
    if not counts:
        return ""
    folds = result.get("folds")
    how = f", in {_counted(folds, 'fold')} by speaker" if _is_number(folds) else ", with the installed models"
    return f"Measured on {' by '.join(counts)}{how}."


def _figure(figures: Mapping[str, Any], name: str) -> str:
    value = figures.get(name)
    return f"{value:.3f}" if _is_number(value) else "–"


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _counted(count: float, thing: str) -> str:
    return f"{count:g} {thing}{'' if count == 1 else 's'}"


def _spaced(name: object) -> str:
    return str(name).replace("_", " ")


def _value(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{_spaced(name)} {_value(one)}" for name, one in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    """As JSON holds it: what is not finite is null, numpy's numbers and paths are plain."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
