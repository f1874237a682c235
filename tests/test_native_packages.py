"""Native packages that Windows cannot load, most often for want of the Visual C++ runtime."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import pronounce_kit as pk
from pronounce_kit.dependencies import unloadable
from pronounce_kit.errors import MissingDependencyError
from tests.failing import DLL, Failing
from tests.test_cli import one_line_error

RUNTIME = "Visual C++ Redistributable 2015-2022"


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, Exception], None]]:
    """Makes the import of a package fail, be it loaded already."""

    def make(package: str, error: Exception) -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == package.partition(".")[0]]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(sys, "meta_path", [Failing(package, error), *sys.meta_path])

    yield make
    monkeypatch.undo()


NATIVE: dict[str, Callable[[], object]] = {
    "onnxruntime": lambda: pk.LocalSpeech().load(),
    "hibari": lambda: pk.LocalSpeech().load(),
    "text_to_num": lambda: importlib.import_module("pronounce_kit.local.written").itn("five pencils"),
    "av": lambda: pk.Recording.from_bytes(b"RIFF"),
    "pyarrow": lambda: importlib.import_module("pronounce_kit.gradebook.formats")._need("pyarrow.parquet"),
    "lightgbm": lambda: importlib.import_module("pronounce_kit.local.training").need_packages(),
}


@pytest.mark.parametrize("package", NATIVE)
def test_a_package_that_windows_cannot_load_is_one_error_that_names_what_to_install(
    package: str, fail: Callable[[str, Exception], None]
) -> None:
    fail(package, ImportError(DLL.format(f"{package}_native"), name=package))
    with pytest.raises(MissingDependencyError) as error:
        NATIVE[package]()
    message = str(error.value)
    assert RUNTIME in message
    assert "vc_redist.x64.exe" in message
    assert f"DLL load failed while importing {package}_native" in message, "and the reason that Windows gave"
    assert "\n" not in message
    assert isinstance(error.value.__cause__, ImportError)


@pytest.mark.parametrize("package", ["numpy", "pandas", "sqlalchemy"])
def test_a_package_that_is_always_needed_gives_the_same_error_at_the_first_use(package: str) -> None:
    # In a process of its own: none of them can be loaded twice.
    program = f"""
from tests.failing import fail
fail({package!r})
import pronounce_kit as pk
try:
    pk.classroom, pk.Gradebook, pk.Recording.from_array([0.1] * 16000, 16000).quality()
except pk.MissingDependencyError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert RUNTIME in ran.stdout, ran.stderr


def test_an_import_that_fails_otherwise_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(pk), "calibrate", raising=False)
    monkeypatch.setitem(sys.modules, "pronounce_kit.calibration", None)
    with pytest.raises(ModuleNotFoundError, match="calibration"):
        _ = pk.calibrate


def test_on_the_command_line_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from click.testing import CliRunner

    from pronounce_kit.cli import main

    def connect(announce: object) -> None:
        raise ImportError(DLL.format("_fblas"))

    monkeypatch.setattr("pronounce_kit.service.connect", connect)
    assert RUNTIME in one_line_error(CliRunner().invoke(main, ["say", "--list-voices"]))


def test_install_commands_have_quotes_that_every_shell_knows() -> None:
    for path in (Path(__file__).parents[1] / "pronounce_kit").rglob("*.py"):
        assert "pip install '" not in path.read_text("utf-8"), f"{path.name}: cmd.exe takes ' for a part of the name"


def test_only_what_windows_says_of_a_library_counts() -> None:
    assert unloadable(ImportError("cannot import name 'x' from 'y'")) is None
    assert unloadable(ImportError(f"IMPORTANT: PLEASE READ THIS\n\nOriginal error was: {DLL.format('_umath')}"))
