"""What differs on Windows, as far as other systems can tell; `python -m tests.windows` tries the real thing."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from pronounce_kit import Gradebook, storage, typed
from pronounce_kit.batch import read_roster
from pronounce_kit.cli import group, main
from pronounce_kit.cli.output import write_file
from pronounce_kit.errors import GradebookError, InputError
from pronounce_kit.gradebook import audio
from pronounce_kit.local.conformer import hama_assets
from pronounce_kit.report.folder import _Names
from pronounce_kit.results import Assessment
from pronounce_kit.storage import write_whole
from tests.replies import load

ROOT = Path(__file__).parents[1]
RESERVED = frozenset("con prn aux nul conin$ conout$".split()) | {
    f"{n}{i}" for n in ("com", "lpt") for i in "0123456789¹²³"
}


def windows_takes(name: str) -> bool:
    """Whether Windows has files of this name."""
    forbidden = any(character in '<>:"/\\|?*' or ord(character) < 32 for character in name)
    device = name.split(".")[0].rstrip(" ").casefold() in RESERVED
    return bool(name) and not forbidden and not device and not name.endswith((" ", ".")) and len(name) <= 255


# --- names of files ---------------------------------------------------------------------------------------------


@given(st.lists(st.text() | st.sampled_from([*sorted(RESERVED), "..", "a.", "b ", 'c:\\d?*"<>|', "é", "E\u0301"])))
@example(["CON", "con", "Con.", "nul.txt", " ", "", "ﬁ", "fi", "FI"])
def test_reports_of_any_students_and_classes_have_file_names_that_windows_takes_and_tells_apart(
    given: list[str],
) -> None:
    names = _Names()
    files = [names.take("student", [class_, name]) for class_, name in zip(given, given[::-1], strict=True)]
    files += [names.take("class", [name]) for name in given]
    assert all(map(windows_takes, files)), files
    assert len({name.casefold() for name in files}) == len(files)


def test_every_file_of_the_project_can_be_checked_out_on_windows() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = listed.decode().split("\0")[:-1]
    assert all(windows_takes(part) for path in paths for part in path.split("/"))
    assert len({path.casefold() for path in paths}) == len(paths)
    assert max(map(len, paths)) < 100, "Windows takes 260 characters, the user's folder included"


def test_a_checkout_has_the_line_ends_of_the_repository_and_no_array_or_network_is_taken_for_text() -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    listed = subprocess.run(["git", "ls-files", "--eol"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for line in listed.splitlines():
        settings, path = line.split("\t")
        binary = Path(path).suffix in (".onnx", ".npz", ".png", ".flac", ".wav")
        assert ("attr/-text" in settings) == binary, line
        assert binary or "i/lf" in settings or "i/none" in settings, line


def test_a_table_made_on_windows_finds_its_recordings_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "week 1").mkdir()
    (tmp_path / "week 1" / "ana.wav").write_bytes(b"RIFF")
    (tmp_path / "roster.csv").write_text("text,audio\nHello.,week 1\\ana.wav\nHello.,week 2\\ana.wav\n", "utf-8")
    roster = read_roster(tmp_path / "roster.csv")
    assert [item.audio for item in roster.items] == [tmp_path / "week 1" / "ana.wav"]
    assert "There is no file" in roster.misfits[0].problem


# --- files that are open elsewhere ------------------------------------------------------------------------------


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], list[Path]]:
    """Lets renames fail so many times, as Windows does while another program has the file open; gives the tries."""
    tries: list[Path] = []
    replace = Path.replace
    monkeypatch.setattr(storage.time, "sleep", lambda seconds: None)

    def hold(times: int) -> list[Path]:
        def held_replace(self: Path, target: Path) -> Path:
            tries.append(self)
            if len(tries) <= times:
                error = PermissionError(errno.EACCES, "Access is denied")
                error.winerror = 5  # type: ignore[attr-defined]
                raise error
            return replace(self, target)

        monkeypatch.setattr(Path, "replace", held_replace)
        return tries

    return hold


def test_a_virus_scanner_that_looks_at_a_new_file_is_waited_for(
    tmp_path: Path, held: Callable[[int], list[Path]]
) -> None:
    tries = held(3)
    write_whole(tmp_path / "a.csv", b"new")
    assert (tmp_path / "a.csv").read_bytes() == b"new"
    assert len(tries) == 4


def test_a_table_that_is_open_in_a_spreadsheet_is_left_and_said_to_be_open(
    tmp_path: Path, held: Callable[[int], list[Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_PATIENCE_S", -1)
    held(99)
    (tmp_path / "words.csv").write_bytes(b"old")
    with pytest.raises(InputError, match="open in another program"):
        write_file(tmp_path / "words.csv", b"new")
    with Gradebook(tmp_path / "class.db") as book, pytest.raises(GradebookError, match="open in another program"):
        book.export(tmp_path / "words.csv")
    assert (tmp_path / "words.csv").read_bytes() == b"old"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith((".words", ".export"))]


def test_a_folder_without_permission_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(storage.time, "sleep", lambda seconds: pytest.fail("waited"))
    with pytest.raises(PermissionError, match="Permission denied"):
        write_whole(tmp_path / "a.csv", b"new")


def test_a_recording_that_a_player_has_open_keeps_its_student_in_the_gradebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(errno.EACCES, "The process cannot access the file", str(self))

    with Gradebook(tmp_path / "class.db") as book:
        book.record(Assessment.from_json(load("nested")), student="Ada", recording=b"RIFF....WAVE")
        with monkeypatch.context() as patched:
            patched.setattr(audio.Path, "unlink", refuse)
            with pytest.raises(GradebookError, match="Close the program that has it open") as error:
                book.delete_student("Ada")
            assert error.value.retryable
        assert len(book.students()) == 1
        assert book.delete_student("Ada") == 1


# --- the command line -------------------------------------------------------------------------------------------


def test_a_text_is_no_pattern_of_file_names_and_holds_no_variables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("Is it you!").touch()
    given: list[str] = []

    @click.command()
    @click.argument("text")
    def told(text: str) -> None:
        given.append(text)

    commands = group.Commands(commands={"told": told})
    monkeypatch.setattr("click.core.os", SimpleNamespace(name="nt", path=os.path, environ=os.environ, fsdecode=str))
    for text in ("Is it you?", "It costs $HOME.", "~", "*"):
        monkeypatch.setattr(sys, "argv", ["pronounce-kit", "told", text])
        with pytest.raises(SystemExit):
            commands.main()
    assert given == ["Is it you?", "It costs $HOME.", "~", "*"]


@pytest.mark.parametrize(
    ("system", "forced", "expected"),
    [("nt", None, "utf-8"), ("nt", "cp1252", "cp1252"), ("posix", None, "cp1252")],
)
def test_what_is_written_to_a_file_or_pipe_on_windows_is_utf_8(
    system: str, forced: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONIOENCODING", raising=False)
    if forced:
        monkeypatch.setenv("PYTHONIOENCODING", forced)
    assert group.encoding_of(io.TextIOWrapper(io.BytesIO(), "cp1252"), system) == expected


class Left(io.RawIOBase):
    """A pipe whose reader is gone, on Windows, until it is taken for closed."""

    gone = True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self.gone:
            raise OSError(errno.EINVAL, "Invalid argument")
        return len(data)

    def fileno(self) -> int:
        reader, writer = os.pipe()
        os.close(writer)
        return reader  # which cannot be written to


def test_a_reader_that_leaves_early_is_no_error_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = Left()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(pipe), "utf-8"))
    with pytest.raises(SystemExit) as ended:
        main.main(["say", "--list-formats"])
    pipe.gone = False
    assert ended.value.code == 0


def test_an_invalid_argument_that_is_not_the_reader_s_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(announce: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr("pronounce_kit.service.connect", connect)
    ran = CliRunner().invoke(main, ["say", "--list-voices"])
    assert (ran.exit_code, "OSError" in ran.stderr) == (1, True)


def test_the_command_line_runs_by_the_name_of_the_package_too() -> None:
    ran = subprocess.run([sys.executable, "-m", "pronounce_kit", "--help"], capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout.startswith("Usage: python -m pronounce_kit"), ran.stderr


# --- the system -------------------------------------------------------------------------------------------------


class OldMoment(datetime):
    """A time before 1970, of which Windows does not know what the clock said."""

    def astimezone(self, tz: Any = None) -> datetime:
        if tz is None or self.tzinfo is None:
            raise OSError(errno.EINVAL, "Invalid argument")
        return super().astimezone(tz)


def test_a_time_before_1970_has_the_standard_time_of_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typed.time, "timezone", -3600)
    here = timezone(timedelta(hours=1))
    assert typed.local_time(OldMoment(1960, 7, 1, 12)) == datetime(1960, 7, 1, 12, tzinfo=here)
    assert typed.local_time(OldMoment(1960, 7, 1, 12, tzinfo=timezone.utc)).hour == 13


@pytest.mark.parametrize("when", ["0001-01-01", "1960-07-01", "9999-12-31 23:59"])
def test_a_roster_s_date_of_any_year_is_a_time_or_one_clear_error(tmp_path: Path, when: str) -> None:
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    roster = read_roster([{"text": "Hello.", "audio": str(tmp_path / "a.wav"), "recorded_at": when}])
    assert len(roster.items) == 1 or "Write it as 2025-03-31" in roster.misfits[0].problem


ABSENT = ("fork", "getuid", "geteuid", "sched_getaffinity", "mkfifo", "killpg", "setsid")
OTHERS = (
    "numpy pandas matplotlib.pyplot sqlalchemy requests rich.console click av onnxruntime tempfile "
    "socket subprocess asyncio uvicorn starlette distributed ipywidgets anywidget ipywebrtc lightgbm onnx psycopg"
).split()
"""What asks for itself what there is."""
NOT_ON_WINDOWS = ("pwd", "grp", "fcntl", "resource", "termios", "tty", "posix")


def test_the_package_needs_nothing_that_only_posix_has() -> None:
    program = f"""
