"""Sphinx, run on the pages of `pages`; in a process of its own, as its extensions change the commands they describe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from . import pages


def build(folder: Path) -> list[str]:
    """Write `folder`/html; returns what Sphinx warned of, which is nothing in pages that are right."""
    source, html, doctrees = ((folder / name).resolve() for name in ("source", "html", "doctrees"))
    pages.write(source)
    command = [sys.executable, "-W", "ignore", "-m", "sphinx", "--fresh-env", "--write-all", "--quiet", "--no-color"]
    done = subprocess.run(
        [*command, "-b", "html", "-c", Path(__file__).parent, "-d", doctrees, source, html],
        cwd=pages.ROOT,
        capture_output=True,
        text=True,
    )
    problems = done.stderr.splitlines()
    return problems or ([f"Sphinx ended with {done.returncode}."] if done.returncode else [])
