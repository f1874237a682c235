"""Read a sentence aloud and see which words and sounds went wrong.

    import pronounce_kit as pk

    service = pk.connect()                                   # the Speech service, or the embedded engine
    assessment = service.assess("hello.wav", "Good morning.")
    pk.words(assessment)                                     # a DataFrame, one row per word
    pk.charts.plot_words(assessment)

The public names below are imported when they are first used, so that `import pronounce_kit` costs
milliseconds and loads neither pandas nor matplotlib nor the engine.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOME_OF = {
    "Assessment": "results",
    "AudioError": "errors",
    "AuthenticationError": "errors",
    "AzureSpeech": "azure",
    "BadRequestError": "errors",
    "BatchResult": "batch",
    "GarbledReplyError": "errors",
    "Gradebook": "gradebook",
    "GradebookError": "errors",
    "InputError": "errors",
    "InternalError": "errors",
    "LocalSpeech": "local",
    "MissingDependencyError": "errors",
    "NetworkError": "errors",
    "NotSupportedError": "errors",
    "ParameterError": "errors",
    "Phoneme": "results",
    "PronounceKitError": "errors",
    "PronunciationScoreParams": "params",
    "QuotaError": "errors",
    "Recognition": "recognition",
    "Recording": "recording",
    "ReplyError": "errors",
    "ServiceError": "errors",
    "ServiceTimeoutError": "errors",
    "ServiceUnavailableError": "errors",
    "SpeechService": "service",
    "Syllable": "results",
    "TextError": "errors",
    "Word": "results",
    "agreement": "comparison",
    "assess_batch": "batch",
    "calibrate": "calibration",
    "connect": "service",
    "phonemes": "frames",
    "syllables": "frames",
    "utterances": "frames",
    "words": "frames",
}
_SUBMODULES = frozenset({"charts", "classroom", "report", "widgets"})

__all__ = [*sorted(_HOME_OF), "charts", "classroom", "report", "widgets"]

# ruff: noqa: F401 - what type checkers import here is public by way of __getattr__
if TYPE_CHECKING:
    from . import charts, classroom, report, widgets
    from .azure import AzureSpeech
    from .batch import BatchResult, assess_batch
    from .calibration import calibrate
    from .comparison import agreement
    from .errors import (
        AudioError,
        AuthenticationError,
        BadRequestError,
        GarbledReplyError,
        GradebookError,
        InputError,
        InternalError,
        MissingDependencyError,
        NetworkError,
        NotSupportedError,
        ParameterError,
        PronounceKitError,
        QuotaError,
        ReplyError,
        ServiceError,
        ServiceTimeoutError,
        ServiceUnavailableError,
        TextError,
    )
    from .frames import phonemes, syllables, utterances, words
    from .gradebook import Gradebook
    from .local import LocalSpeech
    from .params import PronunciationScoreParams
    from .recognition import Recognition
    from .recording import Recording
    from .results import Assessment, Phoneme, Syllable, Word
    from .service import SpeechService, connect


def __getattr__(name: str) -> object:
    """Import a public name when it is first used (PEP 562)."""
    if name not in _HOME_OF and name not in _SUBMODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = importlib.import_module(f".{_HOME_OF.get(name, name)}", __name__)
    except ImportError as error:
        from .dependencies import unloadable
        from .errors import MissingDependencyError

        if advice := unloadable(error):
            raise MissingDependencyError(advice) from error
        raise
    value = getattr(module, name) if name in _HOME_OF else module
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
