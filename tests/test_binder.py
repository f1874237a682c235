"""Binder gets what pyproject.toml asks for, beside the Jupyter that it brings itself, and launches what is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from . import binder
from .requirements import pins, pyproject

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dockerfile() -> str:
    """What repo2docker says to the repository: the plan of the image, and its complaints."""
    program = shutil.which("jupyter-repo2docker", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        pytest.skip("needs jupyter-repo2docker (make install)")
    command = [program, "--no-build", "--debug", "."]
    ran = subprocess.run(command, cwd=binder.ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


def test_the_requirements_are_what_pyproject_asks_for() -> None:
    stored = binder.REQUIREMENTS.read_text("utf-8")
    assert binder.made(pins(stored)) == stored, "run: python -m tests.binder"


def test_a_version_out_of_bounds_asks_for_an_upgrade() -> None:
    versions = {**pins(binder.REQUIREMENTS.read_text("utf-8")), "pandas": "1.5.3"}
    with pytest.raises(ValueError, match=r"pandas.*>=.*--upgrade"):
        binder.made(versions)


def test_what_binder_brings_itself_is_not_replaced() -> None:
    pytest.importorskip("repo2docker", reason="needs jupyter-repo2docker (make install)")
    pinned, brought = pins(binder.REQUIREMENTS.read_text("utf-8")), binder.base()
    assert {"jupyterlab", "ipywidgets", "ipykernel", "notebook"} <= pinned.keys() & brought.keys()
    assert {name: pinned[name] for name in pinned.keys() & brought.keys()} == {
        name: brought[name] for name in pinned.keys() & brought.keys()
    }


def test_repo2docker_installs_the_kit_with_our_python(dockerfile: str) -> None:
    assert f"Building conda environment for python={binder.PYTHON}" in dockerfile
    assert '-r "binder/requirements.txt"' in dockerfile
    assert "binder/postBuild" in dockerfile


def test_binder_has_fonts_for_names_of_any_script(dockerfile: str) -> None:
    fonts = (binder.ROOT / "binder" / "apt.txt").read_text("utf-8").split()
    assert fonts
    assert all(font in dockerfile for font in fonts)


def test_the_python_is_one_that_the_kit_runs_on() -> None:
    assert (binder.ROOT / "binder" / "runtime.txt").read_text("utf-8").strip() == f"python-{binder.PYTHON}"
    assert binder.PYTHON in SpecifierSet(pyproject()["project"]["requires-python"])


def test_post_build_runs_with_the_engine_at_hand(tmp_path: Path) -> None:
    script = binder.ROOT / "binder" / "postBuild"
    assert os.access(script, os.X_OK)
    assert script.read_text("utf-8").startswith("#!/bin/bash\n")
    # Its `python` is this one; of this one's packages it compiles none.
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\n[ "$1 $2" = "-m compileall" ] || exec "{sys.executable}" "$@"\n', "utf-8")
    python.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    ran = subprocess.run(
        [script], cwd=binder.ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_all_that_can_be_launched_is_there() -> None:
    for path in binder.LAUNCH.values():
        assert (binder.ROOT / "notebooks" / path.rpartition("/notebooks/")[2]).is_file()


# --- the address ------------------------------------------------------------------------------------------------

ADDRESS = "https://github.com/me/pronounce_kit"


def test_the_links_are_those_of_the_address_that_is_known() -> None:
    name = binder.known_repository()
    assert binder.BADGES.findall(binder.README.read_text("utf-8")) == [binder.badges(name)], (
        "run: python -m tests.binder"
    )
    assert binder.LINKS.findall(binder.PYPROJECT.read_text("utf-8")) == [binder.links(name)], (
        "run: python -m tests.binder"
    )


@pytest.fixture
def copy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the files that an address changes, as they are without one."""
    for name in ("README", "PYPROJECT", "REQUIREMENTS"):
        original = getattr(binder, name)
        monkeypatch.setattr(binder, name, Path(shutil.copy(original, tmp_path / original.name)))
    binder.write_links(None)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["binder", *arguments])
    binder.main()


def test_without_an_address_nothing_links_to_a_repository(copy: Path) -> None:
    assert binder.known_repository() is None
    assert "urls" not in pyproject(binder.PYPROJECT)["project"]
    readme = binder.README.read_text("utf-8")
    assert not re.search(r"mybinder|shields\.io|github\.com", readme)


def test_one_command_puts_the_address_everywhere_and_takes_it_away(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: path.read_text("utf-8") for path in copy.iterdir()}
    run(monkeypatch, "--address", ADDRESS)
    assert pyproject(binder.PYPROJECT)["project"]["urls"] == {"Repository": ADDRESS}
    links = re.findall(r"\]\((https://mybinder\.org/\S+)\)", binder.README.read_text("utf-8"))
    assert [link.startswith("https://mybinder.org/v2/gh/me/pronounce_kit/HEAD?urlpath=") for link in links] == [
        True
    ] * 3
    assert links[0].endswith("voila%2Frender%2Fnotebooks%2F02_practice.ipynb"), "the first is for phones too"
    known = {path.name: path.read_text("utf-8") for path in copy.iterdir()}
    run(monkeypatch)  # keeps it
    assert {path.name: path.read_text("utf-8") for path in copy.iterdir()} == known
    run(monkeypatch, "--address", "")
    assert {path.name: path.read_text("utf-8") for path in copy.iterdir()} == before


@pytest.mark.parametrize("written", [ADDRESS, f"{ADDRESS}/", f"{ADDRESS}.git", "git@github.com:me/pronounce_kit.git"])
def test_an_address_may_be_written_as_git_or_the_browser_does(written: str) -> None:
    assert binder.repository(written) == "me/pronounce_kit"


@pytest.mark.parametrize(
    "written",
    ["me/pronounce_kit", "https://github.com/me", "https://gitlab.com/me/kit", f"{ADDRESS}/tree/main", "x\ny"],
)
def test_another_address_is_refused_and_changes_nothing(
    written: str, copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path.name: path.read_text("utf-8") for path in copy.iterdir()}
    with pytest.raises(SystemExit):
        run(monkeypatch, "--address", written)
    assert "is not the address of a repository on GitHub" in capsys.readouterr().err
    assert {path.name: path.read_text("utf-8") for path in copy.iterdir()} == before
