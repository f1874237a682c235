"""What an installation with the extra `local` takes on a fresh machine: megabytes, and seconds until the demo's result.

python -m tests.benchmarks.installation [--before DIR] [--extras local] [--python PYTHON]

A new virtual environment, the package of this folder, and an empty home folder: the first run finds nothing that an
earlier one has left, there or beside the packages, and the second what the first one has. Megabytes are those of the
disk, with pip. With --before, another checkout is installed too, and the runs of both take turns. Needs a package
index.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
HOMES = 3
"""Empty homes, each for a first run and a second."""
LARGEST = 12


@dataclass(frozen=True)
class Installed:
    """A package with its extras in an environment of its own."""

    name: str
    bin: Path
    packages: Path
    files: frozenset[Path]

    @classmethod
    def of(cls, name: str, source: Path, extras: str, python: str, folder: Path) -> Installed:
        """Install it; seconds depend on the network, and are not told."""
        subprocess.run([python, "-m", "venv", folder], check=True)
        commands = folder / ("Scripts" if sys.platform == "win32" else "bin")
        pip = [commands / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"{source.resolve()}[{extras}]"], check=True)
        packages = next(folder.rglob("site-packages"))
        return cls(name, commands, packages, frozenset(_files(packages)))

    def sizes_mb(self) -> dict[str, float]:
        """Of each folder and file of site-packages, the largest first."""
        sizes = {entry.name: _size_mb(entry) for entry in self.packages.iterdir()}
        return dict(sorted(sizes.items(), key=lambda item: -item[1]))

    def as_installed(self) -> None:
        """Remove what runs have left beside the packages."""
        for path in set(_files(self.packages)) - self.files:
            if not path.is_dir():
                path.unlink()

    def demo(self, home: Path) -> tuple[float, float]:
        """Run the demo; seconds until its result is there, and of processor time."""
        kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP") if name in os.environ}
        environment = {**kept, "HOME": str(home), "USERPROFILE": str(home)}
        before = os.times()
        start = time.perf_counter()
        command = [self.bin / "pronounce-kit", "demo", "--out", home / "demo"]
        subprocess.run(command, check=True, env=environment, cwd=home, stdout=subprocess.DEVNULL)
        seconds, after = time.perf_counter() - start, os.times()
        processor = after.children_user + after.children_system - before.children_user - before.children_system
        return seconds, processor


def _size_mb(path: Path) -> float:
    """What it fills on the disk, in mebibytes as `du -m` has them."""
    return sum(_blocks(file.lstat()) for file in _files(path)) / 2**20


def _files(path: Path) -> Iterator[Path]:
    yield path
    if path.is_dir() and not path.is_symlink():
        yield from path.rglob("*")


def _blocks(stat: os.stat_result) -> int:
    return stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--before", type=Path, metavar="DIR", help="another checkout, to compare with")
    parser.add_argument("--extras", default="local")
    parser.add_argument("--python", default=sys.executable, help="the Python to install for")
    given = parser.parse_args()
    sources = {"now": ROOT} | ({"before": given.before} if given.before else {})
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        installed = [
            Installed.of(name, source, given.extras, given.python, folder / name) for name, source in sources.items()
        ]
        runs = []
        for number in range(HOMES):
            for one in installed if number % 2 == 0 else installed[::-1]:
                one.as_installed()
                home = folder / f"home of {one.name} {number}"
                home.mkdir()
                runs += [(one.name, turn, *one.demo(home)) for turn in ("first", "second")]
        for one in installed:
            sizes = one.sizes_mb()
            largest = ", ".join(f"{package} {size:.0f}" for package, size in list(sizes.items())[:LARGEST])
            print(f"{one.name}: {_size_mb(folder / one.name):.0f} MB; {largest} ...")
            for turn in ("first", "second"):
                own = [
                    (seconds, processor) for name, kind, seconds, processor in runs if (name, kind) == (one.name, turn)
                ]
                best, processor = min(own)
                print(
                    f"    {turn} run of the demo: {best:.1f} s ({processor:.1f} s of processor time; "
                    f"{HOMES} runs, the slowest {max(own)[0]:.1f} s)"
                )


if __name__ == "__main__":
    main()
