"""JupyterLab, Notebook and Voila with fresh settings, and headless Chromium with a sound file for a microphone.

    with chromium() as (browser, microphone), server("lab", folder) as lab:
        microphone.play(recording)
        with lab.open(browser, "recorder = pk.widgets.Recorder()\nrecorder") as screen:
            screen.page.click(".pk-record")
            ...
            screen.kernel.value("recorder.recording.duration_s")

The fixtures of `conftest` share one browser and one server per front end among all tests of this folder. All that is
started here is ended here, the kernels too.
"""

from __future__ import annotations

import ast
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pronounce_kit import Recording

if TYPE_CHECKING:
    from jupyter_client import BlockingKernelClient
    from playwright.sync_api import Browser, BrowserContext, Page

FRONT_ENDS = ("lab", "notebook", "voila")
SCREENSHOTS = Path(__file__).parents[2] / "screenshots"
TOKEN = "browser-tests"  # noqa: S105 - of a server of this machine that lives as long as the tests
PATIENCE_S = 180.0
"""How long anything may take: machines that run tests are busy."""

_ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --autoplay-policy=no-user-gesture-required --mute-audio "
    "--use-fake-device-for-media-stream"
).split()

# Every stream that a page opens is kept in `pkStreams`; `pkSlowMicrophone` (ms) delays the next ones.
WATCH_MICROPHONE = """
window.pkStreams = [];
window.pkSlowMicrophone = 0;
if (navigator.mediaDevices) {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    window.pkStreams.push(stream);
    if (window.pkSlowMicrophone) await new Promise((resolve) => setTimeout(resolve, window.pkSlowMicrophone));
    return stream;
  };
}
"""

# JupyterLab's own, of whatever plugin was slow to start on a busy machine; no part of the kit is such a plugin.
_SLOW_START = re.compile(r"Plugin \S+ (is taking too long|\(with \d+ dependants\) took [\d.]+ ?ms) to activate\.")

_RUN_ALL = """
async () => {
  const { shell, commands } = window.jupyterapp;
  const panel = shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  await panel.sessionContext.session.kernel.info;
  await commands.execute("notebook:run-all-cells");
  return panel.sessionContext.session.kernel.id;
}
"""


def chromium_program() -> str | None:
    """Path of an installed Chromium, or None."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)


def until(condition: Callable[[], Any], what: str, timeout_s: float = PATIENCE_S) -> Any:
    """Wait until the condition is true, and return its value; exceptions count as false, until time is up."""
    end = time.monotonic() + timeout_s
    error: Exception | None = None
    while True:
        try:
            if value := condition():
                return value
        except Exception as caught:
            error = caught
        if time.monotonic() > end:
            raise AssertionError(f"Waited {timeout_s:g} s in vain for {what}.") from error
        time.sleep(0.1)


def likeness(one: Recording, other: Recording, parts: int = 8) -> float:
    """How much of `other` is in `one`, 0-1: correlation of its parts, each at its best place; the median.

    A machine that is too busy makes Chromium's microphone stumble, and what comes after is shifted by the gap: as a
    whole (`parts=1`) the two are no longer alike, but only one part in eight is spoiled.
    """
    from scipy.signal import correlate

    split = np.array_split(other.samples, parts)
    sound = max(np.linalg.norm(part) for part in split) / 10
    found = []
    for part in split:
        if len(part) > len(one.samples):
            return 0.0
        if np.linalg.norm(part) < sound:  # a pause is like any other
            continue
        here = correlate(one.samples, part, mode="valid", method="fft")
        power = correlate(one.samples**2, np.ones_like(part), mode="valid", method="fft")
        # Where there is next to nothing in `one`, there is nothing of `other`.
        power = np.maximum(power, 0.01 * np.linalg.norm(one.samples) ** 2 * len(part) / len(one.samples) + 1e-9)
        found.append(float((np.abs(here) / np.sqrt(power)).max() / np.linalg.norm(part)))
    return float(np.median(found))


# --- the browser ------------------------------------------------------------------------------------------------


@dataclass
class Microphone:
    """The file that the browser hears; every take starts at its beginning, and hears silence after its end."""

    path: Path

    def play(self, recording: Recording, *, before_s: float = 0.3) -> None:
        """Let the next takes hear this, after a moment of silence."""
        silence = np.zeros(round(before_s * 16000), np.float32)
        self.path.write_bytes(Recording(np.concatenate([silence, recording.samples])).to_wav())


@contextlib.contextmanager
def chromium(folder: Path) -> Iterator[tuple[Browser, Microphone]]:
    """A headless Chromium, whose pages may use the microphone if their context was granted it."""
    from playwright.sync_api import sync_playwright

    microphone = Microphone(folder / "microphone.wav")
    microphone.play(Recording(np.zeros(16000, np.float32)))
    arguments = [*_ARGUMENTS, f"--use-file-for-fake-audio-capture={microphone.path}%noloop"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program(), args=arguments)
        try:
            yield browser, microphone
        finally:
            browser.close()


@dataclass
class Screen:
    """A notebook in the browser, and its kernel."""

    page: Page
    kernel: Kernel
    folder: Path
    complaints: list[str] = field(default_factory=list)
    """Uncaught errors, and warnings and errors in the console, that a widget has a part in.

    The front ends have some of their own: Notebook 7 throws a TypeError whenever it starts.
    """

    def listen(self) -> None:
        """Note complaints from now on, and say yes to every question."""
        self.page.on("dialog", lambda dialog: dialog.accept())
        self.page.on("pageerror", lambda error: self._hear("page error", f"{error}\n{error.stack}"))
        self.page.on("console", lambda said: self._hear(said.type, f"{said.text}\n{said.location.get('url', '')}"))

    def _hear(self, kind: str, text: str) -> None:
        if kind == "warning" and _SLOW_START.match(text):
            return
        # anywidget loads a widget's module from a blob; ipywebrtc warns of its own packaging.
        ours = any(part in text for part in ("blob:", "[anywidget]", "pronounce"))
        if (ours and kind in ("error", "warning", "page error")) or (kind == "page error" and "jupyter-webrtc" in text):
            self.complaints.append(f"{kind}: {text}")

    def shot(self, name: str, selector: str | None = None) -> Path:
        """A picture of the page, or of one element, to be looked at by people."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        target = self.page.locator(selector).first if selector else self.page
        target.screenshot(path=path)
        return path

    def live_microphones(self) -> int:
        """How many microphone tracks of the page are on."""
        found = "pkStreams.flatMap((s) => s.getTracks()).filter((t) => t.readyState === 'live').length"
        return int(self.page.evaluate(found))

    def slow_microphone(self, milliseconds: int) -> None:
        """Let the microphone take this long to open."""
        self.page.evaluate(f"window.pkSlowMicrophone = {milliseconds}")


