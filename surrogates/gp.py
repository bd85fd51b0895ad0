"""The default surrogate: a Gaussian process over mixed and conditional spaces.

Notation as in `likelihood.py`; b batch size, q points judged together. The model lives on the scale
of its output transform `t`, on which larger is better; `native` leads back to the user's scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from botorch.models.model import Model, ModelList
from botorch.posteriors.gpytorch import GPyTorchPosterior
from gpytorch.distributions import MultivariateNormal
from numpy.typing import NDArray
from torch import Tensor

from evals.task import Task
from evals.trials import Trial
from surrogates.encoding import Encoding, encoding_of
from surrogates.likelihood import (
    Hyperparameters,
    Observations,
    fit,
    scale,
    squared_distances,
    unpack,
)
from surrogates.observations import Observed, averaged, observed
from surrogates.output_transforms import OutputTransform
from surrogates.selection import chosen

Array = NDArray[np.float64]

FIT_ROWS = 150
"""Hyperparameters are fitted to at most this many observations."""
MODEL_ROWS = 1000
"""Predictions are conditioned on at most this many observations."""


class GaussianProcess(Model):
    """An exact Gaussian process with fixed hyperparameters; a BoTorch model with one output.

    Args:
        encoding: the search space's encoding.
        X: `n x d` distinct encoded configurations.
        targets: `n` transformed gains.
        noise_scale: `n` multipliers of the noise variance.
        hyper: the hyperparameters.
        transform: the output transform that made `targets` from gains.
        moments: mean and s^2 to keep (for fantasies); estimated from `targets` where None.
    """

    num_outputs = 1

    def __init__(
        self,
        encoding: Encoding,
        X: Array,
        targets: Array,
        noise_scale: Array,
        hyper: Hyperparameters,
        transform: OutputTransform,
        moments: tuple[float, float] | None = None,
    ) -> None:
        super().__init__()
        self.encoding, self.hyper, self.transform = encoding, hyper, transform
        self.X, self.targets, self.noise_scale = X, targets, noise_scale
        self._weights = torch.from_numpy(1.0 / hyper.lengthscales[encoding.groups])
        self._shared = torch.from_numpy(encoding.shared[encoding.groups])
        self._Z = self._scaled(torch.from_numpy(X))
        K = self._kernel(self._Z, self._Z)
        K = K + torch.diag(torch.from_numpy(hyper.noise * noise_scale))
        self._chol = torch.linalg.cholesky(K)
        self.mean, self.s2 = moments or self._moments()
        residual = torch.from_numpy(targets - self.mean)
        self._alpha = torch.cholesky_solve(residual[:, None], self._chol)[:, 0]
        self._root = torch.linalg.solve_triangular(
            self._chol, torch.eye(len(X), dtype=torch.float64), upper=False
        )

    @property
    def batch_shape(self) -> torch.Size:
        """No batch of models."""
        return torch.Size()

    @property
    def train_inputs(self) -> tuple[Tensor]:
        """The `n x d` inputs, where BoTorch looks for them."""
        return (torch.from_numpy(self.X),)

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> GPyTorchPosterior:
        """Return the joint posterior of `b x q x d` (or `q x d`) points, on the scale of `t`."""
        mean, covariance = self._predict(X)
        if observation_noise is True:
            covariance = covariance + self.s2 * self.hyper.noise * torch.eye(X.shape[-2]).to(X)
        posterior = GPyTorchPosterior(MultivariateNormal(mean, covariance))
        return posterior if posterior_transform is None else posterior_transform(posterior)

    def marginals(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation (`n` each) at each row of `X`, on the scale of `t`."""
        with torch.no_grad():
            mean, covariance = self._predict(torch.from_numpy(X)[:, None, :])
        return mean[:, 0].numpy(), covariance[:, 0, 0].sqrt().numpy()

    def native(self, mean: Array, sd: Array) -> tuple[Array, Array]:
        """Return median and half the central 68 % interval on the scale of the gains."""
        low, high = self.transform.inverse(mean - sd), self.transform.inverse(mean + sd)
        return self.transform.inverse(mean), (high - low) / 2.0

    def believe(self, X: Array) -> GaussianProcess:
        """Return this model with `X` (`k x d`) observed at their predicted means.

        The kriging believer of Ginsbourger et al. (2010): pending points take away uncertainty.
        """
        if not len(X):
            return self
        mean, _ = self.marginals(X)
        return GaussianProcess(
            self.encoding,
            np.concatenate([self.X, X]),
            np.concatenate([self.targets, mean]),
            np.concatenate([self.noise_scale, np.ones(len(X))]),
            self.hyper,
            self.transform,
            (self.mean, self.s2),
        )

    def _scaled(self, X: Tensor) -> Tensor:
        return self.encoding.features(X) * self._weights

    def _kernel(self, A: Tensor, B: Tensor) -> Tensor:
        every = _matern(A, B)
        if self.hyper.share == 0.0:
            return every
        shared = _matern(A[..., self._shared], B[..., self._shared])
        return self.hyper.share * shared + (1.0 - self.hyper.share) * every

    def _moments(self) -> tuple[float, float]:
        targets = torch.from_numpy(self.targets)
        both = torch.stack([torch.ones_like(targets), targets], dim=-1)
        solved = torch.cholesky_solve(both, self._chol)
        mean = float(solved[:, 1].sum() / solved[:, 0].sum())
        residual = self.targets - mean
        alpha = (solved[:, 1] - mean * solved[:, 0]).numpy()
        return mean, scale(residual, alpha)

    def _predict(self, X: Tensor) -> tuple[Tensor, Tensor]:
        Z = self._scaled(X)
        cross = self._kernel(Z, self._Z)
        mean = self.mean + cross @ self._alpha
        root = cross @ self._root.T
        if X.shape[-2] == 1:
            variance = 1.0 - root.square().sum(-1)
            return mean, (self.s2 * variance).clamp_min(1e-12).unsqueeze(-1)
        covariance = self._kernel(Z, Z) - root @ root.mT
        jitter = 1e-9 * torch.eye(X.shape[-2], dtype=X.dtype)
        return mean, self.s2 * (covariance + jitter)


