"""What do eight workers at once cost, at equal numbers of evaluations?

    python -m benchmarks.asynchronous [--seeds 20] [--report]

A simulated clock: an evaluation lasts a time drawn from (seed, trial), whatever its configuration,
and a worker that is done asks at once. The designer is given what the loop gives it: all trials by
number, those of the other workers RUNNING, and `default_rng([seed, number])`. One worker is the
sequential search, the same runs as the arm `plaintune-gp` has in any suite. The incumbent's regret
is read after equal numbers of finished evaluations; wall time, which eight workers win, is not.

What is there is not run again. The tasks were named before any result was seen and nothing was
chosen on them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from acquisition.designer import Designer
from acquisition.registry import make_designer
from benchmarks import results
from benchmarks.arms.plaintune_gp import PlaintuneGP
from benchmarks.protocol import PROTOCOL, Run, noise_seed, start_configs
from benchmarks.statistics import RESAMPLES, Curves, curves, mean_of
from benchmarks.tasks.base import BenchmarkTask
from benchmarks.tasks.registry import open_task
from evals.space import Config
from evals.trials import Evaluation, Suggestion, Trial

Array = NDArray[np.float64]

SUITE = "asynchronous"
TASKS = (
    "hpobench-car",
    "hpobench-credit_g",
    "hpolib-naval_propulsion",
    "hpolib-slice_localization",
    "nasbench201-cifar100",
    "bbob-rastrigin-5d",
    "bbob-rosenbrock-5d",
    "bbob-sharpridge-5d",
    "bbob-gallagher101-5d",
    "mixed-kernel",
)
WORKERS = (1, 8)
EVALUATIONS = 50
BUDGETS = (20, 30, 50)
SEEDS = 20
SPREAD = 0.5
"""Standard deviation of the logarithm of an evaluation's duration."""
WANTED = 1.15
WHY = (
    "Each of eight workers chooses without the results of seven others, so that seven evaluations "
    "of delay are to be expected whatever chooses."
)


def arm_of(workers: int) -> str:
    """Return the name that the runs with so many workers have among the results."""
    return f"plaintune-gp-{workers}-workers"


class Simulation:
    """A study with several workers, a trial after another in the order they end.

    Args:
        task: what is optimised.
        designer: what proposes.
        seed: of the study, of the first configurations and of the durations.
        workers: how many evaluations run at once.
        evaluations: how many there are in all.
    """

    def __init__(
        self, task: BenchmarkTask, designer: Designer, seed: int, workers: int, evaluations: int
    ) -> None:
        self.task, self.designer, self.seed = task, designer, seed
        self.workers, self.evaluations = workers, evaluations
        self.trials: list[Trial] = []
        self.ended: list[int] = []
        self.seconds: list[tuple[float, float]] = []
        self._known = task.task.model_copy(update={"seed": seed})
        self._handed = start_configs(task, seed, "paired")[:evaluations]
        self._running: dict[int, float] = {}

    def run(self) -> None:
        """Go on until all evaluations have ended."""
        now = 0.0
        while len(self.ended) < self.evaluations:
            while len(self._running) < self.workers and len(self.trials) < self.evaluations:
                self._start(now)
            number = min(self._running, key=self._running.__getitem__)
            now = self._running.pop(number)
            trial = self.trials[number]
            result = self.task.evaluate(trial.config, noise_seed(self.seed, number))
            self.trials[number] = replace(trial, evaluation=result)
            self.ended.append(number)

    def _start(self, now: float) -> None:
        number = len(self.trials)
        wall, cpu = time.perf_counter(), time.process_time()
        suggestion = self._suggestion(number)
        self.seconds.append((time.perf_counter() - wall, time.process_time() - cpu))
        self.trials.append(Trial(number, suggestion))
        self._running[number] = now + duration(self.seed, number)

    def _suggestion(self, number: int) -> Suggestion:
        if number < len(self._handed):
            config = self._handed[number]
            default = config == self.task.space.default_config()
            return Suggestion(config, "default" if default else "random")
        rng = np.random.default_rng([self.seed, number])
        return self.designer.suggest(self._known, self.trials, 1, rng)[0]


def duration(seed: int, trial: int) -> float:
    """Return how long an evaluation lasts; the median is 1."""
    return float(np.random.default_rng([seed, trial, 11]).lognormal(0.0, SPREAD))


