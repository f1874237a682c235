"""04_cloud_service with and without a key: the one that is typed is used, and shows nowhere."""

from __future__ import annotations

import os
from typing import Any

import pytest

nbclient = pytest.importorskip("nbclient")
pytest.importorskip("uvicorn", reason="needs pronounce-kit[server]")
import nbformat  # noqa: E402 - comes with nbclient
from jupyter_client.manager import start_new_kernel  # noqa: E402 - comes with nbclient

from pronounce_kit.local import LocalSpeech  # noqa: E402

from .server.live import KEY, Live  # noqa: E402
from .test_notebooks import FOLDER, run, shown  # noqa: E402

pytestmark = pytest.mark.slow

NOTEBOOK = FOLDER / "04_cloud_service.ipynb"


def test_without_a_key_all_goes_to_the_same_api_on_this_machine() -> None:
    cells = run(NOTEBOOK)
    values = dict(shown(cells, "text/plain"))
    assert any("AzureSpeech('http://127.0.0.1:" in value for value in values.values())
    assert values["pk.PronunciationScoreParams.from_base64(encoded) == params"] == "True"
    (reloaded,) = (value for source, value in values.items() if source.startswith("path = "))
    assert reloaded == "True"
    (words,) = (html for source, html in shown(cells, "text/html") if source.startswith("pk.words(assessment)"))
    assert (words.count("Mispronunciation"), words.count("Omission")) == (2, 1)
    (error,) = (cell for cell in cells if cell.source.startswith("try:"))
    assert error.outputs[0]["text"].startswith("BadRequestError: ")


def test_a_key_that_is_typed_is_used_and_shows_nowhere(speech: LocalSpeech) -> None:
    cells = [cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    until_assessed = cells[: next(i for i, source in enumerate(cells) if source.startswith("assessment = ")) + 1]
    said: list[Any] = []
    with Live(speech, key=KEY) as server:
        answers = iter([KEY, server.url])
        prompts = []
        manager, client = start_new_kernel(cwd=os.fspath(FOLDER))
        try:

            def type_in(message: dict[str, Any]) -> None:
                prompts.append(message["content"])
                client.input(next(answers))

            for source in [*until_assessed, "print(dir(), [value for value in globals().values()])"]:
                reply = client.execute_interactive(
                    source, allow_stdin=True, stdin_hook=type_in, output_hook=said.append, timeout=120
                )
                assert reply["content"]["status"] == "ok", reply["content"].get("evalue")
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    assert [prompt["password"] for prompt in prompts] == [True, False]
    assert "Mispronunciation" in str(said)
    assert KEY not in str(said)
