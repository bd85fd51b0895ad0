"""The cells of a spreadsheet, and which of them are a table.

The functions are written into the script beside a saved model too: pandas is all that they need.
"""

from __future__ import annotations

import datetime

import pandas as pd
from pandas import DataFrame


def filled_cells(book: pd.ExcelFile, sheet: str) -> DataFrame:
    """Return the cells of a sheet without its empty rows and columns; dates as ISO text."""
    cells = pd.read_excel(
        book, sheet_name=sheet, header=None, dtype=object, keep_default_na=False, na_values=[""]
    )
    filled = cells.dropna(how="all").dropna(how="all", axis="columns")
    return filled.map(
        lambda cell: (
            cell.isoformat().removesuffix("T00:00:00")
            if isinstance(cell, datetime.date | datetime.time)
            else cell
        )
    )


def with_header(cells: DataFrame) -> tuple[DataFrame, int]:
    """Return `cells` from the line with the columns' names on, and how many stood above it.

    That line is the first with more than half of the cells that the fullest has.
    """
    widths = cells.notna().sum(axis="columns").to_numpy()
    above = int((2 * widths > widths.max()).argmax()) if len(widths) else 0
    return cells.iloc[above:].dropna(how="all", axis="columns"), above
