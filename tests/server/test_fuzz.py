from __future__ import annotations

import pytest

from pronounce_kit.local import LocalSpeech

from .fuzz import run


@pytest.mark.slow
def test_no_request_brings_the_server_down_or_makes_it_tell(speech: LocalSpeech) -> None:
    outcome = run(speech, count=2_000, seed=20180423)
    assert not outcome.problems, "\n".join(outcome.problems[:5])
    assert sum(outcome.statuses.values()) == 2_000
    assert {200, 400, 401, 403, 404, 405, 415} <= set(outcome.statuses)
    assert outcome.memory_mb[-1] - outcome.memory_mb[2] < 150
