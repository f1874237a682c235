"""Many recordings in one call: order, failures, resuming, executors, pace."""

from __future__ import annotations

import gc
import json
import multiprocessing
import os
import pickle
import signal
import threading
import time
import warnings
import weakref
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pronounce_kit as pk
from pronounce_kit import (
    Assessment,
    InputError,
    LocalSpeech,
    NetworkError,
    ParameterError,
    PronunciationScoreParams,
    QuotaError,
    Recording,
)
from pronounce_kit.batch import Limiter, read_roster
from pronounce_kit.batch.executors import workers_of
from pronounce_kit.batch.store import FolderStore
from pronounce_kit.service import SpeechService, merge_params
from tests.batch.tiny import Tiny, beeps

KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # on Windows every signal ends a process at once
# A fork copies locks that other threads hold, Dask's for example, and then waits for them for ever.
SPAWN = multiprocessing.get_context("spawn")


def assess(items: Any, service: Any, **options: Any) -> pk.BatchResult:
    return pk.assess_batch(items, service, progress=options.pop("progress", False), **options)


def texts(result: pk.BatchResult) -> list[str | None]:
    return [assessment and assessment.display_text for assessment in result.assessments]


class Moody(Tiny):
    """Fails in the ways that its texts name, the first `times` times."""

    def __init__(self, times: int = 10**9, **options: Any) -> None:
        super().__init__(**options)
        self.times = times
        self.failed = 0
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _lock=threading.Lock())

    def fail(self, text: str) -> None:
        super().fail(text)
        mood = text.split()[0]
        with self._lock:
            if mood not in ("network", "quota", "bug", "die") or self.failed >= self.times:
                return
            self.failed += 1
        if mood == "network":
            raise NetworkError("The connection broke. Try again.")
        if mood == "quota":
            raise QuotaError("Too many requests. Wait.", status=429, retry_after_s=0.2)
        if mood == "bug":
            raise RuntimeError("an unforeseen state")
        os.kill(os.getpid(), KILL)


# --- what comes out ---------------------------------------------------------------------------------------------


def test_assessments_come_in_the_order_of_the_items_whatever_is_done_first(items):
    class Uneven(Tiny):
        def fail(self, text: str) -> None:
            threading.Event().wait(0.08 if text.endswith("0.") else 0.0)

    result = assess(items, Uneven(), workers=4)
    assert texts(result) == [item["text"] for item in items]
    assert len(result.assessments) == len(result) == 8
    assert result.assessments[-1].display_text == "This is reading number 7."
    assert [a.display_text for a in result.assessments[2:4]] == [item["text"] for item in items[2:4]]
    assert result.failures.empty


def test_the_tables_say_who_read_what_and_join_with_each_other(items, tiny):
    items[5]["class_name"], items[5]["first_language"] = "5b", "es"
    result = assess(items, tiny)
    utterances, words = result.utterances(), result.words()
    front = ["student", "class_name", "first_language", "task", "attempt_number", "recorded_at"]
    for table in (utterances, words, result.syllables(), result.phonemes()):
        assert list(table.columns[:7]) == [*front, "utterance_id"]
        assert {name: str(table.dtypes[name]) for name in front} == {
            **dict.fromkeys(front[:4], "string"),
            "attempt_number": "int64",
            "recorded_at": "datetime64[us, UTC]",
        }
    assert utterances["student"].tolist() == [item["student"] for item in items]
    assert utterances["utterance_id"].is_unique
    assert utterances["class_name"].tolist()[4:6] == [pd.NA, "5b"]
    joined = words.merge(utterances, on="utterance_id", validate="many_to_one")
    assert (joined["student_x"] == joined["student_y"]).all()
    assert len(words) == 8 * 5


def test_attempts_of_a_student_at_a_text_are_numbered_in_the_order_of_recording(tiny):
    moments = ["2025-03-03", None, "2025-03-01", "2025-03-02"]
    rows = [
        {"student": "Ada", "text": "Hi.", "task": "a", "audio": beeps(n), "recorded_at": moment}
        for n, moment in enumerate(moments)
    ]
    rows.append({**rows[0], "student": "Ben"})
    assert assess(rows, tiny).utterances()["attempt_number"].tolist() == [3, 4, 1, 2, 1]


