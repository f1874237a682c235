"""Rated recordings: any sound file that a recording may be, by its name or by what the labels say."""

from __future__ import annotations

import json

import pytest

from pronounce_kit import InputError
from pronounce_kit.local.corpus import read_corpus

WORD = {"text": "HI", "phones": ["HH", "AY1"], "phone_scores": [2, 2], "accuracy": 10}


def corpus(folder, *lines, files=()):
    (folder / "audio").mkdir()
    for name in files:
        (folder / name).write_bytes(b"sound")
    rows = [{"speaker": "1", "age": 9, "gender": "f", "text": "HI", "words": [WORD], **line} for line in lines]
    (folder / "labels.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return folder


@pytest.mark.parametrize(
    "file", ["audio/u1.flac", "audio/u1.wav", "audio/u1.MP3", "audio/u1.m4a", "audio/u1.webm", "u1.wav"]
)
def test_the_file_called_as_the_utterance_is_taken_whatever_its_format(tmp_path, file):
    (reading,) = read_corpus(corpus(tmp_path, {"utterance": "u1"}, files=[file]))
    assert reading.audio == tmp_path / file


@pytest.mark.parametrize("named", ["audio/a 1.mp3", "a 1.mp3", "audio\\a 1.mp3", "C:\\corpus\\a 1.mp3", "a 1.wav"])
def test_the_file_that_a_line_names_is_taken(tmp_path, named):
    (reading,) = read_corpus(
        corpus(tmp_path, {"utterance": "u1", "audio": named}, files=["audio/a 1.mp3", "audio/u1.flac"])
    )
    assert reading.audio == tmp_path / "audio/a 1.mp3"


def test_of_several_formats_the_one_without_loss_is_taken(tmp_path):
    files = ["audio/u1.mp3", "audio/u1.wav", "audio/u1.txt", "audio/u1.flac"]
    (reading,) = read_corpus(corpus(tmp_path, {"utterance": "u1"}, files=files))
    assert reading.audio.suffix == ".flac"


def test_a_recording_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"1 of 2 recordings are not in .*, first u2\.flac"):
        read_corpus(corpus(tmp_path, {"utterance": "u1"}, {"utterance": "u2"}, files=["audio/u1.ogg"]))
