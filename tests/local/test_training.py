"""The recipe of the weights, from a corpus folder to scores, on a small corpus that the voice reads."""

import json
import zlib

import numpy as np
import pytest

from pronounce_kit import InputError, LocalSpeech, Recording
from pronounce_kit.local.corpus import CONFUSIONS, folds_by_speaker, misread, perturb, read_corpus

lightgbm = pytest.importorskip("lightgbm")

pytestmark = pytest.mark.slow

TEXTS = (
    "We call it a bear.", "The ship is late.", "He hates shooting.", "Give me three apples.", "A very nice day.",
    "My brother lives here.", "She sells flowers.", "We took the bus home.", "I lost my red hat.", "They sing well.",
)  # fmt: skip
SPEAKERS = 6


@pytest.fixture(scope="module")
def corpus(speech, tmp_path_factory):
    """Sixty short readings by six "speakers" (speeds), a third of their words with one wrong sound, rated so."""
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "audio").mkdir()
    lines = []
    for speaker in range(SPEAKERS):
        random = np.random.default_rng(speaker)
        for number, text in enumerate(TEXTS):
            canonical = speech.pronunciation(text)
            spoken = [list(word) for word in canonical]
            words = []
            for word, written in zip(spoken, text.strip(".").split(), strict=True):
                ratings = [2.0] * len(word)
                if random.random() < 0.2 + 0.08 * speaker:
                    i = int(random.integers(len(word)))
                    other = str(random.choice(CONFUSIONS[word[i].rstrip("012")]))
                    stress = word[i][-1] if word[i][-1].isdigit() else "1"
                    word[i] = other + (stress if other[0] in "AEIOU" else "")
                    ratings[i] = 0.0
                words.append({"text": written.upper(), "ratings": ratings, "wrong": 0.0 in ratings})
            utterance = f"{speaker:02d}{number:02d}"
            audio = speech.synthesize_phones(spoken, speed=0.8 + 0.08 * speaker)
            Recording.from_bytes(audio).save(folder / "audio" / f"{utterance}.wav")
            (folder / "audio" / f"{utterance}.wav").rename(folder / "audio" / f"{utterance}.flac")
            share = np.mean([word["wrong"] for word in words])
            lines.append(
                {
                    "utterance": utterance,
                    "speaker": str(speaker),
                    "age": 10 + 5 * speaker,
                    "gender": "fm"[speaker % 2],
                    "text": text.upper().strip("."),
                    "words": [
                        {
                            "text": word["text"],
                            "phones": phones,
                            "phone_scores": word["ratings"],
                            "accuracy": 3.0 if word["wrong"] else 10.0,
                        }
                        for word, phones in zip(words, canonical, strict=True)
                    ],
                    "sentence": {
                        "accuracy": 10 - 8 * share,
                        "fluency": 5.0 + speaker * 0.8,
                        "prosodic": 5.0 + speaker * 0.7,
                        "total": 9 - 6 * share,
                    },
                }
            )
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def every_third(corpus, tmp_path_factory):
    """A third of the readings, of all speakers."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "audio").symlink_to(corpus / "audio")
    lines = (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "labels.jsonl").write_text("\n".join(lines[::3]), encoding="utf-8")
    return folder


def test_training_is_repeatable_and_its_weights_score(every_third, tmp_path):
    from pronounce_kit.local.models import load_models
    from pronounce_kit.local.training import train

    written = train(every_third, tmp_path / "a")
    train(every_third, tmp_path / "b")
    assert len(written["files"]) == 8
    for name, size in written["files"].items():
        first, second = ((tmp_path / run / name).read_bytes() for run in "ab")
        assert first == second, f"{name} differs between two runs"
        assert len(first) == size
    speech = LocalSpeech()
    speech.__dict__["_models"] = load_models(tmp_path / "a")
    scores = speech.assess(speech.synthesize("Good morning."), "Good morning.").scores
    assert scores.accuracy is not None
    assert 0 < scores.accuracy <= 100


def test_without_folds_the_installed_models_are_evaluated(every_third):
    from pronounce_kit.local.evaluation import evaluate

    found = evaluate(every_third)
    assert found["folds"] is None
    assert found["utterances"] == 20
    assert found["phone"]["pearson"] > 0.3
    assert found["word"]["accuracy"]["pearson"] > 0.3


def test_evaluation_by_folds_finds_the_planted_errors(corpus, tmp_path):
    from pronounce_kit.local.evaluation import evaluate

    found = evaluate(corpus, folds=3)
    assert found["utterances"] == 60
    assert found["speakers"] == SPEAKERS
    assert found["phone"]["pearson"] > 0.3
    assert found["word"]["accuracy"]["pearson"] > 0.3
    assert set(found["sentence"]) == {"accuracy", "fluency", "prosodic", "total"}
    assert set(found["by_age"]) == {"under 18", "18 and over"}
    assert json.loads(json.dumps(found)) == found
    assert found["seconds_per_audio_second"] > 0


def test_where_ratings_rise_half_as_far_as_scores_the_slope_is_a_half():
    from pronounce_kit.local.evaluation import _compare

    scores = np.linspace(10, 90, 9)
    assert _compare(scores, 20 + scores / 2, 10)["slope"] == pytest.approx(0.5)


def test_the_exported_trees_equal_the_boosters(tmp_path):
    from pronounce_kit.local.export import to_onnx
    from pronounce_kit.local.models import Trees

    random = np.random.default_rng(0)
    rows = random.standard_normal((3000, 7)).astype(np.float32)
    target = rows[:, 0] * rows[:, 1] + np.sin(3 * rows[:, 2])
    booster = lightgbm.train({"verbosity": -1, "num_leaves": 31, "seed": 1}, lightgbm.Dataset(rows, target), 80)
    exported = Trees(to_onnx(booster, 7)).predict(rows)
    assert exported == pytest.approx(booster.predict(rows), abs=1e-4)
    on_thresholds = np.unique(booster.trees_to_dataframe()["threshold"].dropna().to_numpy(np.float32))[:200]
    edge = np.tile(on_thresholds[:, None], (1, 7)).astype(np.float32)
    assert Trees(to_onnx(booster, 7)).predict(edge) == pytest.approx(booster.predict(edge), abs=1e-4)


def test_a_speaker_is_in_one_fold_only(corpus):
    readings = read_corpus(corpus)
    folds = folds_by_speaker(readings, 3)
    assert set(folds) == {0, 1, 2}
    by_speaker = {(reading.speaker, fold) for reading, fold in zip(readings, folds, strict=True)}
    assert len(by_speaker) == SPEAKERS
    with pytest.raises(InputError, match="7 folds"):
        folds_by_speaker(readings, 7)


def test_perturbed_text_changes_only_sounds_that_were_rated_right(corpus):
    for reading in read_corpus(corpus):
        changed = perturb(reading)
        assert changed == perturb(reading), "the same reading gives the same changes"
        assert 1 <= sum(changed.wrong) <= max(1, round(len(reading.ratings) / 10))
        flat = [phone for word in changed.words for phone in word]
        assert len(flat) == len(changed.wrong)
        kept = [phone for phone, wrong in zip(flat, changed.wrong, strict=True) if not wrong]
        assert set(kept) <= {phone for word in reading.words for phone in word.phones}


def test_each_misreading_of_a_text_has_other_mistakes_at_another_pace(corpus):
    readings = read_corpus(corpus)
    first, second = ([misread(reading, number) for reading in readings] for number in range(2))
    assert first == [misread(reading, 0) for reading in readings], "the same number gives the same mistakes"
    assert sum(one.words != other.words for one, other in zip(first, second, strict=True)) > len(readings) / 2
    assert all(one.speed != other.speed for one, other in zip(first, second, strict=True))
    assert all(any(one.wrong) for one in (*first, *second))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "labels.jsonl").unlink(), "no labels.jsonl"),
        (lambda folder: (folder / "labels.jsonl").write_text(""), "empty"),
        (lambda folder: (folder / "labels.jsonl").write_text('{"utterance": 1}'), "line 1"),
        (lambda folder: next((folder / "audio").iterdir()).unlink(), "1 of 60"),
    ],
)
def test_a_folder_that_is_no_corpus_is_refused(corpus, tmp_path, spoil, message):
    import shutil

    folder = tmp_path / f"spoilt{zlib.crc32(message.encode())}"
    shutil.copytree(corpus, folder)
    spoil(folder)
    with pytest.raises(InputError, match=message):
        read_corpus(folder)
