"""Fits the weights of `stress` and prints them, with how often they err.

    python -m pronounce_kit.local.build_stress CORPUS

Right readings: the rated readings of a corpus, in words whose stress the experts called right. Wrong ones: sentences of
the corpus that the model voice speaks with the stress of one word moved, each at a pitch and pace of its own; the same
sentences without the change are right too. Errors are counted on folds of sentences and speakers left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from ..delivery import PROSODY_THRESHOLD
from ..recording import Recording
from .acoustics import Floats
from .analysis import Analyzer, Hearing
from .contour import Contour
from .corpus import read_corpus
from .features import Layout
from .miscue import said_words
from .phones import base, is_vowel
from .stress import evidence_by_word, prominence, words_of_vowels
from .training import corpus_analyzer
from .voice import SAMPLE_RATE as VOICE_RATE

SENTENCES = 300
FOLDS = 5
_PENALTY = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """A word of several syllables: the evidence of its vowels, (S, 4), and its syllables.

    group: sentence or speaker, which stay in one fold. expected: syllable that should be stressed. said: the one that
    was; None in a learner's word whose stress the experts called wrong without saying how.
    """

    group: str
    evidence: Floats
    expected: int
    said: int | None
    spoken: bool


def _evidence(hearing: Hearing, contour: Contour) -> list[Floats]:
    script = hearing.script
    return evidence_by_word(script.layout, contour, script.contour, hearing.view, script.voice)


def _expected(layout: Layout, word: int) -> int | None:
    start, stop = words_of_vowels(layout)[word]
    primary = np.flatnonzero(layout.stress[layout.stress >= 0][start:stop] == 1)
    return int(primary[0]) if stop - start > 1 and primary.size else None


def spoken_cases(texts: list[str], analyzer: Analyzer) -> Iterator[Case]:
    """The model voice speaking one word of each text with its stress as it should be, and moved."""
    random = np.random.default_rng(5)
    made = 0
    for i in random.permutation(len(texts)).tolist():
        script = analyzer.script(texts[i])
        several = [w for w in range(len(script.words)) if _expected(script.layout, w) is not None]
        if not several or made == SENTENCES:
            continue
        made += 1
        word = int(random.choice(several))
        expected = _expected(script.layout, word) or 0
        phones = script.words[word].phones
        syllables = sum(map(is_vowel, phones))
        moved = int(random.choice([s for s in range(syllables) if s != expected]))
        for said, own in ((expected, phones), (moved, _stressed(phones, moved))):
            pitch = float(random.uniform(0.85, 1.2))
            words = [own if w == word else other.phones for w, other in enumerate(script.words)]
            speed, seed = float(random.uniform(0.7, 1.15)) / pitch, int(random.integers(1, 9999))
            spoken = analyzer.voice.say_phones(words, speed, seed)
            samples = Recording.from_array(spoken, round(VOICE_RATE * pitch)).samples
            hearing = analyzer.hear(samples, script)
            if hearing:
                contour = Contour.of(samples, hearing.view.peak, hearing.frame_s)
                yield Case(texts[i], _evidence(hearing, contour)[word], expected, said, True)


def _stressed(phones: tuple[str, ...], syllable: int) -> tuple[str, ...]:
    """The phones with the primary stress on that syllable and no other."""
    at = [i for i, phone in enumerate(phones) if is_vowel(phone)][syllable]
    return tuple(base(p) + str(int(i == at)) if is_vowel(p) else p for i, p in enumerate(phones))


def learners_cases(corpus: Path, analyzer: Analyzer) -> tuple[list[Case], Floats]:
    """The words whose stress experts rated, and the standard deviation of the learners' evidence, (4,)."""
    ratings = {}
    for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines():
        labels = json.loads(line)
        ratings[labels["utterance"]] = [word.get("stress") for word in labels["words"]]
    cases, spreads = [], []
    for reading in read_corpus(corpus):
        rated = ratings[reading.utterance]
        script = analyzer.script(reading.text) if reading.sentence else None
        if script is None or len(script.words) != len(rated):
            continue
        samples = Recording.from_file(reading.audio).samples
        heard = analyzer.model.hear(samples)
        said = said_words(heard, script)
        hearing = analyzer.hold(heard, script.only(said)) if said.any() else None
        if hearing is None:
            continue
        contour = Contour.of(samples, hearing.view.peak, hearing.frame_s)
        layout, voice = hearing.script.layout, hearing.script
        more = prominence(layout, contour, hearing.view) - prominence(layout, voice.contour, voice.voice)
        spreads.append(more - np.nanmedian(more, 0))
        for w, (word, rating) in enumerate(zip(_evidence(hearing, contour), np.array(rated)[said], strict=True)):
            expected = _expected(layout, w)
            if expected is not None and rating is not None:
                cases.append(Case(reading.speaker, word, expected, expected if rating == 10 else None, False))
    return cases, np.nanstd(np.concatenate(spreads), 0)


