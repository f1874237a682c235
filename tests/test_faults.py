"""A fault of ours, or of a package below, is told as what it is: by the library, the commands, widgets and server."""

from __future__ import annotations

import inspect
import io
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from click.testing import CliRunner, Result

import pronounce_kit as pk
from pronounce_kit import InternalError, Recording
from pronounce_kit.cli import main
from pronounce_kit.faults import blamed_on, internal_error
from pronounce_kit.local.acoustics import HamaModel
from pronounce_kit.local.runtime import Graph
from pronounce_kit.widgets.takes import keep

from . import fuzz_recordings
from .test_recording import encode, tone

TEXT = "Good morning."
WAV = Recording(tone()).to_wav()
BLAME = ("Record again", "microphone", "begins like", "not a sound file", "another copy")


def assert_ours(message: str, fault: str) -> None:
    """The message says whose fault it is and what it was, and asks for nothing but a report."""
    assert "This is a fault of pronounce_kit or of a package below it, not of your " in message
    assert fault in message
    assert "Please report it with: Python " in message
    assert f"pronounce_kit {pk.__version__}" in message
    assert not any(words in message for words in BLAME)


# --- PyAV, broken on purpose ------------------------------------------------------------------------------------


def _open(*_: Any, **options: Any) -> None:
    raise TypeError(f"open() got an unexpected keyword argument '{next(iter(options), 'format')}'")


class Lacking:
    """A filter graph of a PyAV that renamed a method."""


def _closed(self: Any, *_: Any) -> None:
    raise ZeroDivisionError("division by zero")


BREAKS = {
    "signature": (("av.open", _open), "TypeError: open() got an unexpected keyword argument"),
    "graph": (("av.filter.Graph", Lacking), "AttributeError: 'Lacking' object has no attribute"),
    "conversion": (("pronounce_kit._codec._array", _closed), "ZeroDivisionError: division by zero"),
}
STEREO = encode([tone(rate=44_100)] * 2, 44_100, "wav", "pcm_s16le")


