"""Random and mutated sound files, into everything that decodes them.

    python -m tests.fuzz_recordings --count 20000 [--seed N] [--only NUMBER]

A case begins as a file that is right, of any container and codec that can be made here, and then bytes of it are
changed, repeated, moved, cut out or taken from another one. Whatever comes: a recording or an `AudioError`. An
`InternalError` or an exception of another package is a problem: it would blame the kit for bytes from outside, or
the other way round, and `pronounce_kit._codec` has to learn what it means. `--only` runs one case again, such as the
one whose number was shown last before a crash.
"""

from __future__ import annotations

import argparse
import faulthandler
import io
import random
import struct
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import av
import numpy as np

from pronounce_kit._codec import opus_seconds
from pronounce_kit.errors import AudioError, InternalError
from pronounce_kit.recording import Recording
from pronounce_kit.server.audio import recording_of
from pronounce_kit.server.failures import RefusalError

# (container, codec, sample rate, layout): all that `_codec` has a demuxer for and FFmpeg a muxer.
KINDS = (
    *(("wav", f"pcm_{codec}", 16_000, "mono") for codec in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le")),
    *(("wav", codec, 8_000, "mono") for codec in ("pcm_alaw", "pcm_mulaw", "adpcm_ms", "adpcm_ima_wav")),
    *(("wav", "pcm_s16le", 44_100, layout) for layout in ("stereo", "5.1", "7.1")),
    ("flac", "flac", 16_000, "mono"),
    ("flac", "flac", 48_000, "stereo"),
    ("mp3", "libmp3lame", 44_100, "stereo"),
    ("mp3", "libmp3lame", 16_000, "mono"),
    ("ogg", "libopus", 48_000, "mono"),
    ("ogg", "libopus", 16_000, "stereo"),
    ("ogg", "speex", 16_000, "mono"),
    ("ogg", "libvorbis", 44_100, "stereo"),
    ("webm", "libopus", 48_000, "mono"),
    ("matroska", "pcm_s24le", 96_000, "stereo"),
    ("matroska", "aac", 44_100, "mono"),
    ("ipod", "aac", 44_100, "stereo"),
    ("mov", "pcm_s16be", 22_050, "mono"),
    ("mp4", "aac", 16_000, "5.1"),
    ("adts", "aac", 16_000, "mono"),
    ("ac3", "ac3", 48_000, "5.1"),
    ("aiff", "pcm_s16be", 44_100, "stereo"),
    ("au", "pcm_mulaw", 8_000, "mono"),
    ("caf", "pcm_s16le", 16_000, "mono"),
    ("asf", "wmav2", 44_100, "mono"),
    ("asf", "libmp3lame", 44_100, "stereo"),
    ("amr", "libopencore_amrnb", 8_000, "mono"),
    ("flv", "libmp3lame", 44_100, "mono"),
    ("mpegts", "aac", 48_000, "stereo"),
    ("mpeg", "mp2", 44_100, "mono"),
)
_SHORTEST_S = 0.01  # Opus has no sound of a few samples
_TAGS = {"title": "Grüße, 你好", "artist": "x" * 300, "comment": ""}
_SPECIAL = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63, 2**64 - 1)


def encoded(container: str, codec: str, rate: int, layout: str, seconds: float = 0.3) -> bytes:
    """A tone on noise, with tags."""
    channels = av.AudioLayout(layout).nb_channels
    times = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(0).normal(0, 0.05, (channels, len(times)))
    samples = (0.3 * np.sin(2 * np.pi * 300 * times) + noise).astype(np.float32)
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as file:
        file.metadata.update(_TAGS)
        stream = file.add_stream(codec, rate=rate, layout=layout)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T).reshape(1, -1), "flt", layout)
        frame.sample_rate = rate
        resampler = av.AudioResampler(
            stream.codec_context.format, layout, rate, stream.codec_context.frame_size or None
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None), None]:
            file.mux(stream.encode(piece))
    return buffer.getvalue()


@cache
def seeds() -> tuple[bytes, ...]:
    """A file of each kind that this FFmpeg can write, and what tests of WAV headers begin with."""
    made = []
    for kind in KINDS:
        try:
            made.append(encoded(*kind))
        except (av.FFmpegError, ValueError) as error:  # noqa: PERF203
            print(f"cannot be made here: {kind}: {error}", file=sys.stderr)
    mono = next(data for data in made if data[:4] == b"RIFF")
    return (*made, b"RIFX" + mono[4:], b"RF64" + mono[4:], mono[:44] + mono[44:] * 3)


