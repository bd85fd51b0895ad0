"""Functions of a configuration whose optimum is known: the base of BBOB and the synthetic tasks."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

import numpy as np

from benchmarks.tasks.base import Scale, SingleObjectiveTask, complete, median_of
from evals.space import Config
from evals.task import Task
from evals.trials import Evaluation, TrialState

DRAWS = 4096
"""Uniform draws behind the median that regret 1 stands for."""


class FunctionTask(SingleObjectiveTask):
    """Minimises `function`, to which normal noise of `noise` times the scale may be added.

    `function` returns NaN where a configuration fails; `draws` may be fewer where it is slow.
    """

    def __init__(
        self,
        name: str,
        group: str,
        task: Task,
        function: Callable[[Config], float],
        optimum: float,
        noise: float = 0.0,
        draws: int = DRAWS,
    ) -> None:
        self.name, self.group, self._draws = name, group, draws
        self._task, self._function, self._optimum, self._noise = task, function, optimum, noise

    @property
    def task(self) -> Task:
        """What is optimised."""
        return self._task

    @cached_property
    def scale(self) -> Scale:
        """The known optimum, and the median of uniform draws."""
        draws = self.space.sample(np.random.default_rng(0), self._draws)
        return Scale(self._optimum, median_of(np.array([self.truth(c) for c in draws])))

    def truth(self, config: Config) -> float:
        """Return the noise-free value; NaN where the configuration fails."""
        return self._function(config)

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Evaluate `config`."""
        config = self.space.validate(config)
        value = self.truth(config)
        if math.isnan(value):
            return Evaluation(TrialState.FAILED, reason="It fails in this part of the space.")
        if self._noise:
            spread = self._noise * abs(self.scale.median - self.scale.optimum)
            value += spread * float(np.random.default_rng(seed).standard_normal())
        return complete(value)
