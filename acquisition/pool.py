"""Where the acquisition function is looked at: one pool of candidates, then local improvement.

Notation: `X` (`n x d`) are encoded, snapped configurations.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from acquisition.sobol import scrambled
from surrogates.encoding import Column, Encoding

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Acquisition(Protocol):
    """How promising configurations are; larger is better."""

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""


STEPS = (0.02, 0.1, 0.3)
FEW = 16
"""A number with at most this many values is moved value by value, not by gradient."""


def candidates(encoding: Encoding, best: Array, rng: np.random.Generator, size: int) -> Array:
    """Return a pool: `size` Sobol points, and for each of `best` (`k x d`) neighbours near and far.

    Args:
        encoding: the space.
        best: `k x d` incumbents.
        rng: the randomness.
        size: the number of Sobol points, a power of two.
    """
    parts = [scrambled(rng, len(encoding), size)]
    if len(best):
        parts += [perturbed(encoding, best, rng, size // 2)]
        parts += [neighbours(encoding, row) for row in best[:3]]
    return np.unique(encoding.snap(np.concatenate(parts)), axis=0)


def perturbed(encoding: Encoding, best: Array, rng: np.random.Generator, count: int) -> Array:
    """Return `count` points near those of `best` (`k x d`), not snapped."""
    d = len(encoding)
    rows = best[rng.integers(len(best), size=count)].copy()
    moved = rng.random((count, d)) < rng.choice([1.0 / d, 3.0 / d, 1.0], size=(count, 1))
    moved[np.arange(count), rng.integers(d, size=count)] = True
    near = rows + rng.standard_normal((count, d)) * rng.choice(STEPS, size=(count, 1))
    # Reflected at the bounds: clipping would pile the candidates up there.
    near = np.abs(near) % 2.0
    near = np.where(near > 1.0, 2.0 - near, near)
    fresh = rng.random((count, d))
    jump = encoding.categorical | (rng.random((count, d)) < 0.05)
    rows[moved] = np.where(jump, fresh, near)[moved]
    return rows


def neighbours(encoding: Encoding, row: Array) -> Array:
    """Return what one change of one discrete parameter of `row` (`d`) leads to."""
    found = [row[None, :]]
    for column in encoding.columns:
        values = _moves(column, float(row[column.index]))
        moved = np.repeat(row[None, :], len(values), axis=0)
        moved[:, column.index] = values
        found.append(moved)
    return encoding.snap(np.concatenate(found))


def _moves(column: Column, at: float) -> Array:
    count = column.values
    if count is None or count == 1:
        return np.empty(0)
    if column.categorical or count <= FEW:
        return column.grid()
    step = 1.0 / (count - 1)
    return np.clip(at + step * np.array([-1.0, 1.0]), 0.0, 1.0)


def smooth_columns(encoding: Encoding) -> Mask:
    """Return which columns the gradient may move (`d`): reals, and numbers with many values."""
    return np.array(
        [not c.categorical and (c.values is None or c.values > FEW) for c in encoding.columns]
    )


def improve(
    encoding: Encoding,
    acquisition: Acquisition,
    starts: Array,
    rounds: int = 2,
    bounds: tuple[Array, Array] | None = None,
) -> tuple[Array, Array]:
    """Climb from `starts` (`k x d`): by gradient on the numbers, by exchange on the choices.

    `bounds` are the lowest and highest places that the gradient may reach (`d` each).

    Returns:
        All points reached, snapped (`m x d`), and their acquisition values (`m`).
    """
    smooth = smooth_columns(encoding)
    real = all(c.values is None for c in encoding.columns)
    rows, reached = starts, [starts]
    for _ in range(1 if real else rounds):
        if smooth.any():
            rows = encoding.snap(_climb(encoding, acquisition, rows, smooth, bounds))
            reached.append(rows)
        if real:
            break
        moved = np.stack([_exchange(encoding, acquisition, row) for row in rows])
        reached.append(moved)
        if np.array_equal(moved, rows):
            break
        rows = moved
    found = np.unique(np.concatenate(reached), axis=0)
    return found, acquisition(found)


def _exchange(encoding: Encoding, acquisition: Acquisition, row: Array) -> Array:
    for _ in range(len(encoding)):
        around = neighbours(encoding, row)
        values = acquisition(around)
        best = int(np.argmax(values))
        if values[best] <= values[0]:
            break
        row = around[best]
    return row


def _climb(
    encoding: Encoding,
    acquisition: Acquisition,
    rows: Array,
    smooth: Mask,
    bounds: tuple[Array, Array] | None,
) -> Array:
    """Maximise the sum over all rows at once: they do not interact, so each is maximised."""
    low, high = bounds or (np.zeros(len(encoding)), np.ones(len(encoding)))
    free = smooth & encoding.active(rows)
    if not free.any():
        return rows

    def objective(flat: Array) -> tuple[float, Array]:
        X = rows.copy()
        X[free] = flat
        values, gradients = acquisition.gradients(X)
        return -float(values.sum()), -gradients[free]

    found = minimize(
        objective,
        rows[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[(low[j], high[j]) for j in np.nonzero(free)[1]],
        options={"maxiter": 40, "maxls": 10},
    )
    climbed = rows.copy()
    climbed[free] = np.clip(found.x, low[np.nonzero(free)[1]], high[np.nonzero(free)[1]])
    return climbed
