from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pronounce_kit import report
from pronounce_kit.errors import InputError
from pronounce_kit.gradebook import Gradebook
from pronounce_kit.report.folder import _Names, slug

from ..readings import weather
from ..test_highlight import Page
from .conftest import NAMES, SCRIPT, read_aloud


@pytest.fixture(scope="module")
def folder(gradebook: Gradebook, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "new" / "reports"
    report.write_reports(gradebook, out)
    return out


def test_there_is_a_page_for_every_student_and_class_and_an_index_that_links_them(folder: Path) -> None:
    files = {file.name for file in folder.iterdir()}
    assert len(files) == len(NAMES) + 2 + 1
    links = [
        unquote(a["href"] or "") for name, a in Page((folder / "index.html").read_text("utf-8")).elements if name == "a"
    ]
    assert sorted([*links, "index.html"]) == sorted(files)


def test_pages_of_classes_link_the_students_and_all_pages_the_index(folder: Path) -> None:
    page = Page((folder / "class-5b.html").read_text("utf-8"))
    links = {unquote(a["href"] or "") for name, a in page.elements if name == "a"}
    assert {"index.html", "student-5b-Mia.html", "student-5b-王小明.html"} <= links
    assert all((folder / link).is_file() for link in links)


def test_names_that_only_differ_in_case_or_hold_no_letter_get_files_of_their_own(tmp_path: Path) -> None:
    with Gradebook(tmp_path / "a.db") as book:
        for name in ("Ana", "ANA", "José", "JOSÉ", "🦊", "🎉", "/", "..", "con", "index"):
            book.record(weather(), student=name)
        written = report.write_reports(book, tmp_path / "out")
    names = [unicodedata.normalize("NFKC", path.name).casefold() for path in written]
    assert len(set(names)) == len(names) == 10 + 1 + 1
    assert {path.parent for path in written} == {tmp_path / "out"}


@pytest.mark.slow
def test_three_hundred_students_with_names_of_any_script_all_have_their_page(tmp_path: Path) -> None:
    names = [f"{name} {number}" for number in range(60) for name in ("طالب", "学生", "👩🏽‍🎓", SCRIPT, "Zoë")]
    with Gradebook(tmp_path / "a.db") as book:
        book.record_many(
            {"assessment": read_aloud("Week 1", 50 + n % 50, {}), "student": name, "class_name": "كل"}
            for n, name in enumerate(names)
        )
        written = report.write_reports(book, tmp_path / "out")
    assert len(written) == 300 + 2
    whole = Page((tmp_path / "out" / "class-كل.html").read_text(encoding="utf-8"))
    assert not any(element == "script" for element, _ in whole.elements)
    linked = {unquote(a["href"] or "") for element, a in whole.elements if element == "a"}
    assert linked == {path.name for path in written if path.name != "class-كل.html"}
    assert all(name in whole.text for name in names)


@given(st.lists(st.text(max_size=200), max_size=5))
def test_a_file_name_is_never_a_path_and_fits_any_file_system(names: list[str]) -> None:
    taken = _Names()
    files = [taken.take("student", [name, name]) for name in names]
    assert len(set(files)) == len(files)
    for file in files:
        assert file.startswith("student")
        assert not {*file} & {*'/\\:*?"<>|\0\n\t'}
        assert len(os.fsencode(file)) < 200


@given(st.text(alphabet=st.characters(categories=["L"]), min_size=1, max_size=8))
def test_letters_of_every_script_are_kept(name: str) -> None:
    assert slug(name) == unicodedata.normalize("NFC", name)[:60] or len(name.encode()) > 40


def test_one_student_alone_has_no_page_on_the_class(gradebook: Gradebook, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    written = report.write_reports(
        gradebook, tmp_path, student="Mia", on_page=lambda path, done, total: seen.append((path.name, done, total))
    )
    assert [path.name for path in written] == ["index.html", "student-5b-Mia.html"]
    assert seen == [("student-5b-Mia.html", 1, 2), ("index.html", 2, 2)]


def test_the_same_readings_give_the_same_files(gradebook: Gradebook, folder: Path, tmp_path: Path) -> None:
    for path in report.write_reports(gradebook, tmp_path):
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_a_folder_that_cannot_be_made_is_refused(gradebook: Gradebook, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        report.write_reports(gradebook, tmp_path / "file" / "out")


# --- the command ------------------------------------------------------------------------------------------------


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from pronounce_kit.cli import main; main()", "report", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_the_command_writes_the_reports_and_says_where(gradebook: Gradebook, tmp_path: Path) -> None:
    db = repr(gradebook).removeprefix("<Gradebook ").removesuffix(">")
    done = run(db, "--out", tmp_path / "out", "--student", "Mia", "--class", "5b", "--audio")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"1 report, linked in {tmp_path / 'out' / 'index.html'}\n"
    assert "<audio" in (tmp_path / "out" / "student-5b-Mia.html").read_text("utf-8")
    wrong = run(db, "--out", tmp_path / "out", "--class", "9z")
    assert wrong.returncode == 2
    assert "no readings with class_name '9z'" in wrong.stderr
    assert wrong.stderr.count("\n") == 1


def test_a_gradebook_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    done = run(tmp_path / "absent.db", "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "There is no gradebook" in done.stderr
    assert list(tmp_path.iterdir()) == []
