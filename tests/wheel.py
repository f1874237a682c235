"""The kit as its users have it: what was installed from the wheel, far from the source.

    PYTHON -I tests/wheel.py [--local]

runs with the Python of an environment that has nothing but the wheel, or the wheel with `[local]`; so it imports no
test tool. Each function below is one thing that must work. Of the source it reads only example replies and file names.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import sysconfig
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import metadata
from pathlib import Path

import numpy as np

import pronounce_kit as pk

SOURCE = Path(__file__).resolve().parent.parent
REPLIES = Path(__file__).resolve().parent / "replies"
TEXT = "Good morning."


def reply(name: str) -> bytes:
    return (REPLIES / f"{name}.json").read_bytes()


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`pronounce-kit` with these arguments."""
    program = Path(sysconfig.get_path("scripts")) / "pronounce-kit"
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, timeout=300)


def tone() -> pk.Recording:
    return pk.Recording.from_array(0.1 * np.sin(np.arange(32_000) / 10).astype(np.float32), 16_000)


@contextmanager
def service_that_answers(body: bytes) -> Iterator[str]:
    """The address of a server that gives this reply to every request."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


# --- with nothing but the wheel ---------------------------------------------------------------------------------


def what_is_imported_was_installed() -> None:
    home = Path(pk.__file__).resolve()
    assert SOURCE / "pronounce_kit" not in home.parents, home
    assert metadata.version("pronounce-kit") == pk.__version__


def files_beside_the_code_came_along() -> None:
    """Those that are not Python: the engine's weights, the widgets' scripts, the mark of a typed package."""
    home, source = Path(pk.__file__).parent, SOURCE / "pronounce_kit"
    names = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
    of_the_kit = [name for name in names if not any(part.startswith((".", "__pycache__")) for part in name.parts)]
    missing = [str(name) for name in of_the_kit if not (home / name).is_file()]
    assert of_the_kit, source
    assert not missing, missing


def every_reply_is_read_into_tables() -> None:
    for path in sorted(REPLIES.glob("*.json")):
        if not path.stem.startswith("error_"):
            assessment = pk.Assessment.from_json(path.read_bytes())
            assert len(pk.words(assessment)) == len(assessment.words)
            assert len(pk.utterances(assessment)) == 1
    phonemes = pk.phonemes(json.loads(reply("flat")))
    assert list(phonemes["phoneme"])[-6:] == ["m", "ao", "r", "n", "ih", "ng"]


def a_reading_is_drawn() -> None:
    assessment = pk.Assessment.from_json(reply("flat"))
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder) / "words.png"
        pk.charts.plot_words(assessment).figure.savefig(picture)
        assert picture.read_bytes().startswith(b"\x89PNG")
    assert "<html" in pk.report.assessment_page(assessment)


def sound_is_written_and_read() -> None:
    recording = tone()
    for data in (recording.to_wav(), recording.to_ogg_opus()):
        again = pk.Recording.from_bytes(data)
        assert abs(again.duration_s - recording.duration_s) < 0.1


def the_cloud_client_reads_an_answer() -> None:
    with (
        service_that_answers(reply("flat")) as address,
        pk.AzureSpeech("0" * 32, endpoint=address, chunked=False) as service,
    ):
        assessment = service.assess(tone(), TEXT)
    assert assessment == pk.Assessment.from_json(reply("flat"), reference_text=TEXT), assessment


def a_gradebook_keeps_an_attempt() -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = pk.Gradebook(Path(folder) / "class.db")
        book.record(pk.Assessment.from_json(reply("flat")), student="Ada", recording=tone())
        assert list(book.attempts()["student"]) == ["Ada"]
        assert "Ada" in book.export(Path(folder) / "class.csv").read_text("utf-8")
        book.close()


def the_engine_says_what_to_install() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sound = Path(folder) / "tone.wav"
        sound.write_bytes(tone().to_wav())
        ran = command("assess", str(sound), "--text", TEXT)
    assert ran.returncode != 0
    assert all(f'"{package}' in ran.stderr for package in ("hama", "hibari-tts", "onnxruntime")), ran.stderr
    assert "Traceback" not in ran.stderr, ran.stderr


def the_command_line_helps() -> None:
    ran = command("--version")
    assert (ran.returncode, ran.stdout.split()[-1]) == (0, pk.__version__)
    assert "doctor" in command("--help").stdout


# --- with [local] -----------------------------------------------------------------------------------------------


def the_demo_finds_its_mistakes() -> None:
    with tempfile.TemporaryDirectory() as folder:
        ran = command("demo", "--out", folder)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert {"correct.wav", "mistakes.wav", "readings.html", "mistakes.png"} <= {
            path.name for path in Path(folder).iterdir()
        }


def the_doctor_finds_the_engine_well() -> None:
    ran = command("doctor")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def the_engine_reads_scores_and_writes_down() -> None:
    service = pk.LocalSpeech()
    sound = service.synthesize(TEXT)
    words = pk.words(service.assess(sound, TEXT))
    assert list(words["error_type"]) == ["None", "None"], words
    assert service.recognize(sound).display_text == TEXT


BARE = (
    what_is_imported_was_installed,
    files_beside_the_code_came_along,
    every_reply_is_read_into_tables,
    a_reading_is_drawn,
    sound_is_written_and_read,
    the_cloud_client_reads_an_answer,
    a_gradebook_keeps_an_attempt,
    the_command_line_helps,
)
WITHOUT_ENGINE = (the_engine_says_what_to_install,)
WITH_ENGINE = (the_demo_finds_its_mistakes, the_doctor_finds_the_engine_well, the_engine_reads_scores_and_writes_down)


def works(check: Callable[[], None]) -> bool:
    name = check.__name__.replace("_", " ")
    try:
        check()
    except Exception:
        traceback.print_exc()
        print(f"failed  {name}", flush=True)
        return False
    print(f"passed  {name}", flush=True)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description="Try the kit as it is installed here.")
    parser.add_argument("--local", action="store_true", help="it is installed with [local]")
    checks = (*BARE, *(WITH_ENGINE if parser.parse_args().local else WITHOUT_ENGINE))
    passed = sum(works(check) for check in checks)
    print(f"{passed} passed, {len(checks) - passed} failed")
    return int(passed < len(checks))


if __name__ == "__main__":
    sys.exit(main())
