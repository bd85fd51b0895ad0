"""Would it have worked without the language model? An estimate, from the study alone.

At each step that took the model's advice, the acquisition's own choice (the shadow) was recorded;
before there was a surrogate the alternative was a point from anywhere in the space. What those
would have scored is drawn from the surrogate as it is at the end of the study, so

    contribution = best result - max(best result of the other trials, best alternative)

has a distribution. It leaves out what later steps learned from the model's trials, and counts an
alternative as evaluated without noise: it is an estimate, not a replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.objectives import gains
from evals.space import Config
from evals.task import Task
from evals.trials import Trial, TrialState

Array = NDArray[np.float64]

DRAWS = 2000
ENOUGH = 6


@dataclass(frozen=True)
class Audit:
    """What an adviser's trials were worth, in the user's unit of the first objective.

    `contribution` > 0 means that the best result would have been worse without it; `low` and `high`
    are its 5 % and 95 % quantiles, `chance` is the probability that it is positive. All are None
    where the study is too small to tell.
    """

    advised: int
    trials: int
    contribution: float | None = None
    low: float | None = None
    high: float | None = None
    chance: float | None = None

    @property
    def sentence(self) -> str:
        """Say plainly whether it helped."""
        if not self.advised:
            return "No trial came from the language model, so it contributed nothing."
        share = f"{self.advised} of {self.trials} trials came from the language model"
        if self.contribution is None or self.low is None or self.high is None:
            return f"{share}; the study is too small to say what they were worth."
        worth = f"{self.contribution:+.3g} (90 % interval {self.low:+.3g} to {self.high:+.3g})"
        if self.low > 0:
            return f"{share}, and they helped: the best result owes them {worth}."
        if self.contribution <= 0:
            return f"{share}, and they did not help: {worth}."
        return f"{share}; whether they helped is not certain: {worth}."


def audit(task: Task, trials: Sequence[Trial], origin: str = "llm") -> Audit:
    """Estimate what the trials of `origin` contributed to the best result."""
    advised = [t for t in trials if t.origin == origin]
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    others = [t for t in complete if t.origin != origin]
    if not advised or len(complete) < ENOUGH or not others:
        return Audit(len(advised), len(trials))
    rng = np.random.default_rng([task.seed, len(trials)])
    reached = float(gains(task, complete)[:, 0].max())
    without = np.maximum(
        gains(task, others)[:, 0].max(), _alternatives(task, trials, advised, rng).max(axis=1)
    )
    worth = reached - without
    low, high = np.quantile(worth, [0.05, 0.95])
    return Audit(
        len(advised),
        len(trials),
        float(worth.mean()),
        float(low),
        float(high),
        float((worth > 0).mean()),
    )


def _alternatives(
    task: Task, trials: Sequence[Trial], advised: Sequence[Trial], rng: np.random.Generator
) -> Array:
    """Draw what would have come out instead of each advised trial (`DRAWS x k` gains)."""
    from surrogates.encoding import encoding_of
    from surrogates.gp import fit_first

    model, encoding = fit_first(task, trials), encoding_of(task.space)
    columns = []
    for trial in advised:
        configs = _instead(task, trial, rng)
        mean, sd = model.native(*model.marginals(encoding.encode(configs)))
        picks = rng.integers(len(configs), size=DRAWS)
        columns.append(rng.normal(mean[picks], np.maximum(sd[picks], 0.0)))
    return np.stack(columns, axis=1)


def _instead(task: Task, trial: Trial, rng: np.random.Generator) -> list[Config]:
    shadow = trial.suggestion.details.get("shadow")
    return [dict(shadow["config"])] if shadow else task.space.sample(rng, 64)
