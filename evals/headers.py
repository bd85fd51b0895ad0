"""Does the first line name the columns, or is it data like the rest?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from prompts.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

    from pandas import DataFrame, Series

_NUMBER = re.compile(r"[-+]?\d*\.?\d+([eE][-+]?\d+)?")
_MISSING = ("", "?", "-", "na", "n/a", "nan", "null", "none")
_YEARS = range(1900, 2101)


def check_header(cells: Sequence[str], frame: DataFrame, path: Path) -> str:
    """Refuse a table whose first line, `cells`, is data; where that may be, return a sentence.

    Raises:
        DataError: says so, and what to do.
    """
    if _counting(cells):
        return ""
    pairs = [(c, frame.iloc[:, i]) for i, c in enumerate(cells[: frame.shape[1]])]
    numbers = [c for c, _ in pairs if _is_number(c)]
    if len(numbers) < len(pairs) and _named(pairs):
        return ""
    wide = _series(numbers)
    alike = sum(_like_the_rest(c, v) and not (wide and c in numbers) for c, v in pairs)
    line = ", ".join(cells[:4])
    if len(numbers) == len(pairs) or 2 * alike >= len(pairs):
        raise DataError(
            f"{path} has no line with column names: its first line is {line} …",
            hint="Add a first line that names the columns.",
        )
    return f"The first line of {path.name} is taken for the names of the columns: {line} …" * (
        alike > 0
    )


def _bare(cell: str) -> str:
    return re.sub(r"[$€£%\s]|(?<=\d)[,'](?=\d)", "", cell)


def _is_number(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(_bare(cell)))


def _counting(names: Sequence[str]) -> bool:
    """Return whether the names of all columns count up by one, as a matrix's may."""
    return names[0].isdigit() and list(names) == [str(int(names[0]) + i) for i in range(len(names))]


def _series(names: Sequence[str]) -> bool:
    """Return whether numbers over columns are the years or steps of a wide table."""
    if len(names) < 2 or not all(re.fullmatch(r"\d+", n) for n in names):
        return False
    numbers = [int(n) for n in names]
    if all(n in _YEARS for n in numbers):
        return numbers in (sorted(set(numbers)), sorted(set(numbers), reverse=True))
    steps = {b - a for a, b in pairwise(numbers)}
    return len(numbers) > 2 and len(steps) == 1 and steps != {0}


def _named(pairs: Sequence[tuple[str, Series]]) -> bool:
    """Return whether a word stands over numbers, as only a name does."""
    return any(
        column.dtype.kind in "iuf"
        and column.notna().any()
        and cell.lower() not in _MISSING
        and not _is_number(cell)
        for cell, column in pairs
    )


def _like_the_rest(cell: str, column: Series) -> bool:
    """Return whether a cell of the first line could stand in its column."""
    if column.dtype.kind in "iuf":
        if not _is_number(cell) or not column.notna().any():
            return False
        low, high = float(column.min()), float(column.max())
        return 2 * low - high <= float(_bare(cell)) <= 2 * high - low
    values = column.dropna().astype("str").str.strip()
    return cell.lower() not in _MISSING and bool((values == cell).any())
