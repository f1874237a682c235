"""Every notebook runs from top to bottom, offline, and is stored without outputs."""

import json
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
import nbformat  # noqa: E402 - comes with nbclient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert not [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")]


@pytest.fixture(scope="module")
def first_score():
    return run(FOLDER / "01_first_score.ipynb")


def run(path):
    """The notebook's cells after all of them ran in a new kernel; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}}).execute()
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cells, kind):
    return [
        (cell.source, output["data"][kind])
        for cell in cells
        for output in cell.outputs
        if kind in output.get("data", {})
    ]


def test_the_first_notebook_draws_three_charts(first_score):
    assert [source.strip() for source, _ in shown(first_score, "image/png")] == [
        "pk.charts.plot_words(result)",
        "pk.charts.plot_phonemes(result)",
        "pk.charts.plot_scores(result)",
    ]


def test_the_first_notebook_shows_the_highlighted_sentence_and_players(first_score):
    html = [page for _, page in shown(first_score, "text/html")]
    assert sum("<audio" in page for page in html) >= 4
    assert sum("mispronounced" in page for page in html) >= 1
    assert any("No speech" in page or "Nothing" in page or "silence" in page.lower() for page in html)


def test_the_first_notebook_finds_the_two_mistakes_and_only_them(first_score):
    (table,) = (page for source, page in shown(first_score, "text/html") if source.startswith("words = "))
    assert table.count("Mispronunciation") == 2
