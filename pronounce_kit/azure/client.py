"""`AzureSpeech`: the Speech service over the network."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias
from urllib.parse import urlencode

import requests

from .. import __version__
from ..errors import AudioError, GarbledReplyError, ParameterError, ReplyError, ServiceError, TextError
from ..flags import where_heard
from ..params import PronunciationScoreParams
from ..recognition import Recognition
from ..recording import Recording
from ..results import NOTHING_HEARD, Assessment, read_reply
from ..service import ASSESSMENT_LOCALES, locale_of, merge_params
from ..unwrapping import load_json, unwrap
from . import upload
from .auth import Anonymous, Credentials, Key, Secret, Token, TokenFromKey, hide, secret
from .endpoints import find_endpoints, is_loopback
from .exchange import Exchange, named
from .keeping import Kept
from .retry import RetryPolicy, Timing
from .splitting import cut_times, share_text, shifted
from .ssml import build_ssml, check_ssml, language_of
from .transport import Reply, Request, SourceError, Transport
from .upload import AudioFormat, LiveAudio, Pieces, SizedPieces, check_audio_format, encoded, too_long

Audio: TypeAlias = "Recording | str | PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Iterator[Any]"

MAX_REFERENCE_TEXT = 3_000
"""Longest reference text, in characters: several times what is read in `ASSESSMENT_LIMIT_S`. To far longer ones (13,000
were tried) the service never answers."""

ASSESSMENT_LIMIT_S = 30.0
RECOGNITION_LIMIT_S = 60.0
"""Longest recordings, in seconds. The service does not refuse longer ones: it drops the rest in silence."""

DEFAULT_VOICE = "en-US-JennyNeural"

PARAMS_HEADER = "Pronunciation-Assessment"
PARAMS_QUERY = "pronunciationScoreParams"

_LONGEST_USER_AGENT = 254
_OUTPUT_FORMAT = re.compile(r"[a-z0-9]+(?:-[a-z0-9.]+)+")
_CID = re.compile(r"[A-Za-z0-9-]{1,64}")
_USER_AGENT = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
_FORMATS = ("simple", "detailed")
_PROFANITY = ("masked", "removed", "raw")


class AzureSpeech:
    """The Speech service in the cloud, or any server that speaks its REST API.

    Safe to share between threads, and may be pickled (with the key) for worker processes. Use it in a `with` block, or
    `close` it, to free its connections.

    Parameters
    ----------
    key, region : str, optional
        The key of a Speech resource, and where that is. A server of your own may need neither.
    token : str or callable, optional
        In place of a key: a token, or a function that returns one.
    endpoint : str, optional
        In place of a region: any address, which has the same paths; one that the Azure portal shows leads to its
        region, resource or custom voice.
    resource : str, optional
        In place of a region: the name of a resource with a domain of its own (private endpoints); with one, the
        resource issues the tokens only.
    retry : azure.RetryPolicy, optional
        When a failed request is sent again.
    timeout : float or (float, float)
        Seconds to wait for a connection, and for each piece of a reply; one number for both.
    session : requests.Session, optional
        One of your own, with its proxies and certificates; mount `azure.ExpectAdapter` on it if it shall wait for "100
        Continue". The kit's own keeps up to 100 connections open.
    chunked : bool
        Upload in chunks, which lets recognition start early, after the service has agreed (Expect: 100-continue).
    audio_format : {"wav", "ogg"}
        "ogg" is OGG Opus, a fifth of the size; a live recording always goes as WAV.
    params_in : {"header", "query"}
        Pronunciation-Assessment, or pronunciationScoreParams as in the service's first years.
    use_token : bool, optional
        True exchanges the key for a token (reused for nine minutes) for every request, False never does. By default
        recognition sends the key, and speech synthesis a token.
    keep : str or path, optional
        A folder that gets each recording and the raw reply, before anything else is done with them.
    user_agent : str, optional
        Name of your application, under 255 characters.
    timing : azure.Timing, optional
        Clock, sleep and chance, for tests.

    Raises
    ------
    ParameterError
        For a key, address or option that cannot be one, and where there is no telling where to send to.
    AudioError
        If the folder to keep recordings in cannot be made.

    Examples
    --------
    With a key: ``pk.AzureSpeech(key, "westeurope")``. With the kit's own server, on this machine:

    >>> from pronounce_kit.server import create_app, running
    >>> with running(create_app(service, key="ours")) as address, pk.AzureSpeech("ours", endpoint=address) as client:
    ...     client.assess(recording, text).words[1].error_type
    ...     client.recognize(client.synthesize("Good morning.")).display_text
    ...     client.voices()[0]["ShortName"]
    'Mispronunciation'
    'Good morning.'
    'en-US-Heart'
    >>> client.close()
    """

    def __init__(
        self,
        key: str | None = None,
        region: str | None = None,
        *,
        token: str | Callable[[], str] | None = None,
        endpoint: str | None = None,
        resource: str | None = None,
        retry: RetryPolicy | None = None,
        timeout: float | tuple[float, float] = (10.0, 30.0),
        session: requests.Session | None = None,
        chunked: bool = True,
        audio_format: AudioFormat = "wav",
        params_in: Literal["header", "query"] = "header",
        use_token: bool | None = None,
        keep: str | PathLike[str] | None = None,
        user_agent: str | None = None,
        timing: Timing | None = None,
    ) -> None:
        if key is not None and token is not None:
            raise ParameterError("Both key and token were given. Give one of them.")
        self._key = None if key is None else secret(key, "key")
        given_token = token if token is None or callable(token) else secret(token, "token")
        self._arguments = {
            "key": self._key,
            "region": region,
            "token": given_token,
            "endpoint": endpoint,
            "resource": resource,
            "retry": retry,
            "timeout": timeout,
            "session": session,
            "chunked": chunked,
            "audio_format": audio_format,
            "params_in": params_in,
            "use_token": use_token,
            "keep": keep,
            "user_agent": user_agent,
            "timing": timing,
        }
        self._endpoints = find_endpoints(region, resource, endpoint)
        if key is None and token is None and not self._endpoints.is_own:
            raise ParameterError("There is no key. Give key=... (Azure portal, Keys and Endpoint) or token=...")
        self._warn_of_plain_http()
        self._chunked = bool(chunked)
        self._audio_format = check_audio_format(audio_format)
        if params_in not in ("header", "query"):
            raise ParameterError(f"params_in is {params_in!r}. Use 'header' or 'query'.")
        self._params_in = params_in
        self._user_agent = _checked_user_agent(user_agent)
        self._keep = None if keep is None else _made_folder(keep)
        self._timing = timing or Timing()
        self._transport = Transport(self._endpoints.hosts, _checked_timeout(timeout), session)
        known = [value for value in (self._key, given_token) if isinstance(value, Secret)]
        self._secrets = tuple(known)
        self._exchange = Exchange(
            self._transport, retry or RetryPolicy(), self._timing, self._endpoints.name, self._secrets
        )
        self._to_recognize, self._to_speak = self._credentials(given_token, use_token)
        self._voices: dict[str, str] = {}

    def _credentials(
        self, token: Secret | Callable[[], str] | None, use_token: bool | None
    ) -> tuple[Credentials, Credentials]:
        """What goes with recognition, and what goes with synthesis."""
        if token is not None:
            given = Token(token)
            return given, given
        if self._key is None:
            return Anonymous(), Anonymous()
        key, made = Key(self._key), TokenFromKey(self._fetch_token, self._timing.clock)
        return (made if use_token else key), (key if use_token is False else made)

    def _warn_of_plain_http(self) -> None:
        url = self._endpoints.token
        if url.startswith("http:") and not is_loopback(url) and (self._key or self._arguments["token"]):
            warnings.warn(
                f"{self._endpoints.name} is not encrypted: everyone on the network can read the key or "
                "token and hear the recordings. Use an https address.",
                stacklevel=3,
            )

    @property
    def name(self) -> str:
        """Where it sends to: a region, a resource or an address."""
        return self._endpoints.name

    def __repr__(self) -> str:
        return f"AzureSpeech({self._endpoints.name!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self._arguments)

    def __enter__(self) -> AzureSpeech:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. The client may be used again; it opens new ones."""
        self._transport.close()

    # --- speech to text -------------------------------------------------------------------------------------

    def assess(
        self,
        recording: Audio,
        reference_text: str | None = None,
        *,
        language: str = "en-US",
        params: PronunciationScoreParams | None = None,
        split: bool = False,
        chunked: bool | None = None,
        audio_format: AudioFormat | None = None,
    ) -> Assessment:
        """Compare a recording of at most 30 s with the text that was read.

        Parameters
        ----------
        recording : Recording, path, bytes, open file or iterator
            An iterator is live audio, see `assess_stream`.
        reference_text : str, optional
            May be left to `params`; "" assesses free speech.
        language : str
            Locale of the text, such as "en-US", in any spelling: "en-us", "en_US".
        params : PronunciationScoreParams, optional
            What to assess; by default everything but prosody, with five candidate sounds for each phoneme.
        split : bool
            Send a longer recording in parts, cut at its pauses; `raw` is then the list of replies. There are two
            requests for each part, and each is scored by itself.
        chunked, audio_format : optional
            As in the constructor, for this call.

        Returns
        -------
        Assessment
            Also of silence and noise: its `status` says so, and there are no scores.

        Raises
        ------
        InputError
            For what is not sent at all: a recording that is none, or too long without `split`; a language or parameter
            that does not exist.
        ServiceError
            Where the service, or the way to it, fails.
        """
        merged = merge_params(reference_text, params)
        language = _checked_language(language, assessed=True)
        heard = self._heard(
            recording,
            ASSESSMENT_LIMIT_S,
            lambda audio, kept: self._post(audio, self._assessment(merged, language), kept),
            lambda long: self._assess_parts(long, merged, language),
            split=split,
            chunked=chunked,
            audio_format=audio_format,
        )
        found = Assessment.from_json(heard, reference_text=merged.reference_text)
        if isinstance(recording, Recording) and found.status not in NOTHING_HEARD:
            # The service does not tell of clipping, and not always of noise.
            found = replace(found, flags=where_heard({*(found.flags or ()), *recording.quality().flags}))
        return found

    def assess_stream(
        self,
        chunks: Iterable[Any],
        reference_text: str | None = None,
        *,
        language: str = "en-US",
        params: PronunciationScoreParams | None = None,
        split: bool = False,
    ) -> Assessment:
        """Assess speech while it is being recorded: the result is there shortly after the last word.

        Parameters
        ----------
        chunks : iterable
            Yields bytes of 16-bit, 16 kHz mono PCM, or arrays of int16 or floats. What it gave is remembered, so a lost
            connection costs nothing. Its own exceptions reach the caller.
        reference_text : str, optional
            May be left to `params`; "" assesses free speech.
        language : str
            Locale of the text, such as "en-US", in any spelling: "en-us", "en_US".
        params : PronunciationScoreParams, optional
            As in `assess`.
        split : bool
            Go on where it takes more than 30 s, as in `assess`.

        Returns
        -------
        Assessment
            As of `assess`.

        Raises
        ------
        InputError
            For what is not sent at all.
        ServiceError
            Where the service, or the way to it, fails.

        Examples
        --------
        >>> import numpy as np
        >>> from pronounce_kit.server import create_app, running
        >>> with running(create_app(service)) as address, pk.AzureSpeech(endpoint=address) as client:
        ...     client.assess_stream(np.array_split(recording.samples, 10), text).status
        'Success'
        """
        return self.assess(iter(chunks), reference_text, language=language, params=params, split=split, chunked=True)

    def recognize(
        self,
        recording: Audio,
        *,
        language: str = "en-US",
        format: str = "simple",
        profanity: str = "masked",
        cid: str | None = None,
        split: bool = False,
        chunked: bool | None = None,
        audio_format: AudioFormat | None = None,
    ) -> Recognition:
        """Write down what is said in a recording of at most 60 s.

        Parameters
        ----------
        recording : Recording, path, bytes, open file or iterator
            As in `assess`.
        language : str
            Locale of the speech.
        format : {"simple", "detailed"}
            The best reading, or all readings and spellings.
        profanity : {"masked", "removed", "raw"}
            What to do with profane words; masked ones become asterisks.
        cid : str, optional
            Endpoint ID of a custom model.
        split, chunked, audio_format : optional
            As in `assess`.

        Returns
        -------
        Recognition
            Also of silence and noise: its `status` says so.

        Raises
        ------
        InputError
            For what is not sent at all.
        ServiceError
            Where the service, or the way to it, fails.
        """
        language = _checked_language(language, assessed=False)
        query = _recognition_query(language, format, profanity, cid)
        heard = self._heard(
            recording,
            RECOGNITION_LIMIT_S,
            lambda audio, kept: self._post(audio, (query, {}), kept),
            lambda long: [
                shifted(self._post(self._whole(part), (query, {}), self._kept(part)), start)
                for part, start in _parts(long, RECOGNITION_LIMIT_S)
            ],
            split=split,
            chunked=chunked,
            audio_format=audio_format,
        )
        return Recognition.from_json(heard)

    def _heard(
        self,
        recording: Audio,
        limit_s: float,
        send: Callable[[_Audio, Kept | None], Any],
        send_parts: Callable[[Recording], Any],
        *,
        split: bool,
        chunked: bool | None,
        audio_format: AudioFormat | None,
    ) -> Any:
        """The reply to a recording of any kind: checked, kept, sent whole, live or in parts."""
        if hasattr(recording, "read"):  # an open file; an iterator too, but of lines
            recording = bytes(recording.read())
        if isinstance(recording, Iterator):
            return self._heard_live(recording, limit_s, send, send_parts, split=split)
        whole = Recording.of(recording)
        if whole.duration_s > limit_s:
            if not split:
                raise too_long(whole.duration_s, limit_s)
            self._kept(whole)
            return send_parts(whole)
        return send(self._whole(whole, chunked, audio_format), self._kept(whole))

    def _heard_live(
        self,
        chunks: Iterator[Any],
        limit_s: float,
        send: Callable[[_Audio, Kept | None], Any],
        send_parts: Callable[[Recording], Any],
        *,
        split: bool,
    ) -> Any:
        kept = None if self._keep is None else Kept(self._keep, self._secrets)
        live = LiveAudio(chunks, limit_s, kept.chunk if kept else None)
        failed: BaseException | None = None
        try:
            return send(_Audio(upload.CONTENT_TYPES["wav"], lambda: live, expect=True), kept)
        except SourceError as error:
            failed = error.original
        finally:
            # Also when the network failed: the student still speaks, and no word of it shall be lost.
            if kept or (split and live.is_too_long):
                live.finish()
            recording = live.recording()
            if kept and recording is not None:
                kept.finished(recording)
        if split and live.is_too_long and recording is not None:
            return send_parts(recording)
        raise failed

    def _assess_parts(self, whole: Recording, params: PronunciationScoreParams, language: str) -> list[Any]:
        """The replies to the parts of a long recording, each with its share of the text, times from the start."""
        parts = _parts(whole, ASSESSMENT_LIMIT_S)
        if not params.reference_text.strip():
            return [shifted(self._assess_part(part, params, language), start) for part, start in parts]
        query = _recognition_query(language, "detailed", "raw", None)
        replies = [self._post(self._whole(part), (query, {}), None) for part, _ in parts]
        heard = list(map(Recognition.from_json, replies))
        shares = share_text(params.reference_text, [found.lexical or found.display_text or "" for found in heard])
        if not any(shares):  # nothing was understood anywhere; the replies say why
            return [shifted(reply, start) for reply, (_, start) in zip(replies, parts, strict=True)]
        return [
            shifted(self._assess_part(part, _with_text(params, share), language), start)
            for (part, start), share in zip(parts, shares, strict=True)
            if share
        ]

    def _assess_part(self, part: Recording, params: PronunciationScoreParams, language: str) -> Any:
        return self._post(self._whole(part), self._assessment(params, language), self._kept(part))

    def _assessment(self, params: PronunciationScoreParams, language: str) -> tuple[str, dict[str, str]]:
        """Query and headers that ask for an assessment. Raises `TextError` for a text that is too long."""
        length = len(params.reference_text)
        if length > MAX_REFERENCE_TEXT:
            raise TextError(
                f"The reference text has {length:,} characters; the limit is {MAX_REFERENCE_TEXT:,}: to very long ones "
                "the service never answers. Give the part of it that was read, or use split=True for a long recording."
            )
        query, encoded_params = {"language": language, "format": "detailed"}, params.to_base64()
        if self._params_in == "query":
            return urlencode({**query, PARAMS_QUERY: encoded_params}), {}
        return urlencode(query), {PARAMS_HEADER: encoded_params}

    def _whole(
        self, recording: Recording, chunked: bool | None = None, audio_format: AudioFormat | None = None
    ) -> _Audio:
        audio_format = self._audio_format if audio_format is None else check_audio_format(audio_format)
        in_chunks = self._chunked if chunked is None else chunked
        data = encoded(recording, audio_format)
        pieces = (Pieces if in_chunks else SizedPieces)(data)
        return _Audio(upload.CONTENT_TYPES[audio_format], lambda: pieces, expect=in_chunks)

    def _kept(self, recording: Recording) -> Kept | None:
        """Write the recording to the folder for them, if there is one."""
        if self._keep is None:
            return None
        kept = Kept(self._keep, self._secrets)
        kept.audio(recording)
        return kept

    def _post(self, audio: _Audio, ask: tuple[str, Mapping[str, str]], kept: Kept | None) -> Any:
        """Send audio; the JSON of the reply. What is JSON but no reply is the service's fault, not the caller's."""
        query, headers = ask
        request = Request(
            "POST",
            f"{self._endpoints.recognition}?{query}",
            {
                "Accept": "application/json",
                "Content-Type": audio.content_type,
                "User-Agent": self._user_agent,
                **headers,
            },
            audio.body,
            expect=audio.expect,
        )
        reply = self._exchange.call(request, self._to_recognize, kept.reply if kept else None)
        found = self._json(reply)
        try:
            read_reply(unwrap(found))
            return found
        except ReplyError as error:
            problem = str(error)
        raise named(GarbledReplyError(problem, status=reply.status, connection_id=reply.connection_id))

    # --- text to speech -------------------------------------------------------------------------------------

    def synthesize(
        self,
        text: str | None = None,
        *,
        ssml: str | None = None,
        voice: str | None = None,
        language: str | None = None,
        rate: str | float | None = None,
        output_format: str = "riff-24khz-16bit-mono-pcm",
    ) -> bytes:
        """Speak a text, or an SSML document of your own.

        Parameters
        ----------
        text : str, optional
            What to say.
        ssml : str, optional
            In its place a document of at most 64 KB.
        voice : str, optional
            ShortName of one of `voices`; by default one of the language.
        language : str, optional
            Locale of the text, by default that of the voice, or en-US.
        rate : float or str, optional
            Speed: 0.5 to 2.0, a change such as "-20%", or "x-slow", "slow", "medium", "fast", "x-fast".
        output_format : str
            The service's name of a format; "raw-..." has no header.

        Returns
        -------
        bytes
            A sound file.

        Raises
        ------
        TextError
            For nothing to say, both text and SSML, or SSML that is none.
        ParameterError
            For a voice, language, rate or format that cannot be one.
        ServiceError
            Where the service, or the way to it, fails; `GarbledReplyError` where it sends no sound.
        """
        if (text is None) == (ssml is None):
            raise TextError("Give either the text to speak, or a document as ssml=...")
        if not _OUTPUT_FORMAT.fullmatch(output_format):
            raise ParameterError(f"output_format is {output_format!r}. Give one such as 'riff-24khz-16bit-mono-pcm'.")
        if ssml is not None and (voice, language, rate) != (None, None, None):
            raise ParameterError("voice, language and rate go with a text. Put them into the SSML.")
        if text is not None:
            language = None if language is None else locale_of(language)
            chosen = voice or self._default_voice(language or "en-US")
            ssml = build_ssml(text, voice=chosen, language=language or language_of(chosen), rate=rate)
        document = check_ssml(ssml or "")
        reply = self._exchange.call(
            Request(
                "POST",
                self._endpoints.synthesis,
                {
                    "Content-Type": "application/ssml+xml",
                    "X-Microsoft-OutputFormat": output_format,
                    "User-Agent": self._user_agent,
                },
                lambda: document,
            ),
            self._to_speak,
        )
        if not reply.body:
            problem = "The service sent no sound. Check that the voice speaks the language of the text."
            raise named(GarbledReplyError(problem, status=reply.status, connection_id=reply.connection_id))
        return reply.body

    def voices(self) -> list[dict[str, Any]]:
        """The voices of the region.

        Returns
        -------
        list of dict
            In the service's own fields ("ShortName", "Locale", "Gender" and so on).

        Raises
        ------
        ServiceError
            Where the service, or the way to it, fails.
        """
        headers = {"Accept": "application/json", "User-Agent": self._user_agent}
        reply = self._exchange.call(Request("GET", self._endpoints.voices, headers), self._to_speak)
        found = self._json(reply)
        if not isinstance(found, list) or not all(isinstance(voice, dict) for voice in found):
            raise self._garbled(reply)
        return found

    def _default_voice(self, language: str) -> str:
        """A voice for a language: the usual one, or the first that the service has; asked for once."""
        if self._endpoints.has_own_voice:
            raise ParameterError(
                "The endpoint is that of a custom voice. Give its name, as the deployment has: voice=..."
            )
        if language == "en-US" and not self._endpoints.is_own:
            return DEFAULT_VOICE
        if language not in self._voices:
            names = [voice.get("ShortName") for voice in self.voices() if voice.get("Locale") == language]
            usable = [name for name in names if isinstance(name, str) and name]
            if not usable:
                raise ParameterError(
                    f"{self._endpoints.name} has no voice for language={language!r}. Choose one of voices()."
                )
            self._voices[language] = usable[0]
        return self._voices[language]

    # --- replies --------------------------------------------------------------------------------------------

    def _fetch_token(self) -> Secret:
        """Exchange the key for a token: one attempt, as whoever needs the token tries again."""
        assert self._key is not None  # noqa: S101 - there is no such source without a key
        headers = {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": self._user_agent}
        request = Request("POST", self._endpoints.token, headers, lambda: b"")
        reply = self._exchange.once(request, Key(self._key))
        try:
            return secret(reply.body.decode("ascii"), "token")
        except (ParameterError, UnicodeDecodeError):
            pass
        raise self._garbled(reply)

    def _json(self, reply: Reply) -> Any:
        try:
            return load_json(reply.body)
        except ReplyError:
            pass
        raise self._garbled(reply)

    def _garbled(self, reply: Reply) -> ServiceError:
        start = hide(repr(reply.body[:200].decode("utf-8", "replace")), self._secrets)
        problem = (
            f"What {self._endpoints.name} sent is not a reply of the Speech service: {start}. "
            "Check the region or endpoint, and whether the network asks you to sign in first."
        )
        return named(GarbledReplyError(problem, status=reply.status, connection_id=reply.connection_id))


class _Audio:
    """Audio to be sent: its type, and a body for each attempt."""

    def __init__(self, content_type: str, body: Callable[[], Any], *, expect: bool) -> None:
        self.content_type = content_type
        self.body = body
        self.expect = expect


def _restored(cls: type[AzureSpeech], arguments: dict[str, Any]) -> AzureSpeech:
    with warnings.catch_warnings():  # given when the client was first made
        warnings.simplefilter("ignore")
        return cls(**arguments)


def _parts(whole: Recording, limit_s: float) -> list[tuple[Recording, float]]:
    """The parts of a long recording, and where each begins, in seconds."""
    return [(whole.clip(start, end), start) for start, end in cut_times(whole, limit_s)]


def _with_text(params: PronunciationScoreParams, reference_text: str) -> PronunciationScoreParams:
    return merge_params(reference_text, params)


def _recognition_query(language: str, format_: str, profanity: str, cid: str | None) -> str:
    if format_ not in _FORMATS:
        raise ParameterError(f"format is {format_!r}. Use 'simple' or 'detailed'.")
    if profanity not in _PROFANITY:
        raise ParameterError(f"profanity is {profanity!r}. Use 'masked', 'removed' or 'raw'.")
    if cid is not None and not _CID.fullmatch(cid):
        raise ParameterError(f"cid is {cid!r}. Give the Endpoint ID of the custom model, letters, digits and hyphens.")
    query = {"language": language, "format": format_, "profanity": profanity}
    return urlencode(query if cid is None else {**query, "cid": cid})


def _checked_language(language: str, *, assessed: bool) -> str:
    """The language in the service's spelling; a warning where it is not known to be assessed."""
    language = locale_of(language)
    if assessed and language not in ASSESSMENT_LOCALES:
        warnings.warn(
            f"{language!r} is not a language that pronounce_kit knows to be assessed; it is asked for all the same. "
            f"Known: {', '.join(ASSESSMENT_LOCALES)}.",
            stacklevel=3,
        )
    return language


def _checked_timeout(timeout: object) -> tuple[float, float]:
    pair = timeout if isinstance(timeout, tuple) else (timeout, timeout)
    if len(pair) != 2 or not all(
        isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < float("inf") for value in pair
    ):
        raise ParameterError(f"timeout is {timeout!r}. Give seconds, or a pair of them: (connect, read).")
    return float(pair[0]), float(pair[1])


def _checked_user_agent(user_agent: str | None) -> str:
    if user_agent is None:
        return f"pronounce_kit/{__version__}"
    if (
        not isinstance(user_agent, str)
        or not _USER_AGENT.fullmatch(user_agent)
        or len(user_agent) > _LONGEST_USER_AGENT
    ):
        raise ParameterError(
            f"user_agent must be 1 to {_LONGEST_USER_AGENT} plain characters. Give the name of your application."
        )
    return user_agent


def _made_folder(folder: str | PathLike[str]) -> Path:
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AudioError(f"The folder {path} for recordings cannot be made ({error.strerror}). Check keep.") from None
    return path
