"""SIGKILL at random moments; the full run is `python -m tests.batch.kills CORPUS --count 200 --kills 20`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.batch.kills import UNDER_WAY, torment, write_roster
from tests.batch.tiny import beeps


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL on Windows")
def test_a_batch_killed_at_random_moments_and_resumed_ends_as_one_that_was_let_alone(tmp_path: Path) -> None:
    rows = []
    for number in range(24):
        path = tmp_path / f"take{number}.wav"
        path.write_bytes(beeps(number))
        os.utime(path, (1_700_000_000 + number // 8, 1_700_000_000 + number // 8))  # many of the same moment
        rows.append({"student": f"Student {number % 5}", "text": f"Reading {number} of many.", "audio": path})
    outcome = torment(tmp_path, write_roster(tmp_path / "roster.csv", rows), kills=4, engine=False)
    assert outcome.readings == 24
    assert outcome.differences == ()
    assert outcome.calls <= 24 + 4 * UNDER_WAY
    assert any(0 < stored < 24 for stored in outcome.resumed_at), "a kill came in the middle of the work"
