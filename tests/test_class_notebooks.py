"""The notebooks on a class run from top to bottom, and show what was put into the synthesized class."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

pytest.importorskip("nbclient")

from pronounce_kit import charts

from .test_notebooks import FOLDER, run, shown

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def class_report() -> Sequence[Any]:
    return run(FOLDER / "03_class_report.ipynb")


@pytest.fixture(scope="module")
def gallery() -> Sequence[Any]:
    return run(FOLDER / "gallery.ipynb")


def test_the_class_report_finds_every_mistake_that_was_put_in(class_report: Sequence[Any]) -> None:
    (table,) = (html for source, html in shown(class_report, "text/html") if source.startswith("weakest = "))
    assert table.count("<td>True</td>") == 8
    assert "<td>False</td>" not in table


def test_the_class_report_draws_its_charts_and_writes_a_page_for_everybody(class_report: Sequence[Any]) -> None:
    assert len(shown(class_report, "image/png")) == 9
    (pages,) = (text for source, text in shown(class_report, "text/plain") if source.startswith("pages = "))
    assert len(re.findall(r"\.html", pages)) == 8 + 2
    assert any("<iframe" in html for _, html in shown(class_report, "text/html"))


def test_the_gallery_shows_every_chart(gallery: Sequence[Any]) -> None:
    drawn = " ".join(source for source, _ in shown(gallery, "image/png"))
    assert {name for name in charts.__all__ if name.startswith("plot_")} <= set(re.findall(r"plot_\w+", drawn))
