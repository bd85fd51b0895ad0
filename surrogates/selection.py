"""Which output transform the data support, by leave-one-out prediction.

Transforms change the scale on which a density is measured, so densities cannot be compared. The
score used here can: the log probability, under leave-one-out prediction, that a point falls between
its neighbours in the order of all scores (a logarithmic score of the discretised outcome, which no
monotone transform changes).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from surrogates.likelihood import Observations, fit, leave_one_out
from surrogates.output_transforms import TRANSFORMS, OutputTransform

Array = NDArray[np.float64]

DEFAULT = ("winsorise", "standardise", "power", "log_regret")
"""The first is used while there is too little data to choose; the others must beat it."""
ENOUGH = 8
MARGIN = 1.0
LEAST = 1e-6
"""No single surprise counts for more than a probability of this."""


def chosen(
    data: Observations, y: Array, transforms: tuple[str, ...] = DEFAULT
) -> tuple[Array, OutputTransform]:
    """Return fitted hyperparameters (as a search vector) and the transform they belong to."""
    transform = TRANSFORMS[transforms[0]](y)
    first = replace(data, targets=transform.forward(y))
    theta = fit(first)
    if len(transforms) == 1 or len(y) < ENOUGH or np.ptp(y) == 0:
        return theta, transform
    best = (rank_score(*leave_one_out(theta, first), first.targets) + MARGIN, theta, transform)
    for name in transforms[1:]:
        transform = TRANSFORMS[name](y)
        changed = replace(data, targets=transform.forward(y))
        warm = fit(changed, warm=theta, iterations=15)
        score = rank_score(*leave_one_out(warm, changed), changed.targets)
        if score > best[0]:
            best = (score, warm, transform)
    return best[1], best[2]


def rank_score(mean: Array, sd: Array, targets: Array) -> float:
    """Return the summed log probability of each target's place in the order of all.

    Args:
        mean: `n` predictions, each made without the target itself.
        sd: `n` standard deviations, noise included.
        targets: `n` targets.
    """
    order = np.unique(targets)
    middles = (order[1:] + order[:-1]) / 2
    place = np.searchsorted(middles, targets)
    upper = np.append(middles, np.inf)[place]
    lower = np.insert(middles, 0, -np.inf)[place]
    probability = ndtr((upper - mean) / sd) - ndtr((lower - mean) / sd)
    return float(np.log(np.maximum(probability, LEAST)).sum())
