"""A box around the best point that grows with success and shrinks without it.

Eriksson et al. 2019, "Scalable Global Optimization via Local Bayesian Optimization" (TuRBO),
Algorithm 1 and Sec. 2: in many dimensions a global search spends its trials at far corners, of
which there are too many. Length and place of the box follow from the trials alone, so that a
study that is resumed goes on as it would have. Other than there, the Gaussian process learns from
all trials, the point is chosen by the acquisition function in place of a Thompson sample, and the
search begins everywhere: the first region opens once that has stopped to succeed. A region that has
shrunk to nothing is given up; the search goes on everywhere, and the next region opens around the
best of what it has found since.

Notation: d parameters, `X` (`n x d`) places in [0, 1].
"""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from acquisition.belief import Belief
from acquisition.functions import Weighted
from acquisition.improvement import LogImprovement
from acquisition.pool import Acquisition, neighbours, perturbed
from acquisition.sobol import scrambled
from evals.objectives import gains
from evals.task import Task
from evals.trials import REPLICATION, Trial, TrialState
from surrogates.encoding import Encoding, encoding_of
from surrogates.predictor import Predictor

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
When = Literal["auto", "always", "never"]

MANY = 20
"""Above so many parameters that exist together, a region is opened unasked."""
LEAST, MOST = 0.5**7, 1.6
"""Side lengths in units of the encoded range (TuRBO, Sec. 2). The longest is everywhere."""
SUCCESSES = 3
FAILURES = 10
GAIN = 1e-3
"""An improvement by less than this share of the distance from median to best is none."""
MOVED = 20
"""About so many numbers are moved at once in a candidate."""
OPENING = 5
"""Neither success nor failure is seen in so many first trials."""
BEST = 24
"""The centre is one of so many of the best trials: that of which most is believed."""
ROUNDING = 1e-6
"""By so much a configuration's rounded values may leave the box."""


@dataclass(frozen=True)
class Phase:
    """The side `length` of the region, and after how many trials what is forgotten ends."""

    length: float
    began: int


@dataclass(frozen=True)
class Region:
    """A box of lowest and highest places (`d` each) around `centre` (`d`).

    `threshold` is what its trials must exceed, on the model's scale; None in the first region,
    which competes with everything.
    """

    centre: Array
    low: Array
    high: Array
    threshold: float | None = None

    def holds(self, encoding: Encoding, X: Array) -> Mask:
        """Return which rows of `X` (`n x d`) lie inside, as far as their parameters exist."""
        inside = (self.low - ROUNDING <= X) & (self.high + ROUNDING >= X)
        return np.asarray((inside | ~encoding.active(X)).all(axis=1))

    def candidates(self, encoding: Encoding, rng: np.random.Generator, size: int) -> Array:
        """Return a pool of snapped points inside: `size` by Sobol, and neighbours of the centre."""
        inside = self._moved(rng, scrambled(rng, len(encoding), size))
        near = perturbed(encoding, self.centre[None, :], rng, size // 2)
        parts = [inside, np.clip(near, self.low, self.high), neighbours(encoding, self.centre)]
        pool = np.unique(encoding.snap(np.concatenate(parts)), axis=0)
        return pool[self.holds(encoding, pool)]

    def acquisition(self, everywhere: Acquisition, belief: Belief) -> Acquisition:
        """Return what is sought inside, given what is sought `everywhere`."""
        if self.threshold is None:
            return everywhere
        return Weighted(LogImprovement(belief.model.predictor, self.threshold), belief)

    def _moved(self, rng: np.random.Generator, places: Array) -> Array:
        """Return the centre with some of its parameters moved to `places` (`n x d` in [0, 1])."""
        inside = self.low + places * (self.high - self.low)
        d = len(self.centre)
        moved = rng.random(places.shape) < min(1.0, MOVED / d)
        moved[np.arange(len(places)), rng.integers(d, size=len(places))] = True
        return np.where(moved, inside, self.centre)


def phase(gains: Sequence[float]) -> Phase:
    """Return what the region has come to after trials with `gains`; NaN where one failed."""
    length, began, wins, losses, known = MOST, 0, 0, 0, list[float]()
    for i, gain in enumerate(gains):
        won = _won(gain, known)
        if math.isfinite(gain):
            insort(known, gain)
        if i < began + OPENING:
            continue
        wins, losses = (wins + 1, 0) if won else (0, losses + 1)
        if wins >= SUCCESSES:
            length, wins = min(2.0 * length, MOST), 0
        elif losses >= FAILURES:
            length, losses = length / 2.0, 0
        if length < LEAST:
            length, began, wins, losses, known = MOST, i + 1, 0, 0, []
    return Phase(length, began)


def _won(gain: float, known: Sequence[float]) -> bool:
    """Return whether `gain` is more than what was `known` (ascending) before."""
    if not math.isfinite(gain) or not known:
        return math.isfinite(gain)
    best, median = known[-1], known[len(known) // 2]
    return gain > best + GAIN * (best - median)


def wanted(encoding: Encoding, when: When) -> bool:
    """Return whether the search in this space is to keep to a region."""
    return when == "always" or (when == "auto" and encoding.dimension > MANY)


def region(task: Task, trials: Sequence[Trial], belief: Belief) -> Region | None:
    """Return the region that the trials have led to; None while everywhere is searched."""
    ended = [t for t in trials if t.state is not TrialState.RUNNING and t.origin != REPLICATION]
    found, encoding = gains(task, ended)[:, 0], encoding_of(task.space)
    now = phase(found.tolist())
    own = found[now.began :]
    known = np.flatnonzero(np.isfinite(own))
    if now.length >= MOST or not len(known):
        return None
    best = known[np.argsort(-own[known], kind="stable")[:BEST]]
    rows = encoding.encode([ended[now.began + i].config for i in best])
    means = belief.model.marginals(rows)[0]
    centre = rows[int(np.argmax(means))]
    low, high = box(encoding, centre, _lengthscales(belief), now.length)
    return Region(centre, low, high, float(means.max()) if now.began else None)


def box(
    encoding: Encoding, centre: Array, lengthscales: Array, length: float
) -> tuple[Array, Array]:
    """Return lowest and highest places (`d` each) of a box of side `length` around `centre`.

    Sides are stretched by `lengthscales` (`d`) over their geometric mean. Choices, and numbers that
    do not exist at the centre, keep their whole range.
    """
    free = ~encoding.categorical & encoding.active(centre[None, :])[0]
    logs = np.log(lengthscales)
    stretch = np.exp(logs - logs[free].mean()) if free.any() else np.ones_like(logs)
    half = np.where(free, 0.5 * length * stretch, 1.0)
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)


def _lengthscales(belief: Belief) -> Array:
    predictor = belief.model.predictor
    if isinstance(predictor, Predictor):
        return predictor.hyper.lengthscales
    return np.ones(predictor.X.shape[1])
