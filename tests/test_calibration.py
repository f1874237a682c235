from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pronounce_kit.calibration import MIN_MARKS, Calibration, calibrate, isotonic
from pronounce_kit.errors import InputError

from .test_highlight import EVIL, Page


def marked(count: int = 120, *, seed: int = 0, students: int = 24, **names: str) -> pd.DataFrame:
    """A teacher who is stricter than the machine, and more so with weak readings."""
    random = np.random.default_rng(seed)
    machine = random.uniform(20, 100, count)
    marks = np.clip(machine**2 / 100 + random.normal(0, 5, count), 0, 100)
    student = [f"student {n % students}" for n in range(count)]
    return pd.DataFrame({"student": student, "first_score": machine, "second_score": marks, **names})


@pytest.fixture(scope="module")
def strict() -> Calibration:
    return calibrate(marked())


# --- the map ----------------------------------------------------------------------------------------------------

numbers = st.lists(st.floats(0, 100, width=32), min_size=1, max_size=60)


@given(numbers, st.data())
def test_isotonic_regression_is_that_of_scikit_learn(values: list[float], data: Any) -> None:
    reference = pytest.importorskip("sklearn.isotonic", reason="scikit-learn is not installed")
    weights = data.draw(st.lists(st.integers(1, 9), min_size=len(values), max_size=len(values)))
    ours = isotonic(np.array(values), np.array(weights, np.float64))
    theirs = reference.isotonic_regression(values, sample_weight=np.array(weights, np.float64))
    assert ours == pytest.approx(theirs, abs=1e-6)


scores = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=MIN_MARKS, max_size=80)


@settings(max_examples=15)
@given(scores)
def test_a_map_never_falls_stays_within_0_and_100_and_keeps_the_order(given_scores: list[tuple[float, float]]) -> None:
    first, second = zip(*given_scores, strict=True)
    if len(set(first)) < 3 or len(set(second)) < 2:
        return
    calibration = calibrate(pd.DataFrame({"first_score": first, "second_score": second}))
    mapped = calibration.apply(np.linspace(0, 100, 401))
    assert np.all(np.diff(mapped) >= -1e-9)
    assert mapped.min() >= 0
    assert mapped.max() <= 100


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_a_teacher_who_marks_as_the_machine_does_changes_nothing(seed: int) -> None:
    frame = marked(seed=seed)
    same = calibrate(frame.assign(second_score=frame["first_score"]))
    everything = np.linspace(0, 100, 101)
    assert same.apply(everything) == pytest.approx(everything)
    assert same.mae_gain == pytest.approx(0, abs=1e-9)
    assert not same.helps


def test_calibrating_what_is_calibrated_gains_nothing(strict: Calibration) -> None:
    frame = marked()
    again = calibrate(frame.assign(first_score=strict.apply(frame["first_score"])))
    assert not again.helps
    assert abs(again.mae_gain) < strict.mae_gain / 10


# --- what it gains ----------------------------------------------------------------------------------------------


def test_a_strict_teacher_is_met_better_on_marks_not_seen_before(strict: Calibration) -> None:
    assert strict.mae_before > 12
    assert strict.mae_after < 6
    assert strict.rmse_after < strict.rmse_before
    assert strict.mae_gain == pytest.approx(strict.mae_before - strict.mae_after)
    assert 0 < strict.mae_gain_low < strict.mae_gain < strict.mae_gain_high
    assert strict.helps
    assert (strict.marks, strict.groups, strict.folds_of) == (120, 24, "students")
    fresh = marked(seed=99)
    error = np.abs(strict.apply(fresh["first_score"]) - fresh["second_score"]).mean()
    assert error == pytest.approx(strict.mae_after, abs=1)


def test_where_there_is_nothing_to_gain_it_does_not_claim_to_help() -> None:
    for seed in range(5):
        frame = marked(seed=seed)
        noise = np.random.default_rng(seed).normal(0, 8, len(frame))
        found = calibrate(frame.assign(second_score=np.clip(frame["first_score"] + noise, 0, 100)))
        assert not found.helps
        assert "not shown to help" in repr(found)


def test_the_gain_is_measured_on_students_the_map_has_not_seen() -> None:
    """Marks that follow who reads, and not how: nothing is learnt of other students."""
    random = np.random.default_rng(1)
    machine, mark = random.uniform(20, 100, 20), random.uniform(20, 100, 20)
    frame = pd.DataFrame(
        {
            "student": np.repeat([f"student {n}" for n in range(20)], 10),
            "first_score": np.repeat(machine, 10) + np.tile(np.linspace(-0.1, 0.1, 10), 20),
            "second_score": np.repeat(mark, 10),
        }
    )
    seen = calibrate(frame.drop(columns="student"))
    unseen = calibrate(frame)
    assert unseen.mae_after > seen.mae_after + 5


