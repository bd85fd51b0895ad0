"""Which trials the surrogate learns from, and how much each is to be believed.

COMPLETE trials count as they are; equal configurations are averaged and their noise divided. Where
the search repeats some on purpose every run is a row of its own: the posterior is the same, and how
far runs of one configuration lie apart tells the likelihood what the noise is. FAILED and
INFEASIBLE trials carry no score: they belong to the feasibility model (`feasibility.py`).

A PRUNED trial counts as what its last running value lets expect: the trials that completed say how
far, on average, a final score is from the running value at that step, and the spread of that
distance becomes extra noise. Without at least `FEWEST` such trials it counts as nothing.

The reported standard error of a score is not used as noise: folds are the same for all
configurations, so most of it is common to them and cancels in comparisons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evals.objectives import gains
from evals.task import Task
from evals.trials import REPLICATION, Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.hints import Hints, hints

Array = NDArray[np.float64]
BROKEN = (TrialState.FAILED, TrialState.INFEASIBLE)
FEWEST = 3
PRUNED_NOISE = 100.0
"""Noise multiplier of a running value that says nothing about the final one."""


@dataclass(frozen=True)
class Observed:
    """Configurations `X` (`n x d`), gains `Y` (`n x m`), noise multipliers (`n`).

    Rows of `X` are distinct unless the search repeated some of them. `hints` are those of
    `surrogates.hints`, about the first objective.
    """

    X: Array
    Y: Array
    noise_scale: Array
    hints: Hints = None

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: NDArray[np.intp]) -> Observed:
        """Return some of the rows."""
        return replace(self, X=self.X[rows], Y=self.Y[rows], noise_scale=self.noise_scale[rows])


def observed(task: Task, trials: Sequence[Trial]) -> Observed:
    """Return what the objectives' surrogates are fitted to; 0 rows where nothing completed."""
    done = [t for t in trials if t.state is TrialState.COMPLETE]
    Y = gains(task, done)
    rows = np.flatnonzero(np.isfinite(Y).all(axis=1))
    done = [done[i] for i in rows]
    Y = _bounded(Y[rows])
    stopped, expected, noise = _pruned(task, trials, done, Y)
    X = encoding_of(task.space).encode([t.config for t in [*done, *stopped]])
    if not len(X):
        return Observed(X, np.empty((0, Y.shape[1])), np.empty(0), hints(task))
    Y, noise = np.concatenate([Y, expected]), np.concatenate([np.ones(len(done)), noise])
    if any(t.origin == REPLICATION for t in done):
        return Observed(X, Y, noise, hints(task))
    return replace(averaged(X, Y, noise), hints=hints(task))


def _pruned(
    task: Task, trials: Sequence[Trial], done: Sequence[Trial], Y: Array
) -> tuple[list[Trial], Array, Array]:
    """Return pruned trials that can be used, their expected gains (`k x 1`) and noise (`k`)."""
    stopped, expected, noise = [], [], []
    if len(task.objectives) == 1:
        for trial in trials:
            guess = _expected(task.objective.sign, trial, done, Y[:, 0])
            if guess is not None:
                stopped.append(trial)
                expected.append(guess[0])
                noise.append(guess[1])
    return stopped, np.array(expected).reshape(-1, Y.shape[1]), np.array(noise)


def _expected(
    sign: int, trial: Trial, done: Sequence[Trial], finals: Array
) -> tuple[float, float] | None:
    """Return the gain a pruned trial would have reached, and its noise multiplier."""
    if trial.state is not TrialState.PRUNED or trial.evaluation is None:
        return None
    steps = trial.evaluation.intermediate
    if not steps:
        return None
    last = max(steps)
    gaps = [
        final - sign * d.evaluation.intermediate[last]
        for d, final in zip(done, finals, strict=True)
        if d.evaluation and last in d.evaluation.intermediate
    ]
    guess = sign * float(steps[last])
    if len(gaps) < FEWEST or not np.isfinite([guess, *gaps]).all():
        return None
    share = float(np.var(gaps)) / max(float(np.var(finals)), 1e-300)
    return guess + float(np.mean(gaps)), 1.0 + min(share, 1.0) * PRUNED_NOISE


def _bounded(Y: Array) -> Array:
    """Keep sums and squares of scores finite (1e308 is a number, its square is none)."""
    return np.clip(Y, -1e120, 1e120)


def averaged(X: Array, Y: Array, noise: Array | None = None) -> Observed:
    """Return distinct rows of `X` with the mean of `Y` and the noise of that mean."""
    noise = np.ones(len(X)) if noise is None else noise
    _, first, group = np.unique(X, axis=0, return_index=True, return_inverse=True)
    if len(first) == len(X):
        return Observed(X, Y, noise)
    sums, weights = np.zeros((len(first), Y.shape[1])), np.zeros(len(first))
    np.add.at(sums, group.reshape(-1), Y / noise[:, None])
    np.add.at(weights, group.reshape(-1), 1.0 / noise)
    order = np.argsort(first)
    averages = sums / weights[:, None]
    return Observed(X[first[order]], averages[order], 1.0 / weights[order])
