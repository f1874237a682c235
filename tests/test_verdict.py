"""What is said of a reading, decided once: every screen draws this."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit import Assessment, charts
from pronounce_kit.cli.output import console
from pronounce_kit.cli.reading import show_reading
from pronounce_kit.display.html import assessment_html
from pronounce_kit.display.naming import name_sounds_as, sound_label, sound_sign
from pronounce_kit.display.verdict import Verdict, is_another_text, kind_of, verdict_of
from pronounce_kit.display.written import written
from pronounce_kit.errors import ParameterError
from pronounce_kit.flags import doubt
from pronounce_kit.report import assessment_page

from .readings import (
    MISSING_BREAK,
    MONOTONE,
    UNEXPECTED_BREAK,
    nothing_heard,
    phoneme,
    reading,
    silence,
    weather,
    word,
)
from .test_highlight import Page

TEXT = "I think it is a very nice day."


def good(text: str = TEXT, **prosody: dict[str, Any]) -> Assessment:
    """A reading in which every word is good, some with feedback of their own."""
    names = text.rstrip(".").split()
    return reading([word(name, 90, prosody=prosody.get(name)) for name in names], reference_text=text)


def of_errors(errors: str) -> Assessment:
    """A reading by a letter a word: - right, m mispronounced, o left out, i added."""
    types = {"-": "None", "m": "Mispronunciation", "o": "Omission", "i": "Insertion"}
    words = [word(f"w{n}", 90 if e == "-" else 30, types[e]) for n, e in enumerate(errors)]
    text = " ".join(f"w{n}" for n, e in enumerate(errors) if e != "i")
    return reading(words, reference_text=f"{text.capitalize()}.")


def in_terminal(assessment: Assessment) -> str:
    terminal = console()
    with terminal.capture() as capture:
        show_reading(terminal, verdict_of(assessment))
    return capture.get()


def screens(assessment: Assessment) -> dict[str, str]:
    """The text of every screen that shows a reading."""
    return {
        "HTML": Page(assessment_html(assessment)).text,
        "page": Page(assessment_page(assessment)).text,
        "terminal": " ".join(in_terminal(assessment).split()),
        "chart of words": _text_of(charts.plot_words(assessment)),
        "chart of sounds": _text_of(charts.plot_phonemes(assessment)),
        "chart of scores": _text_of(charts.plot_scores(assessment)),
    }


def _text_of(ax: Any) -> str:
    texts = [ax.get_title(loc="left"), *(one.get_text() for one in ax.texts)]
    return " ".join(" ".join(texts).split())


# --- noise and clipping -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "headline"),
    [
        (["noisy"], "Too noisy to be sure"),
        (["clipped"], "Too loud (clipped) to be sure"),
        (["noisy", "clipped"], "Too loud (clipped) and too noisy to be sure"),
        (["too_quiet"], "Too quiet to be sure"),
        (["no_speech"], "Too noisy to be sure"),
        (["silent"], "Too quiet to be sure"),
    ],
)
def test_bad_sound_is_the_headline_and_nothing_is_good_or_wrong(flags: list[str], headline: str) -> None:
    verdict = verdict_of(weather(), flags)
    assert (verdict.kind, verdict.headline) == ("unsure", headline)
    assert not verdict.counts
    assert verdict.is_attempt
    bands = {word.band for word in verdict.words} | {score.band for score in verdict.scores}
    bands |= {sound.band for word in verdict.words for sound in word.sounds}
    assert bands == {"unsure", "unscored"}
    assert verdict.worst_sounds == ()
    assert not any(sound.heard for word in verdict.words for sound in word.sounds)
    assert verdict.overall is not None
    assert verdict.overall.text == "about 66"


@pytest.mark.parametrize("flags", [[], ["too_long"], ["too_short"]])
def test_a_recording_that_only_is_long_or_short_is_sure(flags: list[str]) -> None:
    assert doubt(flags) is None
    assert verdict_of(good(), flags).counts


def test_every_screen_begins_with_the_doubt_and_calls_no_word_good_or_mispronounced() -> None:
    noisy = replace(weather(), flags=("noisy",))
    for screen, text in screens(noisy).items():
        assert "Too noisy to be sure" in text, screen
        praise_or_blame = ("80 to 100: good", "need practice", "mispronounced", "✗")
        assert not [part for part in praise_or_blame if part in text], screen
    assert in_terminal(noisy).startswith("Too noisy to be sure.\nAbout the recording: Too much noise")
    page = Page(assessment_html(noisy))
    classes = {css for one in page.words() for css in (one["class"] or "").split()}
    assert classes == {"pk-word", "pk-unsure", "pk-skipped", "pk-added", "pk-unscored"}


@pytest.mark.parametrize(("snr_db", "kind"), [(8.0, "unsure"), (14.9, "unsure"), (15.0, "scored"), (38.8, "scored")])
def test_a_reply_that_has_nothing_but_its_noise_ratio_tells_by_that(snr_db: float, kind: str) -> None:
    reply = {**good().raw, "SNR": snr_db}
    assert kind_of(Assessment.from_json(reply)) == kind


def test_without_any_word_on_the_recording_nothing_is_held_against_it() -> None:
    reply = {key: value for key, value in good().raw.items() if key != "SNR"}
    assessment = Assessment.from_json(reply)
    assert assessment.flags is None
    assert kind_of(assessment) == "scored"
    assert pk.utterances(assessment)["recording_flags"].isna().all()


def test_flags_of_the_reply_reach_results_and_tables() -> None:
    reply = {**good().raw, "RecordingFlags": ["noisy", "clipped", "another"]}
    assert Assessment.from_json(reply).flags == ("clipped", "noisy")
    assert pk.utterances(reply)["recording_flags"].tolist() == ["clipped, noisy"]


def test_the_engine_names_noise_and_clipping_in_its_reply() -> None:
    speech = pk.LocalSpeech()
    clean = pk.Recording.from_bytes(speech.synthesize(TEXT))
    noise = np.random.default_rng(7).normal(0, 0.04, len(clean.samples)).astype(np.float32)
    noisy = pk.Recording.from_array(np.clip(clean.samples + noise, -1, 1), 16_000)
    clipped = pk.Recording.from_array(np.clip(clean.samples * 40, -1, 1), 16_000)
    found = {name: speech.assess(one, TEXT) for name, one in (("clean", clean), ("noisy", noisy), ("clipped", clipped))}
    assert found["clean"].flags == ()
    assert "noisy" in (found["noisy"].flags or ())
    assert "clipped" in (found["clipped"].flags or ())
    assert [kind_of(one) for one in found.values()] == ["scored", "unsure", "unsure"]


# --- another text -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "errors",
    ["ooooiiii", "o-oomoiimo", "imoomim", "oooo-mo", "ooomom"],
)
def test_most_of_the_text_missing_is_another_text(errors: str) -> None:
    assert is_another_text(of_errors(errors).words)


@pytest.mark.parametrize(
    "errors",
    ["--------", "mmmmmmmm", "--oooooo", "m-oooo", "-o-m-mi-", "i--------", "-", "m", "--mmm-om"],
)
def test_hard_to_understand_or_unfinished_is_not_another_text(errors: str) -> None:
    assert not is_another_text(of_errors(errors).words)


def test_another_text_is_one_message_without_scores_words_or_attempt_on_every_screen() -> None:
    assessment = of_errors("ooooiiii")
    verdict = verdict_of(assessment, ["noisy"])
    assert verdict.message == "This does not sound like this sentence. Read: W0 w1 w2 w3."
    assert (verdict.kind, verdict.words, verdict.scores, verdict.is_attempt) == ("another_text", (), (), False)
    for screen, text in screens(assessment).items():
        assert "This does not sound like this sentence. Read: W0 w1 w2 w3." in text, screen
        assert not [part for part in ("w5", "Overall", "skipped", "66") if part in text], screen


@pytest.mark.parametrize("assessment", [nothing_heard(), silence()])
def test_silence_is_no_attempt_and_shows_no_zeros(assessment: Assessment) -> None:
    verdict = verdict_of(assessment)
    assert (verdict.kind, verdict.words, verdict.scores, verdict.is_attempt) == ("nothing", (), (), False)
    for screen, text in screens(assessment).items():
        assert "0" not in text.replace("60", "").replace("100", ""), screen


# --- words read -------------------------------------------------------------------------------------------------


def test_words_that_were_mispronounced_were_read_all_the_same() -> None:
    assessment = of_errors("-m-m----")
    (read,) = (score for score in verdict_of(assessment).scores if score.name == "Words read")
    assert (read.text, read.band) == ("8 of 8", "good")
    for screen, text in screens(assessment).items():
        assert "ompleteness" not in text, screen
    assert "lowest: accuracy (71)" in _text_of(charts.plot_scores(assessment))


def test_without_words_the_number_of_the_service_has_its_own_name() -> None:
    (read,) = (score for score in verdict_of(reading([])).scores if score.name == "Words right")
    assert read.text == "78"


# --- headline, pauses, legend -----------------------------------------------------------------------------------


def test_the_headline_names_words_that_could_be_better_beside_those_that_need_practice() -> None:
    words = [word(name, {"very": 50, "think": 70}.get(name, 90)) for name in TEXT.rstrip(".").split()]
    assert verdict_of(reading(words)).headline == "1 of 8 words needs practice: very; could be better: think"


def test_stops_are_told_in_words_with_what_to_read_in_one_go() -> None:
    verdict = verdict_of(good(it=UNEXPECTED_BREAK, very=UNEXPECTED_BREAK))
    assert verdict.headline == "All 8 words are good; 2 pauses too many"
    assert verdict.tips == ("You stopped after “think” and after “a”. Read “it is a very nice day” in one go.",)
    for screen in (assessment_html, in_terminal):
        assert "You stopped after “think”" in " ".join(screen(good(it=UNEXPECTED_BREAK)).split())


def test_one_stop_and_one_missing_pause_and_a_flat_voice_each_have_a_tip() -> None:
    text = "Hello, I like it very much."
    assessment = reading(
        [
            word("Hello", 90),
            word("I", 90, prosody=MISSING_BREAK),
            word("like", 90),
            word("it", 90, prosody=UNEXPECTED_BREAK),
            word("very", 90, prosody=MONOTONE),
            word("much", 90),
        ],
        reference_text=text,
    )
    assert verdict_of(assessment).tips == (
        "You stopped after “like”. Read “I like it very much” in one go.",
        "Make a short pause after “Hello”.",
        "Let your voice go up and down more, as in “very”.",
    )


def _drawn(verdict: Verdict) -> Iterator[str]:
    for shown in verdict.words:
        yield from (mark.sign for mark in shown.marks)
        if shown.flat:
            yield shown.flat.sign
        yield {"skipped": "[word]", "added": "+word"}.get(shown.state, shown.band)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([None, 20, 70, 95]),
            st.sampled_from(["None", "Mispronunciation", "Omission", "Insertion"]),
            st.sampled_from([None, UNEXPECTED_BREAK, MISSING_BREAK, MONOTONE]),
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_the_legend_has_what_is_on_the_screen_and_nothing_else(words: list[Any], noisy: bool) -> None:
    read = reading([word(f"w{n}", score, error, prosody=found) for n, (score, error, found) in enumerate(words)])
    verdict = verdict_of(read, ["noisy"] if noisy else [])
    in_legend = {
        entry.sample if entry.sample != "word" else entry.classes.split()[1].removeprefix("pk-")
        for entry in verdict.legend
    }
    assert in_legend == set(_drawn(verdict))


@pytest.mark.parametrize("noisy", [False, True])
def test_no_screen_of_a_learner_has_a_term_of_the_trade(noisy: bool) -> None:
    for screen, text in screens(replace(weather(), flags=("noisy",) if noisy else ())).items():
        for term in ("Prosody", "semitone", "interval", "monotone", "Completeness"):
            assert term.casefold() not in text.casefold(), screen


def test_worst_sounds_come_first_without_missing_good_or_skipped_ones() -> None:
    sounds = verdict_of(weather()).worst_sounds
    assert [(one.sign, one.score) for one in sounds] == [("g", 0), ("th", 8), ("v", 22), ("dh", 41), ("ng", 55)]
    assert sounds[1].heard == "s (sun)"


# --- names of sounds --------------------------------------------------------------------------------------------


@pytest.fixture
def as_before() -> Iterator[None]:
    yield
    name_sounds_as("examples")


@pytest.mark.usefixtures("as_before")
@pytest.mark.parametrize("name", ["th", "θ", "TH"])
@pytest.mark.parametrize(
    ("names", "sign", "label"),
    [("examples", "th", "th (think)"), ("ipa", "θ", "/θ/"), ("both", "th θ", "th /θ/ (think)")],
)
def test_a_sound_has_one_name_whatever_alphabet_the_reply_has(names: Any, name: str, sign: str, label: str) -> None:
    name_sounds_as(names)
    assert (sound_sign(name), sound_label(name)) == (sign, label)
    sounds = [word("thin", 50, phonemes=[phoneme(name, 30, "s"), phoneme(None, 90)])]
    for screen, text in screens(reading(sounds)).items():
        if screen == "chart of sounds":
            assert f" {sign} " in text
        elif screen in ("HTML", "page", "terminal"):
            assert label in text, screen


def test_names_that_do_not_exist_are_refused() -> None:
    with pytest.raises(ParameterError, match="Use one of examples, ipa, both"):
        name_sounds_as("arpabet")  # type: ignore[arg-type]


# --- the text as written ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoken", "text", "parts"),
    [
        ("on May sixth 2024 I paid", "On 5/6/2024 – I paid.", ["On", "5/6/2024 –", "I", "paid."]),
        ("it costs three dollars fifty", "It costs $3.50!", ["It", "costs", "$3.50!"]),
        ("a well known man", "A well-known man", ["A", "well-", "known", "man"]),
        ("a well-known man", "A well-known “man”.", ["A", "well-known", "“man”."]),
        ("I dont know", "I don’t know", ["I", "don’t", "know"]),
        ("我 喜欢 你", "我喜欢你。", ["我", "喜欢", "你。"]),
        ("hello there", None, ["hello", "there"]),
        ("at half past two", "At 2:30", ["At", "2:30"]),
    ],
)
def test_the_text_stands_as_it_was_written(spoken: str, text: str | None, parts: list[str]) -> None:
    assert [part.before + part.text + part.after for part in written(spoken.split(), text)] == parts


@given(st.lists(st.text(min_size=1, max_size=6), max_size=8), st.none() | st.text(max_size=40))
def test_every_spoken_word_is_in_one_part_in_order(words: list[str], text: str | None) -> None:
    parts = written(words, text)
    assert [index for part in parts for index in range(part.first, part.stop)] == list(range(len(words)))


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=40))
def test_a_text_read_as_it_stands_is_shown_as_it_stands(text: str) -> None:
    words = [piece for piece in text.split() if any(map(str.isalnum, piece))]
    shown = "".join(f"{p.before}{p.text}{p.after}{' ' * p.blank}" for p in written(words, text))
    if words:
        assert shown.split() == text.split()


def test_a_date_is_one_word_on_every_screen() -> None:
    said = ["On", "May", "sixth", "2024", "I", "paid"]
    words = [word(one, 40 if one == "sixth" else 90) for one in said]
    verdict = verdict_of(reading(words, reference_text="On 5/6/2024 I paid."))
    assert [one.text for one in verdict.words] == ["On", "5/6/2024", "I", "paid"]
    date = verdict.words[1]
    assert (date.first, date.stop, date.of_text, date.state, date.score) == (1, 4, 1, "mispronounced", 40)
    assert verdict.headline == "1 of 4 words needs practice: 5/6/2024"
    for screen, text in screens(reading(words, reference_text="On 5/6/2024 I paid.")).items():
        if screen != "chart of sounds" and screen != "chart of scores":
            assert "5/6/2024" in text, screen


def test_a_verdict_is_plain_data() -> None:
    from dataclasses import asdict

    assert json.loads(json.dumps(asdict(verdict_of(weather()))))["kind"] == "scored"
