"""The page of a reading in a real browser: readable by everyone, in every theme and width."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pronounce_kit import Assessment
from pronounce_kit.report import assessment_page

from ..readings import nothing_heard, reading, weather, word

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_ANOTHER = reading(
    [word(name, 30, "Omission" if place < 4 else "Insertion") for place, name in enumerate("goodtext")],
    reference_text="Good.",
)
READINGS = {
    "scored": weather(),
    "unsure": replace(weather(), flags=("clipped", "noisy")),
    "another text": _ANOTHER,
    "nothing heard": nothing_heard(reference_text="Good morning."),
}
VIEWS: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "viewport": {"width": 1000, "height": 900}},
    "dark": {"color_scheme": "dark", "viewport": {"width": 1000, "height": 900}},
    "phone": {"color_scheme": "light", "viewport": {"width": 390, "height": 800}, "has_touch": True},
}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", READINGS)
def test_a_page_breaks_no_rule_of_wcag_a_and_aa_and_fits_its_window(
    browser: Browser, tmp_path: Path, kind: str, view: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    assessment: Assessment = READINGS[kind]
    file = tmp_path / "page.html"
    file.write_text(assessment_page(assessment), encoding="utf-8")
    context = browser.new_context(**VIEWS[view])
    try:
        page = context.new_page()
        page.goto(file.as_uri())
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
        found = Axe().run(page, options=options).response
        assert found["passes"]
        assert [rule["id"] for rule in found["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    finally:
        context.close()
