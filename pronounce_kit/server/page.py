"""The page at /: record in the browser, see the words in colours. One file: HTML, CSS and JavaScript, no network.

The page talks to the same API as any client. To draw a reply it sends it to /view, so that colours, wording and
escaping are those of `highlight` and nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from ..errors import ReplyError
from .failures import RefusalError
from .limits import Limits

if TYPE_CHECKING:
    from .app import Parts

_POLICY = (
    # blob: for the worklet that takes the samples
    "default-src 'none'; script-src {script} blob:; style-src {style}; connect-src 'self'; media-src blob:; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class Page:
    """The page itself."""

    def __init__(self, *, needs_key: bool, limits: Limits) -> None:
        self._needs_key = needs_key
        self._limits = limits

    async def __call__(self, request: Request) -> Response:
        """HTML that needs nothing else, and may not load anything else."""
        content, policy = _page(self._needs_key, self._limits.audio_s)
        headers = {
            "Content-Security-Policy": policy,
            "Permissions-Policy": "microphone=(self)",
            "Referrer-Policy": "no-referrer",
        }
        return HTMLResponse(content, headers=headers)


class View:
    """A reply of the service as HTML, for the page."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, request: Request) -> Response:
        """Draw the reply in the body."""
        parts = self._parts
        parts.gate.check(request)
        body = await parts.uploads.read(request, parts.limits.body_bytes)
        return HTMLResponse(await parts.work.run(lambda: _drawn(body)))


def _drawn(body: bytes) -> str:
    from ..display.html import assessment_html
    from ..results import Assessment

    try:
        return assessment_html(Assessment.from_json(body), style=False)
    except ReplyError as error:
        raise RefusalError(400, str(error)) from None


@cache
def _page(needs_key: bool, audio_s: float) -> tuple[str, str]:
    """The page, and the policy that lets it run its own script and style only."""
    from .. import capture
    from ..highlight import STYLE

    folder = files(__package__) / "page"
    style, script, content = (
        (folder / name).read_text(encoding="utf-8") for name in ("page.css", "page.js", "page.html")
    )
    # "&" outweighs what `highlight` says of paragraphs and lists, as in `report`.
    style = STYLE + style.replace("&", ".pk.pk.pk.pk-page")
    script = f"{capture.script()}\n{script}"
    settings = html.escape(json.dumps({"needsKey": needs_key, "longestS": audio_s}))
    parts = {"{{style}}": style, "{{script}}": script, "{{settings}}": settings}
    for name, part in parts.items():
        content = content.replace(name, part)
    return content, _POLICY.format(script=_hash(script), style=_hash(style))


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"
