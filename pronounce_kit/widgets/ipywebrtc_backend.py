"""`Recorder(backend="ipywebrtc")`: an `ipywebrtc.AudioRecorder` behind the kit's own button.

ipywebrtc 0.6 records well, but hides its failures and keeps the microphone on. So recorder.js drives its models in the
browser: it opens the `CameraStream` itself (and can so tell why that fails), waits until the `AudioRecorder` records
before it may be stopped, and closes the stream after each take. Its format is webm: "wav" fails in browsers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..dependencies import needed

if TYPE_CHECKING:
    from ipywebrtc import AudioRecorder

_MICROPHONE = {"channelCount": 1, "echoCancellation": False, "noiseSuppression": False, "autoGainControl": True}
"""As in capture.js: noise suppression and echo cancellation change the sounds that are to be assessed."""


def audio_recorder(on_value: Callable[[bytes], None]) -> AudioRecorder:
    """A recorder of the microphone alone; `on_value` is called with the bytes of each take, WebM/Opus.

    Raises `MissingDependencyError` if ipywebrtc is not installed.
    """
    with needed("ipywebrtc", 'backend="ipywebrtc" (leave it out, for the kit\'s own recorder)'):
        import ipywebrtc
        from ipywidgets import Audio
    stream = ipywebrtc.CameraStream(constraints={"audio": _MICROPHONE, "video": False})
    audio = Audio(value=b"", format="webm", autoplay=False, loop=False, controls=False)
    recorder = ipywebrtc.AudioRecorder(stream=stream, audio=audio, format="webm")

    def changed(change: dict[str, Any]) -> None:
        if change["new"]:
            on_value(bytes(change["new"]))

    audio.observe(changed, "value")
    return recorder


def close(recorder: AudioRecorder) -> None:
    """Close the recorder and all that belongs to it."""
    for widget in (recorder.stream, recorder.audio, recorder):
        widget.close()
