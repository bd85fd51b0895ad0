"""Joint entropy search: what a trial teaches about where the best is and how good it is, together.

Hvarfner, Hutter & Nardi 2022, "Joint Entropy Search for Maximally-Informed Bayesian Optimization",
Eq. 9-11, by BoTorch's `qJointEntropySearch` (the lower bound of Tu et al. 2022). The optima are
those of functions drawn from the posterior (`acquisition.thompson`), climbed as the search climbs,
so that choices and conditions are kept.

Notation: J optima, b points, d parameters, everything on the model's scale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from botorch.acquisition.joint_entropy_search import qJointEntropySearch
from botorch.models.model import Model
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from numpy.typing import NDArray
from torch import Tensor

from acquisition.belief import Belief
from acquisition.information import LEAST
from acquisition.pool import candidates, improve
from acquisition.thompson import Draw, draw
from surrogates.predictor import SMALLEST

Array = NDArray[np.float64]

OPTIMA = 16
POOL = 256
STARTS = 2
LEADERS = 5
BLOCK = 256
"""So many points are judged at a time: their joint covariance is quadratic in their number."""


def joint_entropy(belief: Belief) -> Callable[[Tensor], Tensor]:
    """Return the log information that `b x 1 x d` points carry about the optimum and its value.

    Raises:
        UserError: the surrogate is no Gaussian process, nor a sum of such.
    """
    places, values = optima(belief)
    # The sampler that the lower bound does not use takes a seed of torch's.
    with torch.random.fork_rng(devices=[]):
        search = qJointEntropySearch(
            _Conditionable(belief.model),
            torch.from_numpy(places),
            torch.from_numpy(values)[:, None],
        )

    def information(X: Tensor) -> Tensor:
        return torch.as_tensor(search(X)).clamp_min(LEAST).log()

    return information


def optima(belief: Belief) -> tuple[Array, Array]:
    """Return places (`J x d`, snapped) and values (`J`) of the optima of functions drawn.

    Raises:
        UserError: the surrogate is no Gaussian process, nor a sum of such.
    """
    rng = np.random.default_rng([belief.seed, len(belief.pending)])
    draws = [draw(belief.model, rng) for _ in range(OPTIMA)]
    order = np.argsort(-belief.model.marginals(belief.observed)[0], kind="stable")
    best = belief.observed[order[:LEADERS]]
    pool = np.concatenate([candidates(draws[0].encoding, best, rng, POOL), best])
    found = [_optimum(path, pool) for path in draws]
    return np.stack([place for place, _ in found]), np.array([value for _, value in found])


def _optimum(path: Draw, pool: Array) -> tuple[Array, float]:
    starts = pool[np.argsort(-path(pool), kind="stable")[:STARTS]]
    reached, values = improve(path.encoding, path, starts)
    best = int(np.argmax(values))
    return reached[best], float(values[best])


class _Conditionable(Model):
    """A model that can be told, once per optimum, what the optimum would be."""

    num_outputs = 1
    batch_shape = torch.Size()

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model

    def posterior(self, X: Tensor, *args: Any, **options: Any) -> Any:
        """Return the posterior of the model itself."""
        return self._model.posterior(X, *args, **options)

    def condition_on_observations(
        self, X: Tensor, Y: Tensor, noise: Tensor | None = None, **_: Any
    ) -> _Conditioned:
        """Return the model after each of `J x 1 x d` points had one of `J x 1 x 1` values."""
        variance = torch.zeros_like(Y) if noise is None else noise
        return _Conditioned(self._model, X[:, 0, :], Y[:, 0, 0], variance[:, 0, 0])


class _Conditioned(Model):
    """J posteriors, each with one observation more; points are judged one by one."""

    num_outputs = 1

    def __init__(self, model: Model, X: Tensor, Y: Tensor, noise: Tensor) -> None:
        super().__init__()
        self._model, self._X = model, X
        at: Any = model.posterior(X.unsqueeze(-2))
        self._variance = at.variance.reshape(-1) + noise
        self._surprise = (Y - at.mean.reshape(-1)) / self._variance

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> GPyTorchPosterior:
        """Return the posteriors of `b x 1 x 1 x d` points: a batch of `b x J`."""
        flat = X[:, 0, 0, :]
        blocks = [flat[i : i + BLOCK] for i in range(0, len(flat), BLOCK)]
        parts = [self._moments(rows, observation_noise) for rows in blocks]
        mean, variance = (torch.cat(part).unsqueeze(-1) for part in zip(*parts, strict=True))
        return GPyTorchPosterior(MultivariateNormal(mean, torch.diag_embed(variance)))

    def _moments(self, rows: Tensor, observation_noise: bool | Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and variance (`b x J` each) at `rows` (`b x d`)."""
        count, joint = len(rows), torch.cat([rows, self._X])
        at: Any = self._model.posterior(joint, observation_noise=observation_noise)
        covariance = at.distribution.covariance_matrix
        shared = covariance[:count, count:]
        mean = at.distribution.mean[:count, None] + shared * self._surprise
        own = covariance.diagonal()[:count, None]
        return mean, (own - shared.square() / self._variance).clamp_min(SMALLEST)
