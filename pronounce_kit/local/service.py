"""`LocalSpeech`: the Speech service's work, done on this machine."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import __version__
from ..errors import AudioError, ParameterError, TextError
from ..flags import where_heard
from ..params import PronunciationScoreParams
from ..recognition import Recognition
from ..recording import Recording
from ..results import RECORDING_FLAGS, Assessment
from ..service import ASSESSMENT_LOCALES, locale_of, merge_params
from .acoustics import AcousticModel, Floats, HamaModel, Heard, sound_begins
from .added import Addition, additions
from .analysis import Analyzer, Script
from .contour import Contour
from .features import Layout
from .formats import check_format, encode
from .lexicon import LexicalWord, own_pronunciations, symbols_of
from .miscue import Ears, find_miscues
from .models import load_models, weights_digest
from .passages import passages
from .phones import INDEX, base
from .prosody import find_prosody
from .prosody_features import manner_of
from .reply import Finding, Json, Part, build_reply, gather, joined, silent_reply
from .runtime import one_thread
from .scores import MISPRONOUNCED, Models
from .timing import TICKS_PER_SECOND
from .voice import SAMPLE_RATE as VOICE_RATE
from .voice import Voice

if TYPE_CHECKING:
    from .recognizer import Recognizer

LANGUAGE = "en-US"
MAX_SECONDS = 600.0
"""Longest recording of one assessment."""

RECOGNIZED_SECONDS = 60.0
"""Longest recording that is written down, as in the service's short-audio API."""

PASSAGE_S = 45.0
"""Longer recordings are cut at pauses into passages."""

STRICTNESS = {"lenient": 45.0, "normal": MISPRONOUNCED, "strict": 75.0}
"""Strictness -> accuracy under which a word is called mispronounced."""

_TRIED = "Good morning."  # what an engine that is to be ready says and hears once

MAX_TEXT = 10_000
"""Longest text that is spoken, in characters."""

VOICE: dict[str, str] = {
    "Name": "pronounce_kit Text to Speech Voice (en-US, Heart)",
    "DisplayName": "Heart",
    "LocalName": "Heart",
    "ShortName": "en-US-Heart",
    "Gender": "Female",
    "Locale": LANGUAGE,
    "LocaleName": "English (United States)",
    "SampleRateHertz": "24000",
    "VoiceType": "Neural",
    "Status": "GA",
    "WordsPerMinute": "150",
}


