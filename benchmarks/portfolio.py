"""What portfolios are worth on tables that they have not seen.

    python -m benchmarks.portfolio table     # leave-one-table-out on the meta-table: seconds
    python -m benchmarks.portfolio early     # five trials on tables that were never in it: minutes
    python -m benchmarks.portfolio real      # whole studies on such tables: an hour
    python -m benchmarks.portfolio report    # benchmarks/results/portfolio/report.md

`table`: for every family and metric, the regret on each table after the library's default and four
more, from a portfolio made without that table, against four random ones (mean of `DRAWS` draws).
0 is the best of all measured configurations there, 1 their median, where regret is clipped.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from acquisition.portfolio import greedy, known_scores, regrets
from evals.families import FAMILIES
from evals.meta_knowledge import FOLDER, Scores
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
ABOUT_TABLE = (
    "Regret after five trials, each table left out in turn: the library's default and four random "
    "configurations of the meta-table, against the default and four of a portfolio made without "
    "that table. 0 is the best measured configuration, 1 their median; every table and metric "
    "counts alike; `ratio` is portfolio / random."
)
ABOUT_EARLY = (
    "Real evaluations on tables that are not in the meta-table: the best of the library's default "
    "and four of the portfolio, against the default and four uniform draws (mean over choices of "
    "four among 24). 0 is the best of all that was tried there, 1 the median draw."
)
ABOUT_REAL = (
    "Thirty evaluations on tables that are not in the meta-table, three seeds: the default and "
    "random draws, the Gaussian process, and the Gaussian process begun with the portfolio. Regret "
    "of the best trial so far: 0 is the best that any arm found, 1 the median of random draws."
)
ABOUT_LLM = (
    "The default language model's four proposals before the first trial, leave-one-table-out, on "
    "four tables of each of four families. `first`, `mean`, `best`: quantiles among the family's "
    "measured configurations (0.5: an even spread); `default` that of the library's. Regret after "
    "five trials, the default and four more: the `model`'s, `random` ones, the `portfolio`'s, or "
    "two of the portfolio and two of the model's (`both`). Shown are no examples; the best "
    "configurations on two, four or eight of the most similar tables, with their ranks, or on any "
    "two; or the first four or eight of the portfolio, alone or with the best on two similar "
    "tables. Made by `python -m benchmarks.portfolio_llm`."
)


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
            if {c.family for c in scores.candidates} != set(team):
                continue
            rows += [{"family": label, "metric": metric, **row} for row in left_out(scores)]
    return pd.DataFrame(rows)


def summary(rows: pd.DataFrame, keys: Sequence[str] = ("family",)) -> pd.DataFrame:
    """Return mean regrets after five trials, every (metric, table) alike, and their ratio."""
    means = rows.groupby(list(keys), sort=False)[["default", "random 4", "portfolio 4"]].mean()
    means["ratio"] = means["portfolio 4"] / means["random 4"]
    means["tables"] = rows.groupby(list(keys), sort=False).table.nunique()
    return means.reset_index()


def write_table() -> pd.DataFrame:
    """Measure on the meta-table, and write the raw rows and what ships with plaintune."""
    rows = on_the_table()
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows.round(4).to_csv(RESULTS / "table.csv", index=False)
    losses: dict[str, dict[str, dict[str, float]]] = {}
    for row in summary(rows, ("family", "metric")).to_dict("records"):
        if row["family"] in FAMILIES:
            kept = {"default": row["default"], "random": row["random 4"]}
            kept |= {"portfolio": row["portfolio 4"], "tables": row["tables"]}
            short = {k: round(float(v), 3) for k, v in kept.items()}
            losses.setdefault(str(row["family"]), {})[str(row["metric"])] = short
    (FOLDER / "losses.json").write_text(json.dumps(losses, indent=1) + "\n", encoding="utf-8")
    return rows


def report() -> str:
    """Return the results as Markdown."""
    rows = pd.read_csv(RESULTS / "table.csv")
    parts = ["# Portfolios on tables they have not seen", ABOUT_TABLE, markdown(summary(rows))]
    parts += ["By metric:", markdown(summary(rows, ("metric",)))]
    early = RESULTS / "early.csv"
    if early.exists():
        found = pd.read_csv(early)
        mean = found.groupby("family", sort=False)[["default", "random", "portfolio"]].mean()
        mean["ratio"] = mean["portfolio"] / mean["random"]
        parts += ["## Five trials on unseen tables", ABOUT_EARLY, markdown(found)]
        parts += ["Means:", markdown(mean.reset_index())]
    real = RESULTS / "real.csv"
    if real.exists():
        from benchmarks import portfolio_real

        found = portfolio_real.summary(pd.read_csv(real))
        parts += ["## Real studies", ABOUT_REAL, markdown(found)]
    if (RESULTS / "llm.csv").exists():
        asked = pd.read_csv(RESULTS / "llm.csv")
        columns = ["first", "mean", "best", "default", "regret", "random", "portfolio", "both"]
        means = asked.groupby("arm", sort=False)[columns].mean()
        shown = means.rename(columns={"regret": "model"}).assign(cases=asked.groupby("arm").size())
        parts += ["## Examples for the language model", ABOUT_LLM, markdown(shown.reset_index())]
    return "\n\n".join(parts) + "\n"


def markdown(frame: pd.DataFrame) -> str:
    """Return a table as Markdown, numbers with three decimals."""
    shown = frame.map(lambda v: f"{v:.3f}" if isinstance(v, float) else str(v))
    lines = ["| " + " | ".join(shown.columns) + " |", "|" + "---|" * len(shown.columns)]
    lines += ["| " + " | ".join(row) + " |" for row in shown.itertuples(index=False)]
    return "\n".join(lines)


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("command", choices=["table", "early", "real", "report"])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument(
        "--family",
        action="append",
        choices=list(FAMILIES),
        help="early: these only, the rest is kept",
    )
    asked = parser.parse_args()
    if asked.command in ("early", "real"):
        from benchmarks import portfolio_real

        if asked.command == "early":
            portfolio_real.early(asked.family or portfolio_real.EARLY_FAMILIES)
        else:
            portfolio_real.run(asked.minutes)
            portfolio_real.write()
    elif asked.command == "table":
        print(summary(write_table(), ("family", "metric")).round(3).to_string(index=False))
    else:
        (RESULTS / "report.md").write_text(report(), encoding="utf-8")
        print(report())


if __name__ == "__main__":
    main()
