"""Read a file of new rows, whatever of a table's formats it is in, for a model that was saved.

The functions are written into the script beside the model, with those that they call: pandas and
the standard library are all that they need. What a study reads, they read.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd
from pandas import DataFrame, Series

from evals.cells import filled_cells, with_header
from evals.json_tables import read_objects
from evals.separators import decimal_of


def rows_of(path: str, names: Iterable[str], marks: str, texts: Iterable[str]) -> DataFrame:
    """Return the rows of CSV, TSV, JSON, Parquet or Excel ("new.xlsx#a sheet"), perhaps gzip.

    `names` are columns to look for, `marks` the likeliest separator and, after it, the decimal
    mark that goes with it, `texts` columns of words.
    Raises OSError, ValueError, or ImportError where pandas lacks what a format needs.
    """
    file, _, sheet = (path, "", "") if Path(path).exists() else path.partition("#")
    raw = Path(file).read_bytes()
    raw = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    if raw[:4] == b"PAR1":
        rows = pd.read_parquet(io.BytesIO(raw))
        return rows.reset_index([n for n in rows.index.names if n and n not in rows])
    if raw[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        return separated(sheet_text(raw, set(names), sheet), names, ",.", texts)
    text = decoded(raw)
    if text.lstrip()[:1] in ("{", "["):
        return pd.json_normalize(read_objects(text))
    return separated(text, names, marks, texts)


def decoded(raw: bytes) -> str:
    """Return text that is Unicode or, if it is none, from Windows."""
    wide = {b"\xff\xfe\x00\x00": "utf-32", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
    for mark, encoding in wide.items():
        if raw.startswith(mark):
            return raw.decode(encoding)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("windows-1252")


def separated(text: str, names: Iterable[str], marks: str, texts: Iterable[str]) -> DataFrame:
    """Return the rows of a text, parted by what gives most of the columns `names`."""
    text = re.sub(r"\Asep=.\r?\n", "", text, flags=re.IGNORECASE)  # for Excel's eyes
    first = next((line for line in io.StringIO(text, newline=None) if line.strip()), "")
    found = {
        mark: {n.strip() for n in next(csv.reader([first], delimiter=mark, skipinitialspace=True))}
        for mark in dict.fromkeys([marks[0], *",;\t|"])
    }
    mark = max(found, key=lambda m: len(found[m] & set(names)))
    return pd.read_csv(
        io.StringIO(text),
        sep=mark,
        decimal="," if marks == f"{mark}," else decimal_of(text[:100_000], mark),
        dtype=dict.fromkeys(texts, str),
        skipinitialspace=True,
        low_memory=False,
    )


def sheet_text(raw: bytes, names: set[str], sheet: str) -> str:
    """Return a sheet of a workbook as CSV: the one named, or the one that has columns `names`."""
    usual = importlib.util.find_spec("python_calamine") is None
    try:
        book = pd.ExcelFile(io.BytesIO(raw), engine=None if usual else "calamine")
    except ImportError:
        raise
    except Exception as error:  # each engine has its own
        raise ValueError(f"it is no workbook that can be read ({error})") from error
    sheets = {str(n): with_header(filled_cells(book, str(n)))[0] for n in book.sheet_names}
    fit = [n for n, c in sheets.items() if len(c) and names <= {str(v).strip() for v in c.iloc[0]}]
    if len(fit) > 1 and not sheet:
        raise ValueError(f"several sheets have these columns ({', '.join(fit)}): add #{fit[0]}")
    chosen = sheet or (fit or list(sheets))[0]
    if chosen not in sheets:
        raise ValueError(f"it has no sheet {chosen}, but {', '.join(sheets)}")
    return str(sheets[chosen].to_csv(index=False, header=False))


def as_trained(
    rows: DataFrame, texts: Iterable[str], numeric: Iterable[str], dates: Mapping[str, str]
) -> DataFrame:
    """Return rows whose words, numbers and dates are such as the model was trained on.

    `dates` maps columns to their format in training; ISO's is understood too. Raises ValueError
    where a column holds none of what it should.
    """
    rows = rows.copy(deep=False)
    for name in texts:
        if not pd.api.types.is_string_dtype(rows[name]):
            rows[name] = rows[name].astype("str").where(rows[name].notna(), None)
    for name in numeric:
        read_or_refused(rows[name], pd.to_numeric(rows[name], errors="coerce"), "a number")
    for name, how in dates.items():
        if not pd.api.types.is_datetime64_any_dtype(rows[name]):
            rows[name] = read_or_refused(rows[name], moments(rows[name], how), f"a date ({how})")
    return rows


def moments(column: Series, how: str) -> Series:
    """Return text in the format `how`, or in ISO's, as moments; what is in neither is missing."""
    found = pd.to_datetime(column, format=how, errors="coerce", utc=True)
    iso = pd.to_datetime(column, format="ISO8601", errors="coerce", utc=True)
    return found.fillna(iso)


def read_or_refused(column: Series, read: Series, what: str) -> Series:
    """Return `read`; ValueError where it holds nothing although `column` does."""
    present = column.dropna()
    if len(present) and read.isna().all():
        raise ValueError(f"no value of {column.name} is {what}, such as {str(present.iloc[0])!r}")
    return read
