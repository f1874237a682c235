"""What the scoring models look at: one row of numbers a phone, a word, a sentence.

A `View` is one recording held against the canonical phones. The learner's view alone tells how well the phones
fit; the view of the model voice speaking the same phones tells how well they fit when said rightly, so that the
recognizer's own habits cancel out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..quantiles import median, quantiles
from .acoustics import Floats, Heard
from .gop import DELETION, Gop
from .phones import ARPABET, INDEX, VOWELS, base, stress

Ints = NDArray[np.int64]
Samples = NDArray[np.float32]

_LARGEST = 60.0  # ratios are clipped to this; it stands for "no rival" where a phone would meet itself


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each of the N canonical phones of a text stands.

    phone: index into ARPABET. stress: 0-2, -1 for consonants. word: index of its word. place: position in the word,
    from 0. length: phones in the word. words: number of words.
    """

    phone: Ints
    stress: Ints
    word: Ints
    place: Ints
    length: Ints
    words: int

    @classmethod
    def of(cls, words: Sequence[Sequence[str]]) -> Layout:
        """Lay out the phones of each word, vowels with stress digits; every word has at least one."""
        flat = [phone for word in words for phone in word]
        lengths = np.array([len(word) for word in words])
        return cls(
            phone=np.array([INDEX[base(phone)] for phone in flat]),
            stress=np.array([stress(phone) for phone in flat]),
            word=np.repeat(np.arange(len(words)), lengths),
            place=np.concatenate([np.arange(length) for length in lengths]),
            length=np.repeat(lengths, lengths),
            words=len(words),
        )


@dataclass(frozen=True, slots=True)
class View:
    """One recording held against the canonical phones; all but the last four have one entry or row a phone.

    ratio: (N, 40) log ratios against the substitutes and deletion, clipped. smallest: the smallest of them.
    rival: its column. posterior: probability of the canonical phone among its rivals. peak: frame in which it is
    most certain. occupied: expected frames in it. states: (N, 2 S) what the recognizer's last layers say of each phone
    (`states_of_phones`). start, frames: where speech begins and how long it is, with a little around it: how much
    silence a recording has before and after says nothing about the reader. per_frame: log-likelihood a frame.
    entropy: mean entropy of those frames' posteriors, in nats.
    """

    ratio: Floats
    smallest: Floats
    rival: Ints
    posterior: Floats
    peak: Floats
    occupied: Floats
    states: Samples
    start: int
    frames: int
    per_frame: float
    entropy: float

    @classmethod
    def of(cls, gop: Gop, heard: Heard, phones: Ints) -> View:
        """Summarize `gop.goodness` of what was heard and these phones."""
        n, posteriors = len(phones), heard.posteriors
        ratio = np.clip(gop.ratio, -30, _LARGEST)
        ratio[np.arange(n), phones] = _LARGEST
        # Phones that fit nowhere may peak anywhere; they cannot come before their predecessors.
        peak = np.maximum.accumulate(gop.occupancy.argmax(0))
        start = max(int(peak[0]) - _AROUND, 0)
        spoken = posteriors[start : int(peak[-1]) + _AROUND + 1]
        return cls(
            ratio=ratio,
            smallest=ratio.min(1),
            rival=ratio.argmin(1),
            posterior=1 / (1 + np.exp(-np.clip(ratio, -20, 50)).sum(1)),
            peak=peak.astype(float),
            occupied=gop.occupancy.sum(0),
            states=states_of_phones(heard.states, gop.occupancy, peak),
            start=start,
            frames=len(spoken),
            per_frame=gop.log_likelihood / len(spoken),
            entropy=float(-(spoken * np.log(spoken)).sum(1).mean()),
        )

    def only(self, kept: NDArray[np.bool_]) -> View:
        """The view of some of the phones, (N,)."""
        per_phone = ("ratio", "smallest", "rival", "posterior", "peak", "occupied", "states")
        return replace(self, **{name: getattr(self, name)[kept] for name in per_phone})

    @property
    def pace(self) -> float:
        """Frames from the first phone's peak to the last one's, both included."""
        return float(self.peak[-1] - self.peak[0] + 1)

    def gap_after(self) -> Floats:
        """Frames from each phone's peak to the next one's, to the end of speech for the last phone."""
        after = np.empty_like(self.peak)
        after[:-1], after[-1] = self.peak[1:], self.start + self.frames
        return after - self.peak

    def gap_before(self) -> Floats:
        """Frames to each phone's peak from the one before, from the beginning of speech for the first phone."""
        before = np.empty_like(self.peak)
        before[1:], before[0] = self.peak[:-1], self.start
        return self.peak - before


