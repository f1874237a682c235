"""The cloud client against bare `requests`, uploading the same recordings to a server on this machine.

Run with `python -m tests.benchmarks.client`. Both sides send the same bytes in the same chunks over kept connections
and get the same reply, from a server in a process of its own that takes as long to answer as told. They take turns
within one run; the table shows medians. `requests` sends its body without waiting for "100 Continue" (it cannot), and
parses the JSON. The client waits; `recognize` reads a few fields of the reply, `assess` makes typed results of all its
words and phonemes, which takes 0.4 ms by itself. Last, 100 assessments at once.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import requests

import pronounce_kit as pk
from pronounce_kit.azure import AzureSpeech
from pronounce_kit.azure.upload import CHUNK_BYTES
from tests.azure.server import Server, reply
from tests.benchmarks.flatten import make_replies

AUDIO_SECONDS = 5.0
PATH = "/speech/recognition/conversation/cognitiveservices/v1?language=en-US&format=detailed"
TEXT = "The village reads quickly through every morning they again."


def _serve(pipe: Connection, delay_s: float) -> None:
    body = reply(make_replies(1)[0])

    def answer(_: Any) -> bytes:
        time.sleep(delay_s)
        return body

    with Server(answer) as server:
        pipe.send(server.url)
        pipe.recv()


class _OtherProcess:
    """A server in a process of its own, so that it does not compete for the interpreter."""

    def __init__(self, delay_s: float) -> None:
        self._pipe, theirs = multiprocessing.Pipe()
        # "spawn": forking would copy the threads of whoever measures.
        context = multiprocessing.get_context("spawn")
        self._process = context.Process(target=_serve, args=(theirs, delay_s), daemon=True)
        self._process.start()

    def __enter__(self) -> str:
        url: str = self._pipe.recv()
        return url

    def __exit__(self, *_: object) -> None:
        self._pipe.send("end")
        self._process.join(5)


def _sides(url: str, recording: pk.Recording) -> dict[str, Callable[[], object]]:
    """What takes turns: each call uploads the recording once."""
    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=100))
    wav = recording.to_wav()
    headers = {
        "Accept": "application/json",
        "Content-Type": "audio/wav; codecs=audio/pcm; samplerate=16000",
        "Ocp-Apim-Subscription-Key": "some-key",
        "Pronunciation-Assessment": pk.PronunciationScoreParams(TEXT, nbest_phoneme_count=5).to_base64(),
    }

    def bare_chunked() -> object:
        chunks = (wav[start : start + CHUNK_BYTES] for start in range(0, len(wav), CHUNK_BYTES))
        return session.post(url + PATH, data=chunks, headers=headers, timeout=30).json()

    def bare_plain() -> object:
        return session.post(url + PATH, data=wav, headers=headers, timeout=30).json()

    service = AzureSpeech("some-key", endpoint=url)
    return {
        "bare_chunked": bare_chunked,
        "recognize_chunked": lambda: service.recognize(recording, format="detailed"),
        "assess_chunked": lambda: service.assess(recording, TEXT),
        "bare_plain": bare_plain,
        "recognize_plain": lambda: service.recognize(recording, format="detailed", chunked=False),
        "assess_plain": lambda: service.assess(recording, TEXT, chunked=False),
    }


def _medians(delay_s: float, rounds: int) -> dict[str, float]:
    """Median seconds of an upload by each side."""
    recording = _recording()
    with _OtherProcess(delay_s) as url:
        sides = _sides(url, recording)
        for call in sides.values():
            call()
        times: dict[str, list[float]] = {name: [] for name in sides}
        order = list(sides)
        for _ in range(rounds):
            random.shuffle(order)
            for name in order:
                start = time.perf_counter()
                sides[name]()
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def _concurrent(delay_s: float, count: int) -> dict[str, float]:
    """Seconds for one assessment, and for so many at once, by the client and by requests."""
    with _OtherProcess(delay_s) as url, ThreadPoolExecutor(count) as threads:
        sides = _sides(url, _recording())

        def seconds(name: str, times: int) -> float:
            start = time.perf_counter()
            list(threads.map(lambda _: sides[name](), range(times)))
            return time.perf_counter() - start

        return {
            "one_s": seconds("assess_chunked", 1),
            "concurrent_requests_s": seconds("bare_chunked", count),
            "concurrent_s": seconds("assess_chunked", count),
        }


def _recording() -> pk.Recording:
    noise = np.random.default_rng(1).normal(0, 0.05, int(AUDIO_SECONDS * 16_000)).astype(np.float32)
    return pk.Recording.from_array(noise, 16_000)


def measure(rounds: int = 200, service_s: float = 0.05, concurrent: int = 100) -> dict[str, float]:
    """Seconds for an upload by each side, to a server that answers at once, and to one that thinks `service_s`.

    `added_...` is what the client takes more than requests, as a share of what that takes.
    """
    result: dict[str, float] = {"rounds": rounds, "audio_s": AUDIO_SECONDS, "service_s": service_s}
    for label, delay_s, times in (("instant", 0.0, rounds), ("thinking", service_s, max(10, rounds // 5))):
        for name, median in _medians(delay_s, times).items():
            result[f"{label}_{name}_s"] = median
        for kind in ("chunked", "plain"):
            bare = result[f"{label}_bare_{kind}_s"]
            for side in ("recognize", "assess"):
                result[f"added_{label}_{side}_{kind}"] = result[f"{label}_{side}_{kind}_s"] / bare - 1
    return {**result, "concurrent": concurrent, **_concurrent(0.5, concurrent)}


def main() -> None:
    """Print the table."""
    result = measure()
    rounds = f"{result['rounds']:.0f} rounds (a fifth where the server thinks)"
    print(f"Upload of {result['audio_s']:g} s of WAV, medians of {rounds}")
    print(f"{'':32}{'requests':>11}{'recognize':>20}{'assess':>20}")
    for label, what in (("instant", "at once"), ("thinking", f"after {1000 * result['service_s']:.0f} ms")):
        for kind in ("chunked", "plain"):
            cells = [f"{1000 * result[f'{label}_bare_{kind}_s']:8.2f} ms"]
            for side in ("recognize", "assess"):
                added = 100 * result[f"added_{label}_{side}_{kind}"]
                cells.append(f"{1000 * result[f'{label}_{side}_{kind}_s']:8.2f} ms {added:+6.1f} %")
            print(f"{kind + ', answered ' + what:32}" + "".join(cells))
    print(
        f"{result['concurrent']:.0f} at once, 0.5 s each: requests {result['concurrent_requests_s']:.2f} s, "
        f"assess {result['concurrent_s']:.2f} s (one alone {result['one_s']:.2f} s)"
    )


if __name__ == "__main__":
    main()
