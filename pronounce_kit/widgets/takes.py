"""A take that arrives from the browser: on disk first, then acknowledged, then handed on.

The browser (static/delivery.js) sends {"kind": "take", "id": …} with the bytes of a sound file, keeps them until
{"kind": "acknowledged", "id": …} comes back, and sends them again if it does not: so a take may come more than once.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import RLock
from typing import Any, Protocol

from ..errors import AudioError
from ..recording import Recording
from ..sound_files import kind_of
from ..storage import write_whole
from .plain_words import in_plain_words

MAX_MESSAGE_BYTES = 10 * 2**20 - 2**16
"""Jupyter's server drops a longer websocket message without a word; a little is left for the envelope."""

MAX_SECONDS = 320.0
"""Length of a 16 kHz WAV that still fits into one message (`MAX_MESSAGE_BYTES` would be 325 s)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Take:
    """What became of the bytes that arrived.

    path
        The file they were written to, as they came; None if that failed.
    recording
        What they hold; None if they are not a recording.
    problem
        What the student should know, in plain words; None if all is well.
    details
        What the widget sent along, such as `reason` ("stopped", "limit", "silence", "unplugged", "upload").
    """

    path: Path | None
    recording: Recording | None
    problem: str | None
    details: Mapping[str, Any] = field(default_factory=dict)


def keep(data: bytes, folder: str | os.PathLike[str], details: Mapping[str, Any] | None = None) -> Take:
    """Write the bytes of a sound file into the folder, which is made if need be, then look what they hold.

    Nothing is raised: `Take.problem` says what went wrong. The name has the time and the content's hash, so no
    take replaces another.
    """
    problem = path = recording = None
    try:
        directory = Path(folder).expanduser()
        directory.mkdir(parents=True, exist_ok=True)
        path = write_whole(directory / _name(data, str((details or {}).get("name", ""))), data)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: there is no home folder for "~"
        reason = getattr(error, "strerror", None) or "not a path"
        problem = f"The recording cannot be written to {folder} ({reason}). Choose a folder that you may write to."
    try:
        recording = Recording.from_bytes(data)
        quality = recording.quality()
    except AudioError as error:
        problem = problem or str(error)
    except Exception as error:  # the outermost place: the bytes are on disk, and the student sees what is wrong
        recording = None
        problem = in_plain_words(error, f"Your recording is kept: {path}." if path else problem or "")
    else:
        problem = problem or (None if quality.ok else quality.verdict)
    return Take(path, recording, problem, dict(details or {}))


def _name(data: bytes, given: str) -> str:
    """Such as "take-2026-11-21-131520-9f86d081.wav"."""
    kind = kind_of(data)
    suffix = kind.suffix if kind else Path(given).suffix.lower()
    if not re.fullmatch(r"\.[a-z0-9]{1,5}", suffix):
        suffix = ".bin"
    return f"take-{datetime.now():%Y-%m-%d-%H%M%S}-{hashlib.sha256(data).hexdigest()[:8]}{suffix}"


class Widget(Protocol):
    """What an inbox needs of an ipywidget."""

    def on_msg(self, callback: Callable[[Any, Any, Any], None]) -> None:
        """Call this with every message of the widget's browser side."""

    def send(self, content: Any) -> None:
        """Send a message to the widget's browser side."""


class Inbox:
    """Receives the takes of one widget.

    folder
        Where takes go; asked for each of them.
    on_take
        Called with each take, once, after it is on disk and acknowledged. What it raises goes to the widget's log.
    """

    _REMEMBERED = 64

    def __init__(self, widget: Widget, folder: Callable[[], str | os.PathLike[str]], on_take: Callable[[Take], None]):
        self._widget = widget
        self._folder = folder
        self._on_take = on_take
        self._answers: OrderedDict[str, dict[str, Any]] = OrderedDict()
        # Messages may come in a thread of their own (ipykernel's subshells).
        self._lock = RLock()
        widget.on_msg(self._on_msg)

    def _on_msg(self, _: Any, content: Any, buffers: Sequence[Any]) -> None:
        if isinstance(content, dict) and content.get("kind") == "take" and buffers:
            details = {key: value for key, value in content.items() if key not in ("kind", "id")}
            self.receive(bytes(buffers[0]), key=str(content.get("id")), details=details)

    def receive(self, data: bytes, *, key: str, details: Mapping[str, Any] | None = None) -> None:
        """Keep a take and hand it on; one with a known key is acknowledged again and nothing more."""
        with self._lock:
            answer = self._answers.get(key)
            if answer is not None:
                self._widget.send(answer)
                return
            take = keep(data, self._folder(), details)
            answer = {
                "kind": "acknowledged",
                "id": key,
                "path": None if take.path is None else str(take.path),
                "problem": take.problem,
                "verdict": None if take.recording is None else take.recording.quality().verdict,
                "seconds": None if take.recording is None else take.recording.duration_s,
            }
            self._answers[key] = answer
            if len(self._answers) > self._REMEMBERED:
                self._answers.popitem(last=False)
            self._widget.send(answer)
        self._on_take(take)
