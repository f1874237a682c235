"""How the 39 sounds of American English are made, in a learner's words, and word pairs to practise them.

sound_of("th").hint                  # "Put the tip of your tongue between your teeth and blow. No voice."
pairs_between("th", "s")             # think/sink, thick/sick, ...

Data only: what mouth, tongue and voice do is common knowledge of phonetics, put here for learners of any age; the
minimal pairs are ordered with the easiest words first, and each pair differs in exactly one sound in the lexicon of
the embedded engine (`tests/test_sounds.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple


class MinimalPair(NamedTuple):
    """Two words that differ in one sound only: `word` has the sound, `other` has `confused_with` (ARPAbet) there."""

    word: str
    other: str
    confused_with: str


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound and how to make it.

    phoneme
        ARPAbet name without stress: "TH".
    ipa, example
        The sound in IPA, and a word that has it: "θ", "think".
    mouth, tongue, hint
        What lips and jaw do; what the tongue does; and one or two short sentences that a student understands at once.
    voice
        Whether the throat hums: "voiced" or "voiceless". All vowels are voiced.
    minimal_pairs
        Words to practise against the usual confusions, the commonest confusion first.
    """

    phoneme: str
    ipa: str
    example: str
    mouth: str
    tongue: str
    voice: Literal["voiced", "voiceless"]
    hint: str
    minimal_pairs: tuple[MinimalPair, ...] = ()


# --- minimal pairs ----------------------------------------------------------------------------------------------

# sound | sound it is confused with | pairs of words, the first of each with the first sound
_PAIRS = """
TH | S  | think/sink thick/sick mouth/mouse thumb/some
TH | T  | three/tree thank/tank both/boat thin/tin
TH | F  | three/free thin/fin thought/fought
TH | DH | teeth/teethe thigh/thy
DH | D  | they/day then/den those/doze breathe/breed
DH | Z  | clothing/closing breathe/breeze teethe/tease
DH | V  | clothe/clove
V  | W  | vest/west vine/wine vet/wet
V  | B  | very/berry van/ban vote/boat vest/best
V  | F  | van/fan leave/leaf vine/fine save/safe
B  | P  | big/pig bear/pear bat/pat cab/cap
D  | T  | down/town bad/bat ride/right dip/tip
G  | K  | goat/coat bag/back pig/pick gap/cap
Z  | S  | eyes/ice zip/sip buzz/bus prize/price
SH | S  | she/see ship/sip shore/sore sheet/seat
SH | CH | ship/chip shoes/choose sheep/cheap dish/ditch
ZH | Z  | composure/composer seizure/Caesar beige/bays
ZH | SH | rouge/ruche
ZH | JH | lesion/legion
CH | JH | choke/joke cheap/jeep rich/ridge batch/badge
CH | T  | chip/tip chew/too match/mat
JH | Y  | jet/yet joke/yolk jam/yam
JH | D  | jeep/deep jump/dump
JH | Z  | jest/zest raging/raising
JH | G  | jet/get ledge/leg
L  | R  | light/right long/wrong glass/grass lock/rock collect/correct
L  | N  | light/night low/no line/nine slow/snow
L  | W  | line/wine let/wet lake/wake
R  | W  | ring/wing rest/west red/wed
M  | N  | mice/nice map/nap some/sun seem/seen
NG | N  | thing/thin sung/sun rang/ran wing/win
NG | M  | swing/swim rang/ram
NG | G  | bang/bag rang/rag
P  | F  | pan/fan pool/fool cup/cuff
F  | HH | fat/hat fit/hit fall/hall
HH | R  | hat/rat hot/rot
HH | SH | he/she hip/ship
HH | K  | hat/cat hold/cold
K  | T  | key/tea back/bat kick/tick
Y  | CH | you/chew
IH | IY | ship/sheep sit/seat fill/feel slip/sleep bit/beat
IH | EH | sit/set bit/bet pin/pen
IH | AY | bit/bite fit/fight hid/hide
IY | EH | seat/set neat/net feed/fed
EH | AE | bed/bad men/man pen/pan send/sand
EH | EY | let/late get/gate wet/wait pen/pain
EH | AH | bet/but best/bust
AE | AH | cat/cut hat/hut cap/cup ran/run
AE | AA | hat/hot map/mop cap/cop sack/sock
AE | EY | fat/fate mad/made pan/pain
AH | AA | nut/not cut/cot luck/lock duck/dock
AH | AO | cut/caught done/dawn
AH | UH | luck/look tuck/took stud/stood
AH | OW | cut/coat fun/phone bun/bone
AA | AO | cot/caught stock/stalk
AA | OW | not/note hop/hope rod/road
AO | OW | bought/boat law/low hall/hole walk/woke
UH | UW | full/fool pull/pool look/Luke could/cooed
UW | OW | boot/boat soup/soap
OW | AW | coach/couch load/loud tone/town
AW | AA | shout/shot pound/pond doubt/dot
AY | EY | my/may white/wait rice/race time/tame
AY | AA | light/lot ride/rod like/lock
AY | OY | tie/toy file/foil buy/boy
OY | AO | oil/all boil/ball joy/jaw
OY | OW | toy/toe coil/coal
EY | IY | say/see wait/wheat lake/leak
ER | AH | bird/bud hurt/hut burn/bun shirt/shut
ER | EH | bird/bed heard/head turn/ten
ER | UH | word/wood
ER | OW | work/woke burn/bone
"""


