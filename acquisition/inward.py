"""The ends of ranges are looked at last: uncertainty is largest there, and little is learned.

A Gaussian process is least sure where it has neighbours on one side only, and in `d` dimensions
nearly all of a box lies near one of its ends, so that expected improvement spends its first trials
there (Swersky 2017, "Improving Bayesian Optimization for Machine Learning using Expert Priors",
Sec. 3; Oh et al. 2018, "BOCK: Bayesian Optimization with Cylindrical Kernels"; Siivola et al. 2018,
"Correcting boundary over-exploration deficiencies in Bayesian optimization"). What is taken off a
log acquisition here fades with every trial, as a prior of piBO does (Hvarfner et al. 2022, Eq. 6):

    (WEIGHT / n) * sum_j (2 x_j - 1)^4

over the numbers `x_j` in [0, 1] that exist in the configuration and have many values; `n` trials
have ended so far: those under way have taught nothing. A few ordered levels are no range that
someone drew too wide, and keep their ends. So does a number whose default lies at one: whoever
chose it knew that this end does well; and one about which somebody believes something (`besides`).

That good values lie inside is a belief, and one that the results contradict loses its weight
(`Inward.given`): where half of them came to the same, what lies inside has been seen and is flat;
where the better ones lie further out, `surrogates.priors.trust` of the sum above is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy

import numpy as np
from numpy.typing import NDArray

from acquisition.pool import Acquisition, smooth_columns
from surrogates.encoding import Column, Encoding
from surrogates.priors import trust

Array = NDArray[np.float64]

WEIGHT = 10.0
"""Nats that one end costs before the second trial. Chosen on the development functions."""
FLAT = 3
"""From so many results on, half of them alike say that the inside is flat."""
NEAR = 0.1
"""A default no further from an end, as a share of the range, keeps that end free."""


class Inward:
    """An acquisition on a log scale, less what the ends of ranges cost after `n` trials.

    `besides` are columns that are left alone.
    """

    def __init__(
        self, inner: Acquisition, encoding: Encoding, n: int, besides: Iterable[int] = ()
    ) -> None:
        self._inner, self._encoding, self._weight = inner, encoding, WEIGHT / max(1, n)
        self._counted = smooth_columns(encoding)
        self._counted[list(besides)] = False
        known = np.array([_default(column) for column in encoding.columns])
        self._low = np.where(known <= NEAR, 0.0, -1.0)
        self._high = np.where(known >= 1.0 - NEAR, 0.0, 1.0)

    def given(self, X: Array, gains: Array) -> Inward:
        """Return this less what the results take of it: `gains` (`m`) of configurations `m x d`."""
        outside = (self._places(X) ** 4).sum(-1)
        found = copy(self)
        found._weight = 0.0 if flat(gains) else self._weight * trust(-outside, gains)
        return found

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        return np.asarray(self._inner(X) - self._weight * (self._places(X) ** 4).sum(-1))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        value, gradient = self._inner.gradients(X)
        places = self._places(X)
        cost, slope = (places**4).sum(-1), 8.0 * places**3
        return value - self._weight * cost, gradient - self._weight * slope

    def _places(self, X: Array) -> Array:
        """Return places in [-1, 1], 0 for what does not count."""
        counted = self._counted & self._encoding.active(X)
        return np.where(counted, np.clip(2.0 * X - 1.0, self._low, self._high), 0.0)


def flat(gains: Array) -> bool:
    """Return whether half of the results (`m`), or more, came to the very same."""
    if len(gains) < FLAT:
        return False
    return bool(2 * np.unique(gains, return_counts=True)[1].max() >= len(gains))


def _default(column: Column) -> float:
    """Return where the default lies in [0, 1]; the middle where there is none."""
    parameter = column.parameter
    if parameter.default is None:
        return 0.5
    return float(column.encode([{parameter.name: parameter.default}])[0])
