"""Would it have worked without the language model? An estimate, from the study alone.

At each step that took the model's advice, the acquisition's own choice (the shadow) was recorded;
before there was a surrogate the alternative was a point from anywhere in the space. What those
would have scored is drawn from the surrogate as it is at the end of the study, on the scale where
its errors are normal. With b_n the best result of the first n trials and b'_n the same with the
advised ones replaced by such draws, n = 1 ... N,

    lead = mean over n of (b_n - b'_n)          contribution = b_N - b'_N

have distributions: how far the search was ahead on the way, and what is left of it at the end. Both
leave out what later steps learned from the model's trials: they are estimates, not replays.
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
class Worth:
    """A difference in the user's unit of the first objective, good where it is positive.

    `mean` is that of the draws, `low` and `high` are their 5 % and 95 % quantiles, `chance` is the
    probability that it is positive.
    """

    mean: float
    low: float
    high: float
    chance: float

    @property
    def words(self) -> str:
        """Return the figures as they stand in a sentence."""
        return f"{self.mean:+.3g} (90 % interval {self.low:+.3g} to {self.high:+.3g})"


@dataclass(frozen=True)
class Audit:
    """What an adviser's trials were worth; both figures are None where a study is too small."""

    advised: int
    trials: int
    lead: Worth | None = None
    contribution: Worth | None = None

    @property
    def helped(self) -> bool | None:
        """Whether the search was ahead for it: None where that is not certain or not known."""
        if self.lead is None:
            return None
        return True if self.lead.low > 0 else None if self.lead.mean > 0 else False

    @property
    def sentence(self) -> str:
        """Say plainly whether it helped."""
        if not self.advised:
            return "No trial came from the language model, so it contributed nothing."
        share = f"{self.advised} of {self.trials} trials came from the language model"
        if self.lead is None or self.contribution is None:
            return f"{share}; the study is too small to say what they were worth."
        ahead = f"on the way the best result so far was ahead by {self.lead.words} on average"
        end = f"at the end by {self.contribution.words}"
        if self.helped:
            return f"{share}, and they helped: {ahead}, {end}."
        if self.helped is None:
            return f"{share}; whether they helped is not certain: {ahead}, {end}."
        return f"{share}, and they did not help: {ahead}, {end}."


def audit(task: Task, trials: Sequence[Trial], origin: str = "llm") -> Audit:
    """Estimate what the trials of `origin` contributed to the search and to its best result."""
    advised = [t for t in trials if t.origin == origin]
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    others = [t for t in complete if t.origin != origin]
    if not advised or len(complete) < ENOUGH or not others:
        return Audit(len(advised), len(trials))
    rng = np.random.default_rng([task.seed, len(trials)])
    ahead = _ahead(task, trials, advised, rng)
    return Audit(len(advised), len(trials), _worth(ahead.mean(axis=1)), _worth(ahead[:, -1]))


def _worth(draws: Array) -> Worth:
    low, high = np.quantile(draws, [0.05, 0.95])
    return Worth(float(draws.mean()), float(low), float(high), float((draws > 0).mean()))


def _ahead(
    task: Task, trials: Sequence[Trial], advised: Sequence[Trial], rng: np.random.Generator
) -> Array:
    """Draw how far the best so far was ahead (`DRAWS x n`), from where both have a result."""
    finished = [t for t in trials if t.state is not TrialState.RUNNING]
    known = np.nan_to_num(gains(task, finished)[:, 0], nan=-np.inf)
    without = np.tile(known, (DRAWS, 1))
    places = {t.number: i for i, t in enumerate(finished)}
    chosen = [t for t in advised if t.number in places]
    without[:, [places[t.number] for t in chosen]] = _alternatives(task, trials, chosen, rng)
    reached, otherwise = np.maximum.accumulate(known), np.maximum.accumulate(without, axis=1)
    both = np.isfinite(reached) & np.isfinite(otherwise).all(axis=0)
    return np.asarray(reached[both] - otherwise[:, both])


def _alternatives(
    task: Task, trials: Sequence[Trial], advised: Sequence[Trial], rng: np.random.Generator
) -> Array:
    """Draw what would have come out instead of each advised trial (`DRAWS x k` gains)."""
    from surrogates.encoding import encoding_of
    from surrogates.gp import fit_first

    model, encoding = fit_first(task, trials), encoding_of(task.space)
    columns = [np.empty((DRAWS, 0))]
    for trial in advised:
        configs = _instead(task, trial, rng)
        mean, sd = model.marginals(encoding.encode(configs))
        picks = rng.integers(len(configs), size=DRAWS)
        draws = model.transform.inverse(rng.normal(mean[picks], np.maximum(sd[picks], 0.0)))
        columns.append(draws[:, None])
    return np.concatenate(columns, axis=1)


def _instead(task: Task, trial: Trial, rng: np.random.Generator) -> list[Config]:
    shadow = trial.suggestion.details.get("shadow")
    return [dict(shadow["config"])] if shadow else task.space.sample(rng, 64)