def case(seed: int, number: int) -> bytes:
    """A mutated file, the same for the same numbers."""
    rng = random.Random(f"{seed}-{number}")  # noqa: S311 - no secret
    data = bytearray(rng.choice(seeds()))
    for _ in range(rng.choice((1, 1, 2, 3, 5, 20))):
        _mutate(data, rng)
    return bytes(data)


def _mutate(data: bytearray, rng: random.Random) -> None:
    size = len(data)
    # Half of all changes go where headers are.
    at = rng.randrange(min(size, 400) if rng.random() < 0.5 else size) if size else 0
    length = rng.choice((1, 2, 4, 8, 16, 100, 1000))
    match rng.randrange(10):
        case 0:
            data[at : at + 1] = bytes([rng.randrange(256)])
        case 1 if size:
            data[at] ^= 1 << rng.randrange(8)
        case 2:
            data[at : at + length] = rng.randbytes(length)
        case 3:
            order, width = rng.choice("<>"), rng.choice("HIQ")
            number = rng.choice(_SPECIAL) % 2 ** (8 * struct.calcsize(width))
            data[at : at + struct.calcsize(width)] = struct.pack(order + width, number)
        case 4:
            del data[at : at + length]
        case 5:
            data[at:at] = data[at : at + length] * rng.choice((1, 2, 50))
        case 6:
            del data[at:]
        case 7:
            other = rng.choice(seeds())
            start = rng.randrange(len(other))
            data[at:at] = other[start : start + 10 * length]
        case 8:
            data += rng.choice(seeds())
        case _:
            data[at : at + length] = bytes(length)


@dataclass
class Outcome:
    """How many cases ended how, and those that ended as none may."""

    endings: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


def endings(data: bytes) -> Iterator[str]:
    """What becomes of a file in each thing that decodes it; raises what none of them may raise."""
    try:
        recording = Recording.from_bytes(data)
    except AudioError as error:
        yield f"AudioError: {' '.join(str(error).split()[:6])} …"
        recording = None
    if recording is not None and recording.duration_s > _SHORTEST_S:
        again = Recording.from_bytes(recording.to_ogg_opus())
        yield (
            "a recording"
            if abs(again.duration_s - recording.duration_s) < 1
            else "a recording, its Opus of other length"
        )
    if data[:4] == b"OggS":
        try:
            opus_seconds(data, 60)
            yield "Opus, measured"
        except AudioError:
            yield "Opus refused"
    try:
        recording_of(data, "ogg" if data[:4] == b"OggS" else "wav", 60)
        yield "accepted by the server"
    except RefusalError as refusal:
        yield f"refused by the server with {refusal.status}"


def run(count: int, seed: int, *, only: int | None = None, show: bool = False) -> Outcome:
    """Run `count` cases, or one only."""
    outcome = Outcome()
    for number in range(count) if only is None else (only,):
        if show and number % 100 == 0:
            print(f"\r{number}", end="", file=sys.stderr, flush=True)
        try:
            outcome.endings.update(endings(case(seed, number)))
        except Exception as error:
            cause = error.__cause__ if isinstance(error, InternalError) else error
            outcome.endings[f"PROBLEM {type(error).__name__}: {type(cause).__name__}"] += 1
            outcome.problems.append(f"case {number}: {cause!r}")
    return outcome


def main() -> int:
    """Fuzz, and tell what came of it."""
    parser = argparse.ArgumentParser(description="Fuzz what decodes recordings.")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER")
    asked = parser.parse_args()
    faulthandler.enable()  # PyAV could crash the process; the number shown last is within 100 of the case
    started = time.perf_counter()
    outcome = run(asked.count, asked.seed, only=asked.only, show=True)
    print(f"\rPyAV {av.__version__}: {asked.count} files in {time.perf_counter() - started:.1f} s, seed {asked.seed}")
    for ending, times in outcome.endings.most_common():
        print(f"{times:8} {ending}")
    for problem in outcome.problems[:20]:
        print("PROBLEM", problem)
    print(f"{len(outcome.problems)} problems")
    return bool(outcome.problems)


if __name__ == "__main__":
    sys.exit(main())
