"""`assess_batch`: many recordings, one call."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ParameterError
from ..params import PronunciationScoreParams
from ..service import SpeechService, connect
from .keys import Asked
from .limiter import Limiter, limiter_of
from .plan import Plan
from .result import BatchResult
from .roster import Roster, read_roster
from .store import FolderStore, Gradebook, GradebookStore, Store, TemporaryStore


def assess_batch(
    items: object,
    service: SpeechService | None = None,
    executor: Any = None,
    gradebook: Gradebook | None = None,
    progress: bool = True,
    store: str | os.PathLike[str] | None = None,
    params: PronunciationScoreParams | None = None,
    language: str = "en-US",
    workers: int | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    audio_folder: str | Path | None = None,
    limiter: Limiter | None = None,
) -> BatchResult:
    """Assess many recordings, side by side; one that fails stops no other.

    Parameters
    ----------
    items : pandas.DataFrame, path, iterable of dict or batch.Roster
        A frame; the path of a CSV file or of a folder of recordings; or dicts, which are read to their end first. The
        fields are those of `batch.read_roster`. Rows that do not fit are all reported, as a warning, before anything
        runs; the others are assessed.
    service : SpeechService, optional
        By default that of `connect`.
    executor : concurrent.futures.Executor, Dask client or str, optional
        For more machines a Dask client, its `get_executor()`, or the address of a Dask scheduler. By default threads:
        the engine leaves Python's lock while it computes. A `ProcessPoolExecutor` wants
        `mp_context=multiprocessing.get_context("spawn")`: forks of a program with threads, such as a notebook, may
        hang. Recordings are read here, so workers need no files of yours. What Dask does to watch its workers rests
        meanwhile: its profiler above all.
    gradebook : Gradebook, optional
        Where each reply is stored as soon as it is there. What is stored already, from the same audio, text,
        parameters, service and its version, student and task, is not done again, so after a crash or Ctrl-C the same
        call goes on where it was. A date or first language that a roster gets later is corrected. Without gradebook and
        store, a result lasts as long as the program.
    progress : bool
        Whether to show a progress bar.
    store : str or path, optional
        A folder in place of the gradebook.
    params : PronunciationScoreParams, optional
        What to assess; a reference text in it is for rows that have none.
    language : str
        Locale of all texts.
    workers : int, optional
        How many threads: by default one a core, and eight for the cloud.
    columns : mapping of str to str, optional
        Field to column, for names that are not known: {"audio": "Sound file"}.
    audio_folder : str or path, optional
        What relative paths count from; by default the folder of the CSV file, or the current one.
    limiter : batch.Limiter, optional
        The pace for a service. By default batches with one cloud client share a limiter of 20 requests a second, and
        other services have none. Where a service asks for patience, all wait.

    Returns
    -------
    BatchResult
        Failures of single items are listed in its `failures`.

    Raises
    ------
    InputError
        Where there is no way to begin: no such file, no such column, a parameter out of range.

    Examples
    --------
    >>> items = [{"student": "Ana", "text": text, "audio": recording}, {"student": "Ben", "text": text, "audio": b"?"}]
    >>> result = pk.assess_batch(items, service, progress=False)
    >>> result
    <BatchResult: 1 of 2 readings assessed, 1 failed, in ... s.>
    >>> result.words().loc[1, ["student", "word", "error_type"]].tolist()
    ['Ana', 'think', 'Mispronunciation']
    """
    if gradebook is not None and store is not None:
        raise ParameterError("Both gradebook and store were given. Give one of them: replies are stored once.")
    _check_workers(workers)
    roster = read_roster(
        items,
        columns=columns,
        default_text=params.reference_text if params else None,
        audio_folder=audio_folder,
        need_student=gradebook is not None,
    )
    if not isinstance(items, Roster) and (report := roster.report()):
        warnings.warn(report, stacklevel=2)
    service = connect(announce=print if progress else None) if service is None else service
    is_cloud = _is_cloud(service)
    plan = Plan(
        service=service,
        asked=Asked.of(service, params, language),
        store=_store(gradebook, store),
        limiter=limiter or limiter_of(service, is_cloud=is_cloud),
        executor=executor,
        workers=workers,
        progress=progress,
        is_cloud=is_cloud,
    )
    verdicts, counts = plan.carry_out(roster.entries, [None] * len(roster.entries))
    return BatchResult(roster, plan, verdicts, counts)


def _store(gradebook: Gradebook | None, folder: str | os.PathLike[str] | None) -> Store:
    if gradebook is not None:
        if not (hasattr(gradebook, "record") and hasattr(gradebook, "places")):
            raise ParameterError(
                f"gradebook is of type {type(gradebook).__name__}. Give a pronounce_kit.Gradebook('class.db')."
            )
        return GradebookStore(gradebook)
    return TemporaryStore() if folder is None else FolderStore(folder)


def _is_cloud(service: SpeechService) -> bool:
    from ..azure import AzureSpeech

    return isinstance(service, AzureSpeech)


def _check_workers(workers: object) -> None:
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int) or workers < 1):
        raise ParameterError(f"workers is {workers!r}. Give a whole number, 1 or more.")
