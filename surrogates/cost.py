"""How long a configuration takes, learned from the seconds that trials took."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evals.task import Task
from evals.trials import Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.fitting import fitted
from surrogates.likelihood import unpack
from surrogates.observations import averaged
from surrogates.predictor import Predictor

Array = NDArray[np.float64]

FEWEST = 4
MEMORY = 300


class Cost:
    """A Gaussian process on the logarithm of the seconds."""

    def __init__(self, predictor: Predictor, centre: float, spread: float) -> None:
        self._predictor, self._centre, self._spread = predictor, centre, spread

    def log_seconds(self, X: Array) -> Array:
        """Return the expected log seconds (`b`) of `b x d` encoded configurations."""
        return self._centre + self._spread * self._predictor.predict(X)[0]

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return expected log seconds (`b`) and their gradients (`b x d`)."""
        at = self._predictor.gradients(X)
        return self._centre + self._spread * at.mean, self._spread * at.d_mean


def cost_of(task: Task, trials: Sequence[Trial]) -> Cost | None:
    """Return the cost model; None with fewer than four trials that say how long they took."""
    timed = [t for t in trials if t.state is TrialState.COMPLETE and t.cost > 0][-MEMORY:]
    if len(timed) < FEWEST:
        return None
    encoding = encoding_of(task.space)
    X = encoding.encode([t.config for t in timed])
    data = averaged(X, np.log([[t.cost] for t in timed]))
    seconds = data.Y[:, 0]
    centre, spread = float(seconds.mean()), max(float(seconds.std()), 1e-6)
    theta, _ = fitted(encoding, data.X, seconds, data.noise_scale, ("standardise",))
    hyper = unpack(theta, bool(encoding.conditional.any()))
    targets = (seconds - centre) / spread
    return Cost(Predictor(encoding, data.X, targets, data.noise_scale, hyper), centre, spread)
