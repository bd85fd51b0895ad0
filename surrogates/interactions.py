"""Whether the best value of one parameter depends on another, as the default process sees it.

Notation: `m` (`a x b`) is the latent objective on a grid of a places of one parameter and b of the
other, averaged over `BACKGROUND` configurations of the rest; `I` is `m` less the means of its rows
and columns: what no sum of two curves gives (the second-order term of a functional analysis of
variance, Hoeffding 1948, on this grid). Both are linear in the objective, so their posterior mean
and covariance are exact. All is on the scale of the process' targets, after its output transform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from evals.task import Task
from evals.trials import Trial
from surrogates.encoding import Column, encoding_of
from surrogates.gp import fit_first

Array = NDArray[np.float64]
BACKGROUND = 24
PLACES = 4
CHOICES = 6


@dataclass(frozen=True)
class Joint:
    """`share`: the expected share of the objective's variation that only the pair explains.

    `known`: the part of that share, in [0, 1], which stems from the data and not from doubt: where
    nothing is known, the process expects some of everything.
    """

    share: float
    known: float


def joint(task: Task, trials: Sequence[Trial], pair: tuple[str, str]) -> Joint:
    """Return what the process says of two parameters of `task`; about 0.1 s.

    Raises:
        ValueError: no trial has completed.
    """
    encoding, model = encoding_of(task.space), fit_first(task, trials)
    i, j = (task.space.names.index(name) for name in pair)
    first, second = (_places(encoding.columns[k]) for k in (i, j))
    rows = np.random.default_rng(task.seed).random((BACKGROUND, len(encoding)))
    X = np.tile(rows, (len(first) * len(second), 1))
    X[:, i] = np.repeat(first, len(second) * BACKGROUND)
    X[:, j] = np.tile(np.repeat(second, BACKGROUND), len(first))
    with torch.no_grad():
        posterior = model.posterior(torch.from_numpy(encoding.snap(X))).distribution
        mean, covariance = posterior.mean.numpy(), posterior.covariance_matrix.numpy()
    own = _interaction(len(first), len(second))
    every = _centred(len(X))
    from_data, from_doubt = _squares(own, mean, covariance)
    total = sum(_squares(every, mean, covariance))
    # A row of `own` is an average: its squares stand for all configurations of the background.
    found = (from_data + from_doubt) * BACKGROUND
    return Joint(found / max(total, 1e-300), from_data / max(from_data + from_doubt, 1e-300))


def _squares(rows: Array, mean: Array, covariance: Array) -> tuple[float, float]:
    """Return the two parts of the expected sum of squares of `rows @ f`: of mean and of doubt."""
    return float(np.square(rows @ mean).sum()), float(((rows @ covariance) * rows).sum())


def _interaction(a: int, b: int) -> Array:
    """Return what takes `I` (`a b`) out of the values at all points (`a b BACKGROUND`)."""
    average = np.kron(np.eye(a * b), np.full((1, BACKGROUND), 1.0 / BACKGROUND))
    return np.asarray(np.kron(_centred(a), _centred(b)) @ average)


def _centred(n: int) -> Array:
    return np.eye(n) - 1.0 / n


def _places(column: Column) -> Array:
    """Return a few places of a parameter, all of a small choice."""
    if column.values is not None and column.values <= CHOICES:
        return column.grid()
    if column.categorical:
        grid = column.grid()
        return np.asarray(grid[np.linspace(0, len(grid) - 1, CHOICES).round().astype(int)])
    return np.unique(column.snap((np.arange(PLACES) + 0.5) / PLACES))
