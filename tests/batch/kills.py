"""A batch that is killed again and again, and resumed each time, ends as one that was let alone.

python -m tests.batch.kills CORPUS --count 200 --kills 20      # readings of a corpus, with the embedded engine

The batch runs in a process of its own, and writes into a gradebook. SIGKILL, which no program can catch, comes at
random moments of its work. In the end the gradebook, its tables and its recordings are compared with those of a batch
that nobody disturbed, and the calls of the service are counted: only what was under way at a kill may be done again.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import pronounce_kit as pk
from pronounce_kit import Assessment
from tests.batch.tiny import Tiny

WORKERS = 2
UNDER_WAY = 2 * WORKERS
"""Items that are with the executor at a time, see `batch.plan`; as many may be lost by a kill."""

TABLES = ("attempts", "utterances", "words", "syllables", "phonemes")


@dataclass(frozen=True)
class Outcome:
    """What came of a batch that was killed."""

    readings: int
    kills: int
    resumed_at: tuple[int, ...]
    calls: int
    differences: tuple[str, ...]

    def __str__(self) -> str:
        verdict = "equal, row for row" if not self.differences else f"DIFFERENT: {', '.join(self.differences)}"
        return (
            f"{self.readings} readings, killed {self.kills} times with these numbers stored: "
            f"{', '.join(map(str, self.resumed_at))}.\n"
            f"Calls of the service: {self.calls}, {self.calls - self.readings} of them again (at most "
            f"{self.kills * UNDER_WAY} may be).\nGradebook, tables and recordings are {verdict}."
        )


def torment(folder: Path, roster: Path, kills: int, *, engine: bool, seed: int = 0) -> Outcome:
    """Run the roster's batch undisturbed and with kills, in two gradebooks in a folder, and compare these."""
    chance = random.Random(seed)  # noqa: S311 - nothing secret
    calm, killed = folder / "calm", folder / "killed"
    start = time.monotonic()
    assert _Run(calm, roster, engine).wait() == 0
    whole_s = json.loads((calm / "done.json").read_text("utf-8"))["seconds"]
    print(f"undisturbed: {whole_s:.1f} s of {time.monotonic() - start:.1f} s with the start", flush=True)

    readings = _stored(calm)
    resumed_at: list[int] = []
    while len(resumed_at) < kills:
        run = _Run(killed, roster, engine)
        if not run.waits_for_work():
            break  # the last kill came so late that nothing was left
        # So long on average that the kills fall all over the work that is left.
        left = 1 - (resumed_at[-1] if resumed_at else 0) / readings
        time.sleep(chance.uniform(0, 2 * whole_s * left / (kills - len(resumed_at) + 1)))
        run.kill()
        resumed_at.append(_stored(killed))
    assert _Run(killed, roster, engine).wait() == 0
    with pk.Gradebook(calm / "class.db") as one, pk.Gradebook(killed / "class.db") as other:
        differences = [*_different_tables(one, other), *_different_recordings(calm, killed)]
    calls = len((killed / "calls.log").read_text("utf-8").splitlines())
    return Outcome(readings, len(resumed_at), tuple(resumed_at), calls, tuple(differences))


def _stored(folder: Path) -> int:
    with pk.Gradebook(folder / "class.db") as book:
        return len(book.attempts())


class _Run:
    """The batch in a process of its own."""

    def __init__(self, folder: Path, roster: Path, engine: bool) -> None:
        folder.mkdir(exist_ok=True)
        command = [sys.executable, "-m", "tests.batch.kills", "--child", str(folder), str(roster)]
        self._process = subprocess.Popen(
            [*command, *(["--engine"] if engine else [])],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parent.parent.parent,
        )

    def waits_for_work(self) -> bool:
        """Wait for the first call of the service; False if the batch ended without any."""
        assert self._process.stdout is not None
        return self._process.stdout.readline() == b"begins\n"

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()

    def wait(self) -> int:
        self._process.communicate()
        return self._process.returncode


def _different_tables(one: pk.Gradebook, other: pk.Gradebook) -> list[str]:
    return [name for name in TABLES if not getattr(one, name)().equals(getattr(other, name)())]


def _different_recordings(one: Path, other: Path) -> list[str]:
    def recordings(folder: Path) -> dict[str, bytes]:
        audio = folder / "class-audio"
        return {
            str(p.relative_to(audio)): p.read_bytes() for p in audio.rglob("*") if p.is_file() and p.suffix != ".tmp"
        }

    return [] if recordings(one) == recordings(other) else ["recordings"]


# --- in the child -----------------------------------------------------------------------------------------------


class _Counted:
    """A service that writes a line for each call before it answers."""

    def __init__(self, service: Any, log: Path) -> None:
        self._service = service
        self._log = log
        self.first_s: float | None = None
        self.version = service.version

    def assess(self, recording: Any, reference_text: str | None = None, **options: Any) -> Assessment:
        if self.first_s is None:
            self.first_s = time.monotonic()
            print("begins", flush=True)
        with open(self._log, "a", encoding="utf-8") as file:
            file.write(f"{reference_text}\n")
        return self._service.assess(recording, reference_text, **options)


def _child(folder: Path, roster: Path, engine: bool) -> int:
    service: Any = pk.LocalSpeech().load() if engine else Tiny(work_s=0.02)
    counted = _Counted(service, folder / "calls.log")
    with pk.Gradebook(folder / "class.db") as book:
        result = pk.assess_batch(roster, counted, gradebook=book, progress=False, workers=WORKERS)
    seconds = 0.0 if counted.first_s is None else time.monotonic() - counted.first_s
    (folder / "done.json").write_text(json.dumps({"seconds": seconds}))
    return len(result.failures)


# --- the command ------------------------------------------------------------------------------------------------


def write_roster(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def corpus_rows(corpus: Path, count: int | None) -> list[dict[str, object]]:
    """Rows of a roster from a corpus: labels.jsonl and audio/."""
    with (corpus / "labels.jsonl").open(encoding="utf-8") as file:
        labels = [json.loads(line) for line in file]
    return [
        {
            "student": label["speaker"],
            "text": label["text"],
            "audio": corpus.absolute() / f"audio/{label['utterance']}.flac",
        }
        for label in labels[:count]
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="a folder with labels.jsonl and audio/")
    parser.add_argument("--count", type=int, help="so many readings of it; all by default")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        roster = write_roster(Path(folder, "roster.csv"), corpus_rows(given.corpus, given.count))
        outcome = torment(Path(folder), roster, given.kills, engine=True, seed=given.seed)
    print(outcome)
    return 1 if outcome.differences else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(_child(Path(sys.argv[2]), Path(sys.argv[3]), "--engine" in sys.argv))
    sys.exit(main())
