"""The kernel's side of the recorder: what arrives is on disk, acknowledged, and only then handed on."""

from __future__ import annotations

import gc
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit import Recording
from pronounce_kit.errors import AudioError, MissingDependencyError, ParameterError
from pronounce_kit.flags import VERDICTS
from pronounce_kit.widgets import assets, takes

pytest.importorskip("anywidget", reason="needs anywidget (make install)")

TIME = np.arange(16000) / 16000
TONE = Recording((0.3 * np.sin(2 * np.pi * 220 * TIME)).astype(np.float32))


class Page:
    """A recorder as the browser's side sees it: messages out, messages in."""

    def __init__(self, **arguments: Any) -> None:
        self.recorder = pk.widgets.Recorder(**arguments)
        self.heard: list[dict[str, Any]] = []
        self.recorder.send = lambda content, buffers=None: self.heard.append({**content, "buffers": buffers})

    def send(self, data: bytes, *, key: str = "1", **details: Any) -> dict[str, Any]:
        """Send a take as Jupyter delivers it; returns the acknowledgement."""
        content = {"kind": "take", "id": key, "reason": "stopped", **details}
        self.recorder._handle_custom_msg(content, [memoryview(data)])
        return self.heard[-1]


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    yield
    gc.collect()  # an exception in a widget's __del__ shows here


def test_a_take_is_a_file_a_recording_and_acknowledged() -> None:
    page = Page()
    answer = page.send(TONE.to_wav())
    recorder = page.recorder
    assert recorder.recording == TONE
    assert recorder.path.parent == Path("recordings")
    assert re.fullmatch(r"take-20\d\d-\d\d-\d\d-\d{6}-[0-9a-f]{8}\.wav", recorder.path.name)
    assert recorder.path.read_bytes() == TONE.to_wav()
    assert (answer["kind"], answer["id"], answer["path"]) == ("acknowledged", "1", str(recorder.path))
    assert answer["seconds"] == 1.0
    assert Recording.from_widget(recorder) == TONE


def test_before_a_take_there_is_none() -> None:
    recorder = pk.widgets.Recorder()
    assert recorder.recording is recorder.path is None
    assert recorder.error == ""
    with pytest.raises(AudioError, match="Press Record"):
        Recording.from_widget(recorder)
    assert not Path("recordings").exists()


def test_a_take_is_on_disk_and_acknowledged_before_anyone_is_told() -> None:
    seen: list[tuple[bool, int]] = []
    page = Page(folder="a/b")
    page.recorder.on_take(lambda recording: seen.append((page.recorder.path.is_file(), len(page.heard))))
    page.send(TONE.to_wav())
    assert seen == [(True, 1)]


def test_a_take_that_is_sent_again_is_acknowledged_again_and_counts_once() -> None:
    taken: list[Recording] = []
    page = Page(on_take=taken.append)
    first, second = page.send(TONE.to_wav()), page.send(TONE.to_wav())
    assert first == second
    assert len(page.heard) == 2
    assert len(taken) == 1
    assert len(list(Path("recordings").iterdir())) == 1


