"""The one colour scale for scores, the words for what happened to a word, and text to HTML.

Everything that shows a score, in HTML or in a chart, takes its colours, labels and wording from here:

    score            band        fill (light theme)   meaning
    80 and more      good        pale blue            well said
    60 to below 80   fair        amber                understood, could be better
    below 60         poor        dark vermilion       mispronounced (the service's own rule for words)
    none             unscored    none, dotted edge    missing, which is never 0
    any, in noise    unsure      grey, hatched        not to be trusted: the recording is noisy or distorted

The fills differ in lightness as well as in hue, so they stay apart for colour-blind readers and on grey prints,
and their text has a contrast of 4.5:1 at least (`tests/test_highlight.py` computes both). What happened to a word
also shows without any colour: a wavy line under a mispronounced word, a dashed box and brackets for a skipped one,
"+" and italics for an added one, a dotted box for one without a score.

Scores are shown on the scale 0-100. A FivePoint reply does not name its scale, but gives it away where it has no
score above 5 and yet calls a word right: out of 100, the service would call that word mispronounced. Such an
assessment is shown times 20 (`on_hundred`). One without error types gives nothing away and is read as 0-100: multiply
its scores by 20, or ask for HundredMark. Tables (`frames`) are always read as 0-100.

`tag` is the one point where text turns into HTML. It escapes all that is not `Markup`, and only `tag`, `fragment`
and the constants of this package make `Markup`.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeVar

from .display.naming import sound_label

if TYPE_CHECKING:
    from .results import Assessment, Phoneme, Scores, Syllable, Word

    _Scored = TypeVar("_Scored", Word, Syllable, Phoneme)

MISPRONOUNCED_BELOW = 60.0
"""The service calls a word mispronounced when its accuracy is below this."""

GOOD_FROM = 80.0
"""From here on a score counts as good; between the two thresholds it could be better."""


# --- the colour scale -------------------------------------------------------------------------------------------


BandName = Literal["good", "fair", "poor", "unscored", "unsure"]


class Band(NamedTuple):
    """A range of scores and its colours, all "#rrggbb"; `fill` and `ink` (text on it) for light and dark themes.

    `line` is for lines and text on a white ground. A band without a fill of its own has that of the page.
    """

    name: BandName
    label: str
    fill: str
    ink: str
    line: str
    dark_fill: str
    dark_ink: str


PAGE = ("#ffffff", "#1f2328")
"""Ground and text of the light theme."""

DARK_PAGE = ("#16191d", "#e8eaed")
"""Ground and text of the dark theme."""

GOOD = Band("good", "good", "#d3e7f8", "#0a2a43", "#2f6690", "#16405f", "#e6f2fc")
FAIR = Band("fair", "could be better", "#f4bd3a", "#2b1d00", "#8a6100", "#8a6400", "#ffffff")
POOR = Band("poor", "mispronounced", "#a63603", "#ffffff", "#a63603", "#ffa46e", "#2a0f00")
UNSCORED = Band("unscored", "no score", *PAGE, "#59636e", *DARK_PAGE)
BANDS = (GOOD, FAIR, POOR, UNSCORED)

UNSURE = Band("unsure", "not sure", "#eceff2", PAGE[1], "#59636e", "#2c333b", DARK_PAGE[1])
"""Of no score: for all words and scores of a recording that is too noisy, too loud or too quiet."""


def band(score: float | None) -> Band:
    """The band of a score on 0-100; None and NaN are unscored."""
    if score is None or math.isnan(score):
        return UNSCORED
    if score < MISPRONOUNCED_BELOW:
        return POOR
    return FAIR if score < GOOD_FROM else GOOD


def score_text(score: float | None) -> str:
    """A score for people: a whole number, with a decimal only where rounding would lift it into the next band."""
    if score is None or math.isnan(score):
        return "–"
    if band(round(score)) is band(score):
        return f"{round(score)}"
    return f"{math.floor(score * 10) / 10:.1f}"


def on_hundred(assessment: Assessment) -> Assessment:
    """The assessment with its scores on 0-100: itself, or times 20 where it is clearly out of 5."""
    words = assessment.words
    called_right = any(word.error_type == "None" and word.accuracy_score for word in words)
    shown = [score for _, _, score in score_rows(assessment.scores)] + [word.accuracy_score for word in words]
    shown += [sound.accuracy_score for word in words for sound in word.phonemes]
    if not called_right or any(score > 5 for score in shown if score is not None):
        return assessment

    from dataclasses import fields, replace  # rarely needed, and slow to import

    def scaled(part: _Scored) -> _Scored:
        return replace(part, accuracy_score=None if part.accuracy_score is None else part.accuracy_score * 20)

    scores = {field.name: getattr(assessment.scores, field.name) for field in fields(assessment.scores)}
    return replace(
        assessment,
        scores=replace(assessment.scores, **{name: s if s is None else s * 20 for name, s in scores.items()}),
        words=tuple(
            replace(
                scaled(word), phonemes=tuple(map(scaled, word.phonemes)), syllables=tuple(map(scaled, word.syllables))
            )
            for word in words
        ),
    )


# --- what happened to a word ------------------------------------------------------------------------------------

WordState = Literal["good", "fair", "mispronounced", "skipped", "added", "unscored"]

STATE_LABELS: dict[WordState, str] = {
    "good": "good",
    "fair": "could be better",
    "mispronounced": "mispronounced",
    "skipped": "skipped",
    "added": "added, not in the text",
    "unscored": "no score",
}
"""What happened to a word, in words for a learner."""


def word_state(error_type: str | None, score: float | None) -> WordState:
    """What happened to a word, from its ErrorType and its accuracy on 0-100.

    Without an error type (the service's Basic dimension) the service's own rule decides: below 60 is mispronounced.
    """
    if error_type == "Omission":
        return "skipped"
    if error_type == "Insertion":
        return "added"
    of_score = band(score)
    if error_type == "Mispronunciation" or of_score is POOR:
        return "mispronounced"
    if of_score is UNSCORED:
        return "unscored"
    return "good" if of_score is GOOD else "fair"


def word_band(state: WordState, score: float | None) -> Band:
    """The colours of a word. Skipped and added words have none: their score says nothing about the text."""
    if state in ("skipped", "added"):
        return UNSCORED
    return POOR if state == "mispronounced" and band(score) is UNSCORED else band(score)


def word_text(word: str, state: WordState) -> str:
    """The word as shown: "[the]" where skipped, "+um" where added, so that it also reads without any styling."""
    shown = " ".join(word.split()) or "?"
    return {"skipped": f"[{shown}]", "added": f"+{shown}"}.get(state, shown)


def heard_instead(expected: str | None, heard: str | None, score: float | None) -> str | None:
    """The sound heard in place of the expected one, or None.

    A sound with a good score counts as the expected one, whatever candidate came first.
    """
    if not heard or heard == expected or band(score) is GOOD:
        return None
    return heard


def sound_name(phoneme: str | None, index: int) -> str:
    """The phoneme, or "sound 2" where the service gives no name; `index` counts from 0 within the word."""
    return phoneme or f"sound {index + 1}"


class Mark(NamedTuple):
    """A small sign at a word, what it means, and the same as a note on the word."""

    sign: str
    label: str
    note: str


UNEXPECTED_BREAK = Mark("‖", "pause that does not belong here", "a pause before it that does not belong")
MISSING_BREAK = Mark("¦", "pause missing here", "a pause missing before it")
MONOTONE = Mark("→", "flat voice", "said in a flat voice")


def headline(words: Sequence[tuple[str, WordState]]) -> str:
    """The finding in one line: "1 of 8 words needs practice: very; could be better: think". "" without words.

    Added words do not count as words of the text.
    """
    of_state: dict[WordState, list[str]] = {}
    for word, state in words:
        of_state.setdefault(state, []).append(shortened(word_text(word, "good")))
    total = sum(len(found) for state, found in of_state.items() if state != "added")
    of_text = f"{total} word{'' if total == 1 else 's'}"
    parts = []
    if poor := of_state.get("mispronounced"):
        verb = "needs" if len(poor) == 1 else "need"
        parts.append(f"{len(poor)} of {of_text} {verb} practice: {listed(poor)}")
        if fair := of_state.get("fair"):
            parts.append(f"could be better: {listed(fair)}")
    elif fair := of_state.get("fair"):
        parts.append(f"{len(fair)} of {of_text} could be better: {listed(fair)}")
    elif good := of_state.get("good"):
        parts.append(f"{all_are(total, 'word')} good" if len(good) == total else f"{len(good)} of {of_text} good")
    elif unscored := of_state.get("unscored"):
        parts.append(f"{len(unscored)} word{'' if len(unscored) == 1 else 's'} without a score")
    parts.extend(
        f"{len(found)} {state}: {listed(found)}" for state in ("skipped", "added") if (found := of_state.get(state))
    )
    return "; ".join(parts)


def listed(things: Iterable[str], limit: int = 5) -> str:
    """The first few, and how many more: "a, b and 2 more"; each thing comes once, however often it is given."""
    distinct = list(dict.fromkeys(things))
    more = f" and {len(distinct) - limit} more" if len(distinct) > limit else ""
    return ", ".join(distinct[:limit]) + more


def counted(count: int, thing: str) -> str:
    """A number of things: "1 row", "2 rows", "1,000 rows"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def all_are(count: int, thing: str) -> str:
    """How a sentence on all of them begins: "The word is", "Both words are", "All 8 words are"."""
    return {1: f"The {thing} is", 2: f"Both {thing}s are"}.get(count) or f"All {counted(count, thing)} are"


def shortened(word: str) -> str:
    """A word for a line of our text: at most 24 characters, and of either direction."""
    shown = word if len(word) <= 24 else f"{word[:23]}…"
    # After a word from right to left, a mark keeps the signs and numbers that follow on its right.
    return f"{shown}\u200e" if any(unicodedata.bidirectional(c) in ("R", "AL") for c in shown) else shown


def describe_word(word: Word) -> str:
    """A word in plain text: "think: 34 of 100, mispronounced; th (think) heard as s (sun)"."""
    state = word_state(word.error_type, word.accuracy_score)
    said = STATE_LABELS[state]
    if word.accuracy_score is not None and state not in ("skipped", "added"):
        said = f"{score_text(word.accuracy_score)} of 100, {said}"
    return "; ".join([f"{shortened(word_text(word.word, 'good'))}: {said}", *word_notes(word)])


def word_notes(word: Word) -> list[str]:
    """What else there is to say of a word: sounds heard as others, breaks, a flat voice."""
    heard_as = []
    if word_state(word.error_type, word.accuracy_score) not in ("skipped", "added"):
        heard_as = [
            f"{sound_label(sound.phoneme, index)} heard as {sound_label(heard)}"
            for index, sound in enumerate(word.phonemes)
            if (heard := heard_instead(sound.phoneme, sound.heard, sound.accuracy_score))
        ]
    return [*heard_as, *(mark.note for mark in _breaks(word)), *([MONOTONE.note] if word.monotone else [])]


def _breaks(word: Word) -> list[Mark]:
    return [
        mark
        for found, mark in ((word.unexpected_break, UNEXPECTED_BREAK), (word.missing_break, MISSING_BREAK))
        if found
    ]


_STATUS_MESSAGES = {
    "NoMatch": "No words were recognized. Speak clearly and close to the microphone, then read again.",
    "InitialSilenceTimeout": "No speech was heard. Check that the microphone is on, then read again.",
    "BabbleTimeout": "Only noise was heard. Find a quieter place, then read again.",
    "Error": "The speech service could not finish. Try again in a moment.",
}


def status_message(assessment: Assessment) -> str | None:
    """Why there is nothing to score, in plain words; None when there is something."""
    if assessment.status in _STATUS_MESSAGES:
        return _STATUS_MESSAGES[assessment.status]
    if assessment.words:
        if all(word.error_type == "Omission" for word in assessment.words):
            return "No speech was heard: every word of the text was skipped. Check the microphone, then read again."
        return None
    if any(score is not None for _, _, score in score_rows(assessment.scores)):
        return None
    if assessment.display_text or assessment.lexical:
        return "The words were recognized, but not scored. Assess the recording against a text to get scores."
    if assessment.status in (None, "Success", "EndOfDictation"):
        return "The reply of the speech service is empty: nothing was scored. Read again."
    return f"The speech service reports {assessment.status}: nothing was scored. Read again."


SCORE_LABELS: dict[str, tuple[str, str]] = {
    "pron": ("Overall", "all scores together; the lowest counts most"),
    "accuracy": ("Accuracy", "the sounds are right"),
    "fluency": ("Fluency", "smooth, with pauses where they belong"),
    "completeness": ("Completeness", "the words of the text were read"),
    "prosody": ("Prosody", "melody, stress and rhythm"),
}
"""Field of `Scores` -> its name and what it says, for a learner."""


def score_rows(scores: Scores) -> list[tuple[str, str, float | None]]:
    """The scores of the whole text as (name, what it says, score 0-100 or None), in the order of `SCORE_LABELS`."""
    return [(label, meaning, getattr(scores, field)) for field, (label, meaning) in SCORE_LABELS.items()]


# --- HTML -------------------------------------------------------------------------------------------------------


class Markup(str):
    """HTML that may be shown as it is: made by `tag` and `fragment`, or a constant of this package."""

    __slots__ = ()


_VOID = frozenset({"br", "img", "meta", "source"})

# Characters that HTML must not hold, and halves of surrogate pairs, which no file can.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def _escape(content: object) -> Markup:
    if isinstance(content, Markup):
        return content
    return Markup(html.escape(_UNPRINTABLE.sub("\ufffd", str(content))))


def fragment(*content: object) -> Markup:
    """Pieces of HTML in a row; what is not `Markup` is escaped, None is left out."""
    return Markup("".join(_escape(piece) for piece in content if piece is not None))


def tag(name: str, /, *content: object, **attributes: object) -> Markup:
    """An HTML element; content and attribute values that are not `Markup` are escaped.

    `class_` stands for class, `aria_label` for aria-label. An attribute of None or False is left out, one of True
    has no value. `name` and the attributes' names come from our code, never from a user.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{_escape(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    start = f"<{name}{written}>"
    return Markup(start) if name in _VOID else Markup(f"{start}{fragment(*content)}</{name}>")


def _variables(dark: bool) -> str:
    ground, text = DARK_PAGE if dark else PAGE
    colours = {
        "ground": ground,
        "text": text,
        "faint": "#a5adb6" if dark else "#59636e",
        "hatch": UNSURE.dark_fill if dark else UNSURE.fill,
        "edge": "#4a525b" if dark else "#c3cad1",
    }
    for of_score in (GOOD, FAIR, POOR):
        colours[of_score.name] = of_score.dark_fill if dark else of_score.fill
        colours[f"{of_score.name}-ink"] = of_score.dark_ink if dark else of_score.ink
    scheme = "dark" if dark else "light"
    return f"color-scheme:{scheme};" + ";".join(f"--pk-{name}:{colour}" for name, colour in colours.items())


# The reader's system decides on the theme, unless JupyterLab, VS Code or Colab says what theme is on.
_DARK_HOSTS = ('[data-jp-theme-light="false"]', ".vscode-dark", "html[theme=dark]")
_LIGHT_HOSTS = ('[data-jp-theme-light="true"]', ".vscode-light", "html[theme=light]")

STYLE = Markup(
    f"""
.pk{{{_variables(dark=False)}}}
@media (prefers-color-scheme:dark){{.pk{{{_variables(dark=True)}}}}}
{",".join(f"{host} .pk" for host in _LIGHT_HOSTS)}{{{_variables(dark=False)}}}
{",".join(f"{host} .pk" for host in _DARK_HOSTS)}{{{_variables(dark=True)}}}
@media print{{.pk.pk.pk{{{_variables(dark=False)};print-color-adjust:exact;-webkit-print-color-adjust:exact}}}}
"""
    # "&" is repeated below, to outweigh what notebooks and pages say of tables and lists.
    + """
&{background:var(--pk-ground);color:var(--pk-text);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;
 max-width:60rem;padding:.75rem 1rem;border-radius:.5rem;box-sizing:border-box;text-align:start}
& p,& ul{margin:0 0 .6rem;padding:0;overflow-wrap:anywhere}
& li{margin:0;padding:0}
& .pk-sentence{font-size:1.35em;line-height:2}
& .pk-word{display:inline-block;max-width:100%;box-sizing:border-box;overflow-wrap:anywhere;line-height:1.35;
 margin:.1em .06em;padding:.05em .3em;border:2px solid transparent;border-radius:.3em}
& .pk-good{background:var(--pk-good);color:var(--pk-good-ink)}
& .pk-fair{background:var(--pk-fair);color:var(--pk-fair-ink)}
& .pk-poor{background:var(--pk-poor);color:var(--pk-poor-ink)}
& .pk-unscored{border:2px dotted var(--pk-faint)}
& .pk-unsure{background:repeating-linear-gradient(135deg,transparent 0 6px,var(--pk-hatch) 6px 9px);
 border-color:var(--pk-edge)}
& .pk-mispronounced{text-decoration:underline wavy 2px;text-underline-offset:.18em;text-decoration-skip-ink:none}
& .pk-skipped{border:2px dashed var(--pk-faint)}
& .pk-added{font-style:italic;border-bottom:2px solid var(--pk-faint);border-radius:0}
& .pk-mark{font-weight:bold;margin:0 .1em;color:var(--pk-text)}
& sup{font-size:.65em;line-height:0}
& .pk-message{font-size:1.15em;font-weight:600;border-inline-start:.3em solid var(--pk-fair);padding-inline-start:.6em}
& .pk-headline{font-weight:600}
& .pk-tips{list-style:none;padding:0}
& .pk-scores{list-style:none;display:flex;flex-wrap:wrap;gap:.4rem}
& .pk-score{display:flex;flex-direction:column-reverse;justify-content:flex-end;padding:.2rem .7rem;font-size:.8rem;
 border:2px solid transparent;border-radius:.4rem;min-width:5.5rem;text-align:center}
& .pk-score strong{font-size:1.35rem;line-height:1.35}
& .pk-score.pk-unscored{border:2px dotted var(--pk-faint)}
& .pk-score.pk-unscored strong{font-size:.85rem;line-height:2.15;font-weight:400}
& .pk-legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.8rem;color:var(--pk-faint)}
& .pk-legend span{margin-inline-end:.4em}
& table{border-collapse:collapse;table-layout:auto;margin:0 0 .6rem;font-size:.9rem;color:inherit;border:0}
& table,& tr,& thead,& tr:hover{background:none;border:0}
& caption{text-align:start;font-weight:600;padding:0 0 .2rem;color:inherit}
& th,& td{text-align:start;padding:.2rem .9rem .2rem 0;border:0;border-bottom:1px solid var(--pk-edge);background:none;
 color:inherit;vertical-align:baseline}
& thead th{font-weight:400;color:var(--pk-faint)}
& td .pk-word{min-width:2.4em;text-align:center;font-variant-numeric:tabular-nums}
""".replace("&", ".pk.pk.pk")
)
"""CSS of all HTML made here, scoped by the class `pk`; in a page it goes into the head, once."""


def score_cell(score: float | None) -> Markup:
    """A table cell with a score on its colour, or with "no score"."""
    state = word_state(None, score)
    css = f"pk-word pk-{band(score).name}"
    return tag("td", tag("span", score_text(score), class_=css, title=STATE_LABELS[state]))
