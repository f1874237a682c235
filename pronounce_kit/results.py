"""Typed results of an assessment, and the one reader of the Speech service's replies.

A reply comes in three shapes: flat (REST) with the scores on each object, nested (socket SDK) with the scores in
a `PronunciationAssessment` object on each, and a list of replies (long audio). `read_reply` turns each into the
flat shape; the `*_FIELDS` tables say which of its keys become which field, here and in the columns of `frames`.
What people have of a reply is often wrapped in something else: `unwrapping` finds it there.

Rules of reading:

- Times are seconds; the reply counts ticks of 100 ns. Scores keep the reply's scale: 0-100, or 0-5 with FivePoint.
- Numbers may be strings. What is absent, null, not finite or no number at all is None, never 0 and never an error.
- An omitted word was not said: it, its syllables and phonemes have neither score nor time, though the reply says 0.
- Where nothing was said (no match, silence, noise, or every word omitted), the text has no score at all.
- Silence with a reference text comes as a Success: the text ".", every word omitted, zeros for scores. Read, its status
  is "InitialSilenceTimeout", as of silence without a text; `raw` keeps what the service wrote.
- Breaks, monotone speech and misplaced stress are found in `Feedback` only; the error type knows nothing of them.
  `delivery` says when a word is flagged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from .delivery import Flags, Heard, error_types, flags_of
from .errors import ReplyError
from .flags import NOISY_REPLY_SNR_DB, VERDICTS
from .unwrapping import NESTED, REPLY_KEYS, shorten, unwrap

Json: TypeAlias = dict[str, Any]

TICKS_PER_SECOND = 10_000_000

STATUSES = ("Success", "NoMatch", "InitialSilenceTimeout", "BabbleTimeout", "Error", "EndOfDictation")
"""Recognition statuses in the order of the service's own numbers; a few replies give the number."""

NOTHING_HEARD = frozenset(STATUSES[1:5])
"""Statuses under which there is nothing to score."""

RECORDING_FLAGS = "RecordingFlags"
"""Key of a reply under which the embedded engine names what is wrong with the recording."""

# Keys that hold what was measured on speech; an omitted word has none of it, whatever the reply says.
_MEASURED = frozenset({"AccuracyScore", "Offset", "Duration", "Confidence", "Feedback", "NBestPhonemes", NESTED})


# --- reading one value ------------------------------------------------------------------------------------------


