"""Acquisition functions that ask what a trial would teach: knowledge gradient, max-value entropy.

Both look at the model through BoTorch's joint posterior, on the scale of the model, and return the
logarithm of what they measure, so that weights of feasibility and cost can be added.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.belief import Belief

if TYPE_CHECKING:
    from torch import Tensor

REPRESENTATIVES = 12
"""Best points seen, among which the best is sought after the trial."""
NODES = 16
CANDIDATES = 512
LEAST = 1e-12


def knowledge_gradient(belief: Belief) -> Callable[[Tensor], Tensor]:
    """Return the log knowledge gradient of `b x 1 x d` points.

    Frazier, Powell & Dayanik 2009, "The Knowledge-Gradient Policy for Correlated Normal Beliefs",
    Eq. 14: by how much the best posterior mean is expected to rise. The best is sought among
    `REPRESENTATIVES` points and the new one, and the expectation is taken over `NODES` quantiles of
    the new observation.
    """
    import torch

    model, known = belief.model, np.concatenate([belief.observed, belief.pending])
    means = model.marginals(known)[0]
    best = torch.from_numpy(known[np.argsort(-means, kind="stable")[:REPRESENTATIVES]])
    quantiles = (torch.arange(NODES, dtype=torch.float64) + 0.5) / NODES
    z = torch.special.ndtri(quantiles)
    before = float(means.max())

    def gradient(X: Tensor) -> Tensor:
        joint = torch.cat([X, best.expand(len(X), *best.shape)], dim=1)
        believed: Any = model.posterior(joint)
        mean, covariance = believed.mean[..., 0], believed.distribution.covariance_matrix
        observed: Any = model.posterior(X, observation_noise=True)
        taught = covariance[:, 0, :] / observed.variance[:, 0].clamp_min(LEAST).sqrt()
        after = (mean[..., None] + taught[..., None] * z).amax(dim=1).mean(dim=-1)
        return torch.as_tensor((after - before).clamp_min(LEAST).log())

    return gradient


def max_value_entropy(belief: Belief) -> Callable[[Tensor], Tensor]:
    """Return the log information that `b x 1 x d` points carry about the largest value.

    Wang & Jegelka 2017, "Max-value Entropy Search for Efficient Bayesian Optimization", Eq. 6, by
    BoTorch's `qMaxValueEntropy` with Gumbel samples of the largest value.
    """
    import torch
    from botorch.acquisition.max_value_entropy_search import qMaxValueEntropy

    from acquisition.sobol import scrambled

    rng = np.random.default_rng(belief.seed)
    drawn = scrambled(rng, belief.observed.shape[1], CANDIDATES)
    candidates = torch.from_numpy(np.concatenate([drawn, belief.observed]))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(belief.seed % 2**31)
        search = qMaxValueEntropy(
            belief.model, candidates, train_inputs=torch.from_numpy(belief.observed)
        )

    def information(X: Tensor) -> Tensor:
        return torch.as_tensor(search(X)).clamp_min(LEAST).log()

    return information
