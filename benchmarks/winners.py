"""Is the score that is reported for a winner the score it has?

    python -m benchmarks.winners --studies 50 --out benchmarks/results/winners.json

Each study searches a noisy table (real trainings of HPOBench, one of five repetitions per look, or
their mean with normal noise of the same size), crowns a winner as `agent.confirm` does, and is held
against the table's own means. Printed per table: how far the search's score and the reported one
lie from the truth, and how often the 90 % intervals hold it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from acquisition.registry import make_designer
from agent.confirm import confirm
from benchmarks.tasks.hpobench import hpobench
from benchmarks.tasks.table import TableTask
from evals.evaluator import Report
from evals.space import Config
from evals.task import Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState

TABLES = ("australian", "kc1", "vehicle", "credit_g", "segment")


@dataclass
class Noisy:
    """An evaluator that looks a configuration up; `normal` replaces the repetitions by noise."""

    table: TableTask
    normal: bool

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        """Return one noisy score."""
        found = self.table.evaluate(config, seed)
        if not self.normal:
            return found
        rng = np.random.default_rng([seed, *map(ord, repr(sorted(config.items())))])
        noise = self.table.spread(config) * rng.standard_normal()
        return Evaluation(TrialState.COMPLETE, (self.table.truth(config) + float(noise),))


@dataclass(frozen=True)
class Study:
    """One study: how far off the scores are, and whether the intervals hold the truth.

    `shown` and `reported` are score minus truth, in units of the winner's noise; None: no interval.
    """

    table: str
    seed: int
    shown: float
    reported: float
    covered: bool | None
    gain_covered: bool | None


def searched(evaluator: Noisy, trials: int, seed: int, strategy: str) -> tuple[Task, list[Trial]]:
    """Return the trials of one search."""
    task = evaluator.table.task.model_copy(update={"seed": seed})
    designer, done = make_designer(strategy), list[Trial]()
    default = task.space.default_config()
    assert default is not None
    for number in range(trials):
        rng = np.random.default_rng([seed, number])
        first = [Suggestion(default, "default")]
        (chosen,) = designer.suggest(task, done, 1, rng) if number else first
        result = evaluator.evaluate(
            chosen.config, fidelity=None, seed=seed, report=lambda step, value: False
        )
        done.append(Trial(number, chosen, result))
    return task, done


@cache
def _opened(name: str) -> TableTask:
    return hpobench(name, noisy=True)


def judged(name: str, normal: bool, seed: int, trials: int, strategy: str) -> Study:
    """Run one study and hold it against the table."""
    table = _opened(name)
    evaluator = Noisy(table, normal)
    task, done = searched(evaluator, trials, seed, strategy)
    again = confirm(task, done, evaluator)
    assert again.winner is not None
    winner, default = done[again.winner].config, done[0].config
    truth, noise = table.truth(winner), table.spread(winner) or 1.0
    gain = truth - table.truth(default)
    score = again.score.value if again.score else done[again.winner].values[0]
    return Study(
        table=name + (" + normal noise" if normal else ""),
        seed=seed,
        shown=(done[again.winner].values[0] - truth) / noise,
        reported=(score - truth) / noise,
        covered=_holds(again.score, truth),
        gain_covered=_holds(again.gain, gain),
    )


def _holds(spread: object, truth: float) -> bool | None:
    low, high = getattr(spread, "low", None), getattr(spread, "high", None)
    return None if low is None or high is None else bool(low <= truth <= high)


def summary(studies: list[Study]) -> dict[str, object]:
    """Return the figures over several studies; biases in units of the noise, with their SE."""

    def mean(of: Callable[[Study], float | bool | None]) -> tuple[float, float, int]:
        values = [float(v) for s in studies if (v := of(s)) is not None]
        if not values:
            return float("nan"), float("nan"), 0
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return round(float(np.mean(values)), 3), round(spread / len(values) ** 0.5, 3), len(values)

    return {
        "studies": len(studies),
        "search's score minus truth": mean(lambda s: s.shown),
        "reported score minus truth": mean(lambda s: s.reported),
        "score's interval holds": mean(lambda s: s.covered),
        "gain's interval holds": mean(lambda s: s.gain_covered),
    }


def main() -> None:
    """Run the studies and print and keep the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--studies", type=int, default=50)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--strategy", default="random")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = {}
    for normal in (True, False):
        every: list[Study] = []
        for name in TABLES:
            share = given.studies // len(TABLES)
            seeds = range(1000, 1000 + share)
            found = [judged(name, normal, s, given.trials, given.strategy) for s in seeds]
            rows[found[0].table] = {**summary(found), "rows": [asdict(s) for s in found]}
            every += found
        rows["all" + (" + normal noise" if normal else "")] = summary(every)
    for name, row in rows.items():
        print(name, {k: v for k, v in row.items() if k != "rows"})
    if given.out:
        content = {"trials": given.trials, "strategy": given.strategy, "tables": rows}
        given.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
