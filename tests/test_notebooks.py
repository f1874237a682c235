"""Every notebook runs from top to bottom, offline, and is stored without outputs."""

import json
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
import nbformat  # noqa: E402 - comes with nbclient

pytestmark = pytest.mark.slow

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


def run(path, *more):
    """The notebook's cells, and more of your own, after all ran in a new kernel; an error in a cell is raised."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in more]
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


@pytest.fixture(scope="module")
def practice(tmp_path_factory):
    """02_practice in a folder of its own, and its button pressed: before anything was read, and after the example."""
    folder = tmp_path_factory.mktemp("practice")
    path = folder / "02_practice.ipynb"
    path.write_bytes((FOLDER / path.name).read_bytes())
    # Hands the card a take as its upload field would.
    read = """
from pronounce_kit.widgets.takes import keep
card._on_take(keep(Path("recordings/example.wav").read_bytes(), "recordings", {"attempt": "1", "index": 0}))
card._scoring.shutdown(wait=True)
"""
    return folder, run(path, "what_to_practise()", read, "what_to_practise()")


def test_the_practice_notebook_shows_a_card(practice):
    _, cells = practice
    with_widget = [source for source, _ in shown(cells, "application/vnd.jupyter.widget-view+json")]
    assert with_widget[0].endswith("\ncard")


def test_the_practice_notebook_says_what_was_wrong_once_something_was_read(practice):
    _, (*_, before, _, after) = practice
    assert "Nothing to show yet" in before.outputs[0]["text"]
    (hints,) = (text for _, text in shown([after], "text/markdown"))
    assert "/θ/" in hints
    assert len(shown([after], "image/png")) == 2


def test_the_practice_notebook_leaves_an_example_to_upload(practice):
    folder, _ = practice
    assert (folder / "recordings" / "example.wav").read_bytes().startswith(b"RIFF")