_AROUND = 10  # frames of a recording that count before the first phone's peak and after the last one's
_REACH = 6  # frames to either side of a phone's peak that may still be its own


def states_of_phones(states: Samples, occupancy: Floats, peak: Ints) -> Samples:
    """What the recognizer's last layers say of each phone, (N, 2 S) from (T, S).

    First the mean over the frames that are most likely the phone's, a sharp moment; then the mean from half-way to the
    peak before to half-way to the peak after, the whole of the sound.
    """
    frames = len(states)
    sharp = (occupancy / np.maximum(occupancy.sum(0), 1e-6)).T.astype(np.float32) @ states
    between = (peak[1:] + peak[:-1] + 1) // 2
    edges = np.concatenate([[max(peak[0] - 4, 0)], between, [min(peak[-1] + _REACH, frames)]])
    first = np.clip(np.maximum(edges[:-1], peak - _REACH), 0, frames - 1)
    last = np.clip(np.minimum(np.maximum(edges[1:], first + 1), peak + _REACH + 1), first + 1, frames)
    return np.concatenate([sharp, _means(states, first, last)], 1)


def _means(states: Samples, first: Ints, last: Ints) -> Samples:
    """(N, S) the mean of some of the (T, S) rows, from each first one to before each last one."""
    frames = np.arange(len(states))
    inside = (frames >= first[:, None]) & (frames < last[:, None])
    means: Samples = (inside / (last - first)[:, None]).astype(np.float32) @ states
    return means


# Phones as articulation: manner, place (front to back), voicing, height and backness of vowels, rounding, gliding.
# Numbers that trees can cut: neighbours in a column are alike, which phone numbers are not.
_MANNER = {
    phone: rank
    for rank, group in enumerate(["P B T D K G", "CH JH", "F V TH DH S Z SH ZH HH", "M N NG", "L R", "W Y"])
    for phone in group.split()
}
_PLACE = {
    phone: rank
    for rank, group in enumerate(("P B M W F V TH DH T D N S Z L R CH JH SH ZH Y K G NG HH").split())
    for phone in group.split()
}
_VOICELESS = frozenset(("P T K CH F TH S SH HH").split())
_VOWEL_SHAPE = {  # height 0 (open) to 3 (close), backness 0 (front) to 2 (back), rounded, glides
    "AA": (0, 2, 0, 0), "AE": (0, 0, 0, 0), "AH": (1, 1, 0, 0), "AO": (1, 2, 1, 0), "AW": (0, 1, 0, 1),
    "AY": (0, 1, 0, 1), "EH": (1, 0, 0, 0), "ER": (2, 1, 0, 0), "EY": (2, 0, 0, 1), "IH": (3, 0, 0, 0),
    "IY": (3.5, 0, 0, 0), "OW": (2, 2, 1, 1), "OY": (1, 2, 1, 1), "UH": (3, 2, 1, 0), "UW": (3.5, 2, 1, 0),
}  # fmt: skip


def _articulation() -> Floats:
    rows = []
    for phone in ARPABET:
        if phone in VOWELS:
            rows.append([1, -1, -1, 1, *_VOWEL_SHAPE[phone]])
        else:
            rows.append([0, _MANNER[phone], _PLACE[phone], float(phone not in _VOICELESS), -1, -1, -1, -1])
    rows.append([-2.0] * 8)  # deletion, or no neighbour
    return np.array(rows, float)


ARTICULATION = _articulation()
"""(40, 8): vowel or consonant, manner, place, voicing, height, backness, rounding, glide; the last row is "none"."""


