"""The pages are built without a warning, need nothing from the network, and have every public name and command."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytest.importorskip("sphinx_click", reason="the pages need the dependency group docs")
pytest.importorskip("anywidget")
pytest.importorskip("starlette")

from pronounce_kit.cli import main

from . import pages, public
from .build import build
from .columns import columns_of, tables


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    folder = tmp_path_factory.mktemp("docs")
    warnings = build(folder)
    return folder / "html", warnings


@pytest.fixture(scope="module")
def html(built: tuple[Path, list[str]]) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in built[0].glob("*.html")}


def test_sphinx_has_nothing_to_warn_of(built: tuple[Path, list[str]]) -> None:
    assert built[1] == []


@pytest.mark.parametrize("part", public.PARTS)
def test_every_public_name_has_a_place_on_its_page(part: str, html: dict[str, str]) -> None:
    names = [one.path for top in public.PARTS[part].names for one in public.with_members(top)]
    assert [name for name in names if f'id="{name}"' not in html[part]] == []


def test_every_command_and_option_has_a_place_on_the_page_of_commands(html: dict[str, str]) -> None:
    lacking = [
        f"{name} {option}"
        for name, command in main.commands.items()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--") and f'id="cmdoption-pronounce-kit-{name}-{option[2:]}"' not in html["commands"]
    ]
    assert lacking == []


def test_every_column_of_every_table_stands_on_the_page_of_columns(html: dict[str, str]) -> None:
    text = re.sub(r"<[^>]+>", " ", html["columns"])
    lacking = [(table, column) for table in tables() for column in columns_of(table) if f" {column} " not in text]
    assert lacking == []


def test_every_notebook_is_a_page_that_a_guide_links(html: dict[str, str]) -> None:
    guides = "".join(html[name] for name in pages.GUIDES)
    names = [f"notebook_{path.stem}" for path in pages.notebooks()]
    assert [name for name in names if name not in html or f'href="{name}.html"' not in guides] == []


class _Loaded(HTMLParser):
    """What a page loads by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = dict(attrs)
        loaded = of.get("href") if tag == "link" else of.get("src")
        self.addresses += filter(None, [loaded])


def test_a_page_loads_nothing_from_the_network(html: dict[str, str]) -> None:
    for text in html.values():
        page = _Loaded()
        page.feed(text)
        assert [address for address in page.addresses if address.startswith(("http:", "https:", "//"))] == []
