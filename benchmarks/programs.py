"""Searching the spaces that plaintune proposes for programs, against spaces written by hand.

    python -m benchmarks.programs --seeds 10 --out benchmarks/results/programs.json

Eight programs of the yardstick with a real objective (`benchmarks.program_objectives`). Arms: the
Gaussian process and random points in the space that code alone proposes, Optuna's TPE in the space
a practitioner wrote down beforehand. All begin with the program's own defaults. Regret after 5, 10
and 20 trials: 0 is the best that any arm found on that program and seed, 1 is the default.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from acquisition.registry import make_designer
from agent.parameters import Program, propose_all
from benchmarks.program_objectives import OBJECTIVES
from benchmarks.spaces import DATA, read_program
from evals.proposals import space_of
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

BUDGETS = (5, 10, 20)
Score = Callable[[dict[str, Any]], float]


class Searched:
    """One program: its defaults, its proposed and its hand-written space, its objective."""

    def __init__(self, name: str) -> None:
        path = DATA / "development" / name
        truth = yaml.safe_load(path.with_name(f"{name}.expected.yaml").read_text())
        self.name, self.acceptable = name, truth["tune"]
        self.function, self.direction = OBJECTIVES[name]
        arguments, about = read_program(path, truth["kind"])
        self.defaults = {a.name: a.default for a in arguments}
        proposals = propose_all(arguments, Program(about, truth["goal"]), None).proposals
        self.task = Task(
            evaluator="function",
            space=space_of(proposals),
            objectives=(
                Objective.model_validate({"metric": "score", "direction": self.direction}),
            ),
        )
        names = set(self.function.__kwdefaults__ or ()) | set(self.function.__annotations__)
        self.names = names - {"seed", "return"}

    def score(self, config: dict[str, Any], seed: int) -> float:
        """Return the score of the defaults with `config` in them."""
        given = {**self.defaults, **config}
        return self.function(seed, **{n: given[n] for n in self.names})


def ours(searched: Searched, strategy: str, seed: int, trials: int) -> list[float]:
    """Return the scores of a search in the proposed space, in order."""
    task = searched.task.model_copy(update={"seed": seed})
    designer, done = make_designer(strategy), list[Trial]()
    default = task.space.default_config()
    for number in range(trials):
        rng = np.random.default_rng([seed, number])
        if number or default is None:
            (chosen,) = designer.suggest(task, done, 1, rng)
        else:
            chosen = Suggestion(default, "default")
        value = searched.score(dict(chosen.config), seed)
        state = TrialState.COMPLETE if np.isfinite(value) else TrialState.FAILED
        values = (value,) if state is TrialState.COMPLETE else ()
        done.append(Trial(number, chosen, Evaluation(state, values)))
    return [t.values[0] if t.values else float("nan") for t in done]


def by_hand(searched: Searched, seed: int, trials: int) -> list[float]:
    """Return the scores of Optuna's TPE in the hand-written space, the defaults first."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(
        direction=searched.direction, sampler=optuna.samplers.TPESampler(seed=seed)
    )
    study.enqueue_trial({n: searched.defaults[n] for n in searched.acceptable})

    def objective(trial: Any) -> float:
        config = {n: _suggested(trial, n, r, searched) for n, r in searched.acceptable.items()}
        return searched.score(config, seed)

    study.optimize(objective, n_trials=trials)
    return [float(t.value) for t in study.trials]


def _suggested(trial: Any, name: str, written: dict[str, Any], searched: Searched) -> Any:
    if "choices" in written:
        return trial.suggest_categorical(name, written["choices"])
    low, high, log = written["low"], written["high"], bool(written.get("log"))
    if isinstance(searched.defaults[name], int):
        return trial.suggest_int(name, int(low), int(high), log=log)
    return trial.suggest_float(name, float(low), float(high), log=log)


ARMS: dict[str, Callable[[Searched, int, int], list[float]]] = {
    "Gaussian process, proposed space": lambda s, seed, n: ours(s, "gp", seed, n),
    "TPE, space by hand": by_hand,
    "random after the default, proposed space": lambda s, seed, n: ours(s, "random", seed, n),
}


def regrets(runs: dict[str, list[float]], direction: str) -> dict[str, list[float]]:
    """Return per arm the regret of the best so far; 0: best of all arms, 1: the default."""
    sign = 1 if direction == "minimize" else -1
    best = {a: np.fmin.accumulate(sign * np.array(v)) for a, v in runs.items()}
    zero, one = min(v[-1] for v in best.values()), next(iter(best.values()))[0]
    span = one - zero
    return {a: ((v - zero) / span if span > 0 else 0 * v).tolist() for a, v in best.items()}


def table(rows: list[dict[str, Any]]) -> str:
    """Return the mean regret per arm with its 95 % bootstrap interval over seeds and programs."""
    lines = ["| arm | " + " | ".join(f"after {b}" for b in BUDGETS) + " |", "|---|---|---|---|"]
    rng = np.random.default_rng(0)
    for arm in ARMS:
        cells = []
        for budget in BUDGETS:
            values = np.array([r["regret"][arm][budget - 1] for r in rows])
            means = values[rng.integers(0, len(values), (2000, len(values)))].mean(axis=1)
            low, high = np.quantile(means, (0.025, 0.975))
            cells.append(f"{values.mean():.3f} [{low:.3f}, {high:.3f}]")
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the search and print and keep what came out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for name in OBJECTIVES:
        searched = Searched(name)
        for seed in range(given.seeds):
            runs = {a: run(searched, seed, given.trials) for a, run in ARMS.items()}
            found = regrets(runs, searched.direction)
            rows.append({"program": name, "seed": seed, "regret": found})
            if given.out:
                given.out.write_text(json.dumps(rows) + "\n", encoding="utf-8")
        mine = [r for r in rows if r["program"] == name]
        print(name, {a: round(float(np.mean([r["regret"][a][-1] for r in mine])), 3) for a in ARMS})
    print(table(rows))


if __name__ == "__main__":
    main()
