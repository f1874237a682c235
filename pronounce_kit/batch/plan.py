"""A batch carried out: what is stored already, what is to be done, and what becomes of each item."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from ..errors import InputError, InternalError
from ..faults import internal_error
from ..service import SpeechService
from .executors import workers_of
from .keys import Asked
from .limiter import Limiter
from .roster import Item, Misfit
from .run import Job, run
from .store import Store
from .work import Handle, Outcome, assess

_LOOKED_UP = 64  # items whose keys are looked up in the store at a time ...
_LOOKED_UP_BYTES = 16_000_000  # ... or fewer, if their recordings are this large together
_ASIDE = 2  # tasks for each worker: one in work, one waiting
_BUNDLED = 8  # the most items in a task ...
_ROUNDS = 4  # ... and into how many tasks, at least, what is left is cut for each that may be under way


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item has no assessment, whether the very same call may succeed later, and the class of the error."""

    reason: str
    can_retry: bool
    error: str

    @property
    def is_internal(self) -> bool:
        """Whether it is a fault of ours rather than of the item."""
        return self.error == InternalError.__name__


Verdict: TypeAlias = "str | Failure"
"""What became of an item: the key of the stored reply, or a failure."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How a batch went. `found`: items that had been assessed before, and not been done again."""

    found: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Who assesses, how, and where the replies go. See `assess_batch` for the parameters."""

    service: SpeechService
    asked: Asked
    store: Store
    limiter: Limiter
    executor: Any
    workers: int | None
    progress: bool
    is_cloud: bool

    def carry_out(
        self, entries: Sequence[Item | Misfit], known: Sequence[Verdict | None]
    ) -> tuple[list[Verdict], Counts]:
        """The verdict on each entry; those that are known stay."""
        from tqdm.auto import tqdm

        todo = sum(verdict is None for verdict in known)
        start = time.monotonic()
        with tqdm(total=todo, desc="Assessing", unit=" recordings", disable=not self.progress) as bar:
            course = _Course(self, entries, list(known), bar)
            if todo:
                course.run()
        verdicts = [verdict for verdict in course.verdicts if verdict is not None]
        found = course.found + sum(isinstance(verdict, str) for verdict in known)
        return verdicts, Counts(found, time.monotonic() - start)


class _Course:
    """One run through a batch."""

    def __init__(self, plan: Plan, entries: Sequence[Item | Misfit], verdicts: list[Verdict | None], bar: Any) -> None:
        self.plan = plan
        self.entries = entries
        self.verdicts = verdicts
        self.found = self.failed = 0
        self._left = sum(verdict is None for verdict in verdicts)
        self._bar = bar
        self._twins: dict[str, list[int]] = {}  # key under way -> later items with the same key
        self._ended: dict[str, Verdict] = {}  # the verdict of each key that was under way

    def run(self) -> None:
        """Give every item a verdict. When interrupted, what was stored stays stored."""
        plan = self.plan
        jobs = self._jobs()
        first = next(jobs, None)  # workers are not started where all is done
        if first is None:
            return
        handle = Handle(plan.service)
        with workers_of(plan.executor, plan.service, plan.workers, is_cloud=plan.is_cloud) as (executor, workers):
            # With a limit none waits in the executor's queue, from where it would start at a time of its own.
            in_flight = workers if plan.limiter.is_limiting else _ASIDE * workers

            def submit(own: Sequence[Job]) -> Future[list[Outcome]]:
                asked = [(job.audio, job.item.reference_text) for job in own]
                return executor.submit(assess, handle, asked, plan.asked.params, plan.asked.language)

            run(
                itertools.chain([first], jobs),
                submit,
                in_flight=in_flight,
                bundle=partial(self._bundle, executor, in_flight),
                limiter=plan.limiter,
                finish=self._finish,
            )

    def _bundle(self, executor: Executor, in_flight: int) -> int:
        """Items to a task: several where a task goes to another process, fewer towards the end.

        So all workers have some, and are done at about the same time.
        """
        if isinstance(executor, ThreadPoolExecutor) or self.plan.limiter.is_limiting:
            return 1
        return min(max(self._left // (_ROUNDS * in_flight), 1), _BUNDLED)

    def _jobs(self) -> Iterator[Job]:
        """Items that are to be assessed; those that are stored, or cannot be read, get their verdicts on the way."""
        group: list[Job] = []
        size = 0
        for index, entry in enumerate(self.entries):
            if self.verdicts[index] is not None:
                continue
            if isinstance(entry, Misfit):
                self._settle(index, Failure(entry.problem, can_retry=False, error=InputError.__name__))
                continue
            try:
                audio = entry.read()
            except InputError as error:
                self._settle(index, Failure(str(error), can_retry=False, error=type(error).__name__))
                continue
            group.append(Job(index, entry, self.plan.asked.key(entry, audio), audio))
            size += group[-1].size
            if len(group) == _LOOKED_UP or size >= _LOOKED_UP_BYTES:
                yield from self._not_stored(group)
                group, size = [], 0
        yield from self._not_stored(group)

    def _not_stored(self, group: list[Job]) -> Iterator[Job]:
        stored = self.plan.store.stored(group) if group else set()
        for job in group:
            if job.key in self._twins:
                self._twins[job.key].append(job.index)
            elif job.key in self._ended:
                self._settle(job.index, self._ended[job.key])
            elif job.key in stored:
                self.found += 1
                self._settle(job.index, job.key)
            else:
                self._twins[job.key] = []
                yield job

    def _finish(self, job: Job, outcome: Outcome) -> None:
        verdict: Verdict = job.key
        if outcome.reason is not None:
            verdict = Failure(outcome.reason, outcome.can_retry, outcome.error or "")
        else:
            try:
                self.plan.store.keep(job, outcome.reply, self.plan.asked)
            except Exception as error:  # the outermost place for an item: the others are to be stored all the same
                # A full disk is nobody's fault here; of what else is no error of ours, nobody thought.
                known = error if isinstance(error, OSError) else internal_error(error)
                why = str(known) or type(known).__name__
                verdict = Failure(
                    f"It was assessed, but the reply could not be stored: {why}", True, type(known).__name__
                )
        self._ended[job.key] = verdict
        for index in (job.index, *self._twins.pop(job.key)):
            self._settle(index, verdict)

    def _settle(self, index: int, verdict: Verdict) -> None:
        self.verdicts[index] = verdict
        self._left -= 1
        if isinstance(verdict, Failure):
            self.failed += 1
            self._bar.set_postfix(failed=self.failed, refresh=False)
        self._bar.update()
