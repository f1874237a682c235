"""What `import pronounce_kit` costs, in a new interpreter.

python -m tests.benchmarks.imports
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

HEAVY = ("pandas", "matplotlib", "onnxruntime", "hama", "hibari", "numpy", "av", "requests")
ROUNDS = 9
_PROGRAM = f"""
import sys, time
start = time.perf_counter()
import pronounce_kit
print(time.perf_counter() - start, *(name for name in {HEAVY!r} if name in sys.modules))
"""


def measure() -> dict[str, Any]:
    """Median seconds of the import, and the heavy packages that it loaded."""
    runs = [
        subprocess.run([sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True).stdout.split()
        for _ in range(ROUNDS)
    ]
    return {"import, s": statistics.median(float(run[0]) for run in runs), "heavy packages": " ".join(runs[-1][1:])}


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:20s}{value}")
