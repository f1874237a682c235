"""Every error that pronounce_kit raises on purpose.

    PronounceKitError
    ├── InputError                  what was given cannot be used; also a ValueError
    │   ├── ParameterError          an assessment parameter, language, voice or output format
    │   ├── TextError               a reference text that cannot be read aloud
    │   ├── AudioError              a recording that cannot be decoded, or is empty, too long, too large
    │   └── ReplyError              a reply that is not the Speech service's JSON
    ├── MissingDependencyError      an extra is not installed; also an ImportError
    └── UnsupportedPlatformError    this part does not run on this operating system

The message says what was wrong and, in its last sentence, what to do. `retryable` says whether the very same
call may succeed later without anyone changing anything.
"""

from __future__ import annotations


class PronounceKitError(Exception):
    """Base of all errors raised on purpose by this package."""

    retryable: bool = False


class InputError(PronounceKitError, ValueError):
    """What was given cannot be used; the message says why and what would do."""


class ParameterError(InputError):
    """An assessment parameter, language, voice or format has a value that does not exist."""


class TextError(InputError):
    """The reference text is empty or holds nothing that can be read aloud."""


class AudioError(InputError):
    """The recording cannot be decoded, or is empty, too long or too large."""


class ReplyError(InputError):
    """The object is not a reply of the Speech service."""


class MissingDependencyError(PronounceKitError, ImportError):
    """A package of an optional extra is not installed; the message names the command that installs it."""


class UnsupportedPlatformError(PronounceKitError):
    """This part of the kit does not run on this operating system."""
