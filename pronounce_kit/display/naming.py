"""What the sounds are called on every screen: one alphabet for all, whatever the reply was asked for.

name_sounds_as("both")
sound_label("th")              # "th /θ/ (think)"

The default, "examples", gives the name that dictionaries for learners use and a word that has the sound.
"""

from __future__ import annotations

from typing import Literal, get_args

from ..errors import ParameterError
from ..sounds import SCHWA, Sound, sound_of

SoundNames = Literal["examples", "ipa", "both"]

_names: SoundNames = "examples"


def name_sounds_as(names: SoundNames) -> None:
    """Choose how sounds are written in HTML, charts, the terminal and the practice card.

    Parameters
    ----------
    names
        "examples": "th (think)". "ipa": "/θ/". "both": "th /θ/ (think)".

    Raises
    ------
    ParameterError
        For any other value.

    """
    global _names
    if names not in get_args(SoundNames):
        raise ParameterError(f"names is {names!r}. Use one of {', '.join(get_args(SoundNames))}.")
    _names = names


def sound_names() -> SoundNames:
    """How sounds are written now."""
    return _names


def sound_sign(name: str | None, index: int = 0) -> str:
    """The sound where there is little room, as below a bar: "th", "θ" or "th θ".

    A name that is no sound of English stays as it is; without one it is "#2", where `index` counts from 0 within the
    word.
    """
    sound = sound_of(name)
    if sound is None:
        return name or f"#{index + 1}"
    return {"examples": _spelled(sound), "ipa": sound.ipa, "both": f"{_spelled(sound)} {sound.ipa}"}[_names]


def sound_label(name: str | None, index: int = 0) -> str:
    """The sound in a sentence or a table: "th (think)", "/θ/" or "th /θ/ (think)"; without a name "sound 2"."""
    sound = sound_of(name)
    if sound is None:
        return name or f"sound {index + 1}"
    if _names == "ipa":
        return f"/{sound.ipa}/"
    ipa = f" /{sound.ipa}/" if _names == "both" else ""
    return f"{_spelled(sound)}{ipa} ({sound.example})"


def _spelled(sound: Sound) -> str:
    """As the Speech service's own alphabet spells it."""
    if sound is SCHWA:
        return "ax"
    return {"HH": "h"}.get(sound.phoneme, sound.phoneme.lower())
