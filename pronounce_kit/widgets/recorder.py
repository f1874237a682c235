"""A recorder for notebooks: press Record, read aloud, press Stop."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import anywidget
import traitlets

from ..errors import InternalError, ParameterError, PronounceKitError
from ..quality import LONGEST_S
from ..recording import Recording
from . import ipywebrtc_backend
from .assets import script, style
from .plain_words import in_plain_words
from .takes import MAX_MESSAGE_BYTES, MAX_SECONDS, Inbox, Take

OnTake = Callable[[Recording], object]

_log = logging.getLogger(__name__)


class Recorder(anywidget.AnyWidget):
    """Records in the browser, 16 kHz mono, and writes every take to disk the moment it arrives.

    Parameters
    ----------
    folder : str or path
        Where takes go; made when needed. Relative to where the kernel runs.
    max_seconds : float
        The recorder stops by itself after so many seconds, 1 to 320: a longer take would not fit into one of Jupyter's
        messages. The Speech service hears 60 s.
    stop_after_silence_s : float
        Stop after so many seconds of silence once something was heard, 0.5 to 60; 0 for never.
    backend : {"browser", "ipywebrtc"}
        "ipywebrtc" puts an `ipywebrtc.AudioRecorder` behind the same button (takes are WebM/Opus).
    on_take : callable, optional
        Called with every `Recording`; more can be added with the method `on_take`.
    **kwargs : optional
        ipywidgets' own, such as `layout`.

    Attributes
    ----------
    recording : Recording or None
        The last take, which can be observed; None before.
    path : pathlib.Path or None
        Its file.
    error : str
        What the student was told went wrong last, in plain words; "" if all is well.

    Raises
    ------
    ParameterError
        For a limit out of range or another backend.
    MissingDependencyError
        If ipywebrtc is asked for but not installed.

    Examples
    --------
    >>> takes = []
    >>> recorder = pk.widgets.Recorder(max_seconds=20, stop_after_silence_s=1.5, on_take=takes.append)
    >>> recorder  # doctest: +SKIP
    >>> recorder.on_take(lambda recording: print(recording.quality().verdict))
    >>> recorder.recording is None  # nobody pressed Record yet
    True
    >>> recorder.close()
    """

    _esm = script("recorder.js")
    _css = style("recorder.css")

    recording = traitlets.Instance(Recording, allow_none=True, read_only=True)
    path = traitlets.Instance(Path, allow_none=True, read_only=True)
    error = traitlets.Unicode("").tag(sync=True)
    state = traitlets.Unicode("idle").tag(sync=True)

    folder = traitlets.Unicode("recordings").tag(sync=True)
    max_seconds = traitlets.Float(LONGEST_S).tag(sync=True)
    stop_after_silence_s = traitlets.Float(0.0).tag(sync=True)

    _max_bytes = traitlets.Int(MAX_MESSAGE_BYTES).tag(sync=True)
    _key = traitlets.Unicode().tag(sync=True)
    # What a page that is opened again shows of the last take: {"path": …, "seconds": …, "verdict": …}.
    _last = traitlets.Dict().tag(sync=True)
    # Model of the AudioRecorder that the browser side drives; "" for none.
    _ipywebrtc = traitlets.Unicode("").tag(sync=True)
    _audio_recorder: Any = None

    def __init__(
        self,
        *,
        folder: str | os.PathLike[str] = "recordings",
        max_seconds: float = LONGEST_S,
        stop_after_silence_s: float = 0.0,
        backend: Literal["browser", "ipywebrtc"] = "browser",
        on_take: OnTake | None = None,
        **kwargs: Any,
    ) -> None:
        if backend not in ("browser", "ipywebrtc"):
            raise ParameterError(f'There is no backend {backend!r}. Use "browser" or "ipywebrtc".')
        self._callbacks: list[OnTake] = [on_take] if on_take is not None else []
        self._audio_recorder = ipywebrtc_backend.audio_recorder(self._on_value) if backend == "ipywebrtc" else None
        super().__init__(
            folder=os.fspath(folder),
            max_seconds=max_seconds,
            stop_after_silence_s=stop_after_silence_s,
            _key=secrets.token_hex(8),
            _ipywebrtc=self._audio_recorder.model_id if self._audio_recorder is not None else "",
            **kwargs,
        )
        self._inbox = Inbox(self, lambda: self.folder, self._take)
        self.on_msg(self._on_msg)

    @traitlets.validate("max_seconds")
    def _valid_max_seconds(self, proposal: dict[str, Any]) -> float:
        seconds = float(proposal["value"])
        if not 1 <= seconds <= MAX_SECONDS:
            raise ParameterError(
                f"max_seconds is {seconds:g}. Give 1 to {MAX_SECONDS:g}: Jupyter loses longer takes on their way. "
                "For a longer recording upload a compressed file, or use Recording.from_file."
            )
        return seconds

    @traitlets.validate("stop_after_silence_s")
    def _valid_stop_after_silence_s(self, proposal: dict[str, Any]) -> float:
        seconds = float(proposal["value"])
        if seconds != 0 and not 0.5 <= seconds <= 60:
            raise ParameterError(f"stop_after_silence_s is {seconds:g}. Give 0.5 to 60, or 0 for never.")
        return seconds

    @property
    def value(self) -> Recording | None:
        """The last take: what `Recording.from_widget` looks for."""
        return self.recording

    @property
    def audio_recorder(self) -> Any:
        """The `ipywebrtc.AudioRecorder` of backend="ipywebrtc", otherwise None."""
        return self._audio_recorder

    def on_take(self, callback: OnTake, *, remove: bool = False) -> None:
        """Call this with every recording, once it is on disk.

        Parameters
        ----------
        callback : callable
            Takes a `Recording`; what it raises is shown below the button.
        remove : bool
            Call it no more.
        """
        if remove:
            self._callbacks.remove(callback)
        else:
            self._callbacks.append(callback)

    def close(self) -> None:
        """Close the widget; a take that is being recorded is thrown away, and the microphone is released."""
        if self._audio_recorder is not None:
            ipywebrtc_backend.close(self._audio_recorder)
        super().close()

    def _on_value(self, data: bytes) -> None:
        # The browser side sends the same bytes under the same key: whichever comes first counts.
        self._inbox.receive(data, key=hashlib.sha256(data).hexdigest())

    def _on_msg(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, dict) and content.get("kind") == "play" and self.recording is not None:
            # A page that was opened again has the take no more.
            self.send({"kind": "sound"}, buffers=[self.recording.to_wav()])

    def _take(self, take: Take) -> None:
        quality = None if take.recording is None else take.recording.quality()
        self._last = {
            "path": None if take.path is None else str(take.path),
            "seconds": None if take.recording is None else take.recording.duration_s,
            "verdict": None if quality is None else quality.verdict,
        }
        self.error = take.problem or ""
        try:
            self.set_trait("path", take.path)
            self.set_trait("recording", take.recording)  # calls those who observe
            if take.recording is not None:
                for callback in tuple(self._callbacks):
                    callback(take.recording)
        except Exception as error:  # the outermost place of a callback, which may raise anything
            # Neither JupyterLab nor Notebook nor Voila shows what a callback raises.
            _log.exception("A callback of the recorder failed.")
            self.error = _described(error)


def _described(error: Exception) -> str:
    """What a callback raised: our errors say all; of others, the notebook's own, the type and the line help."""
    if isinstance(error, PronounceKitError):
        return in_plain_words(error, "Your recording is kept." if isinstance(error, InternalError) else "")
    where = error.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    line = "" if where is None else f" in {where.tb_frame.f_code.co_name}, line {where.tb_lineno}"
    return f"The recording is saved, but what was to be done with it failed: {type(error).__name__}: {error}{line}."
