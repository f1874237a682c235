"""Tables as files, and back without loss: CSV (files, folder, zip), Excel, Parquet.

A path ending in .csv, .xlsx or .parquet has the attempts at that very path, where pandas and people look for them.
Other tables are further sheets, or further files beside it: class.csv, class-marks.csv, ... A path ending in .zip, or
in no suffix (a folder), has a CSV file for each table and may have the recordings.

What a format cannot hold is written in another way, and read back as it was:

- CSV and Excel know no difference between missing and empty text, so empty text has a spelling of its own.
- A CSV cell that a spreadsheet would take for a formula (=, +, -, @ in front) gets an apostrophe in front.
- Excel's cells hold at most 32,767 characters and no control characters; the latter are written _x0001_, as Excel does.
"""

from __future__ import annotations

import contextlib
import csv
import importlib
import io
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, TypeAlias

import pandas as pd

from ..dependencies import needed
from ..errors import GradebookError, InputError
from ..storage import FORMULA_STARTS, replace
from .audio import suffix_of

MAIN = "attempts"
"""The table that stands at the path itself."""

EXCEL_CELL = 32_767
EXCEL_ROWS = 1_048_576

Pieces: TypeAlias = Iterable[pd.DataFrame]
Sounds: TypeAlias = Iterable[tuple[str, bytes]]


def write(path: Path, tables: Mapping[str, Pieces], sounds: Sounds | None) -> None:
    """Write all tables, each from frames that follow each other, or nothing. Raises `InputError`, `GradebookError`."""
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise InputError(f"{path} ends in {suffix}. Use .csv, .xlsx, .parquet, .zip, or no suffix for a folder.")
    if sounds is not None and suffix not in (".zip", ""):
        raise InputError(f"A {suffix} file cannot hold recordings. Export to a .zip file or a folder.")
    folder = path if suffix == "" else path.parent
    try:
        with _arriving(folder) as temporary:
            _WRITERS[suffix](temporary / path.name if suffix else temporary, tables, sounds or ())
    except OSError as error:
        reason = error.strerror or error
        raise GradebookError(f"{path} cannot be written ({reason}). Check the folder and the space left.") from None


