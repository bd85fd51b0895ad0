"""Turns of families of models: no choice that others hang on is judged by one poor point.

A family is a level of a choice that other parameters exist under. How good it is shows only once
its own parameters are tuned, and no stationary model can know that: the family that is polished
fills the data with good values, the others keep the one random point they had, and their best is
predicted to be average for ever. So every second trial goes to the family with fewest trials, and
improves on that family's own best, while a level was never tried or wherever the improvement that
is expected anywhere is negligible. Such a trial costs little: what it takes the place of was not
expected to gain anything.

Related: Li et al. 2020, "Efficient Automatic CASH via Rising Bandits", where the families take
turns until their curves show which can win.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acquisition.belief import Belief
from acquisition.functions import Weighted
from acquisition.improvement import LogImprovement
from evals.trials import Trial, TrialState
from surrogates.encoding import Encoding

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

NEGLIGIBLE = math.log(0.02)
"""Log of an expected improvement, in standard deviations of all (transformed) scores."""
TURN = 2
"""Every so many trials can be a family's."""
FEW = 4
"""A family with fewer trials has not shown what it can do."""
HOPELESS = 3
"""A level that failed this often and never ran gets no more turns."""
OUTSIDE = -1e9


@dataclass(frozen=True)
class Family:
    """One level of a choice; `place` is where it lies in column `index` of encoded rows."""

    index: int
    place: float

    def holds(self, X: Array) -> Mask:
        """Return which rows of `X` (`n x d`) belong to the family."""
        return np.isclose(X[:, self.index], self.place)

    def move(self, encoding: Encoding, X: Array) -> Array:
        """Return the rows of `X` (`n x d`) with this level, the rest as it was where it exists."""
        moved = X.copy()
        moved[:, self.index] = self.place
        return np.unique(encoding.snap(moved), axis=0)


class Within:
    """LogEI over the best predicted mean of one family, for its rows only."""

    def __init__(self, family: Family, belief: Belief) -> None:
        best = _best(family, belief)
        # Nothing is known of a new family: whatever is above the average is welcome.
        best = best if math.isfinite(best) else float(belief.model.targets.mean())
        self._family = family
        self._inner = Weighted(LogImprovement(belief.model.predictor, best), belief)

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        return np.where(self._family.holds(X), self._inner(X), OUTSIDE)

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        return self._inner.gradients(X)


def families(encoding: Encoding) -> list[Family]:
    """Return all levels of the choices that other parameters hang on and that always exist."""
    parents = sorted({c.parent for c in encoding.columns if c.parent is not None})
    tops = [encoding.columns[p] for p in parents if encoding.columns[p].parent is None]
    return [Family(c.index, float(place)) for c in tops for place in c.grid()]


def due(
    encoding: Encoding, trials: Sequence[Trial], belief: Belief, largest: Callable[[], float]
) -> Family | None:
    """Return whose turn the next trial is, None where it is nobody's.

    First come the families with fewer than `FEW` trials, then the one whose own best is best.

    Args:
        encoding: the space.
        trials: all trials so far.
        belief: what is believed.
        largest: gives the largest log expected improvement anywhere; called only where it counts.
    """
    levels = families(encoding)
    if not levels or len(trials) % TURN:
        return None
    X = encoding.encode([t.config for t in trials])
    ran = np.array([t.state is not TrialState.FAILED for t in trials])
    inside = [family.holds(X) for family in levels]
    open_ = [i for i, rows in enumerate(inside) if rows.sum() < HOPELESS or ran[rows].any()]
    if not open_:
        return None
    least = min(open_, key=lambda i: int(inside[i].sum()))
    if not inside[least].any():
        return levels[least]
    if largest() >= NEGLIGIBLE:
        return None
    if inside[least].sum() < FEW:
        return levels[least]
    bests = {i: _best(levels[i], belief) for i in open_}
    leader = max(bests, key=bests.__getitem__)
    others = [i for i in open_ if i != leader]
    return levels[max(others, key=bests.__getitem__)] if others else None


def _best(family: Family, belief: Belief) -> float:
    own = belief.observed[family.holds(belief.observed)]
    return float(belief.model.marginals(own)[0].max()) if len(own) else -math.inf
