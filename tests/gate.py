"""The release gate: whatever a user may meet, tried as on a machine that knows nothing of this one.

    make gate                  # or: python3 -m tests.gate
    python3 -m tests.gate wheel lowest   # only some of the runs; --list names them

| run | is |
|---|---|
| `make` | the README's commands with the versions of tests/constraints.txt: demo, format, lint, types, all tests |
| `newest 3.x` | the newest versions that pip finds, on each Python of this machine: demo, and all tests but the slow |
| `lowest` | the lowest versions that pyproject.toml allows, on the oldest Python: the same |
| `wheel`, `wheel[local]` | the wheel, installed away from the source: tests/wheel.py |

Every command starts with an empty environment and a new home folder. Logs are in .cache/gate. This module needs nothing
but Python, so that CI can start it on a clean checkout.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from glob import glob
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / ".cache" / "gate"

OLDEST = (3, 10)
"""The oldest Python that pyproject.toml allows, which the lowest versions are for."""

EXTRAS = "local,server,export,train,distributed,postgresql"
CORE = ("-m", "not slow")
"""pytest's arguments for the tests that are run on every Python."""

SHOWN = {"av": "PyAV", "numpy": "numpy", "onnxruntime": "onnxruntime"}

# How a machine reaches its package index, where that needs telling.
NETWORK = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "PIP_CERT", "PIP_INDEX_URL",
           "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")  # fmt: skip

PLACES = ("/usr/bin", "/usr/local/bin", "/opt/*/bin", "/opt/*/*/bin", "/opt/hostedtoolcache/Python/*/*/bin",
          "{home}/.pyenv/versions/*/bin", "{home}/.local/bin", "{home}/.local/share/uv/python/*/bin",
          "/Library/Frameworks/Python.framework/Versions/*/bin")  # fmt: skip
"""Where Pythons are besides PATH."""

TIMEOUT_S = 30 * 60
TAIL = 60


@dataclass(frozen=True)
class Python:
    """A Python of this machine that can make environments."""

    version: tuple[int, int, int]
    program: str

    @property
    def minor(self) -> tuple[int, int]:
        return self.version[:2]

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


@dataclass
class Result:
    """What came of a run; a step that ends badly without a count of tests counts as one failure."""

    name: str
    python: str
    versions: Mapping[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("passed", "failed", "skipped"), 0))
    seconds: float = 0.0
    broken: str = ""

    @property
    def row(self) -> list[str]:
        return [
            self.name,
            self.python,
            *(self.versions.get(name, "") for name in SHOWN),
            *(str(count) for count in self.counts.values()),
            f"{self.seconds / 60:.1f}",
        ]


class StepError(Exception):
    """A command ended badly."""


# --- the Pythons of this machine --------------------------------------------------------------------------------


def pythons() -> list[Python]:
    """The newest patch of every minor version that is here, oldest first."""
    home = pwd.getpwuid(os.getuid()).pw_dir  # HOME may be a new folder
    patterns = [*os.get_exec_path(), *(place.format(home=home) for place in PLACES)]
    folders = dict.fromkeys(folder for pattern in patterns for folder in glob(pattern))
    programs = [
        path for folder in folders for path in glob(f"{folder}/python3*") if re.search(r"/python3(\.\d+)?$", path)
    ]
    found: dict[tuple[int, int], Python] = {}
    for program in dict.fromkeys(programs):
        python = asked(program)
        if (
            python
            and python.minor >= OLDEST
            and (python.minor not in found or python.version > found[python.minor].version)
        ):
            found[python.minor] = python
    return [found[minor] for minor in sorted(found)]


def asked(program: str) -> Python | None:
    """What a program says of itself; None where it is no finished Python, or cannot make environments."""
    question = (
        "import sys, json, ensurepip, venv; v = sys.version_info; assert v.releaselevel == 'final';"
        "assert sys.implementation.name == 'cpython' and 'free-threading' not in sys.version;"
        "print(json.dumps([v[:3], f'{sys.base_prefix}/bin/python{v[0]}.{v[1]}']))"
    )
    try:
        answer = subprocess.run([program, "-I", "-c", question], capture_output=True, text=True, timeout=60, check=True)
        version, real = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Python((version[0], version[1], version[2]), real)


# --- running commands -------------------------------------------------------------------------------------------


