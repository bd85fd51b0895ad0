"""When hyperparameters and output transforms are fitted anew, and on which observations.

The full search (two starts, all transforms compared) runs at checkpoints: at every number of trials
up to `EVERY`, then at numbers that grow by an eighth. In between, the search goes on from the last
checkpoint with the transform chosen there. All of it follows from the trials alone; what is
remembered between calls only saves time.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from surrogates.encoding import Encoding
from surrogates.hints import Hints, shift
from surrogates.likelihood import Observations, fit, squared_distances
from surrogates.output_transforms import TRANSFORMS, OutputTransform
from surrogates.selection import DEFAULT, chosen

Array = NDArray[np.float64]

FIT_ROWS = 150
"""Hyperparameters are fitted to at most this many observations."""
EVERY = 16
GROWTH = 1.125
REFINE = 10


def fitted(
    encoding: Encoding,
    X: Array,
    y: Array,
    noise_scale: Array,
    transforms: tuple[str, ...] = DEFAULT,
    hints: Hints = None,
) -> tuple[Array, OutputTransform]:
    """Return hyperparameters (as a search vector) and the output transform of gains `y` (`n`).

    `transforms` names those to choose among, the one to use with little data first; `hints` say
    which lengthscales are believed to be shorter or longer.
    """
    n, at = len(y), checkpoint(len(y))
    theta, name = _at_checkpoint(
        encoding, X[:at].tobytes(), y[:at].tobytes(), noise_scale[:at].tobytes(), transforms, hints
    )
    transform = TRANSFORMS[name](y)
    if at == n:
        return theta, transform
    rows = spread(y, FIT_ROWS)
    data = likelihood_data(encoding, X[rows], noise_scale[rows])
    data = replace(data, targets=transform.forward(y[rows]), shift=shift(hints, n))
    return fit(data, warm=theta, iterations=REFINE), transform


def checkpoint(n: int) -> int:
    """Return the largest number of observations, at most n, at which everything is fitted anew."""
    if n <= EVERY:
        return n
    at = EVERY
    while (following := int(np.ceil(at * GROWTH))) <= n:
        at = following
    return at


@lru_cache(maxsize=256)
def _at_checkpoint(
    encoding: Encoding, X: bytes, y: bytes, noise: bytes, transforms: tuple[str, ...], hints: Hints
) -> tuple[Array, str]:
    gains = np.frombuffer(y)
    rows = spread(gains, FIT_ROWS)
    places = np.frombuffer(X).reshape(len(gains), -1)[rows]
    data = likelihood_data(encoding, places, np.frombuffer(noise)[rows])
    data = replace(data, shift=shift(hints, len(gains)))
    theta, transform = chosen(data, gains[rows], transforms)
    return theta, transform.name


def likelihood_data(encoding: Encoding, X: Array, noise_scale: Array) -> Observations:
    """Return what the likelihood needs to know, targets left out (zeros)."""
    D = squared_distances(encoding.features(X), encoding.groups, len(encoding))
    return Observations(
        D,
        np.zeros(len(X)),
        noise_scale,
        encoding.shared,
        encoding.categorical,
        encoding.dimension,
    )


def spread(y: Array, limit: int) -> NDArray[np.intp]:
    """Return at most `limit` rows: the better half best first, the rest evenly over time."""
    if len(y) <= limit:
        return np.arange(len(y))
    best = np.argsort(-y, kind="stable")[: limit // 2]
    rest = np.setdiff1d(np.arange(len(y)), best)
    even = rest[np.linspace(0, len(rest) - 1, limit - len(best)).round().astype(np.intp)]
    return np.sort(np.concatenate([best, even]))
