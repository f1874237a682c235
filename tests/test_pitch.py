"""The pitch of voices that are known, glides and noise, and of the model voice."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pronounce_kit as pk
from pronounce_kit.pitch import HIGHEST_HZ, LOWEST_HZ, _peaks, _viterbi, track


def buzz(f0_hz, sample_rate=16_000, level=0.2):
    """A voice of eleven harmonics with the given pitch at each sample."""
    phase = 2 * np.pi * np.cumsum(f0_hz) / sample_rate
    return level * sum(np.sin(k * phase) / k for k in range(1, 12))


def semitones_off(pitch, f0_hz, sample_rate):
    """Distance of the tracked from the true pitch where there is one, but for the very edges."""
    true = np.interp(pitch.times_s, np.arange(len(f0_hz)) / sample_rate, f0_hz)
    return np.abs(12 * np.log2(pitch.f0_hz / true))[4:-4]


@pytest.mark.parametrize("sample_rate", [8000, 16_000, 24_000, 44_100])
@pytest.mark.parametrize(("start", "end"), [(80, 120), (120, 300), (300, 100), (200, 440), (62, 70), (100, 400)])
def test_a_glide_is_followed_within_a_tenth_of_a_semitone_and_without_octave_errors(start, end, sample_rate):
    f0_hz = np.geomspace(start, end, sample_rate)
    off = semitones_off(track(buzz(f0_hz, sample_rate), sample_rate), f0_hz, sample_rate)
    assert np.nanmax(off) < 0.1
    assert np.isnan(off).mean() < 0.02


@given(st.floats(70, 420), st.integers(0, 9))
@settings(max_examples=40)
def test_a_steady_voice_in_noise_has_its_pitch(hertz, seed):
    f0_hz = np.full(8000, hertz)
    noise = np.random.default_rng(seed).normal(0, 0.03, 8000)
    off = semitones_off(track(buzz(f0_hz) + noise), f0_hz, 16_000)
    assert np.nanmedian(off) < 0.2
    assert np.isfinite(off).mean() > 0.9


def test_noise_and_silence_have_no_pitch():
    noise = np.random.default_rng(0).normal(0, 0.05, 32_000)
    assert np.isnan(track(noise).f0_hz).mean() > 0.98
    assert np.isnan(track(np.zeros(16_000)).f0_hz).all()


def test_a_pause_between_two_voices_stays_unvoiced():
    voice = buzz(np.full(8000, 150.0))
    pitch = track(np.concatenate([voice, np.zeros(8000), voice]))
    pause = (pitch.times_s > 0.55) & (pitch.times_s < 0.95)
    assert np.isnan(pitch.f0_hz[pause]).all()
    assert np.isfinite(pitch.f0_hz[~pause]).mean() > 0.85
    assert pitch.energy_db[pause].max() == -100


def test_the_level_is_that_of_the_sound():
    tone = 0.5 * np.sin(2 * np.pi * 200 * np.arange(16_000) / 16_000)
    assert np.median(track(tone).energy_db) == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.2)


def test_frames_are_a_hop_apart_and_all_four_arrays_belong_together():
    pitch = track(buzz(np.full(16_000, 120.0)), hop_s=0.005)
    assert len(pitch.times_s) == len(pitch.f0_hz) == len(pitch.energy_db) == len(pitch.voicing) == 201
    assert np.allclose(np.diff(pitch.times_s), 0.005)
    assert pitch.voicing[10:-10].min() > 0.9


@pytest.mark.parametrize("count", [0, 1, 7, 159, 500])
def test_a_few_samples_are_no_error(count):
    pitch = track(np.full(count, 0.1, np.float32))
    assert len(pitch.f0_hz) == len(pitch.times_s)
    assert np.isfinite(pitch.energy_db).all()


def test_the_model_voice_has_a_womans_pitch_with_hardly_a_leap():
    samples = pk.Recording.of(pk.LocalSpeech().synthesize("Where did you put the yellow umbrella?")).samples
    f0_hz = track(samples).f0_hz
    voiced = f0_hz[np.isfinite(f0_hz)]
    assert 150 < np.median(voiced) < 260
    assert ((voiced >= LOWEST_HZ) & (voiced <= HIGHEST_HZ)).all()
    leaps = np.abs(np.diff(np.log2(f0_hz))) > 0.5
    assert leaps.sum() <= 1
    assert 0.35 < len(voiced) / len(f0_hz) < 0.9


def every_path(gain):
    """What each path is worth, (states, states, ...), one axis a frame."""
    states = gain.shape[1]
    worth = gain[0].max(0)  # it may begin anywhere
    for step in gain[1:]:
        worth = worth[..., None] + step.reshape((1,) * (worth.ndim - 1) + (states, states))
    return worth


@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_path_through_the_candidates_is_the_one_of_most_gain(frames, states, seed):
    random = np.random.default_rng(seed)
    gain = np.where(
        random.random((frames, states, states)) < 0.2, -np.inf, random.normal(size=(frames, states, states))
    )
    gain[:, -1, -1] = random.normal(size=frames)  # one path there always is
    worth = every_path(gain)
    assert worth[tuple(_viterbi(gain))] == worth.max()


@pytest.mark.parametrize("frames", [99, 100, 101, 1000])
def test_the_path_is_the_same_whether_it_is_followed_frame_by_frame_or_in_stretches(frames):
    gain = np.random.default_rng(frames).normal(size=(frames, 5, 5))
    best, came = np.zeros(5), []
    for step in gain:
        came.append((best[:, None] + step).argmax(0))
        best = (best[:, None] + step).max(0)
    path = [int(best.argmax())]
    for origin in came[:0:-1]:
        path.append(int(origin[path[-1]]))
    assert _viterbi(gain).tolist() == path[::-1]


@given(st.integers(3, 30), st.integers(0, 1), st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_the_peaks_of_a_frame_are_its_highest_ones_with_the_shorter_period_first_in_doubt(lags, decimals, seed):
    corr = np.round(np.random.default_rng(seed).normal(size=(6, lags)), decimals + 1)
    periods, strengths = _peaks(corr, 20.0)
    for row, found, strong in zip(corr, periods, strengths, strict=True):
        peaks = []
        for i in range(1, lags - 1):
            if row[i] > row[i - 1] and row[i] >= row[i + 1] and row[i] > 0:
                left, middle, right = row[i - 1 : i + 2]
                shift = 0.5 * (left - right) / (left - 2 * middle + right)
                top = min(middle - 0.25 * (left - right) * shift, 1)
                peaks.append((middle - 0.06 * np.log2(20 + i - 1), 20 + i - 1 + shift, top))
        peaks = sorted(peaks, key=lambda peak: -peak[0])[:4][::-1]
        empty = 4 - len(peaks)
        assert np.isneginf(strong[:empty]).all()
        assert found[empty:] == pytest.approx([period for _, period, _ in peaks])
        assert strong[empty:] == pytest.approx([top for _, _, top in peaks])


@pytest.mark.parametrize(("count", "rate"), [(1, 8000), (160, 16_000), (5001, 16_000), (4410, 44_100)])
def test_the_level_is_the_root_mean_square_of_32_ms(count, rate):
    samples = np.random.default_rng(count).normal(0, 0.1, count).astype(np.float32)
    pitch = track(samples, rate)
    for time_s, level in zip(pitch.times_s, pitch.energy_db, strict=True):
        first, last = (int(np.clip(round((time_s + by) * rate), 0, count)) for by in (-0.016, 0.016))
        assert level == pytest.approx(10 * np.log10(np.square(samples[first:last], dtype=float).mean()))
