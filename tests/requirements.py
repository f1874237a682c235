"""What pyproject.toml asks for."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent


def pyproject(path: Path = ROOT / "pyproject.toml") -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def group(name: str) -> list[str]:
    """The lines of a dependency group, with those of the groups that it includes."""
    lines: list[str] = []
    for entry in pyproject()["dependency-groups"][name]:
        lines += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return lines


def direct(
    extras: Iterable[str] = (), groups: Iterable[str] = (), *, environment: Mapping[str, str] | None = None
) -> dict[str, Requirement]:
    """What is asked for in an environment (by default this one), by name; bounds of one named twice are joined."""
    project = pyproject()["project"]
    lines = list(project["dependencies"])
    for extra in extras:
        lines += project["optional-dependencies"][extra]
    for name in groups:
        lines += group(name)
    found: dict[str, Requirement] = {}
    for line in lines:
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(dict(environment or {})):
            name = canonicalize_name(requirement.name)
            if name in found:
                requirement.specifier &= found[name].specifier
            found[name] = requirement
    return dict(sorted(found.items()))


def pins(text: str, *, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """The versions that a requirements or constraints file pins in an environment (by default this one), by name."""
    found: dict[str, str] = {}
    for line in re.findall(r"^[A-Za-z0-9][^#\n]*", text, flags=re.MULTILINE):
        requirement = Requirement(line.strip())
        if requirement.marker is None or requirement.marker.evaluate(dict(environment or {})):
            (pin,) = requirement.specifier
            found[canonicalize_name(requirement.name)] = pin.version
    return found
