"""What is public, and on which page of the reference it stands.

`PARTS` is the one list: a name of the package that is on no page, or a class that a public name returns and that is on
none, fails a test.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

PACKAGE = "pronounce_kit"


class Part(NamedTuple):
    """A page of the reference: its title, what it is about, and the names on it, without the package's."""

    title: str
    about: str
    names: tuple[str, ...]


PARTS: dict[str, Part] = {
    "params": Part(
        "Parameters",
        "What to assess, as the Speech service reads it.",
        ("PronunciationScoreParams",),
    ),
    "recording": Part(
        "Recordings",
        "Any sound file, upload or array as 16 kHz mono, and whether it is good enough to be assessed.",
        ("Recording", "quality.Quality"),
    ),
    "services": Part(
        "Services",
        "Who does the listening and speaking: the embedded engine, the Speech service, or a server of your own.",
        (
            *("connect", "SpeechService", "LocalSpeech", "AzureSpeech"),
            *("azure.RetryPolicy", "azure.NO_RETRY", "azure.Timing", "azure.ExpectAdapter"),
        ),
    ),
    "results": Part(
        "Results",
        "What a service said about a recording. Times are seconds, scores 0-100; what is missing is None, never 0.",
        (
            *("Assessment", "Word", "Syllable", "Phoneme"),
            *("results.NBestPhoneme", "results.Scores", "results.Pace"),
            *("Recognition", "recognition.Alternative"),
        ),
    ),
    "tables": Part(
        "Tables",
        "Replies as tidy DataFrames. They keep the order of what was given, and join on utterance_id and word_index.",
        ("utterances", "words", "syllables", "phonemes"),
    ),
    "charts": Part(
        "Charts",
        "Matplotlib axes with a title that tells the finding. None uses pyplot, so they may be drawn in any thread.",
        tuple(
            f"charts.{name}"
            for name in (
                *("plot_words", "plot_phonemes", "plot_scores"),
                *("plot_class_words", "plot_class_phonemes", "plot_hardest_words", "plot_hardest_phonemes"),
                *("plot_confusions", "plot_progress", "plot_distribution", "plot_items", "plot_timeline"),
                *("plot_agreement", "plot_agreement_levels", "figure_png"),
            )
        ),
    ),
    "widgets": Part(
        "Widgets",
        "Record, see, hear, repeat: in JupyterLab, Notebook 7 and Voila.",
        ("widgets.PracticeCard", "widgets.practice.Attempt", "widgets.Recorder"),
    ),
    "batch": Part(
        "Batches",
        "Many recordings with any service, side by side; run again, a batch goes on where it stopped.",
        (
            *("assess_batch", "BatchResult", "batch.Limiter", "batch.read_roster"),
            *("batch.Roster", "batch.Item", "batch.Misfit"),
        ),
    ),
    "gradebook": Part(
        "Gradebook",
        "Every attempt in a database of your own, with a teacher's marks beside the machine's scores.",
        ("Gradebook",),
    ),
    "classroom": Part(
        "Classroom",
        "What many readings say together, as tidy tables with counts and 95 % intervals.",
        tuple(
            f"classroom.{name}"
            for name in (
                *("weakest_words", "weakest_phonemes", "student_words", "student_phonemes", "confusions"),
                *("progress", "class_progress", "gains", "distribution", "timeline", "items"),
                *("wilson", "effective_trials", "student_names"),
            )
        ),
    ),
    "agreement": Part(
        "Agreement and calibration",
        "How far the machine agrees with a teacher, and a scale of the teacher's own.",
        ("agreement", "comparison.Agreement", "calibrate", "calibration.Calibration"),
    ),
    "report": Part(
        "Reports",
        "HTML pages that need nothing else: no network, no script, no other file.",
        tuple(
            f"report.{name}"
            for name in ("assessment_page", "student_report", "class_report", "write_reports", "write_page")
        ),
    ),
    "server": Part(
        "Server",
        "The Speech service's REST API on this machine, for clients that others wrote.",
        ("server.create_app", "server.running", "server.Limits"),
    ),
    "errors": Part(
        "Errors",
        "Every error raised on purpose. Its message says what was wrong and, in the last sentence, what to do.",
        (
            *("PronounceKitError", "InputError", "ParameterError", "TextError", "AudioError", "ReplyError"),
            *("MissingDependencyError", "NotSupportedError", "ServiceError", "AuthenticationError", "QuotaError"),
            *("BadRequestError", "ServiceUnavailableError", "NetworkError", "ServiceTimeoutError"),
            *("GarbledReplyError", "GradebookError", "InternalError"),
        ),
    ),
}

