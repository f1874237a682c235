"""The examples of the docstrings run, and give what they show.

They share what `setting` makes, each its own copy of the names. One that needs a microphone or a page of a notebook is
marked with the doctest directive SKIP where it does.
"""

from __future__ import annotations

import doctest
import runpy
import shutil
import warnings
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("anywidget")
pytest.importorskip("starlette")
pytest.importorskip("hibari", reason="the examples need the embedded engine")

import pronounce_kit as pk

from . import public
from .public import Public

EXAMPLES = [name for name in public.everything() if ">>>" in name.doc]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        names = runpy.run_path(str(Path(__file__).with_name("setting.py")))
    return folder, {name: value for name, value in names.items() if not name.startswith("__")}


def test_an_example_of_each_part_runs() -> None:
    shown = {name.name.partition(".")[0] for name in EXAMPLES} | {name.name for name in EXAMPLES}
    assert [part.title for part in public.PARTS.values() if not shown & set(part.names)] == []


@pytest.mark.parametrize("name", EXAMPLES, ids=lambda name: name.name)
def test_an_example_gives_what_it_shows(
    name: Public, setting: tuple[Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder, names = setting
    monkeypatch.chdir(shutil.copytree(folder, tmp_path / "folder"))
    names = {**names, "gradebook": pk.Gradebook("class.db")}  # what an example changes, no other one sees
    for key in ("SPEECH_KEY", "SPEECH_REGION", "SPEECH_ENDPOINT", "ENDPOINT"):
        monkeypatch.delenv(key, raising=False)
    example = doctest.DocTestParser().get_doctest(name.doc, dict(names), name.path, None, None)
    told: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a batch warns of the rows that do not fit
        doctest.DocTestRunner(optionflags=FLAGS).run(example, out=told.append)
    assert not told, "".join(told)
