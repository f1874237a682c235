from __future__ import annotations

import html
import json
import re

import pytest
import requests
from starlette.routing import Route

from pronounce_kit.local import LocalSpeech
from pronounce_kit.server import Limits, create_app
from pronounce_kit.server.openapi import describe
from pronounce_kit.server.page import _hash, _page

from .conftest import Spoken
from .live import Live


def test_the_page_needs_nothing_else_and_may_load_nothing_else(live: Live) -> None:
    reply = requests.get(live.url + "/", timeout=5)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    style, script = (re.search(f"<{tag}>(.*?)</{tag}>", reply.text, re.DOTALL) for tag in ("style", "script"))
    assert style
    assert script
    assert _hash(style[1]) in policy
    assert _hash(script[1]) in policy
    assert "{{" not in reply.text
    assert not re.search(r"""(src|href)=["']?(?!data:,|#)[\w/.]""", reply.text)
    assert not re.search(r"""\son\w+=|\sstyle=""", reply.text.replace(script[1], ""))


def test_every_field_of_the_page_has_a_label(live: Live) -> None:
    page = requests.get(live.url + "/", timeout=5).text
    fields = re.findall(r'<(?:input|textarea|meter)\s+id="([\w-]+)"', page)
    assert set(fields) == {"key", "text", "upload", "meter"}
    for name in fields:
        assert f'<label for="{name}">' in page
    assert 'lang="en"' in page
    assert 'role="alert"' in page


def test_the_page_asks_for_a_key_only_where_one_is_needed() -> None:
    for needed in (True, False):
        content, _ = _page(needed, 60.0)
        settings = re.search(r'data-settings="([^"]*)"', content)
        assert settings
        assert json.loads(html.unescape(settings[1])) == {"needsKey": needed, "longestS": 60.0}


def test_a_reply_is_drawn_with_all_text_escaped(live: Live, spoken: Spoken) -> None:
    reply = live.assess(spoken.wav).json()
    drawn = live.post("/view", json.dumps(reply), {"Content-Type": "application/json"})
    assert drawn.status_code == 200
    assert drawn.text.count("pk-word") > 2
    assert "<style" not in drawn.text
    reply["NBest"][0]["Words"][0]["Word"] = "<script>alert(1)</script>"
    evil = live.post("/view", json.dumps(reply)).text
    assert "<script" not in evil
    assert "&lt;script" in evil


def test_a_reply_is_drawn_out_of_what_it_was_saved_in(live: Live, spoken: Spoken) -> None:
    reply = live.assess(spoken.wav).json()
    expected = live.post("/view", json.dumps(reply)).text
    for held in ({"text": "Good morning.", "json": reply}, {"privJson": json.dumps(reply)}, json.dumps(reply)):
        assert live.post("/view", json.dumps(held)).text == expected


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b"[1]", b"{}", b"\xff", b"[" * 100_000, b'{"NBest": 1}'])
def test_what_is_no_reply_is_not_drawn(live: Live, body: bytes) -> None:
    drawn = live.post("/view", body)
    assert drawn.status_code in (200, 400)  # an empty object is the service's reply to an empty body
    assert "Traceback" not in drawn.text


def test_the_description_is_valid_and_lists_every_address() -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="needs openapi-spec-validator (PyPI)")
    description = describe(Limits())
    validator.validate(description)
    routes = {
        (route.path, method.lower())
        for route in create_app(LocalSpeech()).routes
        if isinstance(route, Route)
        for method in (route.methods or ()) - {"HEAD"}
    }
    assert routes == {(path, method) for path, methods in description["paths"].items() for method in methods}


def test_the_description_is_served(live: Live) -> None:
    served = requests.get(live.url + "/openapi.json", timeout=5).json()
    assert served == json.loads(json.dumps(describe(Limits())))


def test_replies_fit_their_description(live: Live, spoken: Spoken) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="needs jsonschema (PyPI)")
    schemas = describe(Limits())["components"]["schemas"]
    validate = jsonschema.Draft202012Validator
    validate(schemas["Recognition"]).validate(live.assess(spoken.wav, NBestPhonemeCount=2).json())
    validate(schemas["Message"]).validate(live.assess(b"nonsense").json())
    validate(schemas["Error"]).validate(live.post("/nothing").json())
    voices = requests.get(
        live.url + "/cognitiveservices/voices/list",
        headers={"Ocp-Apim-Subscription-Key": "0123456789abcdef0123456789abcdef"},
        timeout=5,
    )
    validate({"type": "array", "items": schemas["Voice"]}).validate(voices.json())
