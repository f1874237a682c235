"""What the teacher's charts draw, read off their artists; see `test_classroom` for the figures behind them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, QuadMesh
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pronounce_kit import charts
from pronounce_kit.charts import ranking
from pronounce_kit.charts.figures import drawable
from pronounce_kit.errors import InputError
from pronounce_kit.highlight import FAIR, GOOD, POOR

from . import synthetic_class as truth
from .synthetic_class import Frames, invented

if TYPE_CHECKING:
    from pronounce_kit.local import LocalSpeech

PLOTS: dict[str, tuple[Callable[..., Axes], str]] = {
    "class_words": (charts.plot_class_words, "words"),
    "class_phonemes": (charts.plot_class_phonemes, "phonemes"),
    "confusions": (charts.plot_confusions, "phonemes"),
    "confusions_by_language": (
        lambda frame, **k: charts.plot_confusions(frame, by_first_language=True, **k),
        "phonemes",
    ),
    "hardest_words": (charts.plot_hardest_words, "words"),
    "hardest_phonemes": (charts.plot_hardest_phonemes, "phonemes"),
    "progress": (charts.plot_progress, "utterances"),
    "distribution": (charts.plot_distribution, "utterances"),
    "items": (charts.plot_items, "words"),
    "timeline": (charts.plot_timeline, "utterances"),
}
each_plot = pytest.mark.parametrize("name", PLOTS)


@pytest.fixture(scope="module")
def spoken(speech: LocalSpeech) -> Frames:
    return truth.assessed(speech)


@pytest.fixture(scope="module")
def school() -> Frames:
    return invented(300, weeks=4)


def plot(name: str, frames: Frames, **options: Any) -> Axes:
    function, table = PLOTS[name]
    return function(getattr(frames, table), **options)


def texts(ax: Axes, gid: str | None = None) -> list[str]:
    return [t.get_text() for t in ax.texts if gid is None or t.get_gid() == gid]


def title(ax: Axes) -> str:
    return " ".join(ax.get_title(loc="left").replace("\u200e", "").split())


def artist(ax: Axes, gid: str) -> Any:
    (found,) = (child for child in ax.get_children() if child.get_gid() == gid)
    return found


def values(ax: Axes) -> np.ma.MaskedArray[Any, Any]:
    """The table of values that a heat map or a matrix draws."""
    mesh = artist(ax, "values")
    assert isinstance(mesh, QuadMesh)
    return np.ma.asarray(mesh.get_array())


def framed(ax: Axes) -> tuple[str, str]:
    """Row and column of the cell with a frame."""
    frame = artist(ax, "top")
    assert isinstance(frame, Rectangle)
    (row,) = (
        t.get_text()
        for t in ax.texts
        if t.get_gid() == "row" and frame.get_y() < t.xy[1] < frame.get_y() + frame.get_height()  # type: ignore[attr-defined]
    )
    (column,) = (
        t.get_text()
        for t in ax.texts
        if t.get_gid() == "column" and frame.get_x() < t.xy[0] < frame.get_x() + frame.get_width()  # type: ignore[attr-defined]
    )
    return row, column


def names(ax: Axes) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def draw(ax: Axes) -> None:
    """Draw everything, with every warning (a missing glyph, a layout that failed) an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert charts.figure_png(ax, dpi=50).startswith(b"\x89PNG")