def test_an_empty_batch_has_empty_tables_of_the_same_columns(items, tiny):
    empty, full = assess([], tiny), assess(items, tiny)
    assert list(empty.assessments) == []
    for table in ("utterances", "words", "syllables", "phonemes", "failures"):
        one, other = (getattr(result, table) for result in (empty, full))
        one, other = (frame if table == "failures" else frame() for frame in (one, other))
        assert one.dtypes.to_dict() == other.dtypes.to_dict()
    assert "there are no readings" in repr(empty)


@pytest.mark.parametrize(
    ("count", "failing", "expected"),
    [
        (1, 0, "1 reading assessed, in"),
        (2, 0, "All 2 readings assessed, in"),
        (2, 1, "1 of 2 readings assessed, 1 failed, in"),
        (2, 2, "None of 2 readings assessed, in"),
    ],
)
def test_the_summary_counts_in_words(tiny, count, failing, expected):
    rows = [{"text": "? no" if n < failing else "Hi.", "audio": beeps(n)} for n in range(count)]
    assert repr(assess(rows, tiny)).startswith(f"<BatchResult: {expected}")


def test_the_summary_says_before_only_of_what_was_done_before(tiny, tmp_path):
    rows = [{"text": "Hi.", "audio": beeps(0)}] * 2 + [{"text": "Hello.", "audio": beeps(1)}]
    for count, expected in ((2, "All 2 readings assessed, in"), (3, "All 3 readings assessed (2 of them before), in"),
                            (3, "All 3 readings assessed (before), in")):  # fmt: skip
        assert assess(rows[:count], tiny, store=tmp_path / "store").summary().startswith(expected)
    failing = assess([*rows, {"text": "? no", "audio": beeps(2)}], tiny, store=tmp_path / "store")
    assert failing.summary().startswith("3 of 4 readings assessed (before), 1 failed, in")


class Various:
    """Answers by the text: in noise, with words of another one, with silence, or well."""

    def reply(self, recording, reference_text=None, *, language="en-US", params=None):
        text = merge_params(reference_text, params).reference_text
        if text == "Silence.":
            return {"RecognitionStatus": "InitialSilenceTimeout"}
        errors = ["Omission", "Omission", "Insertion"] if text == "Another one." else ["None", "None"]
        words = [{"Word": f"w{n}", "ErrorType": error, "AccuracyScore": 90.0} for n, error in enumerate(errors)]
        flags = ["noisy"] if text == "In noise." else []
        best = {"Words": words, "PronScore": 90.0, "AccuracyScore": 90.0}
        return {"RecognitionStatus": "Success", "RecordingFlags": flags, "NBest": [best]}

    def assess(self, recording, reference_text=None, *, language="en-US", params=None):
        return Assessment.from_json(self.reply(recording, reference_text, language=language, params=params))


def test_what_is_not_sure_or_not_the_text_is_counted_apart_and_marked_in_the_table():
    texts = ["Very well.", "In noise.", "Another one.", "Silence.", "In noise."]
    result = assess([{"text": text, "audio": beeps(n)} for n, text in enumerate(texts)], Various())
    assert result.summary().startswith(
        "All 5 readings assessed, 2 too noisy, loud or quiet to be sure, 1 of another text, 1 without speech, in"
    )
    table = result.utterances()
    assert table["verdict"].tolist() == ["scored", "unsure", "another_text", "nothing", "unsure"]
    assert table["recording_flags"].tolist()[:3] == ["", "noisy", ""]


def test_names_are_escaped_in_the_notebook(tiny):
    rows = [{"student": "<script>alert(1)</script>", "text": "? no", "audio": beeps(0)}]
    page = assess(rows, tiny)._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_progress_is_shown_only_when_asked_for(items, tiny, capsys):
    assess(items, tiny, progress=True)
    assert "8/8" in capsys.readouterr().err
    assess(items, tiny, progress=False)
    assert capsys.readouterr().err == ""


# --- failures ---------------------------------------------------------------------------------------------------


