"""Every public name says what its signature cannot: types, shapes, units, ranges, errors, and an example."""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Iterator

import pytest

pytest.importorskip("numpydoc")
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import pronounce_kit as pk
from pronounce_kit import errors

from . import public
from .columns import columns_of, tables
from .public import Public
from .raises import raised_by

pytest.importorskip("anywidget")  # the widgets are public too
pytest.importorskip("starlette")

EVERYTHING = list(public.everything())
CODE = [name for name in EVERYTHING if name.kind in ("class", "exception", "function", "method")]

REQUIRED = {
    "GL03": "double blank lines",
    "GL06": "unknown section",
    "GL07": "order of sections",
    "GL08": "no docstring",
    "SS01": "no summary",
    "SS03": "summary without a full stop",
    "SS04": "summary begins with a blank",
    "SS06": "summary of more than one line",
    "PR01": "parameters that are not documented",
    "PR02": "parameters that are not there",
    "PR03": "order of parameters",
    "PR04": "parameter without a type",
    "PR07": "parameter without a description",
    "PR10": "no blank before the colon",
    "RT01": "no Returns section",
    "RT03": "return value without a description",
    "YD01": "no Yields section",
}
OF_FIELDS = {"PR01", "RT01"}  # a class of data tells its fields under Attributes; a property is its summary

UNITS = {
    r"(_s|_seconds|seconds)$": r"\bseconds?\b|\d s\b",
    r"width_in$": r"\binch(es)?\b",
    r"_(db|dbfs)$": r"\bdecibels?\b|\bdB(FS)?\b",
    r"sample_rate$": r"\bhertz\b|\bHz\b",
    r"(^|_)scores?$": r"0-100|0-5",
    r"share": r"0-1\b|\bshare\b",
    r"confidence$": r"0-1\b|\b0 to 1\b",
    r"_bytes$": r"\bbytes\b",
    r"words_per_minute|syllables_per_minute|articulation_rate": r"\ba minute\b",
}
"""Name -> what its description must say."""


def parsed(name: Public) -> NumpyDocString:
    return NumpyDocString(name.doc)


@pytest.fixture(params=EVERYTHING, ids=lambda name: name.name)
def name(request: pytest.FixtureRequest) -> Public:
    return request.param


@pytest.fixture(params=CODE, ids=lambda name: name.name)
def code(request: pytest.FixtureRequest) -> Public:
    return request.param


def test_every_exported_name_is_on_a_page() -> None:
    on_pages = {name.name for name in EVERYTHING}
    assert sorted(public.exported() - on_pages) == []


def test_every_class_that_a_public_name_returns_or_holds_is_on_a_page() -> None:
    on_pages = {name.value.__qualname__ for name in EVERYTHING if inspect.isclass(name.value)}
    lacking = {(name, of) for name, of in public.classes_reached() if of not in on_pages | INTERNAL}
    assert sorted(lacking) == []


INTERNAL = {"Row", "Reading", "Assessments", "Markup"}
"""Held by a public class for its own use: nothing of theirs is for users but what a sequence or mapping has."""


def test_a_docstring_is_in_numpydoc_form_and_whole(name: Public) -> None:
    if name.kind == "data":
        assert name.name in DATA
        return
    found = dict(validate(name.path)["errors"])
    ignored = OF_FIELDS if name.kind in ("class", "exception", "property") else set()
    assert {code: text for code, text in found.items() if code in REQUIRED.keys() - ignored} == {}


DATA = {"azure.NO_RETRY"}
"""Values: their description stands below them in the source, which Sphinx reads."""


def test_a_class_tells_every_parameter_and_field() -> None:
    lacking = {}
    for of in (name for name in EVERYTHING if name.kind in ("class", "exception") and name.name not in PLAIN):
        told = {parameter.name for parameter in described(of)}
        given = {
            parameter.name
            for parameter in inspect.signature(of.value).parameters.values()
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        }
        if untold := sorted(name for name in given - told if not name.startswith("_")):
            lacking[of.name] = untold
    assert lacking == {}


PLAIN = {"SpeechService"} | {name.name for name in EVERYTHING if name.kind == "exception"} - {"ServiceError"}
"""A protocol and the errors: nobody but the kit makes them; `ServiceError` tells what all of its kind carry."""


