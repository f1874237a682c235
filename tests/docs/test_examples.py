"""The examples of the docstrings run, and give what they show.

They share what `setting` makes, each its own copy of the names. One that needs a microphone or a page of a notebook is
marked with the doctest directive SKIP where it does.
"""

from __future__ import annotations

import doctest
import runpy
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

pytest.importorskip("anywidget")
pytest.importorskip("starlette")
pytest.importorskip("hibari", reason="the examples need the embedded engine")

from . import public
from .public import Public

EXAMPLES = [name for name in public.everything() if ">>>" in name.doc]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Setting(NamedTuple):
    """What `setting` made: names, and a folder; and the gradebook as it was then."""

    names: dict[str, Any]
    folder: Path
    gradebook: bytes


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Setting:
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        names = runpy.run_path(str(Path(__file__).with_name("setting.py")))
    names["gradebook"].close()
    own = {name: value for name, value in names.items() if not name.startswith("__")}
    return Setting(own, folder, (folder / "class.db").read_bytes())


@pytest.fixture
def setting(made: Setting, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The names, in their folder; what an example enters into the gradebook is no part of the next one's."""
    monkeypatch.chdir(made.folder)
    for key in ("SPEECH_KEY", "SPEECH_REGION", "SPEECH_ENDPOINT", "ENDPOINT"):
        monkeypatch.delenv(key, raising=False)
    yield dict(made.names)
    made.names["gradebook"].close()
    for file in made.folder.glob("class.db*"):
        file.unlink()
    (made.folder / "class.db").write_bytes(made.gradebook)


def test_every_part_has_examples() -> None:
    own = {name.name for name in EXAMPLES}
    assert [key for key, part in public.PARTS.items() if not own & set(part.names)] == []


@pytest.mark.parametrize("name", EXAMPLES, ids=lambda name: name.name)
def test_an_example_gives_what_it_shows(name: Public, setting: dict[str, Any]) -> None:
    example = doctest.DocTestParser().get_doctest(name.doc, setting, name.path, None, None)
    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a batch warns of the rows that do not fit
        doctest.DocTestRunner(optionflags=FLAGS).run(example, out=told.append)
    assert not told, "".join(told)
