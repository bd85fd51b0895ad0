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
MEMORY = 600
SOFTNESS = 0.1
TOLERATED = 0.03
"""The share of failures that the margin is steered to."""
PACE = 2.0
WIDEST = 3.0
STEEPNESS = 20.0


class Feasibility:
    """How much a configuration is worth less because it may fail.

    Its log weight is its log probability to complete, and falls off steeply where the score behind
    that probability is below `margin` for any kind of failure: expected improvement alone would
    spend most trials beyond the edge of what runs wherever the best values lie at that edge.
    """

    def __init__(self, predictors: Sequence[Predictor], margin: float = 0.0) -> None:
        self.predictors, self.margin = tuple(predictors), margin

    def log_probability(self, X: Array) -> Array:
        """Return `b` log probabilities that `b x d` encoded configurations complete."""
        return np.asarray(sum(log_ndtr(_score(p, X)) for p in self.predictors))

    def log_weight(self, X: Array) -> Array:
        """Return `b` log weights of `b x d` encoded configurations."""
        scores = np.array([_score(p, X) for p in self.predictors])
        short = np.maximum(self.margin - scores, 0.0)
        return np.asarray((log_ndtr(scores) - STEEPNESS * short).sum(axis=0))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return log weights (`b`) and their gradients (`b x d`)."""
        weight, gradient = np.zeros(len(X)), np.zeros_like(X)
        for predictor in self.predictors:
            z, d_z = _score_gradients(predictor, X)
            log_p, short = log_ndtr(z), np.maximum(self.margin - z, 0.0)
            hazard = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - log_p)
            weight += log_p - STEEPNESS * short
            gradient += (hazard + STEEPNESS * (short > 0))[:, None] * d_z
        return weight, gradient


def _score(predictor: Predictor, X: Array) -> Array:
    """Return z (`b`), of which the normal distribution function is the probability."""
    mean, sd = predictor.predict(X)
    return mean / np.sqrt(SOFTNESS + sd**2)


def _score_gradients(predictor: Predictor, X: Array) -> tuple[Array, Array]:
    """Return z (`b`) and its gradients (`b x d`)."""
    at = predictor.gradients(X)
    spread = np.sqrt(SOFTNESS + at.sd**2)
    z = at.mean / spread
    return z, at.d_mean / spread[:, None] - (z * at.sd / spread**2)[:, None] * at.d_sd


def margin_after(broken: Sequence[bool]) -> float:
    """Return the score a configuration must have, after trials that failed or did not.

    Steered as in Gibbs & Candes 2021, "Adaptive Conformal Inference Under Distribution Shift", Eq.
    2: every failure raises it, every success lowers it, so that the share of failures tends to
    `TOLERATED` whatever the model's probabilities are worth.
    """
    margin = 0.0
    for failed in broken:
        margin = float(np.clip(margin + PACE * (failed - TOLERATED), 0.0, WIDEST))
    return margin


def feasibility(task: Task, trials: Sequence[Trial]) -> Feasibility | None:
    """Return the feasibility model, or None where nothing has failed."""
    ended = [t for t in trials if t.state in FINISHED][-MEMORY:]
    if not any(t.state in BROKEN for t in ended):
        return None
    encoding = encoding_of(task.space)
    X = encoding.encode([t.config for t in ended])
    ends = np.array([kind_of_end(t) for t in ended])
    broken = ends != ""
    predictors = []
    for kind in dict.fromkeys(ends[broken]):
        rows = (ends == kind) | ~broken
        predictors.append(fit_labels(encoding, X[rows], np.where(broken[rows], -1.0, 1.0)))
    return Feasibility(predictors, margin_after(broken.tolist()))
