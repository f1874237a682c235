"""How often the embedded engine's `recognize` gets a word wrong: `python -m tests.recognition [CORPUS]`.

Prints the word error rate (substitutions, insertions and omissions per word said) of 100 sentences spoken by the
embedded voice and, with a corpus folder (`labels.jsonl`, `audio/`), of 200 of its recordings. These are drawn by a
fixed seed from the speakers that nothing in the recognizer was fitted to (`build_listener.held_out`); no sentence of
the corpus went into the language model.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from pronounce_kit import LocalSpeech, Recording
from pronounce_kit.local.build_listener import held_out

SEED = 2026
COUNT = 200

SENTENCES = """
I would like a cup of coffee, please.
The train to the city leaves at nine o'clock.
She bought a new pair of shoes for the party.
We are planning to visit our grandparents next weekend.
Could you please close the window?
My brother plays football every Saturday morning.
The weather has been very cold this week.
He forgot to bring his homework to school.
They live in a small house near the river.
I have never been to Paris before.
What time does the supermarket open on Sunday?
The children are playing in the garden.
She speaks three languages very well.
Don't forget to call your mother tonight.
We watched a great movie last night.
The doctor told him to drink more water.
I usually take the bus to work.
There are five apples on the kitchen table.
He is looking for a new job in another city.
Can you help me carry these bags?
The dog was barking at the mailman.
My sister wants to become a teacher.
It takes about twenty minutes to walk there.
The restaurant on the corner serves good food.
I'm sorry, I didn't hear what you said.
They decided to stay at home because of the rain.
Please turn off the lights when you leave.
The museum is closed on Mondays.
He broke his leg while he was skiing.
She put the letter in an envelope and mailed it.
Do you know where the nearest bank is?
The baby slept through the whole night.
We need to buy some bread and milk.
The teacher explained the lesson again.
I lost my keys somewhere in the park.
He cooked dinner for all of his friends.
The flight was delayed for two hours.
She is reading a book about the history of Rome.
My phone battery is almost empty.
Let's meet in front of the library at noon.
The river was too deep to cross.
He always wears a blue jacket in winter.
They painted the bedroom walls green.
I think this is the best answer.
The old man fed the birds in the square.
How much does this shirt cost?
She has been working here for ten years.
The students were waiting outside the classroom.
We had to change our plans at the last minute.
He washed the car and cleaned the garage.
A strong wind blew the tree down.
My favorite subject at school is science.
The cat climbed onto the roof.
I can't believe how fast time goes by.
She smiled and waved at the camera.
The company hired several young engineers.
You should see a dentist about that tooth.
They grow tomatoes and potatoes on their farm.
The bridge was built more than a hundred years ago.
He asked the waiter for the bill.
I prefer tea to coffee in the afternoon.
The police officer stopped the traffic.
Her birthday is in the middle of March.
We went swimming in the lake every day.
The soup is too hot to eat.
He promised to be home before dark.
Would you like to come with us tomorrow?
The box is heavy, so be careful.
She learned to ride a bicycle when she was six.
There was nobody in the office this morning.
My uncle works as a nurse in a large hospital.
The sun rises in the east and sets in the west.
I need a quiet place to study for my exam.
He played the guitar and she sang along.
The store was full of people buying presents.
Please write your name at the top of the page.
We saw a bear and two wolves in the forest.
They got married on a beautiful summer day.
The computer is slow because it is very old.
I dreamed that I could fly over the mountains.
Who left the door open?
She cut the cake into eight pieces.
The team won the game by one point.
He spends too much money on clothes.
The hotel room had a view of the ocean.
My grandmother tells the most interesting stories.
It was raining when we arrived at the station.
The new road makes the trip much shorter.
Can I borrow your pen for a moment?
The farmer woke up before the sun came up.
She is afraid of spiders and snakes.
We should leave now if we want to catch the train.
The newspaper said that the mayor will resign.
He drank a glass of orange juice with his breakfast.
The little girl drew a picture of her family.
I have an important meeting this afternoon.
The leaves turn red and yellow in the fall.
They moved to a different country last year.
Nobody knew the answer to the question.
Have a safe trip and write to me soon.
""".strip().splitlines()


def words_of(text: str) -> list[str]:
    """The words as they are compared: lower case, no punctuation but apostrophes."""
    return re.sub(r"[^a-z0-9' ]+", " ", text.casefold()).split()


def word_errors(said: Sequence[str], heard: Sequence[str]) -> int:
    """Least number of words replaced, inserted or left out (Levenshtein)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(said, 1):
        last, row = row, [i]
        for j, other in enumerate(heard, 1):
            row.append(min(last[j] + 1, row[-1] + 1, last[j - 1] + (word != other)))
    return row[-1]


def error_rate(speech: LocalSpeech, spoken: Iterable[tuple[Recording, str]]) -> tuple[float, float]:
    """Word error rate, and seconds of work per second of sound."""
    errors = words = 0
    work = sound = 0.0
    for recording, text in spoken:
        started = time.process_time()
        recognition = speech.recognize(recording, format="detailed", profanity="raw")
        work += time.process_time() - started
        sound += recording.duration_s
        said = words_of(text)
        errors += word_errors(said, words_of(recognition.lexical or ""))
        words += len(said)
    return errors / words, work / sound


def spoken_by_voice(speech: LocalSpeech, sentences: Iterable[str]) -> Iterable[tuple[Recording, str]]:
    for sentence in sentences:
        yield Recording.from_bytes(speech.synthesize(sentence)), sentence


def read_by_learners(corpus: Path) -> Iterable[tuple[Recording, str]]:
    lines = [json.loads(line) for line in (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    apart = held_out({line["speaker"] for line in lines})
    readings = sorted((line for line in lines if line["speaker"] in apart), key=lambda line: str(line["utterance"]))
    for i in np.random.default_rng(SEED).permutation(len(readings))[:COUNT]:
        yield Recording.from_file(corpus / "audio" / f"{readings[i]['utterance']}.flac"), readings[i]["text"]


def main() -> None:
    speech = LocalSpeech().load()
    sets = {f"{len(SENTENCES)} sentences of the voice": spoken_by_voice(speech, SENTENCES)}
    if len(sys.argv) > 1:
        sets[f"{COUNT} recordings of the corpus"] = read_by_learners(Path(sys.argv[1]))
    for name, spoken in sets.items():
        rate, pace = error_rate(speech, spoken)
        print(f"{name}: word error rate {rate:.3f}, {pace:.3f} s of CPU per second of sound")


if __name__ == "__main__":
    main()