def fit(cases: list[Case]) -> Floats:
    """Weights and, last, the bias of the log-odds that a syllable was stressed instead of the expected one."""
    rows, wrong = [], []
    for case in cases:
        for syllable in range(len(case.evidence)):
            # Of a moved stress only the syllable that got it is told apart; what the others did is not known.
            if syllable != case.expected and case.said in (case.expected, syllable):
                rows.append(np.r_[case.evidence[syllable] - case.evidence[case.expected], 1.0])
                wrong.append(case.said == syllable)
    x, y = np.array(rows), np.array(wrong, float)
    spread = np.r_[x[:, :-1].std(0), 1.0]
    z = x / spread
    penalty = _PENALTY * np.r_[np.ones(x.shape[1] - 1), 0.0]
    weights = np.zeros(x.shape[1])
    for _ in range(50):  # Newton's method
        p = 1 / (1 + np.exp(-z @ weights))
        slope = z.T @ (p - y) + penalty * weights
        weights -= np.linalg.solve((z.T * (p * (1 - p))) @ z + np.diag(penalty), slope)
    out: Floats = weights / spread
    return out


def confidence(case: Case, weights: Floats) -> tuple[float, int]:
    """How sure it is that another syllable was stressed, and which."""
    odds = (case.evidence - case.evidence[case.expected]) @ weights[:-1] + weights[-1]
    odds[case.expected] = -np.inf
    return float(1 / (1 + np.exp(-odds.max()))), int(odds.argmax())


def _area(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Area under the receiver operating characteristic."""
    above = scores[positive][:, None] - scores[~positive][None]
    return float(((above > 0) + 0.5 * (above == 0)).mean())


@click.command()
@click.argument("corpus", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(corpus: Path) -> None:
    """Fit the stress weights to CORPUS and print them."""
    analyzer = corpus_analyzer()
    learners, spread = learners_cases(corpus, analyzer)
    spoken = list(spoken_cases(sorted({reading.text for reading in read_corpus(corpus)}), analyzer))
    cases = [*spoken, *learners]
    groups = {group: i for i, group in enumerate(sorted({case.group for case in cases}))}
    shuffled = np.random.default_rng(0).permutation(len(groups)) % FOLDS
    fold = np.array([shuffled[groups[case.group]] for case in cases])
    judged: list[tuple[float, int]] = [(0.0, 0)] * len(cases)
    for held_out in range(FOLDS):
        weights = fit([case for case, own in zip(cases, fold, strict=True) if own != held_out])
        for i in np.flatnonzero(fold == held_out).tolist():
            judged[i] = confidence(cases[i], weights)
    sure = np.array([own for own, _ in judged])
    by_voice = np.array([case.spoken for case in cases])
    moved = np.array([case.said not in (None, case.expected) for case in cases])
    named = np.array([case.said == syllable for case, (_, syllable) in zip(cases, judged, strict=True)])
    doubted = np.array([case.said is None for case in cases])
    groups_of_words = {
        "stress moved by the voice": moved,
        "right, by the voice": by_voice & ~moved,
        "right, by learners": ~by_voice & ~doubted,
        "called wrong by experts": doubted,
    }
    click.echo(f"spread of learners {np.round(spread, 2)}; weights and bias {np.round(fit(cases), 2)}")
    click.echo(f"moved by the voice: AUC {_area(sure[by_voice], moved[by_voice]):.3f}")
    click.echo(f"called wrong by experts: AUC {_area(sure[~by_voice], doubted[~by_voice]):.3f}")
    click.echo(f"moved, and the syllable named: {(named & (sure >= PROSODY_THRESHOLD))[moved].mean():.3f}")
    for name, chosen in groups_of_words.items():
        shares = ", ".join(f"{(sure[chosen] >= least).mean():.3f} from {least}" for least in (0.5, PROSODY_THRESHOLD))
        click.echo(f"{name}: {chosen.sum()} words; flagged at confidence {shares}")


if __name__ == "__main__":
    main()
