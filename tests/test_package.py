"""What people meet first: the README, the package that is built, and how it says to install it."""

from __future__ import annotations

import email
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest

import pronounce_kit

pytest.importorskip("tomllib", reason="reads pyproject.toml with Python 3.11 or newer")
from . import binder
from .requirements import pyproject

ROOT = binder.ROOT
README = (ROOT / "README.md").read_text("utf-8")
OURS = ("pronounce_kit", "notebooks", "tests", "binder", ".ci")

# Where a link or picture leads: in Markdown, and in the HTML that Markdown may hold.
TARGET = re.compile(r"""\]\(([^)\s]+)|(?:href|src)\s*=\s*["']([^"']*)""")


def targets(text: str) -> list[str]:
    return [markdown or html for markdown, html in TARGET.findall(text)]


def code(text: str) -> list[str]:
    return re.findall(r"^```.*?^```$", text, re.DOTALL | re.MULTILINE)


def project_in(folder: Path) -> Path:
    """A copy of all that the package is built from."""
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "pronounce_kit", folder / "pronounce_kit", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def built(folder: Path) -> list[Message]:
    """The metadata of the wheel and of the source distribution, made by the backend that pip uses."""
    for package in ("hatchling", "hatch_fancy_pypi_readme"):
        pytest.importorskip(package, reason=f"needs {package} (make install)")
    command = [sys.executable, "-m", "hatchling", "build", "-d", "dist"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    (wheel,), (sdist,) = folder.glob("dist/*.whl"), folder.glob("dist/*.tar.gz")
    with zipfile.ZipFile(wheel) as inside, tarfile.open(sdist) as packed:
        name = next(name for name in inside.namelist() if name.endswith(".dist-info/METADATA"))
        info = next(
            member for member in packed.getmembers() if member.name.count("/") == 1 and "PKG-INFO" in member.name
        )
        file = packed.extractfile(info)
        assert file is not None
        return [email.message_from_bytes(inside.read(name)), email.message_from_bytes(file.read())]


@pytest.fixture(scope="module")
def without_address(tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    folder = project_in(tmp_path_factory.mktemp("without"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(binder, "README", folder / "README.md")
        patched.setattr(binder, "PYPROJECT", folder / "pyproject.toml")
        binder.write_links(None)
    return built(folder)


@pytest.fixture(scope="module")
def with_address(tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    folder = project_in(tmp_path_factory.mktemp("with"))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(binder, "README", folder / "README.md")
        patched.setattr(binder, "PYPROJECT", folder / "pyproject.toml")
        binder.write_links("me/pronounce_kit")
    return built(folder)


def text_of(metadata: Message) -> str:
    """The README as an index gets it."""
    assert metadata["Description-Content-Type"] == "text/markdown"
    payload = metadata.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode("utf-8")


def test_a_package_without_an_address_links_to_no_file_and_no_repository(without_address: list[Message]) -> None:
    for metadata in without_address:
        text = text_of(metadata)
        assert metadata["Project-URL"] is None
        assert [target for target in targets(text) if not re.match(r"https?://", target)] == []
        assert "![" not in text
        assert "github.com" not in text
        assert "`01_first_score`" in text, "what was a link is its text"


def test_a_package_with_an_address_shows_picture_and_links_from_there(with_address: list[Message]) -> None:
    for metadata in with_address:
        text = text_of(metadata)
        assert metadata["Project-URL"] == "Repository, https://github.com/me/pronounce_kit"
        assert [target for target in targets(text) if not re.match(r"https?://", target)] == []
        raw = "https://raw.githubusercontent.com/me/pronounce_kit/HEAD/"
        assert f"]({raw}notebooks/images/two_mistakes.png)" in text
        files = re.findall(rf"{raw}([^)]+)|github\.com/me/pronounce_kit/blob/HEAD/([^)]+)", text)
        assert len(files) > 5
        for picture, file in files:
            assert (ROOT / (picture or file)).is_file()


def test_what_the_readme_says_to_type_is_the_same_in_the_package(
    without_address: list[Message], with_address: list[Message]
) -> None:
    for metadata in (*without_address, *with_address):
        assert code(text_of(metadata)) == code(README)


def test_package_indexes_can_show_the_readme(without_address: list[Message], with_address: list[Message]) -> None:
    markdown = pytest.importorskip("readme_renderer.markdown", reason="needs readme-renderer (make install)")
    for metadata in (*without_address, *with_address):
        page = markdown.render(text_of(metadata))
        assert page is not None
        assert page.count("<table>") == README.count("\n|---")
        assert "<!--" not in page


# --- the README -------------------------------------------------------------------------------------------------


def test_every_file_that_the_readme_links_to_is_there() -> None:
    files = [target for target in targets(README) if "://" not in target]
    assert files
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_the_extras_that_the_readme_installs_exist() -> None:
    extras = pyproject()["project"]["optional-dependencies"]
    lines = re.findall(r"\binstall \"[^\"[]*\[([\w,-]+)\]", README)
    assert {"local,notebook", "local"} <= set(lines)
    assert {extra for line in lines for extra in line.split(",")} - extras.keys() == set()


def test_the_wheel_that_the_readme_names_is_the_one_that_is_built() -> None:
    assert re.findall(r"pronounce_kit-([\w.]+)-py3-none-any\.whl", README) == [pronounce_kit.__version__]


# --- everything -------------------------------------------------------------------------------------------------


def texts() -> dict[str, str]:
    """All files of the project that are text, by name."""
    files = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    files += [path for folder in OURS for path in (ROOT / folder).rglob("*") if path.is_file()]
    found: dict[str, str] = {}
    for path in files:
        if path != Path(__file__) and "__pycache__" not in path.parts and ".ipynb_checkpoints" not in path.parts:
            try:
                found[str(path.relative_to(ROOT))] = path.read_text("utf-8")
            except UnicodeDecodeError:  # weights, sounds, pictures
                continue
    return found


def test_no_link_leads_to_an_owner_who_is_not_known() -> None:
    found = texts()
    assert {"README.md", "pyproject.toml", "notebooks/01_first_score.ipynb", "binder/postBuild"} <= found.keys()
    assert [name for name, text in found.items() if re.search(r"\bOWNER\b", text)] == []


def test_nobody_is_told_to_install_the_kit_from_an_index_that_does_not_have_it() -> None:
    line = re.compile(r"""install\s+(?:-\S+\s+)*["']?pronounce[-_]kit\b(?!-\d)""")
    assert [name for name, text in texts().items() if line.search(text)] == []
