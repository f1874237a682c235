"""The notebooks for students, teachers and developers are pages under Voila too, where nobody can type."""

from __future__ import annotations

import shutil
import urllib.request
from collections.abc import Iterator

import pytest

pytest.importorskip("voila", reason="needs pronounce-kit[notebook]")

from .browser import harness
from .test_notebooks import FOLDER

pytestmark = pytest.mark.slow

# Something that the last cells of a notebook show.
IN_THE_END = {
    "02_practice": "Recording, 2.",
    "03_class_report": "Report on Yuki",
    "04_cloud_service": "BadRequestError",
}


@pytest.fixture(scope="module")
def voila(tmp_path_factory: pytest.TempPathFactory) -> Iterator[harness.Server]:
    with harness.server("voila", tmp_path_factory.mktemp("voila")) as running:
        yield running


@pytest.mark.parametrize("name", IN_THE_END)
def test_a_notebook_is_a_page_without_errors_under_voila(voila: harness.Server, name: str) -> None:
    shutil.copy(FOLDER / f"{name}.ipynb", voila.folder)
    address = f"{voila.url}voila/render/{name}.ipynb"
    with urllib.request.urlopen(address, timeout=harness.PATIENCE_S) as reply:  # noqa: S310 - our own server
        page = reply.read().decode("utf-8")
    assert "Error at server" not in voila.log.read_text("utf-8", "replace")
    assert IN_THE_END[name] in page