class Steps:
    """Commands of one run, one after the other, into one log."""

    def __init__(self, result: Result, environment: Mapping[str, str], *, echo: bool = False) -> None:
        self.result = result
        self.environment = dict(environment)
        self.log = log_of(result.name)
        self.log.write_text("", "utf-8")
        self.echo = echo

    def run(self, *command: str | Path, cwd: Path = ROOT) -> str:
        """What the command wrote. Raises `StepError` where it ended badly, after the counts are noted."""
        words = [str(word) for word in command]
        self.write(f"$ {' '.join(words)}\n")
        start = self.log.stat().st_size
        # Into the file itself: a pipe would be held open by whatever the command left running.
        with self.log.open("ab") as out:
            process = subprocess.Popen(
                words, cwd=cwd, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
            try:
                code = self.wait(process, start)
            finally:
                kill(process.pid)
        output = self.log.read_bytes()[start:].decode("utf-8", "replace")
        self.count(output, code)
        if code:
            took_too_long = f" after {TIMEOUT_S // 60} minutes" if code == -signal.SIGKILL else ""
            raise StepError(f"{' '.join(words)}: exit code {code}{took_too_long}")
        return output

    def wait(self, process: subprocess.Popen[bytes], shown: int) -> int:
        """The exit code; a command has `TIMEOUT_S` to end. What it writes is shown meanwhile where that is wanted."""
        end = time.monotonic() + TIMEOUT_S
        while True:
            with suppress(subprocess.TimeoutExpired):
                process.wait(1)
            if self.echo:
                new = self.log.read_bytes()[shown:]
                shown += len(new)
                sys.stdout.buffer.write(new)
                sys.stdout.flush()
            if process.returncode is not None:
                return process.returncode
            if time.monotonic() > end:
                kill(process.pid)

    def write(self, text: str) -> None:
        with self.log.open("a", encoding="utf-8") as file:
            file.write(text)
        if self.echo:
            print(text, end="", flush=True)

    def count(self, output: str, code: int) -> None:
        """Add the counts of the last line, such as "== 3 failed, 1204 passed, 2 skipped, 1 error in 61.30s ==="."""
        last = output.strip().rpartition("\n")[2]
        counts = {kind: int(number) for number, kind in re.findall(r"\b(\d+) (passed|failed|skipped|error)", last)}
        failed = counts.get("failed", 0) + counts.get("error", 0)
        self.result.counts["passed"] += counts.get("passed", 0)
        self.result.counts["skipped"] += counts.get("skipped", 0)
        self.result.counts["failed"] += max(failed, int(code != 0))


def kill(group: int) -> None:
    """End what a command left running."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


@contextmanager
def environment() -> Iterator[dict[str, str]]:
    """The variables of a machine that knows nothing of this one, with a home folder that is there meanwhile."""
    with tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True) as home:
        kept = {name: os.environ[name] for name in ("PATH", *NETWORK) if name in os.environ}
        yield {**kept, "HOME": home, "LANG": "C.UTF-8", "CI": "true"}


@contextmanager
def fresh(steps: Steps, python: Python) -> Iterator[Path]:
    """The program of a new virtual environment, with a pip that knows dependency groups."""
    with tempfile.TemporaryDirectory(prefix="gate-", ignore_cleanup_errors=True) as folder:
        steps.run(python.program, "-m", "venv", folder)
        program = Path(folder) / "bin" / "python"
        install(steps, program, "--upgrade", "pip")
        yield program


def install(steps: Steps, program: Path, *what: str | Path) -> None:
    steps.run(program, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what)


def versions(program: Path) -> dict[str, str]:
    """The versions of the packages that the table shows."""
    question = (
        "import json, sys; from importlib import metadata;"
        "have = {d.metadata['Name'].lower(): d.version for d in metadata.distributions()};"
        f"print(json.dumps({{n: have[n] for n in {list(SHOWN)} if n in have}}))"
    )
    answer = subprocess.run([program, "-I", "-c", question], capture_output=True, text=True, check=True)
    return dict(json.loads(answer.stdout))


def log_of(name: str) -> Path:
    return LOGS / f"{re.sub(r'[^a-z0-9.]+', '-', name).strip('-')}.log"


# --- the runs ---------------------------------------------------------------------------------------------------


def core(steps: Steps, program: Path) -> None:
    """The demo and the tests that are run on every Python."""
    steps.result.versions = versions(program)
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        steps.run(program.parent / "pronounce-kit", "demo", "--out", folder)
    # A test that hangs tells where.
    steps.run(program, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=300", *CORE)


def newest(steps: Steps, python: Python) -> None:
    with fresh(steps, python) as program:
        install(steps, program, "--group", "test", "--editable", f".[{EXTRAS}]")
        core(steps, program)


def lowest(steps: Steps, python: Python) -> None:
    with fresh(steps, python) as program:
        install(steps, program, "packaging", "tomli")
        constraints = program.parent.parent / "lowest.txt"
        constraints.write_text(steps.run(program, "-m", "tests.constraints", "--lowest"), "utf-8")
        install(steps, program, "--constraint", constraints, "--group", "test", "--editable", f".[{EXTRAS}]")
        core(steps, program)


def wheel(steps: Steps, python: Python, *, extra: str = "") -> None:
    with fresh(steps, python) as program:
        elsewhere = program.parent.parent / "elsewhere"
        steps.run(program, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps",
                  "--wheel-dir", elsewhere, ROOT)  # fmt: skip
        (built,) = elsewhere.glob("*.whl")
        install(steps, program, f"{built}{extra}")
        steps.run(program, "-m", "pip", "check")
        steps.result.versions = versions(program)
        script = [program, "-I", ROOT / "tests" / "wheel.py", *(["--local"] if extra else [])]
        steps.run(*script, cwd=elsewhere)


def make(*targets: str) -> Callable[[Steps, Python], None]:
    def run(steps: Steps, python: Python) -> None:
        for target in targets:
            steps.run("make", target, f"PYTHON={python.program}")
        steps.result.versions = versions(ROOT / ".venv" / "bin" / "python")

    return run


@dataclass(frozen=True)
class Run:
    """One row of the table."""

    name: str
    python: Python
    work: Callable[[Steps, Python], None]

    def __call__(self, environment: Mapping[str, str], *, echo: bool = False) -> Result:
        result = Result(self.name, str(self.python))
        steps = Steps(result, environment, echo=echo)
        print(f"-- {self.name}: started, with Python {self.python}", flush=True)
        start = time.monotonic()
        try:
            self.work(steps, self.python)
        except StepError as error:
            result.broken = str(error)
        result.seconds = time.monotonic() - start
        print(f"-- {self.name}: {result.broken or 'done'} ({result.seconds / 60:.1f} min)", flush=True)
        return result


# --- all of it --------------------------------------------------------------------------------------------------


def planned(found: list[Python]) -> tuple[list[Run], list[Run], list[Run]]:
    """The runs that come first, those that run side by side, and the last; the first and last use all cores."""
    mine = asked(sys.executable) or Python(sys.version_info[:3], sys.executable)
    beside = [Run(f"newest {'.'.join(map(str, python.minor))}", python, newest) for python in found]
    # The long ones first.
    beside += [Run("lowest", python, lowest) for python in found if python.minor == OLDEST]
    beside += [
        Run("wheel[local]", found[-1] if found else mine, partial(wheel, extra="[local]")),
        Run("wheel", found[-1] if found else mine, wheel),
    ]
    return (
        [Run("make demo lint types", mine, make("demo", "lint", "types"))],
        beside,
        [Run("make test", mine, make("test"))],
    )


def gaps(found: list[Python]) -> list[str]:
    """What this machine cannot tell, for want of Pythons."""
    said = []
    if len(found) < 2:
        have = ", ".join(map(str, found)) or "none"
        said.append(f"Fewer than two minor versions of Python are here ({have}): install more, for example with pyenv.")
    if not any(python.minor == OLDEST for python in found):
        said.append(f"No Python {'.'.join(map(str, OLDEST))} is here: the lowest versions were not tried.")
    return [f"NOT TRIED: {line}" for line in said]


def table(rows: Iterable[list[str]]) -> str:
    lines = list(rows)
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )


def report(results: list[Result], found: list[Python]) -> int:
    """Print what came of it, the counts of all tests alone on the last line. Returns the exit code."""
    for result in results:
        if result.broken:
            log = log_of(result.name)
            print(f"\n-- {result.name}: the end of {log.relative_to(ROOT)}\n")
            print("\n".join(log.read_text("utf-8").splitlines()[-TAIL:]))
    print()
    print(
        table(
            [
                ["run", "Python", *SHOWN.values(), "passed", "failed", "skipped", "minutes"],
                *(one.row for one in results),
            ]
        )
    )
    print()
    for line in gaps(found):
        print(line)
    for result in results:
        if result.broken:
            print(f"FAILED: {result.name}: {result.broken}")
    passed, failed = (sum(result.counts[kind] for result in results) for kind in ("passed", "failed"))
    print(f"{passed} passed, {failed} failed", flush=True)
    return int(failed > 0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m tests.gate", description="The release gate.")
    parser.add_argument("only", nargs="*", metavar="RUN", help="only these, or those that begin so, such as newest")
    parser.add_argument("--list", action="store_true", help="name the runs")
    given = parser.parse_args()

    found = pythons()
    stages = [
        [run for run in stage if not given.only or any(run.name.startswith(name) for name in given.only)]
        for stage in planned(found)
    ]
    if given.list:
        print(
            "\n".join(f"{run.name}  (Python {run.python}, {run.python.program})" for stage in stages for run in stage)
        )
        return 0
    if not any(stages):
        parser.error(f"there is no run {', '.join(given.only)}; --list names them")
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    before, beside, after = stages
    with environment() as variables, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = [run(variables, echo=True) for run in before]
        results += pool.map(lambda run: run(variables), beside)
        results += [run(variables, echo=True) for run in after]
    return report(results, found)


if __name__ == "__main__":
    sys.exit(main())
