"""Text to speech: POST /cognitiveservices/v1, and the list of voices; both under /tts too, as a resource has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..errors import ParameterError
from ..local.formats import OUTPUT_FORMATS
from ..service import SpeechService
from .failures import RefusalError
from .ssml import Speech, read_ssml

if TYPE_CHECKING:
    from .app import Parts

PATHS = ("/cognitiveservices/v1", "/tts/cognitiveservices/v1")
VOICES_PATHS = ("/cognitiveservices/voices/list", "/tts/cognitiveservices/voices/list")
FORMAT_HEADER = "X-Microsoft-OutputFormat"
VOICE_HEADER = "X-Voice"
"""Header of a reply: the voice that spoke, as it may be another than the one asked for."""

DEFAULT_FORMAT = "riff-24khz-16bit-mono-pcm"
"""Output format where none is asked for, as in the first sample of the service's documentation of 2018."""

_DEFAULT_MEDIA_TYPE = "audio/x-wav; codecs=audio/pcm; samplerate=24000"
_LONGEST_USER_AGENT = 254
_LOCALE = re.compile(r"\b([a-z]{2,3}(?:-[A-Za-z]{4})?-(?:[A-Z]{2}|[0-9]{3}))\b", re.IGNORECASE)
_MEDIA_TYPES = {"riff": "audio/x-wav", "raw": "audio/basic", "audio": "audio/mpeg", "ogg": "audio/ogg; codecs=opus",
                "webm": "audio/webm; codecs=opus"}  # fmt: skip


class Synthesis:
    """The endpoint that speaks."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, request: Request) -> Response:
        """Speak SSML or plain text."""
        parts = self._parts
        parts.gate.check(request)
        if len(request.headers.get("user-agent", "")) > _LONGEST_USER_AGENT:
            raise RefusalError(400, "The User-Agent header is too long. Name your application in under 255 characters.")
        asked = request.headers.get(FORMAT_HEADER)
        output_format = _checked_format(asked or DEFAULT_FORMAT)
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().casefold()
        if content_type not in ("application/ssml+xml", "text/plain"):
            raise RefusalError(415, "Unsupported content type. Send application/ssml+xml or text/plain.")
        parts.work.check()
        body = await parts.uploads.read(request, parts.limits.ssml_bytes)
        speech = read_ssml(body) if content_type == "application/ssml+xml" else _plain(body)
        if not speech.text.strip():
            raise RefusalError(400, "There is no text to speak.")
        audio, voice = await parts.work.run(lambda: _speak(parts.service, speech, output_format))
        # Who did not ask for a format is told all of it.
        media_type = _MEDIA_TYPES[output_format.partition("-")[0]] if asked else _DEFAULT_MEDIA_TYPE
        return Response(audio, media_type=media_type, headers={VOICE_HEADER: voice, FORMAT_HEADER: output_format})


class Voices:
    """The endpoint that lists the voices."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, request: Request) -> Response:
        """The voices of the service, as it lists them."""
        self._parts.gate.check(request)
        return JSONResponse(await self._parts.work.run(self._parts.service.voices))


def _checked_format(name: str) -> str:
    if name not in OUTPUT_FORMATS:
        raise RefusalError(415, f"Unsupported output format. Use one of {', '.join(OUTPUT_FORMATS)}.")
    return name


def _plain(body: bytes) -> Speech:
    try:
        return Speech(body.decode(), None, None)
    except UnicodeDecodeError:
        raise RefusalError(400, "The text is not UTF-8.") from None


def _speak(service: SpeechService, speech: Speech, output_format: str) -> tuple[bytes, str]:
    """The audio, and the ShortName of the voice that spoke; runs in a worker thread."""
    voice = _voice_for(speech, service.voices())
    try:
        return service.synthesize(speech.text, voice=voice, output_format=output_format), voice
    except ParameterError:  # the format was checked
        raise _no_voice() from None


def _voice_for(speech: Speech, voices: list[dict[str, Any]]) -> str:
    """ShortName of the voice asked for, else of the first one of its language.

    Clients name the cloud's voices, which are not here, such as those of the seeds. One of the same language speaks
    in their place, and the reply's header says so; a text in another language is refused, not mispronounced.
    """
    if speech.voice is not None:
        for voice in voices:
            names = (str(voice.get(key, "")).casefold() for key in ("ShortName", "Name", "DisplayName"))
            if speech.voice.casefold() in names:
                return str(voice["ShortName"])
    named = _LOCALE.search(speech.voice or "")
    locale = named.group(1) if named else speech.language and speech.language.replace("_", "-")
    for voice in voices:
        # "en" is spoken by any voice of English.
        if locale is None or f"{voice.get('Locale', '')}-".casefold().startswith(f"{locale}-".casefold()):
            return str(voice["ShortName"])
    raise _no_voice()


def _no_voice() -> RefusalError:
    return RefusalError(
        400, "Unsupported voice or language. GET /cognitiveservices/voices/list has the voices there are."
    )
