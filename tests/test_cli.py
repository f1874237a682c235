from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

import pronounce_kit as pk
from pronounce_kit.cli import demo, main, output, reading, say
from pronounce_kit.cli.output import console, write_file
from pronounce_kit.display.verdict import verdict_of
from pronounce_kit.errors import InputError, MissingDependencyError, NetworkError
from pronounce_kit.local import LocalSpeech

from .readings import nothing_heard, silence, weather, word
from .readings import reading as a_reading

TEXT = "Good morning. How are you today?"
PNG = b"\x89PNG\r\n"
Run = Callable[..., Result]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("FORCE_COLOR", "NO_COLOR", "SPEECH_KEY", "SPEECH_REGION", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run() -> Run:
    """The command line in this process."""

    def invoke(*args: str, stdin: bytes | None = None) -> Result:
        return CliRunner().invoke(main, args, input=stdin, prog_name="pronounce-kit")

    return invoke


@pytest.fixture
def engine(speech: LocalSpeech, monkeypatch: pytest.MonkeyPatch) -> LocalSpeech:
    """The engine that is loaded already, for all commands run in this process."""
    monkeypatch.setattr("pronounce_kit.local.LocalSpeech", lambda: speech)
    return speech


@pytest.fixture(scope="session")
def morning(speech: LocalSpeech) -> bytes:
    return speech.synthesize(TEXT)


@pytest.fixture
def wav(morning: bytes) -> str:
    Path("morning.wav").write_bytes(morning)
    return "morning.wav"


def installed(*args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    """The installed command, in a process of its own."""
    return subprocess.run(
        [SCRIPT, *args], input=stdin, capture_output=True, timeout=60, check=False, env={**os.environ, **env}
    )


SCRIPT = Path(sys.executable).with_name("pronounce-kit")
BARE = {"PATH": "/usr/bin:/bin"}
ENVIRONMENTS = {
    "bare": {},
    "utf-8": {"LANG": "C.UTF-8"},
    "C": {"LC_ALL": "C"},
    "ascii": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "unbuffered": {"PYTHONUNBUFFERED": "1"},
    "dumb": {"TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "40"},
}


@pytest.fixture(params=list(ENVIRONMENTS))
def env(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """An environment with nothing in it but this: what the command needs, it finds by itself."""
    return {**BARE, "HOME": str(tmp_path), **ENVIRONMENTS[request.param]}


def one_line_error(result: Result | subprocess.CompletedProcess[bytes], code: int = 2) -> str:
    """The one line on stderr; nothing is on stdout."""
    if isinstance(result, Result):
        exit_code, out, err = result.exit_code, result.stdout, result.stderr
    else:
        exit_code, out, err = result.returncode, result.stdout.decode(), result.stderr.decode()
    assert exit_code == code, (out, err)
    assert out == ""
    assert err.startswith("pronounce-kit: ")
    assert err.count("\n") == 1
    assert err.endswith("\n")
    return err


# --- the installed command --------------------------------------------------------------------------------------


def test_say_then_assess_as_the_installed_command() -> None:
    said = installed("say", TEXT, "-o", "morning.wav")
    assert (said.returncode, said.stdout.decode(), said.stderr) == (0, "Written: morning.wav\n", b"")
    scored = installed("assess", "morning.wav", "--text", TEXT)
    out = scored.stdout.decode()
    assert scored.returncode == 0
    assert scored.stderr == b""
    assert "All 6 words are good." in out
    assert "\x1b" not in out  # not a terminal: no colour
    assert max(map(len, out.splitlines())) <= 80


def test_the_reply_as_json_from_a_recording_on_stdin(morning: bytes) -> None:
    scored = installed("assess", "-", "--text", TEXT, "--json", "--prosody", stdin=morning)
    assert (scored.returncode, scored.stderr) == (0, b"")
    reply = json.loads(scored.stdout)
    assert reply["RecognitionStatus"] == "Success"
    assert "ProsodyScore" in reply["NBest"][0]
    assessment = pk.Assessment.from_json(scored.stdout)
    assert [one.word for one in assessment.words] == ["Good", "morning", "How", "are", "you", "today"]


def test_the_demo_finds_exactly_the_two_mistakes() -> None:
    shown = installed("demo", "--out", "here/demo")
    out = shown.stdout.decode()
    assert (shown.returncode, shown.stderr) == (0, b""), out
    correct, wrong = out.split("Reading 2: two mistakes")
    assert "✗" not in correct
    assert "All 8 words are good." in correct
    assert "2 of 8 words need practice: think, very." in wrong
    words = re.findall(r"^(\w+) +[\d.]+ ✗ +mispronounced", wrong, re.MULTILINE)
    assert words == list(demo.MISTAKES) == ["think", "very"]
    assert re.search(r"^think +th [\d.]+ ✗ \(heard s\)", wrong, re.MULTILINE)
    assert re.search(r"^very +v [\d.]+ ✗ \(heard w\)", wrong, re.MULTILINE)
    folder = Path("here/demo")
    assert sorted(path.name for path in folder.iterdir()) == [
        "correct.wav", "mistakes.png", "mistakes.wav", "readings.html",
    ]  # fmt: skip
    for path in folder.iterdir():
        assert str(path) in out
    assert (folder / "mistakes.png").read_bytes().startswith(PNG)
    assert (folder / "readings.html").read_text("utf-8").count("<audio") == 3
    for name in ("correct.wav", "mistakes.wav"):
        with wave.open(str(folder / name)) as file:
            assert file.getnframes() / file.getframerate() > 1.5


def test_doctor_says_whether_the_engine_works_and_keeps_the_key_to_itself() -> None:
    checked = installed("doctor", SPEECH_KEY="hush-hush-0123")
    out = checked.stdout.decode()
    assert checked.returncode == 0, out
    assert "× real time" in out
    assert "SPEECH_KEY set, SPEECH_REGION not set" in out
    assert "hush-hush" not in out + checked.stderr.decode()
    assert "hama 1" in out


def test_an_input_error_of_the_installed_command_is_one_line_without_a_traceback() -> None:
    Path("paper.pdf").write_bytes(b"%PDF-1.7\n" + bytes(3000))
    assert "paper.pdf" in one_line_error(installed("assess", "paper.pdf", "--text", TEXT))


@pytest.mark.parametrize("args", [["say", "--list-formats"], ["--help"], ["say", "--help"], ["--version"]])
def test_a_reader_that_leaves_early_is_no_error(args: list[str], env: dict[str, str]) -> None:
    with subprocess.Popen([SCRIPT, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait() == 0


@pytest.mark.skipif(os.name == "nt" or not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("args", [["say", "--list-formats"], ["--help"], ["--version"], ["say", TEXT, "-o", "-"]])
def test_a_full_disk_behind_the_output_is_one_line(args: list[str], env: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run([SCRIPT, *args], stdout=full, stderr=subprocess.PIPE, text=True, env=env)
    assert done.returncode == 2
    assert (
        done.stderr == "pronounce-kit: The output cannot be written: the disk is full. Make room, or write elsewhere.\n"
    )


@pytest.mark.skipif(os.name == "nt" or not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_the_errors_is_no_success_and_changes_no_other_exit_code(env: dict[str, str]) -> None:
    for args, code in ((["assess", "absent.wav", "--text", TEXT], 2), (["--version"], 0)):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run([SCRIPT, *args], stdout=subprocess.PIPE, stderr=full, env=env)
        assert done.returncode == code
    for closed in (">&-", "2>&-"):
        done = subprocess.run(["sh", "-c", f'"{SCRIPT}" --version {closed}'], capture_output=True, env=env)
        assert (done.returncode, done.stderr) == (0, b"")


def test_the_commands_need_no_variable_and_leave_nothing_in_the_home_folder(
    morning: bytes, env: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    Path("morning.wav").write_bytes(morning)
    env = {**env, "HOME": str(home)}
    done = subprocess.run([SCRIPT, "assess", "morning.wav", "--text", TEXT], capture_output=True, env=env)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    assert b"All 6 words are good." in done.stdout
    assert list(home.iterdir()) == []  # and so no identifier that onnxruntime would send to its makers


@pytest.mark.parametrize("home", [None, "/dev/null/home"])
def test_a_home_folder_that_is_missing_or_read_only_does_not_matter(morning: bytes, home: str | None) -> None:
    Path("morning.wav").write_bytes(morning)
    env = {**BARE, **({} if home is None else {"HOME": home})}
    if home is None:
        env["XDG_CACHE_HOME"] = env["XDG_CONFIG_HOME"] = "/dev/null/xdg"  # the user database has a home for everybody
    command = [SCRIPT, "assess", "morning.wav", "--text", TEXT, "--png", "m.png", "--html", "m.html"]
    done = subprocess.run(command, capture_output=True, env=env)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    assert Path("m.png").read_bytes().startswith(PNG)


def test_help_imports_nothing_slow() -> None:
    script = (
        "import sys\nfrom pronounce_kit.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit as end: assert not end.code\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "assess" in done.stdout
    assert not set(done.stderr.split()) & {
        "pandas", "numpy", "matplotlib", "onnxruntime", "hama", "hibari", "av", "rich", "requests",
    }  # fmt: skip


# --- help -------------------------------------------------------------------------------------------------------


def test_help_lists_each_command_in_one_line(run: Run) -> None:
    shown = run("--help")
    assert shown.exit_code == 0
    listed = shown.output.partition("Commands:\n")[2].split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed] == list(main.commands)
    assert {"assess", "say", "demo", "evaluate", "train", "doctor"} <= set(main.commands)
    assert all(line.endswith(".") for line in listed)
    assert run().output == run("-h").output == shown.output


@pytest.mark.parametrize("name", list(main.commands))
def test_the_help_of_each_command_has_an_example(run: Run, name: str) -> None:
    for option in ("--help", "-h"):
        shown = run(name, option)
        assert shown.exit_code == 0
        examples = shown.output.partition("Examples:\n")[2]
        assert f"\n  pronounce-kit {name}" in f"\n{examples}".replace("\n    ", "\n  ")
    command = main.commands[name]
    assert all(option.help for option in command.params if isinstance(option, click.Option))


def test_the_version(run: Run) -> None:
    assert run("--version").output == f"pronounce-kit {pk.__version__}\n"


# --- assess -----------------------------------------------------------------------------------------------------


def test_assess_writes_tables_a_page_and_a_picture(run: Run, engine: LocalSpeech, wav: str) -> None:
    shown = run("assess", wav, "--text", TEXT, "--csv", "m.csv", "--html", "m.html", "--png", "m.png")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.endswith("Written: m.csv\nWritten: m-phonemes.csv\nWritten: m.html\nWritten: m.png\n")
    words, phonemes = pd.read_csv("m.csv"), pd.read_csv("m-phonemes.csv")
    assert list(words.word) == ["Good", "morning", "How", "are", "you", "today"]
    assert set(words.utterance_id) == {"morning"}
    joined = phonemes.merge(words, on=["utterance_id", "word_index"], suffixes=("", "_of_word"))
    assert len(joined) == len(phonemes) > 10
    page = Path("m.html").read_text("utf-8")
    assert page.count("<audio") == 2
    assert "data:audio/wav" in page
    assert "data:audio/mpeg" in page
    assert "Reading report: morning.wav" in page
    assert Path("m.png").read_bytes().startswith(PNG)
    assert sorted(path.name for path in Path().iterdir()) == ["m-phonemes.csv", "m.csv", "m.html", "m.png", wav]


def test_data_on_stdout_is_all_there_is_on_stdout(run: Run, engine: LocalSpeech, wav: str) -> None:
    as_json = run("assess", wav, "--text", TEXT, "--json", "--csv", "m.csv")
    assert pk.Assessment.from_json(as_json.stdout).status == "Success"
    assert as_json.stderr == "Written: m.csv\nWritten: m-phonemes.csv\n"
    as_csv = run("assess", wav, "--text", TEXT, "--csv", "-")
    assert as_csv.stdout == Path("m.csv").read_text("utf-8")
    assert as_csv.stderr == ""


def test_the_options_reach_the_engine(run: Run, engine: LocalSpeech, wav: str) -> None:
    options = (
        "--granularity", "Phoneme", "--dimension", "Comprehensive", "--grading-system", "FivePoint",
        "--phoneme-alphabet", "IPA", "--nbest", "2", "--no-miscue", "--no-prosody", "--language", "en-US",
    )  # fmt: skip
    best = json.loads(run("assess", wav, "--text", TEXT, "--json", *options).stdout)["NBest"][0]
    assert best["PronScore"] <= 5
    sounds = best["Words"][0]["Phonemes"]
    assert sounds[0]["Phoneme"] == "ɡ"
    assert len(sounds[0]["NBestPhonemes"]) == 2


def test_what_is_shown_is_out_of_100_whatever_the_reply(run: Run, engine: LocalSpeech, wav: str) -> None:
    plain = run("assess", wav, "--text", TEXT, "--dimension", "Basic").stdout
    assert run("assess", wav, "--text", TEXT, "--dimension", "Basic", "--grading-system", "FivePoint").stdout == plain


def test_the_text_alone_without_words(run: Run, engine: LocalSpeech, wav: str) -> None:
    shown = run("assess", wav, "--text", TEXT, "--granularity", "FullText")
    assert shown.exit_code == 0
    assert TEXT in shown.stdout
    assert "Overall" in shown.stdout
    assert "mispronounced" not in shown.stdout


def test_the_text_from_a_file_or_stdin(run: Run, engine: LocalSpeech, wav: str) -> None:
    Path("text.txt").write_text(f"\ufeff{TEXT}\n", "utf-8")
    of_file = run("assess", wav, "--text-file", "text.txt", "--json")
    assert run("assess", wav, TEXT, "--json").stdout == of_file.stdout
    assert of_file.exit_code == 0
    assert json.loads(of_file.stdout) == json.loads(run("assess", wav, "-t", TEXT, "--json").stdout)
    assert run("assess", wav, "--text-file", "-", "--json", stdin=TEXT.encode()).stdout == of_file.stdout


def test_silence_is_told_in_one_line_and_exits_with_1(run: Run, engine: LocalSpeech) -> None:
    pk.Recording.from_array(np.zeros(32000, np.float32), 16000).save("silence.wav")
    shown = run("assess", "silence.wav", "--text", TEXT)
    assert shown.exit_code == 1
    assert shown.stdout == "No speech was heard. Check that the microphone is on, then read again.\n"
    assert shown.stderr == ""
    as_json = run("assess", "silence.wav", "--text", TEXT, "--json", "--html", "s.html", "--png", "s.png")
    assert as_json.exit_code == 1
    reply = json.loads(as_json.stdout)
    assert (reply["RecognitionStatus"], reply["DisplayText"], reply["SNR"]) == ("Success", ".", 0.0)
    assert {word["ErrorType"] for word in reply["NBest"][0]["Words"]} == {"Omission"}
    assert "No speech was heard" in Path("s.html").read_text("utf-8")
    assert Path("s.png").read_bytes().startswith(PNG)


def test_a_poor_recording_is_pointed_out(run: Run, engine: LocalSpeech, morning: bytes) -> None:
    loud = np.clip(pk.Recording.from_bytes(morning).samples * 40, -1, 1)
    pk.Recording.from_array(loud, 16000).save("loud.wav")
    assert "About the recording: Too loud" in run("assess", "loud.wav", "--text", TEXT).stdout


def test_a_reading_of_over_a_minute_is_assessed_without_being_called_too_long(
    run: Run, engine: LocalSpeech, morning: bytes
) -> None:
    once = pk.Recording.from_bytes(morning).samples
    times = int(62 * 16_000 / len(once)) + 1
    pk.Recording.from_array(np.tile(once, times), 16_000).save("long.wav")
    result = run("assess", "long.wav", "--text", " ".join([TEXT] * times))
    assert result.exit_code == 0
    assert "About the recording" not in result.stdout


# --- errors -----------------------------------------------------------------------------------------------------


def bad_files() -> None:
    Path("paper.pdf").write_bytes(b"%PDF-1.7\n" + bytes(3000))
    Path("empty.wav").write_bytes(b"")
    Path("latin.txt").write_bytes("Ça va ?".encode("latin-1"))
    Path("gbk.txt").write_bytes("李雷".encode("gb18030"))
    Path("blank.txt").write_text(" \n", "utf-8")
    Path("folder").mkdir()


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["assess", "absent.wav", "--text", TEXT], "There is no file absent.wav"),
        (["assess", "paper.pdf", "--text", TEXT], "paper.pdf"),
        (["assess", "empty.wav", "--text", TEXT], "empty"),
        (["assess", "folder", "--text", TEXT], "folder"),
        (["assess", "-", "--text", TEXT], "empty"),
        (["assess", "morning.wav"], "Give the text that was read"),
        (["assess", "morning.wav", "--text", TEXT, "--text-file", "latin.txt"], "only once"),
        (["assess", "morning.wav", TEXT, "--text", TEXT], "only once"),
        (["assess", "morning.wav", "--text", " "], "The text is empty"),
        (["assess", "morning.wav", "--text", "…!"], "can be read aloud"),
        (["assess", "morning.wav", "--text-file", "blank.txt"], "The text is empty"),
        (["assess", "morning.wav", "--text-file", "gbk.txt"], "--encoding gb18030"),
        (["assess", "morning.wav", "--text-file", "absent.txt"], "absent.txt cannot be read"),
        (["assess", "-", "--text-file", "-"], "cannot both come from stdin"),
        (["assess", "morning.wav", "--text", TEXT, "--language", "xx-XX"], "'xx-XX', which is"),
        (["assess", "morning.wav", "--text", TEXT, "--language", "de-DE"], "en-US only"),
        (["assess", "morning.wav", "--text", TEXT, "--html", "no/such/folder.html"], "cannot be written"),
        (["assess", "morning.wav", "--text", TEXT, "--png", "folder"], "cannot be written"),
        (["assess", "morning.wav", "--text", TEXT, "--png", "words.jpg"], "ends in .png"),
        (["assess", "morning.wav", "--text", TEXT, "--json", "--csv", "-"], "both print to stdout"),
        (["assess", "morning.wav", "--text", TEXT, "--nbest", "-1"], "--nbest"),
        (["assess", "morning.wav", "--text", TEXT, "--granularity", "Letter"], "Phoneme"),
        (["assess", "--text", TEXT], "AUDIO"),
        (["assess", "morning.wav", "again.wav", "--text", TEXT], "again.wav"),
        (["assess", "morning.wav", "--txet", TEXT], "See: pronounce-kit assess --help"),
        (["asess"], "asess"),
        (["--verson"], "See: pronounce-kit --help"),
        (["say", TEXT], "-o FILE"),
        (["say", "-o", "a.wav"], "no text to speak"),
        (["say", " ", "-o", "a.wav"], "no text to speak"),
        (["say", TEXT, "-o", "a.flac"], "suffix .flac"),
        (["say", TEXT, "-o", "a"], "no suffix"),
        (["say", TEXT, "-o", "a.wav", "--format", "wav"], "riff-24khz-16bit-mono-pcm"),
        (["say", TEXT, "-o", "a.wav", "--slow", "--speed", "2"], "contradict"),
        (["say", TEXT, "-o", "a.wav", "--speed", "9"], "--speed"),
        (["say", "x" * 10_001, "-o", "a.wav"], "10001 characters"),
        (["say", TEXT, "-o", "folder/none/a.wav"], "cannot be written"),
        (["say", "…", "--phonemes"], "can be read aloud"),
        (["demo", "--out", "paper.pdf"], "cannot be made"),
        (["train", "folder"], "labels.jsonl"),
        (["evaluate", "absent"], "labels.jsonl"),
        (["evaluate", "folder", "--folds", "1"], "--folds"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(
    run: Run, engine: LocalSpeech, wav: str, args: list[str], part: str
) -> None:
    bad_files()
    assert part in one_line_error(run(*args))


def fail_with(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def connect(announce: object) -> None:
        raise error

    monkeypatch.setattr("pronounce_kit.service.connect", connect)


def test_a_missing_package_is_one_line(run: Run, wav: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hibari", None)
    assert "pip install" in one_line_error(run("say", TEXT, "-o", "a.wav"))
    fail_with(monkeypatch, MissingDependencyError("It needs hama.\nInstall it with: pip install x"))
    assert "hama. Install" in one_line_error(run("assess", wav, "--text", TEXT))


def test_a_service_out_of_reach_is_a_failed_item_not_a_usage_error(
    run: Run, wav: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_with(monkeypatch, NetworkError("There is no connection. Try again."))
    one_line_error(run("assess", wav, "--text", TEXT), code=1)


@pytest.mark.parametrize(
    "error",
    [ZeroDivisionError(), TypeError("f() takes 0 arguments"), EOFError(), FileNotFoundError(2, "No such file", "x"),
     ModuleNotFoundError("No module named 'pandas.core'", name="pandas.core"), AssertionError("a\nb")],
)  # fmt: skip
def test_a_fault_of_ours_is_one_line_that_says_so_and_no_usage_error(
    run: Run, wav: str, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    fail_with(monkeypatch, error)
    told = one_line_error(run("assess", wav, "--text", TEXT), code=1)
    assert "This is a fault of pronounce_kit or of a package below it, not of your input: " in told
    assert type(error).__name__ in told
    assert "Please report it with: Python " in told
    shown = run("--debug", "assess", wav, "--text", TEXT)
    assert shown.exit_code == 1
    assert shown.stderr.startswith("Traceback (most recent call last):")
    assert shown.stderr.endswith(told)


def test_ctrl_c_is_quiet(run: Run, wav: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fail_with(monkeypatch, KeyboardInterrupt())
    stopped = run("assess", wav, "--text", TEXT)
    assert stopped.exit_code == 130
    assert stopped.output.strip() == ""


# --- files ------------------------------------------------------------------------------------------------------


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, link = tmp_path / "page.html", tmp_path / "link.html"
    if os.name == "nt":  # links are a privilege there
        link = target
    else:
        link.symlink_to(target.name)
    write_file(link, b"old")
    assert link.is_symlink() == (os.name != "nt")
    assert target.read_bytes() == b"old"

    def broken(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(InputError, match="No space left"):
        write_file(target, b"new")
    assert target.read_bytes() == b"old"
    assert sorted(tmp_path.iterdir()) == sorted({link, target})


def test_a_device_is_written_to_not_replaced() -> None:
    before = os.stat(os.devnull)
    write_file(os.devnull, b"gone")
    assert os.stat(os.devnull).st_ino == before.st_ino


# --- what the terminal shows ------------------------------------------------------------------------------------


def shown_in_terminal(assessment: pk.Assessment, **options: Any) -> str:
    terminal = console()
    with terminal.capture() as capture:
        reading.show_reading(terminal, verdict_of(assessment), **options)
    return capture.get()


def test_everything_is_told_without_colour() -> None:
    lines = shown_in_terminal(weather()).splitlines()
    headline = " ".join(" ".join(lines[: lines.index("")]).split())
    assert headline == (
        "2 of 9 words need practice: think, very; could be better: weather; 1 skipped: the; 1 added: um; "
        "1 pause too many."
    )
    sentence, scores = lines[lines.index("") + 1 :][:2]
    for text in ("think", "[the]", "very", "+um", "weather"):
        note = {"think": "34 ✗", "[the]": "skipped", "very": "52 ✗", "+um": "added", "weather": "68 ~"}[text]
        assert scores.startswith(note, sentence.index(f" {text} ") + 1)
    shown = "\n".join(lines)
    for part in (
        "✗ below 60, mispronounced", "~ below 80, could be better", "[word] skipped", "+word added", "– no score",
        "a pause before it", "said in a flat voice", "a pause missing before it",
    ):  # fmt: skip
        assert part in " ".join(shown.split())
    assert re.search(r"^think +th \(think\) +s \(sun\) +8 ✗", shown, re.MULTILINE)
    assert re.search(r"^think +34 ✗ +mispronounced +0.50–0.80 s", shown, re.MULTILINE)
    assert "Prosody" not in shown  # not asked for


@pytest.mark.skipif(os.name == "nt", reason="Windows is asked what its console can, and pytest has none")
def test_colour_where_there_is_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b[1;38;2;255;255;255;48;2;166;54;3m think " in shown_in_terminal(weather())
    monkeypatch.setenv("NO_COLOR", "1")
    assert "38;2" not in shown_in_terminal(weather())


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_lines_fit_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for every_sound in (False, True):
        lines = shown_in_terminal(weather(), every_sound=every_sound).splitlines()
        assert max(map(len, lines)) <= columns
        assert not any("…" in line for line in lines)


def test_plurals() -> None:
    one = a_reading([word("Hi", 95)])
    assert "The word is good." in shown_in_terminal(one)
    assert "Sounds" not in shown_in_terminal(one)
    assert "Both words are good." in shown_in_terminal(a_reading([word("Hi", 95), word("there", 95)]))


def test_brackets_of_the_text_are_no_markup() -> None:
    assert "[bold]x[/bold]" in shown_in_terminal(a_reading([word("[bold]x[/bold]", 95)]))


@pytest.mark.parametrize("assessment", [nothing_heard(), nothing_heard("BabbleTimeout"), silence()])
def test_nothing_heard_is_one_line(assessment: pk.Assessment) -> None:
    assert shown_in_terminal(assessment).count("\n") == 1
    assert reading.picture(assessment).startswith(PNG)


# --- say --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "starts"), [("a.wav", b"RIFF"), ("a.mp3", (b"ID3", b"\xff")), ("a.ogg", b"OggS"), ("a.WEBM", b"\x1aE")]
)
def test_the_suffix_chooses_the_format(run: Run, name: str, starts: bytes | tuple[bytes, ...]) -> None:
    assert run("say", "Hello.", "-o", name).exit_code == 0
    assert Path(name).read_bytes().startswith(starts)


def test_the_format_and_the_speed(run: Run) -> None:
    def frames(*options: str) -> int:
        assert run("say", "Hello.", "-o", "a.wav", "--format", "riff-16khz-16bit-mono-pcm", *options).exit_code == 0
        with wave.open("a.wav") as file:
            assert file.getframerate() == 16000
            return file.getnframes()

    assert frames("--slow") > 1.2 * frames() > 1.2 * frames("--speed", "2")


def test_speech_on_stdout(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("say", "Hello.", "-o", "-").stdout_bytes.startswith(b"RIFF")
    for module in (say, output):
        terminal = types.SimpleNamespace(isatty=lambda: True)
        monkeypatch.setattr(module, "sys", types.SimpleNamespace(stdout=terminal))
    assert "not for a terminal" in one_line_error(run("say", "Hello.", "-o", "-"))


def test_the_sounds_of_words(run: Run) -> None:
    shown = run("say", "The 3 ships.", "--phonemes").stdout
    assert re.search(r"^3 +θ ɹ i +th r iy +TH R IY1", shown, re.MULTILINE)


def test_the_lists_of_formats_and_voices(run: Run) -> None:
    assert "riff-24khz-16bit-mono-pcm" in run("say", "--list-formats").stdout.splitlines()
    assert json.loads(run("say", "--list-voices").stdout)[0]["Locale"] == "en-US"


# --- doctor and demo when things are wrong ----------------------------------------------------------------------


def test_doctor_tells_what_to_do_about_a_broken_engine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise MissingDependencyError('The embedded engine needs hama. Install it with: pip install "hama"')

    monkeypatch.setattr("pronounce_kit.local.LocalSpeech", broken)
    shown = run("doctor")
    assert shown.exit_code == 1
    assert shown.stdout.splitlines()[-1].startswith("The embedded engine does not work here. ")
    assert shown.stdout.splitlines()[-1].endswith('pip install "hama"')


def test_doctor_gives_a_command_for_what_is_missing_that_can_be_copied(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pronounce_kit.cli.doctor.version", lambda name: None if name == "uvicorn" else "1.0")
    monkeypatch.setattr("pronounce_kit.local.LocalSpeech", lambda: fail("It is not looked at here."))
    shown = run("doctor").stdout
    assert re.search(r"starlette 1\.0,\s+uvicorn \(missing\)", shown)
    assert re.search(r'^Server packages: \S*pip install "uvicorn>=[\d.]+"$', shown, re.MULTILINE)


def fail(message: str) -> None:
    raise InputError(message)


def test_the_demo_fails_if_the_mistakes_are_not_found(
    run: Run, engine: LocalSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "MISTAKES", {"red": ("R", "R", "red")})
    failed = run("demo")
    assert failed.exit_code == 1
    assert "not as expected" in failed.stdout


# --- evaluate and train -----------------------------------------------------------------------------------------

FIGURES = {"pearson": 0.71234, "spearman": 0.65, "mse": 0.081, "slope": 0.98}
PART: dict[str, Any] = {
    "phone": FIGURES | {"count": 400, "wrong_f1": 0.6651},
    "word": {"accuracy": FIGURES},
    "sentence": {"accuracy": FIGURES, "total": FIGURES | {"spearman": None}},
    "errors": {"recall": 0.8, "false_alarms": 0.021, "changed_phones": 41, "new_figure": None},
}
EVALUATION: dict[str, Any] = {
    **PART,
    "by_age": {"under 18": PART, "18 and over": PART},
    "by_gender": {"f": PART, "m": PART},
    "seconds_per_audio_second": 0.05,
    "utterances": 250,
    "speakers": np.int64(1),
    "folds": 5,
    "more": float("nan"),
}


@pytest.fixture
def evaluation(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command gave to `evaluate`."""
    given: dict[str, Any] = {}

    def evaluate(corpus: Path, *, track: Callable[..., Iterable[int]], **options: Any) -> dict[str, Any]:
        given.update(corpus=corpus, items=list(track(iter(range(3)), 3, "Listening")), **options)
        return EVALUATION

    monkeypatch.setattr("pronounce_kit.local.evaluation.evaluate", evaluate)
    return given


def test_evaluate_shows_the_figures(run: Run, evaluation: dict[str, Any]) -> None:
    shown = run("evaluate", "corpus", "--folds", "5", "--workers", "1")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert evaluation == {
        "corpus": Path("corpus"), "items": [0, 1, 2], "folds": 5, "workers": 1,
    }  # fmt: skip
    assert re.search(r"^Sound +0.712 +0.650 +0.081 +0.980 +0.665$", shown.stdout, re.MULTILINE)
    assert re.search(r"^Score +under 18 +18 and over +female +male$", shown.stdout, re.MULTILINE)
    assert re.search(r"^Word accuracy +0.712 +0.712 +0.712 +0.712$", shown.stdout, re.MULTILINE)
    assert re.search(r"^Sentence overall +0.712 +– +0.081 +0.980 +–$", shown.stdout, re.MULTILINE)
    assert re.search(r"^right sounds that are called wrong +2.1%$", shown.stdout, re.MULTILINE)
    assert "Measured on 250 utterances by 1 speaker, in 5 folds by speaker." in shown.stdout
    assert "20.0 × real time" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80


def test_evaluate_as_json(run: Run, evaluation: dict[str, Any]) -> None:
    shown = json.loads(run("evaluate", "corpus", "--json").stdout)
    assert evaluation["folds"] is None
    assert shown["phone"]["pearson"] == 0.71234
    assert shown["speakers"] == 1
    assert shown["more"] is None


def test_train_tells_what_it_wrote(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def train(corpus: Path, *, out: Path, track: object, **options: Any) -> dict[str, Any]:
        return {"folder": out, "files": ["a.onnx", "b.onnx"], "megabytes": 1.25}

    monkeypatch.setattr("pronounce_kit.local.training.train", train, raising=False)
    shown = run("train", "corpus", "--out", "weights")
    assert shown.stdout == "folder: weights\nfiles: a.onnx, b.onnx\nmegabytes: 1.25\n"


# --- recognize --------------------------------------------------------------------------------------------------


def test_recognize_writes_down_what_was_said(run: Run) -> None:
    assert installed("say", "The weather is nice today.", "-o", "weather.wav").returncode == 0
    shown = run("recognize", "weather.wav")
    assert (shown.exit_code, shown.stdout) == (0, "The weather is nice today.\n")
    reply = json.loads(run("recognize", "weather.wav", "--json").stdout)
    assert reply["NBest"][0]["Lexical"] == "the weather is nice today"


def test_recognize_says_so_where_nobody_speaks(run: Run) -> None:
    with wave.open("silence.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(64_000))
    shown = run("recognize", "silence.wav")
    assert shown.exit_code == 1
    assert "InitialSilenceTimeout" in shown.stdout
