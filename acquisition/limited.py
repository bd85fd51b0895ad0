"""One objective to improve, all others only within their limits: constrained expected improvement.

Gardner et al. 2014, "Bayesian Optimization with Inequality Constraints", Eq. 4, and Gelbart et al.
2014, "Bayesian Optimization with Unknown Constraints", section 3.1, on a log scale: improvement
over the best that is predicted to keep to all limits, times the probability of keeping to them;
while nothing does, that probability alone. Where a limit is all that is said of an objective, going
further below it is worth nothing, which is what sets this apart from a hypervolume.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from acquisition.belief import Belief
from acquisition.improvement import LogImprovement

Array = NDArray[np.float64]

STEP = 1e-6


def is_limited(belief: Belief) -> bool:
    """Return whether the first objective has no limit and each of the others has one."""
    missing = np.isnan(belief.thresholds)
    return len(missing) > 1 and bool(missing[0]) and not missing[1:].any()


class LogLimitedImprovement:
    """Log constrained EI; gradients of the limits by forward differences in one batch."""

    def __init__(self, belief: Belief) -> None:
        self._limits = [m.predictor for m in belief.models[1:]]
        self._thresholds = belief.thresholds[1:]
        known = np.concatenate([belief.observed, belief.pending])
        means = np.stack([p.predict(known)[0] for p in self._limits], axis=1)
        within = (means >= self._thresholds).all(axis=1)
        self._improvement: LogImprovement | None = None
        if within.any():
            best = belief.model.predictor.predict(known[within])[0].max()
            self._improvement = LogImprovement(belief.model.predictor, float(best))

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        improvement = self._improvement(X) if self._improvement else np.zeros(len(X))
        return np.asarray(improvement + self._chance(X))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        b, d = X.shape
        moved = X[:, None, :] + STEP * np.eye(d)[None]
        chances = self._chance(np.concatenate([X, moved.reshape(b * d, d)]))
        values, slopes = chances[:b], (chances[b:].reshape(b, d) - chances[:b, None]) / STEP
        if self._improvement is None:
            return values, slopes
        improvement, gradients = self._improvement.gradients(X)
        return improvement + values, gradients + slopes

    def _chance(self, X: Array) -> Array:
        """Return the log probability of keeping to all limits, `b` for `b x d`."""
        total = np.zeros(len(X))
        for predictor, threshold in zip(self._limits, self._thresholds, strict=True):
            mean, sd = predictor.predict(X)
            total += log_ndtr((mean - threshold) / sd)
        return total
