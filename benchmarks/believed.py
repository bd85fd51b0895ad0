"""Are a language model's beliefs about parameters worth more than random draws?

    python -m benchmarks.believed ask --backend llama.cpp  # resumable; answers are kept
    python -m benchmarks.believed run --seeds 3            # searches to 30 trials, on the tables
    python -m benchmarks.believed report

What plaintune asks where `--beliefs` is on (`agent.beliefs`: of each parameter a range and a
direction), on the 15 tables of the benchmark and on the 16 cases of `benchmarks.portfolio_llm`;
nothing is shown of other tables. Each answer becomes the density that a study would have. `regret`
is that of the default and four configurations drawn by it from the measured ones, `random` that of
the default and four even draws (0 the best measured, 1 the median; means of `DRAWS`); `held` is the
share of beliefs that are right: that the parameter's values in the best twentieth are likelier
under the density than under an even one; `two`: two of the four are even draws.

`run` has the Gaussian process search the tables as `--strategy gp` does, with the beliefs (every
second trial before there is a surrogate is drawn from them, then they bend the acquisition and
fade) and without; both propose all trials but the default themselves, and ask nothing more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from acquisition.examples import card_of
from acquisition.portfolio import fitted, known_scores
from agent.beliefs import beliefs
from benchmarks.arms.base import Problem
from benchmarks.arms.plaintune_gp import DesignerSession, make
from benchmarks.arms.plaintune_portfolio import measured
from benchmarks.arms.source import source_version
from benchmarks.meta_table import card
from benchmarks.portfolio_llm import cases, task_of
from benchmarks.protocol import noise_seed
from benchmarks.remembering import Remembering, cached
from benchmarks.suites import TABLES
from benchmarks.tasks.registry import open_task
from evals.metrics import DEFAULT_METRIC
from evals.preferences import Preference, Steering
from evals.space import Config
from evals.task import Task
from evals.trials import Evaluation
from prompts.calls import CallRecord
from surrogates.encoding import encoding_of
from surrogates.priors import density_of

Array = NDArray[np.float64]
COUNT = 4
DRAWS = 4000
BEST = 0.05
AFTER = (5, 7, 10, 20, 30)
RESULTS = Path(__file__).parent / "results" / "beliefs"


@dataclass(frozen=True)
class Case:
    """A task, what its model is told (`card`), and its measured configurations, default first."""

    name: str
    group: str
    task: Task
    card: dict[str, str] | None
    configs: Sequence[Config]
    gains: Array


class _NoLog:
    def record_call(self, call: CallRecord) -> None:
        """Keep nothing: the answers are kept as they come."""


def all_cases() -> Iterator[Case]:
    """Yield the benchmark's tables, then those of the meta-table."""
    for name in TABLES:
        configs, gains = measured([name])
        rows = [configs[i] for i in range(gains.shape[1])]
        group = name.partition("-")[0]
        yield Case(name, group, open_task(name).task, None, rows, gains[0])
    seen = set()
    for case in cases():
        if (key := (case.source.name, case.family)) in seen:
            continue
        seen.add(key)
        task = task_of(case.source, case.family)
        scores = known_scores((case.family,), case.source.kind, DEFAULT_METRIC[case.source.kind])
        assert scores is not None
        gains = np.nan_to_num(scores.gains[scores.tables.index(case.source.name)], nan=-np.inf)
        fitting = [
            (c, g)
            for c, g in zip(map(partial(fitted, task), scores.candidates), gains, strict=True)
            if c
        ]
        told = card_of(task, card(case.source))
        name = f"{case.source.name} {case.family}"
        configs = [c for c, _ in fitting]
        yield Case(name, case.family, task, told, configs, np.array([g for _, g in fitting]))


def answers() -> dict[str, list[dict[str, Any]]]:
    """Return what was believed of each case so far."""
    path = RESULTS / "beliefs.json"
    return dict(json.loads(path.read_text())) if path.exists() else {}


def ask(model: Remembering) -> None:
    """Ask about every case that has no answer yet."""
    known = answers()
    RESULTS.mkdir(parents=True, exist_ok=True)
    for case in all_cases():
        if case.name in known:
            continue
        found = beliefs(case.task, model, log=_NoLog(), notify=print, card=case.card)
        model.check()
        known[case.name] = [p.model_dump(exclude_none=True) for p in found.preferences]
        (RESULTS / "beliefs.json").write_text(json.dumps(known, indent=0) + "\n")
        print(case.name, len(found.preferences), "of", len(case.task.space.names), flush=True)


