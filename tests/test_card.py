"""The practice card without a browser: what it shows, what it keeps, and what it answers to the browser's messages."""

from __future__ import annotations

import json
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit.display.html import sentence_html
from pronounce_kit.widgets.contour import HOP_S, Contour, contour, direction, laid_over
from pronounce_kit.widgets.practice import Practice
from pronounce_kit.widgets.scene import ModelReading, scene_of
from pronounce_kit.widgets.takes import Take, keep

from .readings import long_reading, nothing_heard, phoneme, reading, silence, weather, word

TEXT = "I think the weather will be nice."


def tone(seconds: float = 2.0, hertz: float = 150.0) -> pk.Recording:
    times = np.arange(round(16000 * seconds)) / 16000
    return pk.Recording.from_array(0.3 * np.sin(2 * np.pi * hertz * times), 16000)


@cache
def voice() -> pk.Recording:
    """A recording of five seconds with which nothing is wrong."""
    said = pk.Recording.from_bytes(pk.LocalSpeech().synthesize("I think the weather is very nice today."))
    return pk.Recording.from_array(np.tile(said.samples, 2), said.sample_rate)


@pytest.fixture(scope="module")
def sink(speech: pk.LocalSpeech) -> pk.Recording:
    """TEXT with "sink" for "think"."""
    phones = speech.pronunciation(TEXT)
    phones[1] = ["S", "IH1", "NG", "K"]
    return pk.Recording.of(speech.synthesize_phones(phones))


@pytest.fixture
def take(sink: pk.Recording, tmp_path: Path) -> Take:
    return keep(sink.to_wav(), tmp_path)


# --- the scene --------------------------------------------------------------------------------------------------


def test_a_scene_is_plain_json_and_says_what_the_highlighted_sentence_says() -> None:
    scene = scene_of(weather(), voice())
    assert json.loads(json.dumps(scene)) == json.loads(json.dumps(scene, allow_nan=False))
    assert scene["headline"].startswith("2 of")
    html = sentence_html(weather(), style=False)
    for shown in scene["words"]:
        assert f'class="{" ".join(filter(None, ("pk-word", shown["classes"])))}" title="{shown["label"]}"' in html
    assert scene["words"][3]["marks"] == [{"sign": "‖", "label": "pause that does not belong here"}]
    assert scene["words"][5]["flat"] == "→"


def test_a_word_tells_its_sounds_with_what_was_expected_and_heard_and_one_hint_with_pairs() -> None:
    think = scene_of(weather(), voice())["words"][1]
    assert [sound["name"] for sound in think["sounds"]] == ["θ", "ɪ", "ŋ", "k"]
    assert (think["sounds"][0]["heard"], think["sounds"][0]["score"], think["sounds"][0]["band"]) == ("s", "8", "poor")
    assert think["sounds"][3]["heard"] is None  # it is good, whatever candidate came first
    assert think["hint"]["text"].startswith("Put the tip of your tongue between your teeth")
    assert think["hint"]["pairs"][0] == ["think", "sink"]
    assert [name for name, _ in think["hint"]["how"]] == ["Mouth", "Tongue", "Voice"]


def test_a_sound_heard_as_an_unusual_one_has_no_pairs_and_one_without_a_name_no_hint() -> None:
    scene = scene_of(
        reading([word("at", 40, phonemes=[phoneme("ae", 30, "m")]), word("x", 40, phonemes=[phoneme(None, 30)])]),
        voice(),
    )
    assert scene["words"][0]["hint"]["pairs"] == []
    assert scene["words"][1]["sounds"][0]["name"] == "sound 1"
    assert scene["words"][1]["hint"] is None


