"""Four processes that write into one gradebook at once: none lost, none double.

python -m tests.gradebook.writers                   # 5,000 attempts each: SQLite, then PostgreSQL where it is installed
python -m tests.gradebook.writers URL or path

Each writes `count` attempts in transactions of a hundred, and the last few one by one. A tenth of the attempts have
keys that all four write. Nothing is there when they start: they make the tables at the same time, too.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pronounce_kit import Assessment, Gradebook

from .. import replies
from . import postgresql

PROCESSES = 4
COUNT = 5_000
ALONE = 20  # how many each records one by one
ROOT = Path(__file__).parents[2]


def keys(process: int, count: int) -> list[str]:
    """What one process writes; those that everybody writes are spread among its own."""
    return [f"all {n}" if n % 10 == 0 else f"{process} {n}" for n in range(count)]


def write(where: str, process: int, count: int) -> None:
    """What each process does."""
    assessment = Assessment.from_json(replies.load("flat"))
    takes = [
        {
            "assessment": assessment,
            "student": f"Student {n % 30}",
            "class_name": "5b",
            "task": f"Task {n % 20}",
            "key": key,
        }
        for n, key in enumerate(keys(process, count))
    ]
    with Gradebook(where) as gradebook:
        for start in range(0, count - ALONE, 100):
            gradebook.record_many(takes[start : min(start + 100, count - ALONE)])
        for take in takes[-ALONE:]:
            gradebook.record(**take)


def run(where: str, count: int = COUNT) -> None:
    """Let all processes write, and wait for them."""
    command = [sys.executable, "-m", "tests.gradebook.writers", where]
    started = [subprocess.Popen([*command, str(process), str(count)], cwd=ROOT) for process in range(PROCESSES)]
    codes = [process.wait() for process in started]
    assert codes == [0] * PROCESSES, codes


def check(where: str, count: int = COUNT) -> None:
    """Compare what is stored with what was written."""
    wanted = {key for process in range(PROCESSES) for key in keys(process, count)}
    with Gradebook(where) as gradebook:
        students, tasks = gradebook.students(), gradebook.tasks()
        assert gradebook.recorded(wanted) == wanted
        for counted in (students, tasks):
            assert counted["attempts"].sum() == len(wanted), f"{counted['attempts'].sum():,} of {len(wanted):,}"
        assert len(students) == 30
        assert len(tasks) == 20


def main() -> None:
    """Write as one of the processes, or start them all."""
    if len(sys.argv) == 4:
        write(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
        return
    if len(sys.argv) == 2:
        measure(sys.argv[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(str(Path(folder) / "class.db"))
    if postgresql.programs() is None:
        print(postgresql.MISSING)
        return
    with postgresql.server() as (url, _):
        measure(f"{url}/postgres")


def measure(where: str) -> None:
    """Write, check, and print how long it took."""
    start = time.perf_counter()
    run(where)
    took = time.perf_counter() - start
    check(where)
    with Gradebook(where) as gradebook:
        print(
            f"{gradebook}: {PROCESSES} processes wrote {COUNT:,} attempts each in {took:.1f} s, none lost, none double"
        )


if __name__ == "__main__":
    main()