import os, sys, pkgutil, importlib
for name in {OTHERS!r}:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
for name in {ABSENT!r}:
    if hasattr(os, name):
        delattr(os, name)
for name in {NOT_ON_WINDOWS!r}:
    sys.modules[name] = None
import pronounce_kit as pk
for found in pkgutil.walk_packages(pk.__path__, "pronounce_kit."):
    if not found.name.endswith("__main__"):
        try:
            importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            if error.name in {NOT_ON_WINDOWS!r}:
                raise
from pronounce_kit.batch.executors import cores
from pronounce_kit.cli.doctor import _counted_cores
print(cores() >= 1, _counted_cores(), sorted(pk.__all__)[0])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout.startswith("True "), ran.stderr


def test_the_engine_runs_without_hama_s_code_and_native_library() -> None:
    pytest.importorskip("onnxruntime")
    program = """
import sys
import pronounce_kit as pk
speech = pk.LocalSpeech()
assert speech.assess(speech.synthesize("Good morning."), "Good morning.").status == "Success"
print([name for name in sys.modules if name.partition(".")[0] == "hama"])
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert ran.stdout.strip() == "[]", ran.stderr
    assert (hama_assets() / "asr_waveform.hama").is_file()


def test_no_package_of_an_extra_is_kept_from_windows() -> None:
    tomllib = pytest.importorskip("tomllib", reason="reads pyproject.toml with Python 3.11 or newer")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needs = [*project["dependencies"], *(one for extra in project["optional-dependencies"].values() for one in extra)]
    assert not [one for one in needs if ";" in one]


def test_a_path_of_windows_is_a_gradebook_and_no_url() -> None:
    from pronounce_kit.gradebook.database import parse_url

    url = parse_url(PureWindowsPath(r"C:\Users\Ada\class.db"))
    assert url.get_backend_name() == "sqlite"
    assert str(url.database).endswith(r"C:\Users\Ada\class.db")
