"""Widgets for notebooks: record, see, hear, repeat. In JupyterLab, Notebook 7 and Voila; elsewhere by upload.

    recorder = pk.widgets.Recorder()
    recorder                               # press Record, read aloud, press Stop
    recorder.recording                     # a pk.Recording; recorder.path is its file

    pk.widgets.PracticeCard(["The weather was lovely."])

The parts:

    recorder, card      the widgets
    takes               a take that arrives from the browser: on disk first, then a Recording
    ipywebrtc_backend   `Recorder(backend="ipywebrtc")`
    assets              JavaScript and CSS, from static/
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from ..dependencies import needed

_HOME_OF = {"PracticeCard": "card", "Recorder": "recorder"}

__all__ = ["PracticeCard", "Recorder"]

if TYPE_CHECKING:
    from .card import PracticeCard
    from .recorder import Recorder


def __getattr__(name: str) -> object:
    """Import a widget when it is first used: ipywidgets takes half a second."""
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needed("anywidget", name):
        value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
