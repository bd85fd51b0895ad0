"""The full data card says how columns are distributed and hang together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evals.table_statistics import COLUMNS, statistics

RNG = np.random.default_rng(0)
X = RNG.normal(size=300)


def frame() -> pd.DataFrame:
    near = X + 0.3 * RNG.normal(size=300)
    columns = {"near": near, "far": RNG.normal(size=300), "same": np.ones(300), "word": ["a"] * 300}
    return pd.DataFrame(columns | {"twin": 2 * near + 1}, index=np.arange(300)[::-1])


def test_strong_correlations_are_counted_with_the_target_and_among_columns() -> None:
    said = statistics(frame(), X)
    assert said["Correlations"].startswith("2 of 3 numeric columns correlate with the target")
    assert said["Correlations"].endswith("1 pairs of columns with each other")
    assert said["Columns"].startswith(("near: mean", "twin: mean"))
    assert "same" not in said["Columns"] and "word" not in said["Columns"]


def test_classes_are_numbered_and_missing_values_left_out() -> None:
    table = frame()
    table.iloc[:5, 0] = np.nan
    said = statistics(table, np.where(X > 0, "yes", "no"))
    assert said["Correlations"].startswith("2 of 3")
    assert "nan" not in said["Columns"]


def test_a_table_without_numbers_has_no_statistics_and_a_wide_one_is_cut() -> None:
    assert statistics(frame()[["word"]], X) == {}
    wide = pd.DataFrame(RNG.normal(size=(300, 40)), columns=[f"c{i}" for i in range(40)])
    said = statistics(wide.assign(best=X), X)["Columns"]
    assert said.startswith("best: mean") and said.endswith("; …")
    assert said.count("mean") == COLUMNS
