"""Sentences with one substituted sound each, spoken by the model voice: the classical confusions of learners.

python -m tests.minimal_pairs        # which of them the engine hears
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from pronounce_kit import Assessment, LocalSpeech

# sentence | word to alter | its sound | what is said instead ("-": the sound is dropped; the last such sound counts)
TABLE = """
I think so too.                           | think   | TH | S
They went north in spring.                | north   | TH | S
Give me three apples.                     | three   | TH | T
She opened her mouth slowly.              | mouth   | TH | F
My brother lives here.                    | brother | DH | D
We like this weather.                     | weather | DH | Z
Those are my books.                       | Those   | DH | D
He is a very good friend.                 | very    | V  | W
The van was full.                         | van     | V  | B
I have seven cats.                        | seven   | V  | W
We want some water.                       | water   | W  | V
The west wind was cold.                   | west    | W  | V
Please turn on the light.                 | light   | L  | R
The glass is on the table.                | glass   | L  | R
I would like some rice.                   | rice    | R  | L
Her red coat was warm.                    | red     | R  | L
The ship left the harbor.                 | ship    | IH | IY
Can you fill this box?                    | fill    | IH | IY
We saw the sheep on the hill.             | sheep   | IY | IH
Please take a seat here.                  | seat    | IY | IH
It was a bad day.                         | bad     | AE | EH
The man came home late.                   | man     | AE | EH
I slept in my bed.                        | bed     | EH | AE
She sent me a letter.                     | sent    | EH | AE
He cut the bread.                         | cut     | AH | AE
The hut was small and dark.               | hut     | AH | AA
They pull the rope.                       | pull    | UH | UW
The pool is closed today.                 | pool    | UW | UH
We caught a big fish.                     | fish    | SH | S
She sells flowers.                        | sells   | S  | SH
Sit on the chair please.                  | chair   | CH | SH
Let us watch a film.                      | watch   | CH | SH
The judge was old.                        | judge   | JH | CH
Put it in the bag.                        | bag     | G  | K
The pig ate it all.                       | pig     | P  | B
We took the bus home.                     | bus     | B  | P
My coat is in the closet.                 | coat    | K  | G
She has two eyes.                         | eyes    | Z  | S
We sing every day.                        | sing    | NG | N
The sun is hot.                           | sun     | N  | NG
He has a new boat.                        | boat    | T  | -
I lost my red hat.                        | hat     | T  | -
The food was cold.                        | cold    | D  | -
I read a good book.                       | book    | K  | -
She can see the house.                    | house   | S  | -
The dog ran home.                         | home    | M  | -
He gave me a cup.                         | cup     | P  | -
We like to eat rice.                      | rice    | S  | -
The weather is nice in June.              | June    | N  | -
I help my mother.                         | help    | HH | -
The coat is too small.                    | coat    | OW | AO
He will wait for the train.               | wait    | EY | EH
The bird sat in a tree.                   | bird    | ER | AA
"""


@dataclass(frozen=True)
class Pair:
    """A sentence, the word that is altered in it, and how."""

    text: str
    word: str
    sound: str
    said: str

    @property
    def contrast(self) -> str:
        return f"{self.sound} → {self.said}" if self.said else f"{self.sound} dropped"

    def altered(self, pronunciation: list[list[str]], at: int) -> list[list[str]]:
        """The sentence's phones with the one sound changed; `at` is the index of the word."""
        word = pronunciation[at]
        place = max(i for i, phone in enumerate(word) if phone.rstrip("012") == self.sound)
        stress = word[place][-1] if word[place][-1].isdigit() else ""
        vowel = self.said[:1] in "AEIOU"
        changed = [self.said + (stress if vowel else "")] if self.said else []
        return [*pronunciation[:at], [*word[:place], *changed, *word[place + 1 :]], *pronunciation[at + 1 :]]


def _pair(line: str) -> Pair:
    text, word, sound, said = (part.strip() for part in line.split("|"))
    return Pair(text, word, sound, "" if said == "-" else said)


PAIRS = tuple(_pair(line) for line in TABLE.strip().splitlines())


@dataclass(frozen=True)
class Outcome:
    """The readings of one pair: as it should be, and with the altered sound; and the altered word's index."""

    pair: Pair
    right: Assessment
    wrong: Assessment
    at: int

    @property
    def found(self) -> bool:
        """Whether the altered word scores lowest in its sentence."""
        scores = [word.accuracy_score if word.accuracy_score is not None else 0.0 for word in self.wrong.words]
        return scores[self.at] == min(scores) and scores.count(min(scores)) == 1

    @property
    def flagged(self) -> bool:
        """Whether the altered word is called wrong."""
        return self.wrong.words[self.at].error_type != "None"

    @property
    def falsely_flagged(self) -> bool:
        """Whether a word of the correct reading is called wrong."""
        return any(word.error_type != "None" for word in self.right.words)


def outcome(speech: LocalSpeech, pair: Pair) -> Outcome:
    """Speak and score both readings of a pair; the pace differs from that of the engine's own model reading."""
    pronunciation = speech.pronunciation(pair.text)
    at = pair.text.rstrip(".?").split().index(pair.word)
    right = speech.synthesize_phones(pronunciation, speed=0.9)
    wrong = speech.synthesize_phones(pair.altered(pronunciation, at), speed=0.9)
    return Outcome(pair, speech.assess(right, pair.text), speech.assess(wrong, pair.text), at)


def main() -> None:
    speech = LocalSpeech().load()
    outcomes = [outcome(speech, pair) for pair in PAIRS]
    missed = defaultdict(list)
    for o in outcomes:
        scores = " ".join(
            f"{w.word} {w.accuracy_score if w.accuracy_score is not None else '-'}" for w in o.wrong.words
        )
        mark = "ok  " if o.found and o.flagged else "lowest" if o.found else "flagged" if o.flagged else "MISS"
        print(f"{mark:8s}{o.pair.contrast:12s}{scores}{'   FALSE ALARM' if o.falsely_flagged else ''}")
        if not o.found:
            missed[o.pair.contrast].append(o.pair.word)
    share = sum(o.found for o in outcomes) / len(outcomes)
    print(f"\nlowest in its sentence: {share:.3f} of {len(outcomes)}; flagged: "
          f"{sum(o.flagged for o in outcomes) / len(outcomes):.3f}; correct readings without a flag: "
          f"{1 - sum(o.falsely_flagged for o in outcomes) / len(outcomes):.3f}")  # fmt: skip
    print("not heard: " + "; ".join(f"{contrast} ({', '.join(words)})" for contrast, words in missed.items()))


if __name__ == "__main__":
    main()
