"""The three rules of LLINBO for letting a language model into Bayesian optimisation.

Chang et al. 2025, "LLINBO: Trustworthy LLM-in-the-Loop Bayesian Optimization" (arXiv 2505.14756).
t counts the finished trials, T is the budget, u(x) = mean + BETA sd is the upper confidence bound.
The rates below are ours: the paper asks only that they tend to their limits.

transient    (2.3) the model's point with probability 1 - p_t, p_t = min(1, t^2 / T), else argmax u
justify      (2.4) the model's point if u is within psi_t = (largest sd) / t of the best, else
             argmax u
constrained  (2.5) argmax u of the process given that the model's point beats the best mean: the
             mean over conditioned processes, their disagreement added to the variance; where no
             draw of the process at that point beats it, the process as it is
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from acquisition.advice import Advice
from acquisition.bayesian import BayesianDesigner, Step
from acquisition.tried import Tried
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState
from prompts.calls import CallRecord

if TYPE_CHECKING:
    pass

Array = NDArray[np.float64]
Rule = Literal["transient", "justify", "constrained"]

BETA = 2.0
POOL = 512
DRAWS = 100
"""How many values of the model's point the constrained rule draws."""
KEPT = 8
"""How many of those that beat the best mean it conditions on, at most."""
TRIALS = 30
"""The budget assumed where there is none."""


@dataclass(frozen=True)
class LlinboDesigner:
    """One of the three rules; the model is asked before every step."""

    rule: Rule
    base: BayesianDesigner = field(default_factory=BayesianDesigner)
    advice: Advice = field(default_factory=Advice)

    def advised(self, advice: Advice) -> LlinboDesigner:
        """Return this designer with `advice` at hand."""
        return replace(self, advice=advice)

    def opens(self, task: Task) -> bool:
        """Return True."""
        return True

    def wants_advice(
        self, task: Task, trials: Sequence[Trial], calls: Sequence[CallRecord]
    ) -> bool:
        """Return True: each step has a new answer."""
        return True

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return up to `count` distinct new configurations with their true origins."""
        found: list[Suggestion] = []
        while len(found) < count:
            pending = [Trial(len(trials) + i, s) for i, s in enumerate(found)]
            if not (one := self._one(task, [*trials, *pending], rng)):
                break
            found += one
        return found

    def _one(
        self, task: Task, trials: Sequence[Trial], rng: np.random.Generator
    ) -> list[Suggestion]:
        tried = Tried(task.space, [t.config for t in trials])
        new = [s for s in self.advice.suggestions if s.config not in tried]
        complete = any(t.state is TrialState.COMPLETE for t in trials)
        if not new or not complete or len(trials) < self.base.initial:
            return self.base.suggest(task, trials, 1, rng)
        newest = max(new, key=lambda s: int(s.details.get("asked_at", 0)))
        view = _View(task, trials, self.base.step(task, trials, rng), tried, rng)
        chosen = getattr(view, self.rule)(newest)
        return [chosen] if isinstance(chosen, Suggestion) else [Suggestion(chosen, "surrogate")]


@dataclass
class _View:
    """One step: the pool is the acquisition's optimum and random new configurations."""

    task: Task
    trials: Sequence[Trial]
    step: Step
    tried: Tried
    rng: np.random.Generator

    def __post_init__(self) -> None:
        own = [s.config for s in self.step.optimum(1)]
        sampled = self.task.space.sample(self.rng, POOL)
        self.pool = own + [c for c in sampled if c not in self.tried]
        self.X = self.step.encoding.encode(self.pool)
        self.mean, self.sd = self.step.model.marginals(self.X)
        self.finished = sum(t.state is not TrialState.RUNNING for t in self.trials)

    def transient(self, newest: Suggestion) -> Suggestion | Config:
        """Toss a coin that favours the process more and more."""
        horizon = self.task.budget.trials or TRIALS
        surrogate = self.rng.random() < min(1.0, self.finished**2 / horizon)
        return self._best(self.mean + BETA * self.sd) if surrogate else newest

    def justify(self, newest: Suggestion) -> Suggestion | Config:
        """Take the model's point where its bound is nearly the best."""
        bounds = self.mean + BETA * self.sd
        mean, sd = self.step.model.marginals(self.step.encoding.encode([newest.config]))
        margin = float(self.sd.max()) / max(1, self.finished)
        near = float(mean[0] + BETA * sd[0]) >= float(bounds.max()) - margin
        return newest if near else self._best(bounds)

    def constrained(self, newest: Suggestion) -> Suggestion | Config:
        """Believe that the model's point beats the best mean, and look where that leads."""
        at = self.step.encoding.encode([newest.config])
        pool = [*self.pool, newest.config]
        X = np.concatenate([self.X, at])
        means, sd = self._conditioned(at, X)
        bounds = means.mean(axis=0) + BETA * np.sqrt(sd**2 + means.var(axis=0))
        best = int(np.argmax(bounds))
        return newest if best == len(pool) - 1 else pool[best]

    def _conditioned(self, at: Array, X: Array) -> tuple[Array, Array]:
        """Return the means (`k x n`) and the sd (`n`) of the conditioned processes at `X`."""
        given = self.step.model.predictor
        mean, sd = given.predict(at)
        draws = self.rng.normal(mean[0], sd[0], size=DRAWS)
        kept = draws[draws >= given.predict(given.X)[0].max()][:KEPT]
        processes = [given.believe(at, np.array([value])) for value in kept] or [given]
        predictions = [p.predict(X) for p in processes]
        return np.stack([m for m, _ in predictions]), predictions[0][1]

    def _best(self, bounds: Array) -> Config:
        return self.pool[int(np.argmax(bounds))]
