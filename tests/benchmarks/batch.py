"""A batch on one thread, two threads, and a Dask cluster of two processes, side by side: time, memory, results.

python -m tests.benchmarks.batch [CORPUS] [--count N] [--gradebook] [--before DIR]

CORPUS is a folder with labels.jsonl and audio/; without one, readings are synthesized. The ways take turns with a fifth
of the readings, in processes of their own, so that a machine that is faster now and slower then is so for all of them;
models are loaded before the clock starts. Memory is that of the process that hands out the work, at its highest, after
its first turn and after its last. The digest is of all tables: equal means equal results. The last row is what the
machine gives: two processes that know nothing of each other, each with half of the readings. With --before, the engine
of another checkout takes its turns on one thread and on two, in its own .venv if it has one.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# One thread is what is measured; numpy's own would hide what a second one brings.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

ROOT = Path(__file__).parents[2]
WAYS = ("1 thread", "2 threads", "Dask, 2 processes")
APART = "2 processes apart"
TURNS = 5
SYNTHESIZED = 60
_WORDS = "old new red green big small warm cold good bad long short first last quiet loud".split()
_THINGS = "house river garden table window letter brother teacher summer morning".split()


def take_turns(rows: list[dict[str, Any]], way: str, gradebook: bool) -> None:
    """Assess the readings that each line of stdin names ("first last"), and print seconds and peak memory in MB.

    After the last line, print a digest of the tables of all.
    """
    import pronounce_kit as pk

    service = pk.LocalSpeech().load()
    # Each worker loads all its models before the clock starts: held against the text of the other, two readings are
    # full of words that are not in it, which the recognizer names.
    strange = [rows[n % 2] | {"text": rows[1 - n % 2]["text"], "task": f"warm {n}"} for n in range(8)]
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        where: dict[str, Any] = {"store": Path(folder, "replies"), "progress": False}
        if gradebook:
            where = {"gradebook": stack.enter_context(pk.Gradebook(Path(folder, "class.db"))), "progress": False}
        for line in sys.stdin:
            first, last = map(int, line.split())
            with _executor(way) as (executor, workers):
                pk.assess_batch(strange, service, executor=executor, workers=workers, progress=False)
                start, worked = time.perf_counter(), time.process_time()
                pk.assess_batch(rows[first:last], service, executor=executor, workers=workers, **where)
                seconds, processor_s = time.perf_counter() - start, time.process_time() - worked
            told = {"seconds": seconds, "processor_s": processor_s, "peak_mb": _peak_mb()}
            print(json.dumps(told), flush=True)
        result = pk.assess_batch(rows, service, **where)  # all are stored already
        assert result.failures.empty, result.failures
        tables = (result.utterances(), result.words(), result.syllables(), result.phonemes())
        print(hashlib.sha256("".join(table.to_csv() for table in tables).encode()).hexdigest()[:12])


@contextlib.contextmanager
def _executor(way: str) -> Iterator[tuple[Any, int]]:
    if not way.startswith("Dask"):
        yield None, int(way[0])
        return
    from distributed import Client, LocalCluster

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, Client(cluster) as client:
        yield client, 2


def _peak_mb() -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


# --- readings ---------------------------------------------------------------------------------------------------


def corpus_rows(corpus: Path, count: int | None) -> list[dict[str, Any]]:
    """Readings of a corpus."""
    from tests.batch import kills

    return kills.corpus_rows(corpus, count)


def synthesized_rows(folder: Path, count: int) -> list[dict[str, Any]]:
    """Readings of short sentences by the embedded voice, each text twice."""
    import pronounce_kit as pk

    speech = pk.LocalSpeech().load()
    rows = []
    for number in range(count):
        first, second = divmod(number // 2, len(_THINGS))
        text = f"The {_WORDS[first % len(_WORDS)]} {_THINGS[second]} is near the {_THINGS[(first + second) % 10]}."
        phones = speech.pronunciation(text)
        path = folder / f"reading{number}.wav"
        path.write_bytes(speech.synthesize_phones(phones, speed=0.9 if number % 2 else 1.1))
        rows.append({"student": f"S{number % 7}", "text": text, "audio": str(path)})
    return rows


# --- the table --------------------------------------------------------------------------------------------------


class Way:
    """A way to assess readings, in a process of its own, which waits for its turns."""

    def __init__(
        self, way: str, rows: list[dict[str, Any]], gradebook: bool, folder: Path, checkout: Path | None = None
    ) -> None:
        self.rows = rows
        self.seconds: list[float] = []
        self.processor_s: list[float] = []
        self.peaks_mb: list[float] = []
        file = folder / "rows.json"
        file.write_text(json.dumps(rows, default=str))
        python = checkout / ".venv" / "bin" / "python" if checkout else Path(sys.executable)
        command = [
            str(python) if python.exists() else sys.executable,
            "-m",
            "tests.benchmarks.batch",
            "--way",
            way,
            "--rows",
            str(file),
        ]
        command += ["--gradebook"] if gradebook else []
        # What is run as a module is looked for where it is run, and so is the package.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=checkout or ROOT
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def turn(self, number: int) -> float:
        """Assess its readings of this turn; seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        first, last = (len(self.rows) * n // TURNS for n in (number, number + 1))
        print(first, last, file=self._process.stdin, flush=True)
        told = json.loads(self._process.stdout.readline())
        self.seconds.append(told["seconds"])
        self.peaks_mb.append(told["peak_mb"])
        self.processor_s.append(told.get("processor_s", math.nan))  # an older checkout does not tell
        return self.seconds[-1]

    def end(self) -> str:
        """End the process; the digest of all its results."""
        out, _ = self._process.communicate()
        assert self._process.returncode == 0
        return out.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--count", type=int)
    parser.add_argument("--gradebook", action="store_true", help="store in a SQLite gradebook rather than in a folder")
    parser.add_argument("--before", type=Path, metavar="DIR", help="another checkout, to compare with")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:  # one way, in this process
        rows = json.loads(given.rows.read_text("utf-8"))
        print("ready", flush=True)
        take_turns(rows, given.way, given.gradebook)
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.corpus:
            rows = corpus_rows(given.corpus.resolve(), given.count)
        else:
            rows = synthesized_rows(Path(folder), given.count or SYNTHESIZED)
        compare(rows, given.gradebook, Path(folder), given.before and given.before.resolve())


def compare(rows: list[dict[str, Any]], gradebook: bool, folder: Path, before: Path | None) -> None:
    """Let all ways take turns, and print the table."""
    ways = {way: Way(way, rows, gradebook, folder) for way in WAYS}
    if before:
        ways |= {f"{way}, before": Way(way, rows, gradebook, folder, before) for way in WAYS[:2]}
    halves = [Way(WAYS[0], half, gradebook, folder) for half in (rows[::2], rows[1::2])]
    apart: list[float] = []

    def both(number: int) -> None:
        with ThreadPoolExecutor(2) as pool:
            apart.append(max(pool.map(lambda half: half.turn(number), halves)))

    turns: list[Callable[[int], object]] = [*(way.turn for way in ways.values()), both]
    for number in range(TURNS):
        for turn in turns[number % len(turns) :] + turns[: number % len(turns)]:  # each comes first at some time
            turn(number)
    for half in halves:
        half.end()
    print(f"{len(rows)} readings, {'gradebook' if gradebook else 'folder'}, in {TURNS} turns")
    print(
        f"{'':20s}{'s':>9}{'times as fast':>15}{'single turns':>15}{'processor s':>13}"
        f"{'peak MB, first':>16}{'last':>7}  digest of tables"
    )
    alone = ways[WAYS[0]].seconds
    for name, way in ways.items():
        own = "" if name.startswith("Dask") else f"{sum(way.processor_s):.1f}"  # its work is done in other processes
        memory = f"{way.peaks_mb[0]:16.0f}{way.peaks_mb[-1]:7.0f}"
        print(f"{name:20s}{_faster(alone, way.seconds)}{own:>13}{memory}  {way.end()}")
    print(f"{APART:20s}{_faster(alone, apart)}")


def _faster(alone: list[float], seconds: list[float]) -> str:
    ratios = [one / other for one, other in zip(alone, seconds, strict=True)]
    return f"{sum(seconds):9.1f}{sum(alone) / sum(seconds):15.2f}{f'{min(ratios):.2f} to {max(ratios):.2f}':>15}"


if __name__ == "__main__":
    main()
