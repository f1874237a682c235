"""Random and mutated requests, straight into the ASGI application.

    python -m tests.server.fuzz --count 20000 [--seed N]

A request begins as one that is right, and then parts of it are changed, swapped with parts of others, cut off or made
up. Whatever comes: never 500, never a stack trace, never a secret, and memory stays where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import json
import logging
import random
import re
import struct
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

from pronounce_kit.local import LocalSpeech
from pronounce_kit.recording import Recording
from pronounce_kit.results import Assessment
from pronounce_kit.server import Limits, create_app

from .live import KEY, STT, TEXT, TOKEN, TTS, VOICES, WithFixedRecognition, encoded, resident_mb, wav

Message = MutableMapping[str, Any]
STATUSES = {200, 400, 401, 403, 404, 405, 408, 413, 415, 429, 499, 501}
_LEAKS = re.compile(r"Traceback|File \"|\.py\b|site-packages|pronounce_kit\.|object at 0x")
_NAUGHTY = (
    *("", " ", "0", "-1", "1e999", "NaN", "null", "True", "[]", "{}", "\x00", "\r\n", "%00", "../../etc/passwd"),
    *("'\"<>&", "💥", "ﷺ", "A" * 5000, "ሴ" * 200, "9" * 5000, "\u202e", "zh-Hans-CN", "½ ² ①"),
    *("en-US", "de-DE", "audio/wav", "audio/ogg; codecs=opus", "text/plain", "gzip", "100-continue", "Bearer "),
)
_HEADERS = (
    *("Content-Length", "Expect", "Accept", "Authorization", "Transfer-Encoding", "Content-Encoding", "X-RequestId"),
    *("User-Agent", "X-Microsoft-OutputFormat", "Content-Type", "Range", "Ocp-Apim-Subscription-Key"),
)


class Sparing(WithFixedRecognition):
    """The engine for one assessment of `every`, as it is slow; a fixed reply for the others."""

    every = 8

    def __init__(self, speech: LocalSpeech, fixed: Assessment) -> None:
        super().__init__(speech)
        self._fixed = fixed
        self.calls = 0

    def assess(self, recording: Any, reference_text: str | None = None, **options: Any) -> Assessment:
        self.calls += 1
        if self.calls % self.every:
            return self._fixed
        return super().assess(recording, reference_text, **options)

    def synthesize(self, text: str, **options: Any) -> bytes:
        self.calls += 1
        if self.calls % self.every:
            return b"RIFF"
        return super().synthesize(text[:200], **options)


@dataclass(frozen=True)
class Sent:
    method: str = "POST"
    path: str = "/"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    pieces: int = 1
    ends: bool = True


@dataclass
class Outcome:
    statuses: Counter[int] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    seconds: float = 0.0
    memory_mb: list[float] = field(default_factory=list)  # after each tenth


class Mutator:
    """Makes requests; the same seed makes the same ones."""

    def __init__(self, seed: int, starts: list[Sent], params: dict[str, Any]) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._starts = starts
        self._params = params

    def make(self) -> Sent:
        rng = self._random
        sent = rng.choice(self._starts)
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 6))):
            sent = rng.choice(
                (self._headers, self._headers, self._query, self._body, self._body, self._swap, self._line)
            )(sent)
        return replace(sent, pieces=rng.choice((1, 1, 2, 7)), ends=rng.random() > 0.02)

    def _text(self) -> str:
        rng = self._random
        if rng.random() < 0.6:
            return rng.choice(_NAUGHTY)
        return "".join(
            chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x20000)))) for _ in range(rng.randrange(20))
        )

    def _headers(self, sent: Sent) -> Sent:
        rng = self._random
        headers = list(sent.headers)
        choice = rng.random()
        if headers and choice < 0.3:
            headers.pop(rng.randrange(len(headers)))
        elif headers and choice < 0.6:
            at = rng.randrange(len(headers))
            headers[at] = (headers[at][0], self._text())
        elif choice < 0.8:
            values = {
                **self._params,
                rng.choice([*self._params]): rng.choice((*_NAUGHTY, 0, -1, 10**30, None, [], {}, True)),
            }
            code = base64.b64encode(json.dumps(values).encode()).decode()
            headers.append(
                ("Pronunciation-Assessment", self._bent(code.encode()).decode("latin-1") if choice < 0.65 else code)
            )
        else:
            headers.append((rng.choice(_HEADERS), self._text()))
        return replace(sent, headers=tuple(headers))

    def _query(self, sent: Sent) -> Sent:
        rng = self._random
        name = rng.choice(("language", "format", "profanity", "cid", "pronunciationScoreParams", "x"))
        return replace(sent, query=f"{sent.query}&{name}={self._text()}" if rng.random() < 0.7 else self._text())

    def _body(self, sent: Sent) -> Sent:
        rng = self._random
        if rng.random() < 0.2:
            return replace(sent, body=rng.choice(_NAUGHTY).encode("utf-8", "replace"))
        if rng.random() < 0.15:
            fields = [rng.choice((0, 1, 2, 3, 8, 16, 16000, 65535, 0xFFFE)) for _ in range(6)]
            tag, channels, rate, size, bits, layout = fields
            return replace(sent, body=_lying_wav(sent.body[44:], tag, channels, rate, size, bits, layout))
        return replace(sent, body=self._bent(sent.body))

    def _bent(self, data: bytes) -> bytes:
        """Bytes flipped, cut out, repeated or put in."""
        rng = self._random
        changed = bytearray(data)
        for _ in range(rng.choice((1, 1, 3, 20))):
            at = rng.randrange(len(changed) + 1) if rng.random() < 0.4 else rng.randrange(min(len(changed), 120) + 1)
            kind = rng.random()
            if kind < 0.5 and at < len(changed):
                changed[at] = rng.randrange(256)
            elif kind < 0.7:
                del changed[at : at + rng.choice((1, 4, 100, 10_000))]
            elif kind < 0.85:
                changed[at:at] = rng.randbytes(rng.choice((1, 8, 300)))
            else:
                changed[at:at] = changed[at : at + 500]
        return bytes(changed)

    def _swap(self, sent: Sent) -> Sent:
        other = self._random.choice(self._starts)
        part = self._random.choice(("path", "query", "headers", "body"))
        return replace(sent, **{part: getattr(other, part)})

    def _line(self, sent: Sent) -> Sent:
        rng = self._random
        if rng.random() < 0.5:
            return replace(
                sent, method=rng.choice(("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "post", "\x7f"))
            )
        return replace(
            sent,
            path=rng.choice(
                (sent.path + "/", "//" + sent.path, self._text(), sent.path.upper(), "/openapi.json", "/health")
            ),
        )


def _lying_wav(samples: bytes, tag: int, channels: int, rate: int, size: int, bits: int, layout_size: int) -> bytes:
    layout = struct.pack("<HHIIHH", tag, channels, rate, rate, 2, bits)
    return (
        b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<I", layout_size) + layout + b"data" + struct.pack("<I", size) + samples
    )


def starts(speech: LocalSpeech) -> tuple[list[Sent], Assessment]:
    """Requests that are right, of each kind; and the reply to the assessment among them."""
    said = Recording.from_bytes(speech.synthesize("Hi there."))
    fixed = speech.assess(said, "Hi there.")
    opus = said.to_ogg_opus()
    key = ("ocp-apim-subscription-key", KEY)
    sound = (
        key,
        ("content-type", "audio/wav; codecs=audio/pcm; samplerate=16000"),
        ("pronunciation-assessment", encoded()),
    )
    ogg = (key, ("content-type", "audio/ogg; codecs=opus"), ("pronunciation-assessment", encoded(EnableMiscue="True")))
    speak = (
        key,
        ("content-type", "application/ssml+xml"),
        ("x-microsoft-outputformat", "audio-16khz-32kbitrate-mono-mp3"),
    )
    ssml = b"""<?xml version="1.0"?><speak version='1.0' xmlns="http://www.w3.org/2001/10/synthesis" xml:lang='en-US'>