def test_skipped_and_added_words_have_no_sounds_and_say_what_to_do() -> None:
    words = scene_of(weather(), voice())["words"]
    skipped, added = words[2], words[4]
    assert skipped["span"] is None
    assert skipped["sounds"] == []
    assert "was not heard" in skipped["hint"]["text"]
    assert added["of_text"] is None
    assert "not in the text" in added["hint"]["text"]
    assert [shown["of_text"] for shown in words] == [0, 1, 2, 3, None, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("nothing", [nothing_heard(), nothing_heard("InitialSilenceTimeout"), silence()])
def test_where_nothing_was_heard_there_is_a_message_and_no_score(nothing: pk.Assessment) -> None:
    scene = scene_of(nothing, tone())
    assert scene["message"]
    assert (scene["words"], scene["scores"], scene["overall"]) == ([], [], None)


def test_of_a_clipped_recording_nothing_is_called_good_or_wrong_and_the_student_told() -> None:
    loud = pk.Recording.from_array(np.clip(voice().samples * 40, -1, 1), 16000)
    scene = scene_of(weather(), loud)
    assert scene["advice"].startswith("Too loud")
    assert scene["headline"].startswith("Too loud (clipped)")
    assert scene["headline"].endswith("to be sure")
    assert (scene["counts"], scene["overall"]["text"], scene["overall"]["band"]) == (False, "about 66", "unsure")
    assert scene_of(weather(), voice())["overall"]["text"] == "66"
    assert [(shown["sounds"], shown["hint"], shown["marks"]) for shown in scene["words"]] == [([], None, [])] * 10
    drawn = {name for part in ("words", "legend") for one in scene[part] for name in one["classes"].split()}
    assert "pk-unsure" in drawn
    assert not drawn & {"pk-good", "pk-fair", "pk-poor", "pk-mispronounced"}


def test_another_text_is_one_message_and_no_attempt_that_counts() -> None:
    words = [{"Word": word, "AccuracyScore": 0, "ErrorType": "Omission"} for word in "we go home now".split()]
    words += [{"Word": word, "AccuracyScore": 50, "ErrorType": "Insertion"} for word in "red cars".split()]
    best = {"Display": "Red cars.", "PronScore": 5, "AccuracyScore": 0, "Words": words}
    reply = pk.Assessment.from_json({"RecognitionStatus": "Success", "NBest": [best]}, reference_text="We go home now.")
    scene = scene_of(reply, voice())
    assert scene["message"].startswith("This does not sound like this sentence.")
    assert (scene["words"], scene["scores"], scene["counts"], scene["legend"]) == ([], [], False, [])


@pytest.mark.parametrize(
    ("text", "around"),
    [
        ("“Well,” he said, “no!”", [("“", ",”"), ("", ""), ("", ","), ("“", "!”")]),
        ("Well, he said no.", [("", ","), ("", ""), ("", ""), ("", ".")]),
        ("Well – he said (no)", [("", ""), ("", ""), ("", ""), ("(", ")")]),
        ("Weiß: he said NO.", [("", ":"), ("", ""), ("", ""), ("", ".")]),
    ],
)
def test_the_sentence_keeps_its_punctuation(text: str, around: list[tuple[str, str]]) -> None:
    read = [word(w, 90) for w in ("Weiß" if "ß" in text else "Well", "he", "said", "no")]
    words = scene_of(reading(read, reference_text=text), tone())["words"]
    assert [(shown["before"], shown["after"]) for shown in words] == around


def test_words_that_are_not_in_the_text_or_a_text_that_is_not_known_are_no_error() -> None:
    assert len(scene_of(long_reading(), tone())["words"]) == 60
    assert scene_of(reading([word("one", 90)], reference_text="Two three"), tone())["words"][0]["after"] == ""


# --- waveform and melody ----------------------------------------------------------------------------------------


def test_a_contour_has_loudness_up_to_one_and_semitones_around_the_voices_own_median() -> None:
    times = np.arange(32000) / 16000
    glide = pk.Recording.from_array(0.2 * np.sin(2 * np.pi * 100 * (2 ** (times / 2) - 1) / np.log(2) * 2), 16000)
    found = contour(glide)
    assert found.loudness.max() == 1
    assert abs(float(np.nanmedian(found.semitones))) < 0.1
    assert direction(found, (0, 2)) == "rising"
    assert direction(contour(tone()), (0, 2)) == "level"
    assert direction(contour(pk.Recording.from_array(np.zeros(16000), 16000)), (0, 1)) is None
    plain = found.to_json()
    assert max(plain["loudness"]) == 100
    assert None in contour(pk.Recording.from_array(np.zeros(800), 16000)).to_json()["semitones"]


def test_the_model_is_stretched_word_by_word_onto_the_learners_time() -> None:
    model = Contour(np.linspace(0, 1, 101), np.arange(101.0))  # the value tells the time: one a frame
    over = laid_over(model, [(0.2, 0.4), (0.6, 0.8)], [(1.0, 1.4), (1.4, 1.5)], 200)
    at = {round(frame * HOP_S, 2): value for frame, value in enumerate(over.semitones)}
    assert (at[1.0], at[1.2]) == (20, 30)
    assert at[1.45] == pytest.approx(70, abs=1)
    assert np.isnan(at[0.99])
    assert np.isnan(at[1.51])
    assert over.loudness[0] == 0


edges = st.lists(st.floats(0, 5), min_size=2, max_size=12)


@given(edges, edges, st.integers(0, 300))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_spans_of_any_kind_are_laid_over_without_an_error(own: list[float], other: list[float], count: int) -> None:
    size = min(len(own), len(other)) // 2
    spans = [[(e[2 * i], e[2 * i + 1]) for i in range(size)] for e in (own, other)]
    over = laid_over(Contour(np.ones(100), np.zeros(100)), spans[0], spans[1], count)
    assert len(over.loudness) == len(over.semitones) == count
    assert np.isfinite(over.loudness).all()


# --- practice ---------------------------------------------------------------------------------------------------


class Book:
    """A gradebook that remembers what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.rows = error, []

    def record(self, assessment: pk.Assessment, **known: Any) -> str:
        if self.error:
            raise self.error
        self.rows.append((assessment, known))
        return f"a{len(self.rows)}"


def test_a_take_is_scored_and_the_raw_reply_lies_beside_it(speech: pk.LocalSpeech, take: Take) -> None:
    practice = Practice(TEXT, speech)
    shown = practice.score(practice.add("x", 0, take))
    worst = min(shown["scene"]["words"], key=lambda found: float(found["score"]))
    assert worst["text"] == "think"
    assert worst["sounds"][0]["heard"] == "s"
    assert take.path is not None
    reply = json.loads(take.path.with_suffix(".json").read_bytes())
    assert pk.Assessment.from_json(reply).scores == practice.attempts[0].assessment.scores
    assert shown["scene"]["words"][1]["after"] == ""
    assert shown["scene"]["words"][-1]["after"] == "."
    assert set(shown["milliseconds"]) == {"assess", "reply to disk", "gradebook", "scene"}


def test_the_models_reading_is_laid_over_attempts_once_it_is_there(speech: pk.LocalSpeech, take: Take) -> None:
    practice = Practice(TEXT, speech)
    attempt = practice.add("x", 0, take)
    assert practice.score(attempt)["scene"]["model"] is None
    model = practice.model(0)
    assert isinstance(model, ModelReading)
    assert len(model.spans) == 7
    assert None not in model.spans
    scene = practice.shown(attempt)["scene"]
    assert len(scene["model"]["semitones"]) == len(scene["contour"]["semitones"])
    assert scene["melody"].startswith("You took ")
    assert scene["melodies"][1].startswith("You: 0.")
    assert practice.model(0) is model


def test_a_scored_attempt_is_entered_in_the_gradebook_with_its_recording(speech: pk.LocalSpeech, take: Take) -> None:
    book = Book()
    practice = Practice(TEXT, speech, book, student="Maria", class_name="7b", task="Unit 1")
    shown = practice.score(practice.add("x", 0, take))
    (assessment, known), = book.rows  # fmt: skip
    assert assessment is practice.attempts[0].assessment
    assert (known["student"], known["class_name"], known["task"], known["recording"]) == (
        "Maria",
        "7b",
        "Unit 1",
        take.path,
    )
    assert known["key"] == "take:x"
    assert practice.attempts[0].attempt_id == "a1"
    assert shown["notice"] is None


def test_the_real_gradebook_takes_what_the_card_gives_it(speech: pk.LocalSpeech, take: Take, tmp_path: Path) -> None:
    gradebook = pytest.importorskip("pronounce_kit.gradebook")
    with gradebook.Gradebook(tmp_path / "class.db") as book:
        practice = Practice(TEXT, speech, book, student="Maria")
        assert practice.score(practice.add("x", 0, take))["notice"] is None
        kept = book.attempts(student="Maria")
        assert len(kept) == 1
        # As a batch calls it, so that the two are compared with themselves.
        assert (kept["service"][0], kept["service_version"][0]) == ("LocalSpeech", speech.version)
        assert book.audio(practice.attempts[0].attempt_id) == take.path.read_bytes()


def test_a_gradebook_that_fails_takes_no_score_away(speech: pk.LocalSpeech, take: Take) -> None:
    practice = Practice(TEXT, speech, Book(OSError("disk full")), student="Maria")
    shown = practice.score(practice.add("x", 0, take))
    assert shown["scene"]["overall"]
    assert "OSError: disk full" in shown["notice"]
    assert "This attempt is not in the gradebook." in shown["notice"]
    assert f"Your recording is kept: {take.path}" in shown["notice"]


class Down(pk.LocalSpeech):
    error: Exception = pk.NetworkError("There is no connection. Check the network.")

    def assess(self, *args: Any, **kwargs: Any) -> pk.Assessment:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (pk.NetworkError("There is no connection. Check the network."), "There is no connection. Check the network."),
        (pk.TextError("The text is empty. Give a sentence."), "The text is empty. Give a sentence."),
    ],
)
def test_what_the_service_cannot_do_is_told_in_its_words(error: Exception, said: str, take: Take) -> None:
    service = Down()
    service.error = error
    practice = Practice(TEXT, service)
    shown = practice.score(practice.add("x", 0, take))
    assert shown["problem"] == f"{said} Your recording is kept: {take.path}."
    assert shown["scene"] is None


@pytest.mark.parametrize("error", [KeyError("Words"), TypeError("assess() got an unexpected keyword argument")])
def test_a_fault_of_the_program_is_told_as_that_and_goes_to_the_teacher(error: Exception, take: Take) -> None:
    service = Down()
    service.error = error
    practice = Practice(TEXT, service)
    shown = practice.score(practice.add("x", 0, take))
    start = f"Something in the program broke. Your recording is kept: {take.path}. Show this to your teacher: "
    assert shown["problem"].startswith(f"{start}{type(error).__name__}: {error} (Python ")
    assert f"pronounce_kit {pk.__version__}" in shown["problem"]
    assert shown["scene"] is None


def test_sound_that_is_none_is_told_and_not_scored(speech: pk.LocalSpeech, tmp_path: Path) -> None:
    practice = Practice(TEXT, speech)
    shown = practice.score(practice.add("x", 0, keep(b"nonsense", tmp_path)))
    assert shown["problem"]
    assert shown["scene"] is None


def test_attempts_count_from_one_for_each_text(speech: pk.LocalSpeech, take: Take) -> None:
    practice = Practice([TEXT, "Good morning."], speech)
    assert [practice.add(str(i), index, take).number for i, index in enumerate((0, 0, 1, 0))] == [1, 2, 1, 3]


@pytest.mark.parametrize("texts", [[], "", "  ", ["Good morning.", ""], [3]])
def test_texts_that_cannot_be_read_are_refused(texts: Any) -> None:
    with pytest.raises(pk.TextError):
        Practice(texts)


def test_a_gradebook_needs_a_student() -> None:
    with pytest.raises(pk.InputError, match="student='a name'"):
        Practice(TEXT, gradebook=Book())


# --- the widget's messages --------------------------------------------------------------------------------------


class Browser:
    """The browser's side of a card: what it sends, and what comes back."""

    def __init__(self, card: Any) -> None:
        self.card, self.news = card, threading.Condition()
        self.messages: list[tuple[dict[str, Any], list[bytes]]] = []
        card.send = self._hear

    def _hear(self, content: dict[str, Any], buffers: Any = None) -> None:
        with self.news:
            self.messages.append((content, [bytes(b) for b in buffers or []]))
            self.news.notify_all()

    def tell(self, content: dict[str, Any], *buffers: bytes) -> None:
        self.card._handle_custom_msg(content, [memoryview(b) for b in buffers])

    def hears(self, kind: str) -> tuple[dict[str, Any], list[bytes]]:
        def find() -> tuple[dict[str, Any], list[bytes]] | None:
            return next((message for message in self.messages if message[0].get("kind") == kind), None)

        with self.news:
            assert self.news.wait_for(find, 60), f"no {kind} among {[m[0].get('kind') for m in self.messages]}"
            found = find()
        assert found is not None
        return found


@pytest.fixture
def browser(speech: pk.LocalSpeech, tmp_path: Path) -> Any:
    pytest.importorskip("anywidget")
    made: list[Any] = []

    def opened(texts: Any = (TEXT, "Good morning."), service: Any = speech, **options: Any) -> Browser:
        card = pk.widgets.PracticeCard(texts, service, folder=tmp_path / "takes", **options)
        made.append(card)
        return Browser(card)

    yield opened
    for card in made:
        card.close()


def test_a_take_is_on_disk_before_it_is_acknowledged_and_scored_after_that(browser: Any, sink: pk.Recording) -> None:
    page = browser()
    page.tell({"kind": "take", "id": "t", "attempt": "x", "index": 0, "reason": "stopped"}, sink.to_wav())
    kept, _ = page.hears("acknowledged")
    assert Path(kept["path"]).read_bytes() == sink.to_wav()
    scored, _ = page.hears("scored")
    assert (scored["id"], scored["number"], scored["problem"]) == ("x", 1, None)
    kinds = [content["kind"] for content, _ in page.messages]
    assert kinds.index("acknowledged") < kinds.index("scored")
    assert pk.words(page.card.assessments)["word"].tolist() == TEXT.rstrip(".").split()


def test_a_take_that_is_sent_again_is_one_attempt(browser: Any, sink: pk.Recording) -> None:
    page = browser()
    for _ in range(3):
        page.tell({"kind": "take", "id": "t", "attempt": "x", "index": 1}, sink.to_wav())
    page.hears("scored")
    assert len(page.card.attempts) == 1
    assert [content["kind"] for content, _ in page.messages].count("acknowledged") == 3


def test_a_new_page_is_told_of_what_was_done_and_gets_its_sound_on_demand(browser: Any, sink: pk.Recording) -> None:
    page = browser()
    page.tell({"kind": "take", "id": "t", "attempt": "x", "index": 0}, sink.to_wav())
    page.hears("scored")
    page.tell({"kind": "hello"})
    state, _ = page.hears("state")
    assert [attempt["scene"]["overall"]["label"] for attempt in state["attempts"]] == ["Overall"]
    page.tell({"kind": "sound", "attempt": "x"})
    assert page.hears("sound")[1] == [sink.to_wav()]


def test_the_model_voice_is_there_before_it_is_asked_for_and_says_pairs(browser: Any) -> None:
    page = browser()
    page.tell({"kind": "hello"})
    model, (sound,) = page.hears("model")
    assert pk.Recording.from_bytes(sound).duration_s == pytest.approx(model["duration_s"], abs=0.01)
    page.tell({"kind": "say", "text": "think. sink."})
    said, (sound,) = page.hears("said")
    assert said["text"] == "think. sink."
    assert pk.Recording.from_bytes(sound).duration_s > 0.8


def test_a_service_of_the_cloud_is_asked_for_nothing_that_nobody_wants(browser: Any) -> None:
    class Cloud:
        def __getattr__(self, name: str) -> Any:
            if name == "load":
                raise AttributeError(name)
            raise AssertionError(f"{name} was called")

    page = browser(service=Cloud())
    page.tell({"kind": "hello"})
    page.card.index = 1
    page.card._speaking.shutdown(wait=True)
    assert [content["kind"] for content, _ in page.messages] == ["state"]


def test_what_fails_behind_a_message_is_told_on_the_card(browser: Any) -> None:
    page = browser(service=Down())
    page.tell({"kind": "model", "index": 7})
    assert "IndexError" in page.hears("silent")[0]["message"]
    page.tell({"kind": "score"})
    assert "KeyError" in page.hears("problem")[0]["message"]
    page.tell({"kind": "unheard of"})
    page.tell({})


def test_the_index_stays_within_the_texts(browser: Any) -> None:
    card = browser().card
    for asked, kept in ((5, 1), (-3, 0)):
        card.index = asked
        assert card.index == kept


def test_importing_the_kit_loads_no_widgets() -> None:
    import subprocess
    import sys

    code = "import sys, pronounce_kit, pronounce_kit.sounds; print({'anywidget', 'ipywidgets'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"
