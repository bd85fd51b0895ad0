"""Excel and OpenDocument workbooks, read as the CSV that each sheet would be saved as.

A sheet is named after the file: "churn.xlsx#2024".
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from evals.cells import filled_cells, with_header
from prompts.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame, ExcelFile

SUFFIXES = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods")
"""Names of files that can be workbooks."""

_NAMED = re.compile(
    rf"(.+(?:{'|'.join(map(re.escape, SUFFIXES))}))#(.+)", re.IGNORECASE | re.DOTALL
)
_OLD = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"
_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")


def split_sheet(path: Path | str) -> tuple[Path, str]:
    """Return a path without the sheet named after it, and that sheet, "" where none is."""
    named = _NAMED.fullmatch(str(path))
    return (Path(named[1]), named[2]) if named else (Path(path), "")


def is_workbook(raw: bytes) -> bool:
    """Return whether the content of a file is a workbook, perhaps a damaged or a locked one."""
    if raw[:4] != _ZIP:
        return raw[:4] == _OLD
    try:
        return any(name in _PARTS for name in zipfile.ZipFile(io.BytesIO(raw)).namelist())
    except zipfile.BadZipFile:
        return False


def tables_of(path: Path) -> list[str]:
    """List the sheets of a workbook that hold a table, in order; [] where `path` is none.

    Raises:
        DataError: it is damaged or locked.
    """
    try:
        raw = path.read_bytes()
    except OSError:
        return []
    return list(_tables(_opened(raw, path))) if is_workbook(raw) else []


def workbook_text(raw: bytes, path: Path, sheet: str = "") -> tuple[str, str]:
    """Return a sheet as CSV, and what the user should know about the choice.

    Args:
        raw: content of the workbook.
        path: its name, for messages.
        sheet: its name; the first that holds a table without one.

    Raises:
        DataError: the workbook is damaged or locked, has no such sheet, or holds no table.
    """
    book = _opened(raw, path)
    if sheet:
        name = _called(sheet, [str(n) for n in book.sheet_names], path)
        tables, told = {name: filled_cells(book, name)}, ""
    else:
        tables = _tables(book)
        if not tables:
            raise DataError(
                f"No sheet of {path} holds a table.",
                hint="One needs a line with the columns' names, and rows below it.",
            )
        name = next(iter(tables))
        told = _others(path, name, list(tables), len(book.sheet_names))
    cells, above = with_header(tables[name])
    said = " ".join(filter(None, [told, _above(path, above)]))
    return cells.to_csv(index=False, header=False), said


def _opened(raw: bytes, path: Path) -> ExcelFile:
    import pandas as pd

    try:
        return pd.ExcelFile(io.BytesIO(raw), engine="calamine")
    except Exception as error:  # calamine's own, and pandas' for what it does not know
        raise DataError(
            f"{path} cannot be read as a workbook: {error}.",
            hint="Is it damaged or locked by a password? Save it anew, without one, or as CSV.",
        ) from error


def _tables(book: ExcelFile) -> dict[str, DataFrame]:
    """Return the filled cells of each sheet that holds a table."""
    found = {str(name): filled_cells(book, str(name)) for name in book.sheet_names}
    return {name: cells for name, cells in found.items() if min(cells.shape) >= 2}


def _called(sheet: str, names: Sequence[str], path: Path) -> str:
    """Return a sheet's name as the workbook has it; a number that none is called counts them."""
    wanted = sheet.strip().casefold()
    same = [n for n in names if n.strip().casefold() == wanted]
    if not same and wanted.isdigit() and 0 < int(wanted) <= len(names):
        return names[int(wanted) - 1]
    if not same:
        hint = f"Its sheets are: {', '.join(names)}."
        raise DataError(f"{path} has no sheet {sheet!r}.", hint=hint)
    return sheet if sheet in same else same[0]


def _others(path: Path, name: str, tables: Sequence[str], sheets: int) -> str:
    if len(tables) < 2:
        return f"Of {path.name}, the sheet {name} alone holds a table and is read." * (sheets > 1)
    rest = ", ".join(tables[1:9])
    return (
        f"Of {path.name}, the sheet {name} is read, the first that holds a table; "
        f"others are {rest}: name one as {path.name}#{tables[1]}."
    )


def _above(path: Path, lines: int) -> str:
    said = "1 line" if lines == 1 else f"{lines} lines"
    return f"{said} above the table in {path.name} {'is' if lines == 1 else 'are'} left out." * (
        lines > 0
    )
