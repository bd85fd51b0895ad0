"""How likely a configuration is to run at all, learned from trials that failed.

Least-squares classification (Rasmussen & Williams 2006, Sec. 6.5): a Gaussian process on labels -1
and 1, read through the normal distribution function. No penalty value enters any score.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from evals.task import Task
from evals.trials import Trial, TrialState
from surrogates.encoding import encoding_of
from surrogates.gp import FIT_ROWS, GaussianProcess, fit_labels
from surrogates.observations import BROKEN

RECENT = 10
MOST_CAUTION = 25.0
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED, *BROKEN)


class Feasibility:
    """How much a configuration is worth less because it may fail.

    `caution` is the exponent of the probability: 1 is plain expected improvement; it grows with the
    share of recent failures, so that a search does not spend its trials beyond the edge of what
    runs just because the best values lie at that edge.
    """

    def __init__(self, model: GaussianProcess, caution: float = 1.0) -> None:
        self.model, self.caution = model, caution

    def log_weight(self, X: Tensor) -> Tensor:
        """Return `b` log weights, `caution` times the log probability; differentiable."""
        return self.caution * self.log_probability(X)

    def log_probability(self, X: Tensor) -> Tensor:
        """Return `b` log probabilities for `b x d` encoded configurations; differentiable."""
        posterior = self.model.posterior(X.unsqueeze(-2))
        mean, variance = posterior.mean[:, 0, 0], posterior.variance[:, 0, 0]
        probability: Tensor = torch.special.log_ndtr(mean / (0.1 + variance).sqrt())
        return probability


def feasibility(task: Task, trials: Sequence[Trial]) -> Feasibility | None:
    """Return the feasibility model, or None where nothing has failed."""
    ended = [t for t in trials if t.state in FINISHED]
    if not any(t.state in BROKEN for t in ended):
        return None
    ended = ended[-4 * FIT_ROWS :]
    encoding = encoding_of(task.space)
    X = encoding.encode([t.config for t in ended])
    labels = np.array([-1.0 if t.state in BROKEN else 1.0 for t in ended])
    recent = float(np.mean(labels[-RECENT:] < 0))
    caution = min(MOST_CAUTION, 1.0 / (1.0 - recent) ** 2) if recent < 1 else MOST_CAUTION
    return Feasibility(fit_labels(encoding, X, labels), caution)
