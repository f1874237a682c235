from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pronounce_kit.local import LocalSpeech

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
