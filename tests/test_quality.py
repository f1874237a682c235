import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pronounce_kit.flags import VERDICTS, advice
from pronounce_kit.quality import GOOD, measure
from pronounce_kit.recording import Recording

RATE = 16_000
TIME = np.arange(4 * RATE) / RATE


def noise(level, seed=0, size=4 * RATE):
    return np.random.default_rng(seed).normal(0, level, size)


def sing(seed=0, words=5):
    """A stand-in for speech: voiced words of changing pitch, loudness and formants, with pauses between them."""
    rng = np.random.default_rng(seed)
    parts = [np.zeros(6400)]
    for _ in range(words):
        n = 6400
        t = np.arange(n) / RATE
        f0 = rng.uniform(110, 220) * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(1, 3) * t))
        phase = 2 * np.pi * np.cumsum(f0) / RATE
        f1, f2 = (np.linspace(*rng.uniform(low, high, 2), n) for low, high in ((300, 900), (900, 2500)))
        word = np.zeros(n)
        for harmonic in range(1, 25):
            hertz = harmonic * f0
            gain = np.exp(-(((hertz - f1) / 150) ** 2)) + 0.5 * np.exp(-(((hertz - f2) / 250) ** 2)) + 0.01
            word += gain * np.sin(harmonic * phase)
        parts += [word * np.hanning(n), np.zeros(3200)]
    sound = np.concatenate(parts)
    return sound / np.abs(sound).max() * 0.5


def judge(samples):
    return measure(np.clip(samples, -1, 1).astype(np.float32))


def test_speech_in_a_quiet_room_is_good():
    quality = judge(sing() + noise(0.001, size=len(sing())))
    assert quality.flags == ()
    assert quality.ok
    assert quality.verdict == GOOD
    assert 0.3 < quality.speech_share < 0.8
    assert quality.speech_start_s == pytest.approx(0.45, abs=0.1)
    assert quality.speech_end_s == pytest.approx(quality.duration_s - 0.25, abs=0.1)
    assert quality.peak_dbfs == pytest.approx(-6, abs=0.2)


@pytest.mark.parametrize(
    ("samples", "flags"),
    [
        (np.zeros(0), ("empty",)),
        (np.zeros(len(TIME)), ("silent",)),
        (noise(0.0005), ("silent",)),
        (noise(0.1), ("no_speech",)),
        (np.cumsum(noise(0.001)), ("no_speech",)),
        (0.3 * np.sin(2 * np.pi * 440 * TIME), ("no_speech",)),
        (0.3 * np.sin(2 * np.pi * 1000 * TIME) * (np.sin(4 * np.pi * TIME) > 0), ("no_speech",)),
        (noise(0.1) * np.where((TIME > 1) & (TIME < 3), 1, 0.01), ("no_speech",)),
        (np.tile(np.r_[1.0, np.zeros(7999)], 8), ("no_speech",)),
        (np.full(len(TIME), 0.3), ("silent",)),
    ],
    ids=["empty", "zeros", "hiss", "noise", "rumble", "tone", "beeps", "noise-burst", "clicks", "offset"],
)
def test_what_is_not_speech_is_flagged_and_has_no_speech(samples, flags):
    quality = judge(samples)
    assert quality.flags == flags
    assert not quality.ok
    assert quality.speech_share == 0
    assert quality.speech_start_s is quality.speech_end_s is quality.snr_db is quality.speech_dbfs is None


@pytest.mark.parametrize("mains", [50, 60, 100, 120])
@pytest.mark.parametrize("switched_on_s", [0, 1.5])
def test_a_mains_hum_is_not_speech(mains, switched_on_s):
    hum = sum(0.2 / k * np.sin(2 * np.pi * mains * k * TIME) for k in range(1, 12)) * (switched_on_s <= TIME)
    assert judge(hum).flags == ("no_speech",)
    pure = 0.3 * np.sin(2 * np.pi * mains * TIME) * (switched_on_s <= TIME)
    assert judge(pure).speech_share == 0


def test_speech_over_a_hum_is_still_speech():
    speech = sing()
    quality = judge(speech + 0.05 * np.sin(2 * np.pi * 50 * np.arange(len(speech)) / RATE))
    assert quality.ok
    assert quality.speech_share > 0.3


def test_digital_silence_has_no_peak_in_decibels():
    quality = judge(np.zeros(RATE))
    assert quality.peak_dbfs is None
    assert quality.silence_share == 1


def test_clipping_is_measured_and_flagged():
    quality = judge(sing() * 6)
    assert "clipped" in quality.flags
    assert "distorted" in quality.verdict
    full = np.abs(np.clip(sing() * 6, -1, 1)) >= 1
    assert quality.clipped_share == pytest.approx(full.mean(), rel=0.25)  # short runs are not counted