# --- the kernel -------------------------------------------------------------------------------------------------


@dataclass
class Kernel:
    """The kernel behind a notebook, asked directly and not through the page."""

    connection_file: Path
    _client: BlockingKernelClient | None = None

    @property
    def client(self) -> BlockingKernelClient:
        if self._client is None:
            from jupyter_client import BlockingKernelClient

            self._client = BlockingKernelClient(connection_file=str(self.connection_file))
            self._client.load_connection_file()
            self._client.start_channels()
        return self._client

    def value(self, expression: str) -> Any:
        """The value of an expression whose repr is a Python literal; `AssertionError` if it raises."""
        reply = self._execute("", {"value": expression})
        result = reply["user_expressions"]["value"]
        assert result["status"] == "ok", f"{expression}: {result.get('ename')}: {result.get('evalue')}"
        return ast.literal_eval(result["data"]["text/plain"])

    def run(self, code: str) -> None:
        """Run code; `AssertionError` if it raises."""
        self._execute(code, {})

    def _execute(self, code: str, expressions: dict[str, str]) -> dict[str, Any]:
        sent = self.client.execute(code, silent=not code, user_expressions=expressions, store_history=False)
        while True:
            reply = self.client.get_shell_msg(timeout=PATIENCE_S)
            if reply["parent_header"].get("msg_id") == sent:
                break
        content: dict[str, Any] = reply["content"]
        assert content["status"] == "ok", f"{content.get('ename')}: {content.get('evalue')}"
        return content

    def close(self) -> None:
        if self._client is not None:
            self._client.stop_channels()
            self._client = None


# --- the front ends ---------------------------------------------------------------------------------------------


