"""Speech to text and pronunciation assessment: POST /speech/recognition/conversation/cognitiveservices/v1.

`PATHS` has its other addresses, at which it answers alike: the other modes, and where a resource with a domain of its
own has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ..errors import NotSupportedError, ParameterError, TextError
from ..params import PronunciationScoreParams
from ..service import SpeechService, locale_of, reply_of
from .audio import Kind, kind_of_body, recording_of
from .failures import INVALID_LANGUAGE, RefusalError

if TYPE_CHECKING:
    from .app import Parts

MODES = ("conversation", "interactive", "dictation")
PATHS = tuple(f"{prefix}/speech/recognition/{mode}/cognitiveservices/v1" for prefix in ("", "/stt") for mode in MODES)
PATH = PATHS[0]
PARAMS_HEADER = "Pronunciation-Assessment"
PARAMS_QUERY = "pronunciationScoreParams"

FORMATS = ("simple", "detailed")
PROFANITY = ("masked", "removed", "raw")

_CID = re.compile(r"[A-Za-z0-9-]{1,64}")


class Recognition:
    """The endpoint."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def __call__(self, request: Request) -> Response:
        """Assess the recording against a text where there are assessment parameters, else write down what was said."""
        parts = self._parts
        parts.gate.check(request)
        question = _Question(request)
        parts.work.check()
        body = await parts.uploads.read(request, parts.limits.body_bytes)
        if not body:
            return JSONResponse({})
        kind = kind_of_body(body, request.headers.get("content-type"))
        limit_s = parts.limits.audio_s
        return JSONResponse(await parts.work.run(lambda: question.answer(parts.service, body, kind, limit_s)))


class _Question:
    """What a request asks for; raises `RefusalError` (400) for what nobody can."""

    def __init__(self, request: Request) -> None:
        query = request.query_params
        self.language = _language(query.get("language"))
        self.format = _one_of(FORMATS, "format", query.get("format"))
        self.profanity = _one_of(PROFANITY, "profanity", query.get("profanity"))
        # There are no custom models here: an endpoint ID is checked and then passed over.
        if not _CID.fullmatch(query.get("cid") or "none"):
            raise RefusalError(400, INVALID_LANGUAGE)
        # Each name in its own place first; clients mix them up.
        places = ((request.headers, PARAMS_HEADER), (query, PARAMS_QUERY), (request.headers, PARAMS_QUERY),
                  (query, PARAMS_HEADER))  # fmt: skip
        self.params = _params(next((found for place, name in places if (found := place.get(name))), None))

    def answer(self, service: SpeechService, body: bytes, kind: Kind, limit_s: float) -> Any:
        """The reply, as JSON; runs in a worker thread."""
        recording = recording_of(body, kind, limit_s)
        if recording is None:
            return {"RecognitionStatus": "InitialSilenceTimeout", "Offset": 0, "Duration": 0}
        try:
            if self.params is not None:
                return reply_of(service, recording, language=self.language, params=self.params)
            reply = service.recognize(
                recording, language=self.language, format=self.format, profanity=self.profanity
            ).raw
        except ParameterError:  # all other parameters were checked when they were read
            raise RefusalError(400, INVALID_LANGUAGE) from None
        except TextError as error:
            if self.params is not None and not self.params.reference_text.strip():
                raise NotSupportedError(str(error)) from None
            raise
        return simple(reply) if self.format == "simple" else reply


def simple(reply: Any) -> Any:
    """A reply in the simple format, whatever the service gave: status, text and times, and no alternatives."""
    if not isinstance(reply, dict) or "NBest" not in reply:
        return reply
    best: dict[str, Any] = next(iter(reply["NBest"] or ()), {})
    found = {"DisplayText": best.get("Display"), **reply}
    keys = ("RecognitionStatus", "DisplayText", "Offset", "Duration")
    return {key: found[key] for key in keys if found.get(key) is not None}


def _language(given: str | None) -> str:
    try:
        return locale_of(given)
    except ParameterError:
        raise RefusalError(400, INVALID_LANGUAGE) from None


def _one_of(accepted: tuple[str, ...], name: str, given: str | None) -> str:
    """The value in lower case; the first of those accepted where there is none."""
    value = (given or accepted[0]).casefold()
    if value not in accepted:
        raise RefusalError(400, f"Invalid {name}. Use {' or '.join(accepted)}.")
    return value


def _params(encoded: str | None) -> PronunciationScoreParams | None:
    if not encoded:
        return None
    try:
        return PronunciationScoreParams.from_base64(encoded)
    except ParameterError as error:
        raise RefusalError(400, f"Invalid pronunciation assessment parameters. {error}") from None
