"""Searching the spaces that plaintune proposes for programs, against spaces written by hand.

    python -m benchmarks.programs --seeds 10 --hybrid-seeds 10 [--ask vllm --workers 16]

Eight programs of the yardstick with a real objective (`benchmarks.program_objectives`). Arms: the
Gaussian process, the hybrid with the default language model, and random points in the space that
code alone proposes; Optuna's TPE in the space a practitioner wrote down beforehand. All begin with
the program's own defaults. Regret after 5, 10 and 20 trials: 0 is the best that any arm found on
that program and seed, 1 is the default.

What the language model said is kept in a file, so that a run again asks it nothing; what is not in
the file is asked of the backend that `--ask` names (with vLLM many searches at a time share one
server). Scores already in `--out` are not computed again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from acquisition.registry import make_designer
from agent.advice_limits import Limits
from agent.loop import Agent
from agent.parameters import Program, propose_all
from agent.store import Store
from agent.strategies import open_strategy
from benchmarks.program_objectives import OBJECTIVES
from benchmarks.remembering import Remembering
from benchmarks.spaces import DATA, read_program
from evals.evaluator import Report
from evals.proposals import space_of
from evals.space import Config
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

BUDGETS = (5, 10, 20)
RESULTS = Path(__file__).parent / "results"
Score = Callable[[dict[str, Any]], float]
Rows = dict[tuple[str, int], dict[str, Any]]


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
            description=f"{truth['goal']}. {about}",
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


PATIENCE = 600.0
"""Seconds that a trial seems to take, so that every answer is there in time, and runs repeat."""


class _Scored:
    """The program as an evaluator of trials that seem to take long."""

    def __init__(self, searched: Searched) -> None:
        self.searched = searched

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        value = self.searched.score(dict(config), seed)
        if not np.isfinite(value):
            return Evaluation(TrialState.FAILED, cost=PATIENCE, reason="the score is not finite")
        return Evaluation(TrialState.COMPLETE, (value,), cost=PATIENCE)


def hybrid(searched: Searched, seed: int, trials: int, model: Remembering) -> list[float]:
    """Return the scores of the hybrid in the proposed space; each answer is waited for."""
    task = searched.task.model_copy(update={"seed": seed, "budget": Budget(trials=trials)})
    with tempfile.TemporaryDirectory() as folder:
        store = Store.create(task, "study", f"{folder}/study.db")
        limits = Limits(patience=PATIENCE, timeout=PATIENCE, hidden=0.0)
        designer, adviser = open_strategy("hybrid", task, model, log=store, limits=limits)
        evaluator = _Scored(searched)
        agent = Agent(task, store=store, designer=designer, evaluator=evaluator, adviser=adviser)
        agent.run()
        if adviser:
            adviser.close()
        model.check()
        origins = Counter(t.origin for t in agent.trials)
        print(searched.name, seed, dict(origins), f"{len(store.calls())} calls", flush=True)
        return [t.values[0] if t.values else float("nan") for t in agent.trials]


Arm = Callable[[Searched, int, int], list[float]]
GP, HYBRID = "Gaussian process, proposed space", "hybrid, proposed space"
ARMS: dict[str, Arm] = {
    GP: lambda s, seed, n: ours(s, "gp", seed, n),
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


def table(rows: list[dict[str, Any]], arms: Sequence[str]) -> str:
    """Return the mean regret per arm with its 95 % bootstrap interval over seeds and programs."""
    lines = ["| arm | " + " | ".join(f"after {b}" for b in BUDGETS) + " |", "|---|---|---|---|"]
    found = [regrets({a: r["scores"][a] for a in arms}, r["direction"]) for r in rows]
    rng = np.random.default_rng(0)
    for arm in arms:
        cells = []
        for budget in BUDGETS:
            values = np.array([r[arm][budget - 1] for r in found])
            means = values[rng.integers(0, len(values), (2000, len(values)))].mean(axis=1)
            low, high = np.quantile(means, (0.025, 0.975))
            cells.append(f"{values.mean():.3f} [{low:.3f}, {high:.3f}]")
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _score(job: tuple[str, int, str, int, Path, str]) -> tuple[str, int, str, list[float]]:
    """Return what one search found; runs in a process of its own."""
    import torch

    torch.set_num_threads(1)
    name, seed, arm, trials, answers, backend = job
    searched = Searched(name)
    if arm == HYBRID:
        return name, seed, arm, hybrid(searched, seed, trials, Remembering(answers, backend))
    return name, seed, arm, ARMS[arm](searched, seed, trials)


def _fill(rows: Rows, jobs: Sequence[Any], workers: int, out: Path) -> None:
    """Compute what is missing, and keep each search at once."""
    os.environ["OMP_NUM_THREADS"] = "1"  # else rounding differs, and kept answers no longer fit
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for done in as_completed([pool.submit(_score, job) for job in jobs]):
            name, seed, arm, values = done.result()
            new = {"program": name, "seed": seed, "direction": OBJECTIVES[name][1], "scores": {}}
            rows.setdefault((name, seed), new)["scores"][arm] = values
            out.write_text(json.dumps(sorted(rows.values(), key=_order)) + "\n", encoding="utf-8")


def _order(row: dict[str, Any]) -> tuple[int, str]:
    return row["seed"], row["program"]


def main() -> None:
    """Run what is missing, and print all there is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--hybrid-seeds", type=int, default=0)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--ask", default="", help="llama.cpp or vllm: ask it what is new")
    parser.add_argument("--workers", type=int, default=1, help="searches at a time")
    parser.add_argument("--answers", type=Path, default=RESULTS / "programs_answers.jsonl")
    parser.add_argument("--out", type=Path, default=RESULTS / "programs_scores.json")
    given = parser.parse_args()
    kept = json.loads(given.out.read_text("utf-8")) if given.out.exists() else []
    rows = {(r["program"], r["seed"]): r for r in kept}
    seeds = {HYBRID: given.hybrid_seeds} | dict.fromkeys(ARMS, given.seeds)
    jobs = [
        (name, seed, arm, given.trials, given.answers, given.ask)
        for arm, count in seeds.items()
        for seed in range(count)
        for name in OBJECTIVES
        if arm not in rows.get((name, seed), {"scores": {}})["scores"]
    ]
    _fill(rows, jobs, given.workers, given.out)
    whole = [r for r in rows.values() if set(ARMS) <= set(r["scores"])]
    print(table(whole, list(ARMS)))
    if both := [r for r in whole if HYBRID in r["scores"]]:
        print(f"\nThe {len(both)} searches with the hybrid:\n{table(both, [HYBRID, *ARMS])}")


if __name__ == "__main__":
    main()