def read(path: Path, table: str, columns: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The rows of a table: text or None, or what else the format has. Raises `InputError`."""
    suffix = path.suffix.lower()
    if suffix not in _READERS:
        raise InputError(f"{path} ends in {suffix}. Give what Gradebook.export wrote.")
    if not path.exists():
        raise InputError(f"There is no {path}. Check the path.")
    return _READERS[suffix](path, table, list(columns))


def read_sounds(path: Path) -> Iterator[bytes]:
    """The recordings that were exported with the tables."""
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist() if name.startswith("audio/"))
    elif path.is_dir():
        yield from (file.read_bytes() for file in sorted(path.glob("audio/*")))


@contextlib.contextmanager
def _arriving(folder: Path) -> Iterator[Path]:
    """A temporary folder, whose files move to their places when all are written."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".export-", dir=folder if folder.is_dir() else folder.parent))
    try:
        yield temporary
        for file in sorted(temporary.rglob("*")):
            if file.is_file():
                place = folder / file.relative_to(temporary)
                place.parent.mkdir(parents=True, exist_ok=True)
                replace(file, place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _beside(path: Path, table: str) -> Path:
    return path if table == MAIN else path.with_name(f"{path.stem}-{table}{path.suffix}")


def _cells(frame: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The rows as text, numbers and None; times as ISO text."""
    columns = []
    for name in frame:
        column = frame[name]
        values = column.astype(object).where(column.notna(), None).tolist()
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            values = [value and value.isoformat() for value in values]
        columns.append(values)
    return zip(*columns, strict=True)


def _need(package: str) -> Any:
    with needed(package.partition(".")[0], "This format"):
        return importlib.import_module(package)


def _not_ours(path: Path, problem: str) -> InputError:
    return InputError(f"{path} cannot be imported: {problem}. Give what Gradebook.export wrote, unchanged.")


# --- CSV --------------------------------------------------------------------------------------------------------

_FORMULA = frozenset(f"{FORMULA_STARTS}'")  # the last so that what is read can be told from what was put there


def _guarded(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return f"'{value}" if value == "" or value[0] in _FORMULA else value


def _unguarded(value: str) -> str | None:
    return value.removeprefix("'") if value else None


def _write_csv(file: IO[bytes], frames: Pieces) -> None:
    # With a byte order mark Excel reads it as UTF-8.
    with io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
        writer = csv.writer(text)
        for number, frame in enumerate(frames):
            if number == 0:
                writer.writerow(frame.columns)
            writer.writerows([_guarded(value) for value in row] for row in _cells(frame))


def _read_csv(file: IO[bytes], shown: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    try:
        pieces = pd.read_csv(
            file, dtype=str, keep_default_na=False, na_filter=False, encoding="utf-8-sig", chunksize=1000
        )
        for piece in pieces:
            _check(shown, piece.columns, columns)
            for row in zip(*(piece[name].tolist() for name in columns), strict=True):
                yield dict(zip(columns, map(_unguarded, row), strict=True))
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise _not_ours(shown, str(error).strip()) from None


def _write_csv_files(path: Path, tables: Mapping[str, Pieces], _: Sounds) -> None:
    for table, frames in tables.items():
        with _beside(path, table).open("wb") as file:
            _write_csv(file, frames)


def _read_csv_files(path: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    return _read_csv_file(_beside(path, table), columns)


def _read_csv_file(path: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    if not path.exists():
        raise _not_ours(path, "the file is missing")
    with path.open("rb") as file:
        yield from _read_csv(file, path, columns)


def _write_folder(path: Path, tables: Mapping[str, Pieces], sounds: Sounds) -> None:
    for table, frames in tables.items():
        with (path / f"{table}.csv").open("wb") as file:
            _write_csv(file, frames)
    for name, data in sounds:
        (path / "audio").mkdir(exist_ok=True)
        (path / "audio" / f"{name}{suffix_of(data)}").write_bytes(data)


def _read_folder(path: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    return _read_csv_file(path / f"{table}.csv", columns)


def _write_zip(path: Path, tables: Mapping[str, Pieces], sounds: Sounds) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table, frames in tables.items():
            with archive.open(f"{table}.csv", "w", force_zip64=True) as file:
                _write_csv(file, frames)
        for name, data in sounds:
            archive.writestr(f"audio/{name}{suffix_of(data)}", data, zipfile.ZIP_STORED)


def _read_zip(path: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{table}.csv") as file:
            yield from _read_csv(file, path / f"{table}.csv", columns)
    except KeyError:
        raise _not_ours(path, f"{table}.csv is missing") from None
    except zipfile.BadZipFile:
        raise _not_ours(path, "it is not a zip file") from None


# --- Excel ------------------------------------------------------------------------------------------------------

# What XML cannot hold, or changes; and what looks like the spelling of such a character.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_SPELLED = re.compile("_x([0-9A-Fa-f]{4})_")
_EMPTY = "_x0000_"  # the null character, which no text of a gradebook has


def _spelled(text: str) -> str:
    return _UNFIT.sub(lambda found: f"_x{ord(found[0]):04X}_", text) if text else _EMPTY


def _unspelled(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    return "" if cell == _EMPTY else _SPELLED.sub(lambda found: chr(int(found[1], 16)), cell)


def _write_excel(path: Path, tables: Mapping[str, Pieces], _: Sounds) -> None:
    openpyxl = _need("openpyxl")
    cell_of = _need("openpyxl.cell").WriteOnlyCell

    def cell(sheet: Any, value: Any) -> Any:
        if isinstance(value, float) and float(f"{value:.16g}") != value:
            value = repr(value)  # a number would lose its last digit
        if not isinstance(value, str):
            return value
        value = _spelled(value)
        if len(value.encode("utf-16-le")) > 2 * EXCEL_CELL:
            raise InputError(
                f"A text of {len(value):,} characters is too long for Excel: {value[:80]!r}…. "
                "Export to .zip or .parquet."
            )
        made = cell_of(sheet, value)
        made.data_type = "s"  # text, whatever it begins with: neither a formula nor an error
        return made

    book = openpyxl.Workbook(write_only=True)
    try:
        for table, frames in tables.items():
            sheet = book.create_sheet(table)
            sheet.freeze_panes = "A2"
            rows = 1
            for number, frame in enumerate(frames):
                if number == 0:
                    sheet.append(list(frame.columns))
                rows += len(frame)
                if rows > EXCEL_ROWS:
                    raise InputError(
                        f"A sheet holds {EXCEL_ROWS:,} rows, too few for the {table}. Use .zip or .parquet."
                    )
                for row in _cells(frame):
                    sheet.append([cell(sheet, value) for value in row])
        book.save(path)
    except BaseException:  # only to clean up; it is raised again
        for sheet in book.worksheets:
            sheet.close()  # openpyxl has a temporary file open for each
        raise


def _read_excel(path: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    openpyxl = _need("openpyxl")
    try:
        book = openpyxl.load_workbook(path, read_only=True)
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, _need("openpyxl.utils.exceptions").InvalidFileException):
        raise _not_ours(path, "it is not an Excel file") from None
    try:
        if table not in book.sheetnames:
            raise _not_ours(path, f"it has no sheet {table}")
        rows = book[table].iter_rows(values_only=True)
        header = list(next(rows, ()))
        _check(path, header, columns)
        places = [header.index(name) for name in columns]
        for row in rows:
            cells = [row[place] if place < len(row) else None for place in places]
            if any(value is not None for value in cells):
                yield dict(zip(columns, map(_unspelled, cells), strict=True))
    finally:
        book.close()


# --- Parquet ----------------------------------------------------------------------------------------------------


def _write_parquet(path: Path, tables: Mapping[str, Pieces], _: Sounds) -> None:
    arrow, parquet = _need("pyarrow"), _need("pyarrow.parquet")
    types: dict[str, Any] = {
        "string": arrow.string(),
        "int64": arrow.int64(),
        "Int64": arrow.int64(),
        "float64": arrow.float64(),
        "boolean": arrow.bool_(),
        "datetime64[us, UTC]": arrow.timestamp("us", tz="UTC"),
    }
    for table, frames in tables.items():
        with contextlib.ExitStack() as stack:
            writer = None
            for frame in frames:
                schema = arrow.schema([(name, types[str(dtype)]) for name, dtype in frame.dtypes.items()])
                if writer is None:
                    writer = stack.enter_context(parquet.ParquetWriter(_beside(path, table), schema))
                writer.write_table(arrow.Table.from_pandas(frame, schema, preserve_index=False))


def _read_parquet(path: Path, table: str, columns: list[str]) -> Iterator[dict[str, Any]]:
    arrow, parquet = _need("pyarrow"), _need("pyarrow.parquet")
    path = _beside(path, table)
    try:
        with parquet.ParquetFile(path) as file:
            _check(path, file.schema_arrow.names, columns)
            for batch in file.iter_batches(1000, columns=columns):
                yield from batch.to_pylist()
    except FileNotFoundError:
        raise _not_ours(path, "the file is missing") from None
    except arrow.ArrowException:
        raise _not_ours(path, "it is not a Parquet file") from None


def _check(path: Path, header: Iterable[Any], columns: list[str]) -> None:
    if missing := sorted(set(columns).difference(header)):
        raise _not_ours(path, f"it has no column {', '.join(missing)}")


_WRITERS: Mapping[str, Callable[[Path, Mapping[str, Pieces], Sounds], None]] = {
    "": _write_folder,
    ".csv": _write_csv_files,
    ".zip": _write_zip,
    ".xlsx": _write_excel,
    ".parquet": _write_parquet,
}
_READERS: Mapping[str, Callable[[Path, str, list[str]], Iterator[dict[str, Any]]]] = {
    "": _read_folder,
    ".csv": _read_csv_files,
    ".zip": _read_zip,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
}
