"""Bayesian optimisation: the default configuration, a few Sobol points, then the surrogate.

Source of the acquisition function: Ament et al. 2023, "Unexpected Improvements to Expected
Improvement for Bayesian Optimization" (LogEI), against the best posterior mean so that noise is
not mistaken for progress.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from acquisition.sobol import ENUMERABLE, SobolDesigner, any_free, default_first, every_row
from acquisition.tried import Tried
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from surrogates.encoding import encoding_of

if TYPE_CHECKING:
    from acquisition.improvement import LogImprovement
    from surrogates.feasibility import Feasibility
    from surrogates.gp import GaussianProcess

Array = NDArray[np.float64]

INITIAL = 5
POOL = 512
STARTS = 4


@dataclass(frozen=True)
class Scored:
    """A configuration as the surrogate sees it.

    `acquisition` is log expected improvement (larger is better; comparable within one step), `mean`
    and `sd` predict the first objective as the user reads it.
    """

    config: Config
    acquisition: float
    mean: float
    sd: float


class Step:
    """What the surrogate believes at one point of a study. Nothing in it changes.

    Args:
        task: the task.
        trials: all trials so far.
        rng: the randomness of this step.
    """

    def __init__(
        self, task: Task, trials: Sequence[Trial], rng: np.random.Generator, surrogate: str = "gp"
    ) -> None:
        from surrogates.feasibility import feasibility
        from surrogates.gp import GaussianProcess
        from surrogates.registry import make_surrogate

        self.task, self.trials = task, trials
        self._seed = int(rng.integers(2**63))
        self.encoding = encoding_of(task.space)
        self.tried = Tried(task.space, [t.config for t in trials])
        fitted = make_surrogate(surrogate).fit(task, trials)
        assert isinstance(fitted, GaussianProcess)
        running = [t.config for t in trials if t.state is TrialState.RUNNING]
        self.model: GaussianProcess = fitted
        self.pending = self.encoding.encode(running)
        self.feasible: Feasibility | None = feasibility(task, trials)
        self.threshold = float(fitted.marginals(fitted.inputs)[0].max())

    def score(self, configs: Sequence[Config]) -> list[Scored]:
        """Return how promising each configuration is, RUNNING trials taken into account."""
        if not configs:
            return []
        X = self.encoding.encode(configs)
        values = self._acquisition(self.pending)(X)
        return self._scored(configs, X, values)

    def optimum(self, count: int) -> list[Scored]:
        """Return up to `count` distinct new configurations, best first.

        Each takes those before it as pending; fewer come back where the space is used up.
        """
        chosen: list[Scored] = []
        pending, tried = self.pending, self.tried.copy()
        rng = np.random.default_rng(self._seed)
        while len(chosen) < count:
            config = self._best(pending, tried, rng)
            if config is None:
                break
            tried.add(config)
            chosen += self._scored_after(config, pending)
            pending = np.concatenate([pending, self.encoding.encode([config])])
        return chosen

    def _acquisition(self, pending: Array) -> LogImprovement:
        from acquisition.improvement import LogImprovement

        believed = self.model.predictor.believe(pending) if len(pending) else self.model.predictor
        return LogImprovement(believed, self.threshold, self.feasible)

    def _scored_after(self, config: Config, pending: Array) -> list[Scored]:
        X = self.encoding.encode([config])
        return self._scored([config], X, self._acquisition(pending)(X))

    def _scored(self, configs: Sequence[Config], X: Array, values: Array) -> list[Scored]:
        mean, sd = self.model.native(*self.model.marginals(X))
        mean = self.task.objective.sign * mean
        return [
            Scored(dict(c), float(v), float(m), float(s))
            for c, v, m, s in zip(configs, values, mean, sd, strict=True)
        ]

    def _best(self, pending: Array, tried: Tried, rng: np.random.Generator) -> Config | None:
        from acquisition.pool import improve

        acquisition = self._acquisition(pending)
        pool = self._pool(rng)
        values = acquisition(pool)
        starts = pool[np.argsort(-values, kind="stable")[:STARTS]]
        reached, gains = improve(self.encoding, acquisition, starts)
        rows = np.concatenate([reached, pool])
        for i in np.argsort(-np.concatenate([gains, values]), kind="stable"):
            if (config := tried.free(rows[i])) is not None:
                return config
        return any_free(self.task, tried, rng)

    def _pool(self, rng: np.random.Generator) -> Array:
        from acquisition.pool import candidates

        if self.task.space.cardinality <= ENUMERABLE:
            return every_row(self.task)
        best = self.model.inputs[np.argsort(-self.model.targets, kind="stable")[:5]]
        return candidates(self.encoding, best, rng, POOL)


class BayesianDesigner:
    """The default configuration, Sobol points until `initial` trials exist, then the surrogate."""

    def __init__(self, initial: int = INITIAL, surrogate: str = "gp") -> None:
        self.initial, self.surrogate = initial, surrogate

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return `count` new configurations, fewer only where the space is used up."""
        tried = Tried(task.space, [t.config for t in trials])
        chosen = default_first(task, tried)[:count]
        early = min(count, max(self.initial - len(trials), len(chosen)))
        if not self._ready(trials):
            early = count
        if early > len(chosen):
            chosen = SobolDesigner().suggest(task, trials, early, rng)
        if len(chosen) < count and self._ready(trials):
            pending = [Trial(-1, s) for s in chosen]
            step = self.step(task, [*trials, *pending], rng)
            chosen += [_suggestion(s) for s in step.optimum(count - len(chosen))]
        return chosen

    def step(self, task: Task, trials: Sequence[Trial], rng: np.random.Generator) -> Step:
        """Return the surrogate's view; at least one trial must have completed.

        Raises:
            ValueError: no trial has completed.
        """
        return Step(task, trials, rng, self.surrogate)

    @staticmethod
    def _ready(trials: Sequence[Trial]) -> bool:
        return any(t.state is TrialState.COMPLETE for t in trials)


def _suggestion(scored: Scored) -> Suggestion:
    details = {"acquisition": scored.acquisition, "mean": scored.mean, "sd": scored.sd}
    return Suggestion(scored.config, "surrogate", details=details)
