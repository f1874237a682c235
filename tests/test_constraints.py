"""The versions that the Makefile installs go with pyproject.toml, on every Python and system that it names."""

from __future__ import annotations

import re

import pytest
from packaging.version import Version

from .constraints import CONSTRAINTS, extras, lowest
from .requirements import direct, group, pins, pyproject

TEXT = CONSTRAINTS.read_text("utf-8")
SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "macos": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    "windows": {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
}
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


def environment(system: str, python: str) -> dict[str, str]:
    return {**SYSTEMS[system], "python_version": python, "python_full_version": f"{python}.9"}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_all_that_pyproject_asks_for_has_one_version_within_its_bounds(system: str, python: str) -> None:
    here = environment(system, python)
    pinned = pins(TEXT, environment=here)
    wrong = {
        str(requirement): pinned.get(name, "none")
        for name, requirement in direct(extras(), ["dev"], environment=here).items()
        if name not in pinned or pinned[name] not in requirement.specifier
    }
    assert not wrong, "run: make constraints"


def test_the_constraints_name_packages_and_nothing_of_the_machine_that_made_them() -> None:
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    odd = [
        line
        for line in lines
        if not re.fullmatch(r"[a-z0-9-]+==[0-9][a-z0-9.]*( ; [a-z_0-9 .<>=!*'()-]+)?", line, re.I)
    ]
    assert lines
    assert not odd


def test_the_lowest_versions_are_versions_within_the_bounds() -> None:
    asked = direct(extras())
    low = lowest()
    assert low.keys() == asked.keys()
    assert all(Version(low[name]) in requirement.specifier for name, requirement in asked.items())


def test_the_tools_of_development_are_groups_and_no_extras_of_the_package() -> None:
    assert not set(extras()) & set(pyproject()["dependency-groups"])
    assert set(group("test")) < set(group("dev"))