@dataclass
class Server:
    """A running JupyterLab, Notebook or Voila, whose notebooks lie in `folder`."""

    front_end: str
    folder: Path
    url: str
    process: subprocess.Popen[bytes]
    log: Path
    connections: Path
    _contexts: list[BrowserContext] = field(default_factory=list)
    _opened: int = 0

    @contextlib.contextmanager
    def open(
        self,
        browser: Browser,
        *cells: str,
        microphone_allowed: bool = True,
        size: tuple[int, int] = (1280, 900),
        **context: Any,
    ) -> Iterator[Screen]:
        """A new notebook with these cells, all of them run; its page and kernel end with the `with`."""
        name = self.write(*cells)
        known = set(self.connections.rglob("kernel-*.json"))
        opened = self._context(browser, context)
        if not microphone_allowed:
            self._allow(opened, False)
        page = opened.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.set_default_timeout(PATIENCE_S * 1000)
        kernel_id = ""
        screen = Screen(page, Kernel(Path()), self.folder)
        screen.listen()
        try:
            kernel_id = self.show(page, name)
            if kernel_id:
                screen.kernel = Kernel(self.connections / f"kernel-{kernel_id}.json")
            else:
                (connection,) = set(self.connections.rglob("kernel-*.json")) - known
                screen.kernel = Kernel(connection)
            yield screen
        finally:
            screen.kernel.close()
            page.close(run_before_unload=False)
            if context:
                opened.close()
            elif not microphone_allowed:
                self._allow(opened, True)
            if kernel_id:
                with contextlib.suppress(urllib.error.URLError):
                    self.api(f"kernels/{kernel_id}", "DELETE")

    def write(self, *cells: str) -> str:
        """Write a notebook and return its name. `pk` is imported in it."""
        import nbformat.v4 as v4

        self._opened += 1
        name = f"{self.front_end}-{self._opened}.ipynb"
        code = ["import pronounce_kit as pk", *cells]
        notebook = v4.new_notebook(
            cells=[v4.new_code_cell(one) for one in code],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        (self.folder / name).write_text(json.dumps(notebook), "utf-8")
        return name

    def show(self, page: Page, name: str) -> str:
        """Open a notebook and run it; returns the kernel's id, "" for Voila, which does not tell."""
        if self.front_end == "voila":
            page.goto(f"{self.url}voila/render/{name}")
            page.wait_for_function("document.querySelector('.jp-OutputArea-output, .voila-error')")
            return ""
        # A workspace of its own, or Lab would open the notebooks before it too.
        where = {"lab": f"lab/workspaces/{name[:-6]}/tree/", "notebook": "notebooks/"}[self.front_end]
        page.goto(f"{self.url}{where}{name}?token={TOKEN}")
        page.wait_for_function("window.jupyterapp?.shell?.currentWidget?.sessionContext")
        return str(page.evaluate(_RUN_ALL))

    def api(self, path: str, method: str = "GET") -> Any:
        """Ask the server's REST API."""
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}api/{path}", method=method, headers={"Authorization": f"token {TOKEN}"}
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as reply:  # noqa: S310
            content = reply.read()
        return json.loads(content) if content else None

    def _context(self, browser: Browser, options: dict[str, Any]) -> BrowserContext:
        # One context for most notebooks: what the browser has in its cache opens in a third of the time.
        if self._contexts and not options:
            return self._contexts[0]
        context = browser.new_context(**options)
        context.add_init_script(WATCH_MICROPHONE)
        self._allow(context, True)
        if not options:
            self._contexts.append(context)
        return context

    def _allow(self, context: BrowserContext, microphone: bool) -> None:
        # Granting anything denies all else without asking.
        context.clear_permissions()
        context.grant_permissions(["microphone"] if microphone else ["geolocation"], origin=self.url)

    def close(self) -> None:
        for context in self._contexts:
            context.close()
        self._contexts.clear()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def server(front_end: str, folder: Path) -> Iterator[Server]:
    """Start a front end ("lab", "notebook", "voila") with settings, data and workspaces of its own."""
    notebooks, settings = folder / "notebooks", folder / "settings"
    notebooks.mkdir(parents=True)
    settings.mkdir()
    port = _free_port()
    programs = Path(sys.executable).parent
    if front_end == "voila":
        command = [
            programs / "voila",
            f"--port={port}",
            "--Voila.ip=127.0.0.1",
            f"--Voila.connection_dir_root={settings}",
        ]
    else:
        command = [
            programs / {"lab": "jupyter-lab", "notebook": "jupyter-notebook"}[front_end],
            f"--ServerApp.port={port}", "--ServerApp.port_retries=0", "--ServerApp.ip=127.0.0.1", "--allow-root",
            f"--IdentityProvider.token={TOKEN}", "--expose-app-in-browser",
            "--LabApp.extension_manager=readonly",
            "--KernelRestarter.time_to_dead=1",  # seconds until a dead kernel is noticed
            # Should the tests themselves be killed, it ends by itself.
            "--ServerApp.shutdown_no_activity_timeout=900",
        ]  # fmt: skip
    environment = dict(
        os.environ, PATH=f"{programs}{os.pathsep}{os.environ['PATH']}", IPYTHONDIR=str(settings / "ipython")
    )
    for name in ("CONFIG", "DATA", "RUNTIME"):
        environment[f"JUPYTER_{name}_DIR"] = str(settings / name.lower())
    environment["JUPYTERLAB_WORKSPACES_DIR"] = str(settings / "workspaces")
    for name in ("SPEECH_KEY", "SPEECH_REGION"):
        environment.pop(name, None)
    labconfig = settings / "config" / "labconfig"
    labconfig.mkdir(parents=True)
    # No question about news over the page.
    quiet = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (labconfig / "page_config.json").write_text(json.dumps(quiet), "utf-8")
    log = folder / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--no-browser"], cwd=notebooks, env=environment, stdout=file, stderr=file, start_new_session=True
        )
    connections = settings if front_end == "voila" else settings / "runtime"
    running = Server(front_end, notebooks, f"http://127.0.0.1:{port}/", process, log, connections)
    try:
        until(lambda: process.poll() is not None or _answers(running), f"{front_end} to start; its log: {log}")
        assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        yield running
    finally:
        running.close()
        _end(process)


def _answers(running: Server) -> bool:
    try:
        urllib.request.urlopen(f"{running.url}api", timeout=5).close()  # noqa: S310
    except urllib.error.HTTPError:  # Voila has no such page
        return True
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a server as its user would, which ends its kernels; its process group, if it does not listen."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGCONT)
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