def described(name: Public) -> Iterator:
    """Parameters, attributes: (name, type, description lines); names that share a description one by one."""
    doc = parsed(name)
    for section in ("Parameters", "Other Parameters", "Attributes"):
        for parameter in doc[section]:
            for one in parameter.name.split(","):
                yield parameter._replace(name=one.strip().lstrip("*"))


def test_a_function_and_a_class_has_an_example_and_a_method_one_of_its_own_or_its_class(code: Public) -> None:
    example = parsed(code)["Examples"]
    if code.owner is not None and not example:
        of_class = Public(code.name.rpartition(".")[0], code.owner)
        example = [line for line in parsed(of_class)["Examples"] if f".{code.name.rpartition('.')[2]}(" in line]
    assert any(line.lstrip().startswith((">>>", "...")) for line in example)


def test_names_with_a_unit_or_range_have_it_in_their_description(name: Public) -> None:
    if name.kind == "data":
        return
    lacking = []
    for parameter in described(name):
        text = " ".join([parameter.type, *parameter.desc])
        if parameter.type.startswith(("bool", "callable")):
            continue
        for of, unit in UNITS.items():
            if (
                re.search(of, parameter.name)
                and not parameter.type.startswith("str")
                and not re.search(unit, text, re.I)
            ):
                lacking.append(parameter.name)
    assert lacking == []


def test_a_property_or_method_whose_name_has_a_unit_says_it() -> None:
    lacking = [
        name.name
        for name in EVERYTHING
        for of, unit in UNITS.items()
        if name.owner is not None
        and re.search(of, name.name.rpartition(".")[2])
        and not re.search(unit, name.doc, re.I)
    ]
    assert lacking == []


def test_the_errors_that_the_source_raises_are_told(code: Public) -> None:
    if code.kind == "exception":
        return
    doc = parsed(code)
    told = tuple(kind for entry in doc["Raises"] for kind in kinds_of(entry.type or entry.name))
    untold = {error.__name__ for error in raised_by(code) - ANYWHERE if not issubclass(error, told)}
    assert untold - {error for name, error in CANNOT if re.fullmatch(name, code.name)} == set()


ANYWHERE = frozenset({errors.InternalError, errors.MissingDependencyError, errors.PronounceKitError})
"""What any function may raise, and no caller can help: told on the page of the errors, and once for each extra."""

CANNOT = {
    (r"LocalSpeech\.\w+", "ReplyError"): "reads the reply that it wrote",
    (r"Gradebook\.assessments(_of)?", "ReplyError"): "reads replies that were assessments when they were recorded",
    (r"LocalSpeech\.load", "AudioError"): "hears its own voice",
    (r"LocalSpeech\.load", "TextError"): "reads a text of its own",
    (r"LocalSpeech\.load", "ParameterError"): "reads a text of its own",
    (r"LocalSpeech\.(?!load)\w+", "MissingDependencyError"): "told by `load`, which every other method does first",
    (r"connect", "AudioError"): "gives the client no folder",
}
"""(names, error) that the source seems to raise, and why it does not."""


def kinds_of(entry: str) -> Iterator[type[BaseException]]:
    for word in re.findall(r"\w+", entry):
        kind = getattr(errors, word, None) or getattr(builtins, word, None)
        assert inspect.isclass(kind), f"{word} is no error"
        yield kind


def test_every_error_is_told_by_a_public_name() -> None:
    told = {
        kind
        for name in CODE
        if name.kind != "exception"
        for entry in parsed(name)["Raises"]
        for kind in kinds_of(entry.type or entry.name)
    }
    whole = {getattr(pk, name) for name in pk.__all__ if isinstance(getattr(pk, name), type)}
    kinds = {kind for kind in whole if issubclass(kind, pk.PronounceKitError)}
    kinds -= ANYWHERE | {base for kind in kinds for base in kind.__bases__}  # a base is not raised itself
    assert {kind.__name__ for kind in kinds if not any(issubclass(kind, one) for one in told)} == set()


@pytest.mark.parametrize("table", tables())
def test_a_table_names_all_of_its_columns(table: str) -> None:
    name = next(one for one in EVERYTHING if one.name == table)
    told = " ".join(line for entry in parsed(name)["Returns"] for line in entry.desc)
    assert [column for column in columns_of(table) if not re.search(rf"\b{column}\b", told)] == []
