from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import pronounce_kit as pk
from pronounce_kit import classroom
from pronounce_kit.errors import InputError

from . import synthetic_class as truth
from .readings import phoneme, reading, silence, word
from .synthetic_class import Frames

if TYPE_CHECKING:
    from pronounce_kit.local import LocalSpeech

FUNCTIONS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "weakest_words": (classroom.weakest_words, "words"),
    "weakest_phonemes": (classroom.weakest_phonemes, "phonemes"),
    "student_words": (classroom.student_words, "words"),
    "student_phonemes": (classroom.student_phonemes, "phonemes"),
    "confusions": (classroom.confusions, "phonemes"),
    "progress": (classroom.progress, "utterances"),
    "class_progress": (classroom.class_progress, "utterances"),
    "gains": (classroom.gains, "utterances"),
    "distribution": (classroom.distribution, "utterances"),
    "items": (classroom.items, "words"),
    "timeline": (classroom.timeline, "utterances"),
}


@pytest.fixture(scope="module")
def spoken(speech: LocalSpeech) -> Frames:
    return truth.assessed(speech)


def word_rows(*rows: tuple[Any, ...]) -> pd.DataFrame:
    """Words as (student, word, score), each an utterance of its own."""
    frame = pd.DataFrame(rows, columns=["student", "word", "accuracy_score"])
    return frame.assign(utterance_id=[str(n) for n in range(len(frame))], error_type="None")


def readings(*rows: tuple[str, str | None, float | None], **more: Any) -> pd.DataFrame:
    """Utterances as (student, task, score)."""
    return pd.DataFrame(rows, columns=["student", "task", "pron_score"]).assign(**more)


# --- the synthesized class --------------------------------------------------------------------------------------


def test_the_sound_that_most_students_were_made_to_miss_is_the_weakest(spoken: Frames) -> None:
    weakest = classroom.weakest_phonemes(spoken.phonemes)
    assert weakest["phoneme"][0] == truth.HARDEST_SOUND
    injected = {sound.lower() for student in truth.CLASS for sound in student.habits}
    assert injected <= set(weakest["phoneme"][: len(injected) + 1])


def test_the_word_with_two_injected_mistakes_is_the_weakest(spoken: Frames) -> None:
    assert classroom.weakest_words(spoken.words)["word"][0] == truth.HARDEST_WORD


@pytest.mark.parametrize("student", [s for s in truth.CLASS if s.habits], ids=lambda s: s.first_language)
def test_the_injected_mistakes_of_each_student_are_that_students_weakest_sounds(
    spoken: Frames, student: truth.Student
) -> None:
    cells = classroom.student_phonemes(spoken.phonemes)
    weakest = cells.loc[cells["student"] == student.name, "phoneme"].head(len(student.habits))
    assert set(weakest) == {sound.lower() for sound in student.habits}


def test_the_student_without_mistakes_misses_nothing(spoken: Frames) -> None:
    cells = classroom.student_phonemes(spoken.phonemes)
    assert cells.loc[cells["student"] == truth.QUIET_LONGEST, "missed"].sum() == 0


def test_injected_substitutions_are_the_surest_confusions_of_each_first_language(spoken: Frames) -> None:
    pairs = classroom.confusions(spoken.phonemes, by_first_language=True)
    wrong = pairs[pairs["expected"] != pairs["heard"]]
    top = wrong.groupby("first_language").first()
    for language, confusion in truth.CONFUSIONS.items():
        of_language = wrong[wrong["first_language"] == language]
        assert confusion in set(zip(of_language["expected"], of_language["heard"], strict=True))
    assert (top.loc["Japanese", "expected"], top.loc["Japanese", "heard"]) == ("r", "l")
    pairs = classroom.confusions(spoken.phonemes)
    first = pairs[pairs["expected"] != pairs["heard"]].iloc[0]
    assert (first["expected"], first["heard"]) == ("th", "s")
    assert first["students"] >= 4