# --- applying ---------------------------------------------------------------------------------------------------


def test_a_frame_gets_a_column_and_keeps_the_machines_score(strict: Calibration) -> None:
    frame = pd.DataFrame({"pron_score": [30.0, np.nan, 90.0], "service": pd.NA}, index=[5, 6, 7])
    added = strict.apply(frame)
    assert list(frame.columns) == ["pron_score", "service"]
    assert added["pron_score"].equals(frame["pron_score"])
    assert added["calibrated_score"].isna().tolist() == [False, True, False]
    assert added.loc[5, "calibrated_score"] < 30
    with pytest.raises(InputError, match="calibrated_score already"):
        strict.apply(added)
    assert "mine" in strict.apply(added, column="mine")


def test_numbers_arrays_and_series_are_given_back_as_what_they_were(strict: Calibration) -> None:
    assert isinstance(strict.apply(50.0), float)
    assert strict.apply(np.array([50.0])).shape == (1,)
    series = strict.apply(pd.Series([50, pd.NA], dtype="Int64", index=["a", "b"]))
    assert series["a"] == strict.apply(50.0)
    assert np.isnan(series["b"])


def test_scores_it_was_not_made_for_are_refused(strict: Calibration) -> None:
    with pytest.raises(InputError, match="120 is not a score"):
        strict.apply(np.array([120.0]))
    with pytest.raises(InputError, match="pron_score of a sentence"):
        strict.apply(pd.DataFrame({"accuracy_score": [50.0]}))
    of_local = calibrate(marked(first="LocalSpeech"))
    with pytest.raises(InputError, match="scores of AzureSpeech"):
        of_local.apply(pd.DataFrame({"pron_score": [50.0], "service": ["AzureSpeech"]}))


# --- refusing ---------------------------------------------------------------------------------------------------


def test_too_few_marks_are_refused_with_how_many_are_needed_and_why() -> None:
    with pytest.raises(InputError, match=f"There are 20 marks .* {MIN_MARKS} from 10 .* Mark 30 more with"):
        calibrate(marked(20))
    with pytest.raises(InputError, match=r"from 2 recordings; .* Mark 8 more, of at least 8 other recordings, with"):
        calibrate(marked(100).assign(recording=["a", "b"] * 50))


def test_scores_that_do_not_vary_services_that_are_mixed_and_unknown_levels_are_refused() -> None:
    with pytest.raises(InputError, match="hardly any scores that differ"):
        calibrate(marked().assign(first_score=80.0))
    mixed = pd.concat([marked(first="A"), marked(first="B")])
    with pytest.raises(InputError, match=r"A, B.*service="):
        calibrate(mixed)
    assert calibrate(mixed, service="A").service == "A"
    with pytest.raises(InputError, match="'C'"):
        calibrate(mixed, service="C")
    with pytest.raises(InputError, match="'sentence' or 'word'"):
        calibrate(marked(), level="phoneme")


# --- keeping ----------------------------------------------------------------------------------------------------


def test_a_saved_calibration_is_read_back_as_it_was(strict: Calibration, tmp_path: Path) -> None:
    path = strict.save(tmp_path / "strict.json")
    assert Calibration.load(path) == strict


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other"}, "not a calibration"),
        ({"mark_knots": [90.0, 10.0]}, "damaged"),
        ({"machine_knots": [1.0]}, "damaged"),
        ({"marks": "many"}, "damaged"),
        ({"machine_knots": None}, "damaged"),
    ],
)
def test_a_file_that_is_no_calibration_is_refused(
    strict: Calibration, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    path = strict.save(tmp_path / "strict.json")
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **change}))
    with pytest.raises(InputError, match=message):
        Calibration.load(path)
    path.write_text("[")
    with pytest.raises(InputError, match="not a calibration"):
        Calibration.load(path)
    with pytest.raises(InputError, match="cannot be read"):
        Calibration.load(tmp_path / "absent.json")


def test_it_tells_its_gain_and_escapes_the_service() -> None:
    found = calibrate(marked(first=EVIL))
    page = Page(found._repr_html_())
    assert not any(name == "script" for name, _ in page.elements)
    assert EVIL in page.text
    assert "points from the teacher's mark" in repr(found)
