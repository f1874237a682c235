"""Which errors of the package a function raises, as far as its source tells.

That is: its own `raise` statements, and those of the functions, methods and constructors of the package that it calls
by name, through as many steps as there are. What a `try` around the call catches is not raised. Calls of objects that
only run time knows (`self._database.reading()`) are not followed, so this is the least that a docstring must tell.
"""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import textwrap
from collections.abc import Iterator
from typing import Any

from pronounce_kit.errors import PronounceKitError

from .public import PACKAGE, Public

Errors = frozenset[type[PronounceKitError]]


def raised_by(public: Public) -> Errors:
    """The errors of a public function, method or property, or of a class when it is made."""
    if inspect.isclass(public.value):
        return _of_class(public.value)
    return _of_function(public.function, public.owner)


def _of_class(cls: type) -> Errors:
    if issubclass(cls, BaseException):  # it is raised where it is raised
        return frozenset()
    made = (getattr(cls, name, None) for name in ("__init__", "__post_init__"))
    return frozenset().union(*(_of_function(function, cls) for function in made if _is_ours(function)))


_under_way: list[Any] = []


def _of_function(function: Any, owner: type | None) -> Errors:
    function = inspect.unwrap(function)
    if function in _under_way:  # calls itself
        return frozenset()
    _under_way.append(function)
    try:
        return frozenset(_Reader(function, owner).errors(_tree(function)))
    finally:
        _under_way.pop()


@functools.cache
def _tree(function: Any) -> ast.AST:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except OSError:  # what a dataclass made
        return ast.Pass()


def _is_ours(value: Any) -> bool:
    return inspect.isfunction(value) and value.__module__.partition(".")[0] == PACKAGE


class _Reader:
    """Reads the source of one function."""

    def __init__(self, function: Any, owner: type | None) -> None:
        self.names = dict(vars(builtins)) | function.__globals__
        self.module, self.owner = function.__module__, owner

    def errors(self, node: ast.AST) -> Iterator[type[PronounceKitError]]:
        if isinstance(node, ast.ImportFrom):
            self._learn(node)
        if isinstance(node, ast.Try):
            caught = tuple(self._caught(node))
            for part in node.body:
                yield from (error for error in self.errors(part) if not issubclass(error, caught))
            rest: list[ast.AST] = [*node.handlers, *node.orelse, *node.finalbody]
        else:
            rest = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Raise) and node.exc is not None:
            yield from self._raised(node.exc)
        elif isinstance(node, ast.Call):
            yield from self._called(node.func)
        for part in rest:
            yield from self.errors(part)

    def _raised(self, error: ast.expr) -> Iterator[type[PronounceKitError]]:
        value = self._value(error.func if isinstance(error, ast.Call) else error)
        if inspect.isfunction(value):  # a function that makes the error
            value = value.__globals__.get(str(value.__annotations__.get("return")))
        if inspect.isclass(value) and issubclass(value, PronounceKitError):
            yield value

    def _called(self, node: ast.expr) -> Iterator[type[PronounceKitError]]:
        value = self._value(node)
        value = getattr(value, "__func__", value)  # of a classmethod
        if _is_ours(value):
            of = self._value(node.value) if isinstance(node, ast.Attribute) else None
            yield from _of_function(value, of if inspect.isclass(of) else None)
        elif inspect.isclass(value) and value.__module__.partition(".")[0] == PACKAGE:
            yield from _of_class(value)

    def _caught(self, node: ast.Try) -> Iterator[type[BaseException]]:
        for handler in node.handlers:
            if any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(handler)):
                continue  # handed on
            kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            for kind in kinds:
                value = self._value(kind) if kind is not None else BaseException
                if inspect.isclass(value) and issubclass(value, BaseException):
                    yield value

    def _value(self, node: ast.AST) -> Any:
        """What an expression of names and dots stands for; None where only run time knows."""
        if isinstance(node, ast.Name):
            return self.owner if node.id in ("self", "cls") else self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            of = self._value(node.value)
            return None if of is None else inspect.getattr_static(of, node.attr, None)
        return None

    def _learn(self, node: ast.ImportFrom) -> None:
        """An import within the function."""
        package = ".".join(self.module.split(".")[: -node.level]) if node.level else ""
        if node.level and importlib.import_module(self.module).__file__.endswith("__init__.py"):  # type: ignore[union-attr]
            package = ".".join(self.module.split(".")[: 1 - node.level or None])
        path = ".".join(filter(None, (package, node.module or "")))
        if path.partition(".")[0] == PACKAGE:
            module = importlib.import_module(path)
            self.names |= {(alias.asname or alias.name): getattr(module, alias.name, None) for alias in node.names}
