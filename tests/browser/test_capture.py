"""capture.js by itself, on an empty page: what is heard is what was played, and the microphone goes off."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pronounce_kit import Recording, capture
from pronounce_kit.flags import VERDICTS

from .harness import WATCH_MICROPHONE, Microphone, likeness

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

# What a page that uses Capture does; `events` is what it was told.
PAGE = (
    capture.script()
    + """
const bytes = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
const plain = (take) => take && { ...take, wav: bytes(take.wav), data: undefined };
const events = { states: [], errors: [], takes: [], levels: [] };
const make = (options) => new Capture({
  onState: (state) => events.states.push(state), onError: (problem) => events.errors.push(problem),
  onTake: (take) => events.takes.push(plain(take)), onLevel: (...level) => events.levels.push(level), ...options });
const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const take = async (capture, milliseconds) => {
  await capture.start();
  await sleep(milliseconds);
  return plain(await capture.stop());
};
const ended = async () => { while (!events.takes.length) await sleep(20); return events.takes[0]; };
"""
)


@pytest.fixture
def page(browser: Browser, microphone: Microphone, speaking: Recording) -> Iterator[Page]:
    microphone.play(speaking, before_s=0.2)
    context = browser.new_context(permissions=["microphone"])
    context.add_init_script(WATCH_MICROPHONE)
    page = context.new_page()
    page.route(
        "**/*", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><title>a page</title>")
    )
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type in ("error", "warning") else None)
    page.goto("https://capture.test/")
    page.add_script_tag(content=PAGE)
    yield page
    assert page.evaluate("pkStreams.flatMap((s) => s.getTracks()).every((t) => t.readyState === 'ended')")
    context.close()
    assert not errors


def heard(take: dict[str, Any]) -> Recording:
    return Recording.from_bytes(base64.b64decode(take["wav"]))


def test_a_take_holds_what_the_microphone_heard_sample_by_sample(page: Page, speaking: Recording) -> None:
    # A machine that is too busy makes the worklet miss something; then the reserve is taken.
    takes = (page.evaluate("take(make(), 1800)") for _ in range(8))
    take = next(take for take in takes if take["path"] == "worklet")
    assert take["reason"] == "stopped"
    assert take["problem"] is None
    assert heard(take).duration_s == pytest.approx(take["seconds"])
    assert likeness(heard(take), speaking) > 0.9
    assert page.evaluate("events.states.slice(-4)") == ["waiting", "recording", "preparing", "idle"]
    dbfs, seconds, _ = page.evaluate("events.levels.at(-1)")
    assert dbfs < 0
    assert 0.5 < seconds < 5


def test_where_no_worklet_runs_the_reserve_is_taken(page: Page, speaking: Recording) -> None:
    page.evaluate("delete window.AudioWorkletNode")
    take = page.evaluate("take(make(), 1800)")
    assert take["path"] == "decoded"
    assert likeness(heard(take), speaking) > 0.9


# The browser that recorded the reserve may not be able to read it.
UNREADABLE = "() => { OfflineAudioContext.prototype.decodeAudioData = () => Promise.reject(new Error()); }"


def test_samples_with_a_gap_are_kept_where_the_reserve_cannot_be_read(page: Page) -> None:
    page.evaluate(UNREADABLE)
    page.evaluate(
        """() => {
          const open = openTap;
          openTap = async (...given) => {
            const tap = await open(...given);
            return { ...tap, finish: async () => (await tap.finish()).subarray(8000) };
          };
        }"""
    )
    take = page.evaluate("take(make(), 1800)")
    assert take["path"] == "worklet"
    assert heard(take).duration_s > 0.5
    assert page.evaluate("events.errors") == []


def test_a_take_that_only_the_kernel_can_read_is_handed_on_as_it_is(page: Page, speaking: Recording) -> None:
    page.evaluate(UNREADABLE)
    page.evaluate("delete window.AudioWorkletNode")
    data, type, wav, seconds, problem = page.evaluate(
        """async () => {
          const capture = make({ onTake: () => {} });
          await capture.start();
          await sleep(1800);
          const { data, type, wav, seconds, problem } = await capture.stop();
          return [bytes(data), type, wav, seconds, problem];
        }"""
    )
    assert likeness(Recording.from_bytes(base64.b64decode(data)), speaking) > 0.8
    assert type.startswith("audio/webm")
    assert (wav, seconds, problem) == (None, None, None)
    assert page.evaluate("events.errors") == []


def test_a_take_ends_at_the_limit(page: Page) -> None:
    page.evaluate("make({ maxSeconds: 1 }).start()")
    take = page.evaluate("ended()")
    assert take["reason"] == "limit"
    assert 0.5 < take["seconds"] <= 1


def test_a_take_ends_after_silence_but_not_before_anything_was_said(page: Page, speaking: Recording) -> None:
    page.evaluate("make({ stopAfterSilence: 0.8 }).start()")
    take = page.evaluate("ended()")
    assert take["reason"] == "silence"
    assert likeness(heard(take), speaking) > 0.9


def test_a_stop_before_the_stream_comes_leaves_nothing_on(page: Page) -> None:
    page.evaluate("window.pkSlowMicrophone = 400")
    started, stopped = page.evaluate(
        "(async () => { const c = make(); const s = c.start(); await sleep(50);"
        " const t = await c.stop(); return [await s, t]; })()"
    )
    assert started is False
    assert stopped is None
    assert page.evaluate("events.states") == ["waiting", "idle"]
    assert page.evaluate("events.takes.concat(events.errors)") == []


def test_a_second_start_and_a_second_stop_change_nothing(page: Page) -> None:
    first, second, takes = page.evaluate(
        "(async () => { const c = make(); const [a, b] = await Promise.all([c.start(), c.start()]); await sleep(500);"
        " const both = await Promise.all([c.stop(), c.stop()]); return [a, b, both.map(plain)]; })()"
    )
    assert (first, second) == (True, False)
    assert takes[0] == takes[1]
    assert len(page.evaluate("events.takes")) == 1
    assert page.evaluate("pkStreams.length") == 1


def test_a_cancelled_take_is_thrown_away(page: Page) -> None:
    page.evaluate(
        "(async () => { const c = make(); await c.start(); await sleep(200); c.cancel(); await sleep(200); })()"
    )
    assert page.evaluate("events.takes.concat(events.errors)") == []
    assert page.evaluate("events.states.at(-1)") == "idle"


def test_an_unplugged_microphone_ends_the_take_and_loses_nothing(page: Page) -> None:
    page.evaluate(
        "(async () => { await make().start(); await sleep(1000);"
        " pkStreams[0].getTracks()[0].dispatchEvent(new Event('ended')); })()"
    )
    take = page.evaluate("ended()")
    assert take["reason"] == "unplugged"
    assert take["seconds"] > 0.5


def test_a_page_without_a_secure_origin_is_told_so(browser: Browser) -> None:
    page = browser.new_page()
    page.route("**/*", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
    page.goto("http://insecure.test/")
    page.add_script_tag(content=PAGE)
    assert page.evaluate("make().start()") is False
    (problem,) = page.evaluate("events.errors")
    assert problem["code"] == "insecure"
    assert "https" in problem["message"]
    page.close()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("NotAllowedError", "denied"),
        ("NotFoundError", "no_microphone"),
        ("OverconstrainedError", "no_microphone"),
        ("NotReadableError", "busy"),
        ("SomethingElse", "broken"),
    ],
)
def test_every_refusal_of_the_browser_has_its_plain_words(page: Page, name: str, code: str) -> None:
    page.evaluate(
        "async (name) => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', name));"
        " await make().start(); }",
        name,
    )
    (problem,) = page.evaluate("events.errors")
    assert problem["code"] == code
    assert len(problem["message"]) > 20
    assert page.evaluate("events.states") == ["waiting", "idle"]


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        ("new Float32Array(16000)", "silent"),
        ("new Float32Array(1600).fill(0.5)", "too_short"),
        ("Float32Array.from({ length: 16000 }, (_, i) => 0.003 * Math.sin(i / 5))", "too_quiet"),
        ("Float32Array.from({ length: 16000 }, (_, i) => Math.max(-1, Math.min(1, 3 * Math.sin(i / 5))))", "clipped"),
        ("Float32Array.from({ length: 16000 }, (_, i) => 0.3 * Math.sin(i / 5))", None),
    ],
)
def test_a_bad_take_is_called_what_the_kernel_calls_it(page: Page, samples: str, code: str | None) -> None:
    problem = page.evaluate(f"toTake({samples}, 16000, {{}}).problem")
    assert problem == (code and {"code": code, "message": VERDICTS[code]})


def test_samples_become_the_wav_that_python_writes(page: Page) -> None:
    samples = np.random.default_rng(4).uniform(-1, 1, 5000).astype(np.float32)
    samples[:3] = (-1, 1, 0)
    wav = page.evaluate("(samples) => bytes(toWav(samples, 16000))", samples.tolist())
    ours, theirs = (np.frombuffer(data, "<i2") for data in (base64.b64decode(wav), Recording(samples).to_wav()))
    assert np.array_equal(ours[:22], theirs[:22])
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 1  # halves are rounded differently


def test_an_upload_is_sent_as_it_is_unless_it_is_too_large(page: Page, speaking: Recording) -> None:
    sizes = page.evaluate(
        """async (text) => {
          const file = new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], "my take.ogg");
          const whole = await decodeUpload(file, { maxBytes: 1e6 });
          const turned = await decodeUpload(file, { maxBytes: file.size - 1 }).catch((problem) => problem.code);
          const odd = await decodeUpload(new File(["no sound"], "a.txt"), { maxBytes: 100 });
          return [whole.data.byteLength, whole.seconds, turned, odd.wav, odd.data.byteLength];
        }""",
        base64.b64encode(speaking.to_ogg_opus()).decode(),
    )
    assert sizes[0] == len(speaking.to_ogg_opus())
    assert sizes[1] == pytest.approx(speaking.duration_s, abs=0.05)
    assert sizes[2:] == ["too_large", None, 8]
