"""Who handed in a recording, by the names that learning platforms give to what teachers download from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePath

_PLACES = (
    # Moodle, a folder each: Ana Silva_12345_assignsubmission_file_/rec.m4a; or all in one folder.
    re.compile(r"(?P<student>[^/]+?)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z0-9]+)_?(?:/.*|(?<=_)[^/]*)"),
    # Canvas: silvaana_12345_67890_rec.m4a, silvaana_LATE_12345_67890_rec.m4a
    re.compile(r"(?P<student>[^/_]+)_(?:LATE_)?(?P<id>\d{2,})_\d{2,}_[^/]+"),
    # Blackboard: Reading 1_asilva_attempt_2025-03-31-14-05-33_rec.m4a
    re.compile(r"(?P<task>[^/]+)_(?P<student>[^/_]+)_attempt_(?P<when>\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d)(?:_[^/]*|\.\w+)"),
    # Brightspace: 1234-5678 - Ana Silva - Mar 31, 2025 205 PM/rec.m4a
    re.compile(r"\d+-(?P<id>\d+) ?- ?(?P<student>[^/]+?) ?- ?\w+ \d{1,2}, \d{4} [^/]*/.+"),
    # Teams: Ana Silva/Reading 1/Version 2/rec.m4a
    re.compile(r"(?P<student>[^/]+)/(?P<task>[^/]+)/Version \d+/[^/]+"),
)
"""Forms of the end of a path below the folder that was given; what stands before it is the assignment's folder."""

_STRAY = re.compile(r"_assignsubmission_onlinetext_?(?:/|$)|_assignsubmission_onlinetext_[^/]*$")


@dataclass(frozen=True, slots=True)
class Submission:
    """What a name says. `task` is the assignment; `when` is in local time, ISO 8601."""

    student: str
    task: str
    id: str | None = None
    when: str | None = None


def submission(path: PurePath, folder: Path) -> Submission | None:
    """The submission that a path, relative to the folder that was given, belongs to; None if it is named otherwise."""
    parts = path.parts
    for start in range(len(parts)):
        end = "/".join(parts[start:])
        for form in _PLACES:
            if found := form.fullmatch(end):
                named = found.groupdict()
                student = named["student"].strip()
                if named.get("kind") and student == "Participant":  # handed in without a name, to be marked blind
                    student = f"Participant {named['id']}"
                around = parts[start - 1] if start else folder.resolve().name
                return Submission(
                    student, (named.get("task") or around).strip(), named.get("id"), _when(named.get("when"))
                )
    return None


def is_text_online(path: PurePath) -> bool:
    """Whether a file is what a student typed into Moodle instead of handing in a file."""
    return _STRAY.search(path.as_posix()) is not None


def _when(written: str | None) -> str | None:
    if written is None:
        return None
    day, clock = written[:10], written[11:].replace("-", ":")
    return f"{day} {clock}"
