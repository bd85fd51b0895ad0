"""What each column of a table is, as far as a model is concerned.

Decided from names, types and counts of the feature columns alone, never from the target, so that
nothing leaks from validation or test rows into a model.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from prompts.errors import DataError

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_ROW_NUMBER = re.compile(
    r"(^|[_\W])(id|uuid|guid|index|rownames?|row|nr|no|number)$|[a-z]I[dD]$|^unnamed", re.I
)
PARSED = 0.95
"""At least this share of a column's values must read as dates for it to be one."""


@dataclass(frozen=True)
class Columns:
    """Feature columns by role. `dates` maps a column to its format; `dropped` says why not used."""

    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    high_cardinality: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, str] = field(default_factory=dict)

    @property
    def used(self) -> list[str]:
        """All columns that a model sees."""
        return [*self.numeric, *self.categorical, *self.high_cardinality, *self.dates]

    def sentences(self) -> list[str]:
        """Say what was left out, one sentence per reason."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.dropped.items():
            reasons.setdefault(reason, []).append(name)
        return [f"Not used, {reason}: {', '.join(names)}." for reason, names in reasons.items()]


def columns_of(frame: DataFrame, leave_out: Mapping[str, str] | None = None) -> Columns:
    """Assign a role to each column of `frame` (features only, no target).

    Args:
        leave_out: columns to drop whatever they hold, with the reason.

    Raises:
        DataError: no column is left to learn from.
    """
    roles: dict[str, list[str]] = {"numeric": [], "categorical": [], "high_cardinality": []}
    dates: dict[str, str] = {}
    dropped = dict(leave_out or {})
    for name in frame.columns:
        if name in dropped:
            continue
        column = frame[name]
        if reason := _useless(str(name), column):
            dropped[name] = reason
        elif how := date_format(column):
            dates[name] = how
        else:
            roles[_role(column)].append(name)
    found = Columns(**{k: tuple(v) for k, v in roles.items()}, dates=dates, dropped=dropped)
    if not found.used:
        raise DataError(
            "No column is left to learn from.", hint=" ".join(found.sentences()) or "Add columns."
        )
    return found


def _useless(name: str, column: Series) -> str:
    """Return why a column cannot help, or an empty string."""
    present = column.dropna()
    if not hashable(present):
        return "no single value per cell"
    distinct = int(present.nunique())
    if distinct == 0:
        return "no value at all"
    if distinct == 1 and len(present) == len(column):
        return "the same value in every row"
    if len(present) < 20 or distinct < 0.95 * len(present):
        return ""
    if _is_number(column):
        whole = column.dtype.kind in "iu"
        counts_rows = whole and bool((present.diff().dropna() == 1).all())
        named = whole and distinct == len(present) and bool(_ROW_NUMBER.search(name))
        return "identifies rows" if counts_rows or named else ""
    return "" if date_format(column) else "identifies rows (nearly every value differs)"


def hashable(column: Series) -> bool:
    """Return whether the cells can be told apart: lists, as Parquet may hold, cannot."""
    if column.dtype != object:
        return True
    try:
        column.nunique()
    except TypeError:
        return False
    return True


def _is_number(column: Series) -> bool:
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    return bool(is_numeric_dtype(column) and not is_bool_dtype(column))


def _role(column: Series) -> str:
    if _is_number(column):
        return "numeric"
    return "high_cardinality" if column.nunique() > 15 else "categorical"


def date_format(column: Series) -> str | None:
    """Return the format in which `column` holds dates (for `pandas.to_datetime`), or None.

    "ISO8601" for year-first text and for values that are dates already.
    """
    import pandas as pd
    from pandas.api.types import is_datetime64_any_dtype

    if is_datetime64_any_dtype(column):
        return "ISO8601"
    if _is_number(column) or not len(present := column.dropna()):
        return None
    sample = present.iloc[:: max(1, len(present) // 500)].astype(str)
    if sample.str.contains(r"\d{1,4}\D\d{1,2}|\d{1,2}\D\d{2,4}|\d{8}").mean() < PARSED:
        return None
    for how in _formats(sample.iloc[0]):
        if pd.to_datetime(sample, format=how, errors="coerce", utc=True).notna().mean() >= PARSED:
            return how
    return None


def _formats(example: str) -> list[str]:
    from pandas.tseries.api import guess_datetime_format

    with warnings.catch_warnings():
        # It warns where `dayfirst` does not fit, which is what is being found out.
        warnings.simplefilter("ignore")
        guesses = [guess_datetime_format(example, dayfirst=first) for first in (False, True)]
    swapped = ["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y"]
    return list(dict.fromkeys(["ISO8601", *(g for g in guesses if g), *swapped]))
