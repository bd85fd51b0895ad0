"""The part of the space that the constraints leave, for looking there at once.

Constraints on one number are bounds of the acquisition's own optimisation. All others may be
anything that says yes or no: candidates are drawn until enough are allowed, and what a climb has
carried out of the allowed part goes back towards where it came from until it is inside.
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

BATCHES = 8
"""Candidates are drawn so many times at most: one in a hundred allowed still gives dozens."""
HALVINGS = 12


class Allowed:
    """Bounds (`d`) in places, and the constraints of a space."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding = encoding
        self.low, self.high = np.zeros(len(encoding)), np.ones(len(encoding))
        for constraint in encoding.space.constraints:
            names = names_in(constraint.expression)
            if (
                constraint.function is None
                and len(names) == 1
                and (bounds := interval(constraint.expression))
            ):
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

    def drawn(self, rng: np.random.Generator, count: int) -> Array:
        """Return snapped points of the allowed part: about `count` where it is no sliver."""
        found, size = [np.empty((0, len(self.encoding)))], 0
        for _ in range(BATCHES):
            X = self.encoding.snap(self.squeeze(rng.random((count, len(self.encoding)))))
            found.append(X[self.keeps(X)])
            size += len(found[-1])
            if 2 * size >= count:
                break
        return np.concatenate(found)

    def retreat(self, X: Array, starts: Array) -> Array:
        """Return `X` (`n x d`), what is forbidden moved towards the nearest of `starts` (`k x d`).

        By bisection, so that it comes to lie at the border; only allowed starts count.
        """
        outside, starts = np.flatnonzero(~self.keeps(X)), starts[self.keeps(starts)]
        if not len(outside) or not len(starts):
            return X
        far = X[outside]
        nearest = ((far[:, None, :] - starts[None, :, :]) ** 2).sum(axis=2).argmin(axis=1)
        near, low, high = starts[nearest], np.zeros(len(far)), np.ones(len(far))
        for _ in range(HALVINGS):
            middle = (low + high) / 2.0
            kept = self.keeps(self._between(near, far, middle))
            low, high = np.where(kept, middle, low), np.where(kept, high, middle)
        back = X.copy()
        back[outside] = self._between(near, far, low)
        return back

    def _between(self, near: Array, far: Array, share: Array) -> Array:
        return self.encoding.snap(near + share[:, None] * (far - near))

    def clip(self, X: Array) -> Array:
        """Return the nearest points within the bounds."""
        return np.clip(X, self.low, self.high)

    def keeps(self, X: Array) -> NDArray[np.bool_]:
        """Return which rows of `X` (`n x d`) satisfy all constraints."""
        space = self.encoding.space
        configs = space.decode(X) if len(X) else []
        return np.array([all(k.holds(c) for k in space.constraints) for c in configs], dtype=bool)


def allowed(task: Task) -> Allowed | None:
    """Return what the constraints of the task's space leave; None where it has none."""
    return _allowed(task.space) if task.space.constraints else None


@lru_cache(maxsize=64)
def _allowed(space: SearchSpace) -> Allowed:
    return Allowed(encoding_of(space))