PACKAGES = ("azure", "batch", "charts", "classroom", "report", "server", "widgets")
"""Modules whose own names are public too."""


class Public(NamedTuple):
    """A public name: "Recording.from_file", what it names, and the class whose member it is."""

    name: str
    value: Any
    owner: type | None = None

    @property
    def path(self) -> str:
        """The whole name, as it is imported."""
        return f"{PACKAGE}.{self.name}"

    @property
    def kind(self) -> str:
        """Which of Sphinx's directives documents it, without the "auto"."""
        if inspect.isclass(self.value):
            return "exception" if issubclass(self.value, BaseException) else "class"
        if not callable(self.function):
            return "data"
        if self.owner is None:
            return "function"
        return "property" if self.is_property else "method"

    @property
    def is_property(self) -> bool:
        """Whether it is read like a value."""
        return isinstance(self.value, (property, cached_property))

    @property
    def function(self) -> Any:
        """The function behind a method or property; other values as they are."""
        value = self.value
        for inner in ("fget", "func", "__func__"):  # of property, cached_property, classmethod
            value = getattr(value, inner, None) or value
        return inspect.unwrap(value) if inspect.isfunction(value) else value

    @property
    def doc(self) -> str:
        """The docstring, without its indentation."""
        return inspect.cleandoc(self.value.__doc__ or "")


def everything() -> Iterator[Public]:
    """Every public name, page by page, the members of a class behind it."""
    for part in PARTS.values():
        for name in part.names:
            yield from with_members(name)


def with_members(name: str) -> Iterator[Public]:
    """A name of `PARTS`, and if it is a class its public members, in the order of the source."""
    value = resolved(name)
    yield Public(name, value)
    if inspect.isclass(value):
        for member in members(value):
            yield Public(f"{name}.{member.name}", member.value, value)


HOOKS = {"init_poolmanager", "proxy_manager_for"}
"""Methods that requests calls of an adapter, and nobody else."""


class Member(NamedTuple):
    """A method or property, by its name."""

    name: str
    value: Any


def members(of: type) -> list[Member]:
    """Methods and properties that this package wrote, its bases' too; data attributes are told by the class."""
    found: dict[str, Any] = {}
    for base in reversed(of.__mro__):
        if base.__module__.partition(".")[0] == PACKAGE:
            found.update(vars(base))
    return [
        Member(name, value)
        for name, value in found.items()
        if not name.startswith("_") and name not in HOOKS and _is_code(value)
    ]


def _is_code(value: object) -> bool:
    return isinstance(value, (property, cached_property, classmethod, staticmethod)) or inspect.isfunction(value)


def resolved(name: str) -> Any:
    """The value of a dotted name within the package."""
    value: Any = importlib.import_module(PACKAGE)
    path = PACKAGE
    for part in name.split("."):
        path = f"{path}.{part}"
        try:
            value = getattr(value, part)
        except AttributeError:
            value = importlib.import_module(path)
    return value


def exported() -> set[str]:
    """Every name that the package, and its public modules, export; `__all__`, else what is not private."""
    package = importlib.import_module(PACKAGE)
    names = {name for name in package.__all__ if name not in PACKAGES}
    known = {id(getattr(package, name)) for name in names}
    for module_name in PACKAGES:
        module = importlib.import_module(f"{PACKAGE}.{module_name}")
        of_module = getattr(module, "__all__", None) or [
            name
            for name, value in vars(module).items()
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_")
        ]
        # What the package exports under a shorter name is the same thing.
        names.update(f"{module_name}.{name}" for name in of_module if id(getattr(module, name)) not in known)
    return names


def classes_reached() -> Iterator[tuple[str, str]]:
    """(public name, class of this package that it returns or holds), by the annotations."""
    for public in everything():
        if public.owner is None and inspect.isclass(public.value):
            annotations = [str(field) for field in getattr(public.value, "__annotations__", {}).values()]
        else:
            annotations = [str(getattr(public.function, "__annotations__", {}).get("return", ""))]
        module = inspect.getmodule(public.function if public.owner else public.value)
        for word in sorted({word for text in annotations for word in re.findall(r"\b[A-Z]\w+", text)}):
            value = getattr(module, word, None)
            if inspect.isclass(value) and value.__module__.startswith(PACKAGE):
                yield public.name, value.__qualname__
