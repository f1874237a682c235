"""The versions that the tests have passed with, of everything, on every Python: `tests/constraints.txt`.

    python -m tests.constraints             # after a change of pyproject.toml: the same versions where they still fit
    python -m tests.constraints --upgrade   # the newest, from the index
    python -m tests.constraints --lowest    # print the lowest versions that pyproject.toml allows on this Python

The Makefile installs with that file, so that a clone of last year works today. A test tells when it is out of step.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from .requirements import ROOT, direct, pyproject

CONSTRAINTS = ROOT / "tests" / "constraints.txt"

# How pip and uv are told of a mirror or a folder of wheels: no business of the file's.
OF_THE_MACHINE = ("PIP_", "UV_")


def extras() -> tuple[str, ...]:
    return tuple(pyproject()["project"]["optional-dependencies"])


def lowest() -> dict[str, str]:
    """The lowest version of all that the kit itself asks for here, by name. The tests' own tools are not bounded."""
    return {
        name: next(bound.version for bound in requirement.specifier if bound.operator in (">=", "=="))
        for name, requirement in direct(extras()).items()
    }


def resolve(*, upgrade: bool) -> None:
    """Have uv write the file: one version of each package, or one for each range of Pythons where those differ."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OF_THE_MACHINE)}
    environment["UV_CUSTOM_COMPILE_COMMAND"] = "python -m tests.constraints"
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-config", "--system-certs",
               "--no-python-downloads", "--universal", f"--python-version={oldest()}", "--no-annotate",
               "--all-extras", "--group=dev", "--output-file", CONSTRAINTS.relative_to(ROOT),
               *(["--upgrade"] if upgrade else []), "pyproject.toml"]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, env=environment)


def oldest() -> str:
    """The oldest Python that the kit supports, such as "3.10"."""
    return str(pyproject()["project"]["requires-python"]).removeprefix(">=")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.constraints", description="Make tests/constraints.txt.")
    parser.add_argument("--upgrade", action="store_true", help="ask the package index for the newest versions")
    parser.add_argument("--lowest", action="store_true", help="print the lowest versions that pyproject.toml allows")
    given = parser.parse_args()
    if given.lowest:
        print("\n".join(f"{name}=={version}" for name, version in lowest().items()))
    else:
        resolve(upgrade=given.upgrade)


if __name__ == "__main__":
    main()
