from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit.azure.ssml import MAX_BYTES, build_ssml, check_ssml, language_of, speakable
from pronounce_kit.errors import ParameterError, TextError

NS = "{http://www.w3.org/2001/10/synthesis}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_comes_out_of_an_xml_parser_as_it_went_in_but_for_what_xml_cannot_hold(text: str) -> None:
    expected = speakable(text)
    assert [c for c in text if c in expected] == list(expected)
    assert all(
        ord(c) < 32 or 0xD800 <= ord(c) < 0xE000 or ord(c) in (0xFFFE, 0xFFFF) for c in text if c not in expected
    )
    if not expected.strip():
        with pytest.raises(TextError):
            build_ssml(text, voice="en-US-A")
        return
    root = ET.fromstring(check_ssml(build_ssml(text, voice="en-US-A", rate="+5%")))  # noqa: S314  # our own
    assert "".join(root.itertext()) == expected
    assert [element.tag for element in root.iter()] == [f"{NS}speak", f"{NS}voice", f"{NS}prosody"]


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=1))
def test_no_name_of_a_voice_can_add_an_element_or_attribute(voice: str) -> None:
    try:
        ssml = build_ssml("Hello", voice=voice, language="en-US")
    except ParameterError:
        return
    root = ET.fromstring(check_ssml(ssml))  # noqa: S314  # our own
    (element,) = root
    assert set(element.attrib) == {LANG, "name"}
    assert not list(element)
    assert element.attrib["name"].split() == voice.split()


def test_the_language_is_that_of_the_voice() -> None:
    assert language_of("Microsoft Server Speech Text to Speech Voice (de-DE, KatjaNeural)") == "de-DE"
    assert language_of("zh-HK-HiuMaanNeural") == "zh-HK"
    assert language_of("es-419-X") == "es-419"
    assert language_of("Heart") == "en-US"


@pytest.mark.parametrize(
    ("rate", "written"), [(1, "+0%"), (0.5, "-50%"), (1.25, "+25%"), ("slow", "slow"), ("-12.5%", "-12.5%")]
)
def test_the_rate_is_written_as_a_change(rate: str | float, written: str) -> None:
    assert re.search(r'<prosody rate="(.*?)">', build_ssml("x", voice="v", rate=rate)).group(1) == written


@pytest.mark.parametrize("rate", [0, 3, float("nan"), True, "quick", '"/><x y="', "5"])
def test_a_wrong_rate_is_refused(rate: str | float) -> None:
    with pytest.raises(ParameterError, match="rate is"):
        build_ssml("x", voice="v", rate=rate)


def test_64_kilobytes_are_the_limit_counted_in_utf8() -> None:
    frame = len(build_ssml("x", voice="en-US-A")) - 1
    assert len(check_ssml(build_ssml("x" * (MAX_BYTES - frame), voice="en-US-A"))) == MAX_BYTES
    for text in ("x" * (MAX_BYTES - frame + 1), "é" * (MAX_BYTES // 2), "&" * (MAX_BYTES // 4)):
        with pytest.raises(TextError, match="at most 65,536"):
            check_ssml(build_ssml(text, voice="en-US-A"))


@pytest.mark.parametrize("ssml", ["", "Hello", "<speak>", "<voice/>", "<speak>\ud800</speak>", "<speak>&bomb;</speak>"])
def test_ssml_that_the_service_would_refuse_is_refused_here(ssml: str) -> None:
    with pytest.raises(TextError):
        check_ssml(ssml)
