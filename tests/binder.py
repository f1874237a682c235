"""What Binder installs and how it is launched, and every link to the repository.

    python -m tests.binder --address https://github.com/me/pronounce_kit   # once it is there; "" takes the links away
    python -m tests.binder                         # after a change of pyproject.toml: the same versions, new bounds
    python -m tests.binder --upgrade               # the newest that go with repo2docker's own, from the index
    python -m tests.binder --check .cache/binder   # install them there, and run notebooks and browser tests with them

They write `binder/requirements.txt`, the badges of README.md, and in pyproject.toml the address and what becomes of the
README's relative links on a package index.

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
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .requirements import ROOT, direct, pins, pyproject

REQUIREMENTS = ROOT / "binder" / "requirements.txt"
README = ROOT / "README.md"
PYPROJECT = ROOT / "pyproject.toml"

EXTRAS = ("local", "notebook", "server", "export")  # the server is what 04_cloud_service talks to where there is no key
PYTHON = "3.11"  # as in binder/runtime.txt

# The environment that a Binder launch has, seen from pip.
ON_BINDER = {"python_version": PYTHON, "sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"}

TOOLS = ("axe-playwright-python", "html5lib", "hypothesis", "playwright", "pytest")
TESTS = ("tests/test_cloud_notebook.py", "tests/test_notebooks.py", "tests/browser")

# What can be launched, and where it is on the server that Binder starts. The app is the one for phones.
LAUNCH = {
    "practice app": "voila/render/notebooks/02_practice.ipynb",
    "practice notebook": "lab/tree/notebooks/02_practice.ipynb",
    "JupyterLab": "lab/tree/notebooks/01_first_score.ipynb",
}
BADGES = re.compile(r"(?<=<!-- launch: made by python -m tests.binder -->\n).*?(?=<!-- /launch -->\n)", re.DOTALL)
LINKS = re.compile(r"(?<=# address: made by python -m tests.binder\n).*?(?=# /address\n)", re.DOTALL)

# In the README of a package: what is found, and what stands there instead.
SUBSTITUTION = """\
[[tool.hatch.metadata.hooks.fancy-pypi-readme.substitutions]]  # {what}
pattern = '{pattern}'
replacement = '{replacement}'
"""
COMMENT = r"<!--.*?-->\n"
PICTURE = r"!\[([^\]]*)\]\((?!https?://)([^)]*)\)"
LINK = r"(?<!!)\[([^\]]+)\]\((?!https?://|#)([^)]*)\)"

HEAD = """\
# What Binder installs. Made from pyproject.toml by `python -m tests.binder`; do not edit by hand.
# JupyterLab, ipywidgets and ipykernel have the versions that repo2docker brings for Python {python}.
"""


def repository(address: str) -> str:
    """ "me/pronounce_kit", of the address of a repository on GitHub. Raises `ValueError` for another address."""
    found = re.fullmatch(r"(?:https://github\.com/|git@github\.com:)([\w-]+/[\w.-]+?)(?:\.git)?/?", address.strip())
    if not found:
        raise ValueError(
            f"{address!r} is not the address of a repository on GitHub. Give one such as "
            'https://github.com/me/pronounce_kit, or "" for none.'
        )
    return found[1]


def known_repository() -> str | None:
    """What pyproject.toml has as the repository, None as long as it has none."""
    address = pyproject(PYPROJECT)["project"].get("urls", {}).get("Repository")
    return address and repository(address)


def badges(name: str | None) -> str:
    """The README's way to a repository: a badge on mybinder.org for all that can be launched, and the download."""
    if name is None:
        return ""
    launch = "".join(
        f"[![Launch on Binder: {title}](https://img.shields.io/badge/launch-{quote(title)}-2f6690)]"
        f"(https://mybinder.org/v2/gh/{name}/HEAD?urlpath={quote(path, safe='')})\n"
        for title, path in LAUNCH.items()
    )
    download = f"https://github.com/{name}/archive/HEAD.zip"
    return f"{launch}\nDownload: [ZIP]({download}), or `git clone https://github.com/{name}`.\n"


def links(name: str | None) -> str:
    """The part of pyproject.toml with the address, if there is one, and what becomes of the README's relative links."""
    urls, picture, link = "", "", r"\1"
    if name:
        urls = f'[project.urls]\nRepository = "https://github.com/{name}"\n\n'
        picture = rf"![\1](https://raw.githubusercontent.com/{name}/HEAD/\2)"
        link = rf"[\1](https://github.com/{name}/blob/HEAD/\2)"
    return urls + "\n".join(
        SUBSTITUTION.format(what=what, pattern=pattern, replacement=replacement)
        for what, pattern, replacement in (
            ("comments", COMMENT, ""),
            ("pictures", PICTURE, picture),
            ("links", LINK, link),
        )
    )


def write_links(name: str | None) -> None:
    """Bring README.md and pyproject.toml up to date with a repository, None for none."""
    PYPROJECT.write_text(LINKS.sub(lambda _: links(name), PYPROJECT.read_text("utf-8")), "utf-8")
    README.write_text(BADGES.sub(lambda _: badges(name), README.read_text("utf-8")), "utf-8")


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
        raise SystemExit("repo2docker is not installed. Run: make install")
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
        prog="python -m tests.binder", description="Make binder/requirements.txt and all links to the repository."
    )
    parser.add_argument("--address", metavar="URL", help='where the repository is on GitHub; "" for nowhere yet')
    parser.add_argument("--upgrade", action="store_true", help="ask the package index for the newest versions")
    parser.add_argument("--check", metavar="FOLDER", type=Path, help="install them in FOLDER and run tests there")
    given = parser.parse_args()
    try:
        name = known_repository() if given.address is None else repository(given.address) if given.address else None
    except ValueError as error:
        parser.error(str(error))
    if given.check:
        check(given.check.resolve())
        return
    REQUIREMENTS.write_text(made(resolved() if given.upgrade else pins(REQUIREMENTS.read_text("utf-8"))), "utf-8")
    write_links(name)


if __name__ == "__main__":
    main()
