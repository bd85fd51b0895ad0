"""Notice rows that belong together or follow each other in time, to split them accordingly.

Shuffled folds over such rows score a model on rows it has all but seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from evals.columns import date_format, hashable

if TYPE_CHECKING:
    from pandas import DataFrame, Series

_TIME = re.compile(r"(^|[_\W])(date|time|timestamp|datetime|day|week|month|period)$", re.I)
_ATTRIBUTE = re.compile(r"birth|dob|born|expir|due|signup|sign_up|joined|hire|start|created", re.I)
_IDENTIFIER = re.compile(
    r"(^|[_\W])(id|uuid|guid)$"
    r"|[a-z]I[dD]$"
    r"|^(subject|patient|user|customer|client|person|household|session|participant|device|machine)"
    r"([_\W]?(no|nr|num|number|name))?$",
    re.I,
)
MIN_GROUPS = 10
"""Fewer groups than this cannot be dealt out to folds evenly; the column is then a category."""


@dataclass(frozen=True)
class Structure:
    """What was noticed: how to split, by which column, and a sentence for the user."""

    scheme: Literal["group", "time"]
    column: str
    sentence: str


def find_structure(frame: DataFrame, target: str) -> Structure | None:
    """Return how the rows of `frame` hang together, or None where they seem independent.

    Repeated identifiers come first: a person's rows leak more than neighbouring dates do.
    """
    names = [str(c) for c in frame.columns if c != target]
    for name in names:
        if _repeats(name, frame[name]):
            count = frame[name].nunique()
            return Structure(
                "group",
                name,
                f"{name} repeats ({count:,} values in {len(frame):,} rows): rows with the same "
                f"{name} are kept on one side of every split.",
            )
    for name in names:
        if _orders(name, frame[name]):
            return Structure(
                "time",
                name,
                f"Rows are dated by {name}: models are tested on rows later than those they "
                "learn from.",
            )
    return None


def _repeats(name: str, column: Series) -> bool:
    if not _IDENTIFIER.search(name) or column.dtype.kind == "f" or not hashable(column):
        return False
    counts = column.value_counts()
    groups, rows = len(counts), int(counts.sum())
    return groups >= MIN_GROUPS and rows >= 1.2 * groups and int(counts.iloc[0]) <= rows / 4


def _orders(name: str, column: Series) -> bool:
    """Return whether a date column says when a row was observed, not what it is about."""
    if _ATTRIBUTE.search(name) or not hashable(column) or column.nunique() < MIN_GROUPS:
        return False
    how = date_format(column)
    if how is None:
        return False
    import pandas as pd

    moments = pd.to_datetime(column, format=how, errors="coerce", utc=True).dropna()
    in_order = bool(moments.is_monotonic_increasing or moments.is_monotonic_decreasing)
    return in_order or bool(_TIME.search(name))
