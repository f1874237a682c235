from __future__ import annotations

import base64
from pathlib import Path

import pytest

from pronounce_kit.errors import AudioError, InputError
from pronounce_kit.report import assessment_page, write_page

from .readings import nothing_heard, phoneme, reading, silence, weather, word
from .test_highlight import EVIL, Page


@pytest.fixture(scope="module")
def html() -> str:
    return assessment_page(weather(student="Mia"), audio=WAV, model_audio=b"OggS...")


WAV = b"RIFF\x24\x00\x00\x00WAVEfmt "


def test_a_page_has_sentence_scores_chart_and_tables(html: str) -> None:
    page = Page(html)
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert ("meta", {"charset": "utf-8"}) in page.elements
    assert [name for name, _ in page.elements].count("h1") == 1
    assert "Reading report: Mia" in page.text
    assert len(page.words()) == 10
    assert [name for name, _ in page.elements].count("table") == 3
    assert "v (van) heard as w (wet)" in page.text
    problems = page.of_class("pk-problem")
    assert len(problems) == 4 + 5  # words that are wrong, skipped or added, and sounds below 60


def test_the_chart_is_embedded_with_a_text_for_those_who_cannot_see_it(html: str) -> None:
    page = Page(html)
    image = next(a for name, a in page.elements if name == "img")
    assert "5 of 15 sounds need practice: g in good, th in think" in (image["alt"] or "")
    assert base64.b64decode((image["src"] or "").partition("base64,")[2]).startswith(b"\x89PNG")
    source = next(a for name, a in page.elements if name == "source")
    assert (source["srcset"] or "").startswith("data:image/png;base64,")


def test_a_page_needs_no_network_and_has_no_script(html: str) -> None:
    assert "http" not in html
    assert "<script" not in html
    assert "url(" not in html


def test_user_text_is_escaped_everywhere() -> None:
    assessment = reading(
        [word(EVIL, 30, "Mispronunciation", [phoneme(EVIL, 10, EVIL + "2")])], reference_text=EVIL, student=EVIL
    )
    for html in (
        assessment_page(assessment),
        assessment_page([assessment, nothing_heard(EVIL, reference_text=EVIL, student=EVIL)]),
        assessment_page(assessment, title=EVIL),
    ):
        page = Page(html)
        assert not any(name == "script" for name, _ in page.elements)
        assert EVIL in page.text


def test_audio_is_embedded_with_its_type(html: str) -> None:
    page = Page(html)
    players = [a for name, a in page.elements if name == "audio"]
    assert [p["aria-label"] for p in players] == ["Your recording", "Model voice"]
    assert players[0]["src"] == "data:audio/wav;base64," + base64.b64encode(WAV).decode()
    assert (players[1]["src"] or "").startswith("data:audio/ogg;")
    assert not any(name == "audio" for name, _ in Page(assessment_page(nothing_heard())).elements)
    with pytest.raises(AudioError, match="WAV"):
        assessment_page(nothing_heard(), audio=b"<html>")


def test_several_readings_have_a_section_each() -> None:
    html = assessment_page(
        [nothing_heard(student="Mia"), weather(student="Ben")], audio=[None, WAV], title="Two readings"
    )
    page = Page(html)
    assert [name for name, _ in page.elements].count("section") == 2
    assert [name for name, _ in page.elements].count("audio") == 1
    assert "Reading 2: Ben" in page.text
    with pytest.raises(InputError, match="1 recordings for 2"):
        assessment_page([nothing_heard()] * 2, audio=WAV)
    with pytest.raises(InputError, match="at least one"):
        assessment_page([])


@pytest.mark.parametrize("assessment", [nothing_heard(), silence()])
def test_without_anything_to_score_there_are_no_tables_and_no_chart(assessment: object) -> None:
    page = Page(assessment_page(assessment, audio=WAV))  # type: ignore[arg-type]
    names = [name for name, _ in page.elements]
    assert "table" not in names
    assert "img" not in names
    assert "audio" in names
    assert len(page.of_class("pk-message")) == 1


def test_a_missing_score_is_a_dash_in_the_tables() -> None:
    page = Page(assessment_page(reading([word("a", None, None, [phoneme("ax", None)])], scores={})))
    cells = [a["class"] for a in page.of_class("pk-word") if a.get("title") == "no score"]
    assert cells == ["pk-word pk-unscored"] * 2
    assert "no score" in page.text


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    assert write_page(str(path), "<p>ü</p>") == path
    assert path.read_bytes() == "<p>ü</p>".encode()
    with pytest.raises(UnicodeEncodeError):
        write_page(path, "new \ud800")
    assert path.read_bytes() == "<p>ü</p>".encode()
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]
    with pytest.raises(FileNotFoundError):
        write_page(tmp_path / "absent" / "page.html", "x")
