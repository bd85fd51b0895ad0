"""The default surrogate: a Gaussian process over mixed and conditional spaces.

b is a batch size, q the number of points judged together.
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
from surrogates.fitting import FIT_ROWS, fitted, likelihood_data, spread
from surrogates.likelihood import fit, unpack
from surrogates.models import PredictorModel
from surrogates.observations import Observed, averaged, observed
from surrogates.output_transforms import OutputTransform
from surrogates.predictor import SMALLEST, Predictor

Array = NDArray[np.float64]

MODEL_ROWS = 400
"""Predictions are conditioned on at most this many observations."""
LABEL_NOISE = 5.0
"""By what the noise prior counts for labels: an edge fitted without noise is believed too soon."""


class GaussianProcess(PredictorModel):
    """A Gaussian process with fixed hyperparameters, as a BoTorch model with one output.

    Args:
        predictor: what predicts, on the scale of the targets.
        transform: the output transform that made the targets from gains.
    """

    predictor: Predictor

    def __init__(self, predictor: Predictor, transform: OutputTransform) -> None:
        super().__init__(predictor, transform)
        self._weights = torch.from_numpy(predictor.weights)
        self._shared = torch.from_numpy(predictor.shared)
        self._Z = torch.from_numpy(predictor.Z)
        self._alpha = torch.from_numpy(predictor.alpha)

    @property
    def train_inputs(self) -> tuple[Tensor]:
        """The `n x d` inputs, where BoTorch looks for them."""
        return (torch.from_numpy(self.predictor.X),)

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> GPyTorchPosterior:
        """Return the joint posterior of `b x q x d` (or `q x d`) points, on the scale of `t`."""
        mean, covariance = self._joint(X)
        if observation_noise is True:
            covariance = covariance + torch.diag_embed(self.noise(X))
        posterior = GPyTorchPosterior(MultivariateNormal(mean, covariance))
        return posterior if posterior_transform is None else posterior_transform(posterior)

    def noise(self, X: Tensor) -> Tensor:
        """Return the variance of one observation's noise at `b x q x d` points (`b x q`)."""
        return torch.full(X.shape[:-1], self.predictor.s2 * self.predictor.hyper.noise).to(X)

    def left_out(self) -> tuple[Array, Array]:
        """Return each target's mean and standard deviation from the others (`n` each)."""
        return self.predictor.left_out()

    def _kernel(self, A: Tensor, B: Tensor) -> Tensor:
        every, share = _matern(A, B), self.predictor.hyper.share
        if share == 0.0:
            return every
        shared = _matern(A[..., self._shared], B[..., self._shared])
        return share * shared + (1.0 - share) * every

    def _joint(self, X: Tensor) -> tuple[Tensor, Tensor]:
        Z = self.predictor.encoding.torch_features(X) * self._weights
        cross = self._kernel(Z, self._Z)
        root = cross @ torch.from_numpy(self.predictor.inverse_factor).T
        covariance = self.predictor.s2 * (self._kernel(Z, Z) - root @ root.mT)
        jitter = 1e-9 * torch.eye(X.shape[-2], dtype=X.dtype)
        if X.shape[-2] == 1:
            covariance, jitter = covariance.clamp_min(SMALLEST), 0.0 * jitter
        return self.predictor.mean + cross @ self._alpha, covariance + jitter


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
        data = some_observed(task, trials)
        encoding = encoding_of(task.space)
        models = [fit_gp(encoding, data, m) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)


def fit_first(task: Task, trials: Sequence[Trial]) -> GaussianProcess:
    """Fit the first objective only.

    Raises:
        ValueError: no trial has completed.
    """
    return fit_gp(encoding_of(task.space), some_observed(task, trials))


def some_observed(task: Task, trials: Sequence[Trial]) -> Observed:
    """Return what can be learned from; raise `ValueError` where no trial has completed."""
    data = observed(task, trials)
    if not len(data):
        raise ValueError("A surrogate needs at least one completed trial.")
    return data


def fit_gp(encoding: Encoding, data: Observed, objective: int = 0) -> GaussianProcess:
    """Fit hyperparameters and the output transform of one objective."""
    y = data.Y[:, objective]
    hints = data.hints if objective == 0 else None
    theta, transform = fitted(encoding, data.X, y, data.noise_scale, hints=hints)
    rows = spread(y, MODEL_ROWS)
    hyper = unpack(theta, bool(encoding.conditional.any()))
    predictor = Predictor(
        encoding, data.X[rows], transform.forward(y[rows]), data.noise_scale[rows], hyper
    )
    return GaussianProcess(predictor, transform)


def fit_labels(encoding: Encoding, X: Array, labels: Array) -> Predictor:
    """Fit a Gaussian process of mean 0 to labels in {-1, 1}; equal rows are averaged."""
    data = averaged(X, labels[:, None], np.full(len(X), LABEL_NOISE))
    few = data.take(np.unique(np.linspace(0, len(data) - 1, FIT_ROWS).round().astype(np.intp)))
    part = replace(likelihood_data(encoding, few.X, few.noise_scale), targets=few.Y[:, 0])
    hyper = unpack(fit(part), part.conditional)
    return Predictor(encoding, data.X, data.Y[:, 0], data.noise_scale, hyper, (0.0, 1.0))
