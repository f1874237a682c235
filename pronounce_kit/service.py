"""What a speech service can do, and how to get one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .errors import ParameterError
from .params import PronunciationScoreParams

if TYPE_CHECKING:
    from .recognition import Recognition
    from .recording import Recording
    from .results import Assessment

ASSESSMENT_LOCALES: tuple[str, ...] = tuple(
    (
        "ar-EG ar-SA ca-ES da-DK de-DE en-AU en-CA en-GB en-IN en-US es-ES es-MX fi-FI fr-CA fr-FR hi-IN "
        "it-IT ja-JP ko-KR ms-MY nb-NO nl-NL pl-PL pt-BR pt-PT ru-RU sv-SE ta-IN th-TH vi-VN zh-CN zh-HK zh-TW"
    ).split()
)
"""Languages in which the cloud service assesses pronunciation."""


@runtime_checkable
class SpeechService(Protocol):
    """What `LocalSpeech` does on this machine, and a cloud client does over the network: same calls, same JSON.

    A protocol: anything with these methods is one, and works with batches, widgets, reports and the server.

    Examples
    --------
    >>> isinstance(service, pk.SpeechService)
    True
    >>> service.assess(recording, text).status
    'Success'
    >>> service.recognize(recording).status
    'Success'
    >>> service.synthesize("Good morning.")[:4]
    b'RIFF'
    >>> service.voices()[0]["Locale"]
    'en-US'
    """

    def assess(
        self,
        recording: Recording | str | Path | bytes,
        reference_text: str | None = None,
        *,
        language: str = "en-US",
        params: PronunciationScoreParams | None = None,
    ) -> Assessment:
        """Compare a recording with the text that was read.

        Parameters
        ----------
        recording : Recording, path or bytes
            A recording, or a sound file.
        reference_text : str, optional
            The text that was read; may be left to `params`. "" for unscripted speech, where the service can.
        language : str
            Locale of the text.
        params : PronunciationScoreParams, optional
            What to assess; by default everything but prosody, with five candidate sounds for each phoneme.

        Returns
        -------
        Assessment
            Also of silence and noise: its `status` says so, and there are no scores.

        Raises
        ------
        InputError
            For what cannot be assessed: the recording, text, language or a parameter.
        NotSupportedError
            Where the service can do no such thing.
        ServiceError
            Where the service, or the way to it, fails.
        """
        ...

    def recognize(
        self,
        recording: Recording | str | Path | bytes,
        *,
        language: str = "en-US",
        format: str = "simple",
        profanity: str = "masked",
    ) -> Recognition:
        """Write down what was said.

        Parameters
        ----------
        recording : Recording, path or bytes
            A recording, or a sound file, of at most 60 seconds.
        language : str
            Locale of the speech.
        format : {"simple", "detailed"}
            The best reading, or all readings and spellings.
        profanity : {"masked", "removed", "raw"}
            What to do with profane words; masked ones become asterisks.

        Returns
        -------
        Recognition
            Also of silence and noise: its `status` says so.

        Raises
        ------
        InputError
            For a recording or parameter that cannot be used.
        ServiceError
            Where the service, or the way to it, fails.
        """
        ...

    def synthesize(
        self, text: str, *, voice: str | None = None, output_format: str = "riff-24khz-16bit-mono-pcm"
    ) -> bytes:
        """Speak a text.

        Parameters
        ----------
        text : str
            What to say.
        voice : str, optional
            ShortName of one of `voices`; by default one of the language.
        output_format : str
            The service's name of a format.

        Returns
        -------
        bytes
            A sound file.

        Raises
        ------
        InputError
            For a text, voice or format that cannot be used.
        ServiceError
            Where the service, or the way to it, fails.
        """
        ...

    def voices(self) -> list[dict[str, Any]]:
        """The voices that can speak.

        Returns
        -------
        list of dict
            In the fields of the service's voices list: "ShortName", "Locale", "Gender" and so on.

        Raises
        ------
        ServiceError
            Where the service, or the way to it, fails.
        """
        ...


def reply_of(
    service: SpeechService,
    recording: Recording,
    reference_text: str | None = None,
    *,
    language: str,
    params: PronunciationScoreParams | None,
) -> Any:
    """The JSON of an assessment; where a service gives it alone, no typed results are made that nobody looks at."""
    if hasattr(service, "reply"):
        return service.reply(recording, reference_text, language=language, params=params)
    return service.assess(recording, reference_text, language=language, params=params).raw


def name_and_version(service: SpeechService) -> tuple[str, str | None]:
    """What a service is called in tables: its class and `version`, or without one its repr, if that is its own."""
    version = getattr(service, "version", None)
    if isinstance(version, str):
        return type(service).__qualname__, version
    has_repr = type(service).__repr__ is not object.__repr__
    return repr(service) if has_repr else type(service).__qualname__, None


def connect(announce: Callable[[str], None] | None = print) -> SpeechService:
    """The service to use: the cloud's if SPEECH_KEY and SPEECH_REGION are set, else the embedded engine.

    Nothing is sent yet.

    Parameters
    ----------
    announce : callable, optional
        Called with one line that says which service it is; None for silence.

    Returns
    -------
    SpeechService
        An `AzureSpeech` or a `LocalSpeech`.

    Raises
    ------
    ParameterError
        If the key or region cannot be one.

    Examples
    --------
    >>> service = pk.connect()
    Using the embedded engine: offline, nothing leaves this machine.
    >>> service
    LocalSpeech()
    """
    key, region = (os.environ.get(name, "").strip() for name in ("SPEECH_KEY", "SPEECH_REGION"))
    service: SpeechService
    if key and region:
        from .azure import AzureSpeech

        service = AzureSpeech(key, region)
        line = f"Using the Speech service in {region}: recordings are sent there."
    else:
        from .local import LocalSpeech

        service = LocalSpeech()
        missing = "SPEECH_REGION" if key else "SPEECH_KEY" if region else None
        unused = f" (set {missing} too for the Speech service)" if missing else ""
        line = f"Using the embedded engine{unused}: offline, nothing leaves this machine."
    if announce:
        announce(line)
    return service


def merge_params(reference_text: str | None, params: PronunciationScoreParams | None) -> PronunciationScoreParams:
    """The parameters to assess with: those given, with this text; without any, ours with five candidate sounds.

    Raises `ParameterError` when neither names a text.
    """
    from dataclasses import replace

    if params is not None:
        return params if reference_text is None else replace(params, reference_text=reference_text)
    if reference_text is None:
        raise ParameterError("There is no reference text. Give the text that was read: assess(recording, text).")
    return PronunciationScoreParams(reference_text, nbest_phoneme_count=5)
