"""The practice card in JupyterLab, Notebook and Voila: record, see, hear, repeat; and what it says when that fails."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pronounce_kit import Recording

from .harness import FRONT_ENDS, SCREENSHOTS, Microphone, Screen, Server, likeness, until

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from pronounce_kit.local import LocalSpeech

    from .conftest import Jupyter

pytestmark = pytest.mark.slow

TEXT = "I think the weather will be nice tomorrow morning, so we can walk around the lake."
CARD = f'card = pk.widgets.PracticeCard([{TEXT!r}, "Good morning."])\ncard'

# Every part of a sound that is played, and whether it was heard to its end.
_WATCH_SOUND = """
() => {
  window.pkPlayed = [];
  const { start } = AudioBufferSourceNode.prototype;
  AudioBufferSourceNode.prototype.start = function (when, from, seconds) {
    const { sampleRate, duration } = this.buffer;
    const samples = this.buffer.getChannelData(0).subarray(from * sampleRate, (from + seconds) * sampleRate);
    const loudest = samples.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    const played = { from, seconds, of: duration, loudest, ended: false };
    window.pkPlayed.push(played);
    this.addEventListener("ended", () => (played.ended = true));
    return start.call(this, when, from, seconds);
  };
}
"""


@pytest.fixture(scope="module")
def reading(speech: LocalSpeech) -> Recording:
    """TEXT with "sink" for "think", read in 5 s."""
    phones = speech.pronunciation(TEXT)
    phones[1] = ["S", "IH1", "NG", "K"]
    spoken = Recording.of(speech.synthesize_phones(phones))
    return Recording.of(speech.synthesize_phones(phones, speed=spoken.duration_s / 5.0))


@contextmanager
def card(jupyter: Jupyter, front_end: str, browser: Browser, *cells: str, **options: Any) -> Iterator[Screen]:
    """A notebook with a card in it; nobody complained in the end."""
    with jupyter(front_end).open(browser, *(cells or (CARD,)), **options) as screen:
        screen.page.wait_for_selector(".pk-card .record")
        yield screen
        assert screen.complaints == []


def record(screen: Screen, seconds: float) -> None:
    screen.page.click(".pk-card .record")
    screen.page.wait_for_selector(".pk-card .record.on")
    screen.page.wait_for_selector(".pk-card .level:visible")
    screen.page.wait_for_timeout(1000 * seconds)
    screen.page.click(".pk-card .record")


def scored(screen: Screen, attempts: int = 1) -> None:
    screen.page.wait_for_function(
        f"document.querySelectorAll('.pk-card .attempt:not([aria-disabled=true])').length == {attempts}"
    )


def read(screen: Screen, reading: Recording) -> int:
    """Record all of the reading, again if a busy machine's microphone stumbled; how many attempts that took."""
    for number in (1, 2, 3):
        record(screen, reading.duration_s + 0.5)
        scored(screen, attempts=number)
        take = Recording.from_file(screen.folder / screen.kernel.value("str(card.attempts[-1].path)"))
        if likeness(take, reading, parts=1) > 0.8:
            break
    return number


def told(screen: Screen, what: str) -> str:
    """What the card tells of a problem, once this is in it: a busy machine has other problems first."""
    said = screen.page.locator(".pk-card .problem").inner_text
    return str(until(lambda: what in said() and said().strip(), f"the card to tell: {what}"))


def model_is_there(screen: Screen) -> None:
    screen.page.wait_for_selector(".pk-card .model-melody", state="attached")


def accessible(screen: Screen) -> list[str]:
    """Violations of WCAG A and AA that axe-core finds in the card."""
    from axe_playwright_python.sync_playwright import Axe

    only = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(screen.page, context=".pk-card", options=only).response
    assert found["passes"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found["violations"]]


def in_theme(screen: Screen, dark: bool) -> None:
    screen.page.evaluate(f"document.body.dataset.jpThemeLight = '{str(not dark).lower()}'")


