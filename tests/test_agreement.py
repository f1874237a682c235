from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import pronounce_kit as pk
from pronounce_kit.charts import figure_png, plot_agreement, plot_agreement_levels
from pronounce_kit.comparison import (
    KAPPA_EDGES,
    MIN_GROUPS,
    MIN_PAIRS,
    STATISTICS,
    Agreement,
    _measures,
    agreement,
)
from pronounce_kit.errors import InputError
from pronounce_kit.gradebook import Gradebook
from pronounce_kit.pairs import Tables, retest_pairs, service_pairs, teacher_pairs
from pronounce_kit.results import Assessment

from .readings import nothing_heard, phoneme, reading, word
from .test_highlight import EVIL, Page

Floats = npt.NDArray[np.float64]


def pairs(count: int = 60, *, students: int = 15, seed: int = 0, milder: float = 0.0, **names: str) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    truth = random.normal(70, 15, count)
    return pd.DataFrame(
        {
            "student": [f"student {n % students}" for n in range(count)],
            "first_score": np.clip(truth + random.normal(0, 5, count), 0, 100),
            "second_score": np.clip(truth + milder + random.normal(0, 5, count), 0, 100),
            **names,
        }
    )


def measured(x: Any, y: Any, weights: Any = None, *, retest: bool = False) -> dict[str, float]:
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    given_weights = np.ones(len(x)) if weights is None else np.asarray(weights, np.float64)
    return dict(zip(STATISTICS, _measures(x, y, retest=retest)(given_weights[None])[0], strict=True))


# --- formulas ---------------------------------------------------------------------------------------------------

# Peak expiratory flow of 17 people, twice with each of two meters: the example of Bland and Altman 1986, in l/min.
LARGE_METER = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
LARGE_METER_AGAIN = [490, 397, 512, 401, 470, 611, 415, 431, 638, 429, 420, 633, 275, 492, 165, 372, 421]
MINI_METER = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def test_limits_of_agreement_are_those_of_the_paper_that_proposed_them() -> None:
    found = measured(LARGE_METER, MINI_METER)
    assert found["mean_difference"] == pytest.approx(-2.1, abs=0.05)
    assert found["limit_low"] == pytest.approx(-2.1 - 1.96 * 38.8, abs=0.2)
    assert found["limit_high"] == pytest.approx(-2.1 + 1.96 * 38.8, abs=0.2)
    again = measured(LARGE_METER, LARGE_METER_AGAIN, retest=True)
    assert again["measurement_error"] == pytest.approx(15.3, abs=0.05)


scored = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 100)), min_size=5, max_size=60)


