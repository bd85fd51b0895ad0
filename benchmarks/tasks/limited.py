"""Lowest loss within a limit of training time or of the model's size, on HPOlib's tables.

The limit is the table's lower quartile, so that a quarter of all configurations keep to it: "lowest
loss, trained in at most 40 s". Regret is that of the best found within the limit: 0 is the best
there is, 1 the median of those that keep to it, or none found yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from benchmarks.tasks.base import NO_RESULT, BenchmarkTask, Scale, complete
from benchmarks.tasks.hpolib import hpolib
from benchmarks.tasks.table import TableTask
from evals.space import Config
from evals.task import Objective, Task
from evals.trials import Evaluation, TrialState

COSTS = {"time": ("train_time", "training time"), "size": ("model_size", "model size")}
SHARE = 0.25


class LimitedTask(BenchmarkTask):
    """A table's loss where another of its columns stays at or below a limit."""

    group = "limits"

    def __init__(self, dataset: str, cost: str) -> None:
        self.name = f"limit-hpolib-{dataset}-{cost}"
        self._loss = hpolib(dataset)
        column, self._words = COSTS[cost]
        self._cost = TableTask(column, f"hpolib/{dataset}", column, self._loss.task)

    @cached_property
    def limit(self) -> float:
        """The lower quartile of the cost."""
        return float(np.quantile(self._cost.means, SHARE))

    @cached_property
    def task(self) -> Task:
        """What is tuned."""
        loss, known = self._loss.task, self._cost.name
        limit = Objective(metric=known, direction="minimize", threshold=self.limit)
        words = f"{loss.description[:-1]}, {self._words} at most {self.limit:.6g}."
        return loss.model_copy(update={"description": words, "objectives": (loss.objective, limit)})

    @cached_property
    def scale(self) -> Scale:
        """The best and the median loss of what keeps to the limit."""
        inside = self._loss.means[self._cost.means <= self.limit]
        return Scale(float(inside.min()), float(np.median(inside)))

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Look both up."""
        return complete(self._loss.truth(config), self._cost.truth(config))

    def regrets(self, configs: Sequence[Config], results: Sequence[Evaluation]) -> list[float]:
        """Return the regret of the best within the limit after each trial."""
        curve, best = [], NO_RESULT
        for result in results:
            if result.state is TrialState.COMPLETE and result.values[1] <= self.limit:
                best = min(best, self.scale.regret(result.values[0]))
            curve.append(best)
        return curve


def limited(dataset: str, cost: str) -> LimitedTask:
    """Return the task of one table and of "time" or "size"."""
    return LimitedTask(dataset, cost)