<voice name='en-US-Heart'>Hi <sub alias="there">x</sub> &amp; <prosody rate='fast'>you</prosody><break/>
</voice></speak>"""
    listed = [
        Sent(path=STT, query="language=en-US", headers=sound, body=said.to_wav()),
        Sent(path=STT, query="language=en-US&format=detailed", headers=sound, body=wav(said.to_wav()[44:], size=0)),
        Sent(path=STT, query="language=en-US", headers=ogg, body=opus),
        Sent(
            path=STT,
            query=f"language=en-US&pronunciationScoreParams={encoded(Granularity='Word')}",
            headers=sound[:2],
            body=said.to_wav(),
        ),
        Sent(path=STT, query="language=en-US&profanity=raw", headers=sound[:2], body=said.to_wav()),
        Sent(path=STT, query="language=en-US", headers=sound),
        Sent(path=TTS, headers=speak, body=ssml),
        Sent(path=TTS, headers=(key, ("content-type", "text/plain"), speak[2]), body=TEXT.encode()),
        Sent(path=TTS, headers=speak, body=b'<!DOCTYPE x [<!ENTITY a "b">]><speak>&a;</speak>'),
        Sent(path=TOKEN, headers=(key,)),
        Sent(path="/view", headers=(key, ("content-type", "application/json")), body=json.dumps(fixed.raw).encode()),
        Sent("GET", VOICES, headers=(key,)),
        Sent("GET", "/"),
    ]
    return listed, fixed


async def ask(app: Callable[..., Awaitable[None]], sent: Sent) -> tuple[int, dict[bytes, bytes], bytes]:
    """Send one request; status 499 where the client went away before the reply."""
    size = max(1, -(-len(sent.body) // sent.pieces))
    parts = [sent.body[at : at + size] for at in range(0, len(sent.body), size)] or [b""]
    messages = [
        {"type": "http.request", "body": part, "more_body": index + 1 < len(parts) or not sent.ends}
        for index, part in enumerate(parts)
    ]
    status, headers, body = 499, {}, b""

    async def receive() -> Message:
        await asyncio.sleep(0)
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status, headers = message["status"], dict(message["headers"])
        else:
            body += message.get("body", b"")

    query = sent.query.encode("utf-8", "replace")
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": sent.method, "scheme": "http",
        "path": sent.path, "raw_path": sent.path.encode("utf-8", "replace"), "root_path": "", "query_string": query,
        "headers": [(name.lower().encode(), value.encode("utf-8", "replace")) for name, value in sent.headers],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return status, headers, body


def problem_with(status: int, headers: dict[bytes, bytes], body: bytes) -> str | None:
    if status not in STATUSES:
        return f"status {status}"
    if status == 499:
        return None
    if b"x-requestid" not in headers:
        return "no X-RequestId"
    if headers.get(b"content-type") == b"application/json":
        try:
            json.loads(body)
        except ValueError:
            return "not JSON"
    if status != 200 and (_LEAKS.search(body.decode("utf-8", "replace")) or KEY.encode() in body):
        return f"leak: {body[:300]!r}"
    return None


def run(speech: LocalSpeech, count: int, seed: int, at_a_time: int = 4) -> Outcome:
    """Send so many requests, some of them at a time."""
    listed, fixed = starts(speech)
    params = json.loads(base64.b64decode(encoded())) | {
        "EnableMiscue": True, "NBestPhonemeCount": 2, "PhonemeAlphabet": "IPA", "ScenarioId": "",
        "Granularity": "Phoneme",
    }  # fmt: skip
    mutator = Mutator(seed, listed, params)
    app = create_app(Sparing(speech, fixed), key=KEY, limits=Limits(workers=2, idle_s=5, body_bytes=2_000_000))
    outcome = Outcome()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("pronounce_kit.server")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    left = count

    async def client() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            sent = mutator.make()
            try:
                status, headers, body = await ask(app, sent)
                problem = problem_with(status, headers, body)
            except Exception as error:
                status, problem = 0, f"raised {error!r}"
            outcome.statuses[status] += 1
            if problem:
                outcome.problems.append(f"{problem} for {sent!r}"[:2000])
            if sum(outcome.statuses.values()) % (count // 10) == 0:
                outcome.memory_mb.append(resident_mb())
            if stream.tell() > 100_000:
                check_log()

    def check_log() -> None:
        log = stream.getvalue()
        stream.seek(0)
        stream.truncate()
        for line in log.splitlines():
            entry = json.loads(line)
            if KEY in line or "error" in entry:
                outcome.problems.append(f"log: {line}")

    async def clients() -> None:
        await asyncio.gather(*(client() for _ in range(at_a_time)))

    started = time.perf_counter()
    try:
        asyncio.run(clients())
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    check_log()
    outcome.seconds = time.perf_counter() - started
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description="Fuzz the server.")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    outcome = run(LocalSpeech().load(), asked.count, asked.seed)
    print(
        f"{asked.count} requests in {outcome.seconds:.1f} s ({asked.count / outcome.seconds:.0f}/s), seed {asked.seed}"
    )
    print("statuses:", dict(sorted(outcome.statuses.items())))
    print("memory after each tenth, MB:", *(round(memory) for memory in outcome.memory_mb))
    for problem in outcome.problems[:20]:
        print("PROBLEM", problem)
    print(f"{len(outcome.problems)} problems")
    return bool(outcome.problems)


if __name__ == "__main__":
    sys.exit(main())
