"""Numbers in dress: "$1,234.50", "12 %" and "1.234,5 €" are read as the numbers that they are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Number
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from pandas import DataFrame, Series

FORMAT = "plaintune:format"
"""Where a frame's `attrs` say how its file was read: separator, decimal mark, encoding."""
NOTE = "plaintune:note"
"""Where they say what the user should know about it."""
NUMBERS = "plaintune:numbers"
"""Where they say how columns were read: pattern and decimal mark by name."""
ENOUGH = 0.95
"""At least this share of a column's values must be such numbers; the others become missing."""
_UNITS = (
    *("US$", "R$", "A$", "C$", "$", "€", "£", "¥", "₹", "₽", "₩", "₺", "₴", "zł", "%"),
    *("USD", "EUR", "GBP", "CHF", "JPY", "CNY", "INR", "PLN", "SEK", "NOK", "DKK", "CZK", "HUF"),
    *("CAD", "AUD", "BRL", "MXN", "TRY", "RUB", "kr"),
)
_SIGNS = r"+\-−(\s"
_GROUPED = r"[1-9]\d{{0,2}}(?:[{0}'’\s]\d{{2,3}})*[{0}'’\s]\d{{3}}(?:[{1}]\d+)?|\d*[{1}]?\d+"
_SAMPLE = 200


@dataclass(frozen=True)
class _Read:
    """A column as numbers: how it was read, an example of its text, and what was none."""

    numbers: Series
    how: tuple[str, str]
    example: str
    others: tuple[str, ...]


def plain_numbers(column: Series, pattern: str, decimal: str) -> Series:
    """Return text such as "$1,234.50" as numbers; what does not match becomes missing."""
    if pd.api.types.is_numeric_dtype(column):
        return column
    parts = column.astype("str").str.strip().str.extract(pattern)
    digits = parts[1].str.replace(rf"[^\d{decimal}]", "", regex=True)
    numbers = pd.to_numeric(digits.str.replace(decimal, ".", regex=False), errors="coerce")
    return numbers.where(~parts[0].fillna("").str.contains(r"[-−(]"), -numbers)


def of_one_kind(frame: DataFrame) -> DataFrame:
    """Return `frame` with columns that mix text and numbers as text, as a file would have them."""
    mixed = [i for i in range(frame.shape[1]) if _is_mixed(frame.iloc[:, i])]
    if not mixed:
        return frame
    plain = frame.copy(deep=False)
    for i in mixed:
        column = frame.iloc[:, i]
        plain.isetitem(i, column.astype("str").where(column.notna(), None).to_numpy())
    names = ", ".join(str(frame.columns[i]) for i in mixed)
    said = f"{names}: numbers and text in one column, so all of it is read as text."
    plain.attrs[NOTE] = " ".join(filter(None, [frame.attrs.get(NOTE, ""), said]))
    return plain


def storable(frame: DataFrame) -> DataFrame:
    """Return `frame` with intervals, as `pandas.cut` makes them, as text, and nothing sparse."""
    plain = frame.copy(deep=False)
    for i in range(frame.shape[1]):
        column = frame.iloc[:, i]
        kind = column.dtype
        if isinstance(kind, pd.SparseDtype):
            plain.isetitem(i, np.asarray(column))
        elif isinstance(kind, pd.CategoricalDtype) and _are_intervals(kind.categories.dtype):
            plain.isetitem(i, column.cat.rename_categories(str).array)
        elif _are_intervals(kind):
            plain.isetitem(i, column.astype("str").where(column.notna(), None).to_numpy())
    return plain


def _are_intervals(kind: object) -> bool:
    return isinstance(kind, pd.IntervalDtype)


def _is_mixed(column: Series) -> bool:
    if pd.api.types.infer_dtype(column, skipna=True) not in ("mixed", "mixed-integer"):
        return False
    return all(isinstance(v, str | Number | np.generic) for v in column.dropna())


def undressed(frame: DataFrame) -> DataFrame:
    """Return `frame` with its dressed numbers as numbers; `attrs` say which, and how."""
    comma = frame.attrs.get(FORMAT, {}).get("decimal") == ","
    bare = frame.copy(deep=False)
    found: dict[str, _Read] = {}
    for i, name in enumerate(map(str, frame.columns)):
        if name not in found and (read := _undressed(frame.iloc[:, i], ",." if comma else ".,")):
            bare.isetitem(i, read.numbers.to_numpy())
            found[name] = read
    if not found:
        return frame
    bare.attrs[NUMBERS] = {name: list(read.how) for name, read in found.items()}
    bare.attrs[NOTE] = " ".join(filter(None, [frame.attrs.get(NOTE, ""), *_sentences(found)]))
    return bare


def _undressed(column: Series, decimals: str) -> _Read | None:
    if not pd.api.types.is_string_dtype(column):
        return None
    present = column.dropna().astype("str").str.strip()
    if present.empty:
        return None
    sample = present.iloc[:: max(1, len(present) // _SAMPLE)]
    for decimal in decimals:
        pattern = _pattern(sample, decimal)
        if pattern and (read := _read(column, present, pattern, decimal)):
            return read
    return None


def _pattern(sample: Series, decimal: str) -> str | None:
    """Return the pattern of a column's values by some of them; None where they are none."""
    number = _GROUPED.format("," if decimal == "." else ".", decimal)
    units = "|".join(map(re.escape, _UNITS))
    anyhow = rf"^([{_SIGNS}]*({units})?[{_SIGNS}]*)({number})\s*({units})?\s*\)?$"
    parts = sample.str.extract(anyhow)
    if parts[2].notna().mean() < ENOUGH:
        return None
    said = {*parts[1].dropna(), *parts[3].dropna()}
    if len(said) > 1 or ("%" in said and not _all_per_cent(parts)):
        return None
    unit = rf"(?:{re.escape(said.pop())})?" if said else ""
    return rf"^([{_SIGNS}]*{unit}[{_SIGNS}]*)({number})\s*{unit}\s*\)?$"


def _all_per_cent(parts: DataFrame) -> bool:
    """Return whether no number but 0 lacks the sign: 5 beside "5 %" may mean 500 %."""
    bare = parts[1].isna() & parts[3].isna() & parts[2].notna()
    return not parts[2][bare].str.contains("[1-9]").any()


def _read(column: Series, present: Series, pattern: str, decimal: str) -> _Read | None:
    numbers = plain_numbers(present, pattern, decimal)
    plain = pd.to_numeric(present, errors="coerce").notna()
    dressed = present[numbers.notna() & ~plain]
    if numbers.notna().mean() < ENOUGH or dressed.empty:
        return None
    others = tuple(dict.fromkeys(present[numbers.isna()]))
    whole = plain_numbers(column, pattern, decimal)
    return _Read(whole, (pattern, decimal), str(dressed.iloc[0]), others)


def _sentences(found: dict[str, _Read]) -> Iterator[str]:
    read = next(iter(found.values()))
    value = plain_numbers(pd.Series([read.example]), *read.how).iloc[0]
    verb = "was" if len(found) == 1 else "were"
    yield f"{', '.join(found)} {verb} read as numbers: “{read.example}” is {value:.10g}."
    for name, read in found.items():
        if read.others:
            yield f"Other values of {name}, such as “{read.others[0][:40]}”, count as missing."


def in_dress(present: Series) -> bool:
    """Return whether values are numbers with something around them: "12 kg", "$1.2M"."""
    dressed = r"[^\w\s]?\s?[-+]?\d[\d.,' ]*\s?(?:[^\w\s]|[A-Za-z]{1,3})?"
    return bool(present.astype(str).str.fullmatch(dressed).all())
