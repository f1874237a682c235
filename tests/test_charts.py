from __future__ import annotations

import threading
import warnings
from typing import Any

import pandas as pd
import pytest
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import pronounce_kit as pk
from pronounce_kit import charts
from pronounce_kit.charts.figures import drawable, fitted, lines_of, text_width, wrapped
from pronounce_kit.charts.rows import PhonemeRow, phoneme_rows, phonemes_title, scores_title, text_score_rows, word_rows
from pronounce_kit.errors import InputError
from pronounce_kit.highlight import FAIR, GOOD, POOR
from pronounce_kit.results import Assessment

from .readings import long_reading, nothing_heard, phoneme, reading, silence, weather, word

PLOTS = {
    "words": (charts.plot_words, pk.words),
    "phonemes": (charts.plot_phonemes, pk.phonemes),
    "scores": (charts.plot_scores, pk.utterances),
}
each_plot = pytest.mark.parametrize("plot", [plot for plot, _ in PLOTS.values()], ids=PLOTS)


def texts(ax: Axes, gid: str | None = None) -> list[str]:
    return [t.get_text() for t in ax.texts if gid is None or t.get_gid() == gid]


def bars(ax: Axes) -> list[Rectangle]:
    return [patch for container in ax.containers for patch in container]


def box_of(ax: Axes, text: str) -> Any:
    return next(t.get_bbox_patch() for t in ax.texts if t.get_gid() == "word" and t.get_text() == text)


def title(ax: Axes) -> str:
    return " ".join(ax.get_title(loc="left").split())


