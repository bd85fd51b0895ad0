"""What simulated advisers cost and are worth, and whether the audit and trust see it.

    python -m benchmarks.advised run --minutes 30     # resumable; finished runs are kept
    python -m benchmarks.advised report               # benchmarks/results/advised/

On the development problems (`benchmarks.tasks.development`), so that rules can be changed by what
is seen here: the hybrid beside each kind of `benchmarks.advisers`, as a user begins a run (default,
then advice and Sobol points in turns), paired by seed with the silent one, which is the Gaussian
process alone. No language model is asked.

Per run: regret after each trial, which trials were the adviser's, the share that trust left it at
each step, and the audit's estimate of its contribution, beside what the pair says it was.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from acquisition.audit import audit
from acquisition.registry import make_designer
from acquisition.trust import trust
from benchmarks.advisers import KINDS, SimulatedAdviser
from benchmarks.cache import directory
from benchmarks.tasks.base import SingleObjectiveTask
from benchmarks.tasks.registry import open_task
from evals.space import Config
from evals.task import Task
from evals.trials import Trial

RESULTS = Path(__file__).parent / "results" / "advised"
TASKS = (
    *("dev-both-ellipsoid", "dev-both-gallagher21", "dev-choices-rosenbrockrotated"),
    *("dev-ordered-weierstrass", "dev-rosenbrockrotated", "dev-gallagher21"),
    *("dev-both-griewankrosenbrock", "dev-discus"),
)
ORDER = ("silent", "good", "weak", "anti", "constant", "turncoat", "convert", "garbage")
SEEDS = 20
TRIALS = 30
BUDGETS = (5, 12, 20, 30)
DRAWS = 400
NOTHING = 1e-9
"""Gains nearer than this are equal."""


def jobs() -> Iterator[tuple[str, str, int]]:
    """Yield kind, task and seed; kinds innermost, so that an early stop compares fairly."""
    assert set(ORDER) == set(KINDS)
    for seed in range(SEEDS):
        for name in TASKS:
            for kind in ORDER:
                yield kind, name, seed


def run_one(kind: str, name: str, seed: int) -> dict[str, Any]:
    """Run one search and return its row."""
    task = open_task(name)
    assert isinstance(task, SingleObjectiveTask)
    job = task.task.model_copy(update={"seed": seed})

    def gain(config: Config) -> float:
        value = job.objective.sign * task.truth(config)
        return -math.inf if math.isnan(value) else value

    adviser, base = SimulatedAdviser(kind, job, gain, seed), make_designer("hybrid")
    trials: list[Trial] = []
    shares = []
    for number in range(TRIALS):
        designer: Any = base.advised(adviser.advice(trials))  # type: ignore[attr-defined]
        shares.append(round(trust(job, trials).share, 4))
        [chosen] = designer.suggest(job, trials, 1, np.random.default_rng([seed, number]))
        trials.append(Trial(number, chosen, task.evaluate(chosen.config, seed)))
    configs = [t.config for t in trials]
    found = audit(job, trials)
    return {
        "kind": kind,
        "task": name,
        "seed": seed,
        "regret": [float(f"{r:.5g}") for r in task.regrets(configs, _results(trials))],
        "best": max(gain(c) for c in configs),
        "advised": [t.number for t in trials if t.origin == "llm"],
        "share": shares,
        "lead": found.lead and asdict(found.lead),
        "true lead": true_lead(task, job, trials, seed),
        "contribution": found.contribution and asdict(found.contribution),
    }


def true_lead(task: SingleObjectiveTask, job: Task, trials: list[Trial], seed: int) -> float:
    """Return what the audit estimates, from the objective itself: the mean lead of the best so far.

    Where there was no shadow, the mean over `DRAWS` points from anywhere in the space.
    """
    rng = np.random.default_rng([seed, 7])
    known = np.array([job.objective.sign * task.truth(t.config) for t in trials])
    without = np.tile(known, (DRAWS, 1))
    for i, trial in enumerate(trials):
        if trial.origin == "llm":
            shadow = trial.suggestion.details.get("shadow")
            found = [shadow["config"]] if shadow else job.space.sample(rng, DRAWS)
            without[:, i] = [job.objective.sign * task.truth(c) for c in found]
    ahead = np.fmax.accumulate(known) - np.fmax.accumulate(without, axis=1)
    return float(np.nanmean(ahead))


def _results(trials: list[Trial]) -> list[Any]:
    return [t.evaluation for t in trials]


def journal() -> Path:
    """Return where finished runs are kept, one JSON object per line."""
    return directory() / "advised.jsonl"


def finished() -> list[dict[str, Any]]:
    """Return all finished runs."""
    if not journal().exists():
        return []
    return [json.loads(line) for line in journal().read_text(encoding="utf-8").splitlines()]


def run(minutes: float) -> None:
    """Run what is missing until the time is over."""
    until = time.monotonic() + 60 * minutes
    done = {(r["kind"], r["task"], r["seed"]) for r in finished()}
    for job in jobs():
        if job in done:
            continue
        if time.monotonic() > until:
            return
        row = run_one(*job)
        with journal().open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def paired(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return one row per advised run: its regrets, the silent run's, and what the audit says."""
    silent = {(r["task"], r["seed"]): r for r in rows if r["kind"] == "silent"}
    found = []
    for r in rows:
        pair = silent.get((r["task"], r["seed"]))
        if r["kind"] == "silent" or pair is None:
            continue
        row = {k: r[k] for k in ("kind", "task", "seed")}
        lead = r["lead"] or {}
        row |= {"lead": lead.get("mean", math.nan), "low": lead.get("low", math.nan)}
        ahead = np.mean(np.minimum(1.0, pair["regret"]) - np.minimum(1.0, r["regret"]))
        row |= {"advised": len(r["advised"]), "ahead": float(ahead)}
        row |= {"true": r.get("true lead", math.nan)}
        for n in BUDGETS:
            row[f"regret {n}"] = min(1.0, r["regret"][n - 1])
            row[f"silent {n}"] = min(1.0, pair["regret"][n - 1])
        found.append(row)
    return pd.DataFrame(found)


