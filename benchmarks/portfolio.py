"""What portfolios are worth on tables that they have not seen.

    python -m benchmarks.portfolio table     # leave-one-table-out on the meta-table: seconds
    python -m benchmarks.portfolio real      # real studies on tables that were never in it: an hour
    python -m benchmarks.portfolio report    # benchmarks/results/portfolio/report.md

`table`: for every family and metric, the regret on each table after the library's default and four
more, from a portfolio made without that table, against four random ones (mean of `DRAWS` draws).
0 is the best of all measured configurations there, 1 their median, where regret is clipped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from acquisition.portfolio import greedy, known_scores, regrets
from evals.families import FAMILIES
from evals.meta_knowledge import Scores
from evals.spaces import AUTO
from evals.task import Kind

RESULTS = Path(__file__).parent / "results" / "portfolio"
DRAWS = 500
SIZES = (1, 2, 4, 8)
ASKED: tuple[tuple[Kind, str], ...] = (
    ("binary", "roc_auc"),
    ("binary", "log_loss"),
    ("binary", "accuracy"),
    ("binary", "balanced_accuracy"),
    ("regression", "root_mean_squared_error"),
    ("regression", "mean_absolute_error"),
)
Array = NDArray[np.float64]


def left_out(scores: Scores) -> Iterator[dict[str, object]]:
    """Yield per table the regrets after the default and 1, 2, 4, 8 more of each kind."""
    whole = np.minimum(regrets(scores.gains), 1.0)
    rng = np.random.default_rng(0)
    for i, name in enumerate(scores.tables):
        others = scores.without([name])
        count = len(scores.candidates)
        chosen = greedy(regrets(others.gains), max(SIZES), range(1, count), [0])
        row: dict[str, object] = {"table": name, "default": whole[i, 0]}
        draws = np.array([rng.permutation(count - 1)[: max(SIZES)] + 1 for _ in range(DRAWS)])
        for k in SIZES:
            row[f"portfolio {k}"] = whole[i, [0, *chosen[:k]]].min()
            row[f"random {k}"] = np.minimum(whole[i, draws[:, :k]].min(axis=1), whole[i, 0]).mean()
        yield row


def on_the_table() -> pd.DataFrame:
    """Return one row per family (or mixture), metric and table left out."""
    rows = []
    for kind, metric in ASKED:
        able = [f for f in FAMILIES if kind in FAMILIES[f].kinds]
        teams: list[tuple[str, tuple[str, ...]]] = [(f, (f,)) for f in able]
        for label, team in [*teams, ("open (five families)", AUTO[kind])]:
            scores = known_scores(team, kind, metric)
            if scores is None or scores.metric != metric:
                continue
            rows += [{"family": label, "metric": metric, **row} for row in left_out(scores)]
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame, keys: Sequence[str] = ("family",)) -> pd.DataFrame:
    """Return mean regrets after five trials, every (metric, table) alike, and their ratio."""
    means = rows.groupby(list(keys), sort=False)[["default", "random 4", "portfolio 4"]].mean()
    means["ratio"] = means["portfolio 4"] / means["random 4"]
    means["tables"] = rows.groupby(list(keys), sort=False).table.nunique()
    return means.reset_index()


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("command", choices=["table"])
    parser.parse_args()
    rows = on_the_table()
    print(summary(rows).round(3).to_string(index=False))
    print(summary(rows, ("metric",)).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
