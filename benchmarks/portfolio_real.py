"""Real studies on tables that the meta-table never saw: with and without the portfolio.

    python -m benchmarks.portfolio early                # five trials: minutes
    python -m benchmarks.portfolio real --minutes 40    # resumable: finished studies are kept

Arms, paired by seed and folds: `random` (the library's default, then uniform draws), `gp` (default,
four Sobol points, then the Gaussian process) and `portfolio` (default, four of the portfolio, then
the Gaussian process with the rest of the portfolio in its pool). No language model is asked.

Regret per table and family: 0 is the best that any arm found, 1 the median of `random`'s draws.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from acquisition.designer import Designer
from acquisition.portfolio import portfolio
from acquisition.registry import make_designer
from benchmarks.cache import directory, remembered
from evals.evaluators.tabular import TabularEvaluator
from evals.metrics import DEFAULT_METRIC, METRICS
from evals.space import Config
from evals.spaces import space_for
from evals.task import Data, Kind, Objective, Task, Validation
from evals.trials import Evaluation, Suggestion, Trial, TrialState

TABLES_FOLDER = Path(__file__).parent.parent / "tests" / "data" / "tables"
TABLES: dict[str, tuple[str, Kind]] = {
    "pima": ("type", "binary"),
    "concrete": ("compressive_strength", "regression"),
    "orange_juice": ("Purchase", "binary"),
    "glass": ("type", "multiclass"),
    "sacramento": ("price", "regression"),
    "credit_data": ("Status", "binary"),
    "carseats": ("Sales", "regression"),
    "attrition": ("Attrition", "binary"),
}
RESULTS = Path(__file__).parent / "results" / "portfolio"
EARLY_FAMILIES = ("lightgbm", "xgboost", "random_forest", "mlp")
DRAWN = 24
Array = NDArray[np.float64]
FAMILIES = ("lightgbm", "random_forest")
ARMS = ("portfolio", "gp", "random")
SEEDS = 3
TRIALS = 30
LONG = 6
"""So many of the tables, the first ones, see thirty trials; all of them see five."""
ROWS = 600
FOLDS = 3


@dataclass(frozen=True)
class Study:
    """One run of one arm."""

    table: str
    family: str
    arm: str
    seed: int

    @property
    def key(self) -> str:
        """What its results are kept by."""
        return f"{self.table}/{self.family}/{self.arm}/{self.seed}"


def studies() -> Iterator[Study]:
    """Yield all studies; arms alternate innermost, so that an early stop compares fairly.

    One seed of random draws is enough to say what the median of a space is.
    """
    for family in FAMILIES:
        for seed in range(SEEDS):
            for table in list(TABLES)[:LONG]:
                for arm in ARMS if seed == 0 else ARMS[:2]:
                    yield Study(table, family, arm, seed)


@cache
def frame_of(table: str) -> pd.DataFrame:
    """Return at most `ROWS` rows of a table, the same ones each time."""
    frame = pd.read_csv(TABLES_FOLDER / f"{table}.csv")
    if len(frame) <= ROWS:
        return frame
    rows = np.random.default_rng(0).choice(len(frame), ROWS, replace=False)
    return frame.iloc[np.sort(rows)].reset_index(drop=True)


def task_of(table: str, family: str, seed: int = 0) -> Task:
    """Return the task, with its usual metric."""
    target, kind = TABLES[table]
    metric = DEFAULT_METRIC[kind]
    return Task(
        description=f"{target} of {table}",
        data=Data(path=f"{table}.csv", target=target, kind=kind),
        models=(family,),
        space=space_for((family,), kind, n_rows=len(frame_of(table))),
        objectives=(Objective(metric=metric, direction=METRICS[metric].direction),),
        validation=Validation(folds=FOLDS),
        seed=seed,
    )


def designer_of(arm: str) -> Designer:
    """Return what chooses an arm's configurations."""
    if arm == "random":
        return make_designer("random")
    return make_designer("gp", portfolio=arm == "portfolio")


def run_study(study: Study, evaluator: TabularEvaluator) -> list[dict[str, Any]]:
    """Run one study and return one row per trial."""
    task = task_of(study.table, study.family, study.seed)
    designer, trials = designer_of(study.arm), []
    for k in range(TRIALS):
        rng = np.random.default_rng([study.seed, k])
        [suggestion] = designer.suggest(task, trials, 1, rng)
        trials.append(Trial(k, suggestion, _evaluated(study, evaluator, suggestion)))
    return [_row(study, t) for t in trials]


def _row(study: Study, trial: Trial) -> dict[str, Any]:
    value = trial.values[0] if trial.values else None
    known = {"table": study.table, "family": study.family, "arm": study.arm, "seed": study.seed}
    return known | {"trial": trial.number, "origin": trial.origin, "value": value}


def _evaluated(study: Study, evaluator: TabularEvaluator, suggestion: Suggestion) -> Evaluation:
    """Train and score, or remember what came out when any arm asked before."""

    def measure() -> dict[str, float]:
        result = evaluator.evaluate(
            suggestion.config, fidelity=None, seed=0, report=lambda step, value: False
        )
        std = result.std[0] if result.std else 0.0
        return {"value": result.values[0], "std": std} if result.values else {}

    found = remembered(_key(study, suggestion.config), measure)
    if not found:
        return Evaluation(TrialState.FAILED, reason="it failed")
    return Evaluation(TrialState.COMPLETE, (found["value"],), (found["std"],))


