from __future__ import annotations

from pathlib import Path

import pytest

from tests.batch.tiny import Tiny, beeps


@pytest.fixture
def tiny(tmp_path: Path) -> Tiny:
    """A small service that counts how often it was asked."""
    return Tiny(log=tmp_path / "calls.log")


@pytest.fixture
def items(tmp_path: Path) -> list[dict[str, object]]:
    """Eight readings by four students, in files."""
    folder = tmp_path / "audio"
    folder.mkdir()
    rows: list[dict[str, object]] = []
    for number in range(8):
        path = folder / f"take{number}.wav"
        path.write_bytes(beeps(number))
        text = f"This is reading number {number}."
        rows.append({"student": f"Student {number % 4}", "text": text, "audio": path, "task": f"week {number // 4}"})
    return rows


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, name in enumerate(("a.wav", "b.wav")):
        (tmp_path / name).write_bytes(beeps(number))
    return tmp_path
