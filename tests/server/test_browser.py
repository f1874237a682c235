"""The page in a real browser, with a sound file for a microphone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pronounce_kit.local import LocalSpeech
from pronounce_kit.recording import Recording

from .conftest import Spoken
from .live import KEY, TEXT, Live

pytestmark = pytest.mark.slow

ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
).split()

FAKE_MICROPHONE = "--use-fake-device-for-media-stream"
ALLOWED = "--use-fake-ui-for-media-stream"

Browser = Callable[..., Any]


@pytest.fixture
def browser() -> Browser:
    """Opens a page in Chromium, with arguments of its command line."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (PyPI)")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("needs Chromium (Debian package: chromium)")

    @contextmanager
    def opened(url: str, *arguments: str) -> Iterator[Any]:
        with sync_api.sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS, *arguments])
            page = chromium.new_page()
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("request", lambda request: request.url.startswith((url, "blob:")) or errors.append(request.url))
            page.goto(url)
            yield page
            assert not errors
            chromium.close()

    return opened


def hearing(samples: np.ndarray, folder: Path) -> tuple[str, ...]:
    """Arguments of a browser whose microphone hears these samples once."""
    microphone = folder / "microphone.wav"
    microphone.write_bytes(Recording(samples.astype(np.float32)).to_wav())
    return (FAKE_MICROPHONE, ALLOWED, f"--use-file-for-fake-audio-capture={microphone}%noloop")


def test_a_reader_records_with_the_keyboard_alone_and_sees_the_words(
    live: Live, browser: Browser, spoken: Spoken, tmp_path: Path
) -> None:
    silence = np.zeros(16000, np.float32)
    said = Recording.from_bytes(spoken.wav).samples
    arguments = hearing(np.concatenate([silence, said, silence]), tmp_path)
    with browser(live.url + "/", *arguments) as page:
        for keys in (KEY, TEXT):
            page.keyboard.press("Tab")
            page.keyboard.press("Control+A")
            page.keyboard.type(keys)
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.wait_for_selector("#record.on")
        page.wait_for_timeout(3000)
        page.keyboard.press("Space")  # the button still has the focus
        page.wait_for_selector("#result .pk-word", timeout=20_000)
        assert page.locator("#result .pk-sentence .pk-word").all_inner_texts() == ["Good", "morning"]
        assert page.inner_text("#spoken")
        assert page.inner_text("#error") == ""
        assert page.get_attribute("#own", "src").startswith("blob:")
        page.click("#listen")
        page.wait_for_timeout(300)
        assert page.inner_text("#error") == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([FAKE_MICROPHONE, "--deny-permission-prompts"], "The microphone is blocked."),
        ([ALLOWED], "There is no microphone."),
    ],
)
def test_a_problem_with_the_microphone_is_told_in_plain_words(
    speech: LocalSpeech, browser: Browser, arguments: list[str], said: str
) -> None:
    with Live(speech, key=None) as live, browser(live.url + "/", *arguments) as page:
        page.click("#record")
        page.wait_for_selector("#error p")
        assert page.inner_text("#error").startswith(said)
        assert page.inner_text("#record-label") == "Record"


def test_a_page_from_an_insecure_address_says_what_to_open_instead(speech: LocalSpeech, browser: Browser) -> None:
    with Live(speech, key=None) as live:
        url = f"http://insecure.test:{live.port}/"
        with browser(url, "--host-resolver-rules=MAP insecure.test 127.0.0.1") as page:
            page.click("#record")
            page.wait_for_selector("#error p")
            assert "http://localhost, or upload a recording" in page.inner_text("#error")
            assert page.is_visible("#upload")


def test_a_wrong_key_is_told_and_the_recording_is_kept(live: Live, browser: Browser) -> None:
    with browser(live.url + "/", FAKE_MICROPHONE, ALLOWED) as page:
        page.click("#record")
        assert page.inner_text("#error").startswith("Type the key first.")
        page.fill("#key", "wrong")
        page.click("#record")
        page.wait_for_selector("#record.on")
        page.wait_for_timeout(700)
        page.click("#record")
        page.wait_for_selector("#error p")
        assert page.inner_text("#error").startswith("The server does not accept this key.")
        page.fill("#key", KEY)
        page.click("#again")
        page.wait_for_selector("#result .pk", timeout=20_000)
        assert page.inner_text("#error") == ""


def test_a_take_that_the_browser_cannot_read_is_told_and_the_next_one_is_scored(
    speech: LocalSpeech, browser: Browser
) -> None:
    with Live(speech, key=None) as live, browser(live.url + "/", FAKE_MICROPHONE, ALLOWED) as page:
        page.evaluate(
            "() => { delete window.AudioWorkletNode; window.pkDecode = OfflineAudioContext.prototype.decodeAudioData;"
            " OfflineAudioContext.prototype.decodeAudioData = () => Promise.reject(new Error()); }"
        )
        for seen in ("#error p:has-text('The browser cannot read this sound.')", "#result .pk"):
            page.click("#record")
            page.wait_for_selector("#record.on")
            page.wait_for_timeout(700)
            page.click("#record")
            page.wait_for_selector(seen, timeout=20_000)
            assert page.inner_text("#record-label") == "Record"
            page.evaluate("() => { OfflineAudioContext.prototype.decodeAudioData = pkDecode; }")
        assert page.inner_text("#error") == ""


def test_an_uploaded_recording_is_scored(speech: LocalSpeech, browser: Browser, spoken: Spoken, tmp_path: Path) -> None:
    recording = tmp_path / "said.ogg"
    recording.write_bytes(Recording.from_bytes(spoken.wav).to_ogg_opus())
    with Live(speech, key=None) as live, browser(live.url + "/") as page:
        page.fill("#text", TEXT)
        page.click("summary")
        page.set_input_files("#upload", recording)
        page.wait_for_selector("#result .pk-word", timeout=20_000)
        assert page.locator("#result .pk-sentence .pk-word").all_inner_texts() == ["Good", "morning"]
        assert page.inner_text("#error") == ""


def test_an_upload_that_is_no_sound_or_too_long_is_told(speech: LocalSpeech, browser: Browser, tmp_path: Path) -> None:
    text, long, longer = tmp_path / "notes.wav", tmp_path / "long.wav", tmp_path / "longer.wav"
    text.write_text("This is not sound.")
    for file, seconds in ((long, 60.3), (longer, 70)):
        file.write_bytes(Recording(np.zeros(int(seconds * 16_000), np.float32)).to_wav())
    with Live(speech, key=None) as live, browser(live.url + "/") as page:
        page.click("summary")
        for file, said in (
            (text, "The browser cannot read this sound."),
            (long, "This recording is 61 seconds long, and at most 60 seconds are scored."),
            (longer, "This recording is 70 seconds long, and at most 60 seconds are scored."),
        ):
            page.set_input_files("#upload", file)
            page.wait_for_function("said => document.getElementById('error').innerText.startsWith(said)", arg=said)


def test_silence_is_told_before_it_is_scored(speech: LocalSpeech, browser: Browser, tmp_path: Path) -> None:
    with Live(speech, key=None) as live, browser(live.url + "/", *hearing(np.zeros(32_000), tmp_path)) as page:
        page.click("#record")
        page.wait_for_selector("#record.on")
        page.wait_for_selector("#status:has-text('Nothing is heard so far.')")
        page.click("#record")
        page.wait_for_selector("#error p")
        assert page.inner_text("#error").startswith("Nothing was heard")
        assert page.inner_html("#result") == ""
        page.click("#again")  # for whoever knows better
        page.wait_for_selector("#result .pk", timeout=20_000)
