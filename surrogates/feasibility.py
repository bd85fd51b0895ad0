"""How likely a configuration is to run at all, learned from trials that failed.

Least-squares classification (Rasmussen & Williams 2006, Sec. 6.5): a Gaussian process on labels -1
and 1, read through the normal distribution function. Each kind of failure (memory, time, a score
that is not finite, a crash) has a process of its own, which never sees trials that ended in another
way: what runs out of memory depends on other parameters than what diverges. A configuration
completes where none of them strikes. No penalty value enters any score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from evals.failures import kind_of_end
from evals.task import Task
from evals.trials import Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.gp import fit_labels
from surrogates.observations import BROKEN
from surrogates.predictor import Predictor

Array = NDArray[np.float64]

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, *BROKEN)
RECENT = 10
MOST_CAUTION = 25.0
MEMORY = 600
SOFTNESS = 0.1


class Feasibility:
    """How much a configuration is worth less because it may fail.

    `caution` is the exponent of the probability: 1 is plain expected improvement; it grows with the
    share of recent failures, so that a search does not spend its trials beyond the edge of what
    runs just because the best values lie at that edge.
    """

    def __init__(self, predictors: Sequence[Predictor], caution: float = 1.0) -> None:
        self.predictors, self.caution = tuple(predictors), caution

    def log_probability(self, X: Array) -> Array:
        """Return `b` log probabilities that `b x d` encoded configurations complete."""
        return np.asarray(sum(_log_probability(p, X) for p in self.predictors))

    def log_weight(self, X: Array) -> Array:
        """Return `b` log weights: `caution` times the log probability."""
        return self.caution * self.log_probability(X)

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return log weights (`b`) and their gradients (`b x d`)."""
        log_p, slopes = zip(*(_gradients(p, X) for p in self.predictors), strict=True)
        return self.caution * np.sum(log_p, axis=0), self.caution * np.sum(slopes, axis=0)


def _log_probability(predictor: Predictor, X: Array) -> Array:
    mean, sd = predictor.predict(X)
    return np.asarray(log_ndtr(mean / np.sqrt(SOFTNESS + sd**2)))


def _gradients(predictor: Predictor, X: Array) -> tuple[Array, Array]:
    """Return the log probability that one kind of failure spares `X`, and its gradient."""
    at = predictor.gradients(X)
    spread = np.sqrt(SOFTNESS + at.sd**2)
    z = at.mean / spread
    log_p = log_ndtr(z)
    d_z = at.d_mean / spread[:, None] - (z * at.sd / spread**2)[:, None] * at.d_sd
    hazard = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - log_p)
    return log_p, hazard[:, None] * d_z


def feasibility(task: Task, trials: Sequence[Trial]) -> Feasibility | None:
    """Return the feasibility model, or None where nothing has failed."""
    ended = [t for t in trials if t.state in FINISHED][-MEMORY:]
    if not any(t.state in BROKEN for t in ended):
        return None
    encoding = encoding_of(task.space)
    X = encoding.encode([t.config for t in ended])
    ends = np.array([kind_of_end(t) for t in ended])
    broken = ends != ""
    recent = float(np.mean(broken[-RECENT:]))
    caution = min(MOST_CAUTION, 1.0 / (1.0 - recent) ** 2) if recent < 1 else MOST_CAUTION
    predictors = []
    for kind in dict.fromkeys(ends[broken]):
        rows = (ends == kind) | ~broken
        predictors.append(fit_labels(encoding, X[rows], np.where(broken[rows], -1.0, 1.0)))
    return Feasibility(predictors, caution)
