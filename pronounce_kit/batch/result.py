"""What came of a batch: assessments, tables, and what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import pandas as pd

from .. import frames
from ..display.verdict import Kind, kind_of
from ..highlight import STYLE, Markup, counted, fragment, on_hundred, tag
from ..results import Assessment
from .plan import Counts, Failure, Plan, Verdict
from .roster import Item, Misfit, Roster, audio_name

_SHOWN = 10  # failures in the summary
_PAGE = 100  # assessments read from the store at a time

REPORT = "Where the reason is a fault of the program, nothing is wrong with the recording: please report it."
"""What to tell below failures some of which are faults of ours."""

_KNOWN = {
    "student": "string",
    "class_name": "string",
    "first_language": "string",
    "task": "string",
    "attempt_number": "int64",
    "recorded_at": "datetime64[us, UTC]",
}
"""Columns in front of each table -> dtype, as in a gradebook's tables."""


_APART: dict[Kind, str] = {
    "unsure": "too noisy, loud or quiet to be sure",
    "another_text": "of another text",
    "nothing": "without speech",
}
"""What is counted apart in the summary, as its scores say nothing, or nothing sure, about the reader."""


class BatchResult:
    """What came of a batch, in the order of its rows.

    Made by `assess_batch`. Replies are read from where they are stored when they are looked at, so a result of 10,000
    readings takes little memory. In a notebook it shows what failed.

    Parameters
    ----------
    roster : batch.Roster
        What was to be done.
    plan, verdicts, counts : object
        How it was done, and what came of each row: the batch's own.

    Examples
    --------
    >>> items = [{"student": "Ana", "text": text, "audio": recording}, {"student": "Ben", "text": text, "audio": b"?"}]
    >>> result = pk.assess_batch(items, service, progress=False)
    >>> result.summary()
    '1 of 2 readings assessed, 1 failed, in ... s.'
    >>> len(result.utterances()), len(result.words()), len(result.syllables()), len(result.phonemes())
    (1, 7, 9, 20)
    >>> result.failures[["row", "student", "can_retry"]].values.tolist()
    [[1, 'Ben', False]]
    >>> result.retry()  # tries only Ben's again
    <BatchResult: 1 of 2 readings assessed (before), 1 failed, in ... s.>
    """

    def __init__(self, roster: Roster, plan: Plan, verdicts: Sequence[Verdict], counts: Counts) -> None:
        self.roster = roster
        self._plan = plan
        self._verdicts = tuple(verdicts)
        self._counts = counts
        self._ids = _utterance_ids(roster.entries)

    def __len__(self) -> int:
        return len(self._verdicts)

    # --- what was assessed ----------------------------------------------------------------------------------

    @property
    def assessments(self) -> Assessments:
        """An assessment for each row, None where it failed; a sequence that reads each when it is asked for."""
        return Assessments(self)

    def utterances(self) -> pd.DataFrame:
        """The table of `utterances` of what was assessed, with who read what in front and `verdict` at the end.

        Returns
        -------
        pandas.DataFrame
            student, class_name, first_language, task, attempt_number (of the same text and task, from 1), recorded_at
            (UTC); then the columns of `utterances`; then verdict, what the scores are worth: "scored", "unsure" (the
            recording is noisy, clipped or very quiet), "another_text" or "nothing", see `display.verdict`. Means over a
            class are those of what is "scored".
        """
        table = self._table(frames.utterances)
        table["verdict"] = pd.array(list(self._kinds), dtype="string")
        return table

    @cached_property
    def _kinds(self) -> tuple[Kind, ...]:
        """What the scores of each reading are worth, of those that were assessed."""
        return tuple(kind_of(on_hundred(one)) for one in self.assessments if one is not None)

    def words(self) -> pd.DataFrame:
        """The table of `words` of what was assessed, with who read what in front.

        Returns
        -------
        pandas.DataFrame
            The first columns of `utterances`, then those of the function `words`.
        """
        return self._table(frames.words)

    def syllables(self) -> pd.DataFrame:
        """The table of `syllables` of what was assessed, with who read what in front.

        Returns
        -------
        pandas.DataFrame
            The first columns of `utterances`, then those of the function `syllables`.
        """
        return self._table(frames.syllables)

    def phonemes(self) -> pd.DataFrame:
        """The table of `phonemes` of what was assessed, with who read what in front.

        Returns
        -------
        pandas.DataFrame
            The first columns of `utterances`, then those of the function `phonemes`.
        """
        return self._table(frames.phonemes)

    def _table(self, tabulate: Callable[[Iterable[Assessment]], pd.DataFrame]) -> pd.DataFrame:
        table = tabulate(assessment for assessment in self.assessments if assessment is not None)
        known = self._known().loc[table["utterance_id"]].reset_index(drop=True)
        whole: pd.DataFrame = pd.concat([known, table.drop(columns="student", errors="ignore")], axis=1)
        return whole

    def _known(self) -> pd.DataFrame:
        """What the roster says of each item that was assessed, by utterance_id."""
        rows = [
            (
                self._ids[n],
                item.student,
                item.class_name,
                item.first_language,
                item.task,
                item.recorded_at,
                item.reference_text,
            )
            for n, item in enumerate(self.roster.entries)
            if isinstance(item, Item) and not isinstance(self._verdicts[n], Failure)
        ]
        given = [name for name in _KNOWN if name != "attempt_number"]
        frame = pd.DataFrame(rows, columns=["utterance_id", *given, "reference_text"])
        frame["recorded_at"] = pd.to_datetime(frame["recorded_at"], utc=True)
        by_reader = ["student", "class_name", "task", "reference_text"]
        in_time = frame.sort_values("recorded_at", kind="stable")  # those without a date come last
        frame["attempt_number"] = in_time.groupby(by_reader, dropna=False).cumcount() + 1
        typed: pd.DataFrame = frame.set_index("utterance_id")[list(_KNOWN)].astype(_KNOWN)
        return typed

    # --- what was not ---------------------------------------------------------------------------------------

    @property
    def failures(self) -> pd.DataFrame:
        """A row for each item without an assessment.

        Returns
        -------
        pandas.DataFrame
            row (its number in a CSV file, as a spreadsheet shows it, else the position from 0), student, task, audio,
            reason, can_retry (whether the very same call may succeed later; otherwise something has to be changed
            first), error (the class of the error, such as "AudioError"; "InternalError" is a fault of ours, not of the
            recording).
        """
        rows = [
            (
                entry.row,
                entry.student,
                entry.task,
                audio_name(entry.audio),
                verdict.reason,
                verdict.can_retry,
                verdict.error,
            )
            for entry, verdict in zip(self.roster.entries, self._verdicts, strict=True)
            if isinstance(verdict, Failure)
        ]
        frame = pd.DataFrame(rows, columns=["row", "student", "task", "audio", "reason", "can_retry", "error"])
        texts = dict.fromkeys(("student", "task", "audio", "reason", "error"), "string")
        typed: pd.DataFrame = frame.astype({"row": "int64", **texts, "can_retry": "bool"})
        return typed

    @property
    def has_internal_errors(self) -> bool:
        """Whether an item failed by a fault of ours (`InternalError`)."""
        return any(isinstance(verdict, Failure) and verdict.is_internal for verdict in self._verdicts)

    def retry(self, executor: Any = None) -> BatchResult:
        """The batch with what failed tried again, and only that.

        Rows that did not fit are read again, files anew: what you have mended since counts.

        Parameters
        ----------
        executor : concurrent.futures.Executor, Dask client or str, optional
            As in `assess_batch`; by default that of the first time.

        Returns
        -------
        BatchResult
            Of all rows, with what was assessed before.
        """
        entries = tuple(
            self.roster.again(entry) if isinstance(verdict, Failure) else entry
            for entry, verdict in zip(self.roster.entries, self._verdicts, strict=True)
        )
        plan = self._plan if executor is None else replace(self._plan, executor=executor)
        known = [None if isinstance(verdict, Failure) else verdict for verdict in self._verdicts]
        verdicts, counts = plan.carry_out(entries, known)
        return BatchResult(replace(self.roster, entries=entries), plan, verdicts, counts)

    # --- summary --------------------------------------------------------------------------------------------

    def summary(self) -> str:
        """How it went, in one line.

        Returns
        -------
        str
            How many were assessed, how many of them before, how many failed, and in which time; faults of ours are
            counted apart from what is wrong with recordings.
        """
        failures = [verdict for verdict in self._verdicts if isinstance(verdict, Failure)]
        total, failed, counts = len(self), len(failures), self._counts
        internal = sum(failure.is_internal for failure in failures)
        ours = f"{internal:,} by a fault of the program" if internal else ""
        if not total:
            return "Nothing to assess: there are no readings."
        if failed == total:
            return (
                f"None of {counted(total, 'reading')} assessed{ours and f', {ours}'}, in {_duration(counts.seconds)}."
            )
        assessed = f"{total - failed:,} of" if failed else "All" if total > 1 else ""
        before = ""
        if counts.found:
            before = " (before)" if counts.found == total - failed else f" ({counts.found:,} of them before)"
        done = f"{assessed} {counted(total, 'reading')} assessed{before}".lstrip()
        apart = "".join(f", {count:,} {_APART[kind]}" for kind in _APART if (count := self._kinds.count(kind)))
        how = f", {failed:,} failed{ours and f' ({ours})'}" if failed else ""
        return f"{done}{apart}{how}, in {_duration(counts.seconds)}."

    def __repr__(self) -> str:
        return f"<BatchResult: {self.summary()}>"

    def _repr_html_(self) -> str:
        return tag(
            "div", tag("style", STYLE), tag("p", self.summary(), class_="pk-headline"), self._failed(), class_="pk"
        )

    def _failed(self) -> Markup | None:
        failures = self.failures
        if failures.empty:
            return None
        columns = {"row": "Row", "student": "Student", "task": "Task", "audio": "Recording", "reason": "Reason"}
        shown = failures.head(_SHOWN).astype("object").where(failures.head(_SHOWN).notna(), "–")
        body = [
            tag("tr", *(tag("td", tag("bdi", row[column])) for column in columns)) for row in shown.to_dict("records")
        ]
        more = len(failures) - len(body)
        return fragment(
            tag(
                "table",
                tag("caption", "Not assessed"),
                tag("thead", tag("tr", *(tag("th", title, scope="col") for title in columns.values()))),
                tag("tbody", *body),
                class_="pk-sounds",
            ),
            tag("p", f"And {more:,} more: see failures.") if more else None,
            tag("p", REPORT) if self.has_internal_errors else None,
            tag("p", "retry() tries these again, and only these.") if failures["can_retry"].any() else None,
        )

    def _read(self, indices: Sequence[int]) -> list[Assessment | None]:
        """The assessments at these places, None for failures."""
        keys = [verdict for n in indices if isinstance(verdict := self._verdicts[n], str)]
        found = self._plan.store.read(keys) if keys else {}

        def named(index: int) -> Assessment | None:
            verdict = self._verdicts[index]
            if isinstance(verdict, Failure):
                return None
            return replace(found[verdict], utterance_id=self._ids[index], student=self.roster.entries[index].student)

        return [named(index) for index in indices]