def phone_features(layout: Layout, learner: View, voice: View) -> NDArray[np.float32]:
    """One row for each of the N phones; both views are of the layout's phones."""
    n = len(layout.phone)
    i = np.arange(n)
    low = np.sort(learner.ratio, 1)[:, :4]
    gap_after = learner.gap_after()
    gap_before = learner.gap_before()
    word_mean, word_min = _over_words(layout, learner.posterior)
    worst = (learner.ratio - voice.ratio).min(1)
    pace = learner.pace / voice.pace
    longer = np.log((learner.gap_after() + 1) / (voice.gap_after() + 1) / pace)
    own = ARTICULATION[layout.phone]
    columns = [
        layout.phone[:, None],
        own,
        ARTICULATION[np.minimum(learner.rival, DELETION)],
        ARTICULATION[_shift(layout.phone, -1, DELETION)][:, :4],
        ARTICULATION[_shift(layout.phone, 1, DELETION)][:, :4],
        low,
        learner.ratio[:, DELETION, None],
        learner.posterior[:, None],
        _every(n, learner.smallest.mean(), learner.posterior.mean()),
        _every(n, *quantiles(learner.posterior, 0.1, 0.25, 0.5)),
        *(_shift(learner.smallest, k, 10.0)[:, None] for k in (-2, -1, 1, 2)),
        *(_shift(learner.posterior, k, 1.0)[:, None] for k in (-2, -1, 1, 2)),
        np.stack([learner.occupied, gap_after, gap_before, gap_after / (median(gap_after) + 1e-3)], 1),
        _every(n, n, learner.per_frame, learner.entropy, n / learner.pace),
        np.stack([(learner.peak - learner.start) / learner.frames, layout.place], 1),
        np.stack([layout.length - layout.place, layout.length], 1),
        np.stack([layout.stress, word_mean, word_min, layout.word], 1),
        learner.ratio,
        np.stack([voice.smallest, voice.posterior, learner.smallest - voice.smallest, worst], 1),
        np.stack([learner.posterior - voice.posterior, longer, voice.occupied], 1),
        (learner.ratio[i, learner.rival] - voice.ratio[i, learner.rival])[:, None],
        np.stack([_shift(worst, -1, 10.0), _shift(worst, 1, 10.0)], 1),
        _every(n, pace, np.minimum(learner.smallest - voice.smallest, 3).mean()),
        _every(n, (learner.posterior - voice.posterior).mean(), learner.per_frame - voice.per_frame),
        _every(n, *quantiles(worst, 0.1, 0.25, 0.5)),
    ]
    return np.concatenate(columns, axis=1).astype(np.float32)


def _every(n: int, *values: float) -> Floats:
    return np.tile(np.array(values, float), (n, 1))


def _shift(a: NDArray[np.generic], by: int, fill: float) -> NDArray[np.generic]:
    """Each entry's neighbour `by` places on; `fill` beyond the ends."""
    out = np.full_like(a, fill)
    if by < 0:
        out[-by:] = a[:by]
    else:
        out[:-by] = a[by:]
    return out


def _over_words(layout: Layout, values: Floats) -> tuple[Floats, Floats]:
    """Mean and minimum over the word of each phone, (N,) both."""
    mean = np.bincount(layout.word, values) / np.bincount(layout.word)
    lowest = np.minimum.reduceat(values, np.flatnonzero(layout.place == 0))
    return mean[layout.word], lowest[layout.word]


def word_features(layout: Layout, learner: View, scores: Floats, wrong: Floats) -> NDArray[np.float32]:
    """One row for each word, from its phones' scores (0-100) and error probabilities (0-1), (N,) both."""
    starts = np.flatnonzero(layout.place == 0)
    length = layout.length[starts].astype(float)
    columns: list[Floats] = []

    def over(values: Floats) -> tuple[Floats, Floats]:
        return np.add.reduceat(values, starts) / length, np.minimum.reduceat(values, starts)

    ordered = scores[np.lexsort((scores, layout.word))]  # each word's phones from worst to best
    second = np.where(length > 1, ordered[np.minimum(starts + 1, len(ordered) - 1)], ordered[starts])
    vowel = layout.stress >= 0
    mean, lowest = over(scores)
    columns += [mean, lowest, second]
    columns += [over(np.where(vowel, scores, 100.0))[1], over(np.where(vowel, 100.0, scores))[1]]
    columns += [over(wrong)[0], -over(-wrong)[1], *over(learner.posterior), *over(np.minimum(learner.smallest, 10))]
    columns += [over(-np.log1p(np.exp(np.clip(-learner.smallest, -20, 30))))[0], length]
    frames = np.add.reduceat(learner.gap_after(), starts)
    columns += [frames, frames / length / median(learner.gap_after() + 1)]
    before, after = np.concatenate([[100.0], lowest[:-1]]), np.concatenate([lowest[1:], [100.0]])
    columns += [before, after, scores[starts], scores[starts + length.astype(int) - 1]]
    columns += [np.full(len(starts), value) for value in (scores.mean(), *quantiles(scores, 0.1), layout.words)]
    columns += [np.arange(len(starts)) / len(starts), mean - scores.mean()]
    return np.stack(columns, 1).astype(np.float32)


