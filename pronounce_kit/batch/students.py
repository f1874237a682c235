"""Who read: names in one column or two, spelled in one way, and told apart where two have the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..typed import look, near
from .cells import name_of
from .columns import plain
from .sources import Table

GIVEN: tuple[str, ...] = (
    "first name",
    "first names",
    "given names",
    "forenames",
    "given name",
    "first",
    "given",
    "forename",
    "vorname",
    "nombre",
    "prénom",
    "nome",
)
FAMILY: tuple[str, ...] = (
    "last name",
    "last names",
    "surnames",
    "family name",
    "surname",
    "last",
    "family",
    "nachname",
    "familienname",
    "apellidos",
    "apellido",
)
FAMILY += ("nom", "nom de famille", "cognome", "sobrenome", "apelido", "name")
"""Names of two columns that together are the student's."""

IDS: tuple[str, ...] = (
    "student id",
    "id number",
    "student number",
    "username",
    "user name",
    "login",
    "login id",
    "email address",
)
IDS += ("email", "e-mail", "user id", "identifier", "id")
"""Names of columns that tell students apart where nothing names them, or two have one name."""


@dataclass(frozen=True, slots=True)
class StudentColumns:
    """Columns whose cells together name the student, and one that tells students of the same name apart."""

    names: tuple[str, ...] = ()
    id: str | None = None


def student_columns(table: Table, column_of: dict[str, str]) -> StudentColumns:
    """Which columns name the student: one; or first and last name; or an id. Also takes them out of `column_of`."""

    def first(aliases: tuple[str, ...]) -> str | None:
        named_so = {plain(column): column for column in reversed(free)}
        return next((named_so[name] for name in map(plain, aliases) if name in named_so), None)

    named = column_of.pop("student", None)
    free = [column for column in table.columns if column not in column_of.values()]
    given = first(GIVEN)
    family = first(FAMILY)
    id_ = first(IDS)
    is_family = named is not None and plain(named) == plain("name") and family == named  # "Name, Vorname"
    if given and family and (named is None or is_family):
        return StudentColumns((given, family), id_)
    if named is not None:
        return StudentColumns((named,), id_ if id_ != named else None)
    return StudentColumns((id_,) if id_ else ())


def is_half_a_name(column: str) -> bool:
    """Whether a column has the first or the last name, by which two people may be taken for one."""
    return plain(column) in map(plain, (*GIVEN, *FAMILY))


class Names:
    """The student of each row, spelled as the table first does, and what to tell of that."""

    def __init__(self, table: Table, columns: StudentColumns) -> None:
        self.columns = columns
        self.remarks: list[str] = []
        self._first: dict[str, str] = {}  # look -> spelled
        spellings: dict[str, dict[str, None]] = {}
        ids: dict[str, dict[str, None]] = {}
        for row in table.rows:
            if (name := self._written(row.cells)) is not None:
                self._first.setdefault(look(name), name)
                spellings.setdefault(look(name), {})[name] = None
                if columns.id and (id_ := name_of(row.cells.get(columns.id))) is not None:
                    ids.setdefault(look(name), {})[id_] = None
        self._several = {name for name, numbers in ids.items() if len(numbers) > 1}
        self._tell(spellings, ids)

    def of(self, cells: Mapping[str, object]) -> str | None:
        """The student of a row."""
        name = self._written(cells)
        if name is None:
            return None
        name = self._first.get(look(name), name)
        id_ = name_of(cells.get(self.columns.id)) if self.columns.id and look(name) in self._several else None
        return name if id_ is None else f"{name} ({id_})"

    def _written(self, cells: Mapping[str, object]) -> str | None:
        parts = [name_of(cells.get(column)) for column in self.columns.names]
        return " ".join(part for part in parts if part is not None) or None

    def _tell(self, spellings: Mapping[str, Mapping[str, None]], ids: Mapping[str, Mapping[str, None]]) -> None:
        if len(self.columns.names) > 1 and self._first:
            joined = " and ".join(map(repr, self.columns.names))
            self.remarks.append(f"The columns {joined} together are the student: {next(iter(self._first.values()))}.")
        for name, kinds in spellings.items():
            if len(kinds) > 1:
                others = ", ".join(list(kinds)[1:])
                self.remarks.append(f"{others} looks like {self._first[name]}, and counts as the same student.")
        for name in sorted(self._several):
            self.remarks.append(
                f"{self._first[name]} has several values in the column {self.columns.id!r}: "
                f"{', '.join(ids[name])}. They count as different students, told apart by it."
            )
        alike: dict[str, list[str]] = {}
        for name in self._first.values():
            alike.setdefault(near(name), []).append(name)
        self.remarks += [
            f"{' and '.join(names)} are kept as different students. If they are one, write the name in one way."
            for key, names in alike.items()
            if key and len(names) > 1
        ]
