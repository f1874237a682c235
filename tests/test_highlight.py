from __future__ import annotations

import itertools
import math
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest

from pronounce_kit.display.html import assessment_html, sentence_html
from pronounce_kit.highlight import (
    BANDS,
    DARK_PAGE,
    FAIR,
    GOOD,
    PAGE,
    POOR,
    STYLE,
    UNSCORED,
    Markup,
    band,
    describe_word,
    fragment,
    headline,
    on_hundred,
    score_text,
    status_message,
    tag,
    word_state,
)
from pronounce_kit.results import Assessment

from .readings import long_reading, nothing_heard, phoneme, reading, silence, weather, word

EVIL = "<script>alert('x')</script>&\"'"


class Page(HTMLParser):
    """The elements of an HTML text, with a check that every one that is opened is closed in order."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        assert len(dict(attributes)) == len(attributes)
        self.elements.append((name, dict(attributes)))
        if name not in ("meta", "img", "br", "source"):
            self._open.append(name)

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data

    def of_class(self, css: str) -> list[dict[str, str | None]]:
        return [a for _, a in self.elements if css in (a.get("class") or "").split()]

    def words(self) -> list[dict[str, str | None]]:
        return [a for _, a in self.elements if a.get("aria-roledescription") == "word"]


# --- colours ----------------------------------------------------------------------------------------------------

# What a dichromat sees of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.0.
VISION: dict[str, list[list[float]]] = {
    "normal": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "grey print": [[0.2126, 0.7152, 0.0722]] * 3,
}


def linear(colour: str) -> list[float]:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def seen(colour: str, vision: str) -> list[float]:
    rgb = linear(colour)
    return [min(1.0, max(0.0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in VISION[vision]]


def lab(rgb: list[float]) -> list[float]:
    red, green, blue = rgb
    xyz = (
        (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047,
        0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
        (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883,
    )
    x, y, z = (t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in xyz)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


@pytest.mark.parametrize("of_score", BANDS, ids=lambda b: b.name)
def test_text_stands_out_from_each_fill_in_both_themes(of_score: Any) -> None:
    assert contrast(of_score.fill, of_score.ink) >= 4.5
    assert contrast(of_score.dark_fill, of_score.dark_ink) >= 4.5
    assert contrast(of_score.line, PAGE[0]) >= 4.5


@pytest.mark.parametrize("theme", ["fill", "dark_fill"])
@pytest.mark.parametrize("vision", VISION)
def test_colour_blind_readers_tell_the_fills_apart(theme: str, vision: str) -> None:
    # 10 is several times a just noticeable difference (about 2.3) in CIELAB.
    for one, other in itertools.combinations((GOOD, FAIR, POOR), 2):
        assert math.dist(lab(seen(getattr(one, theme), vision)), lab(seen(getattr(other, theme), vision))) >= 10


@pytest.mark.parametrize(("theme", "page"), [("fill", PAGE), ("dark_fill", DARK_PAGE)])
def test_fills_are_ordered_by_lightness_so_that_the_worst_stands_out_most(theme: str, page: tuple[str, str]) -> None:
    distances = [abs(lab(linear(getattr(b, theme)))[0] - lab(linear(page[0]))[0]) for b in (GOOD, FAIR, POOR)]
    assert distances == sorted(distances)
    assert min(b - a for a, b in itertools.pairwise(distances)) >= 10


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (0, POOR),
        (59.9, POOR),
        (60, FAIR),
        (79.9, FAIR),
        (80, GOOD),
        (100, GOOD),
        (None, UNSCORED),
        (math.nan, UNSCORED),
    ],
)
def test_bands_begin_at_60_and_80(score: float | None, expected: Any) -> None:
    assert band(score) is expected


@pytest.mark.parametrize(
    ("score", "shown"),
    [(0, "0"), (71.4, "71"), (59.6, "59.6"), (59.97, "59.9"), (79.5, "79.5"), (60.4, "60"), (None, "–")],
)
def test_a_shown_score_never_rounds_into_the_next_band(score: float | None, shown: str) -> None:
    assert score_text(score) == shown


def test_scores_out_of_five_are_shown_out_of_a_hundred_where_the_reply_gives_its_scale_away() -> None:
    scores = {"PronScore": 4.2, "AccuracyScore": 4.6, "FluencyScore": 3.8, "CompletenessScore": 5.0}
    right = on_hundred(reading([word("good", 4.8, phonemes=[phoneme("g", 4.5)]), word("day", None)], scores=scores))
    assert [w.accuracy_score for w in right.words] == [96, None]
    assert right.words[0].phonemes[0].accuracy_score == 90
    assert (right.scores.pron, right.scores.prosody) == (84, None)
    assert "All" not in assessment_html(right)
    assert "of 2 words good" in assessment_html(right)


@pytest.mark.parametrize(
    "assessment",
    [
        weather(),
        reading([word("bad", 4.8, "Mispronunciation")], scores={"PronScore": 4}),  # out of 100 this may be true
        reading([word("bad", 4.8, None)], scores={"PronScore": 4}),
        reading([word("good", 4.8), word("day", 90)], scores={"PronScore": 4}),
        nothing_heard(),
        silence(),
    ],
)
def test_all_other_scores_are_shown_as_they_are(assessment: Assessment) -> None:
    assert on_hundred(assessment) is assessment


# --- words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error_type", "score", "state"),
    [
        ("None", 90, "good"),
        ("None", 70, "fair"),
        (None, 30, "mispronounced"),
        ("Mispronunciation", 70, "mispronounced"),
        ("Mispronunciation", None, "mispronounced"),
        ("Omission", 0, "skipped"),
        ("Insertion", 90, "added"),
        ("None", None, "unscored"),
        (None, math.nan, "unscored"),
    ],
)
def test_state_of_a_word(error_type: str | None, score: float | None, state: str) -> None:
    assert word_state(error_type, score) == state


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ""),
        ([("a", "good")], "The word is good"),
        ([("a", "good"), ("b", "good")], "Both words are good"),
        ([("a", "good"), ("b", "good"), ("c", "good")], "All 3 words are good"),
        ([("a", "mispronounced"), ("b", "good")], "1 of 2 words needs practice: a"),
        ([("a", "mispronounced"), ("a", "mispronounced")], "2 of 2 words need practice: a"),
        ([("a", "mispronounced")], "1 of 1 word needs practice: a"),
        ([("a", "fair"), ("b", "good"), ("c", "added")], "1 of 2 words could be better: a; 1 added: c"),
        ([("a", "good"), ("b", "skipped")], "1 of 2 words good; 1 skipped: b"),
        ([("a", "unscored")], "1 word without a score"),
        ([("a", "added")], "1 added: a"),
        ([(c, "mispronounced") for c in "abcdefg"], "7 of 7 words need practice: a, b, c, d, e and 2 more"),
    ],
)
def test_headline_tells_the_finding(words: Any, expected: str) -> None:
    assert headline(words) == expected


def test_descriptions_name_score_error_and_sounds() -> None:
    said = [describe_word(w) for w in weather().words]
    assert said[1] == (
        "think: 34 of 100, mispronounced; "
        "th (think) heard as s (sun); ih (sit) heard as iy (see); ng (sing) heard as n (nose)"
    )
    assert said[2] == "the: skipped"
    assert said[3] == (
        "very: 52 of 100, mispronounced; v (van) heard as w (wet); a pause before it that does not belong"
    )
    assert said[4] == "um: added, not in the text"
    assert said[5] == "good: 91 of 100, good; said in a flat voice"
    assert said[9] == "today: no score"


# --- HTML -------------------------------------------------------------------------------------------------------


def test_tag_escapes_text_and_attributes_once() -> None:
    inner = tag("b", EVIL, title=EVIL)
    assert inner == tag("b", EVIL, title=EVIL)
    assert "<script" not in inner
    assert fragment(inner, None) == inner
    assert Page(inner).text == EVIL
    assert Page(inner).elements == [("b", {"title": EVIL})]
    assert tag("a", data_x=1, hidden=True, id=None, open=False) == '<a data-x="1" hidden></a>'


def test_joining_markup_with_text_makes_text() -> None:
    assert tag("p", Markup("<br>") + "<i>") == "<p>&lt;br&gt;&lt;i&gt;</p>"


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\ud800", "\uffff"])
def test_characters_that_no_page_may_hold_are_replaced(bad: str) -> None:
    assert fragment(f"a{bad}b") == "a\ufffdb"
    fragment(f"a{bad}b").encode()


def test_sentence_marks_each_word_by_class_text_and_label() -> None:
    page = Page(sentence_html(weather()))
    words = page.words()
    assert [w["class"] for w in words] == [
        "pk-word pk-good",
        "pk-word pk-poor pk-mispronounced",
        "pk-word pk-skipped",
        "pk-word pk-poor pk-mispronounced",
        "pk-word pk-added",
        "pk-word pk-good",
        "pk-word pk-fair",
        "pk-word pk-good",
        "pk-word pk-good",
        "pk-word pk-unscored",
    ]
    assert (
        page.text.split()
        == "I think [the] ‖ very +um good→ ¦ weather is here today.".replace("‖ ", "‖").replace("¦ ", "¦").split()
    )
    assert all(w["title"] == w["aria-label"] and w["role"] == "img" for w in words)


def test_a_missing_score_is_never_shown_as_zero() -> None:
    page = Page(sentence_html(reading([word("today", None, None)])))
    assert "0" not in page.text
    assert page.words()[0]["title"] == "today: no score"
    tiles = Page(assessment_html(weather()))
    assert "not assessed" in tiles.text
    assert len(tiles.of_class("pk-score")) == 5


def test_user_text_is_escaped_everywhere() -> None:
    assessment = reading(
        [word(EVIL, 30, "Mispronunciation", [phoneme(EVIL, 10, EVIL + "2")])],
        reference_text=EVIL,
        student=EVIL,
    )
    for html in (
        sentence_html(assessment),
        assessment_html(assessment),
        assessment_html(nothing_heard(EVIL, reference_text=EVIL)),
        assessment_html(reading([], scores={}, reference_text=EVIL)),
    ):
        page = Page(html)
        assert not any(name == "script" for name, _ in page.elements)
        assert EVIL in page.text


@pytest.mark.parametrize(
    ("assessment", "beginning"),
    [
        (nothing_heard("NoMatch"), "No words were recognized."),
        (nothing_heard("InitialSilenceTimeout"), "No speech was heard."),
        (nothing_heard("BabbleTimeout"), "Only noise was heard."),
        (nothing_heard("Error"), "The speech service could not finish."),
        (silence(), "No speech was heard:"),
        (Assessment.from_json({}), "The reply of the speech service is empty"),
        (
            Assessment.from_json({"RecognitionStatus": "Success", "DisplayText": "Hi."}),
            "The words were recognized, but",
        ),
        (nothing_heard("Odd"), "The speech service reports Odd"),
    ],
)
def test_without_anything_to_score_it_says_why_and_shows_no_score(assessment: Assessment, beginning: str) -> None:
    assert (status_message(assessment) or "").startswith(beginning)
    page = Page(assessment_html(assessment))
    assert page.text.startswith(beginning)
    assert page.of_class("pk-score") == []


def test_full_text_granularity_has_scores_and_the_plain_text() -> None:
    assessment = Assessment.from_json(
        {"RecognitionStatus": "Success", "NBest": [{"Display": "Good morning.", "PronScore": 90, "AccuracyScore": 91}]}
    )
    assert status_message(assessment) is None
    page = Page(assessment_html(assessment))
    assert "Good morning." in page.text
    assert len(page.of_class("pk-score")) == 5


def test_the_legend_explains_the_signs_that_occur_and_no_others() -> None:
    everything = Page(assessment_html(weather())).text
    for meaning in ("skipped", "added", "no score", "flat voice", "pause missing here", "pause that does not belong"):
        assert meaning in everything
    plain = Page(assessment_html(reading([word("hi", 90)]))).text
    assert "80 to 100: good" in plain
    assert "below 60" not in plain
    assert "skipped" not in plain


def test_html_stands_alone_and_follows_both_themes() -> None:
    html = assessment_html(long_reading())
    assert "http" not in html
    assert STYLE in html
    assert STYLE not in assessment_html(long_reading(), style=False)
    assert "prefers-color-scheme:dark" in STYLE
    assert '[data-jp-theme-light="false"] .pk,' in STYLE
    assert '[data-jp-theme-light="true"] .pk,' in STYLE
    rules = [line for line in STYLE.splitlines() if "{" in line and not line.startswith(("@", " "))]
    assert all(".pk" in rule.split("{")[0] for rule in rules)
    assert len(Page(html).words()) == 60


def test_the_assessment_shows_itself_in_a_notebook() -> None:
    assert weather()._repr_html_() == assessment_html(weather())


def test_highlight_needs_nothing_but_the_standard_library() -> None:
    code = (
        "import sys, pronounce_kit.highlight; print([m for m in ('numpy', 'pandas', 'matplotlib') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