def simulated(task: BenchmarkTask, seed: int, workers: int, evaluations: int) -> Run:
    """Return a whole run, its trials in the order they ended."""
    study = Simulation(task, make_designer("gp"), seed, workers, evaluations)
    study.run()
    version = PlaintuneGP().version
    outcome = Run(
        key_of(task, seed, workers, version), arm_of(workers), version, task.name, task.group, seed
    )
    configs: list[Config] = [study.trials[n].config for n in study.ended]
    ends: list[Evaluation] = [e for n in study.ended if (e := study.trials[n].evaluation)]
    outcome.regret = task.regrets(configs, ends)
    outcome.observed = [e.values[0] if e.values else float("nan") for e in ends]
    outcome.suggest_s = [study.seconds[n][0] for n in study.ended]
    outcome.suggest_cpu_s = [study.seconds[n][1] for n in study.ended]
    outcome.evaluate_s = [duration(seed, n) for n in study.ended]
    first: dict[object, int] = {}
    for n, trial in enumerate(study.trials):
        first.setdefault(task.space.key(trial.config), n)
    outcome.repeat = [first[task.space.key(study.trials[n].config)] < n for n in study.ended]
    return outcome


def key_of(task: BenchmarkTask, seed: int, workers: int, version: str) -> str:
    """Return the content hash that a run is kept by."""
    parts = [arm_of(workers), version, task.name, task.version, seed, SPREAD, EVALUATIONS, PROTOCOL]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]


def measure(seeds: int) -> pd.DataFrame:
    """Run what is missing, workers alternating, and return all rows."""
    there, version = results.done(SUITE), PlaintuneGP().version
    for seed in range(seeds):
        for name in TASKS:
            task = open_task(name)
            for workers in WORKERS:
                if there.get(key_of(task, seed, workers, version), 0) < EVALUATIONS:
                    results.note(SUITE, simulated(task, seed, workers, EVALUATIONS))
    return results.pack(SUITE)


def ratio(found: Curves, budget: int) -> tuple[float, float, float]:
    """Return mean regret with eight workers over that with one, and its 95 % interval.

    Percentile bootstrap over the seeds within each task, both searches resampled together.
    """
    one, many = found.at(budget)
    rng, sums = np.random.default_rng(0), np.zeros((2, RESAMPLES))
    for name in np.unique(found.tasks):
        rows = np.flatnonzero(found.tasks == name)
        drawn = rows[rng.integers(len(rows), size=(RESAMPLES, len(rows)))]
        sums += np.stack([one[drawn].mean(axis=1), many[drawn].mean(axis=1)])
    low, high = np.quantile(sums[1] / sums[0], [0.025, 0.975])
    return mean_of(many, found.tasks) / mean_of(one, found.tasks), float(low), float(high)


def as_one_after(found: Curves, budget: int) -> int:
    """Return after how many evaluations one worker is where eight are after `budget`."""
    reached = mean_of(found.at(budget)[1], found.tasks)
    means = [mean_of(found.at(n)[0], found.tasks) for n in range(1, EVALUATIONS + 1)]
    return next((n for n, mean in enumerate(means, start=1) if mean <= reached), EVALUATIONS)


def report(frame: pd.DataFrame) -> str:
    """Return what was found as Markdown."""
    found = curves(frame, [arm_of(w) for w in WORKERS], EVALUATIONS)
    one, many = (frame[frame.arm == arm_of(w)] for w in WORKERS)
    lines = [
        f"{len(found.tasks)} pairs of (task, seed), {EVALUATIONS} evaluations, "
        f"{WORKERS[1]} workers against {WORKERS[0]}. {results.machine()}.",
        f"Configurations that were tried before: {int(many.repeat.sum())} of {len(many)} with "
        f"{WORKERS[1]} workers, {int(one.repeat.sum())} of {len(one)} with one.",
        "",
        "| evaluations | regret of one | regret of eight | ratio | 95 % interval | as one after |",
        "|---|---|---|---|---|---|",
    ]
    for budget in BUDGETS:
        means = [mean_of(values, found.tasks) for values in found.at(budget)]
        value, low, high = ratio(found, budget)
        cells = f"{means[0]:.4f} | {means[1]:.4f} | {value:.3f} | {low:.3f} to {high:.3f}"
        lines.append(f"| {budget} | {cells} | {as_one_after(found, budget)} |")
    lines += ["", f"Wanted: a ratio of at most {WANTED}.", WHY, "", *_by_task(found)]
    return "\n".join(lines) + "\n"


def _by_task(found: Curves) -> list[str]:
    last = BUDGETS[-1]
    lines = [f"| task | one worker at {last} | eight at {last} |", "|---|---|---|"]
    for name in np.unique(found.tasks):
        one, many = found.at(last)[:, found.tasks == name].mean(axis=1)
        lines.append(f"| {name} | {one:.4f} | {many:.4f} |")
    return lines


def main() -> None:
    """Measure, then write and print the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--report", action="store_true", help="of what there is, running nothing")
    asked = parser.parse_args()
    frame = results.pack(SUITE) if asked.report else measure(asked.seeds)
    words = report(frame)
    (results.ROOT / SUITE / "report.md").write_text(words, encoding="utf-8")
    print(words)


if __name__ == "__main__":
    main()
