"""A task that stands for another one: same values underneath, seen otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.tasks.base import BenchmarkTask
from evals.evaluator import Report
from evals.space import Config, SearchSpace
from evals.task import Task
from evals.trials import Evaluation


class Variant(BenchmarkTask):
    """Shows `task` to the arm and evaluates the configurations of `original` behind it."""

    def __init__(self, original: BenchmarkTask, ending: str, task: Task) -> None:
        self._original, self._task = original, task
        self.name, self.group = original.name + ending, original.group
        self.version, self.epochs = original.version, original.epochs

    @property
    def task(self) -> Task:
        """The task as it is shown."""
        return self._task

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Evaluate the configuration of the original that `config` stands for."""
        return self._original.evaluate(self.reveal(config), seed)

    def train(self, config: Config, seed: int, report: Report) -> Evaluation:
        """Train the configuration of the original that `config` stands for."""
        return self._original.train(self.reveal(config), seed, report)

    def regrets(self, configs: Sequence[Config], results: Sequence[Evaluation]) -> list[float]:
        """Return the original's regret."""
        return self._original.regrets([self.reveal(c) for c in configs], results)

    def held_out(self, config: Config) -> float:
        """Return the original's score on its test part."""
        return self._original.held_out(self.reveal(config))

    def reveal(self, config: Config) -> Config:
        """Return the original's configuration."""
        return config


class WithoutDefault(Variant):
    """Nobody knows a default configuration: every arm begins with random draws.

    What peers that cannot be handed a first trial do, and what a user's own function is like.
    """

    def __init__(self, original: BenchmarkTask, ending: str) -> None:
        space = original.space
        bare = SearchSpace(
            tuple(replace(p, default=None) for p in space.parameters), space.constraints
        )
        super().__init__(original, ending, original.task.model_copy(update={"space": bare}))
