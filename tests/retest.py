"""How much PronScore moves when the same speech comes another way: `python -m tests.retest CORPUS [--count N]`.

Readings are drawn by a fixed seed and assessed as they are; then louder and softer, from sources of other sample rates
and codecs, with half a second of silence around them, and in noise. Prints for each change the share of readings whose
score moves by less than 3 points, and the largest move but one in twenty; for noise also whether the quality flags
say so before the score falls by more than 10.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import click
import numpy as np
from numpy.typing import NDArray

from pronounce_kit import LocalSpeech, PronunciationScoreParams, Recording
from pronounce_kit.local.corpus import read_corpus

SEED = 2026
Samples = NDArray[np.float32]


def gain(decibels: float) -> Callable[[Samples], Recording]:
    return lambda samples: Recording.from_array(np.clip(samples * 10 ** (decibels / 20), -1, 1), 16_000)


def rate(sample_rate: int) -> Callable[[Samples], Recording]:
    """The same speech stored at another sample rate."""

    def change(samples: Samples) -> Recording:
        resampler = av.AudioResampler("flt", "mono", sample_rate)
        frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
        frame.sample_rate = 16_000
        parts = [part.to_ndarray()[0] for given in (frame, None) for part in resampler.resample(given)]
        return Recording.from_array(np.concatenate(parts), sample_rate)

    return change


def codec(container: str, name: str, bit_rate: int) -> Callable[[Samples], Recording]:
    """The same speech as a compressed file."""

    def change(samples: Samples) -> Recording:
        file = io.BytesIO()
        with av.open(file, "w", format=container) as out:
            stream = out.add_stream(name, rate=48_000 if name == "libopus" else 16_000)
            stream.bit_rate = bit_rate
            stream.layout = "mono"
            resampler = av.AudioResampler(stream.format.name, "mono", stream.rate, frame_size=stream.frame_size or 960)
            frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
            frame.sample_rate = 16_000
            for given in (frame, None):
                for part in resampler.resample(given):
                    out.mux(stream.encode(part))
            out.mux(stream.encode(None))
        return Recording.from_bytes(file.getvalue())

    return change


def padded(seconds: float) -> Callable[[Samples], Recording]:
    """Silence, with the faint noise that a microphone has, before and after."""

    def change(samples: Samples) -> Recording:
        random = np.random.default_rng(SEED)
        hush = random.normal(0, 1e-4, (2, int(seconds * 16_000))).astype(np.float32)
        return Recording.from_array(np.concatenate([hush[0], samples, hush[1]]), 16_000)

    return change


CHANGES: dict[str, Callable[[Samples], Recording]] = {
    "20 dB softer": gain(-20),
    "10 dB softer": gain(-10),
    "6 dB louder": gain(6),
    "8 kHz": rate(8_000),
    "11.025 kHz": rate(11_025),
    "22.05 kHz": rate(22_050),
    "44.1 kHz": rate(44_100),
    "48 kHz": rate(48_000),
    "Opus 24 kb/s": codec("ogg", "libopus", 24_000),
    "MP3 64 kb/s": codec("mp3", "libmp3lame", 64_000),
    "0.5 s of silence around": padded(0.5),
}


def with_noise(samples: Samples, noise: Samples, snr_db: float) -> Recording:
    """Speech with noise so many decibels below its mean power."""
    noise = np.resize(noise, len(samples))
    power = np.square(samples).mean() / max(float(np.square(noise).mean()), 1e-12)
    return Recording.from_array(np.clip(samples + noise * np.sqrt(power / 10 ** (snr_db / 10)), -1, 1), 16_000)


def babble(voices: Sequence[Samples], random: np.random.Generator) -> Samples:
    """Several people talking at once, each from another moment on: recordings begin and end with silence."""
    longest = max(map(len, voices))
    turns = [np.roll(np.resize(voice, longest), random.integers(longest)) for voice in voices]
    return np.sum(turns, axis=0).astype(np.float32)


def score(speech: LocalSpeech, recording: Recording, text: str) -> float:
    params = PronunciationScoreParams(text, enable_prosody_assessment=True)
    found = speech.assess(recording, params=params).scores.pron
    return float("nan") if found is None else found


@click.command()
@click.argument("corpus", type=click.Path(path_type=Path, exists=True))
@click.option("--count", default=100, show_default=True, help="Readings to assess.")
def main(corpus: Path, count: int) -> None:
    speech = LocalSpeech().load()
    readings = read_corpus(corpus)
    chosen = [readings[i] for i in np.random.default_rng(SEED).permutation(len(readings))[:count]]
    recordings = [Recording.from_file(reading.audio) for reading in chosen]
    before = np.array([score(speech, own, reading.text) for own, reading in zip(recordings, chosen, strict=True)])
    moves = []
    print(f"{count} readings; PronScore with prosody\n{'':26}under 3 points   19 of 20 move less than")
    for name, change in CHANGES.items():
        after = [score(speech, change(own.samples), one.text) for own, one in zip(recordings, chosen, strict=True)]
        move = np.abs(np.array(after) - before)
        moves.append(move)
        print(f"{name:26}{np.mean(move < 3):14.1%}{np.nanquantile(move, 0.95):26.1f}")
    print(f"{'all of these':26}{np.mean(np.concatenate(moves) < 3):14.1%}")
    random = np.random.default_rng(SEED)
    noises = {
        "white noise": lambda: random.normal(0, 1, 160_000).astype(np.float32),
        "babble": lambda: babble([recordings[i].samples for i in random.integers(0, count, 6)], random),
    }
    for name, noise in noises.items():
        noisy = [with_noise(own.samples, noise(), 10) for own in recordings]
        after = np.array([score(speech, own, reading.text) for own, reading in zip(noisy, chosen, strict=True)])
        fell = ~(before - after <= 10)
        flagged = np.array([bool(own.quality().flags) for own in noisy])
        print(
            f"{name} at 10 dB: flagged {flagged.mean():.1%}, fell by more than 10 points {fell.mean():.1%}, "
            f"of which unflagged {np.mean(fell & ~flagged):.1%}"
        )


if __name__ == "__main__":
    main()
