"""One browser, and one server per front end, for all tests of this folder."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from pronounce_kit import LocalSpeech, Recording

from . import harness

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Jupyter = Callable[[str], harness.Server]

# "package", not "session": while playwright runs, no other test can run an event loop of its own.


@pytest.fixture(scope="package")
def _chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Browser, harness.Microphone]]:
    for package in ("playwright", "jupyterlab", "notebook", "voila", "anywidget"):
        pytest.importorskip(package, reason=f"needs {package} (make install)")
    if harness.chromium_program() is None:
        pytest.skip("needs chromium (Debian package: chromium)")
    with harness.chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture(scope="package")
def browser(_chromium: tuple[Browser, harness.Microphone]) -> Browser:
    """Headless Chromium."""
    return _chromium[0]


@pytest.fixture(scope="package")
def microphone(_chromium: tuple[Browser, harness.Microphone]) -> harness.Microphone:
    """What the browser's pages hear: `microphone.play(recording)` before a take."""
    return _chromium[1]


@pytest.fixture(scope="package")
def speaking() -> Recording:
    """Two words of the model voice, 1.4 s; of the engine only the voice is loaded."""
    return Recording.from_bytes(LocalSpeech().synthesize("Good morning."))


@pytest.fixture(scope="package")
def jupyter(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """`jupyter("lab")` is the running server of that front end, started when it is first asked for."""
    with contextlib.ExitStack() as stack:
        running: dict[str, harness.Server] = {}

        def started(front_end: str) -> harness.Server:
            if front_end not in running:
                folder = tmp_path_factory.mktemp(front_end)
                running[front_end] = stack.enter_context(harness.server(front_end, folder))
            return running[front_end]

        yield started