def test_the_folder_can_be_changed_between_takes(tmp_path: Path) -> None:
    page = Page(folder=tmp_path / "first")
    page.send(TONE.to_wav(), key="1")
    page.recorder.folder = "second"
    page.send(TONE.to_wav(), key="2")
    assert page.recorder.path.parent == Path("second")
    assert len(list((tmp_path / "first").iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_told_and_the_recording_is_not_lost() -> None:
    Path("file").write_text("not a folder", "utf-8")
    page = Page(folder="file")
    answer = page.send(TONE.to_wav())
    assert answer["path"] is None
    assert answer["problem"] == page.recorder.error
    assert "cannot be written to file" in answer["problem"]
    assert page.recorder.recording == TONE
    assert page.recorder.path is None


def test_bytes_that_are_no_recording_are_kept_and_told() -> None:
    taken: list[Recording] = []
    page = Page(on_take=taken.append)
    answer = page.send(b"this is no sound", name="../../My Notes.TXT")
    assert page.recorder.path.name.endswith(".txt")
    assert page.recorder.path.parent == Path("recordings")
    assert page.recorder.path.read_bytes() == b"this is no sound"
    assert page.recorder.recording is None
    assert page.recorder.error == answer["problem"]
    assert answer["verdict"] is None
    assert taken == []


def test_a_silent_take_is_kept_handed_on_and_called_silent() -> None:
    page = Page()
    page.send(TONE.to_wav(), key="1")
    assert page.send(Recording(np.zeros(16000, np.float32)).to_wav(), key="2")["problem"].startswith(
        "Nothing was heard"
    )
    assert page.recorder.recording.duration_s == 1.0
    assert page.recorder.error.startswith("Nothing was heard")


def test_a_good_take_clears_the_error(speech: Any) -> None:
    page = Page()
    page.send(b"no sound", key="1")
    assert page.recorder.error
    page.send(speech.synthesize("Good morning."), key="2")
    assert page.recorder.error == ""


@pytest.mark.parametrize("observed", [False, True])
def test_what_a_callback_raises_is_shown_and_the_take_is_kept(observed: bool) -> None:
    def fail(_: object) -> None:
        raise KeyError("student")

    page = Page()
    if observed:
        page.recorder.observe(fail, "recording")
    else:
        page.recorder.on_take(fail)
    page.send(TONE.to_wav())
    assert "KeyError: 'student' in fail, line" in page.recorder.error
    assert page.recorder.path.is_file()
    assert page.recorder.recording == TONE


def test_our_own_errors_are_shown_in_their_own_words() -> None:
    page = Page(on_take=lambda recording: recording.clip(5, 6))
    page.send(TONE.to_wav())
    assert page.recorder.error.startswith("A clip from 5 to 6 s holds nothing.")


def test_a_callback_can_be_removed() -> None:
    taken: list[Recording] = []
    page = Page(on_take=taken.append)
    page.recorder.on_take(taken.append, remove=True)
    page.send(TONE.to_wav())
    assert taken == []


def test_a_page_that_is_opened_again_gets_the_last_take() -> None:
    page = Page()
    page.recorder._handle_custom_msg({"kind": "play"}, [])
    assert page.heard == []
    page.send(TONE.to_wav())
    page.recorder._handle_custom_msg({"kind": "play"}, [])
    assert page.heard[-1] == {"kind": "sound", "buffers": [TONE.to_wav()]}


@pytest.mark.parametrize("content", [None, "take", {}, {"kind": "take"}, {"kind": "what"}, ["take"]])
def test_other_messages_are_left_alone(content: object) -> None:
    page = Page()
    page.recorder._handle_custom_msg(content, [])
    assert page.heard == []
    assert page.recorder.recording is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_seconds": 0}, "max_seconds is 0. Give 1 to 320"),
        ({"max_seconds": 321}, "max_seconds is 321. Give 1 to 320"),
        ({"stop_after_silence_s": 0.1}, "stop_after_silence_s is 0.1. Give 0.5 to 60, or 0"),
        ({"backend": "tape"}, "There is no backend 'tape'."),
    ],
)
def test_a_setting_out_of_range_is_refused_in_one_sentence(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(said)):
        pk.widgets.Recorder(**arguments)


def test_the_longest_take_fits_into_one_message_of_jupyter() -> None:
    assert 44 + 2 * 16000 * takes.MAX_SECONDS < takes.MAX_MESSAGE_BYTES < 10 * 2**20


def test_an_audio_recorder_of_ipywebrtc_hands_on_its_value_once() -> None:
    pytest.importorskip("ipywebrtc", reason="needs ipywebrtc (make install)")
    taken: list[Recording] = []
    page = Page(backend="ipywebrtc", on_take=taken.append)
    recorder = page.recorder.audio_recorder
    opus = TONE.to_ogg_opus()
    recorder.audio.value = memoryview(opus)
    # The browser's side sends the same bytes under the name that they give themselves.
    page.send(opus, key=page.heard[-1]["id"])
    assert len(taken) == 1
    assert page.recorder.path.read_bytes() == opus
    assert recorder.stream.constraints["video"] is False
    page.recorder.close()
    assert recorder.comm is None


def test_the_other_backend_names_the_package_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywebrtc", None)
    with pytest.raises(MissingDependencyError, match=r'pip install "ipywebrtc[<>]'):
        pk.widgets.Recorder(backend="ipywebrtc")


def test_the_kit_imports_no_widget_before_one_is_used() -> None:
    code = (
        "import sys, pronounce_kit as pk; pk.widgets; "
        "print([name for name in ('anywidget', 'ipywidgets', 'traitlets', 'numpy') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"


def test_without_anywidget_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "pronounce_kit.widgets.recorder", raising=False)
    monkeypatch.delitem(pk.widgets.__dict__, "Recorder", raising=False)
    with pytest.raises(MissingDependencyError, match=r'pip install "anywidget[<>]'):
        _ = pk.widgets.Recorder


def test_the_module_of_a_widget_has_one_export_and_the_verdicts_of_the_kernel() -> None:
    script = assets.script("recorder.js")
    assert script.count("\nexport ") == 1
    assert not re.search(r"^import ", script, re.MULTILINE)
    verdicts = re.match(r"const VERDICTS = (.*);\n", script)
    assert verdicts
    assert json.loads(verdicts[1]) == dict(VERDICTS)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), name=st.text(max_size=40))
def test_whatever_arrives_is_kept_byte_for_byte_inside_the_folder(data: bytes, name: str) -> None:
    take = takes.keep(data, "kept", {"name": name})
    assert take.path is not None
    assert take.path.parent == Path("kept")
    assert take.path.read_bytes() == data
    assert take.recording is None or take.recording.duration_s > 0