def outside(ax: Axes) -> list[str]:
    """The texts that are not within the figure."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    width, height = figure.bbox.size
    found = []
    for text in (*ax.texts, *ax.get_yticklabels(), *ax.get_xticklabels(), ax._left_title):  # type: ignore[attr-defined]
        box = text.get_window_extent()
        if text.get_text() and not (box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1):
            found.append(text.get_text())
    return found


# --- the synthesized class --------------------------------------------------------------------------------------


def test_the_heat_map_of_sounds_has_the_injected_mistakes_as_its_dark_cells(spoken: Frames) -> None:
    ax = charts.plot_class_phonemes(spoken.phonemes)
    rows, columns = texts(ax, "row"), texts(ax, "column")
    assert rows[0] == f"All {len(truth.CLASS)} students"
    assert columns[0] == truth.HARDEST_SOUND
    of_cells = values(ax)
    for student in truth.CLASS:
        if not student.habits or student.overcomes:
            continue
        row = of_cells[rows.index(drawable(student.name))]
        lowest = {columns[place] for place in np.argsort(row.filled(100))[: len(student.habits)]}
        assert lowest == {sound.lower() for sound in student.habits}
    row, column = framed(ax)
    habits = {drawable(student.name): {sound.lower() for sound in student.habits} for student in truth.CLASS}
    assert column in habits[row]
    assert f"surest weakness: {column} of {row}" in title(ax)


def test_the_heat_map_of_words_starts_with_the_word_of_two_mistakes(spoken: Frames) -> None:
    ax = charts.plot_class_words(spoken.words)
    assert texts(ax, "column")[0] == truth.HARDEST_WORD
    of_class = values(ax)[0]
    assert of_class[0] == min(of_class)
    rows = texts(ax, "row")
    assert rows[-1].startswith("Tom")  # who makes no mistake
    skipped = values(ax)[rows.index("ليلى"), texts(ax, "column").index("very")]
    assert skipped is np.ma.masked  # and no zero


def test_the_matrix_of_confusions_frames_the_substitution_that_most_students_make(spoken: Frames) -> None:
    ax = charts.plot_confusions(spoken.phonemes)
    sounds = spoken.phonemes.dropna(subset="accuracy_score")
    assert framed(ax) == (f"th ×{(sounds['phoneme'] == 'th').sum()}", "s")
    off_diagonal = [
        (value, row, column)
        for row, of_row in zip(texts(ax, "row"), values(ax), strict=True)
        for column, value in zip(texts(ax, "column"), of_row, strict=True)
        if value is not np.ma.masked
    ]
    assert max(off_diagonal)[1:] == framed(ax)
    assert title(ax).startswith("th is heard as s in")


def test_the_matrix_by_first_language_has_each_languages_confusion(spoken: Frames) -> None:
    ax = charts.plot_confusions(spoken.phonemes, by_first_language=True)
    rows, columns, shares = texts(ax, "row"), texts(ax, "column"), values(ax)
    for language, (expected, heard) in truth.CONFUSIONS.items():
        (row,) = (place for place, row in enumerate(rows) if row.startswith(f"{language}: {expected} "))
        others = [share for share in shares[row] if share is not np.ma.masked]
        assert shares[row, columns.index(heard)] == max(others)
    row, heard = framed(ax)
    assert (row.split(" ×")[0], heard) == ("Japanese: r", "l")


def test_the_top_bars_are_the_hardest_sound_and_word(spoken: Frames) -> None:
    sounds = charts.plot_hardest_phonemes(spoken.phonemes)
    assert names(sounds)[0].split()[0] == truth.HARDEST_SOUND
    assert title(sounds).startswith("th is the hardest sound: ")
    words = charts.plot_hardest_words(spoken.words)
    assert names(words)[0] == truth.HARDEST_WORD
    first = min((bar for bars in words.containers for bar in bars), key=lambda bar: bar.get_y())
    assert f"{first.get_width():.3f}" == f"{share_of(texts(words, 'count')[0]):.3f}"


def share_of(text: str) -> float:
    """The share in "7 of 9 · 7 students"."""
    missed, _, attempts = text.split(" ·")[0].split()
    return int(missed) / int(attempts)


def test_the_first_panel_after_the_class_is_the_student_who_got_better(spoken: Frames) -> None:
    ax = charts.plot_progress(spoken.utterances)
    assert texts(ax, "name")[:2] == [f"All {len(truth.CLASS)} students", truth.IMPROVES]
    first, last = artist(ax, truth.IMPROVES).get_ydata()
    assert last > first + 10
    assert title(ax).startswith(f"Surest progress: {truth.IMPROVES}, +")


def test_losses_that_may_be_chance_are_told_as_that() -> None:
    frame = pd.DataFrame(
        {
            "student": ["Ada", "Ada", "Bob", "Bob"],
            "reference_text": "Good morning.",
            "recorded_at": pd.to_datetime(["2026-05-01", "2026-05-02"] * 2, utc=True),
            "pron_score": [90.0, 70.0, 80.0, 77.0],
        }
    )
    found = "Nobody surely gained or lost; the largest change: Ada, −20 points over 1 text"
    assert title(charts.plot_progress(frame)) == found


def test_the_hardest_item_stands_farthest_left(spoken: Frames) -> None:
    ax = charts.plot_items(spoken.words)
    leftmost = min((t for t in ax.texts if t.get_gid() == "word"), key=lambda t: t.xy[0])  # type: ignore[attr-defined]
    assert leftmost.get_text() == truth.HARDEST_WORD
    assert title(ax).startswith(f"“{truth.HARDEST_WORD}” is the hardest word: ")


def test_the_student_who_stayed_away_is_the_first_row_of_the_timeline(spoken: Frames) -> None:
    ax = charts.plot_timeline(spoken.utterances)
    assert names(ax)[0].startswith("Tom")
    assert "quiet longest: Tom" in title(ax)
    assert sum(bar.get_height() for bars in ax.containers for bar in bars) < 0  # they rise on an inverted axis


def test_the_distribution_draws_every_recording(spoken: Frames) -> None:
    ax = charts.plot_distribution(spoken.utterances)
    assert sum(bar.get_height() for bars in ax.containers for bar in bars) == len(spoken.utterances)


# --- what is uncertain or missing -------------------------------------------------------------------------------


def test_bars_of_few_attempts_are_pale_and_their_whiskers_long() -> None:
    rows = [("A", "often", 40.0 if n % 2 else 90.0) for n in range(60)] + [("A", "once", 40.0), ("A", "once", 90.0)]
    frame = pd.DataFrame(rows, columns=["student", "word", "accuracy_score"])
    ax = charts.plot_hardest_words(frame)
    colors = {
        round(bar.get_y() + bar.get_height() / 2): to_hex(bar.get_facecolor()) for bars in ax.containers for bar in bars
    }
    assert names(ax) == ["often", "once"]
    assert colors == {0: POOR.fill, 1: ranking._UNSURE["facecolor"]}
    segments = artist(ax, "interval").get_segments()
    often, once = (ends[1][0] - ends[0][0] for ends in segments[:2])
    assert once > 2.5 * often


def test_points_of_a_single_recording_are_hollow_and_their_whiskers_pale_and_long() -> None:
    frame = pd.DataFrame(
        {
            "student": ["A"] * 7,
            "task": [*"abcdef", "a"],
            "attempt_number": [1] * 6 + [2],
            "pron_score": [60.0, 70, 80, 60, 70, 80, 90],
        }
    )
    ax = charts.plot_progress(frame)
    (points,) = (c for c in ax.collections if c.get_gid() == "points")
    assert isinstance(points, PathCollection)
    assert [to_hex(color) for color in points.get_facecolors()] == [GOOD.line, "#ffffff"]
    (whiskers,) = (c for c in ax.collections if c.get_gid() == "interval")
    assert isinstance(whiskers, LineCollection)
    many, single = (ends[1][1] - ends[0][1] for ends in whiskers.get_segments())
    assert single > many
    assert whiskers.get_alpha()[1] < whiskers.get_alpha()[0]  # type: ignore[index]


def test_cells_that_nobody_read_are_hatched_and_without_a_number() -> None:
    frame = pd.DataFrame(
        [("A", "cat", 90.0), ("A", "dog", 0.0), ("B", "cat", 70.0), ("B", "dog", np.nan)],
        columns=["student", "word", "accuracy_score"],
    )
    ax = charts.plot_class_words(frame)
    of_cells = values(ax)
    b, dog = texts(ax, "row").index("B"), texts(ax, "column").index("dog")
    assert of_cells.mask.sum() == 1
    assert of_cells[b, dog] is np.ma.masked
    hatched = artist(ax, "missing")
    assert hatched.get_hatch()
    assert len(hatched.get_paths()) == 1
    assert sorted(texts(ax, "value")) == sorted(["80", "0", "90", "0", "70"])  # a true zero is a number


def test_cells_have_the_colours_of_their_scores() -> None:
    frame = pd.DataFrame(
        [("A", "x", 59.9), ("A", "y", 60.0), ("A", "z", 80.0)], columns=["student", "word", "accuracy_score"]
    )
    ax = charts.plot_class_words(frame)
    mesh = artist(ax, "values")
    mesh.update_scalarmappable()
    assert [to_hex(color) for color in mesh.get_facecolors()] == [POOR.fill, FAIR.fill, GOOD.fill]


def test_recordings_without_a_score_are_a_bar_apart() -> None:
    frame = pd.DataFrame({"pron_score": [70.0, np.nan, np.nan]})
    ax = charts.plot_distribution(frame)
    heights = {bar.get_x(): bar.get_height() for bars in ax.containers for bar in bars}
    assert heights == {70: 1, -12: 2}
    assert title(charts.plot_distribution(frame[:1])) == "The recording has 70"


@each_plot
def test_an_empty_frame_gives_a_picture_that_says_so(name: str) -> None:
    empty = Frames(*(frame.iloc[:0] for frame in invented(2)))
    ax = plot(name, empty)
    assert any(text.startswith("There are no") for text in texts(ax))
    draw(ax)


@each_plot
def test_a_class_in_which_nothing_was_scored_gives_a_picture_that_says_so(name: str) -> None:
    silent = Frames(*(frame.assign(accuracy_score=np.nan, heard=None) for frame in invented(2)))
    ax = plot(name, silent._replace(utterances=silent.utterances.assign(pron_score=np.nan)))
    assert name == "timeline" or any(text.startswith("There are no") for text in texts(ax))
    draw(ax)


@each_plot
def test_other_input_is_refused_with_a_way_out(name: str) -> None:
    function, table = PLOTS[name]
    for wrong in (None, {"NBest": []}, pd.DataFrame({"x": [1]})):
        with pytest.raises(InputError, match=rf"{table}\(\)"):
            function(wrong)


# --- every size -------------------------------------------------------------------------------------------------


@each_plot
@pytest.mark.parametrize("students", [1, 2, 11])
def test_all_text_stays_inside_the_figure(name: str, students: int) -> None:
    ax = plot(name, invented(students))
    draw(ax)
    assert outside(ax) == []


@pytest.mark.slow
@each_plot
def test_a_school_of_300_is_drawn_in_as_much_room_as_a_class(name: str, school: Frames) -> None:
    ax = plot(name, school)
    draw(ax)
    assert outside(ax) == []
    figure = ax.figure
    assert isinstance(figure, Figure)
    assert figure.get_size_inches()[1] < 13


@pytest.mark.parametrize("name", ["class_words", "class_phonemes"])
def test_a_heat_map_has_the_mean_of_the_students_that_it_does_not_show_in_its_last_row(name: str) -> None:
    school = invented(300, weeks=4, names=())
    ax = plot(name, school, limit=30)
    rows = texts(ax, "row")
    assert (rows[0], rows[-1], len(rows)) == ("All 300 students", "270 other students", 32)
    table = getattr(school, PLOTS[name][1])
    key = {"class_words": "word", "class_phonemes": "phoneme"}[name]
    left = table[(table[key] == texts(ax, "column")[0]) & ~table["student"].isin(rows)]
    assert values(ax)[-1, 0] == pytest.approx(left["accuracy_score"].mean())
    framed(ax)  # the cell that the title names is there


@pytest.mark.parametrize(("name", "left"), [("progress", 276), ("timeline", 270)])
def test_what_is_not_drawn_is_said(name: str, left: int, school: Frames) -> None:
    assert f"{left} other students" in " ".join(texts(plot(name, school), "note"))


def test_classes_and_languages_may_be_the_rows(school: Frames) -> None:
    ax = charts.plot_class_phonemes(school.phonemes, by="first_language")
    assert set(texts(ax, "row")) == {"All 5 first languages", "Arabic", "Chinese", "French", "Japanese", "Spanish"}
    assert framed(ax) in [("Japanese", "r"), ("Arabic", "p"), *((language, "th") for language in truth._LANGUAGES)]


@each_plot
def test_given_axes_are_drawn_into_and_returned(name: str) -> None:
    frames = invented(14, weeks=3)
    for layout in (None, "constrained"):
        figure = Figure(figsize=(8, 6), layout=layout)
        ax = figure.add_subplot(2, 2, 1)
        assert plot(name, frames, ax=ax) is ax
        draw(ax)


@each_plot
def test_names_are_characters_and_never_formulas(name: str) -> None:
    ax = plot(name, invented(4))
    draw(ax)
    beside = ax.get_yticklabels() if name in ("hardest_words", "hardest_phonemes", "timeline") else []
    assert not any(t.get_parse_math() for t in (*ax.texts, *beside, ax._left_title))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["class_words", "timeline"])
def test_awkward_names_are_shown_as_they_are(name: str) -> None:
    ax = plot(name, invented(10))
    said = {*texts(ax), *names(ax)}
    assert {"<script>alert(1)</script>", "$x^2$ & $\\frac{1}{2}$", 'O\'Brien "Bob"', "ab c"} <= said


@each_plot
def test_charts_leave_no_figure_behind_in_pyplot(name: str) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot(name, invented(2))
    assert plt.get_fignums() == before
