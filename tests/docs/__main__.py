"""`python -m tests.docs`: the reference as HTML."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from .build import build


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.docs", description="Build the reference as HTML.")
    parser.add_argument("--out", type=Path, default=Path(".cache/docs"), help="folder to write to [.cache/docs]")
    out = parser.parse_args().out
    problems = build(out)
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"Written: {out / 'html' / 'index.html'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
