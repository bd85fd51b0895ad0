"""Beliefs and wishes as densities over the search space, and how much they still count.

Notation: `X` (`n x d`) are encoded configurations; pi_j is the density of parameter j's good values
over its own places in [0, 1] (numbers), or over its choices relative to even chances. A number's
density is a normal truncated to [0, 1], a tenth of it uniform: no belief rules anything out.

The exponent is that of Hvarfner et al. 2022, "piBO: Augmenting Acquisition Functions with User
Beliefs for Bayesian Optimization" (Eq. 6): an acquisition a becomes a * pi ** (beta / n), n the
trials since the belief was stated. Two things differ: each parameter has an exponent of its own,
and it is multiplied with what the data leave of the belief,

    trust_j = 1 if r >= 0 else exp(-(m - 1) * r ** 2)

where r is the rank correlation between log pi_j and the gains of the m completed trials, whose
square is about 1 / (m - 1) where there is no relation.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.objectives import gains
from evals.parameters import Categorical, Parameter
from evals.preferences import Preference
from evals.steering import preferences
from evals.task import Task
from evals.trials import Trial, TrialState
from surrogates.encoding import Encoding, encoding_of

Array = NDArray[np.float64]

BETA = 10.0
"""The prior's first exponent; piBO's own value."""
UNIFORM = 0.1
"""The share of a density that is spread over all values."""
TOWARD = 0.3
"""The standard deviation, in places, of a preference for one end of the scale."""
NARROWEST = 0.05
"""No range is believed more sharply than this, in places."""
LEANING = 0.25
"""By this share of a range its density moves towards the end that is thought better."""
FEWEST = 4
"""With fewer completed trials nothing is contradicted."""


@dataclass(frozen=True)
class Density:
    """log pi_j of one parameter, column `index` of `X`; `weights` has a value per choice."""

    index: int
    centre: float = 0.0
    sd: float = 1.0
    weights: Array | None = None

    def log(self, u: Array) -> Array:
        """Return log pi_j at places `u` (any shape)."""
        if self.weights is not None:
            chosen = np.clip(np.round(u * (len(self.weights) - 1)), 0, len(self.weights) - 1)
            return np.asarray(np.log(self.weights[chosen.astype(int)]))
        return np.asarray(np.log(UNIFORM + (1 - UNIFORM) * self._normal(u)))

    def slope(self, u: Array) -> Array:
        """Return the derivative of `log` at places `u`; 0 for choices."""
        if self.weights is not None:
            return np.zeros_like(u)
        normal = (1 - UNIFORM) * self._normal(u)
        return np.asarray(-normal * (u - self.centre) / self.sd**2 / (UNIFORM + normal))

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Return `count` places drawn from the density."""
        even = rng.random(count)
        if self.weights is not None:
            share = self.weights / self.weights.sum()
            return rng.choice(len(share), size=count, p=share) / max(1, len(share) - 1)
        from scipy.stats import truncnorm

        low, high = -self.centre / self.sd, (1 - self.centre) / self.sd
        drawn = truncnorm.rvs(low, high, self.centre, self.sd, size=count, random_state=rng)
        return np.where(rng.random(count) < UNIFORM, even, drawn)

    def _normal(self, u: Array) -> Array:
        from scipy.special import ndtr

        mass = ndtr((1 - self.centre) / self.sd) - ndtr(-self.centre / self.sd)
        z = (u - self.centre) / self.sd
        scale = self.sd * math.sqrt(2 * math.pi) * mass
        return np.asarray(np.exp(-0.5 * z**2) / scale)


@dataclass(frozen=True)
class Weighted:
    """A density, the preference it came from, and its exponent now."""

    density: Density
    preference: Preference
    exponent: float
    trust: float


