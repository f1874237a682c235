"""`pronounce-kit batch`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

import pronounce_kit as pk
from pronounce_kit.cli import main
from tests.batch.tiny import Tiny, beeps

Run = Callable[..., Result]
ALL = ["failures.csv", "phonemes.csv", "utterances.csv", "words.csv"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("SPEECH_KEY", "SPEECH_REGION", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line in this process, with the small service in place of the engine."""
    monkeypatch.setattr("pronounce_kit.local.LocalSpeech", lambda: tiny)

    def invoke(*args: str) -> Result:
        return CliRunner().invoke(main, ["batch", *args], prog_name="pronounce-kit")

    return invoke


@pytest.fixture
def roster() -> Path:
    """Three readings, in a CSV file as a spreadsheet writes it."""
    for number in range(3):
        Path(f"take{number}.wav").write_bytes(beeps(number))
    path = Path("roster.csv")
    path.write_text(
        "Name;Sentence;File\nZoë;Good morning.;take0.wav\n李雷;How are you?;take1.wav\nBen;? No!;take2.wav\n",
        encoding="utf-8-sig",
    )
    return path


def table(name: str, folder: str = "roster-scores") -> pd.DataFrame:
    return pd.read_csv(Path(folder, f"{name}.csv"))


def test_the_tables_are_written_and_what_failed_is_told(run, roster):
    result = run("roster.csv")
    assert result.exit_code == 1
    assert "2 of 3 readings assessed, 1 failed" in result.stdout
    assert "cannot be read aloud" in result.stdout
    assert sorted(path.name for path in Path("roster-scores").glob("*.csv")) == ALL
    assert table("utterances")["student"].tolist() == ["Zoë", "李雷"]
    assert table("words")["word"].tolist() == ["Good", "morning.", "How", "are", "you?"]
    assert table("failures")["row"].tolist() == [4]


def test_a_name_that_a_spreadsheet_would_compute_is_text_in_the_tables(run, roster):
    roster.write_text(roster.read_text("utf-8-sig").replace("Zoë", '"=1+1"'), encoding="utf-8-sig")
    run("roster.csv")
    assert set(table("utterances")["student"]) == {"'=1+1", "李雷"}


def test_running_it_again_does_only_what_is_left(run, roster, tiny):
    run("roster.csv")
    assert tiny.calls == 3
    roster.write_text(roster.read_text(encoding="utf-8-sig").replace("? No!", "No!"), encoding="utf-8-sig")
    result = run("roster.csv")
    assert (result.exit_code, tiny.calls) == (0, 4)
    assert "All 3 readings assessed (2 of them before)" in result.stdout
    assert table("failures").empty


def test_check_reports_all_rows_that_do_not_fit_and_does_nothing_else(run, roster, tiny):
    assert run("roster.csv", "--check").stdout == "All 3 rows fit.\n"
    Path("take1.wav").unlink()
    Path("take2.wav").write_bytes(b"")
    result = run("roster.csv", "--check")
    assert result.exit_code == 1
    assert "2 of 3 rows do not fit" in result.stdout
    assert "There is no file take1.wav" in result.stdout
    assert "take2.wav is empty" in result.stdout
    assert tiny.calls == 0
    assert not Path("roster-scores").exists()


def test_rows_that_do_not_fit_are_reported_first_and_the_others_scored(run, roster):
    Path("take1.wav").unlink()
    result = run("roster.csv")
    assert result.exit_code == 1
    assert result.stderr.startswith("1 of 3 rows of roster.csv does not fit:\n  row 3: There is no file take1.wav.")
    assert table("failures")["row"].tolist() == [3, 4]


def test_a_gradebook_gets_the_attempts(run, roster):
    for _ in range(2):
        run("roster.csv", "--gradebook", "class.db", "--out", "tables")
    with pk.Gradebook("class.db") as book:
        assert sorted(book.attempts()["student"]) == ["Zoë", "李雷"]
    assert sorted(path.name for path in Path("tables").iterdir()) == ALL
    assert not Path("roster-scores").exists()


def test_a_folder_of_recordings_with_one_text_for_all(run, tiny):
    Path("takes").mkdir()
    for number, name in enumerate(("ana", "ben")):
        Path("takes", f"{name}_week1.wav").write_bytes(beeps(number))
    result = run("takes/", "--text", "Good morning.")
    assert result.exit_code == 0
    assert table("utterances", "takes-scores")[["student", "task"]].to_numpy().tolist() == [
        ["ana", "week1"],
        ["ben", "week1"],
    ]
    assert not list(Path("takes").glob("*.csv"))


def test_columns_are_named_and_audio_is_looked_for_elsewhere(run, roster):
    Path("audio").mkdir()
    for path in Path().glob("take*.wav"):
        path.rename(Path("audio", path.name))
    roster.write_text(roster.read_text(encoding="utf-8-sig").replace("File", "Wo"), encoding="utf-8")
    result = run("roster.csv", "--audio", "audio", "--column", "audio=Wo")
    assert len(table("utterances")) == 2
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["missing.csv"], "There is no file or folder missing.csv"),
        (["roster.csv", "--column", "audio"], "names no column"),
        (["roster.csv", "--column", "audio=Nowhere"], "no column 'Nowhere'"),
        (["roster.csv", "--workers", "0"], "--workers"),
        (["roster.csv", "--workers", "2", "--dask", "tcp://127.0.0.1:9"], "the cluster has its own"),
        (["roster.csv", "--text", " "], "--text is empty"),
        (["roster.csv", "--out", "roster.csv/scores"], "cannot be made"),
        (["roster.csv", "--gradebook", "nowhere/class.db"], "nowhere"),
        ([], "Missing argument"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_exit_code_2(run, roster, args, expected):
    result = run(*args)
    assert result.exit_code == 2
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_ctrl_c_says_how_to_go_on(run, roster, monkeypatch):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pronounce_kit.batch.assess_batch", interrupted)
    result = run("roster.csv")
    assert result.exit_code == 130
    assert "The same command goes on from here." in result.stderr


def test_help_of_the_command_loads_nothing_heavy():
    import subprocess

    program = (
        "import sys; from pronounce_kit.cli import main\n"
        "try: main(['batch', '--help'])\n"
        "except SystemExit: pass\n"
        "print([name for name in ('pandas', 'sqlalchemy', 'distributed', 'tqdm') if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "texts.csv" in shown
    assert shown.endswith("[]\n")


def test_a_gradebook_among_the_recordings_is_not_assessed_with_them(run, tiny):
    folder = Path("takes")
    folder.mkdir()
    for number, name in enumerate(("Ana_week1", "Ben_week1")):
        (folder / f"{name}.wav").write_bytes(beeps(number))
    for expected in ("All 2 readings assessed, in", "All 2 readings assessed (before), in"):
        done = run("takes", "--text", "Good morning.", "--gradebook", "takes/class.db")
        assert done.stdout.startswith(expected)
    assert tiny.calls == 2


def test_a_gradebook_is_not_filled_with_readings_of_nobody(run, roster):
    roster.write_text(roster.read_text("utf-8-sig").replace("Name", "Schüler"), encoding="utf-8")
    done = run("roster.csv", "--gradebook", "class.db")
    assert done.exit_code != 0
    assert "--column student='Schüler'" in str(done.exception) + done.output
    assert run("roster.csv", "--column", "student=Schüler", "--gradebook", "class.db").exit_code == 1  # "? No!" fails
