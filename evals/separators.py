"""What parts the cells of a text, and what marks its decimals."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from prompts.errors import DataError

SEPARATORS = (",", ";", "\t", "|")
SAVE = "Save the table as CSV, TSV, JSON lines, Parquet or Excel and name that file."


def decimal_of(text: str, separator: str) -> str:
    """Return the decimal mark; in groups of three, digits may as well be thousands."""
    if separator == ",":
        return "."
    s = re.escape(separator)
    commas, dots = (
        [len(d) for d in re.findall(rf"(?:^|{s})-?\d+[{m}](\d+)(?={s}|\r|$)", text, re.MULTILINE)]
        for m in ",."
    )
    clear = any(length != 3 for length in commas)
    if any(length != 3 for length in dots):
        return "," if clear and separator == ";" else "."
    return "," if commas and (clear or separator == ";") else "."


def separator_of(text: str, path: Path) -> str:
    """Return the separator that gives most columns with the same number of cells in each row.

    Raises:
        DataError: none does, or the text is of another kind.
    """
    no_table = DataError(
        f"{path} is not a table: its lines do not have the same cells.",
        hint="The first line must name the columns, separated by commas, semicolons or tabs.",
    )
    if re.match(r"\s*<[!?a-zA-Z]", text):
        raise DataError(f"{path} is not a table but HTML or XML.", hint=SAVE)
    if not any(s in text[:200_000] for s in SEPARATORS):
        raise DataError(
            f"{path} is not a table: it has only one column.",
            hint="A target and something to predict it from are needed, with commas between them.",
        )
    widths = {s: _width(text, s) for s in SEPARATORS}
    best = max(SEPARATORS, key=lambda s: widths[s])
    if widths[best] < 2:
        raise no_table
    return best


def _width(text: str, separator: str) -> int:
    """Return the number of cells of the header where nine in ten rows have as many, else 0."""
    sample = io.StringIO(text[:200_000], newline=None)
    try:
        rows = [r for r, _ in zip(csv.reader(sample, delimiter=separator), range(101)) if r]  # noqa: B905
    except csv.Error:
        return 0
    if len(text) > 200_000 and len(rows) > 2:
        rows = rows[:-1]
    same = sum(len(row) == len(rows[0]) for row in rows)
    return len(rows[0]) if same >= 0.9 * len(rows) else 0
