"""The full data card: how a table's columns are distributed and how they hang together.

Source: the full context of LLAMBO (Liu et al. 2024, arXiv 2402.03921, section 4): per column its
statistics, how many columns correlate with the target, how many with each other. Of a
classification's target the class numbers are correlated, as there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pandas import DataFrame, Series

STRONG = 0.5
"""An absolute correlation above this counts (the paper's bound)."""
COLUMNS = 10
"""So many columns are described: those that correlate most with the target."""
PAIRED = 200
"""Pairs are counted among so many columns, the first ones."""


def statistics(features: DataFrame, values: NDArray[Any]) -> dict[str, str]:
    """Return the full card of a table by heading; its numeric columns only.

    Args:
        features: the `n` rows of the tuning part.
        values: the `n` target values, classes or numbers.
    """
    numeric = features.select_dtypes("number").astype(float)
    numeric = numeric.loc[:, numeric.nunique() > 1]
    if numeric.empty:
        return {}
    with_target = _with_target(numeric, values)
    order = np.argsort(-with_target, kind="stable")[:COLUMNS]
    described = [_described(numeric.iloc[:, i], with_target[i]) for i in order]
    return {
        "Correlations": _correlations(numeric, with_target),
        "Columns": "; ".join(described) + ("; …" if len(described) < numeric.shape[1] else ""),
    }


def _with_target(numeric: DataFrame, values: NDArray[Any]) -> NDArray[np.float64]:
    """Return each column's absolute correlation with the target; 0 where there is none."""
    import pandas as pd

    is_number = np.issubdtype(np.asarray(values).dtype, np.floating)
    numbers = values if is_number else pd.factorize(np.asarray(values), sort=True)[0]
    found = numeric.corrwith(pd.Series(numbers, index=numeric.index, dtype=float)).abs()
    return np.asarray(np.nan_to_num(found.to_numpy(dtype=float)))


def _correlations(numeric: DataFrame, with_target: NDArray[np.float64]) -> str:
    among = np.abs(numeric.iloc[:, :PAIRED].corr().to_numpy())
    pairs = int((np.triu(among, k=1) > STRONG).sum())
    strong = int((with_target > STRONG).sum())
    return (
        f"{strong} of {numeric.shape[1]} numeric columns correlate with the target beyond "
        f"{STRONG} (absolute), {pairs} pairs of columns with each other"
    )


def _described(column: Series, with_target: float) -> str:
    parts = {
        "mean": column.mean(),
        "sd": column.std(),
        "min": column.min(),
        "max": column.max(),
        "skew": column.skew(),
        "correlation": with_target,
    }
    return f"{str(column.name)[:40]}: " + ", ".join(f"{k} {v:.3g}" for k, v in parts.items())
