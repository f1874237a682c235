"""What can be wrong with a recording, and what to tell the reader of it: names and words alone, no measuring.

`quality` finds the flags in samples; a reply carries them, or a signal-to-noise ratio that stands for one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

VERDICTS: Mapping[str, str] = {
    "empty": "The recording is empty: press Record, read the text aloud, then press Stop.",
    "too_short": "Too short: press Record, read the whole text, then press Stop.",
    "silent": "Nothing was heard: check that the right microphone is chosen and that it is not muted, then try again.",
    "no_speech": "No voice was heard, only noise: move closer to the microphone and try again.",
    "too_long": "Too long: read a shorter text, or stop right after the last word.",
    "clipped": "Too loud, the sound is distorted: move back from the microphone and try again.",
    "too_quiet": "Very quiet: move closer to the microphone and try again.",
    "noisy": "Too much noise around you: find a quieter place or use a headset, and try again.",
    "band_limited": "No high sounds, as on a telephone, so s may be heard as th: use another microphone or "
    "save it at 16 kHz or more, and try again.",
}
"""Every flag and what it tells the student, the gravest first."""

DOUBTS: Mapping[str, str] = {
    "clipped": "Too loud (clipped)",
    "too_quiet": "Too quiet",
    "noisy": "Too noisy",
}
"""Flags under which a score is not to be trusted, as a sentence on that begins, in the order of `VERDICTS`."""

NOISY_SNR_DB = 20.0
"""Speech less than this above the noise loses its weak consonants; quiet classrooms have 23 and more."""

NOISY_REPLY_SNR_DB = 15.0
"""A reply that names no flags is of a noisy recording under this SNR.

The Speech service does not document how it measures its SNR, and replies to clean readings have 18 dB: it takes less
than `NOISY_SNR_DB` to doubt by that number alone.
"""

_WHERE_WORDS_WERE_HEARD = {"silent": "too_quiet", "no_speech": "noisy"}


def where_heard(flags: Iterable[str]) -> tuple[str, ...]:
    """The flags of a recording in which words were heard, the gravest first: not that nothing was, nor too much."""
    told = {_WHERE_WORDS_WERE_HEARD.get(flag, flag) for flag in flags} - {"too_long"}
    return tuple(flag for flag in VERDICTS if flag in told)


def advice(flags: Iterable[str]) -> str | None:
    """What to tell of a recording in which words were heard, None for nothing."""
    return next((VERDICTS[flag] for flag in where_heard(flags)), None)


def doubt(flags: Iterable[str]) -> str | None:
    """Why scores are not to be trusted: "Too noisy to be sure"; None where they are."""
    reasons = [DOUBTS[flag] for flag in where_heard(flags) if flag in DOUBTS]
    if not reasons:
        return None
    first, *others = reasons
    return " and ".join([first, *(reason[0].lower() + reason[1:] for reason in others)]) + " to be sure"