def _matern(A: Tensor, B: Tensor) -> Tensor:
    """Matern-5/2 of scaled features `... x a x p` and `... x b x p`, smooth at distance 0."""
    squares = A.square().sum(-1).unsqueeze(-1) + B.square().sum(-1).unsqueeze(-2)
    r2 = (squares - 2.0 * (A @ B.mT)).clamp_min(1e-15)
    r = (5.0 * r2).sqrt()
    return (1.0 + r + r * r / 3.0) * torch.exp(-r)


class GPSurrogate:
    """Fits the default Gaussian process; one per objective, independent of one another."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return a `GaussianProcess`, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data = observed(task, trials)
        if not len(data):
            raise ValueError("A surrogate needs at least one completed trial.")
        encoding = encoding_of(task.space)
        models = [fit_gp(encoding, data, m) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)


def fit_gp(encoding: Encoding, data: Observed, objective: int = 0) -> GaussianProcess:
    """Fit hyperparameters and the output transform of one objective."""
    few = data.take(spread(data.Y[:, objective], FIT_ROWS))
    theta, transform = chosen(likelihood_data(encoding, few), few.Y[:, objective])
    used = data.take(spread(data.Y[:, objective], MODEL_ROWS))
    return GaussianProcess(
        encoding,
        used.X,
        transform.forward(used.Y[:, objective]),
        used.noise_scale,
        unpack(theta, bool(encoding.conditional.any())),
        transform,
    )


def likelihood_data(encoding: Encoding, data: Observed) -> Observations:
    """Return what the likelihood needs to know of `data`, targets left out (zeros)."""
    Z = encoding.features(torch.from_numpy(data.X)).numpy()
    D = squared_distances(Z, encoding.groups, len(encoding))
    return Observations(
        D, np.zeros(len(data)), data.noise_scale, encoding.shared, encoding.dimension
    )


def spread(y: Array, limit: int) -> NDArray[np.intp]:
    """Return at most `limit` rows: the better half best first, the rest evenly over time."""
    if len(y) <= limit:
        return np.arange(len(y))
    best = np.argsort(-y, kind="stable")[: limit // 2]
    rest = np.setdiff1d(np.arange(len(y)), best)
    even = rest[np.linspace(0, len(rest) - 1, limit - len(best)).round().astype(np.intp)]
    return np.sort(np.concatenate([best, even]))


def fit_labels(encoding: Encoding, X: Array, labels: Array) -> GaussianProcess:
    """Fit a Gaussian process to labels in {-1, 1}, untransformed; equal rows are averaged."""
    data = averaged(X, labels[:, None])
    even = np.unique(np.linspace(0, len(data) - 1, FIT_ROWS).round().astype(np.intp))
    few = data.take(even)
    part = replace(likelihood_data(encoding, few), targets=few.Y[:, 0])
    hyper = unpack(fit(part), part.conditional)
    identity = OutputTransform("identity", lambda y: y, lambda t: t)
    return GaussianProcess(
        encoding, data.X, data.Y[:, 0], data.noise_scale, hyper, identity, (0.0, 1.0)
    )


def fit_first(task: Task, trials: Sequence[Trial]) -> GaussianProcess:
    """Fit the first objective only.

    Raises:
        ValueError: no trial has completed.
    """
    data = observed(task, trials)
    if not len(data):
        raise ValueError("A surrogate needs at least one completed trial.")
    return fit_gp(encoding_of(task.space), data)
