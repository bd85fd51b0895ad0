"""What is believed to matter, as hints to the lengthscales of the default process.

A parameter matters where the objective changes over a short distance along it. The prior on the
log lengthscale of each parameter that was named moves by `-SHIFT`, that of each other one by
`+SHIFT`, both divided by `1 + n / HALF` after n observations. The prior's own standard deviation is
sqrt 3, so that a hint is three tenths of one and the likelihood outweighs it within a few trials;
the division is for a parameter about which the likelihood says little: a false hint would else stay
for good.

The idea to turn an expert's relevance of inputs into priors on lengthscales is old (automatic
relevance determination, Neal 1996); these two constants are ours and were not tuned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evals.steering import important
from evals.task import Task

Array = NDArray[np.float64]
Hints = tuple[float, ...] | None
"""What to add to each log lengthscale's prior centre before there are data (`d`); None: nothing."""

SHIFT = 0.5
HALF = 10
"""After so many observations a hint counts half."""


def hints(task: Task) -> Hints:
    """Return the hints to the lengthscales of `task`'s parameters; None where there are none.

    That all parameters matter most says nothing.
    """
    named = important(task)
    if not named or set(task.space.names) <= set(named):
        return None
    return tuple(-SHIFT if name in named else SHIFT for name in task.space.names)


def shift(given: Hints, n: int) -> Array | None:
    """Return what is left of the hints after `n` observations (`d`)."""
    return None if given is None else np.array(given) / (1.0 + n / HALF)
