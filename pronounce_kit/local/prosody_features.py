"""What the sentence models look at of melody, loudness and rhythm: one row of numbers a reading.

Speaking rate and pauses are among `features.sentence_features` already. What else was tried on the corpus and gained
nothing beside these: correlations of pitch, level and durations with the model voice's, by vowel, word and moment;
pauses beyond the voice's; the pace of single words and stretches; misplaced stress; flatness; periodicity and noise.
The pitch of the voice itself is left out on purpose: it tells children from adults, and should not move a score.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..quantiles import median, quantiles
from .acoustics import Floats
from .analysis import Hearing
from .contour import Contour
from .features import Layout, pause_statistics

# What a value counts as where it is not known, as of stressed vowels in a text without: the median over learners.
_USUAL: Mapping[str, float] = {
    "pitch_range": 4.24,  # semitones from the lowest tenth to the highest
    "pitch_std": 1.61,  # of the vowels' middle pitches
    "pitch_mad": 0.89,  # median distance from their median
    "pitch_step": 1.63,  # from vowel to vowel
    "pitch_slope": -1.06,  # semitones a second
    "pitch_fall": -1.4,  # last vowel less the mean
    "pitch_within": 1.26,  # movement within a vowel
    "voiced_vowels": 0.93,  # share of the moments in vowels that have voice
    "voiced": 0.8,  # ... and in all phones
    "npvi": 0.42,  # normalized pairwise variability of vowel durations (Grabe and Low 2002)
    "vowel_share": 0.37,  # of the time
    "vowel_variation": 0.35,  # standard deviation of the durations over their mean
    "consonant_variation": 0.33,
    "stressed_longer": -0.07,  # stressed against unstressed vowels: log duration ...
    "stressed_louder": 1.19,  # ... decibels
    "stressed_higher": 0.63,  # ... and semitones
    "last_longer": 0.07,  # last vowel against the mean: log duration
    "longest_vowel": 0.2,  # seconds
    # The level of the learner's vowels in decibels, less the model voice's.
    "level_std": -1.22,
    "level_slope": 6.4,  # a second
    "level_fall": 4.33,  # last vowel less the mean
    "level_step": -0.27,  # from vowel to vowel
    "level_spread": -3.7,  # standard deviation over all phones
    "level_mean": 1.28,  # below full voice
    "level_contrast": -0.22,  # vowels over consonants
}
NAMES = tuple(_USUAL)
"""Names of the features, in order."""


def prosody_features(layout: Layout, learner: Contour, voice: Contour) -> NDArray[np.float32]:
    """(1, F) the features of a reading; both contours are of the layout's phones. All are finite."""
    if not (layout.stress >= 0).any():
        return np.array([list(_USUAL.values())], np.float32)
    mine, model = _levels(layout, learner), _levels(layout, voice)
    found = {
        **_melody(layout, learner),
        **_rhythm(layout, learner),
        **{name: value - model[name] for name, value in mine.items()},
    }
    values = np.array([found[name] for name in NAMES])
    return np.where(np.isfinite(values), values, np.array(list(_USUAL.values())))[None].astype(np.float32)


def manner_of(samples: NDArray[np.float32], hearing: Hearing, contour: Contour) -> tuple[float, ...]:
    """How a text was read apart from its sounds, for the sentence models: pauses, melody, loudness, rhythm."""
    prosody = prosody_features(hearing.script.layout, contour, hearing.script.contour)
    return (*pause_statistics(samples), *map(float, prosody[0]))