@given(scored)
def test_correlations_and_kappa_are_those_of_scipy_and_scikit_learn(scores: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    x, y = np.array(scores, np.float64).T
    found = measured(x, y)
    if x.std() and y.std():
        assert found["pearson"] == pytest.approx(stats.pearsonr(x, y).statistic)
        assert found["spearman"] == pytest.approx(stats.spearmanr(x, y).statistic)
    else:
        assert np.isnan(found["pearson"])
        assert np.isnan(found["spearman"])
    classes = [np.digitize(values, KAPPA_EDGES) for values in (x, y)]
    if len({*classes[0], *classes[1]}) > 1:
        kappa = metrics.cohen_kappa_score(*classes, weights="quadratic", labels=range(len(KAPPA_EDGES) + 1))
        assert found["kappa"] == pytest.approx(kappa, nan_ok=True)
    assert found["mean_absolute_difference"] == pytest.approx(metrics.mean_absolute_error(x, y))


@given(scored)
def test_the_intraclass_correlation_is_that_of_a_two_way_analysis_of_variance(scores: list[tuple[int, int]]) -> None:
    table = np.array(scores, np.float64)
    n, k = table.shape
    rows, columns, grand = table.mean(axis=1), table.mean(axis=0), table.mean()
    rows_square = k * ((rows - grand) ** 2).sum() / (n - 1)
    columns_square = n * ((columns - grand) ** 2).sum() / (k - 1)
    rest = table - rows[:, None] - columns + grand
    rest_square = (rest**2).sum() / (n - 1) / (k - 1)
    whole = rows_square + (k - 1) * rest_square + k / n * (columns_square - rest_square)
    found = measured(*table.T)["icc"]
    if whole > 1e-9:
        assert found == pytest.approx((rows_square - rest_square) / whole, abs=1e-9)
    else:
        assert np.isnan(found)


@given(scored, st.lists(st.integers(0, 3), min_size=60, max_size=60))
def test_a_weight_counts_a_pair_as_often_as_it_says(scores: list[tuple[int, int]], weights: list[int]) -> None:
    times = np.array(weights[: len(scores)])
    if times.sum() < 3:
        times += 2
    x, y = np.array(scores, np.float64).T
    by_weight = measured(x, y, times)
    repeated = measured(np.repeat(x, times), np.repeat(y, times))
    assert by_weight == pytest.approx(repeated, nan_ok=True, abs=1e-4)


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_identical_scores_agree_perfectly(seed: int) -> None:
    frame = pairs(40, seed=seed)
    row = agreement(frame.assign(second_score=frame["first_score"])).frame.iloc[0]
    for name in ("pearson", "spearman", "kappa", "icc"):
        assert row[name] == pytest.approx(1)
        assert row[f"{name}_low"] == pytest.approx(1)
    for name in ("mean_difference", "limit_low", "limit_high", "mean_absolute_difference"):
        assert row[name] == 0


# --- intervals and counts ---------------------------------------------------------------------------------------


def test_every_figure_lies_in_its_interval_and_the_same_data_give_the_same_one() -> None:
    first, second = agreement(pairs()), agreement(pairs())
    pd.testing.assert_frame_equal(first.frame, second.frame)
    row = first.frame.iloc[0]
    assert (row["pairs"], row["students"], row["resampled"]) == (60, 15, "students")
    for name in STATISTICS[:-1]:
        assert row[f"{name}_low"] < row[name] < row[f"{name}_high"]
    assert np.isnan(row["measurement_error"])  # of two judges, nobody was measured twice


def test_words_of_one_recording_count_as_less_than_as_many_recordings() -> None:
    alone = pairs(200, students=200)
    # The same 20 pairs ten times over say no more than 20 pairs.
    repeated = pd.concat([alone.head(20)] * 10, ignore_index=True)
    repeated["recording"] = [f"recording {n % 20}" for n in range(200)]
    widths = []
    for frame in (alone, repeated.drop(columns="student")):
        row = agreement(frame).frame.iloc[0]
        widths.append(row["mean_difference_high"] - row["mean_difference_low"])
    assert widths[1] > 2 * widths[0]


def test_an_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(20):
        row = agreement(pairs(60, students=20, seed=seed, milder=4)).frame.iloc[0]
        covered += row["mean_difference_low"] <= -4 <= row["mean_difference_high"]
    assert covered >= 16


@pytest.mark.parametrize(("count", "recordings"), [(MIN_PAIRS - 1, 19), (100, MIN_GROUPS - 1), (1, 1)])
def test_too_few_pairs_give_a_reason_in_place_of_figures(count: int, recordings: int) -> None:
    frame = pairs(count).assign(recording=[str(n % recordings) for n in range(count)])
    found = agreement(frame)
    row = found.frame.iloc[0]
    assert row["pairs"] == count
    assert row[[*STATISTICS]].isna().all()
    assert f"{count} pair" in row["note"]
    assert f"{MIN_PAIRS} from {MIN_GROUPS} are needed" in repr(found)
    assert "too few" in Page(found._repr_html_()).text


def test_a_judge_who_never_differs_has_no_correlation_but_a_difference() -> None:
    found = agreement(pairs().assign(second_score=80.0))
    row = found.frame.iloc[0]
    assert np.isnan(row["pearson"])
    assert row["mean_difference"] < 0
    assert "the same score" in row["note"]
    assert "–" in Page(found._repr_html_()).text


def test_nothing_to_compare_is_said_and_not_raised() -> None:
    found = agreement(pairs().head(0))
    assert isinstance(found, Agreement)
    assert found.frame.empty
    assert "nothing to compare" in repr(found)
    assert "Gradebook.override" in found._repr_html_()
    for plot in (plot_agreement, plot_agreement_levels):
        assert "nothing to compare" in " ".join(text.get_text() for text in plot(found).texts).replace("\n", " ")


def test_missing_scores_are_left_out_and_not_zero() -> None:
    frame = pairs(60)
    frame.loc[:9, "second_score"] = np.nan
    assert agreement(frame).frame.iloc[0]["pairs"] == 50
    assert agreement(frame).frame.iloc[0]["mean_absolute_difference"] < 15


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pairs().drop(columns="first_score"), "no column first_score"),
        (pairs().assign(second_score=500.0), "500"),
        (pairs().assign(second_score="good"), "Give numbers"),
    ],
)
def test_what_is_no_frame_of_scores_is_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(InputError, match=message):
        agreement(frame)


