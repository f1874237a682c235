"""widgets.Recorder in JupyterLab, Notebook 7 and Voila, with a sound file for a microphone."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pronounce_kit import Recording

from .conftest import Jupyter
from .harness import FRONT_ENDS, Microphone, Screen, likeness, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = pytest.mark.slow

TAKE_MS = 1600  # the whole of `speaking`
SHORT_MS = 900  # some of it: how long a take is and what was heard in it is left to the machine


@pytest.fixture(autouse=True)
def _speak(microphone: Microphone, speaking: Recording) -> None:
    microphone.play(speaking)


@pytest.fixture(scope="module")
def lab(jupyter: Jupyter, browser: Browser) -> Iterator[Screen]:
    """A notebook in JupyterLab with several recorders, each in a folder of its own."""
    cells = [
        f"{name} = pk.widgets.Recorder(folder={name!r}{arguments})\n{name}.add_class({name!r})\n{name}"
        for name, arguments in {
            "first": "",
            "second": "",
            "broken": ", on_take=lambda recording: 1 / 0",
            "webrtc": ', backend="ipywebrtc"',
        }.items()
    ]
    with jupyter("lab").open(browser, *cells, size=(1280, 1500)) as screen:
        yield screen
        assert not screen.complaints
        assert screen.live_microphones() == 0


class Recorder:
    """A recorder on the screen; `name` is its variable in the notebook, and its class on the page."""

    def __init__(self, screen: Screen, name: str, selector: str | None = None) -> None:
        self.screen = screen
        self.name = name
        self.root: Locator = screen.page.locator(selector or f".{name} .pk-recorder").first
        self.button = self.root.locator(".pk-record")

    def start(self) -> None:
        self.button.click()
        self.reach("recording")

    def reach(self, state: str) -> None:
        until(lambda: self.root.get_attribute("data-state") == state, f"{self.name} to be {state}")

    def become(self, outcome: str) -> None:
        until(lambda: self.root.get_attribute("data-take") == outcome, f"the take to be {outcome}")

    def take(self, milliseconds: int = TAKE_MS) -> Recording:
        """Press Record, wait, press Stop; the recording that the kernel has then."""
        before = self.path()
        self.start()
        self.screen.page.wait_for_timeout(milliseconds)
        self.button.click()
        until(lambda: self.path() != before, "the take to arrive in the kernel")
        self.reach("idle")  # the kernel may have ipywebrtc's take before the page is done with it
        self.become("saved")
        return self.on_disk()

    def path(self) -> str:
        return str(self.screen.kernel.value(f"str({self.name}.path or '')"))

    def on_disk(self) -> Recording:
        """The file of the last take, which must be what the kernel holds."""
        recording = Recording.from_file(self.screen.folder / self.path())
        assert recording.sha256 == self.screen.kernel.value(f"{self.name}.recording.sha256")
        return recording

    @property
    def status(self) -> str:
        return self.root.locator(".pk-status").inner_text()

    @property
    def error(self) -> str:
        return self.root.locator(".pk-error").inner_text()


ONE = "recorder = pk.widgets.Recorder()\nrecorder"


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_take_is_on_disk_and_in_the_kernel_and_the_microphone_is_off(
    jupyter: Jupyter, browser: Browser, speaking: Recording, front_end: str
) -> None:
    with jupyter(front_end).open(browser, ONE) as screen:
        recorder = Recorder(screen, "recorder", ".pk-recorder")
        recorder.start()
        assert screen.live_microphones() == 1
        screen.page.wait_for_timeout(700)
        screen.shot(f"recorder-{front_end}-recording")
        screen.page.wait_for_timeout(TAKE_MS - 700)
        recorder.button.click()
        recorder.become("saved")
        assert likeness(recorder.on_disk(), speaking) > 0.8
        assert recorder.on_disk().quality().ok
        assert recorder.status.startswith("Saved as recordings/take-20")
        assert recorder.error == ""
        assert screen.kernel.value("(recorder.error, recorder.state)") == ("", "idle")
        assert screen.live_microphones() == 0
        assert recorder.root.locator("audio").evaluate("(audio) => audio.play().then(() => audio.duration)") > 1
        screen.shot(f"recorder-{front_end}-saved")
        # Retake: another file, the first one stays.
        first = recorder.path()
        assert recorder.button.inner_text() == "Record again"
        recorder.take(SHORT_MS)
        assert recorder.path() != first
        assert (screen.folder / first).is_file()
        assert screen.live_microphones() == 0
        assert not screen.complaints


def test_two_recorders_at_once_each_get_their_own_take(
    lab: Screen, microphone: Microphone, speaking: Recording
) -> None:
    microphone.play(speaking, before_s=2.5)  # the second recorder is to hear it all, too
    first, second = Recorder(lab, "first"), Recorder(lab, "second")
    first.start()
    second.start()
    assert lab.live_microphones() == 2
    lab.page.wait_for_timeout(2200 + TAKE_MS)
    first.button.click()
    first.become("saved")
    assert lab.live_microphones() == 1
    second.button.click()
    second.become("saved")
    for recorder in (first, second):
        assert recorder.path().startswith(f"{recorder.name}/take-")
        assert likeness(recorder.on_disk(), speaking) > 0.8
    assert first.path() != second.path()


def test_space_records_and_stops_and_no_shortcut_of_jupyter_fires(lab: Screen) -> None:
    recorder = Recorder(lab, "first")
    cells = lab.page.locator(".jp-CodeCell").count()
    before = recorder.path()
    recorder.button.focus()
    for key in ("a", "b", "d", "d"):
        lab.page.keyboard.press(key)
    lab.page.keyboard.press("Space")
    recorder.reach("recording")
    lab.page.wait_for_timeout(SHORT_MS)
    lab.page.keyboard.press("Space")
    until(lambda: recorder.path() != before, "the take")
    assert lab.page.locator(".jp-CodeCell").count() == cells


def test_a_stop_before_the_stream_comes_leaves_the_microphone_off(lab: Screen) -> None:
    recorder = Recorder(lab, "first")
    lab.slow_microphone(3000)  # Cancel is pressed before
    try:
        recorder.button.click()
        recorder.reach("waiting")
        assert recorder.button.inner_text() == "Cancel"
        recorder.button.click()
        recorder.reach("idle")
        until(lambda: lab.live_microphones() == 0, "the microphone to be off")
    finally:
        lab.slow_microphone(0)
    assert recorder.error == ""
    assert recorder.take(SHORT_MS).duration_s > 0.4


def test_another_microphone_can_be_chosen(lab: Screen) -> None:
    recorder = Recorder(lab, "second")
    recorder.take(SHORT_MS)
    recorder.root.locator("summary").click()
    devices = recorder.root.locator(".pk-devices")
    chosen = devices.locator("option").last.get_attribute("value")
    devices.select_option(chosen)
    recorder.take(SHORT_MS)
    assert lab.page.evaluate("pkStreams.at(-1).getAudioTracks()[0].getSettings().deviceId") == chosen
    assert devices.input_value() == chosen


def test_what_a_callback_raises_is_shown_and_the_take_is_kept(lab: Screen) -> None:
    recorder = Recorder(lab, "broken")
    recorder.take(SHORT_MS)
    until(lambda: "ZeroDivisionError: division by zero" in recorder.error, "the error to be shown")
    assert recorder.on_disk().duration_s > 0.4


def test_an_audio_recorder_of_ipywebrtc_records_behind_the_same_button(lab: Screen, speaking: Recording) -> None:
    recorder = Recorder(lab, "webrtc")
    recording = recorder.take()
    assert recorder.path().endswith(".webm")
    assert likeness(recording, speaking) > 0.8
    assert lab.live_microphones() == 0
    # The same from ipywebrtc's own widget, and a take that is too short for a file with sound in it.
    assert lab.kernel.value("pk.Recording.from_widget(webrtc.audio_recorder) == webrtc.recording")
    first = recorder.path()
    recorder.take(0)
    assert recorder.path() != first
    assert lab.live_microphones() == 0
    assert len(list((lab.folder / "webrtc").iterdir())) == 2


def violations(screen: Screen, selector: str) -> list[str]:
    """Rules of WCAG 2.1, level A and AA, that axe-core finds broken."""
    from axe_playwright_python.sync_playwright import Axe

    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    return [found["id"] for found in Axe().run(screen.page, selector, rules).response["violations"]]


def test_the_recorder_is_accessible_in_the_dark_theme(lab: Screen) -> None:
    recorder = Recorder(lab, "first")
    change = "(theme) => jupyterapp.commands.execute('apputils:change-theme', { theme })"
    lab.page.evaluate(change, "JupyterLab Dark")
    try:
        lab.page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")
        recorder.take(SHORT_MS)
        recorder.start()
        assert violations(lab, ".first .pk-recorder") == []
        lab.shot("recorder-lab-dark", ".jp-Notebook")
        recorder.button.click()
        recorder.reach("idle")
        assert violations(lab, ".broken .pk-recorder") == []
    finally:
        lab.page.evaluate(change, "JupyterLab Light")


def test_a_cell_that_is_run_again_while_it_records_lets_go_of_the_microphone(lab: Screen) -> None:
    recorder = Recorder(lab, "second")
    before = recorder.path()
    recorder.start()
    lab.kernel.run("second.close()")
    until(lambda: lab.live_microphones() == 0, "the microphone to be off")
    assert recorder.path() == before


def test_a_blocked_microphone_is_told_and_a_file_can_be_uploaded_instead(
    jupyter: Jupyter, browser: Browser, speaking: Recording, tmp_path: Path
) -> None:
    with jupyter("lab").open(browser, ONE, microphone_allowed=False) as screen:
        recorder = Recorder(screen, "recorder", ".pk-recorder")
        recorder.button.click()
        until(lambda: recorder.error.startswith("The microphone is blocked."), "the error")
        until(
            lambda: screen.kernel.value("recorder.error").startswith("The microphone is blocked."), "the kernel to know"
        )
        assert recorder.button.inner_text() == "Record"
        screen.shot("recorder-lab-denied")
        file = speaking.save(tmp_path / "from my phone.ogg")
        recorder.root.locator("input[type=file]").set_input_files(file)
        recorder.become("saved")
        assert recorder.path().endswith(".ogg")
        assert recorder.on_disk().duration_s == pytest.approx(speaking.duration_s, abs=0.05)
        assert recorder.error == ""
        assert not screen.complaints


def test_a_reload_in_mid_recording_leaves_a_recorder_that_works(jupyter: Jupyter, browser: Browser) -> None:
    with jupyter("lab").open(browser, ONE) as screen:
        recorder = Recorder(screen, "recorder", ".pk-recorder")
        recorder.take(SHORT_MS)
        screen.page.evaluate("jupyterapp.commands.execute('docmanager:save')")
        recorder.start()
        screen.page.reload()
        recorder.reach("idle")
        assert screen.live_microphones() == 0
        assert recorder.status.startswith("Saved as recordings/take-20")
        # The last take can still be heard: the kernel has it.
        recorder.root.locator(".pk-play").click()
        recorder.root.locator("audio").wait_for(state="visible")
        recorder.take(SHORT_MS)
        assert len(list((screen.folder / "recordings").glob("take-*"))) >= 2
        assert screen.live_microphones() == 0
        assert not screen.complaints


def test_with_the_kernel_killed_in_mid_take_the_take_is_on_disk_all_the_same(
    jupyter: Jupyter, browser: Browser, speaking: Recording
) -> None:
    with jupyter("lab").open(browser, "recorder = pk.widgets.Recorder(folder='rescued')\nrecorder") as screen:
        recorder = Recorder(screen, "recorder", ".pk-recorder")
        process = screen.kernel.value("__import__('os').getpid()")
        recorder.start()
        screen.page.wait_for_timeout(TAKE_MS)
        os.kill(process, signal.SIGKILL)
        # Jupyter tells of it in a dialog, over the page.
        screen.page.locator(".jp-Dialog button").click()
        recorder.button.click()
        recorder.become("rescued")
        assert "The kernel does not answer. Your recording is safe" in recorder.status
        (file,) = (screen.folder / "rescued").glob("take-*")
        assert f"rescued/{file.name}" in recorder.status
        assert likeness(Recording.from_file(file), speaking) > 0.8
        assert screen.live_microphones() == 0
        screen.shot("recorder-lab-kernel-killed")


def test_with_the_network_cut_the_take_stays_in_the_page_until_it_is_on_disk(
    jupyter: Jupyter, browser: Browser
) -> None:
    server = jupyter("lab")
    with server.open(browser, "recorder = pk.widgets.Recorder(folder='cut')\nrecorder") as screen:
        recorder = Recorder(screen, "recorder", ".pk-recorder")
        recorder.start()
        screen.page.wait_for_timeout(SHORT_MS)
        # A server that stands still is a network that is cut: nothing comes through, nothing is lost yet.
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            recorder.button.click()
            recorder.become("waiting")
            assert "kept in this page" in recorder.error
            with screen.page.expect_download() as download:
                recorder.root.get_by_role("link", name="Download the recording").click()
            assert Recording.from_file(download.value.path()).duration_s > 0.4
            screen.shot("recorder-lab-network-cut")
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        recorder.become("saved")
        assert recorder.on_disk().duration_s > 0.4
        until(lambda: len(list((screen.folder / "cut").glob("take-*"))) == 1, "the second copy to be gone")
        assert "kept in this page" not in recorder.error
        assert recorder.root.locator(".pk-links").is_hidden()
        assert not screen.complaints


def test_takes_that_cannot_be_written_can_be_downloaded_and_are_asked_for_until_they_were(
    jupyter: Jupyter, browser: Browser
) -> None:
    cell = "open('taken', 'w').close()\nrecorder = pk.widgets.Recorder(folder='taken')\nrecorder"
    with jupyter("voila").open(browser, cell) as screen:
        recorder = Recorder(screen, "recorder", ".pk-recorder")
        # Lab and Notebook would ask for the sake of the notebook, too.
        leave = "window.dispatchEvent(new Event('beforeunload', { cancelable: true }))"
        links = recorder.root.locator(".pk-links a")
        for number in (1, 2):
            recorder.start()
            assert links.count() == number - 1
            assert all(link.is_visible() for link in links.all())
            screen.page.wait_for_timeout(SHORT_MS)
            recorder.button.click()
            until(lambda: links.count() == number, "the take to be offered")  # noqa: B023
            recorder.become("unsaved")
            assert "cannot be written" in recorder.error
        assert links.all_inner_texts() == ["Download an earlier recording", "Download the recording"]
        for link in links.all():
            assert screen.page.evaluate(leave) is False
            with screen.page.expect_download() as download:
                link.click()
            assert Recording.from_file(download.value.path()).duration_s > 0.4
        assert screen.page.evaluate(leave) is True
        assert not screen.complaints


def test_the_recorder_is_accessible_and_fits_a_phone(jupyter: Jupyter, browser: Browser) -> None:
    with jupyter("voila").open(browser, ONE, size=(320, 640)) as screen:
        recorder = Recorder(screen, "recorder", ".pk-recorder")
        recorder.start()
        screen.page.wait_for_timeout(500)
        screen.shot("recorder-voila-phone-recording")
        recorder.button.click()
        recorder.become("saved")
        recorder.root.locator("summary").click()
        screen.shot("recorder-voila-phone")
        assert recorder.root.evaluate("(root) => root.scrollWidth <= root.clientWidth")
        assert recorder.root.evaluate("(root) => root.getBoundingClientRect().right <= innerWidth")
        assert violations(screen, ".pk-recorder") == []
        assert not screen.complaints