class Prior:
    """All preferences of a task as one log density, a sum over parameters."""

    def __init__(self, encoding: Encoding, parts: Sequence[Weighted]) -> None:
        self.encoding, self.parts = encoding, tuple(parts)

    def __call__(self, X: Array) -> Array:
        """Return the weighted log density of `b x d` configurations."""
        alive = self.encoding.active(X)
        total = np.zeros(len(X))
        for part in self.parts:
            j = part.density.index
            total += part.exponent * part.density.log(X[:, j]) * alive[:, j]
        return total

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        alive, slopes = self.encoding.active(X), np.zeros_like(X)
        for part in self.parts:
            j = part.density.index
            slopes[:, j] += part.exponent * part.density.slope(X[:, j]) * alive[:, j]
        return self(X), slopes

    def draw(self, rng: np.random.Generator, count: int) -> Array:
        """Return `count x d` places: believed parameters from their densities, others uniform.

        A belief whose exponent has fallen below 1 is drawn from that much less often.
        """
        rows = rng.random((count, len(self.encoding)))
        for part in self.parts:
            drawn = part.density.draw(rng, count)
            taken = rng.random(count) < min(1.0, part.exponent)
            rows[taken, part.density.index] = drawn[taken]
        return self.encoding.snap(rows)


def prior(task: Task, trials: Sequence[Trial]) -> Prior | None:
    """Return what is believed after `trials`; None where nobody said anything."""
    known = preferences(task)
    if not known:
        return None
    encoding = encoding_of(task.space)
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    X = encoding.encode([t.config for t in complete])
    values = gains(task, complete)[:, 0] if complete else np.empty(0)
    parts = [_weighted(task, p, since, X, values, len(trials)) for p, since in known]
    return Prior(encoding, parts)


def _weighted(
    task: Task, preference: Preference, since: int, X: Array, values: Array, n: int
) -> Weighted:
    density = density_of(task, preference)
    alive = encoding_of(task.space).active(X)[:, density.index] if len(X) else np.empty(0, bool)
    left = trust(density.log(X[alive, density.index]), values[alive]) if alive.any() else 1.0
    return Weighted(density, preference, left * BETA / max(1, n - since + 1), left)


def trust(logs: Array, values: Array) -> float:
    """Return what the data leave of a belief, in (0, 1]; `logs` and `values` are `m`."""
    if len(values) < FEWEST:
        return 1.0
    from scipy.stats import spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one value only: no relation to be seen
        r = float(spearmanr(logs, values).statistic)
    return math.exp(-(len(values) - 1) * r * r) if r < 0 else 1.0


def density_of(task: Task, preference: Preference) -> Density:
    """Return the density of a preference about a parameter of `task`."""
    index = task.space.names.index(preference.parameter)
    parameter = task.space.parameters[index]
    if preference.values:
        return _choices(index, parameter, preference)
    if preference.low is None or preference.high is None:
        return Density(index, 0.0 if preference.toward == "low" else 1.0, TOWARD)
    column = encoding_of(task.space).columns[index]
    places = [_place(parameter, v) for v in (preference.low, preference.high)]
    low, high = (float(u) for u in column.snap(np.array(places)))
    lean = {None: 0.0, "low": -LEANING, "high": LEANING}[preference.toward]
    centre = (low + high) / 2 + lean * (high - low)
    return Density(index, centre, max(NARROWEST, (high - low) / 2))


def _place(parameter: Parameter, value: float) -> float:
    low, high = float(getattr(parameter, "low", 0.0)), float(getattr(parameter, "high", 1.0))
    inside = min(max(value, low), high)
    if getattr(parameter, "log", False):
        return math.log(inside / low) / math.log(high / low)
    return (inside - low) / (high - low) if high > low else 0.5


def _choices(index: int, parameter: Parameter, preference: Preference) -> Density:
    options = list(getattr(parameter, "options", ()))
    liked = np.array([o in preference.values for o in options])
    if not liked.any() or liked.all():
        return Density(index, weights=np.ones(max(1, len(options))))
    even = np.full(len(options), UNIFORM)
    near = liked.astype(float)
    if not isinstance(parameter, Categorical):  # what lies beside a liked value is liked half
        beside = np.convolve(near, [0.5, 1.0, 0.5], mode="same")
        near = np.maximum(near, beside)
    weights = even + (1 - UNIFORM) * near * len(options) / near.sum()
    return Density(index, weights=weights)
