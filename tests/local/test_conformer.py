from __future__ import annotations

import importlib

import numpy as np
import pytest

from pronounce_kit import LocalSpeech, Recording
from pronounce_kit.local.acoustics import HamaModel
from pronounce_kit.local.conformer import FRAME_SAMPLES, SEEN, Conformer, hama_assets, read_tensors


@pytest.fixture(scope="module")
def network() -> Conformer:
    return Conformer(read_tensors((hama_assets() / "asr_waveform.hama").read_bytes()))


def by_hama(samples: np.ndarray) -> np.ndarray:
    if not importlib.import_module("hama._engine").available():
        pytest.skip("hama's own library is not installed: it has none for this system")
    from hama.asr import ASRModel

    feeds = {"waveform": samples[None], "waveform_lengths": np.array([len(samples)])}
    log_probs, lengths = ASRModel().session.run(["log_probs", "out_lengths"], feeds)
    return np.exp(log_probs[0, : int(lengths[0])])


@pytest.mark.parametrize("seconds", [0.02, 0.5, 2.013, 3.7])
def test_the_network_gives_what_hamas_own_engine_gives(network: Conformer, speech: LocalSpeech, seconds: float) -> None:
    spoken = Recording.from_bytes(speech.synthesize("The weather is very nice today, I think.")).samples
    samples = spoken[: int(seconds * 16_000)]
    states, symbols = network.run(samples)
    assert len(states) == len(symbols) == (1 + len(samples) // 160 + 1) // 2
    assert states.shape[1] == SEEN * 144
    np.testing.assert_allclose(symbols, by_hama(samples), atol=0.01)


def test_noise_and_silence_are_heard_as_hamas_own_engine_hears_them(network: Conformer) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32)
    np.testing.assert_allclose(network.run(noise)[1], by_hama(noise), atol=0.01)
    silence = np.zeros(16_000, np.float32)
    np.testing.assert_allclose(network.run(silence)[1], by_hama(silence), atol=0.01)


@pytest.mark.parametrize("data", [b"", b"HAMAPK\x09\x09" + bytes(100), b"RIFF" + bytes(100)])
def test_a_file_of_another_kind_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="known version"):
        read_tensors(data)


def test_a_network_of_other_shapes_is_refused_when_it_is_loaded() -> None:
    tensors = read_tensors((hama_assets() / "asr_waveform.hama").read_bytes())
    name = next(name for name in tensors if "MatMul" in name)
    with pytest.raises(ValueError, match="dim"):
        Conformer(tensors | {name: tensors[name][:, :-1]})


@pytest.mark.parametrize("samples", [0, 1, 199, 401])
def test_even_a_sliver_of_sound_has_posteriors(samples: int) -> None:
    posteriors = HamaModel().hear(np.full(samples, 0.1, np.float32)).posteriors
    assert len(posteriors) >= 1
    np.testing.assert_allclose(posteriors.sum(1), 1)


def test_long_audio_has_one_frame_every_20_ms(speech: LocalSpeech) -> None:
    spoken = Recording.from_bytes(speech.synthesize("One two three four five six seven.")).samples
    samples = np.tile(spoken, 70 * 16_000 // len(spoken))
    assert len(HamaModel().hear(samples).posteriors) == len(samples) // FRAME_SAMPLES + 1