def _read_pairs(table: str) -> dict[str, list[MinimalPair]]:
    """Phoneme -> its pairs; each pair counts for both of its sounds."""
    of_sound: dict[str, list[MinimalPair]] = {}
    for line in table.strip().splitlines():
        sound, confused_with, pairs = (part.strip() for part in line.split("|"))
        for word, other in (pair.split("/") for pair in pairs.split()):
            of_sound.setdefault(sound, []).append(MinimalPair(word, other, confused_with))
            of_sound.setdefault(confused_with, []).append(MinimalPair(other, word, sound))
    return of_sound


_PAIRS_OF = _read_pairs(_PAIRS)


# --- the table --------------------------------------------------------------------------------------------------


def _sound(
    phoneme: str, ipa: str, example: str, voice: Literal["voiced", "voiceless"], mouth: str, tongue: str, hint: str
) -> Sound:
    return Sound(phoneme, ipa, example, mouth, tongue, voice, hint, tuple(_PAIRS_OF.get(phoneme, ())))


_TABLE = (
    # --- consonants made with the lips
    _sound(
        "P", "p", "pen", "voiceless",
        "Lips closed, then opened with a puff.",
        "Rests.",
        "Close your lips and let the air burst out. A paper before your mouth should move. No voice.",
    ),
    _sound(
        "B", "b", "book", "voiced",
        "Lips closed, then opened softly.",
        "Rests.",
        "Close your lips and open them with your voice already on. No puff of air.",
    ),
    _sound(
        "M", "m", "map", "voiced",
        "Lips closed all the time.",
        "Rests.",
        "Keep your lips closed and hum through your nose, also at the end of a word.",
    ),
    _sound(
        "F", "f", "fish", "voiceless",
        "Upper teeth touch the lower lip lightly.",
        "Rests.",
        "Put your upper teeth on your lower lip and blow. No voice.",
    ),
    _sound(
        "V", "v", "van", "voiced",
        "Upper teeth touch the lower lip lightly.",
        "Rests.",
        "Put your upper teeth on your lower lip and hum, so that the lip tickles. Do not close or round your lips.",
    ),
    _sound(
        "W", "w", "wet", "voiced",
        "Lips pushed forward into a small circle, then opened.",
        "Back raised.",
        "Make a small round mouth as for \"oo\", then open it quickly. Your teeth do not touch your lip.",
    ),
    # --- with the tip of the tongue
    _sound(
        "TH", "θ", "think", "voiceless",
        "Slightly open, lips relaxed.",
        "Tip between the teeth, or just behind the upper ones.",
        "Put the tip of your tongue between your teeth and blow. No voice.",
    ),
    _sound(
        "DH", "ð", "this", "voiced",
        "Slightly open, lips relaxed.",
        "Tip between the teeth, or just behind the upper ones.",
        "Put the tip of your tongue between your teeth and hum, so that the tongue tickles.",
    ),
    _sound(
        "T", "t", "ten", "voiceless",
        "Slightly open.",
        "Tip on the ridge behind the upper teeth, then quickly down.",
        "Stop the air with the tip of your tongue behind your upper teeth, then let it burst out. No voice.",
    ),
    _sound(
        "D", "d", "day", "voiced",
        "Slightly open.",
        "Tip on the ridge behind the upper teeth, then quickly down.",
        "As for \"t\", but with your voice on and without a puff of air.",
    ),
    _sound(
        "N", "n", "nose", "voiced",
        "Slightly open.",
        "Tip on the ridge behind the upper teeth, and it stays there.",
        "Keep the tip of your tongue behind your upper teeth and hum through your nose.",
    ),
    _sound(
        "S", "s", "sun", "voiceless",
        "Teeth almost closed, lips spread a little.",
        "Tip close to the ridge behind the upper teeth, without touching.",
        "Teeth together, tongue behind them, and hiss like a snake. No voice.",
    ),
    _sound(
        "Z", "z", "zoo", "voiced",
        "Teeth almost closed, lips spread a little.",
        "Tip close to the ridge behind the upper teeth, without touching.",
        "Hiss as for \"s\" and hum at the same time: buzz like a bee.",
    ),
    _sound(
        "L", "l", "light", "voiced",
        "Open, lips relaxed.",
        "Tip pressed on the ridge behind the upper teeth; the air passes on both sides.",
        "Press the tip of your tongue behind your upper teeth and hold it there while you hum.",
    ),
    _sound(
        "R", "ɹ", "red", "voiced",
        "Lips a little rounded.",
        "Tip curled back without touching anything; the sides touch the upper back teeth.",
        "Round your lips a little and pull your tongue back. Its tip touches nothing, and nothing rolls.",
    ),
    # --- with the middle and the back of the tongue
    _sound(
        "SH", "ʃ", "ship", "voiceless",
        "Lips pushed forward and rounded.",
        "A little further back than for \"s\", broad and raised.",
        "Push your lips forward and say \"shhh\", as when you ask for silence. No voice.",
    ),
    _sound(
        "ZH", "ʒ", "measure", "voiced",
        "Lips pushed forward and rounded.",
        "As for \"sh\": broad, raised, a little back.",
        "Say \"shhh\" and hum at the same time. No \"d\" before it.",
    ),
    _sound(
        "CH", "tʃ", "chair", "voiceless",
        "Lips pushed forward and rounded.",
        "Tip on the ridge as for \"t\", then back as for \"sh\".",
        "Start with \"t\" and let it run into \"sh\" at once, as when you sneeze. No voice.",
    ),
    _sound(
        "JH", "dʒ", "job", "voiced",
        "Lips pushed forward and rounded.",
        "Tip on the ridge as for \"d\", then back.",
        "As for \"ch\", but with your voice on: start with \"d\", so that the air is stopped first.",
    ),
    _sound(
        "Y", "j", "yes", "voiced",
        "Lips spread a little.",
        "Middle raised high, almost to the roof of the mouth, then down.",
        "Start as for a very short \"ee\" and glide into the vowel. Your tongue touches nothing.",
    ),
    _sound(
        "K", "k", "cat", "voiceless",
        "Open.",
        "Back pressed against the soft roof of the mouth, then released.",
        "Stop the air with the back of your tongue, then let it burst out. No voice.",
    ),
    _sound(
        "G", "ɡ", "good", "voiced",
        "Open.",
        "Back pressed against the soft roof of the mouth, then released.",
        "As for \"k\", but with your voice on and without a puff of air.",
    ),
    _sound(
        "NG", "ŋ", "sing", "voiced",
        "Open.",
        "Back pressed against the soft roof of the mouth, and it stays there.",
        "Put the back of your tongue up, as for \"g\", and hum through your nose. No \"g\" or \"k\" after it.",
    ),
    _sound(
        "HH", "h", "hat", "voiceless",
        "Open, in the shape of the next vowel.",
        "Rests.",
        "Breathe out softly, as if to warm your hands. Nothing scrapes in your throat.",
    ),
    # --- vowels, from the front of the mouth to the back
    _sound(
        "IY", "i", "see", "voiced",
        "Lips spread as in a smile, jaw almost closed.",
        "High and at the front, tense.",
        "Smile and make it long: \"eee\".",
    ),
    _sound(
        "IH", "ɪ", "sit", "voiced",
        "Lips relaxed, jaw a little open.",
        "High and at the front, but loose.",
        "Keep it short and relaxed, without a smile: between \"ee\" and \"eh\".",
    ),
    _sound(
        "EY", "eɪ", "day", "voiced",
        "Starts half open, then the jaw closes a little.",
        "Starts in the middle at the front, then rises.",
        "Two sounds in one: start with \"eh\" and glide up to a short \"ee\".",
    ),
    _sound(
        "EH", "ɛ", "bed", "voiced",
        "Half open, lips relaxed.",
        "Low in the middle, at the front.",
        "Drop your jaw a little and keep it short. It does not glide.",
    ),
    _sound(
        "AE", "æ", "cat", "voiced",
        "Wide open, corners of the mouth pulled apart.",
        "Low and at the front.",
        "Open your mouth wide, further than for \"bed\", and pull the corners apart.",
    ),
    _sound(
        "AA", "ɑ", "hot", "voiced",
        "Wide open, lips not rounded.",
        "Low and at the back.",
        "Open wide and say \"aah\", as at the doctor's.",
    ),
    _sound(
        "AO", "ɔ", "law", "voiced",
        "Open, lips a little rounded.",
        "Low and at the back.",
        "Start from \"aah\" and round your lips a little. Long, and it does not glide.",
    ),
    _sound(
        "AH", "ʌ", "cup", "voiced",
        "Half open, lips relaxed.",
        "Low, in the middle of the mouth.",
        "Short and relaxed, as if someone pushed you in the stomach: \"uh\". Lips neither spread nor round.",
    ),
    _sound(
        "UH", "ʊ", "book", "voiced",
        "Lips a little rounded, jaw almost closed.",
        "High and towards the back, but loose.",
        "Short and relaxed, with the lips only a little round. Not as long as in \"food\".",
    ),
    _sound(
        "UW", "u", "food", "voiced",
        "Lips in a small tight circle.",
        "High and at the back, tense.",
        "Make a small round mouth, as if to whistle, and make it long: \"ooo\".",
    ),
    _sound(
        "OW", "oʊ", "go", "voiced",
        "Starts half open, then the lips close to a small circle.",
        "Starts in the middle, then rises at the back.",
        "Two sounds in one: start with \"o\" and close your lips to \"oo\".",
    ),
    _sound(
        "AY", "aɪ", "my", "voiced",
        "Starts wide open, then closes almost to a smile.",
        "Starts low, then rises to the front.",
        "Two sounds in one: start with a wide \"ah\" and glide up to a short \"ee\".",
    ),
    _sound(
        "AW", "aʊ", "now", "voiced",
        "Starts wide open, then the lips round.",
        "Starts low, then rises at the back.",
        "Two sounds in one: start with a wide \"ah\" and round your lips to \"oo\".",
    ),
    _sound(
        "OY", "ɔɪ", "boy", "voiced",
        "Starts round, then spreads.",
        "Starts low at the back, then rises to the front.",
        "Two sounds in one: start with a round \"o\" and glide up to a short \"ee\".",
    ),
    _sound(
        "ER", "ɝ", "bird", "voiced",
        "Lips a little rounded, jaw almost closed.",
        "Pulled back, tip up, touching nothing.",
        "Say \"r\" and hold it as long as a vowel. No other vowel before it.",
    ),
)  # fmt: skip

