"""Whoever lacks a package is told what to install, in a line that works."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest

from pronounce_kit import dependencies
from pronounce_kit.dependencies import needed
from pronounce_kit.errors import MissingDependencyError

pytest.importorskip("packaging")
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SCRIPTS = sysconfig.get_path("scripts")

TONE = "{'text': 'Hello.', 'audio': pk.Recording.from_array([0.3, -0.3] * 8000, 16000)}"

# Importable package -> the name that pip knows, and what needs it.
USES = {
    "hama": ("hama", "pk.LocalSpeech().load()"),
    "hibari": ("hibari-tts", "pk.LocalSpeech().load()"),
    "onnxruntime": ("onnxruntime", "pk.LocalSpeech().load()"),
    "text_to_num": ("text2num", "from pronounce_kit.local.written import itn; itn('five pencils')"),
    "anywidget": ("anywidget", "pk.widgets.PracticeCard(['Good morning.'])"),
    "ipywebrtc": ("ipywebrtc", "pk.widgets.Recorder(backend='ipywebrtc')"),
    "ipywidgets": ("ipywidgets", "pk.widgets.Recorder()"),
    "openpyxl": ("openpyxl", "pk.Gradebook('a.db').export('a.xlsx')"),
    "pyarrow": ("pyarrow", "pk.Gradebook('a.db').export('a.parquet')"),
    "psycopg": ("psycopg", "pk.Gradebook('postgresql://me@localhost/school')"),
    "distributed": (
        "distributed",
        f"pk.assess_batch([{TONE}], pk.LocalSpeech(), executor='tcp://127.0.0.1:1')",
    ),
    "starlette": ("starlette", "import pronounce_kit.server"),
    "uvicorn": ("uvicorn", "import pronounce_kit.server"),
    "lightgbm": ("lightgbm", "from pronounce_kit.local.training import train; train('corpus')"),
    "onnx": ("onnx", "from pronounce_kit.local.evaluation import evaluate; evaluate('corpus', folds=5)"),
}
# Programs that the kit does not import.
PROGRAMS = {"ipykernel", "jupyterlab", "notebook", "voila"}


def said_by(code: str, folder: Path, *flags: str, **environment: str) -> str:
    """The message of the `MissingDependencyError` that the code ends with, in a Python of its own."""
    program = (
        f"import pronounce_kit as pk\ntry:\n    {code}\nexcept pk.MissingDependencyError as error:\n    print(error)\n"
    )
    ran = subprocess.run(
        [sys.executable, *flags, "-c", program], cwd=folder, env={**os.environ, **environment}, text=True,
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert len(ran.stdout.splitlines()) == 1
    return ran.stdout.strip()


def without(package: str, code: str, folder: Path) -> str:
    gone = f"ModuleNotFoundError('No module named {package}', name={package!r})"
    hide = f"from tests.failing import fail; fail({package!r}, {gone}); "
    return said_by(hide + code, folder, PYTHONPATH=str(ROOT))


def packages_in(message: str) -> dict[str, Requirement]:
    """What the line in the message installs, split as a shell does."""
    words = shlex.split(message.partition(" install ")[2])
    return {one.name: one for one in map(Requirement, (word for word in words if not word.startswith("--")))}


@pytest.mark.parametrize("module", USES)
def test_a_missing_package_is_named_with_the_line_that_installs_it(module: str, tmp_path: Path) -> None:
    if module in ("ipywebrtc", "ipywidgets"):
        pytest.importorskip("anywidget", reason="the widgets import it first")
    package, code = USES[module]
    message = without(module, code, tmp_path)
    assert f" needs {package}, which is not installed. Install it with: " in message
    assert "pip install " in message
    bounds = {one.name: one.specifier for of_extra in dependencies.requirements().values() for one in of_extra}
    assert packages_in(message)[package].specifier == bounds[package]


def test_every_package_of_an_extra_is_imported_with_such_a_message() -> None:
    of_extra = {
        name: set() if name == "dev" else {one.name for one in of} for name, of in dependencies.requirements().items()
    }
    asked = set().union(*(names for extra, names in of_extra.items() if extra != dependencies.BASE))
    assert asked - PROGRAMS - {package for package, _ in USES.values()} == set()


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment for a Python that has this kit and what it always needs to be imported, and nothing else."""
    import packaging

    import pronounce_kit

    site = tmp_path / "site"
    site.mkdir()
    for package in (packaging, pronounce_kit):
        folder = Path(str(package.__file__)).parent
        (site / folder.name).symlink_to(folder)
    return {"PYTHONPATH": str(site)}


