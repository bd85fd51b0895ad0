"""A benchmark task: a search space, what a configuration gives, and how far that is from the best.

Regret is normalised: 0 at the optimum, 1 at the median of uniformly drawn configurations. It is
that of the incumbent, the configuration that looked best so far, by its noise-free value: what a
user who stopped there would take home. It may rise again where noise misleads.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.evaluator import Report
from evals.space import Config, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState

NO_RESULT = math.inf
"""The regret of a run that has no completed trial yet; reports clip regret at 1."""


class PeekError(Exception):
    """An arm tried to read what only `evaluate` may tell."""


@dataclass(frozen=True)
class Scale:
    """The best attainable value and the median of random ones, as the user reads them."""

    optimum: float
    median: float
    exact: bool = True

    def regret(self, value: float) -> float:
        """Return the normalised regret of `value`, whichever way is better."""
        return (self.optimum - value) / (self.optimum - self.median)


class BenchmarkTask(ABC):
    """One thing to optimise. Deterministic: the same configuration and seed give the same value."""

    name: str
    group: str
    version = 1
    epochs = 1
    """Reports of a full training; budgets are counted in them. 1: none before the result."""

    @property
    @abstractmethod
    def task(self) -> Task:
        """What plaintune would be told: words, space and objectives."""

    @abstractmethod
    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Return what comes out of `config`; `seed` draws the noise, where there is any."""

    @abstractmethod
    def regrets(self, configs: Sequence[Config], results: Sequence[Evaluation]) -> list[float]:
        """Return the regret after each of the `n` trials of a run."""

    def train(self, config: Config, seed: int, report: Report) -> Evaluation:
        """Evaluate `config`; end as PRUNED where `report(epoch, value)` says so.

        Epochs count from 1. The last is not reported: its value is the result.
        """
        return self.evaluate(config, seed)

    def held_out(self, config: Config) -> float:
        """Return the score of `config` on rows that no search sees; NaN: the task has none."""
        return math.nan

    @property
    def space(self) -> SearchSpace:
        """The search space."""
        return self.task.space

    def sealed(self) -> SealedTask:
        """Return what an arm may see."""
        return SealedTask(self)


class SingleObjectiveTask(BenchmarkTask):
    """A task with one objective, a noise-free value per configuration and a known scale."""

    @cached_property
    @abstractmethod
    def scale(self) -> Scale:
        """The optimum and the median."""

    @abstractmethod
    def truth(self, config: Config) -> float:
        """Return the noise-free value of `config`."""

    def regrets(self, configs: Sequence[Config], results: Sequence[Evaluation]) -> list[float]:
        """Return the incumbent's regret after each trial."""
        best = incumbents(self.task.objective.sign, results)
        regret = {i: self.scale.regret(self.truth(configs[i])) for i in set(best) if i is not None}
        return [NO_RESULT if i is None else regret[i] for i in best]


class SealedTask:
    """A task as an arm sees it: its plaintune `Task` and name; all else raises `PeekError`."""

    __slots__ = ("name", "task")

    def __init__(self, benchmark: BenchmarkTask) -> None:
        self.name = benchmark.name
        self.task = benchmark.task

    @property
    def space(self) -> SearchSpace:
        """The search space."""
        return self.task.space

    def __getattr__(self, attribute: str) -> Any:
        raise PeekError(f"An arm may not read {attribute!r} of the task {self.name}.")


def incumbents(sign: float, results: Sequence[Evaluation]) -> list[int | None]:
    """Return after each trial which one looked best so far; None before the first that completed.

    `sign` is 1 where the first objective is maximised, else -1. Of equals the earlier stays.
    """
    found: list[int | None] = []
    best, at = -math.inf, None
    for i, result in enumerate(results):
        if result.state is TrialState.COMPLETE and sign * result.values[0] > best:
            best, at = sign * result.values[0], i
        found.append(at)
    return found


def describe(
    description: str, space: SearchSpace, *objectives: tuple[str, str], budget: int = 50
) -> Task:
    """Return a plaintune task over `objectives`, pairs of metric and direction."""
    return Task(
        description=description,
        evaluator="benchmark",
        space=space,
        objectives=tuple(
            Objective.model_validate({"metric": m, "direction": d}) for m, d in objectives
        ),
        budget=Budget(trials=budget),
    )


def complete(*values: float, cost: float = 0.0, **metrics: float) -> Evaluation:
    """Return a completed evaluation."""
    return Evaluation(TrialState.COMPLETE, values=values, cost=cost, metrics=metrics)


def pruned(intermediate: Mapping[int, float]) -> Evaluation:
    """Return an evaluation that was stopped after what it had reported."""
    return Evaluation(TrialState.PRUNED, reason="Stopped early.", intermediate=dict(intermediate))


def median_of(values: NDArray[np.float64]) -> float:
    """Return the median of what completed (NaN marks what did not)."""
    return float(np.nanmedian(values))
