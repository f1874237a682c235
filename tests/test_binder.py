"""Binder gets what pyproject.toml asks for, beside the Jupyter that it brings itself, and launches what is there."""

from __future__ import annotations

import os
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


def test_the_badges_launch_notebooks_that_are_there() -> None:
    assert binder.BADGES.findall(binder.README.read_text("utf-8")) == [binder.badges()], "run: python -m tests.binder"
    for path in binder.LAUNCH.values():
        assert (binder.ROOT / "notebooks" / path.rpartition("/notebooks/")[2]).is_file()