SOUNDS: Mapping[str, Sound] = MappingProxyType({sound.phoneme: sound for sound in _TABLE})
"""ARPAbet name without stress -> the sound."""

SCHWA = Sound(
    "AH",
    "ə",
    "about",
    "Almost closed, everything relaxed.",
    "In the middle of the mouth, at rest.",
    "voiced",
    'The weak vowel: as short and soft as you can, a small "uh". The stress is on another syllable.',
)
"""AH without stress: the same phoneme in ARPAbet, and another thing to a learner."""


# --- names ------------------------------------------------------------------------------------------------------

# How services and dictionaries write a sound besides ARPAbet and the IPA of the table.
_ALIASES = {
    "h": "HH", "r": "R", "g": "G", "ɫ": "L", "ɾ": "T", "ʔ": "T", "ʧ": "CH", "ʤ": "JH", "ɚ": "ER", "ɜ": "ER", "ɜɹ": "ER",
    "ɜr": "ER", "əɹ": "ER", "axr": "ER", "ʍ": "W", "ɒ": "AA", "a": "AA", "e": "EH", "o": "OW", "əʊ": "OW", "ix": "IH",
    "ɨ": "IH", "ʉ": "UW", "dx": "T", "nx": "NG",
}  # fmt: skip
_SCHWA_NAMES = frozenset({"ax", "ah0", "ə", "ɐ"})
_OF_NAME = {
    **{alias: SOUNDS[phoneme] for alias, phoneme in _ALIASES.items()},
    **{sound.ipa: sound for sound in _TABLE},
    **{sound.phoneme.lower(): sound for sound in _TABLE},
    **dict.fromkeys(_SCHWA_NAMES, SCHWA),
}
_MARKS = re.compile("[\u0361\u035c\u02c8\u02ccː·.\\s]")  # ties, stress and length marks


def sound_of(name: str | None) -> Sound | None:
    """The sound of a SAPI, IPA or ARPAbet name, vowels with or without stress; None for a name that is none of these.

    "th", "θ", "TH"; "ax", "ə" and "AH0" give `SCHWA`, "ah", "ʌ", "AH" and "AH1" the stressed vowel.
    """
    if not name:
        return None
    plain = _MARKS.sub("", name).lower()
    return _OF_NAME.get(plain) or _OF_NAME.get(plain.rstrip("012"))


def pairs_between(expected: str | None, heard: str | None) -> tuple[MinimalPair, ...]:
    """The minimal pairs that train exactly this contrast; `word` of each has the expected sound. Empty if none do."""
    of_expected, of_heard = sound_of(expected), sound_of(heard)
    if of_expected is None or of_heard is None:
        return ()
    return tuple(pair for pair in of_expected.minimal_pairs if pair.confused_with == of_heard.phoneme)
