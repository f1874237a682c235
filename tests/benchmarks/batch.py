"""A batch on one thread, two threads, and a Dask cluster of two processes, side by side: time, memory, results.

python -m tests.benchmarks.batch [CORPUS] [--count N] [--gradebook]

CORPUS is a folder with labels.jsonl and audio/; without one, readings are synthesized. Each way runs in a process of
its own, with the models loaded before the clock starts. Memory is that of the process that hands out the work, at its
highest, after a quarter of the readings and after all of them. The digest is of all tables: equal means equal results.
The last row is what the machine gives: two processes that know nothing of each other, each with half of the readings.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

# One thread is what is measured; numpy's own would hide what a second one brings.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

WAYS = ("1 thread", "2 threads", "Dask, 2 processes")
SYNTHESIZED = 60
_WORDS = "old new red green big small warm cold good bad long short first last quiet loud".split()
_THINGS = "house river garden table window letter brother teacher summer morning".split()


def measure(rows: list[dict[str, Any]], way: str, gradebook: bool) -> dict[str, Any]:
    """Seconds for all the rows, peak memory in MB, and a digest of the tables."""
    import pronounce_kit as pk

    service = pk.LocalSpeech().load()
    with (
        tempfile.TemporaryDirectory() as folder,
        _executor(way) as (executor, workers),
        contextlib.ExitStack() as stack,
    ):
        where: dict[str, Any] = {"store": Path(folder, "replies")}
        if gradebook:
            where = {"gradebook": stack.enter_context(pk.Gradebook(Path(folder, "class.db")))}
        settings: dict[str, Any] = {"executor": executor, "workers": workers, "progress": False}
        # Each worker loads all its models before the clock starts: held against the text of the other, two readings are
        # full of words that are not in it, which the recognizer names.
        strange = [rows[n % 2] | {"text": rows[1 - n % 2]["text"], "task": f"warm {n}"} for n in range(8)]
        pk.assess_batch(strange, service, **settings)
        quarter = len(rows) // 4
        start = time.perf_counter()
        pk.assess_batch(rows[:quarter], service, **settings, **where)
        early_mb = _peak_mb()
        result = pk.assess_batch(rows, service, **settings, **where)
        seconds = time.perf_counter() - start
        late_mb = _peak_mb()
        assert result.failures.empty, result.failures
        tables = (result.utterances(), result.words(), result.syllables(), result.phonemes())
        digest = hashlib.sha256("".join(table.to_csv() for table in tables).encode()).hexdigest()[:12]
    return {"seconds": seconds, "early_mb": early_mb, "late_mb": late_mb, "digest": digest}


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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--count", type=int)
    parser.add_argument("--gradebook", action="store_true", help="store in a SQLite gradebook rather than in a folder")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.way:  # one way, in this process; the rows come on stdin
        print(json.dumps(measure(json.load(sys.stdin), given.way, given.gradebook)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.corpus:
            rows = corpus_rows(given.corpus, given.count)
        else:
            rows = synthesized_rows(Path(folder), given.count or SYNTHESIZED)
        results = {way: _run(way, rows, given.gradebook) for way in WAYS}
        apart = _run_apart(rows, given.gradebook)
    print(f"{len(rows)} readings, {'gradebook' if given.gradebook else 'folder'}")
    print(f"{'':20s}{'s':>9}{'times as fast':>15}{'peak MB after 1/4':>19}{'after all':>11}  digest of tables")
    for way, one in results.items():
        faster = results[WAYS[0]]["seconds"] / one["seconds"]
        memory = f"{one['early_mb']:19.0f}{one['late_mb']:11.0f}"
        print(f"{way:20s}{one['seconds']:9.1f}{faster:15.2f}{memory}  {one['digest']}")
    print(f"{'2 processes apart':20s}{apart:9.1f}{results[WAYS[0]]['seconds'] / apart:15.2f}")


def _run(way: str, rows: list[dict[str, Any]], gradebook: bool) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.benchmarks.batch", "--way", way, *(["--gradebook"] if gradebook else [])]
    data = json.dumps(rows, default=str)
    found = subprocess.run(command, input=data, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
    return result


def _run_apart(rows: list[dict[str, Any]], gradebook: bool) -> float:
    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(lambda half: _run(WAYS[0], half, gradebook), (rows[::2], rows[1::2])))
    return float(max(half["seconds"] for half in halves))


if __name__ == "__main__":
    main()
