"""Tables of 100,000 stored attempts: `Gradebook` against one `json.loads` and one `json_normalize` for each row.

Run with `python -m tests.benchmarks.gradebook`. Both sides read the same rows of one gradebook (replies as in
`flatten`: 10 words, about 4 phonemes a word, 3 candidates a phoneme) into a table of utterances, words or phonemes.
They take turns in one process on `SAMPLE` attempts; the reading that is compared with is linear in their number by
its nature, and would take half an hour for all. Then the gradebook alone reads 25,000, 50,000 and 100,000: the time
per attempt shows whether it is linear.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd

from pronounce_kit import Assessment, Gradebook

from .flatten import make_replies

SAMPLE = 2_000
SIZES = (25_000, 25_000, 50_000)
ROUNDS = 3
TABLES = ("utterances", "words", "phonemes")


def fill(gradebook: Gradebook, count: int, *, class_name: str, distinct: int = 5_000) -> float:
    """Record attempts of 30 students, and return how many seconds that took. Replies repeat after `distinct`."""
    replies = [Assessment.from_json(reply) for reply in make_replies(min(count, distinct))]
    start = time.process_time()
    gradebook.record_many(
        {
            "assessment": replies[number % len(replies)],
            "student": f"Student {number % 30}",
            "class_name": class_name,
            "task": f"Sentence {number // 30 % 20}",
            "recorded_at": datetime.fromtimestamp(1_767_225_600 + number, timezone.utc),
        }
        for number in range(count)
    )
    return time.process_time() - start


def row_by_row(file: Path, class_name: str, table: str) -> pd.DataFrame:
    """The other side: a table as one would read it with `json.loads` and `pandas.json_normalize`, a row at a time."""
    select = (
        "SELECT attempt_id, students.name, class_name, tasks.name, recorded_at, reply FROM attempts "
        "JOIN students ON students.id = student_id LEFT JOIN tasks ON tasks.id = task_id WHERE class_name = ? "
        "ORDER BY recorded_at"
    )
    path, meta = {
        "utterances": (["NBest"], ["RecognitionStatus", "DisplayText", "Offset", "Duration", "SNR"]),
        "words": (["NBest", "Words"], []),
        "phonemes": (["NBest", "Words", "Phonemes"], []),
    }[table]
    pieces = []
    connection = sqlite3.connect(file)
    for attempt_id, student, class_, task, recorded_at, packed in connection.execute(select, (class_name,)):
        reply = json.loads(zlib.decompress(packed))
        for word in reply["NBest"][0]["Words"]:
            word.setdefault("Phonemes", [])
        piece = pd.json_normalize(reply, record_path=path, meta=meta, record_prefix="NBest." if meta else None)
        piece.insert(0, "recorded_at", recorded_at)
        piece.insert(0, "task", task)
        piece.insert(0, "class_name", class_)
        piece.insert(0, "student", student)
        piece.insert(0, "utterance_id", attempt_id)
        pieces.append(piece)
    connection.close()
    return pd.concat(pieces, ignore_index=True)


def _seconds(read: Callable[..., pd.DataFrame], *arguments: object, **filters: object) -> float:
    start = time.process_time()
    read(*arguments, **filters)
    return time.process_time() - start


def compare(gradebook: Gradebook, file: Path, table: str) -> tuple[float, float]:
    """Median seconds of either side, for the attempts of the class "sample"."""
    ours = getattr(gradebook, table)
    assert len(ours(class_name="sample")) == len(row_by_row(file, "sample", table))
    rounds = [(_seconds(ours, class_name="sample"), _seconds(row_by_row, file, "sample", table)) for _ in range(ROUNDS)]
    return statistics.median(mine for mine, _ in rounds), statistics.median(theirs for _, theirs in rounds)


def main() -> None:
    """Print both comparisons. Seconds are of processor time, which other programs do not lengthen by waiting."""
    with tempfile.TemporaryDirectory() as folder, Gradebook(Path(folder) / "benchmark.db") as gradebook:
        fill(gradebook, SAMPLE, class_name="sample")
        print(f"{SAMPLE:,} attempts, median of {ROUNDS} rounds in turns{'Gradebook':>16}{'row by row':>14}{'times':>8}")
        for table in TABLES:
            ours, theirs = compare(gradebook, Path(folder) / "benchmark.db", table)
            print(f"{table:46}{ours:14.2f} s{theirs:12.2f} s{theirs / ours:8.1f}", flush=True)
        print(f"\nGradebook alone{'attempts':>17}{'recorded':>15}" + "".join(f"{table:>15}" for table in TABLES))
        read: list[str] = []
        for size in SIZES:
            read.append(f"class {len(read)}")
            recorded = fill(gradebook, size, class_name=read[-1]) / size
            total = sum(SIZES[: len(read)])
            times = [_seconds(getattr(gradebook, table), class_name=read) for table in TABLES]
            print(f"{total:32,}{'':15}" + "".join(f"{seconds:13.1f} s" for seconds in times))
            each = [recorded, *(seconds / total for seconds in times)]
            print(f"{'per attempt':>32}" + "".join(f"{seconds * 1e6:12.0f} µs" for seconds in each), flush=True)


if __name__ == "__main__":
    main()
