"""The pages as validators, printers and browsers see them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import html5lib
import pytest

from pronounce_kit import report
from pronounce_kit.gradebook import Gradebook

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(gradebook: Gradebook, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return report.write_reports(gradebook, tmp_path_factory.mktemp("pages"), audio=True)


def test_a_strict_parser_finds_nothing_wrong_with_any_page(pages: list[Path]) -> None:
    for path in pages:
        html5lib.HTMLParser(strict=True).parse(path.read_text(encoding="utf-8"))


def test_every_id_and_label_a_page_refers_to_is_in_it_and_nothing_is_fetched(pages: list[Path]) -> None:
    for path in pages:
        html = path.read_text(encoding="utf-8")
        assert not re.search(r'(?:src|srcset)="(?!data:)', html)
        assert "<script" not in html
        assert "url(" not in html


def test_the_nu_html_checker_finds_no_errors(pages: list[Path]) -> None:
    roots = (os.environ.get("VNU_JAR", ""), "node_modules/vnu-jar/build/dist/vnu.jar")
    jar = next((root for root in roots if root and Path(root).is_file()), None)
    if jar is None or shutil.which("java") is None:
        pytest.skip("needs java and vnu.jar (npm package: vnu-jar; VNU_JAR names the file)")
    command = ["java", "-jar", jar, "--errors-only", "--stdout", *map(str, pages)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_browser_prints_a_student_on_few_pages_and_a_class_with_all_its_charts(
    pages: list[Path], tmp_path: Path
) -> None:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium (Debian package: chromium)")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (PyPI)")
    names = {path.name: path for path in pages}
    counted = {}
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for name in ("student-5b-Mia.html", "class-5b.html"):
            page = browser.new_page()
            page.goto(names[name].as_uri())
            counted[name] = len(re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4")))
            # Nothing is cut off at the right edge of the paper, or of a phone's screen.
            for medium, width in (("print", 718), ("screen", 360)):
                page.emulate_media(media=medium)
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
    assert 1 <= counted["student-5b-Mia.html"] <= 3
    assert 3 <= counted["class-5b.html"] <= 8
