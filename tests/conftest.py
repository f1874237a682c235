from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pronounce_kit.local import LocalSpeech


@pytest.fixture(scope="session")
def speech() -> LocalSpeech:
    """The embedded engine, loaded once for all tests."""
    from pronounce_kit.local import LocalSpeech

    return LocalSpeech().load()
