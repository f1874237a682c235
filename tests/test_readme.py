"""What the README shows is true: its Python and shell blocks run, and what it names is there.

The blocks run in order, in a folder with the files that they name: recordings are the model voice reading the text that
stands beside their name, a roster and a gradebook are those of a class of two. A block whose fence says `notest` after
its language is left out.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    tomllib = pytest.importorskip("tomli")

from pronounce_kit.cli import main
from pronounce_kit.local import LocalSpeech
from pronounce_kit.recording import Recording

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOUND = r"[\w./-]+\.(?:wav|m4a|mp3|ogg|flac|webm)"
TEXT = "Good morning."


class Block(NamedTuple):
    """A fenced block."""

    language: str
    code: str


def blocks() -> Iterator[Block]:
    for info, code in re.findall(r"^```([^\n]*)\n(.*?)^```", README, flags=re.M | re.S):
        language, *marks = info.split() or [""]
        if "notest" not in marks:
            yield Block(language, code)


PYTHON = [block.code for block in blocks() if block.language in ("python", "py", "pycon")]
SHELL = [
    line.removeprefix("$ ").strip()
    for block in blocks()
    if block.language in ("", "sh", "bash", "shell", "console")
    for line in block.code.replace("\\\n", " ").splitlines()
    if line.strip()
]
COMMANDS = [line for line in SHELL if re.match(r"(\w+=\S* )*pronounce-kit\b", line)]
INLINE = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", re.sub(r"^```.*?^```", "", README, flags=re.M | re.S))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, speech: LocalSpeech) -> Path:
    """A folder with what the blocks read."""
    where = tmp_path_factory.mktemp("readme")
    written = {match[1] for line in SHELL for match in re.finditer(rf"(?:-o|--out) ({SOUND})", line)}
    code = "\n".join([*PYTHON, *COMMANDS])
    for name in sorted(set(re.findall(SOUND, code)) - written):
        beside = re.search(rf"{re.escape(name)}\W[^\n]*?\"([A-Z][^\"]*[.!?])\"", code)
        write_sound(where / name, speech.synthesize(beside[1] if beside else TEXT))
    (where / "recordings").mkdir(exist_ok=True)
    rows = ["student,class,task,audio,text"]
    for student in ("Ada", "Ben"):
        write_sound(where / "recordings" / f"{student}_1.wav", speech.synthesize(TEXT))
        (where / "recordings" / f"{student}_1.txt").write_text(TEXT)
        rows.append(f"{student},5b,Greeting,recordings/{student}_1.wav,{TEXT}")
    (where / "roster.csv").write_text("\n".join(rows))
    return where


def write_sound(path: Path, wav: bytes) -> None:
    """A sound file in the format of its suffix."""
    import av

    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".wav":
        path.write_bytes(wav)
        return
    codec = {".m4a": "aac", ".mp3": "mp3", ".flac": "flac"}.get(path.suffix, "libopus")
    recording = Recording.from_bytes(wav)
    with av.open(str(path), "w", format="ipod" if path.suffix == ".m4a" else None) as file:
        stream = file.add_stream(codec, rate=recording.sample_rate, layout="mono")
        sound = (recording.samples * 32767).astype("int16").reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(sound, format="s16", layout="mono")
        frame.sample_rate = recording.sample_rate
        resampler = av.AudioResampler(stream.codec_context.format, "mono", stream.codec_context.sample_rate)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))


def test_the_readme_has_python_and_commands_to_try() -> None:
    assert PYTHON
    assert COMMANDS


def test_the_python_blocks_run_one_after_the_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    for name in ("SPEECH_KEY", "SPEECH_REGION", "SPEECH_ENDPOINT", "ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    names: dict[str, object] = {}
    for number, code in enumerate(PYTHON, start=1):
        exec(compile(code, f"README.md, Python block {number}", "exec"), names)  # noqa: S102 - our own README


def test_the_commands_run_one_after_the_other(folder: Path) -> None:
    for line in COMMANDS:
        code, output = run(line, folder)
        assert code == 0, f"{line}\n{output}"


def run(line: str, folder: Path) -> tuple[int, str]:
    """A line of shell with our commands in it; a server is stopped once it has served its page."""
    keys = ("SPEECH_KEY", "SPEECH_REGION", "SPEECH_ENDPOINT", "ENDPOINT")
    environment = {name: value for name, value in os.environ.items() if name not in keys}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    environment["PYTHONUNBUFFERED"] = "1"
    serves = " serve" in line
    if serves and "--port" not in line:
        line = line.replace(" serve", " serve --port 0")
    process = subprocess.Popen(
        ["/bin/sh", "-c", f"exec env {line}" if serves else line],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process, contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        assert process.stdout is not None
        shown = []
        for text in process.stdout:
            shown.append(text)
            if serves and text.startswith("Serving at"):
                with urlopen(text.split()[2], timeout=60) as page:  # noqa: S310 - its page; a request waits for its start
                    page.read()
                process.send_signal(signal.SIGINT)
        return process.wait(), "".join(shown)


def test_every_command_named_in_the_text_exists_with_its_options() -> None:
    for code in INLINE:
        if not code.startswith("pronounce-kit "):
            continue
        _, name, *arguments = shlex.split(code)
        assert name in main.commands, code
        known = {option for parameter in main.commands[name].params for option in parameter.opts}
        assert {word.partition("=")[0] for word in arguments if word.startswith("-")} <= known, code


def test_every_name_of_the_package_in_the_text_exists() -> None:
    pytest.importorskip("anywidget", reason="the text names widgets")
    import pronounce_kit as pk

    for code in [*INLINE, *PYTHON]:
        for path in re.findall(r"\bpk((?:\.[A-Za-z_]\w*)+)", code):
            value: object = pk
            for name in path.split(".")[1:]:
                assert hasattr(value, name), f"pk{path}"
                value = getattr(value, name)


def test_every_extra_that_is_to_be_installed_exists() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {extra for extras in re.findall(r"pronounce-kit\[([\w,-]+)\]", README) for extra in extras.split(",")}
    assert named <= project["optional-dependencies"].keys()


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.M))
    named = re.findall(r"^make ([a-z]+)", "\n".join([*SHELL, *INLINE]), flags=re.M)
    assert set(named) <= targets


def test_every_module_to_be_run_exists() -> None:
    named = re.findall(r"python3? -m ([\w.]+)", "\n".join([*SHELL, *INLINE]))
    assert [name for name in named if importlib.util.find_spec(name) is None] == []


def test_every_file_that_is_linked_exists() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", README)
    assert [link for link in links if "://" not in link and not (ROOT / link.partition("#")[0]).exists()] == []
