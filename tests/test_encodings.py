"""Text in the encodings of people's machines: read right, or asked about, but never read wrong in silence."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit.encodings import CANDIDATES, decode_text
from pronounce_kit.errors import InputError

CLASSES = {
    "gb18030": ["王伟 李娜 张敏 刘洋 陈静 杨磊", "赵婷婷 黄鑫 周杰 吴秀英 徐强 孙丽"],
    "big5": ["陳怡君 林志豪 黃雅婷 張家豪 王小明", "李淑芬 吳宗翰 劉美玲 蔡承翰 楊佩君"],
    "cp932": ["佐藤さくら 鈴木一郎 高橋花子 田中太郎", "渡辺翔太 伊藤美咲 山本健 中村陽子"],
    "cp949": ["김민수 이서연 박지훈 최은정 정하늘", "강민재 조수빈 윤지우 장예은 임도현"],
    "cp1251": ["Иван Петров, Анна Смирнова, Ольга Кузнецова", "Олена Шевченко, Георги Димитров, Юлия Попова"],
    "cp1250": ["Łukasz Wiśniewski, Jiří Dvořák, Győző Erdős", "Žofie Nováková, Ľuboš Kováč, Šárka Růžičková"],
    "cp1253": ["Γιώργος Παπαδόπουλος, Ελένη Νικολάου", "Δημήτρης Γεωργίου, Κατερίνα Ιωάννου"],
    "cp1254": ["Ayşe Yıldız, Çağla Öztürk, Işıl Güneş", "Ömer Şahin, Gülşah Doğan, İbrahim Kılıç"],
    "cp1252": ["Zoë Müller, José Muñoz, François Lefèvre", "Jürgen Weiß, Søren Ørsted, João Gonçalves"],
    "mac_roman": ["Zoë Müller, José Muñoz, François Lefèvre", "Jürgen Weiß, André Böhm, Inés Peña"],
}
"""Encoding -> classes of those who use it."""

ROSTERS = [
    (
        encoding,
        "student,text,audio\r\n"
        + "".join(f'{name.strip()},"Good morning, all.",{n}.wav\r\n' for n, name in enumerate(names)),
    )
    for encoding, classes in CLASSES.items()
    for names in (one.split(",") if "," in one else one.split() for one in classes)
]


@pytest.mark.parametrize(("encoding", "text"), ROSTERS)
def test_a_class_list_is_read_in_the_encoding_of_its_country(encoding, text):
    assert decode_text(text.encode(encoding), "It") == text


@pytest.mark.parametrize("name", [name.strip() for one in CLASSES["cp1252"] for name in one.split(",")])
def test_one_western_name_is_enough(name):
    text = f"student,text\n{name},Hello.\n"
    assert decode_text(text.encode("cp1252"), "It") == text


@pytest.mark.parametrize("text", ["It’s fine – really…", "Tickets are £5.", "¿Qué tal?", "“Hello,” she said."])
def test_the_quotes_and_signs_of_windows_are_read(text):
    assert decode_text(text.encode("cp1252"), "It") == text


@pytest.mark.parametrize(("encoding", "text"), ROSTERS)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_few_names_are_read_right_or_asked_about(encoding, text, count):
    few = "".join(text.splitlines(keepends=True)[: 1 + count])
    try:
        assert decode_text(few.encode(encoding), "The list") == few
    except InputError as error:
        assert "--encoding" in str(error)
        assert "encoding=" in str(error)
    assert decode_text(few.encode(encoding), "The list", encoding) == few


def test_the_question_names_the_readings_of_an_odd_name_to_choose_from():
    with pytest.raises(InputError) as error:
        decode_text("student\n李雷\n".encode("gb18030"), "class.csv")
    assert "'李雷' is gb18030 (Chinese, simplified)" in str(error.value)
    assert "class.csv" in str(error.value)
    assert "--encoding gb18030" in str(error.value)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]
)
@pytest.mark.parametrize("text", ["student,text\n李雷,Hello.\n", "student\nZoë\n", "a,b\nИван,김\n"])
def test_unicode_is_read_with_and_without_a_mark(encoding, text):
    assert decode_text(text.encode(encoding), "It") == text


@pytest.mark.parametrize("mark", [codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE])
def test_the_mark_tells_the_order_of_the_bytes_whatever_encoding_is_given(mark):
    order = "utf-32-be" if len(mark) == 4 else "utf-16-be"
    assert decode_text(mark + "Zoë".encode(order), "It", "utf-8") == "Zoë"


@pytest.mark.parametrize("encoding", ["gbk", "GB2312", "shift_jis", "latin-1", "cp437"])
def test_an_encoding_that_is_given_goes_before_any_guess(encoding):
    text = "Hello." if encoding == "cp437" else {"shift_jis": "田中", "latin-1": "Zoë"}.get(encoding, "李")
    assert decode_text(text.encode(encoding), "It", encoding) == text


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("klingon", "is not known"), ("utf-8", "is not in the encoding utf-8"), ("hex", "is not known")],
)
def test_an_encoding_that_does_not_fit_is_one_clear_error(encoding, told):
    with pytest.raises(InputError, match=told):
        decode_text("Zoë".encode("cp1252"), "It", encoding)


@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_an_input_error(data):
    try:
        text = decode_text(data, "It")
    except InputError:
        return
    assert "\0" not in text


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50).filter(
        lambda text: not text.startswith("\ufeff")
    )
)
def test_utf_8_is_never_taken_for_anything_else(text):
    data = text.encode()
    if not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert decode_text(data, "It") == text


def test_every_candidate_is_a_codec_of_python():
    assert all(codecs.lookup(encoding) for encoding in CANDIDATES)
