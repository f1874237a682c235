"""The JavaScript and CSS of the widgets, put together from `static/`.

A widget's `_esm` is one module: `capture`, what all widgets share, then the widget's own file. So `static/*.js` has no
imports, and only a widget's own file ends in an export.
"""

from __future__ import annotations

from importlib.resources import files

from .. import capture
from ..highlight import STYLE

SHARED = ("page.js", "delivery.js")


def script(name: str) -> str:
    """The module of a widget: `script("recorder.js")`."""
    return shared() + _text(name)


def shared() -> str:
    """What comes in front of every widget's own file; also good as a script without modules."""
    return "\n".join([capture.script(), *map(_text, SHARED), ""])


def style(*names: str) -> str:
    """The style sheet of a widget, after the one of all HTML of the kit (colours are its `--pk-` variables)."""
    return STYLE + "\n" + "\n".join(_text(name) for name in names)


def _text(name: str) -> str:
    return (files(__package__) / "static" / name).read_text("utf-8")