def _melody(layout: Layout, contour: Contour) -> dict[str, float]:
    vowels = layout.stress >= 0
    pitch = contour.pitch[vowels]
    voiced = ~np.isnan(pitch)
    middle, high, low = _middle_and_ends(pitch)
    known = ~np.isnan(middle)
    all_known = contour.pitch[~np.isnan(contour.pitch)]
    out = {
        "voiced_vowels": float(voiced.mean()),
        "voiced": float((~np.isnan(contour.pitch)).mean()),
        "stressed_higher": _more_where_stressed(layout, middle),
        "pitch_range": _range(all_known),
    }
    if not known.any():
        return out | dict.fromkeys(
            ("pitch_std", "pitch_mad", "pitch_step", "pitch_slope", "pitch_fall", "pitch_within"), np.nan
        )
    sung = middle[known]
    return out | {
        "pitch_std": float(sung.std()),
        "pitch_mad": median(np.abs(sung - median(sung))),
        "pitch_step": _mean(np.abs(np.diff(middle))),
        "pitch_slope": _slope(_times(layout, contour), middle),
        "pitch_fall": float(middle[-1] - sung.mean()),
        "pitch_within": float((high - low)[known].mean()),
    }


def _rhythm(layout: Layout, contour: Contour) -> dict[str, float]:
    vowels = layout.stress >= 0
    durations = contour.durations
    own, consonants = durations[vowels], durations[~vowels]
    pairs = np.abs(np.diff(own)) / (own[1:] + own[:-1]) * 2
    return {
        "npvi": _mean(pairs),
        "vowel_share": float(own.sum() / durations.sum()),
        "vowel_variation": float(own.std() / own.mean()),
        "consonant_variation": float(consonants.std() / consonants.mean()) if consonants.size else np.nan,
        "stressed_longer": _more_where_stressed(layout, own, logarithm=True),
        "stressed_louder": _more_where_stressed(layout, contour.level[vowels].max(1)),
        "last_longer": float(np.log(own[-1] / own.mean())),
        "longest_vowel": float(own.max()),
    }


def _levels(layout: Layout, contour: Contour) -> dict[str, float]:
    vowels = layout.stress >= 0
    level = contour.level[vowels].max(1)
    return {
        "level_std": float(level.std()),
        "level_slope": _slope(_times(layout, contour), level),
        "level_fall": float(level[-1] - level.mean()),
        "level_step": _mean(np.abs(np.diff(level))),
        "level_spread": float(contour.level.std()),
        "level_mean": float(level.mean()),
        "level_contrast": float(level.mean() - contour.level[~vowels].mean()) if not vowels.all() else np.nan,
    }


def _middle_and_ends(pitch: Floats) -> tuple[Floats, Floats, Floats]:
    """Median, highest and lowest pitch of each row, NaN where it has no voice."""
    ordered = np.sort(pitch, 1)  # NaN comes last
    count = (~np.isnan(pitch)).sum(1)
    rows, last = np.arange(len(pitch)), np.maximum(count - 1, 0)
    middle: Floats = (ordered[rows, last // 2] + ordered[rows, (last + 1) // 2]) / 2
    return middle, ordered[rows, last], ordered[:, 0]


def _more_where_stressed(layout: Layout, values: Floats, logarithm: bool = False) -> float:
    """Mean over stressed vowels less that over the others; NaN where there are not both."""
    stressed = layout.stress[layout.stress >= 0] > 0
    known = ~np.isnan(values)
    high, low = values[stressed & known], values[~stressed & known]
    if not high.size or not low.size:
        return np.nan
    return float(np.log(high.mean() / low.mean()) if logarithm else high.mean() - low.mean())


def _times(layout: Layout, contour: Contour) -> Floats:
    out: Floats = ((contour.starts + contour.ends) / 2)[layout.stress >= 0]
    return out


def _slope(times: Floats, values: Floats) -> float:
    """Change a second by least squares; NaN for fewer than three values."""
    known = ~np.isnan(values)
    if known.sum() < 3:
        return np.nan
    at = times[known] - times[known].mean()
    return float((at * (values[known] - values[known].mean())).sum() / max(float((at * at).sum()), 1e-6))


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def _range(values: Floats) -> float:
    if not values.size:
        return np.nan
    low, high = quantiles(values, 0.1, 0.9)
    return float(high - low)