def score() -> pd.DataFrame:
    """Return a row per case that was asked about."""
    known = answers()
    return pd.DataFrame([_scored(c, known[c.name]) for c in all_cases() if c.name in known])


def _scored(case: Case, said: list[dict[str, Any]]) -> dict[str, Any]:
    told = [Preference.model_validate(s) for s in said]
    encoding = encoding_of(case.task.space)
    X, alive = encoding.encode(case.configs), encoding.active(encoding.encode(case.configs))
    densities = [density_of(case.task, p) for p in told]
    logs = np.array([d.log(X[:, d.index]) * alive[:, d.index] for d in densities])
    top = case.gains >= np.quantile(case.gains, 1 - BEST)
    right = [log[top].mean() > log.mean() for log in logs]
    total = logs.sum(0) if len(logs) else np.zeros(len(X))
    return {
        "case": case.name,
        "group": case.group,
        "beliefs": len(told),
        "held": float(np.mean(right)) if right else np.nan,
        "random": _regret(case.gains, np.zeros(len(X)), COUNT),
        "regret": _regret(case.gains, total, COUNT),
        "two": _regret(case.gains, total, COUNT // 2, COUNT // 2),
    }


class _Believing(DesignerSession):
    """Searches with what is believed of the task, if anything."""

    def __init__(self, problem: Problem, believed: Sequence[Preference]) -> None:
        super().__init__(problem, make("gp", {}))
        if believed:
            said = Steering(words="", preferences=tuple(believed))
            self._task = self._task.model_copy(update={"steering": (said,)})


def search(seeds: int, trials: int = 30) -> None:
    """Search the tables with beliefs and without; what is there already is not run again."""
    path, known = RESULTS / "searches.jsonl", answers()
    lines = path.read_text().splitlines() if path.exists() else []
    done = {(r["arm"], r["task"], r["seed"]) for r in map(json.loads, lines)}
    for seed, name, arm in product(range(seeds), TABLES, ("alone", "believing")):
        if (arm, name, seed) in done:
            continue
        said = known[name] if arm == "believing" else []
        regret = _searched(name, seed, trials, [Preference.model_validate(s) for s in said])
        row = {"arm": arm, "task": name, "seed": seed, "source": source_version()}
        with path.open("a") as file:
            file.write(json.dumps(row | {"regret": regret}) + "\n")


def _searched(name: str, seed: int, trials: int, said: Sequence[Preference]) -> list[float]:
    """Return the regret of the incumbent after each trial."""
    task = open_task(name)
    session = _Believing(Problem(task.sealed(), seed, trials), said)
    configs: list[Config] = []
    results: list[Evaluation] = []
    for number in range(trials):
        config = session.ask()
        result = task.evaluate(config, noise_seed(seed, number))
        session.tell(config, result)
        configs.append(config)
        results.append(result)
    return task.regrets(configs, results)


def compared() -> pd.DataFrame:
    """Return mean regrets of the searches after some numbers of trials, by group and arm."""
    path = RESULTS / "searches.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    found = [
        {"group": r["task"].partition("-")[0], "arm": r["arm"], "after": n, "regret": value}
        for r in rows
        for n, value in enumerate(r["regret"], 1)
        if n in AFTER
    ]
    table = pd.DataFrame(found)
    everything = table.assign(group="all")
    both = pd.concat([table, everything])
    return both.groupby(["group", "arm", "after"]).regret.mean().unstack()


def _regret(gains: Array, logs: Array, count: int, even: int = 0) -> float:
    """Return the mean regret of the default, `count` drawn by `logs` and `even` at random."""
    rng = np.random.default_rng(0)
    weights = np.exp(logs[1:] - logs[1:].max())
    drawn = rng.choice(len(weights), size=(DRAWS, count), p=weights / weights.sum()) + 1
    drawn = np.c_[drawn, rng.integers(1, len(gains), size=(DRAWS, even))]
    best, median = gains.max(), np.median(gains)
    found = np.maximum(gains[drawn].max(1), gains[0])
    return float(np.clip((best - found) / (best - median), 0.0, 1.0).mean())


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("command", choices=["ask", "run", "report"])
    parser.add_argument("--backend", default="")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    if asked.command == "ask":
        ask(cached("default", asked.backend))
        return
    if asked.command == "run":
        search(asked.seeds)
    rows = score()
    rows.to_csv(RESULTS / "beliefs.csv", index=False)
    print(rows.round(3).to_string())
    print(rows.groupby("group", sort=False).mean(numeric_only=True).round(3).to_string())
    print(rows.mean(numeric_only=True).round(3).to_string())
    print(compared().round(3).to_string())


if __name__ == "__main__":
    main()