def shares(screen: Screen) -> dict[str, float]:
    """Milliseconds from the last click on Stop to the coloured sentence, step by step."""
    marks: list[tuple[str, float, Any]] = screen.page.evaluate(
        "performance.getEntriesByType('mark').map((mark) => [mark.name, mark.startTime, mark.detail])"
    )
    at = {name.removeprefix("pk-"): start for name, start, _ in marks if name.startswith("pk-")}
    steps = next(detail for name, _, detail in reversed(marks) if name == "pk-scored")
    return {
        "encode": at["encoded"] - at["stop"],
        # The kernel does not wait until the page knows that the take is on disk.
        "to the kernel, on disk, and the result back": at["scored"] - at["encoded"] - sum(steps.values()),
        **steps,
        "draw": at["drawn"] - at["scored"],
    }


@pytest.mark.parametrize("front_end", FRONT_ENDS)
def test_a_student_records_sees_the_wrong_word_hears_it_and_tries_again(
    front_end: str, jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    microphone.play(reading)
    with card(jupyter, front_end, browser) as screen:
        page = screen.page
        page.evaluate(_WATCH_SOUND)
        assert page.inner_text(".pk-card .pk-sentence") == TEXT
        assert page.get_attribute(".pk-card .pk-sentence", "lang") == "en-US"
        # A student reads the sentence first; by then the engine is warm.
        until(lambda: screen.kernel.value("card._practice.has_model(0)"), "the model voice")
        attempts = read(screen, reading)

        wrong = page.locator(".pk-card .pk-sentence .pk-mispronounced")
        assert wrong.all_inner_texts() == ["think"]
        assert wrong.get_attribute("aria-label").endswith("th (think) heard as s (sun)")
        assert "1 of 16 words needs practice: think" in page.inner_text(".pk-card [role=status]")
        assert screen.kernel.value(
            "card.attempts[-1].path.exists() and card.attempts[-1].path.with_suffix('.json').exists()"
        )
        sound = page.locator(".pk-card .sound").first.inner_text()
        assert "θ as in think" in sound
        assert "heard as s as in sun" in sound
        assert "tongue between your teeth" in page.inner_text(".pk-card .hint")
        assert page.locator(".pk-card .pair").first.inner_text().split() == ["think", "–", "sink"]
        model_is_there(screen)

        wrong.click()
        own, model = until(
            lambda: [p for p in page.evaluate("pkPlayed") if p["ended"]][1:] and page.evaluate("pkPlayed"), "both words"
        )
        offset_s, duration_s = screen.kernel.value(
            "(lambda w: (w.offset_s, w.duration_s))(card.attempts[-1].assessment.words[1])"
        )
        assert own["from"] == pytest.approx(offset_s - 0.04, abs=0.002)
        assert own["seconds"] == pytest.approx(duration_s + 0.08, abs=0.004)
        assert own["of"] == pytest.approx(screen.kernel.value("card.attempts[-1].recording.duration_s"), abs=0.01)
        assert own["loudest"] > 0.05
        spoken_s = screen.kernel.value("card._practice.model(0).recording.duration_s")
        assert model["of"] == pytest.approx(spoken_s, abs=0.01)
        assert 0.1 < model["seconds"] < 1
        assert model["loudest"] > 0.05
        assert wrong.get_attribute("aria-pressed") == "true"

        for dark in (True, False):
            in_theme(screen, dark)
            assert accessible(screen) == []
            screen.shot(f"card-{front_end}-{'dark' if dark else 'light'}", ".pk-card")
        took = shares(screen)
        assert min(took.values()) >= 0
        whole = sum(took.values())
        with capsys.disabled():
            steps = ", ".join(f"{step} {ms:.0f} ({ms / whole:.0%})" for step, ms in took.items())
            print(f"\n{front_end}: {whole:.0f} ms from Stop to the coloured sentence: {steps}")

        # "a" would add a cell, "d d" delete one.
        cells = page.locator(".jp-Cell").count()
        page.focus(".pk-card .record")
        for key in ("a", "b", "d", "d"):
            page.keyboard.press(key)
        assert page.locator(".jp-Cell").count() == cells

        record(screen, 1.5)
        attempts += 1
        scored(screen, attempts)
        assert page.locator(".pk-card .attempt").count() == attempts
        assert page.inner_text(".pk-card .attempts .total").startswith(f"{attempts} attempts, best ")
        assert screen.kernel.value("[a.number for a in card.attempts]") == [*range(1, attempts + 1)]
        assert screen.live_microphones() == 0


def test_on_a_phone_with_the_keyboard_alone_and_from_sentence_to_sentence(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, speech: LocalSpeech
) -> None:
    said = Recording.of(speech.synthesize("Good morning."))
    microphone.play(said)
    with card(jupyter, "voila", browser, size=(375, 760)) as screen:
        page = screen.page
        page.focus(".pk-card .step[aria-label='Next sentence']")
        page.keyboard.press("Enter")
        until(lambda: page.inner_text(".pk-card [role=status]") == "Sentence 2: Good morning.", "the next sentence")
        assert until(lambda: screen.kernel.value("card.index"), "the kernel to know") == 1
        until(lambda: screen.kernel.value("card._practice.has_model(1)"), "the model voice")
        reached = []
        for _ in range(3):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.textContent"))
        assert reached == ["Listen", "Slowly", "Record"]
        page.keyboard.press("Space")
        page.wait_for_selector(".pk-card .level:visible")
        page.wait_for_timeout(1000 * said.duration_s + 500)
        page.keyboard.press("Space")  # the button still has the focus
        scored(screen)
        assert page.inner_text(".pk-card .pk-sentence").split() == ["Good", "morning."]
        page.focus(".pk-card .pk-sentence button")
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("morning:")
        page.keyboard.press("Enter")
        page.wait_for_selector(".pk-card .word[aria-label='The word morning']")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        assert accessible(screen) == []
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "card-phone.png", full_page=True)
        page.click(".pk-card .slowly")
        page.wait_for_selector(".pk-card .slowly.playing")
        page.keyboard.press("Escape")
        page.wait_for_selector(".pk-card .slowly:not(.playing)")