def test_a_frame_takes_no_filters() -> None:
    with pytest.raises(InputError, match="Filter the frame"):
        agreement(pairs(), class_name="7b")


def test_the_public_name_is_the_function_whatever_was_imported_before() -> None:
    assert pk.agreement is agreement
    assert callable(pk.calibrate)


def test_names_of_judges_are_escaped() -> None:
    found = agreement(pairs(first=EVIL, second="teacher"))
    page = Page(found._repr_html_())
    assert not any(name == "script" for name, _ in page.elements)
    assert EVIL in page.text


# --- from a gradebook -------------------------------------------------------------------------------------------


def heard(*scores: float, added: bool = False) -> Assessment:
    """A reading of "I think so" with these scores of its words, and an "um" that only some services notice."""
    spoken = zip("I think so".split(), scores, strict=True)
    words = [word(text, score, phonemes=[phoneme("x", score)]) for text, score in spoken]
    if added:
        words.insert(1, word("um", 20, "Insertion", [phoneme("x", 20)]))
    mean = sum(scores) / len(scores)
    return reading(words, scores={"PronScore": mean, "FluencyScore": mean}, reference_text="I think so")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Gradebook]:
    with Gradebook(tmp_path / "class.db") as gradebook:
        yield gradebook


def test_a_teachers_last_mark_counts_and_those_of_several_teachers_are_averaged(book: Gradebook) -> None:
    attempt = book.record(heard(60, 70, 80), student="Ada", class_name="5b", service="LocalSpeech")
    for score, author in ((10, "Lee"), (50, "Lee"), (90, "Kim")):
        book.override(attempt, score, author=author, reason="heard it")
    book.override(attempt, 99, author="Lee", reason="well said", word_index=1)
    found = teacher_pairs(Tables.of(book))
    assert found[["first", "second", "level"]].to_numpy().tolist() == [
        ["LocalSpeech", "teacher", "sentence"],
        ["LocalSpeech", "teacher", "word"],
    ]
    assert found["first_score"].tolist() == [70, 70]
    assert found["second_score"].tolist() == [70, 99]
    of_lee = teacher_pairs(Tables.of(book), author="Lee")
    assert of_lee["second_score"].tolist() == [50, 99]
    with pytest.raises(InputError, match=r"'Ann'.*Kim, Lee"):
        agreement(book, author="Ann")
    assert agreement(book, class_name="5b").frame["pairs"].tolist() == [1, 1]
    assert agreement(book, class_name="5a").frame.empty


def test_a_mark_on_a_reading_without_a_score_is_no_pair(book: Gradebook) -> None:
    attempt = book.record(nothing_heard(reference_text="I think so"), student="Ada")
    book.override(attempt, 80, author="Lee", reason="I heard it")
    assert teacher_pairs(Tables.of(book)).empty
    assert agreement(book).frame.empty


def test_two_services_are_compared_on_the_same_recording_word_by_word_and_sound_by_sound(book: Gradebook) -> None:
    for audio in (b"one", b"two"):
        book.record(heard(90, 80, 70), student="Ada", recording=audio, service="Local")
        book.record(heard(80, 60, 70, added=True), student="Ada", recording=audio, service="Azure")
    book.record(heard(10, 10, 10), student="Ben", recording=b"one", service="Azure")  # another student's
    book.record(heard(10, 10, 10), student="Ada", service="Azure")  # of no known recording
    found = service_pairs(Tables.of(book))
    assert set(found["first"] + found["second"]) == {"AzureLocal"}
    words = found[found["level"] == "word"]
    assert words["first_score"].tolist() == [80, 60, 70] * 2
    assert words["second_score"].tolist() == [90, 80, 70] * 2
    assert (found["level"] == "phoneme").sum() == 6
    sentence = found[found["level"] == "sentence"]
    assert sorted(set(sentence["score"])) == ["fluency_score", "pron_score"]
    assert retest_pairs(Tables.of(book)).empty


def test_the_same_recording_assessed_again_gives_the_measurement_error(book: Gradebook) -> None:
    random = np.random.default_rng(0)
    for number in range(30):
        for _ in range(2):
            said = heard(*np.clip(random.normal(70, 5, 3), 0, 100))
            book.record(said, student="Ada", recording=b"%d" % number, service="Azure", service_version="1")
    row = agreement(book).frame.query("level == 'word'").iloc[0]
    assert (row["first"], row["second"], row["pairs"], row["recordings"]) == ("Azure", "Azure", 90, 30)
    assert row["measurement_error_low"] < 5 < row["measurement_error_high"]
    assert row["resampled"] == "recordings"