class Assessments(Sequence["Assessment | None"]):
    """The assessments of a batch in order, None where one failed. Each is read from the store when it is asked for."""

    def __init__(self, result: BatchResult) -> None:
        self._result = result

    def __len__(self) -> int:
        return len(self._result)

    @overload
    def __getitem__(self, index: int) -> Assessment | None: ...
    @overload
    def __getitem__(self, index: slice) -> list[Assessment | None]: ...
    def __getitem__(self, index: int | slice) -> Assessment | list[Assessment | None] | None:
        if isinstance(index, slice):
            return self._result._read(range(len(self))[index])
        return self._result._read([range(len(self))[index]])[0]

    def __iter__(self) -> Iterator[Assessment | None]:
        for start in range(0, len(self), _PAGE):
            yield from self._result._read(range(len(self))[start : start + _PAGE])

    def __repr__(self) -> str:
        return f"<Assessments: {counted(len(self), 'row')}>"


def _utterance_ids(entries: Sequence[Item | Misfit]) -> list[str]:
    """A name for each row that no other has: that of its file, with a number where several are called the same."""
    names = [Path(name).stem if (name := audio_name(entry.audio)) else f"row {entry.row}" for entry in entries]
    taken, ids = set(names), []
    seen: dict[str, int] = {}
    for name in names:
        unique = name
        seen[name] = seen.get(name, 0) + 1
        if seen[name] > 1:
            while (unique := f"{name}-{seen[name]}") in taken:
                seen[name] += 1
            taken.add(unique)
        ids.append(unique)
    return ids


def _duration(seconds: float) -> str:
    """A time to read: "0.4 s", "12 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 59.5:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