def test_one_failure_stops_no_other_and_is_listed_with_its_reason(items):
    items[1]["text"] = "? what"
    items[3]["text"] = "network first"
    items[4]["text"] = "bug here"
    items[6]["audio"].write_bytes(b"this is no recording")
    result = assess(items, Moody())
    assert [a is None for a in result.assessments] == [False, True, False, True, True, False, True, False]
    failures = result.failures
    assert list(failures.columns) == ["row", "student", "task", "audio", "reason", "can_retry", "error"]
    assert failures["row"].tolist() == [1, 3, 4, 6]
    assert failures["can_retry"].tolist() == [False, True, True, False]
    assert failures["reason"][1] == "The connection broke. Try again."
    assert "not of your input: RuntimeError: an unforeseen state." in failures["reason"][2]
    assert failures["error"].tolist() == ["TextError", "NetworkError", "InternalError", "AudioError"]
    assert result.summary().startswith("4 of 8 readings assessed, 4 failed (1 by a fault of the program), in ")
    assert failures["audio"][3] == str(items[6]["audio"])
    assert len(result.utterances()) == 4


def test_rows_that_do_not_fit_are_reported_before_anything_runs_and_the_others_are_assessed(items, tiny):
    items[2]["audio"] = "gone.wav"
    del items[5]["text"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="2 of 8 rows of the list do not fit"):
            assess(items, tiny)
    assert tiny.calls == 0
    with pytest.warns(UserWarning, match="row 2: There is no file gone.wav"):
        result = assess(items, tiny)
    assert result.failures["row"].tolist() == [2, 5]
    assert tiny.calls == 6


def test_retry_tries_what_failed_and_only_that(items, tmp_path):
    items[1]["text"] = items[4]["text"] = "network trouble"
    service = Moody(times=3, log=tmp_path / "calls.log")
    first = assess(items, service)
    assert first.failures["row"].tolist() == [1, 4]
    second = first.retry()
    assert service.calls == 8 + 2
    assert len(second.failures) == 1
    third = second.retry()
    assert third.failures.empty
    assert service.calls == 8 + 2 + 1
    assert texts(third) == [item["text"] for item in items]
    assert repr(third).startswith("<BatchResult: All 8 readings assessed (7 of them before), in")


def test_retry_sees_what_was_mended_since(items, tiny):
    good = items[2]["audio"].read_bytes()
    items[2]["audio"].write_bytes(b"broken")
    items[3]["audio"].unlink()
    with pytest.warns(UserWarning, match="1 of 8 rows"):
        result = assess(items, tiny)
    assert result.failures["row"].tolist() == [2, 3]
    items[2]["audio"].write_bytes(good)
    items[3]["audio"].write_bytes(good)
    assert result.retry().failures.empty


def test_a_reply_that_cannot_be_stored_is_a_failure_of_its_own(items, tmp_path, monkeypatch):
    store = tmp_path / "store"
    result = assess(items[:3], service := Tiny(), store=store)
    assert len(result.failures) == 0
    keep = FolderStore.keep

    def full_disk(self: FolderStore, job: Any, *rest: Any) -> None:
        if job.index == 1:
            raise OSError(28, "No space left on device")
        keep(self, job, *rest)

    monkeypatch.setattr(FolderStore, "keep", full_disk)
    result = assess(items[3:], service, store=store)
    assert result.failures["row"].tolist() == [1]
    assert "could not be stored" in result.failures["reason"][0]
    assert "No space left" in result.failures["reason"][0]
    assert result.failures["can_retry"][0]
    assert "fault" not in result.failures["reason"][0] + result.summary()


# --- what is stored is not done again ---------------------------------------------------------------------------


def test_a_second_run_does_nothing_twice(items, tiny, tmp_path):
    first = assess(items[:5], tiny, store=tmp_path / "store")
    second = assess(items, tiny, store=tmp_path / "store")
    assert tiny.calls == 8
    assert list(first.assessments) == list(second.assessments)[:5]
    pd.testing.assert_frame_equal(second.words(), assess(items, Tiny()).words())
    assert "(5 of them before)" in repr(second)
    third = assess(items, tiny, store=tmp_path / "store")
    assert tiny.calls == 8
    assert "(before)" in repr(third)


def test_renamed_files_are_known_again(items, tiny, tmp_path):
    assess(items, tiny, store=tmp_path / "store")
    for item in items:
        item["audio"] = item["audio"].rename(item["audio"].with_name("renamed-" + item["audio"].name))
    assess(items, tiny, store=tmp_path / "store")
    assert tiny.calls == 8