def _key(study: Study, config: Config) -> str:
    words = [study.table, study.family, ROWS, FOLDS, sorted(config.items())]
    return "portfolio-real:" + json.dumps(words, default=str)


def early(families: Sequence[str]) -> pd.DataFrame:
    """Return regrets after five trials: default and portfolio against default and random draws.

    Random: the mean over all choices of four among `DRAWN` uniform draws, by resampling.
    """
    rows = []
    for family in families:
        for name in TABLES:
            task = task_of(name, family)
            first = [task.space.default_config() or {}]
            known = [s.config for s in portfolio(task, count=4).suggestions]
            drawn = task.space.sample(np.random.default_rng(1), DRAWN)
            gains = _gains(Study(name, family, "early", 0), task, [*first, *known, *drawn])
            rows.append({"table": name, "family": family, **_after_five(gains)})
            print(rows[-1], flush=True)
    found = pd.concat([_others(families), pd.DataFrame(rows).round(4)])
    found.to_csv(RESULTS / "early.csv", index=False)
    return found


def _others(families: Sequence[str]) -> pd.DataFrame:
    """Return what is kept of families that are not measured now."""
    path = RESULTS / "early.csv"
    kept = pd.read_csv(path) if path.exists() else pd.DataFrame(columns=["family"])
    return kept[~kept.family.isin(families)]


def _gains(study: Study, task: Task, configs: Sequence[Config]) -> Array:
    """Return what each configuration reaches, larger is better; a failure is the worst of all."""
    with TabularEvaluator(task, frame_of(study.table)) as evaluator:
        found = [_evaluated(study, evaluator, Suggestion(c, "random")) for c in configs]
    values = [task.objective.sign * e.values[0] if e.values else np.nan for e in found]
    return np.nan_to_num(np.array(values), nan=float(np.nanmin(values)))


def _after_five(gains: Array) -> dict[str, float]:
    """Return regrets: 0 is the best of all that was tried, 1 the median random draw."""
    regret = (gains.max() - gains) / max(gains.max() - np.median(gains[5:]), 1e-12)
    regret = np.minimum(regret, 1.0)
    rng = np.random.default_rng(0)
    fours = np.array([rng.permutation(regret[5:])[:4].min() for _ in range(2000)])
    return {
        "default": float(regret[0]),
        "random": float(np.minimum(fours, regret[0]).mean()),
        "portfolio": float(regret[:5].min()),
    }


def journal() -> Path:
    """Return where finished studies are kept, one JSON list per line."""
    return directory() / "portfolio_real.jsonl"


def finished() -> list[dict[str, Any]]:
    """Return the rows of all finished studies."""
    if not journal().exists():
        return []
    lines = journal().read_text(encoding="utf-8").splitlines()
    return [row for line in lines for row in json.loads(line)]


def run(minutes: float) -> None:
    """Run what is missing until the time is over."""
    until = time.monotonic() + 60 * minutes
    done = {Study(r["table"], r["family"], r["arm"], r["seed"]) for r in finished()}
    for study in studies():
        if study in done or time.monotonic() > until:
            continue
        began = time.monotonic()
        task = task_of(study.table, study.family)
        with TabularEvaluator(task, frame_of(study.table)) as evaluator:
            rows = run_study(study, evaluator)
        with journal().open("a", encoding="utf-8") as file:
            file.write(json.dumps(rows) + "\n")
        print(f"{study.key}: {time.monotonic() - began:.1f} s", flush=True)


def incumbents(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the regret of the best trial so far, one row per trial of every whole study."""
    parts = []
    for (table, _), part in rows.groupby(["table", "family"], sort=False):
        sign = 1 if METRICS[DEFAULT_METRIC[TABLES[str(table)][1]]].direction == "maximize" else -1
        gain = sign * part.value.astype(float)
        drawn = gain[(part.arm == "random") & (part.trial > 0)]
        regret = (gain.max() - gain) / max(gain.max() - drawn.median(), 1e-12)
        parts.append(part.assign(regret=regret.fillna(np.inf)))
    found = pd.concat(parts)
    order = ["table", "family", "arm", "seed"]
    found = found.sort_values([*order, "trial"])
    found["regret"] = found.groupby(order, sort=False).regret.cummin().clip(upper=1.0)
    return found


def summary(rows: pd.DataFrame, budgets: Sequence[int] = (5, 10, 20, 30)) -> pd.DataFrame:
    """Return the mean regret of every arm after some trials, per family and over all."""
    found = incumbents(rows)
    parts = []
    for family, part in [*found.groupby("family", sort=False), ("all", found)]:
        at = part[part.trial.isin([b - 1 for b in budgets])]
        per_table = at.groupby(["family", "table", "arm", "trial"]).regret.mean()
        means = per_table.groupby(["arm", "trial"]).mean().unstack()
        means.columns = [f"after {b}" for b in budgets]
        studies = part.groupby("arm")[["table", "family", "seed"]].apply(
            lambda rows: len(rows.drop_duplicates())
        )
        parts.append(means.assign(studies=studies).reset_index().assign(family=family))
    whole = pd.concat(parts)
    return whole[["family", *[c for c in whole.columns if c != "family"]]]


def write() -> None:
    """Write the raw rows of the studies that all arms finished."""
    rows = pd.DataFrame(finished())
    pairs = rows[rows.arm != "random"].groupby(["table", "family", "seed"]).arm.nunique() == 2
    cells = list(zip(rows.table, rows.family, rows.seed, strict=True))
    rows[[bool(pairs.get(cell, False)) for cell in cells]].to_csv(RESULTS / "real.csv", index=False)