def number(value: object) -> float | None:
    """A finite number, also from a string; anything else is None."""
    if type(value) is float:  # most are
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool):
        return None
    try:
        result = float(value)  # type: ignore[arg-type]  # the except clause is the check
    except (TypeError, ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def seconds(value: object) -> float | None:
    """Ticks of 100 ns as seconds."""
    ticks = number(value)
    return None if ticks is None else ticks / TICKS_PER_SECOND


def whole(value: object) -> int | None:
    """A count or an index; anything else is None."""
    result = number(value)
    return int(result) if result is not None and 0 <= result < 2**31 and result == int(result) else None


def text(value: object) -> str | None:
    """A string that is not empty; anything else is None."""
    return value if isinstance(value, str) and value else None


def verbatim(value: object) -> str | None:
    """A string, also the empty one, which as a reference text means unscripted."""
    return value if isinstance(value, str) else None


def status_name(value: object) -> str | None:
    """The name of a recognition status, also from the service's number for it (0 is Success)."""
    if value in STATUSES:  # most are
        return str(value)
    code = number(value)
    if code is None:
        return text(value)
    return STATUSES[int(code)] if code in range(len(STATUSES)) else str(value)


# --- which key becomes which field ------------------------------------------------------------------------------


class Field(NamedTuple):
    """A field of a result: its name, its key in the flat reply, and how the value there is read."""

    name: str
    key: str
    read: Callable[[object], Any]


SCORE_FIELDS = (
    Field("pron_score", "PronScore", number),
    Field("accuracy_score", "AccuracyScore", number),
    Field("fluency_score", "FluencyScore", number),
    Field("completeness_score", "CompletenessScore", number),
    Field("prosody_score", "ProsodyScore", number),
)
UTTERANCE_FIELDS = (
    Field("reference_text", "ReferenceText", verbatim),
    Field("recognition_status", "RecognitionStatus", status_name),
    Field("display_text", "DisplayText", text),
    Field("lexical", "Lexical", text),
    Field("offset_s", "Offset", seconds),
    Field("duration_s", "Duration", seconds),
    Field("snr_db", "SNR", number),
    Field("confidence", "Confidence", number),
)
_MEASURE_FIELDS = (
    Field("accuracy_score", "AccuracyScore", number),
    Field("offset_s", "Offset", seconds),
    Field("duration_s", "Duration", seconds),
)
WORD_FIELDS = (
    Field("word", "Word", text),
    Field("error_type", "ErrorType", text),
    Field("confidence", "Confidence", number),
    *_MEASURE_FIELDS,
)
# Keys of the object that `prosody_of` finds in a word.
PROSODY_FIELDS = (
    Field("unexpected_break_confidence", "UnexpectedBreak", number),
    Field("missing_break_confidence", "MissingBreak", number),
    Field("break_length_s", "BreakLength", seconds),
    Field("monotone_confidence", "Monotone", number),
    Field("syllable_pitch_delta_confidence", "SyllablePitchDelta", number),
    Field("misplaced_stress_confidence", "MisplacedStress", number),
    Field("expected_stress", "ExpectedStress", whole),
    Field("said_stress", "SaidStress", whole),
)
# Keys of the object that `pace_of` finds in a whole text.
PACE_FIELDS = (
    Field("words_per_minute", "WordsPerMinute", number),
    Field("syllables_per_minute", "SyllablesPerMinute", number),
    Field("articulation_rate", "ArticulationRate", number),
    Field("pause_count", "Count", whole),
    Field("boundary_pause_count", "AtBoundaries", whole),
    Field("pause_total_s", "Total", seconds),
    Field("longest_pause_s", "Longest", seconds),
)
SYLLABLE_FIELDS = (Field("syllable", "Syllable", text), Field("grapheme", "Grapheme", text), *_MEASURE_FIELDS)
PHONEME_FIELDS = (Field("phoneme", "Phoneme", text), *_MEASURE_FIELDS)


def read_fields(obj: Json, fields: Iterable[Field]) -> dict[str, Any]:
    """The fields of one flat object."""
    return {name: read(obj.get(key)) for name, key, read in fields}


# --- results ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NBestPhoneme:
    """A sound that the service may have heard.

    Attributes
    ----------
    phoneme : str
        Its name; "" where the reply names none.
    score : float or None
        How sure the service is of it, 0-100.

    Examples
    --------
    >>> first = assessment.words[1].phonemes[0].nbest[0]
    >>> first.phoneme, 0 <= first.score <= 100
    ('s', True)
    """

    phoneme: str
    score: float | None


@dataclass(frozen=True, slots=True)
class Phoneme:
    """A sound of the reference pronunciation.

    Attributes
    ----------
    phoneme : str or None
        Its name; None where the reply leaves it empty, as it does outside en-US and zh-CN.
    accuracy_score : float or None
        0-100, or 0-5 with FivePoint; None for a sound of a word that was not said.
    offset_s : float or None
        Seconds from the recording's start to that of the sound.
    duration_s : float or None
        Length in seconds.
    nbest : tuple of NBestPhoneme
        The sounds heard in its place, likeliest first; empty unless candidates were asked for.

    Examples
    --------
    >>> sound = assessment.words[1].phonemes[0]
    >>> sound.phoneme, sound.heard, sound.accuracy_score < 60
    ('th', 's', True)
    """

    phoneme: str | None
    accuracy_score: float | None
    offset_s: float | None
    duration_s: float | None
    nbest: tuple[NBestPhoneme, ...] = ()

    @property
    def heard(self) -> str | None:
        """The likeliest sound heard here, or None where the reply has no candidates."""
        return (self.nbest[0].phoneme or None) if self.nbest else None


@dataclass(frozen=True, slots=True)
class Syllable:
    """A syllable of a word.

    Attributes
    ----------
    syllable : str or None
        Its phonemes, as one name.
    grapheme : str or None
        Its letters; None for a word unknown to the service.
    accuracy_score : float or None
        0-100, or 0-5 with FivePoint.
    offset_s : float or None
        Seconds from the recording's start to that of the syllable.
    duration_s : float or None
        Length in seconds.

    Examples
    --------
    >>> [syllable.syllable for syllable in assessment.words[3].syllables]
    ['weh', 'dher']
    """

    syllable: str | None
    grapheme: str | None
    accuracy_score: float | None
    offset_s: float | None
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the reference text, or one that the speaker added.

    Breaks are those before the word. Stress is told by the embedded engine alone, for words of several syllables.

    Attributes
    ----------
    word : str
        As it is written; "" where the reply names none.
    accuracy_score : float or None
        0-100, or 0-5 with FivePoint; None for a word that was not said.
    error_type : str or None
        "None", "Mispronunciation", "Omission" or "Insertion"; None where the reply has none.
    offset_s : float or None
        Seconds from the recording's start to that of the word.
    duration_s : float or None
        Length in seconds.
    confidence : float or None
        How sure the service is of the word, 0-1.
    syllables : tuple of Syllable
        Its syllables, where the reply has them.
    phonemes : tuple of Phoneme
        Its sounds; empty above the granularity "Phoneme".
    unexpected_break_confidence : float or None
        That the speaker paused where no pause belongs, 0 to 1; over 1 occurs. None without prosody, as the next three.
    missing_break_confidence : float or None
        That a pause is missing, 0 to 1.
    break_length_s : float or None
        Seconds of silence before the word.
    unexpected_break, missing_break, monotone : bool or None
        The service's own verdicts (ErrorTypes), not drawn from its confidences: see `delivery`; None without prosody,
        and where it is not known.
    misplaced_stress : bool or None
        Whether another syllable was stressed than should be.
    monotone_confidence : float or None
        That the word was said in a flat voice, 0 to 1.
    syllable_pitch_delta_confidence : float or None
        High where the pitch moves, low in monotone speech, 0 to 1.
    misplaced_stress_confidence : float or None
        That another syllable was stressed than should be, 0 to 1; None where that is not known.
    expected_stress : int or None
        The syllable, from 0, that should bear the stress.
    said_stress : int or None
        The syllable, from 0, that did.

    Examples
    --------
    >>> think = assessment.words[1]
    >>> think.word, think.error_type, [sound.phoneme for sound in think.phonemes]
    ('think', 'Mispronunciation', ['th', 'ih', 'ng', 'k'])
    """

    word: str
    accuracy_score: float | None
    error_type: str | None
    offset_s: float | None
    duration_s: float | None
    confidence: float | None = None
    syllables: tuple[Syllable, ...] = ()
    phonemes: tuple[Phoneme, ...] = ()
    unexpected_break: bool | None = None
    missing_break: bool | None = None
    monotone: bool | None = None
    misplaced_stress: bool | None = None
    unexpected_break_confidence: float | None = None
    missing_break_confidence: float | None = None
    break_length_s: float | None = None
    monotone_confidence: float | None = None
    syllable_pitch_delta_confidence: float | None = None
    misplaced_stress_confidence: float | None = None
    expected_stress: int | None = None
    said_stress: int | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of the whole text on the reply's scale: 0-100, or 0-5 with FivePoint.

    Attributes
    ----------
    pron : float or None
        Overall, made of the others; the lowest weighs most.
    accuracy : float or None
        How well the words were said.
    fluency : float or None
        How even the reading was, with pauses where they belong.
    completeness : float or None
        Share of the text's words that were said well; None for unscripted speech.
    prosody : float or None
        Melody, stress and rhythm; None unless it was asked for.

    Examples
    --------
    >>> assessment.scores.pron > 80, assessment.scores.prosody
    (True, None)
    """

    pron: float | None = None
    accuracy: float | None = None
    fluency: float | None = None
    completeness: float | None = None
    prosody: float | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast the text was read, with its pauses; told by the embedded engine alone, with prosody.

    Attributes
    ----------
    words_per_minute : float or None
        Words a minute, from the first sound to the last.
    syllables_per_minute : float or None
        Syllables a minute, likewise.
    articulation_rate : float or None
        Syllables a minute without the pauses.
    pause_count : int or None
        Number of pauses.
    boundary_pause_count : int or None
        Number of those at punctuation.
    pause_total_s : float or None
        Seconds of all pauses together.
    longest_pause_s : float or None
        Seconds of the longest.

    Examples
    --------
    >>> asked = pk.PronunciationScoreParams(text, enable_prosody_assessment=True)
    >>> 60 < service.assess(recording, params=asked).pace.words_per_minute < 300
    True
    """

    words_per_minute: float | None = None
    syllables_per_minute: float | None = None
    articulation_rate: float | None = None
    pause_count: int | None = None
    boundary_pause_count: int | None = None
    pause_total_s: float | None = None
    longest_pause_s: float | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Assessment:
    """What the Speech service said about one recording.

    In a notebook it shows itself as the text in colours. Comparing two assessments leaves `raw` and `flags` out.

    Attributes
    ----------
    status : str or None
        The service's RecognitionStatus ("Success", "NoMatch", "InitialSilenceTimeout", "BabbleTimeout"); None for an
        empty reply, and "InitialSilenceTimeout" for silence too that the service calls a Success with zeros as scores.
    display_text : str or None
        What was recognized, with capitals and punctuation.
    lexical : str or None
        The words as they were said.
    reference_text : str or None
        The text that was to be read; "" for unscripted speech, None where nobody gave it.
    scores : Scores
        Of the whole text, each 0-100 or 0-5; all None where nothing was said.
    words : tuple of Word
        In the order of the text.
    offset_s : float or None
        Seconds from the recording's start to that of the speech.
    duration_s : float or None
        Seconds from the first word's start to the last one's end.
    snr_db : float or None
        Ratio of speech to noise, dB.
    confidence : float or None
        How sure the service is of the text, 0-1.
    raw : dict or list of dict
        The reply itself, not a copy: the tables are read from it, so leave it as it is.
    utterance_id : str or None
        A name for the recording, by which tables join.
    student : str or None
        Who read.
    pace : Pace
        How fast, where the reply says so.
    flags : tuple of str or None
        What is wrong with a recording in which something was heard, names of `flags.VERDICTS`, as far as the reply
        tells or whoever had the recording found out; None where nobody knows.

    Examples
    --------
    >>> assessment
    <Assessment Success: 'I think the weather is very nice.'; pron ...; 'think' Mispronunciation>
    >>> [word.word for word in assessment.words if word.accuracy_score < 60]
    ['think']
    """

    status: str | None
    display_text: str | None
    lexical: str | None
    reference_text: str | None
    scores: Scores
    words: tuple[Word, ...]
    offset_s: float | None
    duration_s: float | None
    snr_db: float | None
    confidence: float | None
    raw: Any = field(compare=False)
    utterance_id: str | None = None
    student: str | None = None
    pace: Pace = Pace()
    flags: tuple[str, ...] | None = field(default=None, compare=False)

    @classmethod
    def from_json(
        cls,
        obj: object,
        *,
        reference_text: str | None = None,
        utterance_id: str | None = None,
        student: str | None = None,
    ) -> Assessment:
        """Read a reply of any shape: REST, socket SDK or long audio.

        A list is one long recording: accuracy is the mean over its words, completeness the share of those that are
        right, fluency and prosody are weighted by the duration of the pieces.

        Parameters
        ----------
        obj : dict, list of dict, str or bytes
            The reply, or its JSON; also what it is wrapped in: a download from Speech Studio, a result of the SDK or
            its JSON, JSON in a string, keys in camelCase (see `unwrapping`). `raw` is then the reply within.
        reference_text, utterance_id : str, optional
            Default to the reply's own ReferenceText and Id, where it has them.
        student : str, optional
            Who read.

        Returns
        -------
        Assessment
            Numbers may be strings in the reply; what is absent, null or no number is None.

        Raises
        ------
        ReplyError
            For what is no reply.

        Examples
        --------
        >>> pk.Assessment.from_json({"RecognitionStatus": "NoMatch"}).scores.pron is None
        True
        >>> pk.Assessment.from_json(assessment.raw).words == assessment.words
        True
        """
        raw = unwrap(obj)
        top, words = read_reply(raw)
        fields = read_fields(top, UTTERANCE_FIELDS)
        fields["status"] = fields.pop("recognition_status")
        if reference_text is not None:
            fields["reference_text"] = reference_text
        of_words = word_flags(words, fields["reference_text"])
        return cls(
            **fields,
            scores=Scores(**{name.removesuffix("_score"): v for name, v in read_fields(top, SCORE_FIELDS).items()}),
            words=tuple(map(_word, words, of_words)),
            pace=Pace(**read_fields(pace_of(top), PACE_FIELDS)),
            flags=flags_in(top),
            raw=raw,
            utterance_id=text(top.get("Id")) if utterance_id is None else str(utterance_id),
            student=None if student is None else str(student),
        )

    def __repr__(self) -> str:
        said = [
            f"{name} {value:g}"
            for name in Scores.__dataclass_fields__
            if (value := getattr(self.scores, name)) is not None
        ]
        wrong = [
            f"{word.word!r} {word.error_type}"
            for word in self.words
            if word.error_type is not None and word.error_type != "None"
        ]
        if len(wrong) > 8:
            wrong[8:] = [f"{len(wrong) - 8} more"]
        parts = (self.display_text and repr(self.display_text), ", ".join(said) or "no scores", ", ".join(wrong))
        return f"<Assessment {self.status or 'without status'}: {'; '.join(filter(None, parts))}>"

    def _repr_html_(self) -> str:
        """The text in colours, for a notebook."""
        from .display.html import assessment_html  # which imports this module

        return assessment_html(self)


def _word(word: Json, flags: Flags) -> Word:
    fields = read_fields(word, WORD_FIELDS)
    fields["word"] = fields["word"] or ""
    return Word(
        **fields,
        **flags._asdict(),
        **read_fields(prosody_of(word), PROSODY_FIELDS),
        syllables=tuple(Syllable(**read_fields(s, SYLLABLE_FIELDS)) for s in parts_of(word, "Syllables")),
        phonemes=tuple(
            Phoneme(
                **read_fields(phoneme, PHONEME_FIELDS),
                nbest=tuple(
                    NBestPhoneme(text(candidate.get("Phoneme")) or "", number(candidate.get("Score")))
                    for candidate in dicts_in(phoneme.get("NBestPhonemes"))
                ),
            )
            for phoneme in parts_of(word, "Phonemes")
        ),
    )


# --- reading a reply: any shape -> flat -------------------------------------------------------------------------


def read_reply(raw: object) -> tuple[Json, list[Json]]:
    """A reply of any shape as (its top object, its words), both flat.

    The top object unites the reply with its best candidate (NBest[0]). What was measured on unsaid words is gone,
    and so are the scores of a recording in which nothing was said. Raises `ReplyError`.
    """
    if isinstance(raw, list):
        return merge_replies(raw)
    reply = _checked(raw)
    # What the candidate says of itself counts more than a summary that somebody put beside it.
    top = {**flatten(reply), **flatten(next(iter(dicts_in(reply.get("NBest"))), {}))}
    if not top.get("DisplayText"):
        top["DisplayText"] = top.get("Display")
    words = parts_of(top, "Words")
    is_silent = _is_silent(top, words)
    words = [_unsaid(word) if is_silent or _is_omitted(word) else word for word in words]
    if is_silent:
        top["RecognitionStatus"] = "InitialSilenceTimeout"
    if status_name(top.get("RecognitionStatus")) in NOTHING_HEARD or (
        words and all(word.get("ErrorType") == "Omission" for word in words)
    ):
        for _, key, _ in SCORE_FIELDS:
            top.pop(key, None)
    return top, words


def _is_silent(top: Json, words: Sequence[Json]) -> bool:
    """Whether the reply is the service's Success for silence: the text heard is "." alone, and nothing has a score."""
    heard = text(top.get("DisplayText"))
    if heard is None or any(character.isalnum() for character in heard):
        return False
    if status_name(top.get("RecognitionStatus")) not in (None, "Success"):
        return False
    measured = [top.get(key) for _, key, _ in SCORE_FIELDS] + [word.get("AccuracyScore") for word in words]
    known = [score for score in map(number, measured) if score is not None]
    return bool(known or words) and not any(known)


def merge_replies(replies: Sequence[object]) -> tuple[Json, list[Json]]:
    """The replies to one long recording, in pieces, as one: (top object, words), both flat.

    Pieces are put in order of time; their times count from the start of the recording already. The scores are made
    anew, each only if some piece has it:

    - accuracy: mean over the reference words, so insertions are left out and omissions count 0;
    - completeness: share of the reference words whose error type is "None";
    - fluency and prosody: means weighted by the pieces' durations;
    - pronunciation: `pron_score` of these.

    Where the pieces list no words (or no error types), accuracy (or completeness) is weighted by duration too.
    A list of one reply reads as that reply. Raises `ReplyError` if an element is no reply.
    """
    pieces = [read_reply(_checked(reply)) for reply in replies]
    if len(pieces) < 2:
        return pieces[0] if pieces else ({}, [])
    starts = [number(top.get("Offset")) for top, _ in pieces]
    if None not in starts:
        pieces = [piece for _, piece in sorted(zip(starts, pieces, strict=True), key=lambda pair: pair[0] or 0.0)]
    tops = [top for top, _ in pieces]
    words = [word for _, piece_words in pieces for word in piece_words]

    def weighted(key: str) -> float | None:
        known = [(v, number(top.get("Duration"))) for top in tops if (v := number(top.get(key))) is not None]
        total = sum(duration or 0.0 for _, duration in known)
        if total <= 0 or any(duration is None for _, duration in known):
            return _mean([v for v, _ in known])
        return sum(v * (duration or 0.0) for v, duration in known) / total

    scores = {key: weighted(key) for _, key, _ in SCORE_FIELDS}
    reference = [word for word in words if word.get("ErrorType") != "Insertion"]
    accuracies = [
        0.0 if word.get("ErrorType") == "Omission" else number(word.get("AccuracyScore")) for word in reference
    ]
    scored = [accuracy for accuracy in accuracies if accuracy is not None]
    # The reply does not name its scale; only FivePoint has no score above 5 anywhere.
    full_mark = 5.0 if all(v <= 5 for v in (*scored, *filter(None, scores.values()))) else 100.0
    if scored and scores["AccuracyScore"] is not None:
        scores["AccuracyScore"] = _mean(scored)
    typed = [word["ErrorType"] for word in reference if text(word.get("ErrorType"))]
    if typed and scores["CompletenessScore"] is not None:
        scores["CompletenessScore"] = full_mark * typed.count("None") / len(typed)
    if scores["PronScore"] is not None:
        scores["PronScore"] = pron_score([v for key, v in scores.items() if key != "PronScore" and v is not None])

    spans = [
        (start, start + (number(top.get("Duration")) or 0.0))
        for top in tops
        if (start := number(top.get("Offset"))) is not None
    ]
    statuses = [status_name(top.get("RecognitionStatus")) for top in tops]
    merged = {
        **tops[0],
        **scores,
        "RecognitionStatus": "Success" if "Success" in statuses else statuses[0],
        "DisplayText": " ".join(filter(None, (text(top.get("DisplayText")) for top in tops))),
        "Lexical": " ".join(filter(None, (text(top.get("Lexical")) for top in tops))),
        "Offset": min((start for start, _ in spans), default=None),
        "Duration": max(end for _, end in spans) - min(start for start, _ in spans) if spans else None,
        "SNR": weighted("SNR"),
        "Confidence": weighted("Confidence"),
        "Feedback": None,  # the pace of one piece is not that of the whole
    }
    return merged, words


def pron_score(scores: Sequence[float]) -> float | None:
    """The service's overall score from those of accuracy, fluency and, where there are such, completeness and prosody.

    The lowest weighs most. Unscripted speech has no completeness. None without any score.
    """
    weights = _PRON_WEIGHTS.get(len(scores))
    return None if weights is None else sum(w * s for w, s in zip(weights, sorted(scores), strict=True))


# Derived from the documentation and reproduced on real replies: number of scores -> weights, lowest score first.
_PRON_WEIGHTS: Mapping[int, tuple[float, ...]] = {
    1: (1.0,),
    2: (0.6, 0.4),
    3: (0.6, 0.2, 0.2),
    4: (0.4, 0.2, 0.2, 0.2),
}


def flatten(obj: Json) -> Json:
    """The object with the scores of its `PronunciationAssessment`, if it has one, among its own keys."""
    nested = obj.get(NESTED)
    return {**obj, **nested} if isinstance(nested, dict) else obj


def dicts_in(value: object) -> list[Json]:
    """The dicts of a list; none where the value is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def parts_of(obj: Json, key: str) -> list[Json]:
    """The flat parts (words, syllables, phonemes, candidates) under a key of a flat object."""
    parts = obj.get(key)
    if not isinstance(parts, list):
        return []
    # Asked here rather than in `flatten`, a call of which takes longer than all the rest.
    return [flatten(part) if NESTED in part else part for part in parts if isinstance(part, dict)]


def prosody_of(word: Json) -> Json:
    """What `Feedback` says of breaks, intonation and stress, under the keys of `PROSODY_FIELDS`."""
    prosody = _get(word.get("Feedback"), "Prosody")
    breaks, stress, monotone = _get(prosody, "Break"), _get(prosody, "Stress"), _monotone_in(prosody)
    return {
        "UnexpectedBreak": _get(_get(breaks, "UnexpectedBreak"), "Confidence"),
        "MissingBreak": _get(_get(breaks, "MissingBreak"), "Confidence"),
        "BreakLength": _get(breaks, "BreakLength"),
        "Monotone": _get(monotone, "Confidence"),
        "SyllablePitchDelta": _get(monotone, "SyllablePitchDeltaConfidence"),
        "MisplacedStress": _get(_get(stress, "Misplaced"), "Confidence"),
        "ExpectedStress": _get(stress, "Expected"),
        "SaidStress": _get(stress, "Said"),
    }


def _monotone_in(prosody: object) -> object:
    return _get(_get(prosody, "Intonation"), "Monotone")


def word_flags(words: Sequence[Json], reference_text: str | None) -> list[Flags]:
    """The flags of each flat word of a reading; see `delivery`."""
    heard = [_heard(word) if "Feedback" in word else None for word in words]
    return flags_of(words, heard, reference_text)


def _heard(word: Json) -> Heard:
    prosody = _get(word["Feedback"], "Prosody")
    breaks, intonation, stress = (error_types(_get(prosody, part)) for part in ("Break", "Intonation", "Stress"))
    if breaks is not None and intonation is not None and (stress is not None or _get(prosody, "Stress") is None):
        return Heard(breaks, intonation, stress)  # the usual case: no confidence is asked for
    found = prosody_of(word)
    return Heard(
        *(breaks, intonation, stress),
        unexpected_break=number(found["UnexpectedBreak"]),
        missing_break=number(found["MissingBreak"]),
        monotone=number(found["Monotone"]),
        pitch_delta=number(found["SyllablePitchDelta"]),
        misplaced_stress=number(found["MisplacedStress"]),
    )


def flags_in(top: Json) -> tuple[str, ...] | None:
    """What is wrong with the recording by the flat reply: its RecordingFlags, which the embedded engine writes.

    Without them it may have its SNR: under `NOISY_REPLY_SNR_DB`, the recording is noisy. None with neither, and where
    nothing was heard.
    """
    if status_name(top.get("RecognitionStatus")) in NOTHING_HEARD:
        return None
    named = top.get(RECORDING_FLAGS)
    if isinstance(named, list):
        return tuple(flag for flag in VERDICTS if flag in named)
    snr_db = number(top.get("SNR"))
    if snr_db is None:
        return None
    return ("noisy",) if snr_db < NOISY_REPLY_SNR_DB else ()


def pace_of(top: Json) -> Json:
    """What `Feedback` says of the pace of the whole text, under the keys of `PACE_FIELDS`."""
    prosody = _get(top.get("Feedback"), "Prosody")
    rate, pauses = _get(prosody, "Rate"), _get(prosody, "Pauses")
    return {**(rate if isinstance(rate, dict) else {}), **(pauses if isinstance(pauses, dict) else {})}


def _get(obj: object, key: str) -> Any:
    return obj.get(key) if isinstance(obj, dict) else None


def _is_omitted(word: Json) -> bool:
    """Whether a word was not said; the Basic dimension has no error types, and only the zeros tell."""
    error_type = word.get("ErrorType")
    if error_type is not None:
        return bool(error_type == "Omission")
    return number(word.get("Duration")) == 0 and number(word.get("AccuracyScore")) == 0


def _unsaid(word: Json) -> Json:
    """An omitted word, its syllables and phonemes without anything that is measured on speech."""
    bare = {key: value for key, value in word.items() if key not in _MEASURED}
    for level in ("Syllables", "Phonemes"):
        bare[level] = [
            {key: value for key, value in part.items() if key not in _MEASURED} for part in parts_of(word, level)
        ]
    return bare


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _checked(raw: object) -> Json:
    """The raw reply if it is one, else a `ReplyError` that quotes what the service said instead."""
    if not isinstance(raw, Mapping):
        raise ReplyError(
            f"A reply of the Speech service is a JSON object, not {shorten(repr(raw))} ({type(raw).__name__}). "
            "Give the dict, a list of such dicts, or their JSON text."
        )
    if raw and not REPLY_KEYS.intersection(raw):
        error = raw.get("error", raw)
        said = [error.get(key) for key in ("code", "message", "Message")] if isinstance(error, Mapping) else [error]
        if quoted := shorten(" ".join(str(part) for part in said if part)).rstrip("."):
            raise ReplyError(
                f'The Speech service sent an error instead of a result: "{shorten(quoted).rstrip(".")}". '
                "Check the key, region, language and audio format, then assess the recording again."
            )
        raise ReplyError(
            f"The object is no reply of the Speech service; its keys are {shorten(', '.join(map(repr, raw)))}. "
            "Give the JSON with RecognitionStatus and NBest."
        )
    return raw if isinstance(raw, dict) else dict(raw)
