"""The sources of the pages, written to a folder that Sphinx reads.

The front page is the README; then come a guide for each kind of reader with the notebooks, the API part by part, the
columns of the tables, the command line, and how the examples of the docstrings were run.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from . import columns, public
from .public import PACKAGE, PARTS, Public

ROOT = Path(__file__).parents[2]

GUIDES: dict[str, tuple[str, str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "student": (
        "For students",
        "Read a sentence aloud, see which words and sounds went wrong, hear them, and try again. Nothing leaves your "
        "machine unless you set a key of the Speech service.",
        ("01_first_score", "02_practice"),
        ("widgets", "results", "charts"),
        ("demo", "assess", "say"),
    ),
    "teacher": (
        "For teachers",
        "Score a whole class, keep every attempt in a file of your own, see what the class gets wrong and who makes "
        "progress, and print a page for every student.",
        ("03_class_report", "gallery"),
        ("batch", "gradebook", "classroom", "report", "agreement", "charts"),
        ("batch", "report"),
    ),
    "developer": (
        "For developers and researchers",
        "The Speech service's own replies as typed results and tidy DataFrames, from the cloud, from the embedded "
        "engine, or from a server on this machine: the same calls, the same JSON.",
        ("04_cloud_service", "gallery"),
        ("services", "params", "recording", "results", "tables", "columns", "server", "errors"),
        ("serve", "recognize", "evaluate", "doctor"),
    ),
}
"""Page -> title, what for, notebooks, pages of the API, commands."""


def write(folder: Path) -> None:
    """Write all sources, in place of those that are there."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = {
        "index.md": _front(folder),
        **{f"{name}.md": _guide(name) for name in GUIDES},
        **{f"{name}.rst": _part(name) for name in PARTS},
        **{f"notebook_{path.stem}.md": _notebook(path) for path in notebooks()},
        "columns.rst": _columns(),
        "commands.rst": _commands(),
        "examples.rst": _examples(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")


def notebooks() -> list[Path]:
    """The notebooks, in the order of their names."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


# --- front page and guides --------------------------------------------------------------------------------------


def _front(folder: Path) -> str:
    """The README with its pictures, without badges, which would be fetched, and with links to pages that are here."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    text = re.sub(r"^\[!\[.*\n", "", text, flags=re.M)
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.S)
    for target in sorted(set(re.findall(r"\]\(([^)#:]+)\)", text))):
        path = ROOT / target
        if path.suffix == ".ipynb":
            text = text.replace(f"]({target})", f"](notebook_{path.stem}.md)")
        elif path.suffix in (".png", ".svg"):
            (folder / "pictures").mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder / "pictures" / path.name)
            text = text.replace(f"]({target})", f"](pictures/{path.name})")
        else:  # other files of the repository
            text = re.sub(rf"\[([^\]]*)\]\({re.escape(target)}\)", rf"\1 (`{target}`)", text)
    return "\n".join(
        [
            text,
            *_toctree("Guides", GUIDES, hidden=True),
            *_toctree("Notebooks", [f"notebook_{path.stem}" for path in notebooks()], hidden=True),
            *_toctree("API", [*list(PARTS)[:5], "columns", *list(PARTS)[5:], "examples"], hidden=True),
            *_toctree("Command line", ["commands"], hidden=True),
        ]
    )


def _toctree(caption: str, names: object, *, hidden: bool) -> Iterator[str]:
    yield from ("", "```{toctree}", f":caption: {caption}")
    if hidden:
        yield ":hidden:"
    yield from ("", *names, "```")  # type: ignore[misc]


def _guide(name: str) -> str:
    title, about, books, parts, commands = GUIDES[name]
    lines = [f"# {title}", "", about, "", "## Notebooks", ""]
    lines += [f"- [](notebook_{book}.md): `notebooks/{book}.ipynb`" for book in books]
    lines += ["", "## In Python", ""]
    lines += [
        f"- [](columns.rst): {COLUMNS_ABOUT}" if part == "columns" else f"- [](api-{part}): {PARTS[part].about}"
        for part in parts
    ]
    lines += ["", "## On the command line", ""]
    lines += [f"- [`pronounce-kit {command}`](command-{command}): {_short_help(command)}" for command in commands]
    return "\n".join([*lines, ""])


def _short_help(command: str) -> str:
    from pronounce_kit.cli import main

    return main.commands[command].get_short_help_str(limit=200)


def _notebook(path: Path) -> str:
    """The cells of a notebook as they are stored: text and code, without outputs."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    shown = []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            source = f"```python\n{source}\n```" if not source.startswith("%") else f"```text\n{source}\n```"
        else:
            source = re.sub(r"\]\((\w+)\.ipynb\)", r"](notebook_\1.md)", source)
        shown.append(source)
    return "\n\n".join(shown) + "\n"


# --- API --------------------------------------------------------------------------------------------------------


def _part(name: str) -> str:
    part = PARTS[name]
    lines = [f".. _api-{name}:", "", *_heading(part.title, "="), part.about, ""]
    for top in part.names:
        lines += _object(list(public.with_members(top)))
    return "\n".join(lines)


def _object(names: list[Public]) -> Iterator[str]:
    """A name, and its members under it."""
    top, *members = names
    yield from (f".. currentmodule:: {PACKAGE}", "")
    yield from (f".. auto{top.kind}:: {top.path}", "")
    for member in members:
        yield from (f"   .. auto{member.kind}:: {top.path}.{member.name.rpartition('.')[2]}", "")


def _heading(title: str, line: str) -> list[str]:
    return [title, line * len(title), ""]


COLUMNS_ABOUT = "name, dtype, unit and range of every column of every table."


def _columns() -> str:
    lines = [
        *_heading("Columns", "="),
        "Dtypes hold for an empty table too. Times are seconds; what is missing is NaN or NA, never 0.",
        "",
    ]
    for name in columns.tables():
        lines += [*_heading(name, "-"), f"What `{name}` gives.", "", ".. list-table::", "   :header-rows: 1", ""]
        shown = [*columns.described(name)]
        with_meaning = any(column.meaning for column in shown)
        for row in [("column", "dtype", "unit, range", "meaning"), *((f"``{name}``", *rest) for name, *rest in shown)]:
            first, *others = row if with_meaning else row[:3]
            lines += [f"   * - {first}", *(f"     - {cell}".rstrip() for cell in others)]
        lines.append("")
    return "\n".join(lines)


def _commands() -> str:
    from pronounce_kit.cli import main

    lines = [
        *_heading("Command line", "="),
        "Exit codes: 0 done; 1 an item failed (nothing was heard, the engine does not work); 2 usage or input error,",
        "with one line on stderr; 130 interrupted.",
        "",
        *_command("pronounce_kit.cli:main", "pronounce-kit"),
    ]
    for name, command in main.commands.items():
        where = f"{command.callback.__module__}:{command.callback.__name__}"
        lines += [f".. _command-{name}:", "", *_command(where, f"pronounce-kit {name}")]
    return "\n".join(lines)


def _command(where: str, name: str) -> list[str]:
    return [f".. click:: {where}", f"   :prog: {name}", "   :nested: none", ""]


def _examples() -> str:
    """What the examples begin with, as it was run."""
    setting = Path(__file__).with_name("setting.py").read_text(encoding="utf-8").partition("\n\n")[2]
    return "\n".join(
        [
            *_heading("Examples", "="),
            "The examples of these pages are tests: each runs with the embedded engine and gives what it shows;",
            'where it shows "...", that depends on the machine or the engine. They begin with these names:',
            "",
            ".. code-block:: python",
            "",
            *(f"   {line}".rstrip() for line in setting.splitlines()),
            "",
        ]
    )
