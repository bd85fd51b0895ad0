"""Is the best of a search the best? The best few trained again on other folds, on real tables.

    python -m benchmarks.last_round run --seeds 2,3,4,5     # resumable; some 12 s a run
    python -m benchmarks.last_round report                  # what winners keep on the test part

Tasks are those of `development-trainings` (800 rows, 3 folds). Each run is 30 trials of plaintune's
Gaussian process; the best `FINALISTS` of them are cross-validated on `ROUNDS` more sets of folds
and scored on the test part, as is the winner of up to 24 more trials instead. A rule chooses one of
them without the test part; its figure is by how much the error of its choice lies below the
default's, in per cent. Rows are kept in `benchmarks/results/last_round.jsonl`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.arms.base import Problem, Session
from benchmarks.arms.registry import open_arm
from benchmarks.protocol import start_configs
from benchmarks.tasks.registry import open_task
from benchmarks.tasks.trainings import DEVELOPMENT, SEED, TrainingTask, name_of, trainer_of
from evals.space import Config

ROWS = Path(__file__).parent / "results" / "last_round.jsonl"
TRIALS, FINALISTS, ROUNDS = 30, 8, 2
MORE = (36, 42, 46, 54)
ARM = "plaintune-gp"


def run(seeds: list[int]) -> None:
    """Run what is missing, and append a row per task and seed."""
    known = {(r["task"], r["seed"]) for r in rows()}
    for seed in seeds:
        for model, table in ((m, t) for m, tables in DEVELOPMENT.items() for t in tables):
            name = name_of(model, table)
            if (name, seed) in known:
                continue
            row = {"task": name, "seed": seed} | _row(model, table, seed)
            with ROWS.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(name, seed, flush=True)


def rows() -> list[dict[str, Any]]:
    """Return the rows that are kept."""
    if not ROWS.exists():
        return []
    return [json.loads(line) for line in ROWS.read_text(encoding="utf-8").splitlines()]


def _row(model: str, table: str, seed: int) -> dict[str, Any]:
    task = open_task(name_of(model, table))
    assert isinstance(task, TrainingTask)
    arm = open_arm(ARM)
    session, trials = arm.open(Problem(task.sealed(), seed, TRIALS)), list[tuple[Config, float]]()
    handed = start_configs(task, seed, arm.start)
    for t in range(TRIALS):
        trials.append(_trial(task, session, handed[t] if t < len(handed) else None))
    scores = np.array([score for _, score in trials])
    order = np.argsort(-scores, kind="stable")[:FINALISTS].tolist()
    finalists = [
        {"i": i, "cv": scores[i], "test": _tested(task, trials[i][0])} for i in {*order, 0}
    ]
    for one in finalists:
        one["fresh"] = list(_again(model, table, task, trials[one["i"]][0]))
    more = {}
    for t in range(TRIALS, MORE[-1]):
        trials.append(_trial(task, session, None))
        if t + 1 in MORE:
            more[str(t + 1)] = _tested(task, max(trials, key=lambda trial: trial[1])[0])
    return {"rows": finalists, "order": order, "more": more}


def _trial(task: TrainingTask, session: Session, config: Config | None) -> tuple[Config, float]:
    config = task.space.validate(session.ask() if config is None else config)
    told = task.evaluate(config, 0)
    session.tell(config, told)
    return config, task.task.objective.sign * told.values[0] if told.values else -np.inf


def _tested(task: TrainingTask, config: Config) -> float:
    return task.task.objective.sign * task.held_out(config)


def _again(model: str, table: str, task: TrainingTask, config: Config) -> Iterator[float]:
    """Yield the score on each of the other sets of folds, as `agent.finals` has them."""
    trainer = trainer_of(model, table)
    for number in range(ROUNDS):
        scores = trainer.again(config, SEED, number)
        yield np.nan if scores is None else task.task.objective.sign * float(scores[:, 0].mean())


def gains(row: Mapping[str, Any]) -> dict[str, float]:
    """Return by how many per cent the error of each rule's choice lies below the default's."""
    known = {one["i"]: one for one in row["rows"]}
    default = known[0]["test"]
    error = (lambda v: -v) if default < 0 else (lambda v: 1 - v)
    chosen = {"the best of the search": row["order"][0]}
    counts = [c for c in (3, 4, 5, 6, 8) if c <= len(row["order"])]
    for count in counts:
        for rounds in (1, 2):
            of = row["order"][:count]
            means = [known[i]["cv"] + sum(known[i]["fresh"][:rounds]) for i in of]
            chosen[f"the best {count} on {rounds} more"] = of[int(np.argmax(means))]
    tests = {rule: known[i]["test"] for rule, i in chosen.items()}
    tests |= {f"the best of {n} trials": v for n, v in row.get("more", {}).items()}
    return {rule: 100 * (error(default) - error(v)) / error(default) for rule, v in tests.items()}


def report() -> None:
    """Print each rule's mean, and how it differs from the best of the search."""
    from scipy.stats import wilcoxon

    found = [gains(row) for row in rows()]
    print("per cent of the default's error on the test part that are gone")
    for rule in dict.fromkeys(rule for g in found for rule in g):
        pairs = np.array([(g[rule], g["the best of the search"]) for g in found if rule in g])
        mine, gap = pairs[:, 0], pairs[:, 0] - pairs[:, 1]
        error = gap.std(ddof=1) / np.sqrt(len(gap))
        p = wilcoxon(gap).pvalue if gap.any() else 1.0
        print(
            f"{rule:24s} {len(gap)} runs {mine.mean():6.2f}  {gap.mean():+.2f} ± {error:.2f}  "
            f"{(gap > 1e-9).sum()} won, {(gap < -1e-9).sum()} lost, p {p:.3f}; "
            f"worse than the default: {(mine < -1e-9).sum()}"
        )


def main() -> None:
    """Run or report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("run", "report"))
    parser.add_argument("--seeds", default="2,3,4,5")
    arguments = parser.parse_args()
    if arguments.what == "run":
        run([int(seed) for seed in arguments.seeds.split(",")])
    else:
        report()


if __name__ == "__main__":
    main()