def test_a_take_in_which_the_kernel_dies_is_on_disk_and_the_card_says_so(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording
) -> None:
    microphone.play(reading)
    with card(jupyter, "lab", browser) as screen:
        page = screen.page
        page.click(".pk-card .record")
        page.wait_for_selector(".pk-card .level:visible")
        page.wait_for_timeout(1500)
        os.kill(screen.kernel.value("__import__('os').getpid()"), signal.SIGKILL)
        page.locator(".jp-Dialog button").click()  # Lab says that the kernel died, in front of all else
        page.click(".pk-card .record")
        said = told(screen, "The kernel does not answer. Your recording is safe: Jupyter saved it")
        (take,) = (
            path for path in (screen.folder / "recordings").glob("take-*.wav") if f"recordings/{path.name}" in said
        )
        assert Recording.from_file(take).duration_s > 0.8
        screen.shot("card-kernel-died", ".pk-card")
        assert accessible(screen) == []


def test_a_take_during_a_broken_connection_can_be_saved_and_arrives_when_it_is_back(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording
) -> None:
    microphone.play(reading)
    server: Server = jupyter("notebook")
    with card(jupyter, "notebook", browser) as screen:
        page = screen.page
        until(lambda: screen.kernel.value("card._practice.has_model(0)"), "the model voice")
        page.click(".pk-card .record")
        page.wait_for_selector(".pk-card .level:visible")
        os.kill(server.process.pid, signal.SIGSTOP)  # what a server beyond a broken line looks like
        try:
            page.wait_for_timeout(2500)
            page.click(".pk-card .record")
            told(screen, "Your recording is kept in this page")
            with page.expect_download() as download:
                page.click(".pk-card .problem a")
            assert Recording.from_file(download.value.path()).duration_s > 1
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        scored(screen)
        assert page.inner_text(".pk-card .problem") == ""
        assert screen.kernel.value("len(card.attempts)") == 1
        assert screen.kernel.value("card.attempts[0].recording.duration_s") > 1


FLAKY = f"""
class Flaky(pk.LocalSpeech):
    def assess(self, *args, **kwargs):
        if not getattr(self, "mended", False):
            raise pk.ServiceUnavailableError("The speech service is down. Try again in a minute.")
        return super().assess(*args, **kwargs)

service = Flaky()
card = pk.widgets.PracticeCard({TEXT!r}, service)
card
"""


def test_a_service_that_is_down_is_told_and_the_take_is_scored_when_it_is_back(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording
) -> None:
    microphone.play(reading)
    with card(jupyter, "voila", browser, FLAKY) as screen:
        record(screen, 2.0)
        told(screen, "The speech service is down. Try again in a minute. Your recording is kept: recordings/take-")
        screen.kernel.run("service.mended = True")
        screen.page.click("text=Score it again")
        scored(screen)
        assert screen.page.inner_text(".pk-card .problem") == ""


