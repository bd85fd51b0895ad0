"""Several objectives: how much more of the objective space a point is expected to dominate.

Yang et al. 2019, "Efficient Computation of Expected Hypervolume Improvement Using Box
Decomposition", on a log scale. Notation: m objectives, c boxes [l, u] that together are what no
point of the front dominates. For independent normal predictions and `psi(t) = E (Y - t)_+ =
sd h((mean - t) / sd)`, `EHVI = sum_boxes prod_objectives (psi(l) - psi(u))`.

The front is that of the predicted means at the points tried, so that noise is no progress. The
reference point lies the front's whole range below its worst values: what lies beyond it counts as
nothing, and the ends of the true front lie beyond those found early. Where the user has said what
will do, that is the reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from acquisition.belief import Belief
from acquisition.improvement import log_h

Array = NDArray[np.float64]

MARGIN = 1.0
LEAST_RANGE = 0.5
"""A front of one point has no range; half a standard deviation stands in for it."""
STEP = 1e-6


class LogHypervolumeImprovement:
    """Log EHVI over the front found so far; gradients by forward differences in one batch."""

    def __init__(self, belief: Belief) -> None:
        self._predictors = [m.predictor for m in belief.models]
        known = np.concatenate([belief.observed, belief.pending])
        means = [p.predict(known)[0] for p in self._predictors]
        self._lower, self._upper = boxes(np.stack(means, axis=1), belief.thresholds)

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        total = np.zeros((len(X), len(self._lower)))
        for predictor, low, high in zip(
            self._predictors, self._lower.T, self._upper.T, strict=True
        ):
            mean, sd = (v[:, None] for v in predictor.predict(X))
            below, above = log_h((mean - low) / sd), log_h((mean - np.minimum(high, 1e9)) / sd)
            gap = np.minimum(above - below, -1e-12)
            total += np.log(sd) + below + np.log(-np.expm1(gap))
        return np.asarray(logsumexp(total, axis=1))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        b, d = X.shape
        moved = X[:, None, :] + STEP * np.eye(d)[None]
        values = self(np.concatenate([X, moved.reshape(b * d, d)]))
        return values[:b], (values[b:].reshape(b, d) - values[:b, None]) / STEP


def boxes(Y: Array, thresholds: Array | None = None) -> tuple[Array, Array]:
    """Return lower and upper corners (`c x m` each) of what no row of `Y` (`n x m`) dominates.

    `thresholds` (`m`, NaN where there is none) are what boxes begin at.
    """
    import torch
    from botorch.utils.multi_objective.box_decompositions.non_dominated import (
        NondominatedPartitioning,
    )

    if Y.shape[1] == 1:
        return Y.max(axis=0, keepdims=True), np.array([[np.inf]])
    front, reference = map(torch.from_numpy, reference_point(Y, thresholds))
    lower, upper = NondominatedPartitioning(reference, front).get_hypercell_bounds()
    return lower.numpy(), upper.numpy()


def reference_point(Y: Array, thresholds: Array | None = None) -> tuple[Array, Array]:
    """Return the rows of `Y` (`n x m`) that none dominates, and what they are measured from (`m`).

    Where any row reaches all `thresholds`, only such count.
    """
    import torch
    from botorch.utils.multi_objective.pareto import is_non_dominated

    wanted = np.full(Y.shape[1], np.nan) if thresholds is None else thresholds
    reached = ~(wanted > Y).any(axis=1)
    inside = Y[reached] if reached.any() else Y
    front = inside[is_non_dominated(torch.from_numpy(inside)).numpy()]
    width = np.maximum(np.ptp(front, axis=0), LEAST_RANGE)
    inferred = front.min(axis=0) - MARGIN * width
    return front, np.where(np.isnan(wanted), inferred, wanted)