def sentence_features(
    layout: Layout,
    learner: View,
    voice: View,
    scores: Floats,
    wrong: Floats,
    word_scores: Floats,
    manner: tuple[float, ...],
) -> NDArray[np.float32]:
    """One row for the sentence: how its phones and words did, how fast and how evenly it was read.

    manner: what `prosody_features.manner_of` gives for the recording.
    """
    n = layout.phone.size
    gaps = learner.gap_after()[:-1] if n > 1 else np.array([1.0])
    between = layout.word[1:] != layout.word[:-1]
    inside, across = gaps[~between] if n > 1 else gaps, gaps[between] if n > 1 else gaps[:0]
    longer = np.log((learner.gap_after() + 1) / (voice.gap_after() + 1))
    relative = learner.smallest - voice.smallest
    values = [
        scores.mean(), scores.std(), *quantiles(scores, 0, 0.05, 0.1, 0.25, 0.5), (scores < 60).mean(),
        wrong.mean(), np.sort(wrong)[-3:].mean(),
        word_scores.mean(), word_scores.std(), word_scores.min(), np.sort(word_scores)[:2].mean(),
        median(word_scores), (word_scores < 60).mean(), (word_scores < 80).mean(),
        learner.posterior.mean(), *quantiles(learner.posterior, 0.1, 0.25, 0.5),
        learner.per_frame, learner.entropy, learner.per_frame - voice.per_frame, learner.entropy - voice.entropy,
        np.minimum(relative, 3).mean(), *quantiles(relative, 0.1, 0.25),
        (learner.posterior - voice.posterior).mean(),
        n, layout.words, n / layout.words, n / learner.pace, learner.pace / voice.pace,
        longer.std(), np.abs(longer - median(longer)).mean(), longer.mean(), longer.max(),
        gaps.std() / gaps.mean(), median(gaps), gaps.max(), *quantiles(gaps, 0.9),
        inside.mean() if inside.size else gaps.mean(), across.mean() if across.size else gaps.mean(),
        across.max() if across.size else 0.0, float((gaps > 15).sum()), float((gaps > 25).sum()) / layout.words,
        learner.occupied.mean(), learner.occupied.std(), learner.frames,
        *manner,
    ]  # fmt: skip
    return np.array([values], np.float32)


def pause_statistics(samples: Samples) -> tuple[float, ...]:
    """How speech and silence alternate, from the energy of 10 ms frames.

    Returns seconds of speech from first to last sound, share of it that is silent, pauses of at least 150 ms and of at
    least 400 ms in it, the longest pause in seconds, and the standard deviation in dB of the level where it sounds.
    """
    frames = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    level = 10 * np.log10(np.square(frames, dtype=np.float64).mean(1) + 1e-10)
    if not len(level):
        return (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    loud = np.flatnonzero(level > level.max() - 35)  # what comes before and after is no pause
    level = level[loud[0] : loud[-1] + 1]
    floor, top = quantiles(level, 0.05, 0.95)
    sounding = level > max(floor + 0.35 * (top - floor), top - 35)
    where = np.flatnonzero(sounding)
    if where.size < 2:
        return (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    silence = np.diff(where) - 1
    span = where[-1] - where[0] + 1
    return (
        span * 0.01,
        float(silence.sum() / span),
        float((silence >= 15).sum()),
        float((silence >= 40).sum()),
        float(silence.max() * 0.01),
        float(level[where].std()),
    )