def test_record_works_again_where_no_kernel_scores_a_take_again(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording
) -> None:
    microphone.play(reading)
    with card(jupyter, "lab", browser, FLAKY) as screen:
        page = screen.page
        record(screen, 1.5)
        told(screen, "The speech service is down.")
        # Sooner than in 25 s.
        page.evaluate(
            "() => { const later = setTimeout;"
            " window.setTimeout = (work, ms, ...more) => later(work, ms === 25_000 ? 1000 : ms, ...more); }"
        )
        kernel = screen.kernel.value("__import__('os').getpid()")
        os.kill(kernel, signal.SIGSTOP)  # it takes messages, and never answers
        page.click("text=Score it again")
        told(screen, "No score has come back yet. Your recording is saved as recordings/take-")
        page.wait_for_selector(".pk-card .record[aria-disabled=false]")
        os.kill(kernel, signal.SIGKILL)
        page.locator(".jp-Dialog button").click()
        page.click("text=Score it again")
        told(screen, "The notebook's kernel does not answer.")
        page.wait_for_selector(".pk-card .record[aria-disabled=false]")
        assert page.is_visible("text=Score it again")


def test_nothing_is_played_into_a_take(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording
) -> None:
    microphone.play(reading)
    with card(jupyter, "voila", browser) as screen:
        page = screen.page
        page.evaluate(_WATCH_SOUND)
        page.evaluate(
            "() => { const { play } = HTMLMediaElement.prototype;"
            " HTMLMediaElement.prototype.play = function () { pkPlayed.push({}); return play.call(this); }; }"
        )
        until(lambda: screen.kernel.value("card._practice.has_model(0)"), "the model voice")
        read(screen, reading)
        kinds = [".listen", ".slowly", ".mine", ".plays button", ".pair", ".pk-word.pk-mispronounced"]
        assert {kind: page.locator(f".pk-card {kind}").count() > 0 for kind in kinds} == dict.fromkeys(kinds, True)
        buttons = page.locator(f".pk-card :is({', '.join(kinds)})")
        press_all = "(buttons) => buttons.forEach((button) => button.click())"
        page.click(".pk-card .pair >> nth=0")
        until(lambda: page.evaluate("pkPlayed.length") == 1, "the pair, which is here from now on")
        page.click(".pk-card .record")
        page.wait_for_selector(".pk-card .level:visible")
        buttons.evaluate_all(press_all)
        page.wait_for_timeout(1000)
        assert page.locator(".pk-card .playing").count() == 0
        assert page.evaluate("pkPlayed.length") == 1
        page.click(".pk-card .record")
        page.wait_for_selector(".pk-card .record:has-text('Record again')[aria-disabled=false]")
        page.click(".pk-card .listen")
        until(lambda: page.evaluate("pkPlayed.length") == 2, "the model voice")


def test_a_reader_who_is_not_heard_is_told_so_until_the_microphone_hears(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording
) -> None:
    microphone.play(reading, before_s=5.5)
    with card(jupyter, "voila", browser) as screen:
        screen.page.click(".pk-card .record")
        for said in ("Nothing is heard so far. Is the microphone on?", "Recording. Read aloud, then press Stop."):
            screen.page.wait_for_selector(f".pk-card [role=status]:has-text({said!r})")
        screen.page.wait_for_timeout(1500)
        screen.page.click(".pk-card .record")
        scored(screen)


def test_silence_is_no_low_score_and_without_a_microphone_a_file_is_scored(
    jupyter: Jupyter, browser: Browser, microphone: Microphone, reading: Recording
) -> None:
    with card(jupyter, "voila", browser, microphone_allowed=False) as screen:
        page = screen.page
        page.click(".pk-card .record")
        told(screen, "The microphone is blocked.")
        silence = Recording.from_array([0.0] * 16000, 16000)
        for number, sound in enumerate((silence, reading), 1):
            page.set_input_files(
                ".pk-card input[type=file]", {"name": "mine.wav", "mimeType": "audio/wav", "buffer": sound.to_wav()}
            )
            scored(screen, attempts=number)
            if number == 1:
                assert page.locator(".pk-card .tile").count() == 0
                assert "No speech was heard" in page.inner_text(".pk-card .pk-message")
        assert page.locator(".pk-card .pk-sentence .pk-mispronounced").all_inner_texts() == ["think"]
