"""What the README shows runs: its Python as it stands, its commands as a shell splits them."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("hibari", reason="the README's examples need the embedded engine")

import itertools

import pronounce_kit as pk

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
LINES = [
    line.partition("  #")[0].strip() for language, code in BLOCKS if language != "python" for line in code.splitlines()
]
KIT = [line for line in LINES if line.startswith("pronounce-kit ")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with every recording that the README names, made by the model voice."""
    names = set(re.findall(r"[\w-]+\.(?:m4a|wav|flac|mp3|ogg)\b", "\n".join([*PYTHON, *KIT])))
    spoken = pk.Recording.from_bytes(pk.LocalSpeech().synthesize("Good morning."))
    for name in names:
        (tmp_path / name).write_bytes(spoken.to_wav())  # what a file holds is told by its bytes, not by its name
    for variable in ("SPEECH_KEY", "SPEECH_REGION", "SPEECH_ENDPOINT", "ENDPOINT"):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def test_there_is_python_and_there_are_commands_to_run() -> None:
    assert PYTHON
    assert KIT


@pytest.mark.parametrize("code", PYTHON)
def test_a_block_of_python_runs(code: str, folder: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("line", KIT)
def test_a_command_runs_and_writes_what_it_says(line: str, folder: Path) -> None:
    words = shlex.split(line)
    command = [sys.executable, "-m", "pronounce_kit", *words[1:]]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    written = [file for option, file in itertools.pairwise(words) if option in ("-o", "--html", "--csv")]
    assert [file for file in written if not (folder / file).stat().st_size] == []


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = {line.split()[1] for line in LINES if line.startswith("make ")}
    named |= set(re.findall(r"`make ([a-z]+)", README))
    assert {"demo", "test"} <= named <= targets


def test_every_command_that_is_named_exists() -> None:
    from pronounce_kit.cli import main

    named = set(re.findall(r"pronounce-kit ([a-z]+)", README))
    assert {"demo", "assess", "say"} <= named <= set(main.commands)