class LocalSpeech:
    """The embedded engine: assesses English read aloud, writes it down, and speaks, offline and without a key.

    Models load when they are first needed (a second or two). One instance may be shared by threads; the networks
    release the GIL.

    Parameters
    ----------
    model : AcousticModel, optional
        Another phoneme recognizer than hama's.
    lexicon : mapping of str to str, optional
        Pronunciations of names and other words of your own, in ARPAbet or IPA.
    strictness : {"lenient", "normal", "strict"}
        The accuracy under which a word is called mispronounced: 45, 60 or 75 of 0-100; with it change
        CompletenessScore, which counts those words, and PronScore. The scores of words and sounds stay as they are.

    Raises
    ------
    ParameterError
        For a pronunciation that is none, or another strictness.

    Examples
    --------
    >>> service = pk.LocalSpeech(lexicon={"Nguyen": "W IH1 N", "Xiomara": "sioʊˈmɑɹə"}, strictness="strict")
    >>> service.pronunciation("Nice, Nguyen!")
    [['N', 'AY1', 'S'], ['W', 'IH1', 'N']]
    """

    def __init__(
        self,
        model: AcousticModel | None = None,
        *,
        lexicon: Mapping[str, str] | None = None,
        strictness: str = "normal",
    ) -> None:
        _check_choice("strictness", strictness, tuple(STRICTNESS))
        self._given_model = model
        self._own_words = own_pronunciations(lexicon or {})
        self._lexicon = dict(lexicon or {})
        self.strictness = strictness
        self._loading = threading.RLock()

    def __repr__(self) -> str:
        words = f"lexicon={self._lexicon!r}" if self._lexicon else ""
        strictness = f"strictness={self.strictness!r}" if self.strictness != "normal" else ""
        return f"LocalSpeech({', '.join(filter(None, (words, strictness)))})"

    def __reduce__(self) -> tuple[Any, ...]:
        # As its arguments: a process that unpickles it loads the models itself.
        return partial(type(self), lexicon=self._lexicon, strictness=self.strictness), (self._given_model,)

    @cached_property
    def version(self) -> str:
        """What the scores depend on: the package's version, a digest of the weights, and how this engine was made."""
        parts = [f"{__version__}+{weights_digest()}"]
        if self._given_model is not None:
            parts.append(f"with {type(self._given_model).__qualname__}")
        if self._own_words:
            parts.append(f"lexicon {zlib.crc32(repr(sorted(self._own_words.items())).encode()):08x}")
        if self.strictness != "normal":
            parts.append(self.strictness)
        return " ".join(parts)

    # --- parts, loaded once ---------------------------------------------------------------------------------

    @cached_property
    def _voice(self) -> Voice:
        return Voice()

    @cached_property
    def _model(self) -> AcousticModel:
        return self._given_model or HamaModel()

    @cached_property
    def _analyzer(self) -> Analyzer:
        return Analyzer(self._model, self._voice, self._own_words)

    @cached_property
    def _models(self) -> Models:
        return load_models()

    @cached_property
    def _recognizer(self) -> Recognizer:
        from .recognizer import Recognizer  # its data are of no use to an assessment

        return Recognizer()

    def load(self) -> LocalSpeech:
        """Load all models now rather than at the first call.

        Returns
        -------
        LocalSpeech
            Itself.

        Raises
        ------
        MissingDependencyError
            Where the extra `local` is not installed.

        Examples
        --------
        >>> service = pk.LocalSpeech().load()
        """
        self._load()
        with self._loading:
            _ = self._recognizer
        self.assess(self.synthesize(_TRIED), _TRIED)
        return self

    def _load(self) -> LocalSpeech:
        """Load what every assessment needs."""
        with self._loading:  # cached_property itself does not keep two threads from loading twice
            _ = self._models, self._analyzer.lexicon
        return self

    def _reply(self, recording: Recording, params: PronunciationScoreParams) -> Json:
        self._load()
        analyzer = self._analyzer
        text = params.reference_text  # one that cannot be read is said before listening
        if recording.duration_s <= PASSAGE_S:
            find = partial(self._find, script=analyzer.script(text), params=params)
        else:
            find = partial(self._find_in_passages, words=analyzer.lexicon.words(text), params=params)
        heard = analyzer.model.hear(recording.samples)
        if nothing := _nothing_heard(recording, heard.posteriors):
            is_silent = nothing["RecognitionStatus"] == "InitialSilenceTimeout"
            return silent_reply(analyzer.lexicon.words(text), params, recording.duration_s) if is_silent else nothing
        finding = find(recording, heard)
        if finding is None:
            return {"RecognitionStatus": "NoMatch", "NBest": []}  # far too short for the text
        quality = recording.quality()
        finding = replace(finding, snr_db=quality.snr_db, mispronounced_under=STRICTNESS[self.strictness])
        return {**build_reply(finding, params), RECORDING_FLAGS: list(where_heard(quality.flags))}

    def _find(
        self, recording: Recording, heard: Heard, script: Script, params: PronunciationScoreParams
    ) -> Finding | None:
        """What is found for a recording; None where it is too short for the text, and words may not be left out."""
        said = np.ones(len(script.words), bool)
        added: tuple[Addition, ...] = ()
        another = 0.0
        if params.enable_miscue:
            miscues = find_miscues(Ears.of(heard, script), script)
            said, added = miscues.said, additions(heard, script, miscues, self._spell)
            another = miscues.another
            heard = miscues.without_strays(heard)
        hearing = self._analyzer.hold(heard, script.only(said)) if said.any() else None
        if hearing is None and not params.enable_miscue:
            return None
        scores = prosody = None
        if hearing:
            contour = Contour.of(recording.samples, hearing.view.peak, hearing.frame_s)
            scores = self._models.score(hearing, manner_of(recording.samples, hearing, contour))
            if params.enable_prosody_assessment:
                prosody = find_prosody(script, said, hearing, contour)
        frame_s = self._analyzer.model.frame_s
        found = gather(script, said, hearing, scores, recording.duration_s, prosody, added, frame_s)
        # Of one word it cannot be told whether it is another or said badly: the word's own score says that.
        return found.doubted(another if len(script.words) > 1 else 0.0)

    def _spell(self, heard: Heard, start: int, stop: int) -> list[tuple[str, int]]:
        """The words of some frames."""
        with self._loading:
            recognizer = self._recognizer
        return recognizer.spell(heard, start, stop)

    def _find_in_passages(
        self, recording: Recording, heard: Heard, words: Sequence[LexicalWord], params: PronunciationScoreParams
    ) -> Finding | None:
        """As `_find`, of a recording that is too long to be held against the text at once."""
        frame_s = self._analyzer.model.frame_s
        parts = []
        for passage in passages(heard.posteriors, Layout.of([word.phones for word in words]), frame_s):
            start_s, stop_s = passage.start * frame_s, min(passage.stop * frame_s, recording.duration_s)
            part = recording.clip(start_s, stop_s)
            script = self._analyzer.script_of_part(tuple(words[passage.first : passage.last]))
            found = self._find(part, heard.between(passage.start, passage.stop), script, params)
            if found is not None:
                parts.append(Part(found, passage.first, start_s, part.duration_s))
        return joined(parts, words) if parts else None

    # --- the service ----------------------------------------------------------------------------------------

    def assess(
        self,
        recording: Recording | str | Path | bytes,
        reference_text: str | None = None,
        *,
        language: str = LANGUAGE,
        params: PronunciationScoreParams | None = None,
    ) -> Assessment:
        """Compare a recording with the text that was read aloud.

        A recording of over 45 s is cut at pauses into passages: accuracy is then the mean over the words, fluency and
        prosody over the time.

        Parameters
        ----------
        recording : Recording, path or bytes
            At most ten minutes.
        reference_text : str, optional
            At most 2,000 words; may be left to `params`.
        language : str
            "en-US", the only one that the engine knows.
        params : PronunciationScoreParams, optional
            What to assess; by default everything but prosody, with five candidate sounds for each phoneme.

        Returns
        -------
        Assessment
            Of the service's flat JSON, which `raw` keeps. Silence, noise or a hum gives the status that the service
            gives ("InitialSilenceTimeout", "BabbleTimeout"), and no scores; in the JSON silence is what the service
            makes of it, a Success with every word omitted and zeros.

        Raises
        ------
        AudioError
            For a recording that cannot be read or is too long.
        TextError
            For a text that is empty, too long or cannot be read aloud.
        ParameterError
            For another language, or without a text.

        Examples
        --------
        >>> assessment = service.assess("think.wav", "I think the weather is very nice.")
        >>> [word.word for word in assessment.words if word.error_type == "Mispronunciation"]
        ['think']
        >>> assessment.words[1].phonemes[0].phoneme, assessment.words[1].phonemes[0].heard
        ('th', 's')
        """
        merged = merge_params(reference_text, params)
        reply = self.reply(recording, language=language, params=merged)
        return Assessment.from_json(reply, reference_text=merged.reference_text)

    def reply(
        self,
        recording: Recording | str | Path | bytes,
        reference_text: str | None = None,
        *,
        language: str = LANGUAGE,
        params: PronunciationScoreParams | None = None,
    ) -> Json:
        """As `assess`, but the JSON alone, for whoever keeps it or sends it on.

        Parameters
        ----------
        recording : Recording, path or bytes
            At most ten minutes.
        reference_text : str, optional
            At most 2,000 words; may be left to `params`.
        language : str
            "en-US".
        params : PronunciationScoreParams, optional
            As in `assess`.

        Returns
        -------
        dict
            As the service's replies are.

        Raises
        ------
        AudioError
            For a recording that cannot be read or is too long.
        TextError
            For a text that is empty, too long or cannot be read aloud.
        ParameterError
            For another language, or without a text.

        Examples
        --------
        >>> reply = service.reply(recording, text)
        >>> reply["RecognitionStatus"], reply["NBest"][0]["Words"][1]["ErrorType"]
        ('Success', 'Mispronunciation')
        """
        merged = merge_params(reference_text, params)
        _check_language(language)
        if not merged.reference_text.strip():
            raise TextError(
                "The reference text is empty: unscripted assessment needs the cloud service. "
                "Give the text that was read aloud."
            )
        heard = Recording.of(recording)
        if heard.duration_s > MAX_SECONDS:
            raise AudioError(
                f"The recording is {heard.duration_s:.0f} s long; one assessment takes at most "
                f"{MAX_SECONDS / 60:.0f} minutes. "
                "Cut it, and the text, into parts."
            )
        with one_thread:
            return self._reply(heard, merged)

    def recognize(
        self,
        recording: Recording | str | Path | bytes,
        *,
        language: str = LANGUAGE,
        format: str = "simple",
        profanity: str = "masked",
    ) -> Recognition:
        """Write down what was said in English, without knowing the text.

        Parameters
        ----------
        recording : Recording, path or bytes
            At most 60 seconds.
        language : str
            "en-US".
        format : {"simple", "detailed"}
            `display_text` alone, or up to five readings in `nbest`, likeliest first, each in four spellings.
        profanity : {"masked", "removed", "raw"}
            What to do with profane words; masked ones become asterisks.

        Returns
        -------
        Recognition
            Of the service's JSON. Silence, noise or a hum gives the status that the service gives, speech without words
            "NoMatch".

        Raises
        ------
        AudioError
            For a recording that cannot be read or is too long.
        ParameterError
            For a value that does not exist.

        Examples
        --------
        >>> service.recognize(service.synthesize("Good morning.")).display_text
        'Good morning.'
        """
        from .profanity import MODES
        from .recognizer import FORMATS, NBEST, build_recognition

        _check_language(language)
        _check_choice("format", format, FORMATS)
        _check_choice("profanity", profanity, MODES)
        given = Recording.of(recording)
        if given.duration_s > RECOGNIZED_SECONDS:
            raise AudioError(
                f"The recording is {given.duration_s:.0f} s long; at most {RECOGNIZED_SECONDS:.0f} s are recognized. "
                "Cut it into parts."
            )
        with self._loading:
            model, recognizer = self._model, self._recognizer
        detailed = format == "detailed"
        with one_thread:
            heard = model.hear(given.samples)
            if nothing := _nothing_heard(given, heard.posteriors):
                return Recognition.from_json(nothing)
            reply = build_recognition(
                recognizer.hear(heard, NBEST if detailed else 1),
                heard.posteriors,
                model.frame_s,
                given.duration_s,
                names=recognizer.names,
                detailed=detailed,
                profanity=profanity,
            )
        return Recognition.from_json(reply)

    def synthesize(
        self, text: str, *, voice: str | None = None, output_format: str = "riff-24khz-16bit-mono-pcm"
    ) -> bytes:
        """Speak a text with the embedded voice.

        Parameters
        ----------
        text : str
            At most 10,000 characters. The lexicon's words are said as it has them, and phones between slashes as they
            are.
        voice : str, optional
            The one voice's name, or None.
        output_format : str
            The service's name of a format; `pronounce-kit say --list-formats` lists them.

        Returns
        -------
        bytes
            A sound file; the same text always gives the same.

        Raises
        ------
        TextError
            For a text that is empty or too long.
        ParameterError
            For another voice or format.

        Examples
        --------
        >>> pk.Recording.from_bytes(service.synthesize("Good morning.", output_format="ogg-24khz-16bit-mono-opus"))
        <Recording ... s>
        """
        _check_voice(voice)
        if not text.strip():
            raise TextError("There is no text to speak. Give a sentence.")
        if len(text) > MAX_TEXT:
            raise TextError(f"The text has {len(text)} characters; at most {MAX_TEXT} are spoken. Split it.")
        check_format(output_format)
        # As `assess` reads it: with the words of the teacher's lexicon, phones between slashes, no spelled capitals.
        words = self._load()._analyzer.lexicon.words(text)
        return encode(self._voice.say_misaki(symbols_of(words)), VOICE_RATE, output_format)

    def synthesize_phones(
        self,
        words: list[list[str]],
        *,
        speed: float = 1.0,
        output_format: str = "riff-24khz-16bit-mono-pcm",
    ) -> bytes:
        """Speak ARPAbet phones as they are: speech with known mistakes.

        Parameters
        ----------
        words : list of list of str
            The phones of each word, vowels with a stress digit.
        speed : float
            0.5 (slow) to 2.0 (fast).
        output_format : str
            The service's name of a format.

        Returns
        -------
        bytes
            A sound file.

        Raises
        ------
        ParameterError
            For a phone, speed or format that does not exist, and without any phones.

        Examples
        --------
        >>> sink = service.synthesize_phones([["DH", "AH0"], ["S", "IH1", "NG", "K"]], speed=0.8)
        >>> service.recognize(sink).display_text
        'The sink.'
        """
        if not any(words):
            raise ParameterError(
                'There are no phones to speak. Give words of ARPAbet phones, as [["S", "IH1", "NG", "K"]].'
            )
        for phone in (phone for word in words for phone in word):
            if base(phone) not in INDEX:
                raise ParameterError(
                    f"{phone!r} is no ARPAbet phone. Give words as lists of phones, vowels with a stress digit, as "
                    '[["S", "IH1", "NG", "K"]].'
                )
        if not 0.5 <= speed <= 2:
            raise ParameterError(f"The speed is {speed!r}. Give a number from 0.5 (slow) to 2.0 (fast).")
        return encode(self._voice.say_phones(words, speed), VOICE_RATE, output_format)

    def pronunciation(self, text: str) -> list[list[str]]:
        """The canonical phones of each word of a text, as `synthesize_phones` takes them.

        Parameters
        ----------
        text : str
            At most 2,000 words.

        Returns
        -------
        list of list of str
            ARPAbet, vowels with a stress digit.

        Raises
        ------
        TextError
            For a text that cannot be read aloud or is too long.

        Examples
        --------
        >>> service.pronunciation("Nice weather.")
        [['N', 'AY1', 'S'], ['W', 'EH1', 'DH', 'ER0']]
        """
        return [list(word.phones) for word in self._load()._analyzer.lexicon.words(text)]

    def voices(self) -> list[dict[str, Any]]:
        """The one embedded voice.

        Returns
        -------
        list of dict
            In the fields of the service's voices list.

        Examples
        --------
        >>> service.voices()[0]["ShortName"]
        'en-US-Heart'
        """
        return [dict(VOICE)]


