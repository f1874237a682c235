from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pronounce_kit.local import LocalSpeech

# Whoever runs the tests may have set these for work of their own; here, and in the processes that tests start, they
# would change what is asked of a service, and what is written where.
for _name in ("SPEECH_KEY", "SPEECH_REGION", "SPEECH_ENDPOINT", "ENDPOINT", "PRONOUNCE_KIT_DEBUG", "FORCE_COLOR",
              "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS", "MPLBACKEND", "PYTHONUNBUFFERED"):  # fmt: skip
    os.environ.pop(_name, None)

# The same examples every time, and no test that fails because the machine is slow.
settings.register_profile("kit", deadline=None, derandomize=True, database=None, print_blob=True)
settings.load_profile("kit")


@pytest.fixture
def timezone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Sets where this computer is, such as "Europe/Berlin"."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of a Windows process cannot be set")

    def move_to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield move_to
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(scope="session")
def speech() -> LocalSpeech:
    """The embedded engine, loaded once for all tests."""
    from pronounce_kit.local import LocalSpeech

    return LocalSpeech().load()