@pytest.mark.parametrize("what", ["audio", "text", "student", "class_name", "task", "params", "language", "version"])
def test_what_differs_in_anything_that_matters_is_assessed_anew(items, tiny, tmp_path, what):
    item, options = items[0], {"params": PronunciationScoreParams("", nbest_phoneme_count=5)}
    assess([item], tiny, store=tmp_path / "store", **options)
    if what == "params":
        options["params"] = replace(options["params"], enable_miscue=False)
    elif what == "language":
        options["language"] = "en-GB"
    elif what == "version":
        tiny.version = "2"
    else:
        item[what] = beeps(20) if what == "audio" else "another"
    assess([item], tiny, store=tmp_path / "store", **options)
    assert tiny.calls == 2


def test_the_same_recording_by_two_students_is_two_readings_and_twice_by_one_is_one(items, tiny, tmp_path):
    row = {**items[0], "student": "Ada"}
    result = assess([row, {**row, "student": "Ben"}, row, row], tiny, store=tmp_path / "store", workers=1)
    assert tiny.calls == 2
    assert len(list((tmp_path / "store").glob("*.json"))) == 2
    assert [a.student for a in result.assessments] == ["Ada", "Ben", "Ada", "Ada"]


def test_a_stored_reply_says_what_it_is_a_reply_to(items, tiny, tmp_path):
    assess(items[:1], tiny, store=tmp_path / "store")
    (path,) = (tmp_path / "store").glob("*.json")
    known = json.loads(path.read_text("utf-8"))
    assert (known["student"], known["task"]) == ("Student 0", "week 0")
    assert (known["service"], known["service_version"]) == ("Tiny", "1")
    assert known["params"]["ReferenceText"] == "This is reading number 0."
    assert known["reply"] == tiny.assess(items[0]["audio"], "This is reading number 0.").raw


def test_a_damaged_reply_is_one_clear_error(items, tiny, tmp_path):
    result = assess(items[:1], tiny, store=tmp_path / "store")
    (path,) = (tmp_path / "store").glob("*.json")
    path.write_text("{")
    with pytest.raises(InputError, match="Delete it"):
        list(result.assessments)