def _check_language(language: str) -> None:
    if language == LANGUAGE or locale_of(language) == LANGUAGE:
        return
    if locale_of(language) in ASSESSMENT_LOCALES:
        raise ParameterError(
            f"language is {language!r}; the embedded engine knows {LANGUAGE} only. Use the cloud service for it."
        )
    raise ParameterError(
        f"language is {language!r}, which is no language of the service. Use {LANGUAGE}, the one that the "
        f"embedded engine takes, or with the cloud service one of {', '.join(ASSESSMENT_LOCALES)}."
    )


def _check_voice(voice: str | None) -> None:
    names = (VOICE["ShortName"], VOICE["Name"], VOICE["DisplayName"])
    if voice is not None and voice not in names:
        raise ParameterError(f"voice is {voice!r}. The embedded engine has one voice, {VOICE['ShortName']!r}.")


def _sounds_heard(posteriors: Floats) -> int:
    """How many sounds the recognizer hears when it takes the likeliest symbol of each frame."""
    return int(sound_begins(posteriors.argmax(1)).sum())


def _nothing_heard(recording: Recording, posteriors: Floats) -> Json | None:
    """The reply to silence, noise or a hum; None where somebody speaks."""
    quality = recording.quality()
    sounds = _sounds_heard(posteriors)
    if sounds and (sounds >= 3 or quality.speech_start_s is not None):
        return None
    return {
        "RecognitionStatus": "BabbleTimeout" if "no_speech" in quality.flags else "InitialSilenceTimeout",
        "Offset": round(recording.duration_s * TICKS_PER_SECOND),
        "Duration": 0,
    }


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ParameterError(f"{name} is {value!r}. Use one of {', '.join(choices)}.")
