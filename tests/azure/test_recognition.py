from __future__ import annotations

import json

import pytest

import pronounce_kit as pk

from .server import REPLIES


def test_a_simple_reply() -> None:
    raw = {
        "RecognitionStatus": "Success",
        "DisplayText": "Buy 5 pencils.",
        "Offset": "1236645672289",
        "Duration": "5000000",
    }
    found = pk.Recognition.from_json(raw)
    assert (found.status, found.display_text, found.duration_s) == ("Success", "Buy 5 pencils.", 0.5)
    assert found.offset_s == pytest.approx(123664.5672289)
    assert (found.lexical, found.itn, found.masked_itn, found.confidence, found.nbest) == (None, None, None, None, ())
    assert found.raw is raw


def test_a_detailed_reply_as_the_documentation_prints_it() -> None:
    found = pk.Recognition.from_json((REPLIES / "detailed.json").read_bytes())
    assert found.status == "Success"
    assert len(found.nbest) >= 2
    best = found.nbest[0]
    assert (found.display_text, found.lexical, found.itn, found.masked_itn, found.confidence) == (
        best.display_text, best.lexical, best.itn, best.masked_itn, best.confidence,
    )  # fmt: skip
    assert best.confidence is not None
    assert best.confidence >= (found.nbest[1].confidence or 0)


@pytest.mark.parametrize("path", sorted(REPLIES.glob("*.json")), ids=lambda path: path.stem)
def test_every_stored_reply_is_read_or_refused_as_no_reply(path) -> None:  # type: ignore[no-untyped-def]
    if path.stem.startswith("error_"):
        with pytest.raises(pk.ReplyError):
            pk.Recognition.from_json(path.read_bytes())
    else:
        pk.Recognition.from_json(path.read_bytes())


def test_no_match_and_nothing() -> None:
    assert pk.Recognition.from_json({"RecognitionStatus": "NoMatch", "NBest": []}).display_text is None
    assert pk.Recognition.from_json({}).status is None
    with pytest.raises(pk.ReplyError):
        pk.Recognition.from_json("[1]")


def test_the_replies_to_a_long_recording_are_one_text() -> None:
    pieces = [
        {
            "RecognitionStatus": "Success",
            "Offset": offset,
            "Duration": 10_000_000,
            "NBest": [{"Display": display, "Lexical": lexical}],
        }
        for offset, display, lexical in ((0, "One.", "one"), (20_000_000, "Two.", "two"))
    ]
    found = pk.Recognition.from_json(json.dumps(pieces))
    assert (found.display_text, found.lexical, found.itn) == ("One. Two.", "one two", None)
    assert (found.offset_s, found.duration_s) == (0, 3)
    assert repr(found) == "<Recognition Success: 'One. Two.'>"
    assert len(pk.Recognition.from_json(pieces[:1]).nbest) == 1
