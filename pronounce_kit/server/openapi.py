"""The description of the API for programs: OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..local.formats import OUTPUT_FORMATS
from . import recognition, speech
from .auth import KEY_HEADER, TOKEN_SECONDS
from .limits import Limits
from .recognition import FORMATS, PARAMS_HEADER, PARAMS_QUERY, PROFANITY
from .speech import DEFAULT_FORMAT, FORMAT_HEADER, VOICE_HEADER

Json = dict[str, Any]

_SECURED: list[Json] = [{"key": []}, {"token": []}]


def describe(limits: Limits) -> Json:
    """The whole description, with the limits in force."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Speech service, served locally",
            "version": __version__,
            "description": (
                "The REST API of the Speech service (speech to text with pronunciation assessment, text to speech), "
                "answered by pronounce_kit on this machine. A server without a key lets every request in. "
                "Recognition answers alike in the modes interactive and dictation, in the place of conversation; "
                "recognition under /stt too, and speech under /tts, as a resource with a domain of its own has them. "
                f"Every reply has an X-RequestId. At most {limits.workers} requests are worked on at a time and "
                f"{limits.queue} more wait; over that the answer is 429 with Retry-After."
            ),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": {
            "/sts/v1.0/issueToken": {"post": _issue_token()},
            **_at(recognition.PATHS, "post", _recognize(limits)),
            **_at(speech.PATHS, "post", _synthesize(limits)),
            **_at(speech.VOICES_PATHS, "get", _voices()),
            "/view": {"post": _view(limits)},
            "/health": {"get": _open("health", "Whether the server runs", "application/json", {"type": "object"})},
            "/openapi.json": {"get": _open("description", "This document", "application/json", {"type": "object"})},
            "/": {"get": _open("page", "A page to record and be scored", "text/html", {"type": "string"})},
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": KEY_HEADER},
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": f"From issueToken; valid for {TOKEN_SECONDS // 60} minutes.",
                },
            },
            "headers": {
                "RequestId": {"description": "Names this request in the server's log.", "schema": {"type": "string"}},
                "RetryAfter": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
            },
            "schemas": {
                "Message": _object({"Message": {"type": "string"}}),
                "Error": _object(
                    {"error": _object({"code": {"type": "string"}, "message": {"type": "string"}})}
                ),
                "Recognition": _recognition_schema(),
                "AssessmentParameters": _parameters_schema(),
                "Voice": _voice_schema(),
            },
        },
    }  # fmt: skip


def _at(paths: Sequence[str], method: str, operation: Json) -> Json:
    """The same operation at several addresses, under a name of its own at each."""
    name = operation["operationId"]
    return {
        path: {method: {**operation, "operationId": name if number == 1 else f"{name}{number}"}}
        for number, path in enumerate(paths, 1)
    }


def _issue_token() -> Json:
    return {
        "operationId": "issueToken",
        "summary": "Exchange the key for a token",
        "security": [{"key": []}],
        "responses": _responses("The token, a JWT", "application/jwt", {"type": "string"}, (401, 403, 500)),
    }


def _recognize(limits: Limits) -> Json:
    audio = {"schema": {"type": "string", "format": "binary"}}
    parameters = (
        f"base64 of the UTF-8 JSON of AssessmentParameters. {PARAMS_HEADER} outranks {PARAMS_QUERY}; either name is "
        "read in either place."
    )
    return {
        "operationId": "recognize",
        "summary": "Write down, or assess, a short recording",
        "description": (
            "16-bit 16 kHz mono PCM in WAV (whatever size its header declares, and whatever the Content-Type) or Opus "
            f"in OGG, up to {limits.audio_s:g} s; chunked or not. With assessment parameters the reply has the scores. "
            "A recording without speech is no error: RecognitionStatus says so, or, against a reference text, the "
            'DisplayText "." and words that are all omitted. An empty body gets {}.'
        ),
        "security": _SECURED,
        "parameters": [
            _parameter("language", "query", {"type": "string", "examples": ["en-US"]}, "The language spoken.", True),
            _parameter("format", "query", {"enum": list(FORMATS), "default": FORMATS[0]}, "Without assessment only."),
            _parameter("profanity", "query", {"enum": list(PROFANITY), "default": PROFANITY[0]}, "How it is shown."),
            _parameter("cid", "query", {"type": "string"}, "Custom model; passed over, as there are none here."),
            _parameter(PARAMS_QUERY, "query", {"type": "string"}, parameters),
            _parameter(PARAMS_HEADER, "header", {"type": "string"}, parameters),
        ],
        "requestBody": {
            "required": True,
            "content": {
                "audio/wav; codecs=audio/pcm; samplerate=16000": audio,
                "audio/ogg; codecs=opus": audio,
            },
        },
        "responses": _responses(
            "What was said", "application/json", {"$ref": "#/components/schemas/Recognition"},
            (400, 401, 403, 408, 413, 429, 500, 501, 502, 504),
        ),
    }  # fmt: skip


