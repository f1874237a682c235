"""A folder of reports: a page for every student and every class, and an index of them."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..errors import InputError
from ..highlight import Markup, tag
from .classes import class_page
from .page import page, table, write_page
from .readings import Readings, Student, by_class, by_student, load
from .student import student_page

if TYPE_CHECKING:
    from ..gradebook import Gradebook

_LONGEST = 60
"""Bytes of a name in a file name: file systems take 255 for the whole, in UTF-8."""

_LETTERS = frozenset("LMN")
"""First letters of the Unicode categories of letters, the marks on them, and digits."""


def write_reports(
    gradebook: Gradebook,
    out_dir: str | os.PathLike[str],
    *,
    class_name: str | list[str | None] | None = None,
    student: str | list[str | None] | None = None,
    task: str | list[str | None] | None = None,
    since: Any = None,
    until: Any = None,
    audio: bool = False,
    on_page: Callable[[Path, int, int], None] | None = None,
) -> list[Path]:
    """Write a page for every student and class that the filters leave, and `index.html`.

    Pages of the same names are replaced, others in the folder left alone: after a student was deleted from the
    gradebook, delete the old reports too.

    Parameters
    ----------
    gradebook : Gradebook
        Where the readings are.
    out_dir : str or path
        The folder, made where needed.
    class_name, student, task : str or list of str and None, optional
        Only these. With `student` there are no pages on classes, which would not be about the class.
    since, until : str, datetime.date or datetime.datetime, optional
        Only readings of this time, as in the gradebook.
    audio : bool
        Embed recordings.
    on_page : callable, optional
        Called after each page with its path, how many are written and how many there will be.

    Returns
    -------
    list of pathlib.Path
        The pages, `index.html` first.

    Raises
    ------
    InputError
        Where there are no readings, or the folder cannot be written.

    Examples
    --------
    >>> [path.name for path in pk.report.write_reports(gradebook, "reports")][0]
    'index.html'
    """
    filters = {"task": task, "since": since, "until": until}
    readings = load(gradebook, class_name=class_name, student=student, **filters)
    folder = _folder(out_dir)
    classes = by_class(readings)
    names = _Names()
    class_files = {} if student is not None else {name: names.take("class", [name]) for name in classes}
    student_files = {one: names.take("student", [one.class_name, one.name]) for one in readings.students}
    addresses = {one: quote(file) for one, file in student_files.items()}
    total = len(class_files) + len(student_files) + 1
    written: list[Path] = []

    def write(name: str, content: str) -> None:
        try:
            written.append(write_page(folder / name, content))
        except OSError as error:
            raise InputError(f"{folder / name} cannot be written ({error.strerror}). Check the folder.") from None
        if on_page:
            on_page(written[-1], len(written), total)

    for class_, own in classes.items():
        students = list(by_student(own))
        for one in students:
            write(
                student_files[one.student],
                student_page(gradebook, one, audio=audio, index="index.html", **filters),
            )
        if class_ in class_files:
            content = class_page(class_, own, students, links=addresses, index="index.html", **filters)
            write(class_files[class_], content)
    # The index comes last: what it links to is there.
    write("index.html", _index(readings, class_files, student_files))
    return [written[-1], *written[:-1]]


def _folder(out_dir: str | os.PathLike[str]) -> Path:
    folder = Path(out_dir)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or "not a path"
        raise InputError(f"The folder {folder} cannot be made ({reason}). Give another one.") from None
    return folder


def _index(readings: Readings, class_files: dict[str | None, str], student_files: dict[Student, str]) -> str:
    count = readings.attempts.groupby("who").size()
    rows = (
        tag(
            "tr",
            tag("th", _link(student_files[student], student.shown), scope="row"),
            tag("td", tag("bdi", student.class_name or "–")),
            tag("td", int(count[number])),
        )
        for number, student in enumerate(readings.students)
    )
    classes = [tag("li", _link(file, name or "Students without a class")) for name, file in class_files.items()]
    title = "Reading reports"
    return page(
        title,
        tag("h2", "Classes") if classes else None,
        tag("ul", *classes, class_="pk-list") if classes else None,
        tag("h2", "Students"),
        table("A page for each", ("Student", "Class", "Readings"), rows),
        title=title,
    )


def _link(file: str, name: str) -> Markup:
    return tag("a", tag("bdi", name), href=quote(file))


class _Names:
    """File names that differ, also where upper and lower case, or two ways to write an accent, are the same file."""

    def __init__(self) -> None:
        self._taken = {"index"}

    def take(self, kind: str, parts: Iterable[str | None]) -> str:
        """A name of our own, with those parts of the given ones in it that any file system takes."""
        stem = "-".join([kind, *filter(None, map(slug, parts))])
        free, number = stem, 1
        while unicodedata.normalize("NFKC", free).casefold() in self._taken:
            number += 1
            free = f"{stem}-{number}"
        self._taken.add(unicodedata.normalize("NFKC", free).casefold())
        return f"{free}.html"


def slug(name: str | None) -> str:
    """Letters and digits of any script that file names can hold here, with "-" for all between; "" for none of them.

    It is never a path.
    """
    encoding = sys.getfilesystemencoding()  # not UTF-8 where neither the system nor Python is set to it
    whole = unicodedata.normalize("NFC", name or "").encode(encoding, "ignore").decode(encoding)
    kept = "".join(c if unicodedata.category(c)[0] in _LETTERS else " " for c in whole)
    whole = "-".join(kept.split())
    return whole.encode()[:_LONGEST].decode(errors="ignore").strip("-")