def test_the_student_who_overcomes_the_habit_gains_most_and_surely(spoken: Frames) -> None:
    gains = classroom.gains(spoken.utterances).set_index("student")
    assert gains.index[0] == truth.IMPROVES
    assert gains["sure"].to_dict() == {truth.IMPROVES: True, "Kenji": False}
    assert gains.loc[truth.IMPROVES, "tasks"] == 3


def test_the_word_that_was_never_read_is_counted_as_skipped_and_has_no_score(spoken: Frames) -> None:
    words = classroom.weakest_words(spoken.words).set_index("word")
    assert words.loc["very", "skipped"] == 1
    assert words.loc["red", "skipped"] == 0
    cells = classroom.student_words(spoken.words)
    assert not ((cells["student"] == "ليلى") & (cells["word"] == "very")).any()


# --- shares -----------------------------------------------------------------------------------------------------


def test_the_tables_are_reached_from_the_package() -> None:
    assert pk.classroom is classroom


def test_wilson_has_the_published_values() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    cases = {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }
    for (hits, trials), (low, high) in cases.items():
        assert [float(end) for end in classroom.wilson(hits, trials)] == pytest.approx([low, high], abs=5e-5)


@given(st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_the_share_and_narrows_with_more_trials(case: tuple[int, int]) -> None:
    hits, trials = case
    low, high = classroom.wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1
    low10, high10 = classroom.wilson(10 * hits, 10 * trials)
    assert high10 - low10 < high - low


def test_without_trials_nothing_is_known_of_a_share() -> None:
    low, high = classroom.wilson([0], [0])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@given(st.lists(st.integers(1, 9).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=1, max_size=9))
def test_attempts_are_worth_at_most_their_number_and_at_least_that_of_the_students(
    of_students: list[tuple[int, int]],
) -> None:
    hits, trials = zip(*of_students, strict=True)
    (worth,) = classroom.effective_trials(hits, trials, [0] * len(hits))
    assert len(hits) <= worth <= sum(trials)


def test_attempts_of_students_who_differ_are_worth_less_than_those_of_students_alike() -> None:
    differ, alike = classroom.effective_trials([10, 0, 10, 0, 5, 5, 4, 6], [10] * 8, [0] * 4 + [1] * 4)
    assert differ == pytest.approx(4)
    assert alike == pytest.approx(40)


# --- rankings ---------------------------------------------------------------------------------------------------


def test_one_unlucky_attempt_does_not_top_the_list() -> None:
    often = [("Ana", "think", 40)] * 14 + [("Ana", "think", 90)] * 6
    weakest = classroom.weakest_words(word_rows(*often, ("Ben", "zoo", 0), *[("Ben", "cat", 95)] * 9))
    assert list(weakest["word"]) == ["think", "zoo", "cat"]
    first = weakest.iloc[0]
    assert (first["missed"], first["attempts"], first["share_missed"]) == (14, 20, 0.7)


def test_spellings_of_a_word_are_one_word() -> None:
    weakest = classroom.weakest_words(word_rows(*[("A", w, 50) for w in ("The", "the", "the,", "Monday.", "—")]))
    assert dict(zip(weakest["word"], weakest["attempts"], strict=True)) == {"the": 3, "Monday": 1, "—": 1}


def test_added_words_are_no_words_of_the_text_and_missing_scores_no_attempts() -> None:
    a = reading([word("um", 10, "Insertion"), word("red", 90), word("pen", 0, "Omission"), word("hat", None, None)])
    weakest = classroom.weakest_words(pk.words(a))
    assert list(weakest["word"]) == ["red"]
    assert list(classroom.items(pk.words(a))["position"].isna()) == [True]  # no task: an item wherever it stands


def test_silence_skips_no_words() -> None:
    heard = reading([word("good", 90), word("morning", 80)])
    partly = reading([word("good", 90), word("morning", 0, "Omission")])
    weakest = classroom.weakest_words(pk.words([heard, partly, silence(), silence()]).assign(student="Ana"))
    assert dict(zip(weakest["word"], weakest["skipped"], strict=True)) == {"morning": 1, "good": 0}


def test_students_of_one_name_in_two_classes_are_two_students() -> None:
    frame = word_rows(("Ana", "cat", 10), ("Ana", "cat", 90), ("Ben", "cat", 50)).assign(class_name=["7a", "7b", "7b"])
    assert set(classroom.student_words(frame)["student"]) == {"Ana (7a)", "Ana (7b)", "Ben"}


def test_readings_without_a_student_are_nobodys_and_not_lost() -> None:
    frame = word_rows((None, "cat", 10), ("Ana", "cat", 90))
    assert set(classroom.student_words(frame)["student"]) == {"Ana", classroom.NO_NAME}
    by_class = classroom.student_words(frame.assign(class_name=[pd.NA, "7b"]), by="class_name")
    assert set(by_class["class_name"]) == {"7b", classroom.NOT_GIVEN}


def test_a_good_sound_counts_as_the_expected_one_whatever_was_heard() -> None:
    sounds = [phoneme("th", 85, "s"), phoneme("th", 20, "s"), phoneme("th", 30, None), phoneme("th", None, "f")]
    pairs = classroom.confusions(pk.phonemes(reading([word("a", 50, phonemes=sounds)])))
    assert {(r.expected, r.heard): (r.count, r.attempts) for r in pairs.itertuples(name="R")} == {
        ("th", "th"): (1, 2),
        ("th", "s"): (1, 2),
    }


def test_shares_of_confusions_add_up_to_one() -> None:
    pairs = classroom.confusions(truth.invented(12).phonemes, by_first_language=True)
    sums = pairs.groupby(["first_language", "expected"])["share"].sum()
    assert sums.to_numpy() == pytest.approx(np.ones(len(sums)))


# --- attempts ---------------------------------------------------------------------------------------------------


def test_few_recordings_have_wide_intervals() -> None:
    rows = [("Ana", f"t{n}", 70.0 + n % 3) for n in range(12)] + [("Ben", "t0", 70.0), ("Ben", "t1", 74.0)]
    curve = classroom.progress(readings(*rows, attempt_number=[1] * 12 + [1, 2]))
    width = (curve["high"] - curve["low"]).to_numpy()
    counts = curve["recordings"].to_numpy()
    assert list(counts) == [12, 1, 1]
    assert width[1] == pytest.approx(width[0] * np.sqrt(12))


def test_without_repeated_recordings_nothing_is_known_of_the_spread() -> None:
    curve = classroom.progress(readings(("Ana", "a", 70), ("Ben", "a", 90)))
    assert list(curve["low"]) == [0, 0]
    assert list(curve["high"]) == [100, 100]
    whole = classroom.class_progress(readings(("Ana", "a", 70)))
    assert (whole["low"][0], whole["high"][0]) == (0, 100)


@given(st.integers(1, 5000), st.floats(0.5, 0.9999))
def test_quantiles_of_students_t_are_those_of_scipy(freedom: int, confidence: float) -> None:
    expected = stats.t.ppf(0.5 + confidence / 2, freedom)
    assert classroom._t_quantile(freedom, confidence) == pytest.approx(expected, rel=1e-9)


def test_no_degree_of_freedom_has_no_quantile() -> None:
    assert np.isnan(classroom._t_quantile([0, -1, np.nan, 2])).tolist() == [True, True, True, False]


def test_intervals_of_means_are_students_t() -> None:
    scores = [("Ana", task, score) for task, score in zip("abca", [60.0, 70, 80, 70], strict=True)]
    curve = classroom.progress(readings(*scores, attempt_number=[1, 1, 1, 2]))
    spread, t3 = np.sqrt(200 / 3), 3.18245
    assert list(curve["mean_score"] - curve["low"]) == pytest.approx([t3 * spread / np.sqrt(3), t3 * spread], abs=1e-3)
    whole = classroom.class_progress(readings(("A", "t", 60), ("B", "t", 70), ("C", "t", 80)))
    assert (whole["low"][0], whole["high"][0]) == pytest.approx((70 - 24.841, 70 + 24.841), abs=2e-3)


def test_attempts_are_counted_where_the_frame_does_not_number_them() -> None:
    times = pd.to_datetime(["2024-03-03", "2024-03-01", "2024-03-02"], utc=True)
    curve = classroom.progress(readings(("A", "x", 90), ("A", "x", 50), ("A", "x", 70), recorded_at=times))
    assert list(curve["mean_score"]) == [50, 70, 90]
    assert list(classroom.progress(readings(("A", "x", 1), ("A", "y", 2)))["attempt"]) == [1, 2]


def test_who_repeats_only_hard_tasks_does_not_fall_for_that() -> None:
    rows = [("A", "easy", 90), ("A", "hard", 40), ("A", "hard", 60), ("A", "easiest", 95)]
    assert list(classroom.progress(readings(*rows))["mean_score"]) == [75, 95]


def test_gains_compare_first_and_last_attempts_at_the_same_task() -> None:
    rows = [("A", "easy", 90), ("A", "hard", 40), ("A", "hard", None), ("A", "hard", 60), ("A", "once", 10)]
    (gain,) = classroom.gains(readings(*rows)).to_dict("records")
    assert (gain["tasks"], gain["first_score"], gain["last_score"], gain["gain"]) == (1, 40, 60, 20)
    assert (gain["low"], gain["high"], gain["sure"]) == (-100, 100, False)


def test_among_many_students_a_change_by_chance_is_not_called_sure() -> None:
    rng = np.random.default_rng(1)
    rows = [(f"s{s}", f"t{t}", rng.normal(70, 8)) for s in range(200) for t in range(3) for _ in range(2)]
    gains = classroom.gains(readings(*rows))
    alone = (gains["low"] > 0) | (gains["high"] < 0)
    assert alone.sum() >= 4  # 5 % of 200 by chance alone
    assert gains["sure"].sum() == 0


def test_a_distribution_counts_each_recording_once_and_missing_scores_apart() -> None:
    bins = classroom.distribution(readings(*[("A", "t", score) for score in (0, 4.9, 5, 59.9, 60, 100, None)]))
    counted = {(r.from_score, r.to_score): r.recordings for r in bins[:-1].itertuples() if r.recordings}
    assert counted == {(0, 5): 2, (5, 10): 1, (55, 60): 1, (60, 65): 1, (95, 100): 1}
    assert bins["recordings"].iloc[-1] == 1
    assert np.isnan(bins["from_score"].iloc[-1])


@pytest.mark.parametrize(("days", "every", "periods"), [(3, "D", 2), (200, "W", 2), (900, "MS", 2)])
def test_a_timeline_counts_by_day_week_or_month(days: int, every: str, periods: int) -> None:
    times = ["2024-03-06T23:30:00+00:00", "2024-03-06T08:00:00+00:00"]
    later = (pd.Timestamp("2024-03-06", tz="UTC") + pd.Timedelta(days=days)).isoformat()
    frame = readings(("A", "t", 50), ("A", "t", None), ("A", "t", 70), recorded_at=[*times, later])
    result = classroom.timeline(frame)
    assert result.attrs["every"] == every
    assert len(result) == periods
    assert list(result["recordings"]) == [2, 1]
    assert list(result["scored"]) == [1, 1]
    start = {"D": "2024-03-06", "W": "2024-03-04", "MS": "2024-03-01"}[every]
    assert result["period"][0] == pd.Timestamp(start)


def test_a_day_of_the_timeline_is_one_where_the_teacher_is(timezone: Callable[[str], None]) -> None:
    timezone("EST5EDT")
    frame = readings(("A", "t", 50), recorded_at=["2026-05-04T01:30:00+00:00"])
    assert list(classroom.timeline(frame)["period"]) == [pd.Timestamp("2026-05-03")]


def test_two_texts_of_one_task_are_not_two_attempts_at_one() -> None:
    frame = readings(("A", "t", 90), ("A", "t", 60)).assign(reference_text=["Good morning.", "The weather is nice."])
    assert classroom.gains(frame).empty
    assert list(classroom.progress(frame)["mean_score"]) == [90, 60]


# --- items ------------------------------------------------------------------------------------------------------


def test_items_tell_hard_words_and_those_that_sort_readers() -> None:
    rng = np.random.default_rng(2)
    rows = []
    for student in range(60):
        skill = rng.normal()
        for item in range(12):
            right = rng.random() < 1 / (1 + np.exp(-2 * (skill - (item - 6) / 4)))
            rows.append((f"s{student}", f"w{item:02d}", 90.0 if right else 30.0))
        backwards = rng.random() < 1 / (1 + np.exp(2 * skill))
        rows += [(f"s{student}", "odd", 90.0 if backwards else 30.0), (f"s{student}", "sure", 99.0)]
    items = classroom.items(word_rows(*rows).assign(task="Week 1")).set_index("word")
    assert set(items.index[:3]) == {"w09", "w10", "w11"}
    assert (items.drop(["odd", "sure"])["discrimination"] > 0).all()
    assert items.loc["odd", "discrimination_high"] < 0
    assert np.isnan(items.loc["sure", "discrimination"])
    assert items.loc["sure", "share_right"] == 1


def test_discrimination_of_complete_data_is_the_correlation_with_the_sum_of_the_others() -> None:
    rng = np.random.default_rng(3)
    table = rng.random((20, 5)) < 0.6
    frame = word_rows(*[(f"s{s}", f"w{i}", 90.0 if table[s, i] else 20.0) for s in range(20) for i in range(5)])
    items = classroom.items(frame).set_index("word")
    for i in range(5):
        rest = table.sum(1) - table[:, i]
        assert items.loc[f"w{i}", "discrimination"] == pytest.approx(np.corrcoef(table[:, i], rest)[0, 1])


def test_two_students_cannot_tell_an_item_apart() -> None:
    items = classroom.items(word_rows(("A", "x", 90), ("A", "y", 90), ("B", "x", 10), ("B", "y", 10)))
    assert items["discrimination"].isna().all()


# --- any frame --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_empty_frame_gives_an_empty_one_with_the_same_columns(name: str) -> None:
    function, table = FUNCTIONS[name]
    full = getattr(truth.invented(3), table)
    expected = function(full)
    for dtype_of in (full.iloc[:0], full.iloc[:0].astype(object)):
        result = function(dtype_of)
        assert list(result.columns) == list(expected.columns)
        assert not result.get("recordings", pd.Series(dtype=int)).any()
        assert name == "distribution" or result.empty


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_frame_without_scores_gives_no_scores(name: str) -> None:
    function, table = FUNCTIONS[name]
    frame = getattr(truth.invented(3), table)
    score = "pron_score" if table == "utterances" else "accuracy_score"
    result = function(frame.assign(**{score: np.nan}))
    assert result.get("mean_score", pd.Series(dtype=float)).isna().all()
    assert not result.get("missed", pd.Series(dtype=int)).any()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_no_such_frame_is_refused_with_a_way_out(name: str) -> None:
    function, table = FUNCTIONS[name]
    for wrong in (None, [1], pd.DataFrame({"x": [1]})):
        with pytest.raises(InputError, match=rf"{table}\(\)"):
            function(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_order_of_rows_does_not_matter(name: str) -> None:
    function, table = FUNCTIONS[name]
    frame = getattr(truth.invented(5), table)
    if table == "words":  # words keep their order within a reading
        shuffled = pd.concat([part for _, part in frame.groupby("utterance_id")][::-1])
    else:
        shuffled = frame.sample(frac=1, random_state=1)
    keys = [
        c
        for c in function(frame).columns
        if frame.get(c) is not None or c in ("period", "attempt", "heard", "expected")
    ]
    first, second = (
        function(f).sort_values(keys or list(function(f).columns)).reset_index(drop=True) for f in (frame, shuffled)
    )
    pd.testing.assert_frame_equal(first, second)


def test_frames_of_every_kind_of_text_column_give_the_same() -> None:
    frame = truth.invented(4).phonemes
    expected = classroom.confusions(frame, by_first_language=True)
    texts = ["student", "first_language", "phoneme", "heard"]
    for dtype in ("string", "category", object):
        pd.testing.assert_frame_equal(
            classroom.confusions(frame.astype(dict.fromkeys(texts, dtype)), by_first_language=True), expected
        )