@pytest.fixture
def ctrl_c():
    """Ctrl-C interrupts, also where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_keeps_what_was_done_and_the_same_call_goes_on(items, tmp_path):
    class Interrupted(Tiny):
        def fail(self, text: str) -> None:
            if text.endswith("5.") and self.calls <= 8:
                signal.raise_signal(signal.SIGINT)
                threading.Event().wait(1)

    service = Interrupted(log=tmp_path / "calls.log")
    with pytest.raises(KeyboardInterrupt):
        assess(items, service, store=tmp_path / "store", workers=1)
    stored = len(list((tmp_path / "store").glob("*.json")))
    assert 4 <= stored < len(items)
    service.log.unlink()
    service.log = tmp_path / "calls2.log"
    service.log.write_text("\n" * 9)
    result = assess(items, service, store=tmp_path / "store")
    assert result.failures.empty
    assert service.calls - 9 <= 8 - stored + 1


# --- executors --------------------------------------------------------------------------------------------------


def test_any_executor_gives_the_same_tables(items):
    expected = assess(items, Tiny(), workers=1).words()
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2, mp_context=SPAWN) as processes:
        for executor in (threads, processes, None):
            pd.testing.assert_frame_equal(assess(items, Tiny(), executor=executor).words(), expected)


def test_a_dask_cluster_is_used_by_its_client_its_executor_or_its_address(items, tmp_path):
    distributed = pytest.importorskip("distributed")
    expected = assess(items, Tiny()).words()
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
    )
    with cluster, distributed.Client(cluster) as client:
        for executor in (client, client.get_executor(), cluster.scheduler_address):
            result = assess(items, Tiny(), executor=executor)
            pd.testing.assert_frame_equal(result.words(), expected)


def test_an_address_without_a_scheduler_is_one_clear_error(items, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("pronounce_kit.batch.executors._CONNECT_S", 0.3)
    with pytest.raises(NetworkError, match=r"no Dask scheduler at 'tcp://127\.0\.0\.1:9'"):
        assess(items, Tiny(), executor="tcp://127.0.0.1:9")


def test_a_cluster_without_workers_is_one_clear_error(items, monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("pronounce_kit.batch.executors._CONNECT_S", 0.3)
    cluster = distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None, protocol="tcp")
    with (
        cluster,
        distributed.Client(cluster) as client,
        pytest.raises(NetworkError, match=r"no workers.*`dask worker tcp:"),
    ):
        assess(items, Tiny(), executor=client)


def test_a_dask_scheduler_keeps_no_recordings():
    distributed = pytest.importorskip("distributed")
    rows = [{"text": f"Reading {n}.", "audio": Recording.from_bytes(beeps(n))} for n in range(20)]
    cluster = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None, protocol="tcp"
    )
    with cluster, distributed.Client(cluster) as client:
        before = [o for o in gc.get_objects() if isinstance(o, Recording)]  # of this test, and fixtures of others
        known = {id(o) for o in before}
        assert assess(rows, Tiny(), executor=client).failures.empty
        deadline = time.monotonic() + 10  # the worker lets go of the last ones a moment later
        while kept := [o for o in gc.get_objects() if isinstance(o, Recording) and id(o) not in known]:
            assert time.monotonic() < deadline, f"{len(kept)} copies are left"
            del kept
            time.sleep(0.1)
            gc.collect()


WATCHES = ("profile", "tick", "ticks")


def watches(server: Any) -> list[str]:
    """What a Dask server watches itself by, of what rests during a batch."""
    running = {name: watch.is_running() for name, watch in server.periodic_callbacks.items()}
    return [name for name in WATCHES if running.get(name)]


class Profiled(Tiny):
    """Fails where the worker is watched."""

    def fail(self, text):
        from distributed import get_worker

        if watches(get_worker()):
            raise RuntimeError(f"is watched by {watches(get_worker())}")


def test_dask_does_not_watch_workers_while_they_assess_and_does_again_afterwards(items):
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None, protocol="tcp")
    with cluster, distributed.Client(cluster) as client:

        def watched_by() -> list[str]:
            (answer,) = client.run(lambda dask_worker: watches(dask_worker)).values()
            return answer

        assert watched_by() == list(WATCHES)
        assert assess(items, Profiled(), executor=client).failures.empty
        assert watched_by() == list(WATCHES)


def test_the_processes_beside_dask_workers_rest_too_and_two_batches_may_overlap():
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        (nanny,) = cluster.workers.values()
        assert watches(nanny) == ["tick", "ticks"]
        with workers_of(client, Tiny(), None, is_cloud=False):
            assert watches(nanny) == []
            with workers_of(client, Tiny(), None, is_cloud=False):
                assert watches(nanny) == []
        assert watches(nanny) == ["tick", "ticks"]


def test_a_cluster_that_takes_no_plugins_is_used_all_the_same(items, monkeypatch):
    distributed = pytest.importorskip("distributed")

    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("no plugins here")

    monkeypatch.setattr(distributed.Client, "register_plugin", refuse)
    cluster = distributed.LocalCluster(n_workers=1, processes=False, dashboard_address=None, protocol="tcp")
    with cluster, distributed.Client(cluster) as client:
        assert assess(items, Tiny(), executor=client).failures.empty


def test_what_is_lost_with_a_dask_worker_is_done_by_another(tmp_path):
    distributed = pytest.importorskip("distributed")
    log = tmp_path / "calls.txt"
    rows = [{"text": f"Reading {n}.", "audio": beeps(n)} for n in range(40)]
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client, ThreadPoolExecutor(1) as aside:
        victim = next(iter(client.run(os.getpid).values()))

        def kill_when_busy() -> None:
            while not log.exists() or f"{victim} " not in log.read_text("utf-8"):
                time.sleep(0.02)
            os.kill(victim, KILL)

        killed = aside.submit(kill_when_busy)
        result = assess(rows, Tiny(work_s=0.05, log=log), executor=client, workers=2)
        killed.result(timeout=30)
    assert result.failures.empty
    assert texts(result) == [row["text"] for row in rows]


def test_a_worker_process_that_dies_is_reported_and_the_rest_can_be_retried(items, tmp_path):
    items[2]["text"] = "die now"
    with ProcessPoolExecutor(2, mp_context=SPAWN) as processes:
        result = assess(items, Moody(), executor=processes, store=tmp_path / "store")
    failures = result.failures
    assert 2 in failures["row"].tolist()
    assert failures["can_retry"].all()
    assert failures["reason"].str.contains("worker process died").all()
    items[2]["text"] = "live on"
    with ProcessPoolExecutor(2, mp_context=SPAWN) as processes:
        assert assess(items, Moody(), executor=processes, store=tmp_path / "store").failures.empty


def test_an_executor_that_was_shut_down_is_reported_and_another_can_be_given(items, tiny):
    with ThreadPoolExecutor(1) as closed:
        pass
    result = assess(items, tiny, executor=closed)
    assert result.failures["reason"].str.contains("takes no more work").all()
    with ThreadPoolExecutor(1) as fresh:
        assert result.retry(executor=fresh).failures.empty


def test_few_items_are_under_way_at_a_time(tiny):
    class Counting(ThreadPoolExecutor):
        most = now = 0

        def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
            self.now += 1
            self.most = max(self.most, self.now)
            future = super().submit(*args, **kwargs)
            future.add_done_callback(lambda _: setattr(self, "now", self.now - 1))
            return future

    rows = [{"text": f"Reading {n}.", "audio": beeps(n)} for n in range(40)]
    with Counting(2) as executor:
        assess(rows, tiny, executor=executor)
        assert executor.most <= 4


@pytest.mark.parametrize(
    ("count", "seconds", "limiter", "most"),
    [(64, 0.1, None, 8), (8, 0.1, None, 1), (64, 16.0, None, 2), (16, 0.1, Limiter(1000, burst=1000), 1)],
    ids=["many go together", "few go one by one", "long ones are fewer together", "with a limit one by one"],
)
def test_items_for_another_process_share_a_task_and_fewer_do_towards_the_end(tmp_path, count, seconds, limiter, most):
    sizes = []

    class Counting(ProcessPoolExecutor):
        def submit(self, fn: Any, handle: Any, asked: Any, *args: Any) -> Future[Any]:
            sizes.append(len(asked))
            return super().submit(fn, handle, asked, *args)

    audio = tmp_path / "take.wav"
    audio.write_bytes(Recording.from_array(np.full(round(16_000 * seconds), 0.1, np.float32), 16_000).to_wav())
    rows = [{"text": f"Reading {n}.", "audio": audio} for n in range(count)]
    with Counting(1, mp_context=SPAWN) as executor:
        assert assess(rows, Tiny(), executor=executor, limiter=limiter).failures.empty
    assert sum(sizes) == count
    assert (max(sizes), sizes[-1]) == (most, 1)
    assert sizes == sorted(sizes, reverse=True)


class Reply(dict[str, Any]):
    """A reply whose life can be watched."""

    __hash__ = object.__hash__


class Watched(Tiny):
    """Knows how many of its replies were alive at most."""

    def __init__(self) -> None:
        super().__init__()
        self.alive: weakref.WeakSet[Reply] = weakref.WeakSet()
        self.most_alive = 0

    def assess(self, *args: Any, **kwargs: Any) -> Assessment:
        found = super().assess(*args, **kwargs)
        reply = Reply(found.raw)
        self.alive.add(reply)
        self.most_alive = max(self.most_alive, len(self.alive))
        return replace(found, raw=reply)


def test_memory_does_not_grow_with_the_number_of_items(tmp_path):
    audio = tmp_path / "take.wav"
    audio.write_bytes(beeps(0))
    service = Watched()
    result = assess([{"text": f"Reading {n}.", "audio": audio} for n in range(200)], service, workers=2)
    assert result.failures.empty
    gc.collect()
    assert service.most_alive <= 10, "those under way, of 200"
    assert not service.alive, "the result holds none of them"


@pytest.mark.parametrize("executor", ["threads", 7, ThreadPoolExecutor])
def test_what_is_no_executor_is_one_clear_error(items, tiny, executor):
    if executor == "threads":
        pytest.importorskip("distributed")
    with pytest.raises((ParameterError, NetworkError)):
        assess(items, tiny, executor=executor)


def test_a_service_that_cannot_be_sent_to_processes_says_so_before_anything_runs(items):
    class Local(Tiny):  # of this function: no other process can find it
        pass

    with ProcessPoolExecutor(1, mp_context=SPAWN) as processes, pytest.raises(ParameterError, match="cannot be sent"):
        assess(items, Local(), executor=processes)


@pytest.mark.parametrize("workers", [0, -1, 1.5, True, "2"])
def test_a_number_of_workers_that_is_none_is_refused(items, tiny, workers):
    with pytest.raises(ParameterError, match="workers"):
        assess(items, tiny, workers=workers)


# --- pace -------------------------------------------------------------------------------------------------------


def test_the_service_is_asked_no_faster_than_the_limiter_allows(items):
    times: list[float] = []

    class Timed(Tiny):
        def fail(self, text: str) -> None:
            times.append(time.monotonic())

    assess(items, Timed(), limiter=Limiter(requests_per_second=40), workers=4)
    assert times[-1] - times[0] >= 7 / 40 - 0.02  # lower bound only: a busy machine is slower, never faster


def test_when_the_service_asks_for_patience_all_wait_and_nothing_is_lost(items, tmp_path):
    items[2]["text"] = "quota please"
    service = Moody(times=2, log=tmp_path / "calls.log")
    result = assess(items, service, workers=2)
    assert result.failures.empty
    assert service.calls == 8 + 2


@pytest.mark.parametrize("retry_after_s", [None, 3600.0])
def test_who_asks_for_patience_for_ever_is_listed_in_the_end(items, monkeypatch, retry_after_s):
    monkeypatch.setattr("pronounce_kit.batch.run._FIRST_PAUSE_S", 0.001)

    class Full(Tiny):
        def fail(self, text: str) -> None:
            raise QuotaError("Too many requests. Wait.", status=429, retry_after_s=retry_after_s)

    result = assess(items[:2], Full())
    assert result.failures["reason"].tolist() == ["Too many requests. Wait."] * 2
    assert result.failures["can_retry"].all()


# --- the real engine --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def readings(speech: LocalSpeech) -> list[dict[str, object]]:
    sentences = ("Good morning.", "The weather is nice.", "Thank you very much.")
    return [
        {"student": f"S{n}", "text": text, "audio": speech.synthesize(text, output_format="riff-16khz-16bit-mono-pcm")}
        for n, text in enumerate(sentences)
    ]


def test_the_engine_gives_the_same_in_threads_and_in_other_processes(speech, readings):
    expected = assess(readings, speech, workers=1)
    assert expected.failures.empty
    assert expected.utterances()["pron_score"].between(60, 100).all()
    with ProcessPoolExecutor(1, mp_context=SPAWN) as processes:
        for options in ({"workers": 2}, {"executor": processes}):
            found = assess(readings, speech, **options)
            pd.testing.assert_frame_equal(found.phonemes(), expected.phonemes())


def test_the_engine_crosses_to_another_process_as_its_arguments(speech):
    pickled = pickle.dumps(speech)
    assert len(pickled) < 200
    restored = pickle.loads(pickled)  # noqa: S301 - our own
    assert isinstance(restored, LocalSpeech)
    assert restored.version == speech.version
    assert "+" in speech.version


def test_params_apply_to_all_items_and_their_text_is_for_those_without(speech, readings):
    rows = [readings[0], {**readings[1], "text": None}]
    params = PronunciationScoreParams("The weather is nice.", granularity="Word")
    result = assess(rows, speech, params=params)
    assert [a.reference_text for a in result.assessments] == ["Good morning.", "The weather is nice."]
    assert result.phonemes().empty
    assert len(result.words()) == 6


# --- a gradebook ------------------------------------------------------------------------------------------------


def test_with_a_gradebook_each_reading_is_an_attempt_with_its_recording(items, tiny, tmp_path):
    items[0]["class_name"], items[0]["first_language"] = "5b", "es"
    with pk.Gradebook(tmp_path / "class.db") as book:
        result = assess(items, tiny, gradebook=book)
        attempts = book.attempts()
        assert result.failures.empty
        assert sorted(attempts["student"]) == sorted(item["student"] for item in items)
        assert attempts["audio_sha256"].notna().all()
        assert set(attempts["service"]) == {"Tiny"}
        assert attempts.loc[attempts["class_name"] == "5b", "first_language"].tolist() == ["es"]
        assess(items, tiny, gradebook=book)
        assert len(book.attempts()) == 8
        assert tiny.calls == 8


def test_a_first_language_that_a_roster_learns_later_reaches_readings_that_are_stored(items, tiny, tmp_path):
    with pk.Gradebook(tmp_path / "class.db") as book:
        assess(items, tiny, gradebook=book)
        assert book.attempts()["first_language"].isna().all()
        assess([item | {"first_language": "es"} for item in items], tiny, gradebook=book)
        assert set(book.attempts()["first_language"]) == {"es"}
        assert tiny.calls == len(items)


def test_a_date_that_a_roster_gets_later_reaches_readings_that_are_stored(items, tiny, tmp_path):
    with pk.Gradebook(tmp_path / "class.db") as book:
        assess(items, tiny, gradebook=book)
        dated = [item | {"recorded_at": f"2026-03-{day:02d}T10:00Z"} for day, item in enumerate(items, 1)]
        twin = dated[0] | {"recorded_at": "2026-04-30"}  # the same reading again: the first row counts
        result = assess([*dated, twin], tiny, gradebook=book)
        attempts = book.attempts()
        assert attempts["recorded_at"].dt.strftime("%m-%d").tolist() == [f"03-{day:02d}" for day in range(1, 9)]
        assert attempts["student"].tolist() == [item["student"] for item in items]
        assess(items, tiny, gradebook=book)  # when the files were written is no correction
        assert book.attempts()["recorded_at"].dt.month.eq(3).all()
        assert tiny.calls == len(items)
        assert result.failures.empty


def test_rows_that_are_one_reading_keep_the_date_of_the_first_however_many_are_looked_up_at_once(
    items, tiny, tmp_path, monkeypatch
):
    monkeypatch.setattr("pronounce_kit.batch.plan._LOOKED_UP", 1)
    first, last = (items[0] | {"recorded_at": f"2020-03-{day}T10:00Z"} for day in (10, 20))
    with pk.Gradebook(tmp_path / "class.db") as book:
        for _ in range(2):  # stored when the last row is looked up, in this run and in an earlier one
            assess([first, *items[1:], last], tiny, gradebook=book, workers=1)
            dates = book.attempts()["recorded_at"]
            assert dates[dates.dt.year == 2020].dt.day.tolist() == [10]


def test_a_result_reads_from_the_gradebook_what_an_earlier_run_stored(items, tiny, tmp_path):
    with pk.Gradebook(tmp_path / "class.db") as book:
        assess(items[:5], tiny, gradebook=book)
        result = assess(items, tiny, gradebook=book)
        assert tiny.calls == 8
        pd.testing.assert_frame_equal(result.words(), assess(items, Tiny()).words())


def test_readings_of_the_same_moment_are_kept_in_the_order_of_the_rows_whatever_is_done_first(items, tmp_path):
    for item in items:
        item.update(recorded_at="2026-05-07", student="Ada")
    items[1]["text"] = items[5]["text"] = "network trouble"
    service = Moody(times=2)
    with pk.Gradebook(tmp_path / "class.db") as book:
        assert len(assess(items, service, gradebook=book, workers=4).failures) == 2
        book.record(Assessment.from_json({"NBest": []}), student="Ada", recorded_at="2026-05-07")
        assess(items, service, gradebook=book, workers=4)
        assess([{**items[2], "task": "later"}], service, gradebook=book)
        assert [one.display_text for one in book.assessments()] == [
            *(item["text"] for item in items),
            None,
            items[2]["text"],
        ]


def test_a_gradebook_and_a_store_are_not_given_both(items, tiny, tmp_path):
    with pytest.raises(ParameterError, match="Give one of them"):
        assess(items, tiny, gradebook=object(), store=tmp_path)
    with pytest.raises(ParameterError, match=r"Gradebook\('class.db'\)"):
        assess(items, tiny, gradebook="class.db")


# --- small things -----------------------------------------------------------------------------------------------


def test_without_a_service_the_one_of_connect_is_used(speech, readings, monkeypatch, capsys):
    monkeypatch.setattr("pronounce_kit.local.LocalSpeech", lambda: speech)
    monkeypatch.delenv("SPEECH_KEY", raising=False)
    result = pk.assess_batch(readings[:1], progress=False)
    assert result.failures.empty
    assert capsys.readouterr().out == ""


def test_a_roster_that_was_read_before_is_taken_as_it_is(items, tiny):
    items[0]["audio"] = "gone.wav"
    roster = read_roster(items)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # who read it has seen its report
        assert len(assess(roster, tiny).failures) == 1


def test_recordings_in_memory_have_no_file_to_name(tiny):
    recording = Recording.from_bytes(beeps(0))
    result = assess([{"text": "Hi.", "audio": recording}, {"text": "? no", "audio": beeps(1)}], tiny)
    assert result.utterances()["utterance_id"].tolist() == ["row 0"]
    assert result.failures["audio"].isna().all()


def test_the_small_service_of_these_tests_is_a_speech_service():
    assert isinstance(Tiny(), SpeechService)
