"""Monotone transforms that give the scores a shape a Gaussian process can model.

Notation: `y` (`n`) are gains (larger is better, any scale), `t` (`n`) what the surrogate is fitted
to, with mean about 0 and spread about 1. Every transform is strictly increasing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Map = Callable[[Array], Array]


@dataclass(frozen=True)
class OutputTransform:
    """A fitted transform: `forward` from gains to the surrogate's scale, `inverse` back."""

    name: str
    forward: Map
    inverse: Map


def _scale(y: Array) -> tuple[float, float]:
    """Return centre and spread of `y`; spread 1 where all values are equal."""
    centre, spread = float(np.mean(y)), float(np.std(y))
    tiny = 1e-12 * max(abs(float(y.max())), abs(float(y.min())), 1e-290)
    return centre, spread if spread > tiny else max(abs(centre), 1.0)


def standardise(y: Array) -> OutputTransform:
    """Mean 0, standard deviation 1."""
    centre, spread = _scale(y)
    return OutputTransform(
        "standardise", lambda v: (v - centre) / spread, lambda t: centre + spread * t
    )


def _then_standardise(name: str, forward: Map, inverse: Map, y: Array) -> OutputTransform:
    last = standardise(forward(y))
    return OutputTransform(
        name, lambda v: last.forward(forward(v)), lambda t: inverse(last.inverse(t))
    )


def winsorise(y: Array) -> OutputTransform:
    """Scores far below the median count logarithmically: one disaster does not flatten the rest.

    The knee lies twice the distance between the median and the 90th percentile below the median.
    """
    middle = float(np.median(y))
    spread = float(np.quantile(y, 0.9)) - middle
    if spread <= 1e-9 * max(1e-290, float(y.max() - y.min())):
        return OutputTransform("winsorise", standardise(y).forward, standardise(y).inverse)
    knee = middle - 2 * spread

    def forward(v: Array) -> Array:
        below = np.maximum(knee - v, 0.0) / spread
        return np.maximum(v, knee) - spread * np.log1p(below)

    def inverse(t: Array) -> Array:
        below = np.minimum(np.maximum(knee - t, 0.0) / spread, 700.0)
        return np.maximum(t, knee) - spread * np.expm1(below)

    return _then_standardise("winsorise", forward, inverse, y)


def power(y: Array) -> OutputTransform:
    """Yeo-Johnson with the exponent of largest likelihood (Yeo & Johnson 2000)."""
    from sklearn.preprocessing import PowerTransformer

    first = standardise(y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = PowerTransformer().fit(np.clip(first.forward(y), -50, 50)[:, None])
    exponent = float(np.clip(fitted.lambdas_[0], -1.0, 4.0))
    fitted.lambdas_[0] = exponent
    reach = fitted.transform(np.array([[-50.0], [50.0]]))[:, 0]

    def forward(v: Array) -> Array:
        return np.asarray(fitted.transform(np.clip(first.forward(v), -50, 50)[:, None])[:, 0])

    def inverse(t: Array) -> Array:
        inside = np.clip(t, *reach)[:, None]
        return first.inverse(np.asarray(fitted.inverse_transform(inside)[:, 0]))

    return _then_standardise("power", forward, inverse, y)


def log_regret(y: Array) -> OutputTransform:
    """Minus the logarithm of the distance to slightly above the best score.

    The margin is the gap between the best two distinct scores, kept between 1 % and 20 % of the
    distance from the best to the median, so that the best score is no lonely spike.
    """
    best = float(y.max())
    reach = best - float(np.median(y))
    if reach <= 1e-9 * max(1e-290, best - float(y.min())):
        reach = max(best - float(y.min()), 1e-290)
    gaps = np.unique((best - y) / reach)
    margin = float(np.clip(gaps[1] if len(gaps) > 1 else 0.2, 0.01, 0.2))

    def forward(v: Array) -> Array:
        return -np.log(np.maximum((best - v) / reach, -0.999 * margin) + margin)

    def inverse(t: Array) -> Array:
        return best + reach * (margin - np.exp(np.clip(-t, -700.0, 700.0)))

    return _then_standardise("log_regret", forward, inverse, y)


TRANSFORMS: dict[str, Callable[[Array], OutputTransform]] = {
    "standardise": standardise,
    "winsorise": winsorise,
    "power": power,
    "log_regret": log_regret,
}
