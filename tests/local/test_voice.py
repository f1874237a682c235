"""The model voice."""

import numpy as np

from pronounce_kit.local.voice import Voice, _Noise


def test_the_noise_is_that_of_the_generator_from_its_beginning_each_time():
    noise = _Noise(7)
    for size in ((3, 4), (2, 2), (50, 601), (3, 4)):
        own = noise.standard_normal(size, np.float32)
        np.testing.assert_array_equal(own, np.random.default_rng(7).standard_normal(size, np.float32))
        own += 1  # whoever gets it may work in it


def test_a_sentence_sounds_as_the_voices_own_package_says_it():
    voice = Voice()
    for symbols in ("həlˈO ðˈɛɹ.", "ɡˈʊd mˈɔɹnɪŋ."):
        expected = voice._hibari.from_phonemes(symbols, seed=0)
        np.testing.assert_array_equal(voice.say_misaki(symbols), np.clip(expected, -1, 1))
