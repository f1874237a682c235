"""Where replies go as soon as they are there, and come from when they are looked at: a gradebook, or a folder.

What is stored is not done again, so a store is also where a batch that was killed goes on from.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import weakref
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from ..errors import InputError
from ..params import PronunciationScoreParams
from ..recording import Recording
from ..results import Assessment
from ..storage import write_whole
from .keys import Asked
from .roster import Item
from .run import Job


class Store(Protocol):
    """Keeps one reply for each key."""

    def stored(self, jobs: Sequence[Job]) -> set[str]:
        """The keys of those of these jobs that have a reply."""
        ...

    def keep(self, job: Job, reply: Any, asked: Asked) -> None:
        """Store a reply; when this returns it is safe."""
        ...

    def read(self, keys: Collection[str]) -> dict[str, Assessment]:
        """The assessments of stored keys. Raises `PronounceKitError` where one cannot be read."""
        ...


class FolderStore:
    """A folder with a JSON file for each item, named by its key: the reply, and what it is the reply to."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a path"
            raise InputError(f"The folder {folder} for replies cannot be made ({reason}). Check store.") from None

    def __repr__(self) -> str:
        return f"FolderStore({str(self.folder)!r})"

    def stored(self, jobs: Sequence[Job]) -> set[str]:
        """See `Store.stored`."""
        return {job.key for job in jobs if self._file(job.key).is_file()}

    def keep(self, job: Job, reply: Any, asked: Asked) -> None:
        """See `Store.keep`. Raises `OSError` where it cannot be written, `TypeError` for a reply that is no JSON."""
        item = job.item
        known = {
            "student": item.student,
            "class_name": item.class_name,
            "task": item.task,
            "recorded_at": item.recorded_at.isoformat() if item.recorded_at else None,
            "service": asked.service,
            "service_version": asked.service_version,
            "language": asked.language,
            "params": asked.params_of(item).to_dict(),
            "reply": reply,
        }
        self._write(self._file(job.key), json.dumps(known, ensure_ascii=True).encode("ascii"))

    def read(self, keys: Collection[str]) -> dict[str, Assessment]:
        """See `Store.read`."""
        return {key: self._read(self._file(key)) for key in keys}

    def _read(self, path: Path) -> Assessment:
        try:
            known = json.loads(path.read_bytes())
            return Assessment.from_json(known["reply"], reference_text=known["params"]["ReferenceText"])
        except (OSError, ValueError, KeyError, TypeError):
            raise InputError(
                f"The stored reply {path} cannot be read. Delete it, if it is there, and run the batch again."
            ) from None

    def _write(self, path: Path, data: bytes) -> None:
        write_whole(path, data)

    def _file(self, key: str) -> Path:
        return self.folder / f"{key}.json"


class TemporaryStore(FolderStore):
    """A folder that is there as long as the result is: keeps replies out of memory, and nothing beyond."""

    def __init__(self) -> None:
        super().__init__(tempfile.mkdtemp(prefix="pronounce-kit-batch-"))
        weakref.finalize(self, _remove, self.folder, os.getpid())

    def _write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)  # nothing here outlives a crash, so the disk need not be waited for


def _remove(folder: Path, made_by: int) -> None:
    if os.getpid() == made_by:  # a forked worker has a copy of the store, but no say in it
        shutil.rmtree(folder, ignore_errors=True)


# --- a gradebook ------------------------------------------------------------------------------------------------


class Gradebook(Protocol):
    """What a batch needs of a `pronounce_kit.Gradebook`."""

    def add_student(self, name: str, *, class_name: str | None = None, first_language: str | None = None) -> None:
        """Say more of a student."""
        ...

    def places(self, keys: Collection[str]) -> dict[str, int]:
        """The places of those of these keys that are stored."""
        ...

    def next_place(self) -> int:
        """The place behind all attempts."""
        ...

    def redate(self, recorded_at: Mapping[str, datetime]) -> int:
        """Correct when stored attempts, by their keys, were recorded; how many had another date."""
        ...

    def record(
        self,
        assessment: Assessment,
        *,
        student: str | None = None,
        class_name: str | None = None,
        task: str | None = None,
        recording: Recording | bytes | None = None,
        recorded_at: datetime | None = None,
        service: str | None = None,
        service_version: str | None = None,
        params: PronunciationScoreParams | None = None,
        key: str | None = None,
        place: int | None = None,
    ) -> str:
        """Keep an attempt with its recording; the same key again changes nothing."""
        ...

    def assessments_of(self, keys: Collection[str]) -> Iterable[tuple[str, Assessment]]:
        """(key, assessment) of those keys that are stored; `utterance_id` is the attempt's id."""
        ...


class GradebookStore:
    """A gradebook: each reply is an attempt, with its recording and who read it.

    Attempts of the same moment get places in the order of the rows, also when some of them were stored before.
    """

    def __init__(self, gradebook: Gradebook) -> None:
        self.gradebook = gradebook
        self._introduced: set[tuple[str | None, str | None]] = set()
        self._dated: set[str] = set()  # keys of readings whose date needs no second look
        self._first: int | None = None  # the place of the first row

    def __repr__(self) -> str:
        return f"GradebookStore({self.gradebook!r})"

    def stored(self, jobs: Sequence[Job]) -> set[str]:
        """See `Store.stored`."""
        places = self.gradebook.places([job.key for job in jobs])
        if self._first is None:
            firsts = [places[job.key] - job.index for job in jobs if job.key in places]
            self._first = max(firsts) if firsts else self.gradebook.next_place()
        self._correct([job for job in jobs if job.key in places])
        return set(places)

    def keep(self, job: Job, reply: Any, asked: Asked) -> None:
        """See `Store.keep`."""
        item, params = job.item, asked.params_of(job.item)
        self._introduce(item)
        self._dated.add(job.key)
        self.gradebook.record(
            Assessment.from_json(reply, reference_text=params.reference_text, student=item.student),
            student=item.student,
            class_name=item.class_name,
            task=item.task,
            recording=job.audio,
            recorded_at=item.recorded_at,
            service=asked.service,
            service_version=asked.service_version,
            params=params,
            key=job.key,
            place=None if self._first is None else self._first + job.index,
        )

    def _correct(self, jobs: Sequence[Job]) -> None:
        """What a roster says of stored readings now. Of rows that are one reading, the first one counts."""
        dates: dict[str, datetime] = {}
        for job in jobs:
            self._introduce(job.item)
            if job.key not in self._dated and job.item.is_dated and job.item.recorded_at:
                dates.setdefault(job.key, job.item.recorded_at)
            self._dated.add(job.key)
        if dates:
            self.gradebook.redate(dates)

    def _introduce(self, item: Item) -> None:
        """Enter a student's first language, which is the student's and no attempt's, once a batch."""
        who = (item.student, item.class_name)
        if item.student and item.first_language and who not in self._introduced:
            self.gradebook.add_student(item.student, class_name=item.class_name, first_language=item.first_language)
            self._introduced.add(who)

    def read(self, keys: Collection[str]) -> dict[str, Assessment]:
        """See `Store.read`."""
        found = dict(self.gradebook.assessments_of(keys))
        missing = len(set(keys) - found.keys())
        if missing:
            raise InputError(
                f"{missing} of the readings are not in the gradebook any more. Run the batch again to assess them anew."
            )
        return found
