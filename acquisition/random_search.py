"""Uniform random search, the control of every comparison."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.sobol import any_free, default_first
from acquisition.tried import Tried
from evals.task import Task
from evals.trials import Suggestion, Trial


class RandomDesigner:
    """The target model's default configuration first (unless told otherwise), then random ones."""

    def __init__(self, default: bool = True) -> None:
        self.default = default

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return `count` new configurations, fewer only where the space is used up."""
        tried = Tried(task.space, [t.config for t in trials])
        chosen = default_first(task, tried)[:count] if self.default else []
        while len(chosen) < count and (config := any_free(task, tried, rng)) is not None:
            tried.add(config)
            chosen.append(Suggestion(config, "random"))
        return chosen
