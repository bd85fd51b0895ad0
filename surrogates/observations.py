"""Which trials the surrogate learns from, and how much each is to be believed.

COMPLETE trials count as they are; equal configurations are averaged and their noise divided. FAILED
and INFEASIBLE trials carry no score: they belong to the feasibility model (`feasibility.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.objectives import gains
from evals.task import Task
from evals.trials import Trial, TrialState
from surrogates.encoding import encoding_of

Array = NDArray[np.float64]
BROKEN = (TrialState.FAILED, TrialState.INFEASIBLE)


@dataclass(frozen=True)
class Observed:
    """Distinct configurations `X` (`n x d`), gains `Y` (`n x m`), noise multipliers (`n`)."""

    X: Array
    Y: Array
    noise_scale: Array

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: NDArray[np.intp]) -> Observed:
        """Return some of the rows."""
        return Observed(self.X[rows], self.Y[rows], self.noise_scale[rows])


def observed(task: Task, trials: Sequence[Trial]) -> Observed:
    """Return what the objectives' surrogates are fitted to; 0 rows where nothing completed."""
    done = [t for t in trials if t.state is TrialState.COMPLETE]
    Y = gains(task, done)
    rows = np.flatnonzero(np.isfinite(Y).all(axis=1))
    X = encoding_of(task.space).encode([done[i].config for i in rows])
    if not len(X):
        return Observed(X.reshape(0, len(task.space)), np.empty((0, Y.shape[1])), np.empty(0))
    return averaged(X, _bounded(Y[rows]))


def _bounded(Y: Array) -> Array:
    """Keep sums and squares of scores finite (1e308 is a number, its square is none)."""
    return np.clip(Y, -1e120, 1e120)


def averaged(X: Array, Y: Array) -> Observed:
    """Return distinct rows of `X` with the mean of `Y` and the noise of that mean."""
    _, first, group, counts = np.unique(
        X, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    if len(first) == len(X):
        return Observed(X, Y, np.ones(len(X)))
    sums = np.zeros((len(first), Y.shape[1]))
    np.add.at(sums, group.reshape(-1), Y)
    order = np.argsort(first)
    averages = sums / counts[:, None]
    return Observed(X[first[order]], averages[order], 1.0 / counts[order])
