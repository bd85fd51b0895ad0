"""The part of the space that the constraints leave, for looking there at once.

Constraints on one number are bounds of the acquisition's own optimisation; all others are checked.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evals.narrowing import Interval, interval, names_in
from evals.parameters import Float, Int
from evals.space import SearchSpace
from evals.task import Task
from surrogates.encoding import Encoding, encoding_of

Array = NDArray[np.float64]


class Allowed:
    """Bounds (`d`) in places, and the constraints of a space."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.low, self.high = np.zeros(len(encoding)), np.ones(len(encoding))
        for constraint in encoding.space.constraints:
            names = names_in(constraint.expression)
            if len(names) == 1 and (bounds := interval(constraint.expression)):
                self._narrow(next(iter(names)), bounds)

    def _narrow(self, name: str, bounds: Interval) -> None:
        index = self.encoding.space.names.index(name)
        parameter = self.encoding.space.parameters[index]
        if not isinstance(parameter, Float | Int):
            return
        ends = max(bounds.low, parameter.low), min(bounds.high, parameter.high)
        low, high = self.encoding.columns[index].encode([{name: v} for v in ends])
        self.low[index] = max(self.low[index], low)
        self.high[index] = min(self.high[index], high)

    def squeeze(self, X: Array) -> Array:
        """Move `X` (`n x d`, uniform) into the bounds."""
        return self.low + X * (self.high - self.low)

    def clip(self, X: Array) -> Array:
        """Return the nearest points within the bounds."""
        return np.clip(X, self.low, self.high)

    def keeps(self, X: Array) -> NDArray[np.bool_]:
        """Return which rows of `X` (`n x d`) satisfy all constraints."""
        space = self.encoding.space
        configs = space.decode(X) if len(X) else []
        return np.array([all(k.holds(c) for k in space.constraints) for c in configs], dtype=bool)


def allowed(task: Task) -> Allowed | None:
    """Return what the constraints of a steered task leave; None where nobody steered it so."""
    return _allowed(task.space) if any(s.constraints for s in task.steering) else None


@lru_cache(maxsize=64)
def _allowed(space: SearchSpace) -> Allowed:
    return Allowed(encoding_of(space))