def draw(ax: Axes) -> None:
    """Draw everything, with every warning (a missing glyph, a layout that failed) an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert charts.figure_png(ax, dpi=50).startswith(b"\x89PNG")


def inside(ax: Axes) -> bool:
    """Whether all text lies within the figure."""
    figure = ax.figure
    assert isinstance(figure, Figure)
    width, height = figure.bbox.size
    extents = [t.get_window_extent() for t in (*ax.texts, ax._left_title)]  # type: ignore[attr-defined]
    return all(e.x0 >= -1 and e.y0 >= -1 and e.x1 <= width + 1 and e.y1 <= height + 1 for e in extents)


# --- rows -------------------------------------------------------------------------------------------------------


def test_an_assessment_and_its_frames_give_the_same_rows() -> None:
    assessment = weather()
    assert word_rows(pk.words(assessment)) == word_rows(assessment)
    assert text_score_rows(pk.utterances(assessment)) == text_score_rows(assessment)
    types = pk.words(assessment)[["word_index", "error_type"]]
    frame = pk.phonemes(assessment).merge(types, on="word_index", how="left")
    # A phonemes frame does not know the score of its word.
    assert [row._replace(state="good") for row in phoneme_rows(frame)] == [
        row._replace(state="good") for row in phoneme_rows(assessment)
    ]


def test_missing_values_of_a_frame_are_missing_in_its_rows() -> None:
    row = phoneme_rows(pk.phonemes(weather()))[-1]
    assert row == PhonemeRow(9, "today", "unscored", "ey", None, None)


@pytest.mark.parametrize("name", PLOTS)
def test_a_frame_of_many_utterances_is_refused_with_a_way_out(name: str) -> None:
    plot, table = PLOTS[name]
    frame = table([weather(utterance_id="a"), weather(utterance_id="b")])
    with pytest.raises(InputError, match=r"2 utterances.*Filter it first.*'a'"):
        plot(frame)
    assert title(plot(frame[frame.utterance_id == "b"])) == title(plot(frame[frame.utterance_id == "a"])) != ""


@each_plot
@pytest.mark.parametrize("wrong", [{"NBest": []}, pd.DataFrame({"x": [1]}), None, [1]])
def test_other_input_is_refused_with_a_way_out(plot: Any, wrong: Any) -> None:
    with pytest.raises(InputError, match=r"pronounce_kit\."):
        plot(wrong)


def test_titles_of_sounds_and_scores() -> None:
    assert phonemes_title(phoneme_rows(reading([word("a", 90, phonemes=[phoneme("ax", 90)])]))) == "The sound is good"
    fair = reading([word("a", 90, phonemes=[phoneme("ax", 90), phoneme("b", 70)])])
    assert phonemes_title(phoneme_rows(fair)) == "1 of 2 sounds could be better: b in a"
    many = phonemes_title(phoneme_rows(long_reading()))
    assert many.startswith("12 of 120 sounds need practice: ae in word0, ae in word5")
    assert many.endswith("and 8 more")
    assert scores_title(text_score_rows(weather())) == "Overall 66 of 100; lowest: accuracy (71)"
    basic = reading([word("a", 90)], scores={"AccuracyScore": 90})
    assert scores_title(text_score_rows(basic)) == "Accuracy 90 of 100"


# --- words ------------------------------------------------------------------------------------------------------


def test_words_have_the_colours_shapes_and_notes_of_their_states() -> None:
    ax = charts.plot_words(weather())
    assert texts(ax, "word") == ["I", "think", "[the]", "very", "+um", "good", "weather", "is", "here", "today"]
    assert texts(ax, "note") == ["96", "34", "skipped", "52", "added", "91", "68", "88", "99", "no score"]
    assert to_hex(box_of(ax, "I").get_facecolor()) == GOOD.fill
    assert to_hex(box_of(ax, "weather").get_facecolor()) == FAIR.fill
    assert to_hex(box_of(ax, "think").get_facecolor()) == POOR.fill
    assert box_of(ax, "[the]").get_linestyle() == "--"
    assert box_of(ax, "today").get_linestyle() == ":"
    assert box_of(ax, "today").get_facecolor()[3] == 0
    assert [line.get_gid() for line in ax.lines] == ["mispronounced", "mispronounced", "added"]
    assert next(t for t in ax.texts if t.get_text() == "+um").get_style() == "italic"
    assert {"‖", "¦", "→"} <= set(texts(ax))
    assert title(ax) == (
        "2 of 9 words need practice: think, very; could be better: weather; 1 skipped: the; 1 added: um; "
        "1 pause too many"
    )


@pytest.mark.parametrize("count", [1, 60])
@pytest.mark.parametrize("width_in", [4.0, 8.0])
@each_plot
def test_every_text_stays_inside_the_figure(plot: Any, width_in: float, count: int) -> None:
    assert inside(plot(long_reading(count), width_in=width_in))


def test_long_sentences_wrap_into_lines_from_top_to_bottom() -> None:
    ax = charts.plot_words(long_reading())
    places = [t.xy for t in ax.texts if t.get_gid() == "word"]  # type: ignore[attr-defined]
    assert len(places) == 60
    assert [y for _, y in places] == sorted(y for _, y in places)
    assert len({y for _, y in places}) > 4
    assert ax.yaxis_inverted()
    assert title(ax) == (
        "12 of 60 words need practice: word0, word5, word10, word15, word20 and 7 more; "
        "could be better: word1, word2, word6, word7, word11 and 19 more"
    )


def test_a_sentence_from_right_to_left_starts_on_the_right() -> None:
    ax = charts.plot_words(reading([word("مرحبا", 90), word("بالعالم", 80)]))
    first, second = (t.xy[0] for t in ax.texts if t.get_gid() == "word")  # type: ignore[attr-defined]
    assert first > second
    draw(ax)


# --- phonemes ---------------------------------------------------------------------------------------------------


def test_each_scored_sound_has_a_bar_of_its_height_and_colour() -> None:
    ax = charts.plot_phonemes(weather(), width_in=20)
    scored = [row for row in phoneme_rows(weather()) if row.score is not None]
    assert [bar.get_height() for bar in bars(ax)] == [row.score for row in scored]
    fills = [to_hex(bar.get_facecolor()) for bar in bars(ax)]
    assert fills[:5] == [GOOD.fill, POOR.fill, FAIR.fill, POOR.fill, GOOD.fill]
    assert 0 in [bar.get_height() for bar in bars(ax)]  # a true zero is a bar, with its number
    assert "0" in texts(ax, "score")


def test_missing_and_skipped_sounds_have_words_in_place_of_a_bar() -> None:
    ax = charts.plot_phonemes(weather())
    assert texts(ax, "missing") == ["skipped", "no score", "no score"]
    nothing = charts.plot_phonemes(reading([word("a", None, phonemes=[phoneme("ax", None)])]))
    assert bars(nothing) == []
    assert title(nothing) == "The sounds have no scores"


def test_heard_is_labelled_only_where_it_differs_and_the_sound_is_not_good() -> None:
    ax = charts.plot_phonemes(weather())
    assert texts(ax, "heard") == ["s", "iy", "n", "w", "d"]
    assert texts(ax, "expected").count("#2") == 1  # a sound without a name
    assert texts(ax, "word")[:5] == ["I", "think", "[the]", "very", "good"]


def test_the_threshold_is_drawn_at_60_in_every_line() -> None:
    ax = charts.plot_phonemes(long_reading(40))
    bases = sorted({bar.get_y() for bar in bars(ax)})
    thresholds = sorted(line.get_ydata()[0] for line in ax.lines if line.get_gid() == "threshold")  # type: ignore[index]
    assert len(bases) > 2
    assert thresholds == pytest.approx([base + 60 for base in bases])


def test_a_word_of_many_sounds_is_split_over_lines() -> None:
    ax = charts.plot_phonemes(reading([word("x", 50, phonemes=[phoneme("ae", 50)] * 80)]))
    assert len(bars(ax)) == 80
    assert inside(ax)


# --- scores -----------------------------------------------------------------------------------------------------


def test_scores_are_bars_and_missing_ones_are_not() -> None:
    ax = charts.plot_scores(weather())
    assert [bar.get_width() for bar in bars(ax)] == pytest.approx([66.4, 71, 88, 100 * 8 / 9])
    assert texts(ax, "missing") == ["not assessed"]
    assert texts(ax, "name") == ["Overall", "Accuracy", "Fluency", "Words read", "Melody"]
    assert texts(ax, "score") == ["66", "71", "88", "8 of 9"]


# --- all --------------------------------------------------------------------------------------------------------


@each_plot
@pytest.mark.parametrize("assessment", [nothing_heard(), silence(), Assessment.from_json({}), reading([], scores={})])
def test_without_anything_to_score_the_chart_says_why(plot: Any, assessment: Assessment) -> None:
    ax = plot(assessment)
    assert any(len(text) > 20 for text in (*texts(ax), title(ax)))
    assert bars(ax) == []
    assert not set(texts(ax)) & {"0", "0.0"}
    draw(ax)


@pytest.mark.parametrize("name", PLOTS)
def test_an_empty_frame_gives_a_chart_that_says_so(name: str) -> None:
    plot, table = PLOTS[name]
    ax = plot(table([]))
    assert any(text.startswith("There are no") for text in texts(ax))


@each_plot
def test_given_axes_are_drawn_into_and_returned(plot: Any) -> None:
    for layout in (None, "constrained"):
        figure = Figure(figsize=(6, 4), layout=layout)
        ax = figure.add_subplot(2, 2, 1)
        assert plot(weather(), ax=ax) is ax
        assert plot(nothing_heard(), ax=figure.add_subplot(2, 2, 2)).figure is figure
        draw(ax)


@pytest.mark.parametrize("plot", [charts.plot_words, charts.plot_phonemes])
def test_small_axes_make_the_text_smaller(plot: Any) -> None:
    small = plot(long_reading(30), ax=Figure(figsize=(4, 1.5)).add_subplot())
    large = plot(long_reading(30))
    assert max(t.get_size() for t in small.texts if t.get_gid() == "word") < max(
        t.get_size() for t in large.texts if t.get_gid() == "word"
    )


@each_plot
@pytest.mark.parametrize(
    "text", ["今天天气", "مرحبا", "हिन्दी", "👍🏽", "$5 $6", "\\frac{x}", "a\x00\u202eb\nc", "", "W" * 300, "θɪŋk"]
)
def test_any_text_is_drawn_without_a_warning(plot: Any, text: str) -> None:
    assessment = reading([word(text, 50, phonemes=[phoneme(text, 40, text + "x")]), word("the", 90)])
    ax = plot(assessment)
    draw(ax)
    assert all(not t.get_parse_math() for t in ax.texts)


def test_dollar_signs_are_characters_and_not_formulas() -> None:
    ax = charts.plot_words(reading([word("$5", 50), word("$6_x", 50)]))
    assert title(ax) == "2 of 2 words need practice: $5, $6_x"
    draw(ax)


@each_plot
def test_charts_leave_no_figure_behind_in_pyplot(plot: Any) -> None:
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot(weather())
    assert plt.get_fignums() == before


def test_charts_may_be_drawn_in_threads() -> None:
    pictures: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: pictures.append(charts.figure_png(charts.plot_words(weather()), dpi=40)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pictures) == 4
    assert len(set(pictures)) == 1


def test_text_takes_the_colour_of_the_readers_style() -> None:
    with rc_context({"text.color": "white", "figure.facecolor": "black", "axes.facecolor": "black"}):
        ax = charts.plot_words(weather())
        assert next(t for t in ax.texts if t.get_text() == "[the]").get_color() == "white"
        assert next(t for t in ax.texts if t.get_text() == "think").get_color() == POOR.ink


def test_wrapping_and_fitting_of_text() -> None:
    assert lines_of([10, 10, 10, 50], 25, 5) == [[0, 1], [2], [3]]
    assert lines_of([], 25, 5) == []
    assert " ".join(wrapped("one two three four", 60, 12)) == "one two three four"
    cut = fitted("W" * 100, 80, 12)
    assert cut.endswith("…")
    assert text_width(cut, 12) <= 80
    assert fitted("WW", 0, 12) == "W…"
    assert drawable("a\n b\u202e") == "a b"
    assert drawable("\U0010fffd") == "□"
    assert drawable("\U0010fffd\u200d\U0010fffd\U0010fffd") == "□□"
    assert drawable("\U0010fffd\U0001f3fd") == "□"


def test_a_notebook_shows_the_chart_exactly_once() -> None:
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    cells = [
        "from tests.readings import weather\nfrom pronounce_kit import charts",
        "charts.plot_words(weather())",
        "import matplotlib.pyplot as plt\ncharts.plot_scores(weather())",
        "ax = charts.plot_words(weather())",
        "_, ax = plt.subplots()\ncharts.plot_words(weather(), ax=ax);",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
    pictures = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells]
    assert pictures == [0, 1, 1, 0, 1]