def test_all_that_the_extra_lacks_is_installed_by_one_line(bare: dict[str, str], tmp_path: Path) -> None:
    info = next(Path(str(metadata.distribution(dependencies.KIT).locate_file(""))).glob("pronounce_kit-*.dist-info"))
    (Path(bare["PYTHONPATH"]) / info.name).symlink_to(info)
    found = packages_in(said_by("pk.widgets.Recorder", tmp_path, "-S", **bare))
    assert {str(one) for one in found.values()} == {
        f"{one.name}{one.specifier}" for one in dependencies.requirements()["notebook"]
    }


def test_a_kit_that_is_not_installed_still_names_the_package(bare: dict[str, str], tmp_path: Path) -> None:
    message = said_by("pk.widgets.Recorder", tmp_path, "-S", **bare)
    assert message.endswith('install "anywidget"')


# --- what is installed, and fails -------------------------------------------------------------------------------


def fails(error: Exception, package: str) -> str:
    with pytest.raises(MissingDependencyError) as caught, needed(package, "This"):
        raise error
    return str(caught.value)


@pytest.mark.parametrize(
    "error",
    [
        ImportError("cannot import name 'InferenceSession' from 'onnxruntime'", name="onnxruntime"),
        ModuleNotFoundError("No module named 'flatbuffers'", name="flatbuffers"),
        ModuleNotFoundError("No module named 'onnxruntime.capi'", name="onnxruntime.capi"),
        OSError("libstdc++.so.6: cannot open shared object file"),
    ],
)
def test_a_package_that_does_not_load_is_installed_again_with_its_extra(error: Exception) -> None:
    message = fails(error, "onnxruntime")
    assert message.startswith(f"This needs onnxruntime, which does not load ({error}). Install it again: ")
    assert " install --force-reinstall " in message
    local = {f"{one.name}{one.specifier}" for one in dependencies.requirements()["local"]}
    assert {str(one) for one in packages_in(message.partition(" It also needs ")[0]).values()} == local


def test_a_package_that_lacks_another_one_of_ours_names_that_one() -> None:
    message = fails(ModuleNotFoundError("No module named 'onnxruntime'", name="onnxruntime"), "hibari-tts")
    assert "needs onnxruntime, which is not installed" in message


def test_what_pip_does_not_install_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies.sys, "platform", "linux")
    assert "apt-get install libgomp1" in fails(OSError("libgomp.so.1: cannot open shared object file"), "lightgbm")


@pytest.mark.parametrize(
    "error",
    [
        ModuleNotFoundError("No module named 'pronounce_kit.nothing'", name="pronounce_kit.nothing"),
        FileNotFoundError(2, "No such file", "page.html"),
        ValueError("of another kind"),
    ],
)
def test_a_fault_of_ours_is_not_taken_for_a_missing_package(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, needed("starlette", "The server"):
        raise error
    assert caught.value is error


# --- the line ---------------------------------------------------------------------------------------------------


def test_the_line_is_the_same_in_every_shell() -> None:
    line = dependencies.install(["hama<1.8,>=1.7", "psycopg[binary]>=3.2"])
    assert line.endswith('pip install "hama<1.8,>=1.7" "psycopg[binary]>=3.2"')
    assert "'" not in line


def test_an_active_environment_needs_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", SCRIPTS)
    assert dependencies.install(["onnx"]) == 'pip install "onnx"'


def test_an_environment_that_is_not_active_is_named_by_the_path_of_its_pip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "pip"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    line = dependencies.install(["pip"], "--dry-run", "--no-index")
    assert line.startswith(f"{SCRIPTS}{os.sep}pip")
    assert "already satisfied" in subprocess.run(shlex.split(line), capture_output=True, text=True, check=True).stdout
    monkeypatch.chdir(Path(SCRIPTS).parent)
    assert dependencies.install(["onnx"]).startswith(f"{Path(SCRIPTS).name}{os.sep}pip")


def test_a_notebook_installs_for_its_own_python(tmp_path: Path) -> None:
    pytest.importorskip("IPython")
    code = "from pronounce_kit import dependencies; print(dependencies.install(['onnx']))"
    command = [sys.executable, "-m", "IPython", "--no-banner", "--colors=NoColor", "-c", code]
    environment = {**os.environ, "IPYTHONDIR": str(tmp_path)}
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert ran.stdout.splitlines()[-1] == '%pip install "onnx"'
