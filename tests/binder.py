"""What Binder installs and how it is launched: `binder/requirements.txt` and the badges of README.md.

    python -m tests.binder                         # after a change of pyproject.toml: the same versions, new bounds
    python -m tests.binder --upgrade               # the newest that go with repo2docker's own, from the index
    python -m tests.binder --check .cache/binder   # install them there, and run notebooks and browser tests with them

repo2docker brings Python, JupyterLab and the widgets' front end itself, frozen. Their versions are pinned to what it
brings, so that nothing is installed over them.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .requirements import ROOT, direct, pins, pyproject

REQUIREMENTS = ROOT / "binder" / "requirements.txt"
README = ROOT / "README.md"

EXTRAS = ("local", "notebook", "server", "export")  # the server is what 04_cloud_service talks to where there is no key
PYTHON = "3.11"  # as in binder/runtime.txt

# The environment that a Binder launch has, seen from pip.
ON_BINDER = {"python_version": PYTHON, "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}

TOOLS = ("axe-playwright-python", "html5lib", "hypothesis", "playwright", "pytest")
TESTS = ("tests/test_cloud_notebook.py", "tests/test_notebooks.py", "tests/browser")

# What can be launched, and where it is on the server that Binder starts.
LAUNCH = {
    "JupyterLab": "lab/tree/notebooks/01_first_score.ipynb",
    "practice notebook": "lab/tree/notebooks/02_practice.ipynb",
    "practice app": "voila/render/notebooks/02_practice.ipynb",
}
BADGES = re.compile(r"(?<=<!-- launch: made by python -m tests.binder -->\n).*?(?=<!-- /launch -->\n)", re.DOTALL)

HEAD = """\
# What Binder installs. Made from pyproject.toml by `python -m tests.binder`; do not edit by hand.
# JupyterLab, ipywidgets and ipykernel have the versions that repo2docker brings for Python {python}.
"""


def badges() -> str:
    """A badge on mybinder.org for all that can be launched, of the repository that pyproject.toml names."""
    repository = urlsplit(pyproject()["project"]["urls"]["Repository"]).path.strip("/")
    return "".join(
        f"[![Launch on Binder: {name}](https://img.shields.io/badge/launch-{quote(name)}-2f6690)]"
        f"(https://mybinder.org/v2/gh/{repository}/HEAD?urlpath={quote(path, safe='')})\n"
        for name, path in LAUNCH.items()
    )


def wanted() -> dict[str, Requirement]:
    """What pyproject.toml asks for on Binder, by name."""
    return direct(EXTRAS, environment=ON_BINDER)


def made(versions: Mapping[str, str]) -> str:
    """The requirements file with these versions. Raises `ValueError` where one is missing or out of bounds."""
    asked = wanted()
    for name, requirement in asked.items():
        if name not in versions or versions[name] not in requirement.specifier:
            raise ValueError(f"There is no version for {requirement}. Run: python -m tests.binder --upgrade")
    own = [f"{name}=={versions[name]}  # {requirement.specifier}" for name, requirement in asked.items()]
    others = [f"{name}=={version}" for name, version in sorted(versions.items()) if name not in asked]
    return "\n".join(
        [
            HEAD.format(python=PYTHON),
            "# what pyproject.toml asks for, and its bounds",
            *own,
            "\n# what those need",
            *others,
            "\n# the kit itself",
            f".[{','.join(EXTRAS)}]\n",
        ]
    )


def base() -> dict[str, str]:
    """Versions of the Python packages that repo2docker brings, by name; needs repo2docker."""
    spec = find_spec("repo2docker")
    if spec is None or spec.origin is None:
        raise SystemExit("repo2docker is not installed: make install")
    lock = Path(spec.origin).parent / "buildpacks" / "conda" / f"environment.py-{PYTHON}-linux-64.lock"
    # .../jupyterlab-4.4.9-pyhd8ed1ab_0.conda#...; other builds are libraries and programs, not Python packages
    build = rf"/([^/]+)-([0-9][^/-]*)-py(?:h|{PYTHON.replace('.', '')})[^/-]*\.(?:conda|tar\.bz2)"
    return {canonicalize_name(name): version for name, version in re.findall(build, lock.read_text("utf-8"))}


def resolved() -> dict[str, str]:
    """The newest versions of everything needed that go with the base, as pip finds them."""
    with tempfile.TemporaryDirectory() as folder:
        constraints, report = Path(folder) / "base.txt", Path(folder) / "report.json"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in base().items()), "utf-8")
        pip("install", "--quiet", "--dry-run", "--ignore-installed", "--python-version", PYTHON, "--only-binary=:all:",
            f"--target={folder}", f"--report={report}", f"--constraint={constraints}",
            *(f"{one.name}{one.specifier}" for one in wanted().values()))  # fmt: skip
        installed = json.loads(report.read_text("utf-8"))["install"]
    return {canonicalize_name(one["metadata"]["name"]): one["metadata"]["version"] for one in installed}


def pip(*arguments: str, python: str | Path = sys.executable) -> None:
    subprocess.run([python, "-m", "pip", *arguments, "--disable-pip-version-check"], check=True, cwd=ROOT)


def check(folder: Path) -> None:
    """Install in `folder` what Binder installs, unless it is there, and run notebooks and browser tests with it."""
    python, stamp = folder / "bin" / "python", folder / "installed.txt"
    wanted = REQUIREMENTS.read_text("utf-8")
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        subprocess.run([f"python{PYTHON}", "-m", "venv", "--clear", folder], check=True)
        pip("install", "--quiet", f"--requirement={REQUIREMENTS}", python=python)
        pip("install", "--quiet", *TOOLS, python=python)
        stamp.write_text(wanted, "utf-8")
    pip("install", "--quiet", "--no-deps", "--force-reinstall", ".", python=python)  # the kit as it is now
    pip("check", python=python)
    environment = {**os.environ, "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run([ROOT / "binder" / "postBuild"], check=True, cwd=ROOT, env=environment)
    subprocess.run([python, "-m", "pytest", "-q", *TESTS], check=True, cwd=ROOT, env=environment)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.binder", description="Make binder/requirements.txt and the badges of README.md."
    )
    parser.add_argument("--upgrade", action="store_true", help="ask the package index for the newest versions")
    parser.add_argument("--check", metavar="FOLDER", type=Path, help="install them in FOLDER and run tests there")
    given = parser.parse_args()
    if given.check:
        check(given.check.resolve())
        return
    REQUIREMENTS.write_text(made(resolved() if given.upgrade else pins(REQUIREMENTS.read_text("utf-8"))), "utf-8")
    README.write_text(BADGES.sub(lambda _: badges(), README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
