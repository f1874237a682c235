"""Reports on a class of 300 with names in Arabic, Chinese and emoji, and one that is a script: seconds, pages, size.

python -m tests.benchmarks.reports [DIR]     # keeps the pages in DIR

Every student has read five tasks twice, ten words each (replies as in `flatten`). The pages on all students, the one
on the class and the index are written as `pronounce-kit report` does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from pronounce_kit import Assessment, Gradebook, report

from .flatten import make_replies

CLASS = "教室 5ب 🦉"
NAMES = [
    "<script>alert(1)</script>",
    *(f"{name} {number}" for number in range(60) for name in ("ليلى حسن", "王小明", "👩🏽‍🎓", "Zoë O’Neil", "नेहा")),
][:300]
TASKS, ATTEMPTS = 5, 2
START_NS = 1_767_225_600_000_000_000
DAY_NS = 86_400_000_000_000


def fill(gradebook: Gradebook) -> int:
    """Record the class, and return how many readings that makes."""
    replies = [Assessment.from_json(reply) for reply in make_replies(len(NAMES) * TASKS * ATTEMPTS)]
    gradebook.record_many(
        {
            "assessment": reply,
            "student": NAMES[number % len(NAMES)],
            "class_name": CLASS,
            "task": f"Week {number // len(NAMES) % TASKS + 1}",
            "recorded_at": START_NS + number // len(NAMES) * DAY_NS,
            "service": "LocalSpeech",
        }
        for number, reply in enumerate(replies)
    )
    return len(replies)


def main() -> None:
    """Write all pages and print how long it took."""
    with tempfile.TemporaryDirectory() as folder, Gradebook(Path(folder) / "class.db") as gradebook:
        readings = fill(gradebook)
        out = Path(sys.argv[1]) if len(sys.argv) == 2 else Path(folder) / "reports"
        start, worked = time.perf_counter(), time.process_time()
        written = report.write_reports(gradebook, out)
        seconds, worked = time.perf_counter() - start, time.process_time() - worked
        size_mb = sum(path.stat().st_size for path in written) / 1e6
        print(
            f"{len(written):,} pages on {len(NAMES)} students with {readings:,} readings: {seconds:.1f} s "
            f"({worked:.1f} s of processor time), {size_mb:.1f} MB in {out}"
        )


if __name__ == "__main__":
    main()