def test_two_versions_of_a_service_are_two_services(book: Gradebook) -> None:
    for version in ("1", "2"):
        book.record(heard(70, 70, 70), student="Ada", recording=b"one", service="Azure", service_version=version)
    found = service_pairs(Tables.of(book))
    assert set(found["first"]) == {"Azure 1"}
    assert set(found["second"]) == {"Azure 2"}
    assert retest_pairs(Tables.of(book)).empty


def test_a_calibration_is_learnt_from_a_gradebook_and_applied_to_its_attempts(book: Gradebook) -> None:
    random = np.random.default_rng(0)
    for number in range(60):
        score = float(random.uniform(40, 100))
        attempt = book.record(heard(score, score, score), student=f"Student {number % 12}", service="Local")
        book.override(attempt, max(score - 20, 0), author="Lee", reason="strict")
    calibration = pk.calibrate(book)
    assert calibration.helps
    assert (calibration.service, calibration.marks, calibration.folds_of) == ("Local", 60, "students")
    applied = calibration.apply(book.attempts())
    assert np.abs(applied["calibrated_score"] - applied["teacher_score"]).max() < 3
    assert applied["pron_score"].equals(book.attempts()["pron_score"])
    with pytest.raises(InputError, match="There are 0 marks of a word"):
        pk.calibrate(book, level="word")


# --- charts -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found() -> Agreement:
    return agreement(
        pd.concat(
            [
                pairs(60, first="LocalSpeech", second="teacher", level="sentence", milder=8),
                pairs(90, first="LocalSpeech", second="teacher", level="word", score="accuracy_score"),
                pairs(12, first="AzureSpeech", second="teacher", level="sentence"),
                pairs(60, first="AzureSpeech", second="AzureSpeech", level="sentence"),
            ]
        )
    )


def test_a_bland_altman_plot_shows_every_pair_and_its_lines_where_the_figures_are(found: Agreement) -> None:
    row = found.frame.query("first == 'LocalSpeech' and level == 'sentence'").iloc[0]
    ax = plot_agreement(found, row=int(row.name))
    points = next(artist for artist in ax.collections if artist.get_gid() == "pairs")
    of_row = found.pairs_of(row)
    drawn = np.asarray(points.get_offsets())
    assert len(drawn) == row["pairs"] == len(of_row)
    assert drawn[:, 1] == pytest.approx((of_row["first_score"] - of_row["second_score"]).to_numpy())
    assert drawn[:, 0] == pytest.approx((of_row["first_score"] + of_row["second_score"]).to_numpy() / 2)
    lines = {line.get_gid(): line.get_ydata()[0] for line in ax.lines}
    for name in ("mean_difference", "limit_low", "limit_high"):
        assert lines[name] == pytest.approx(row[name])
        low, high = ax.get_ylim()
        assert low < row[name] < high
    title = " ".join(ax.get_title(loc="left").split())
    assert "LocalSpeech is 7 points lower than the teacher (sentence, overall)" in title
    assert figure_png(ax).startswith(b"\x89PNG")


def test_too_few_pairs_are_drawn_without_lines(found: Agreement) -> None:
    row = int(found.frame.query("second == 'teacher' and first == 'AzureSpeech'").index[0])
    ax = plot_agreement(found, row=row)
    assert not any(line.get_gid() for line in ax.lines)
    assert "too few" in ax.get_title(loc="left")


def test_the_plot_of_levels_has_a_point_for_each_correlation_and_words_where_there_is_none(found: Agreement) -> None:
    ax = plot_agreement_levels(found)
    points = [line.get_xdata()[0] for line in ax.lines if line.get_gid() == "pearson"]
    assert points == pytest.approx(found.frame["pearson"].dropna().tolist())
    assert len([text for text in ax.texts if text.get_gid() == "missing"]) == 1
    assert figure_png(ax).startswith(b"\x89PNG")


def test_a_level_that_was_not_compared_is_refused(found: Agreement) -> None:
    assert "word" in plot_agreement(found, level="word").get_title(loc="left")
    with pytest.raises(InputError, match="sentence, word"):
        plot_agreement(found, level="phoneme")
    with pytest.raises(InputError, match="0 to 3"):
        plot_agreement(found, row=9)
    with pytest.raises(InputError, match="DataFrame"):
        plot_agreement(found.frame)  # type: ignore[arg-type]
