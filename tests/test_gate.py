"""The release gate lets nothing pass that failed, was not counted, or was helped by this machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("pwd", reason="the gate runs on Linux and macOS")
from . import gate

PYTHON = gate.Python((3, 12, 1), sys.executable)


@pytest.fixture(autouse=True)
def _logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "ROOT", tmp_path)
    monkeypatch.setattr(gate, "LOGS", tmp_path)


def ran(script: str) -> gate.Result:
    """What a run comes to whose only command is this Python script."""
    return gate.Run("try", PYTHON, lambda steps, python: steps.run(python.program, "-c", script))(os.environ)


@pytest.mark.parametrize(
    ("last", "counts"),
    [
        ("1204 passed, 2 skipped in 61.30s (0:01:01)", [1204, 0, 2]),
        ("=== 3 failed, 1204 passed, 2 skipped, 4 warnings, 1 error in 61.30s ===", [1204, 4, 2]),
        ("9 passed, 0 failed", [9, 0, 0]),
        ("1 passed in 0.1s\nand a line more", [0, 0, 0]),
    ],
)
def test_the_last_line_of_a_command_is_counted(last: str, counts: list[int]) -> None:
    assert list(ran(f"print({last!r})").counts.values()) == counts


@pytest.mark.parametrize("output", ["", "1204 passed in 3.1s"])
def test_a_command_that_ends_badly_is_a_failure_whatever_it_says(output: str) -> None:
    result = ran(f"import sys; print({output!r}); sys.exit(3)")
    assert result.counts["failed"] == 1
    assert result.broken.endswith("exit code 3")


def test_nothing_runs_after_a_command_that_ended_badly(tmp_path: Path) -> None:
    def work(steps: gate.Steps, python: gate.Python) -> None:
        steps.run(python.program, "-c", "raise SystemExit(1)")
        (tmp_path / "went on").touch()

    assert gate.Run("try", PYTHON, work)(os.environ).broken
    assert not (tmp_path / "went on").exists()


def test_a_failure_shows_the_end_of_its_log_and_decides_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = ran("print('2 passed in 1s')"), ran("print('what went wrong'); raise SystemExit(1)")
    assert gate.report([good], [PYTHON]) == 0
    assert capsys.readouterr().out.endswith("\n2 passed, 0 failed\n")
    assert gate.report([good, bad], [PYTHON]) == 1
    out = capsys.readouterr().out
    assert "what went wrong" in out
    assert out.endswith("\n2 passed, 1 failed\n")


def test_what_this_machine_cannot_tell_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    gate.report([], [PYTHON])
    out = capsys.readouterr().out
    assert "Fewer than two minor versions of Python are here (3.12.1)" in out
    assert "the lowest versions were not tried" in out
    assert not gate.gaps([gate.Python((3, 10, 2), "python3.10"), PYTHON])


def test_commands_know_nothing_of_this_machine_but_its_programs_and_its_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_CONSTRAINT", "PYTHONPATH", "SPEECH_KEY", "VIRTUAL_ENV"):
        monkeypatch.setenv(name, "of this machine")
    monkeypatch.setenv("SSL_CERT_FILE", "certificates.pem")
    with gate.environment() as environment:
        assert "of this machine" not in environment.values()
        assert environment["SSL_CERT_FILE"] == "certificates.pem"
        assert not list(Path(environment["HOME"]).iterdir())


def test_every_minor_version_is_found_once_this_one_among_them() -> None:
    minors = [python.minor for python in gate.pythons()]
    assert minors == sorted(set(minors))
    assert sys.version_info.releaselevel != "final" or sys.version_info[:2] in minors


def test_behind_an_environment_the_python_that_made_it_is_found(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path], check=True)
    found = gate.asked(str(tmp_path / "bin" / "python3"))
    assert found is not None
    assert tmp_path not in Path(found.program).parents


def test_a_program_that_is_no_python_is_passed_over(tmp_path: Path) -> None:
    program = tmp_path / "python3.12"
    program.write_text("#!/bin/sh\necho Hello\n", "utf-8")
    program.chmod(0o755)
    assert gate.asked(str(program)) is None