def test_a_single_sample_at_full_scale_is_not_clipping():
    samples = sing()
    samples[::4000] = 1.0
    assert judge(samples).clipped_share == 0


def test_very_quiet_speech_is_flagged():
    quality = judge(sing() * 0.01)
    assert quality.flags == ("too_quiet",)
    assert quality.verdict == "Very quiet: move closer to the microphone and try again."


def test_speech_in_loud_noise_is_flagged():
    samples = sing()
    assert "noisy" in judge(samples + noise(0.06, size=len(samples))).flags


def test_too_short_and_too_long_are_flagged():
    assert "too_short" in judge(sing()[6400:9600]).flags
    assert judge(np.tile(sing(), 20)).flags == ("too_long",)


def test_the_gravest_fault_makes_the_verdict():
    quality = judge(np.zeros(100))
    assert quality.flags == ("too_short", "silent")
    assert quality.verdict == VERDICTS["too_short"]


@pytest.mark.parametrize("snr_db", [5, 10, 15, 20, 25, 30])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_estimate_of_the_noise_is_within_4_db_on_made_up_speech(snr_db, seed):
    clean = sing(seed)
    power = np.mean(clean[np.convolve(clean**2, np.ones(1600), "same") > 1e-3] ** 2)
    mixed = clean + noise(np.sqrt(power / 10 ** (snr_db / 10)), seed, len(clean))
    assert judge(mixed).snr_db == pytest.approx(snr_db, abs=4)


@pytest.mark.parametrize("snr_db", [5, 15, 30])
def test_the_estimate_of_the_noise_is_within_4_db_on_a_synthetic_voice(snr_db):
    hibari = pytest.importorskip("hibari")
    said = hibari.Hibari()("The quick brown fox jumps over the lazy dog.", seed=0)
    clean = Recording.from_array(np.asarray(said, np.float32).ravel(), 24_000).samples
    assert measure(clean).ok
    power = np.mean(clean[np.convolve(clean**2, np.ones(1600), "same") > 1e-2] ** 2)
    mixed = clean + noise(np.sqrt(power / 10 ** (snr_db / 10)), size=len(clean))
    assert judge(mixed).snr_db == pytest.approx(snr_db, abs=4)


def test_others_who_talk_in_the_background_are_flagged():
    hibari = pytest.importorskip("hibari")
    voice, random = hibari.Hibari(), np.random.default_rng(1)

    def say(text, speed=1.0):
        return Recording.from_array(np.asarray(voice(text, seed=0, speed=speed), np.float32).ravel(), 24_000).samples

    clean = say("The quick brown fox jumps over the lazy dog.")
    others = ["I will see you at ten.", "Where is my blue bag?", "They never told us why.", "It was raining all week."]
    talk = sum(
        np.roll(np.resize(say(other, speed), len(clean)), random.integers(len(clean)))
        for other in others
        for speed in (0.8, 1.2)
    )
    mixed = clean + talk * np.sqrt(np.mean(clean**2) / np.mean(talk**2) / 10)
    assert judge(clean).ok
    assert judge(mixed).flags == ("noisy",)


@given(arrays.arrays(np.float32, st.integers(0, 3000), elements=st.floats(-1, 1, width=32)))
@settings(max_examples=60)
def test_any_samples_give_numbers_within_their_ranges_and_no_warning(samples):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quality = measure(samples)
    for share in (quality.clipped_share, quality.silence_share, quality.speech_share):
        assert 0 <= share <= 1
    for level in (quality.peak_dbfs, quality.speech_dbfs, quality.snr_db):
        assert level is None or np.isfinite(level)
    assert set(quality.flags) <= set(VERDICTS)
    assert quality.ok == (not quality.flags)
    if quality.speech_start_s is not None:
        assert 0 <= quality.speech_start_s < quality.speech_end_s <= quality.duration_s


def test_five_seconds_take_milliseconds():
    samples = sing(words=7)[: 5 * RATE].astype(np.float32)
    measure(samples)
    spent = []
    for _ in range(5):
        start = time.process_time()
        measure(samples)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05


def test_quality_of_a_recording_is_computed_once():
    recording = Recording.from_array(sing(), RATE)
    assert recording.quality() is recording.quality()


def test_where_words_were_heard_nobody_is_told_that_there_were_none() -> None:
    assert (advice(()), advice(("too_long",))) == (None, None)
    assert advice(("silent",)) == VERDICTS["too_quiet"]
    assert advice(("no_speech", "clipped")) == VERDICTS["clipped"]
    assert advice(("no_speech",)) == VERDICTS["noisy"]