@pytest.fixture(params=list(BREAKS))
def broken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """PyAV with something broken; what the error says of it."""
    (target, replacement), fault = BREAKS[request.param]
    monkeypatch.setattr(target, replacement)
    return fault


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """The command line in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("PRONOUNCE_KIT_DEBUG", "SPEECH_KEY", "SPEECH_REGION"):
        monkeypatch.delenv(name, raising=False)
    return lambda *args: CliRunner().invoke(main, args, prog_name="pronounce-kit")


def test_a_fault_while_decoding_is_an_internal_error_chained_to_what_it_was(broken: str) -> None:
    with pytest.raises(InternalError) as error:
        Recording.from_bytes(STEREO)
    assert_ours(str(error.value), broken)
    assert "not of your recording" in str(error.value)
    assert f"av {av.__version__}" in error.value.versions
    assert f"{type(error.value.__cause__).__name__}: {error.value.__cause__}".startswith(broken)
    assert not isinstance(error.value, ValueError)  # as all errors of input are


def test_a_fault_while_encoding_or_copying_opus_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = Recording.from_bytes(WAV)
    copied = Recording.from_bytes(encode(tone(rate=48_000), 48_000, "webm", "libopus"))
    monkeypatch.setattr("av.open", _open)
    for recording in (encoded, copied):
        with pytest.raises(InternalError, match="TypeError"):
            recording.to_ogg_opus()


def test_a_fault_while_resampling_an_array_is_an_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("av.filter.Graph", Lacking)
    with pytest.raises(InternalError, match="AttributeError"):
        Recording.from_array(tone(rate=8_000), 8_000)


def test_the_command_line_tells_a_fault_in_one_line_and_exits_with_1(run: Callable[..., Result], broken: str) -> None:
    Path("a.wav").write_bytes(STEREO)
    ended = run("assess", "a.wav", "--text", TEXT)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.count("\n") == 1
    assert_ours(ended.stderr, broken)


@pytest.mark.parametrize("env", [{}, {"PRONOUNCE_KIT_DEBUG": "1"}])
def test_debug_adds_the_traceback_of_what_it_was(
    run: Callable[..., Result], broken: str, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("a.wav").write_bytes(STEREO)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    ended = run(*([] if env else ["--debug"]), "assess", "a.wav", "--text", TEXT)
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Traceback (most recent call last):")
    assert f"\n{broken}" in ended.stderr
    assert_ours(ended.stderr.splitlines()[-1], broken)
    assert "Traceback" not in run("assess", "absent.wav", "--text", TEXT).stderr or env


def test_a_batch_tells_faults_apart_from_recordings_that_cannot_be_read(
    run: Callable[..., Result], tmp_path: Path, broken: str, speech: pk.LocalSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"audio": STEREO, "text": TEXT}, {"audio": b"", "text": TEXT}]
    with pytest.warns(UserWarning, match="1 of 2 rows"):
        result = pk.assess_batch(rows, service=speech, progress=False)
    assert result.failures["error"].tolist() == ["InternalError", "InputError"]
    assert_ours(result.failures["reason"][0], broken)
    assert result.summary().startswith("None of 2 readings assessed, 1 by a fault of the program, in ")
    assert "nothing is wrong with the recording: please report it" in result._repr_html_()
    monkeypatch.setattr("pronounce_kit.local.LocalSpeech", lambda: speech)
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "Ann_a.wav").write_bytes(STEREO)
    ended = run("batch", "r", "--text", TEXT)
    assert ended.exit_code == 1
    assert "1 by a fault of the program" in ended.stdout
    assert "please report it" in ended.stdout


def test_a_widget_tells_the_student_that_the_recording_is_kept_and_whom_to_show_the_fault(
    tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    take = keep(STEREO, tmp_path)
    assert take.path is not None
    assert take.path.read_bytes() == STEREO
    assert take.recording is None
    assert take.problem is not None
    assert take.problem.startswith(
        f"Something in the program broke. Your recording is kept: {take.path}. Show this to your teacher: {broken}"
    )
    assert f"av {av.__version__}" in take.problem
    assert not any(words in take.problem for words in BLAME)
    assert "Traceback" in caplog.text  # for whoever looks into it


def test_a_recorder_shows_a_fault_and_keeps_the_take(broken: str, tmp_path: Path) -> None:
    pytest.importorskip("anywidget", reason="needs anywidget (make install)")
    recorder = pk.widgets.Recorder(folder=tmp_path)
    recorder.send = lambda *_, **__: None
    recorder._handle_custom_msg({"kind": "take", "id": "1"}, [memoryview(STEREO)])
    assert recorder.error.startswith("Something in the program broke. Your recording is kept: ")
    assert recorder.path is not None
    assert recorder.recording is None


# --- the other packages -----------------------------------------------------------------------------------------


def _unknown(*_: Any, **__: Any) -> None:
    raise TypeError("run() takes 2 positional arguments but 3 were given")


def test_a_fault_of_onnxruntime_is_nobody_elses(speech: pk.LocalSpeech, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    monkeypatch.setattr(Graph, "_session", type("Session", (), {"run": _unknown})(), raising=False)
    graph = Graph.__new__(Graph)
    with pytest.raises(InternalError) as error:
        graph.run(x=np.zeros(1))
    assert_ours(str(error.value), "TypeError: run() takes")
    assert f"onnxruntime {onnxruntime.__version__}" in error.value.versions
    monkeypatch.setattr("onnxruntime.InferenceSession", _unknown)
    with pytest.raises(InternalError, match="TypeError"):  # not a MissingDependencyError about hama
        HamaModel()


def test_a_graph_that_onnxruntime_refuses_is_told_as_that() -> None:
    with pytest.raises(ValueError, match="rotobuf"):
        Graph(b"no graph")


def test_a_fault_of_the_grapheme_to_phoneme_converter_is_not_the_texts(
    speech: pk.LocalSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hibari.g2p import G2P

    monkeypatch.setattr(G2P, "tokenize", _unknown)
    with pytest.raises(InternalError) as error:
        speech.assess(Recording(tone()), "A text that is not in any cache.")
    assert_ours(str(error.value), "TypeError: run() takes")
    assert "not of your text" in str(error.value)


@pytest.mark.parametrize("text", ["Hello ❻z there.", "It has " + "9" * 60 + " seats."])
def test_a_text_that_the_converter_cannot_read_is_a_text_error(speech: pk.LocalSpeech, text: str) -> None:
    with pytest.raises(pk.TextError, match="cannot be turned into sounds"):
        speech.assess(Recording(tone()), text)


# --- what is no fault -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [MemoryError(), av.error.MemoryError(12, "Cannot allocate memory")])
def test_memory_that_runs_out_while_decoding_is_told_as_that(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def _full(*_: Any, **__: Any) -> None:
        raise error

    for place in ("av.open", "av.filter.Graph", "pronounce_kit._codec._array"):
        with monkeypatch.context() as patch:
            patch.setattr(place, _full)
            with pytest.raises(pk.AudioError, match="too large to decode in memory"):
                Recording.from_bytes(STEREO)


def test_memory_that_runs_out_elsewhere_is_no_fault_to_report() -> None:
    error = internal_error(MemoryError("Unable to allocate 9 GiB"))
    assert isinstance(error, InternalError)
    assert str(error).startswith("There is not enough memory for this; your input is not at fault: MemoryError: Unable")
    assert "report" not in str(error)


@pytest.mark.parametrize("container", ["mp3", "flac", "wav", "mpegts", "flv"])
def test_tags_in_another_encoding_than_utf_8_do_not_matter(container: str) -> None:
    codec = {"flac": "flac", "wav": "pcm_s16le", "mpegts": "aac"}.get(container, "libmp3lame")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        file.metadata.update({"title": "XXXXXXXX", "service_name": "XXXXXXXX", "artist": "XXXXXXXX"})
        stream = file.add_stream(codec, rate=44_100 if codec == "libmp3lame" else 48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(tone(rate=stream.rate)[None], "flt", "mono")
        frame.sample_rate = stream.rate
        resampler = av.AudioResampler(
            stream.codec_context.format, "mono", stream.rate, stream.codec_context.frame_size or None
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            file.mux(stream.encode(piece))
    data = buffer.getvalue()
    assert b"XXXXXXXX" in data
    recording = Recording.from_bytes(data.replace(b"XXXXXXXX", "Gr\xfc\xdfe \xe9\xe8".encode("latin-1")))
    assert recording.duration_s == pytest.approx(1, abs=0.1)


def test_a_track_that_this_ffmpeg_has_no_decoder_for_is_unreadable_not_a_fault() -> None:
    data = encode(tone(rate=48_000), 48_000, "webm", "libopus").replace(b"A_OPUS", b"A_NONE")
    with pytest.raises(pk.AudioError, match="begins like WebM but holds no sound that can be decoded"):
        Recording.from_bytes(data)


def test_a_decoder_that_refuses_what_the_header_says_is_no_fault() -> None:
    data = encode(tone(rate=8_000), 8_000, "wav", "adpcm_ima_wav")
    for bits in (b"\xff\xff", b"\x07\0"):  # a sample: neither can be
        with pytest.raises(pk.AudioError, match=r"holds no sound that can be decoded|has no audio track"):
            Recording.from_bytes(data[:32] + b"\xff\xff" + bits + data[36:])


def test_opus_without_its_head_is_encoded_anew_rather_than_copied() -> None:
    whole = encode(tone(rate=48_000), 48_000, "webm", "libopus")
    recording = Recording.from_bytes(whole.replace(b"OpusHead", b"OpusDead"))
    assert Recording.from_bytes(recording.to_ogg_opus()).duration_s == pytest.approx(recording.duration_s, abs=0.05)


def test_mutated_files_are_recordings_or_audio_errors_and_no_faults() -> None:
    outcome = fuzz_recordings.run(400, seed=3)
    assert outcome.problems == []
    assert outcome.endings["a recording"] > 100
    assert sum(times for ending, times in outcome.endings.items() if ending.startswith("AudioError")) > 100


# --- the helper -------------------------------------------------------------------------------------------------


def test_a_fault_is_wrapped_once_however_often_it_is_raised_again() -> None:
    with pytest.raises(InternalError) as error, blamed_on("numpy"), blamed_on("av"), blamed_on():
        {}["missing"]
    assert str(error.value).count("This is a fault") == 1
    assert isinstance(error.value.__cause__, KeyError)
    assert internal_error(error.value) is error.value


def test_errors_of_our_own_and_those_that_are_expected_pass() -> None:
    with pytest.raises(pk.TextError), blamed_on("av"):
        raise pk.TextError("It is empty.")
    with pytest.raises(IndexError), blamed_on("av", unless=(IndexError,)):
        [][0]
    with pytest.raises(KeyboardInterrupt), blamed_on("av"):
        raise KeyboardInterrupt


def test_the_report_names_the_packages_that_the_error_came_through() -> None:
    import pandas as pd

    try:
        pd.DataFrame({"a": [1]})["b"]
    except KeyError as error:
        made = internal_error(error, "av")
    assert isinstance(made, InternalError)
    assert f"pandas {pd.__version__}" in made.versions
    assert f"av {av.__version__}" in made.versions
    assert made.versions.startswith(f"Python {sys.version.split()[0]}, pronounce_kit {pk.__version__}, ")


def test_the_message_is_one_short_line_whatever_the_other_package_says() -> None:
    error = internal_error(RuntimeError("a\nb " * 1000))
    assert "\n" not in str(error)
    assert len(str(error)) < 1000


def test_an_internal_error_survives_the_way_to_another_process() -> None:
    error = internal_error(RuntimeError("x"))
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert isinstance(error, InternalError)
    assert (str(again), again.fault, again.versions) == (str(error), error.fault, error.versions)


def test_no_error_of_input_is_an_internal_error() -> None:
    from pronounce_kit import errors

    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    assert {kind for kind in kinds if issubclass(kind, InternalError)} == {InternalError}
    assert not issubclass(InternalError, (ValueError, ImportError))
