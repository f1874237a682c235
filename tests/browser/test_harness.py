"""What the browser tests are built on tells a widget's faults from Jupyter's, and a spoiled recording from another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pronounce_kit import Recording

from .harness import Kernel, Screen, likeness

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


def test_only_what_a_widget_has_a_part_in_is_a_complaint(browser: Browser) -> None:
    page = browser.new_page()
    screen = Screen(page, Kernel(Path()), Path())
    screen.listen()
    page.evaluate(
        """() => {
          console.warn("Plugin anywidget:pronounce is taking too long to activate.");
          console.warn("Plugin anywidget:pronounce (with 2 dependants) took 2034.50ms to activate.");
          console.warn("Something else of Jupyter.");
          console.log("[anywidget] is here");
          console.warn("[anywidget] the module is slow to activate.");
          console.error("Plugin 'pronounce' failed to activate.");
        }"""
    )
    page.close()
    assert [said.partition("\n")[0] for said in screen.complaints] == [
        "warning: [anywidget] the module is slow to activate.",
        "error: Plugin 'pronounce' failed to activate.",
    ]


def test_a_recording_with_a_gap_holds_the_same_speech_but_not_as_a_whole(speaking: Recording) -> None:
    silence = np.zeros(16000, np.float32)
    whole = Recording(np.concatenate([silence, speaking.samples, silence]))
    gap = Recording(np.delete(whole.samples, slice(24000, 24800)))
    noise = Recording(np.random.default_rng(1).normal(0, 0.1, 48000).astype(np.float32))
    assert min(likeness(whole, speaking), likeness(whole, speaking, parts=1), likeness(gap, speaking)) > 0.9
    assert likeness(gap, speaking, parts=1) < 0.8
    assert likeness(noise, speaking) < 0.2
    assert likeness(Recording(silence), speaking) < 0.2