def costs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return per kind the mean regrets against the silent run's, with the difference's 95 % CI."""
    out = []
    for kind, part in pairs.groupby("kind", sort=False):
        gap = part["regret 30"] - part["silent 30"]
        half = 1.96 * float(gap.std(ddof=1)) / math.sqrt(len(gap)) if len(gap) > 1 else math.nan
        row = {"adviser (simulated)": kind, "pairs": len(part), "advised": part.advised.mean()}
        row |= {f"at {n}": part[f"regret {n}"].mean() for n in BUDGETS}
        row |= {"silent at 30": part["silent 30"].mean()}
        row |= {"ratio": part["regret 30"].mean() / part["silent 30"].mean()}
        row |= {"difference": gap.mean(), "+-": half}
        row |= {"better": int((gap < -NOTHING).sum()), "worse": int((gap > NOTHING).sum())}
        out.append(row)
    return pd.DataFrame(out)


def signs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return how often the audit is right about advisers that were listened to.

    `says they helped`: the estimated lead is positive beyond doubt; `lead > 0`: its mean is; `as
    the pair`: its sign is that of the mean difference in regret to the silent run, or that
    difference is nothing; `sign true`: it is that of the lead which the objective itself shows, in
    runs that kept it. Right is a positive lead for good ones and no claim for the others.
    """
    out = []
    for kind, right in (("good", True), ("weak", False), ("anti", False)):
        part = pairs[(pairs.kind == kind) & (pairs.advised > 0) & pairs.lead.notna()]
        if not len(part):
            continue
        sure, positive = part.low > 0, part.lead > 0
        same = (np.sign(part.lead) == np.sign(part.ahead)) | (part.ahead.abs() <= NOTHING)
        row = {"adviser (simulated)": kind, "studies": len(part), "lead > 0": positive.mean()}
        row |= {"says they helped": sure.mean(), "as the pair": same.mean()}
        true = part.true.notna()
        row |= {"sign true": (positive == (part.true > 0))[true].mean() if true.any() else math.nan}
        out.append(row | {"right": positive.mean() if right else 1.0 - sure.mean()})
    return pd.DataFrame(out)


def curves(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return the mean share that trust leaves each kind before some trials."""
    at = (5, 8, 11, 14, 17, 20, 25, 29)
    groups: dict[str, list[list[float]]] = {}
    for r in rows:
        groups.setdefault(r["kind"], []).append([r["share"][n] for n in at])
    table = {k: np.mean(v, axis=0) for k, v in groups.items() if k not in ("silent", "garbage")}
    return pd.DataFrame(
        [
            {"adviser (simulated)": k} | {f"{n}": v for n, v in zip(at, row, strict=True)}
            for k, row in table.items()
        ]
    )


def report() -> str:
    """Return the results as Markdown."""
    from benchmarks.portfolio import markdown

    rows = finished()
    pairs = paired(rows)
    parts = [
        "# Simulated advisers on the development problems",
        "Regret of the best trial so far (0: the optimum, 1: the median of the space, where it is "
        "clipped), beside the silent run of the same task and seed.",
        markdown(costs(pairs)),
        "## Does the audit's sign hold?",
        " ".join((signs.__doc__ or "").split()),
        markdown(signs(pairs)),
        "## Trust: the share of steps open to the adviser before trial n",
        markdown(curves(rows)),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("command", choices=["run", "report"])
    parser.add_argument("--minutes", type=float, default=30.0)
    asked = parser.parse_args()
    if asked.command == "run":
        run(asked.minutes)
        return
    RESULTS.mkdir(parents=True, exist_ok=True)
    rows = finished()
    lines = "".join(json.dumps(r) + "\n" for r in rows)
    (RESULTS / "runs.jsonl").write_text(lines, encoding="utf-8")
    (RESULTS / "report.md").write_text(report(), encoding="utf-8")
    print(report())


if __name__ == "__main__":
    main()
