"""What the surrogate has learned, in words and numbers people can use.

All predictions are averaged over configurations drawn uniformly from the encoded space, in which
every parameter exists only where its condition holds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evals.parameters import Scalar
from evals.task import Task
from evals.trials import Trial
from surrogates.encoding import encoding_of

Array = NDArray[np.float64]
DRAWS = 512
BACKGROUND = 128


def importances(task: Task, trials: Sequence[Trial]) -> dict[str, float]:
    """Return each parameter's share of the first objective's variation; they sum to 1.

    Total-order Sobol indices (Saltelli et al. 2010) of the surrogate's mean, normalised. All equal
    where the surrogate sees no variation.

    Raises:
        ValueError: no trial has completed.
    """
    from scipy.stats import sobol_indices, uniform

    from surrogates.gp import fit_first

    encoding, model = encoding_of(task.space), fit_first(task, trials)
    d = len(encoding)
    if d == 1:
        return {task.space.names[0]: 1.0}

    def mean(U: Array) -> Array:
        rows = encoding.snap(np.moveaxis(U.reshape(d, -1), 0, -1))
        return model.marginals(rows)[0].reshape(U.shape[1:])

    spread = mean(np.random.default_rng(0).random((d, DRAWS)))
    if np.ptp(spread) < 1e-6:
        return dict.fromkeys(task.space.names, 1.0 / d)
    found = sobol_indices(
        func=mean, n=DRAWS, dists=[uniform()] * d, rng=np.random.default_rng(task.seed)
    )
    total = np.clip(found.total_order.reshape(-1), 0.0, None)
    return dict(zip(task.space.names, (total / total.sum()).tolist(), strict=True))


def marginal(
    task: Task, trials: Sequence[Trial], parameter: str, grid: int = 20
) -> tuple[list[Scalar], Array, Array]:
    """Return how the first objective depends on one parameter, all others averaged out.

    Args:
        task: the task.
        trials: all trials; at least one has completed.
        parameter: the parameter's name.
        grid: how many values of a number are looked at; of a choice all are.

    Returns:
        The native values, and the mean prediction and its standard deviation at each, as the user
        reads the first objective.
    """
    from surrogates.gp import fit_first

    encoding, model = encoding_of(task.space), fit_first(task, trials)
    column = encoding.columns[task.space.names.index(parameter)]
    count = column.values
    places = column.grid() if count and count <= grid else column.snap(np.linspace(0, 1, grid))
    places = np.unique(places)
    background = _background(task, column.index)
    means, sds = [], []
    for place in places:
        rows = background.copy()
        rows[:, column.index] = place
        mean, sd = model.native(*model.marginals(encoding.snap(rows)))
        means.append(task.objective.sign * mean.mean())
        sds.append(sd.mean())
    values = [column.parameter.from_unit(float(u)) for u in places]
    return list(values), np.array(means), np.array(sds)


def _background(task: Task, column: int) -> Array:
    """Return configurations in which the parameter exists."""
    encoding = encoding_of(task.space)
    rows = encoding.snap(np.random.default_rng(task.seed).random((8 * BACKGROUND, len(encoding))))
    exists = encoding.active(rows)[:, column]
    return rows[exists][:BACKGROUND] if exists.any() else rows[:BACKGROUND]
