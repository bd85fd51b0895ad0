"""Random search: after the paired start (the default first), or from nothing at all."""

from __future__ import annotations

import numpy as np

from benchmarks.arms.base import Arm, BaseSession, Problem
from evals.space import Config


class RandomSession(BaseSession):
    """Draws uniformly; a configuration tried before is drawn again where it can be."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self._rng = np.random.default_rng([problem.seed, 1])

    def ask(self) -> Config:
        """Return a random configuration."""
        tried = self.tried()
        drawn = self.space.sample(self._rng, 20)
        return next((c for c in drawn if self.space.key(c) not in tried), drawn[0])


class DefaultThenRandom(Arm):
    """Random search after the default configuration and the paired start."""

    name = "default+random"
    version = "1"
    objectives = 3

    def open(self, problem: Problem) -> RandomSession:
        """Begin a run."""
        return RandomSession(problem)


class PureRandom(DefaultThenRandom):
    """Random search that is not given the default: how the field's baselines are often run."""

    name = "random"
    start = "nothing"