def _synthesize(limits: Limits) -> Json:
    text = {"schema": {"type": "string"}}
    responses = _responses("Sound", "audio/*", {"type": "string", "format": "binary"},
                           (400, 401, 403, 408, 413, 415, 429, 500, 501, 502, 504))  # fmt: skip
    responses["200"]["headers"][VOICE_HEADER] = {
        "description": "ShortName of the voice that spoke: another of that language, if the one asked for is not here.",
        "schema": {"type": "string"},
    }
    return {
        "operationId": "synthesize",
        "summary": "Speak a text",
        "description": (
            f"SSML or plain text (UTF-8), at most {limits.ssml_bytes:,} bytes. Voice and language are read from the "
            "SSML; rate, pitch, style, breaks and phonemes are passed over. A document type is refused."
        ),
        "security": _SECURED,
        "parameters": [
            _parameter(
                FORMAT_HEADER, "header", {"enum": list(OUTPUT_FORMATS), "default": DEFAULT_FORMAT},
                "Format of the sound; the reply has the header too.",
            ),
        ],
        "requestBody": {"required": True, "content": {"application/ssml+xml": text, "text/plain": text}},
        "responses": responses,
    }  # fmt: skip


def _voices() -> Json:
    schema = {"type": "array", "items": {"$ref": "#/components/schemas/Voice"}}
    return {
        "operationId": "voices",
        "summary": "List the voices",
        "security": _SECURED,
        "responses": _responses("The voices", "application/json", schema, (401, 403, 429, 500, 502, 504)),
    }


def _view(limits: Limits) -> Json:
    return {
        "operationId": "view",
        "summary": "Draw a reply as HTML, for the page",
        "description": f"Takes any reply of the service, up to {limits.body_bytes:,} bytes; returns a fragment.",
        "security": _SECURED,
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
        "responses": _responses("HTML", "text/html", {"type": "string"}, (400, 401, 403, 408, 413, 429, 500)),
    }


def _open(name: str, summary: str, media_type: str, schema: Json) -> Json:
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": _responses(summary, media_type, schema, (500,)),
    }


_REASONS = {
    400: "A parameter, the audio or the text cannot be used",
    401: "The key or token is wrong or expired",
    403: "No key or token was sent",
    408: "The body came too slowly",
    413: "The body or the recording is too long",
    415: "Unknown content type or output format",
    429: "Too many requests at a time",
    500: "The server failed",
    501: "The service behind this server cannot do this",
    502: "The service behind this server failed",
    504: "The service behind this server did not answer in time",
}


def _responses(description: str, media_type: str, schema: Json, failures: tuple[int, ...]) -> Json:
    request_id = {"X-RequestId": {"$ref": "#/components/headers/RequestId"}}
    responses: Json = {
        "200": {
            "description": description,
            "headers": dict(request_id),
            "content": {media_type: {"schema": schema}},
        }
    }
    for status in failures:
        name = "Message" if status == 400 else "Error"
        headers: Json = dict(request_id)
        if status == 429:
            headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        responses[str(status)] = {
            "description": _REASONS[status],
            "headers": headers,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
        }
    return responses


def _parameter(name: str, place: str, schema: Json, description: str, required: bool = False) -> Json:
    return {"name": name, "in": place, "required": required, "description": description,
            "schema": {"type": "string", **schema}}  # fmt: skip


def _object(properties: Json, required: list[str] | None = None) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties) if required is None else required,
    }


def _recognition_schema() -> Json:
    ticks = {"type": ["integer", "string"], "description": "In units of 100 ns."}
    score = {"type": "number", "minimum": 0, "maximum": 100}
    scores = dict.fromkeys(("AccuracyScore", "FluencyScore", "CompletenessScore", "ProsodyScore", "PronScore"), score)
    times = {"Offset": ticks, "Duration": ticks}
    phoneme = _object({"Phoneme": {"type": "string"}, "AccuracyScore": score, **times}, [])
    word = _object(
        {
            "Word": {"type": "string"},
            "AccuracyScore": score,
            "ErrorType": {"enum": ["None", "Mispronunciation", "Omission", "Insertion"]},
            **times,
            "Phonemes": {"type": "array", "items": phoneme},
        },
        ["Word"],
    )
    text = {name: {"type": "string"} for name in ("Lexical", "ITN", "MaskedITN", "Display")}
    best = _object(
        {"Confidence": {"type": ["number", "string"]}, **text, **scores, "Words": {"type": "array", "items": word}}, []
    )
    return _object(
        {
            "RecognitionStatus": {
                "enum": ["Success", "NoMatch", "InitialSilenceTimeout", "BabbleTimeout", "Error"],
            },
            "DisplayText": {"type": "string"},
            **times,
            "SNR": {"type": "number"},
            "NBest": {"type": "array", "items": best},
        },
        [],
    )


def _parameters_schema() -> Json:
    flag = {"type": ["boolean", "string"], "default": False}
    return _object(
        {
            "ReferenceText": {"type": "string"},
            "GradingSystem": {"enum": ["FivePoint", "HundredMark"], "default": "FivePoint"},
            "Granularity": {"enum": ["Phoneme", "Word", "FullText"], "default": "Phoneme"},
            "Dimension": {"enum": ["Basic", "Comprehensive"], "default": "Basic"},
            "EnableMiscue": flag,
            "EnableProsodyAssessment": flag,
            "PhonemeAlphabet": {"enum": ["SAPI", "IPA"], "default": "SAPI"},
            "NBestPhonemeCount": {"type": ["integer", "string"], "minimum": 0, "default": 0},
            "ScenarioId": {"type": "string", "format": "uuid"},
        },
        ["ReferenceText"],
    )


def _voice_schema() -> Json:
    names = (
        "Name DisplayName LocalName ShortName Gender Locale LocaleName SampleRateHertz VoiceType Status WordsPerMinute"
    )
    return _object({name: {"type": "string"} for name in names.split()}, ["ShortName", "Locale"])
