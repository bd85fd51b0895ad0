"""Beliefs that earlier studies of the same space hand on, each as far as it ranks these trials.

RGPE: Feurer, Letham & Bakshy 2018, "Scalable Meta-Learning for Bayesian Optimization using
Ranking-Weighted Gaussian Process Ensembles" (arXiv 1802.02219), Sec. 4; BoTorch's tutorial
"Bayesian optimization with RGPE" is the recipe. Each earlier study keeps its own Gaussian process.
With f_i a draw of model i at the n points tried here and t their targets, its loss is the number of
pairs that f_i puts in the wrong order (Eq. 2; for the process of this study, each point as
predicted from the others). The weight w_i is the share of draws in which model i has the least
loss, ties shared; and

    mean(x) = sum_i w_i mean_i(x),    variance(x) = sum_i w_i^2 variance_i(x).

An earlier study whose median loss is above the 95 % quantile of this study's own is left out
altogether (Sec. 4.3), so that many poor ones do not add up: what misleads loses its weight.

One thing is added. The processes live on scales of their own; each earlier one is brought to this
study's by the line that fits its predictions to the targets best, drawn towards the identity as if
by `PSEUDO` observations. Rankings, and so the weights, do not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

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
from surrogates.gp import GaussianProcess, fit_gp, some_observed
from surrogates.likelihood import leave_one_out
from surrogates.models import PredictorModel
from surrogates.observations import Observed, observed
from surrogates.predictor import SMALLEST, Gradients, Predictor

Array = NDArray[np.float64]

DRAWS = 256
PSEUDO = 3.0
FLATTEST = 0.05
"""The least slope of the line that brings an earlier study to this one's scale."""
OUTLIER = 0.95


@dataclass(frozen=True)
class Earlier:
    """A finished study over the same space and objectives."""

    name: str
    task: Task
    trials: tuple[Trial, ...]


@dataclass(frozen=True)
class Part:
    """One member of the ensemble: `shift + slope * model` counts `weight`."""

    model: GaussianProcess
    weight: float
    shift: float = 0.0
    slope: float = 1.0

    @property
    def predictor(self) -> Predictor:
        """What predicts, on the member's own scale."""
        return self.model.predictor

    @property
    def share(self) -> float:
        """By what the member's own mean and standard deviation are multiplied."""
        return self.weight * self.slope


class EnsemblePredictor:
    """Predictions of all parts together; `X` and `targets` are those of the last, this study's."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = [p for p in parts if p.weight > 0]
        self.X, self.targets = parts[-1].predictor.X, parts[-1].predictor.targets

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation (`b` each) at `X` (`b x d`)."""
        mean, variance = np.zeros(len(X)), np.zeros(len(X))
        for part in self.parts:
            m, s = part.predictor.predict(X)
            mean += part.weight * part.shift + part.share * m
            variance += (part.share * s) ** 2
        return mean, np.sqrt(np.maximum(variance, SMALLEST))

    def gradients(self, X: Array) -> Gradients:
        """Return mean, standard deviation and their gradients at `X` (`b x d`)."""
        mean, variance = np.zeros(len(X)), np.zeros(len(X))
        d_mean, d_half = np.zeros_like(X), np.zeros_like(X)
        for part in self.parts:
            at = part.predictor.gradients(X)
            mean += part.weight * part.shift + part.share * at.mean
            variance += (part.share * at.sd) ** 2
            d_mean += part.share * at.d_mean
            d_half += part.share**2 * at.sd[:, None] * at.d_sd
        sd = np.sqrt(np.maximum(variance, SMALLEST))
        return Gradients(mean, sd, d_mean, d_half / sd[:, None])

    def believe(self, X: Array, targets: Array | None = None) -> EnsemblePredictor:
        """Return a predictor that has seen `targets` (`k`; as predicted if None) at `X`."""
        return EnsemblePredictor(believing(self.parts, X, targets))


def believing(parts: Sequence[Part], X: Array, targets: Array | None = None) -> list[Part]:
    """Return `parts` with `X` (`k x d`) pending: each loses its doubt there."""
    seen = EnsemblePredictor(parts).predict(X)[0] if targets is None else targets
    *earlier, own = parts
    last = GaussianProcess(own.predictor.believe(X, seen), own.model.transform)
    return [*(replace(p, model=p.model.believe(X)) for p in earlier), replace(own, model=last)]


class TransferModel(PredictorModel):
    """The ensemble as a BoTorch model with one output, on the scale of this study's targets."""

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__(EnsemblePredictor(parts), parts[-1].model.transform)
        self.parts = tuple(parts)

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> GPyTorchPosterior:
        """Return the joint posterior of `b x q x d` (or `q x d`) points, on the scale of `t`."""
        mean: Tensor | float = 0.0
        covariance: Tensor | float = 0.0
        for part in (p for p in self.parts if p.weight > 0):
            own: Any = part.model.posterior(X).distribution
            mean = mean + part.weight * part.shift + part.share * own.mean
            covariance = covariance + part.share**2 * own.covariance_matrix
        if observation_noise is True:
            covariance = covariance + torch.diag_embed(self.parts[-1].model.noise(X))
        posterior = GPyTorchPosterior(MultivariateNormal(mean, covariance))
        return posterior if posterior_transform is None else posterior_transform(posterior)

    def believe(self, X: Array) -> Self:
        """Return this model with `X` (`k x d`) observed at their predicted means."""
        return type(self)(believing(self.parts, X)) if len(X) else self


class TransferSurrogate:
    """Fits an ensemble per objective; without earlier studies it is the default process alone."""

    def __init__(self, earlier: Sequence[Earlier] = ()) -> None:
        self.earlier = tuple(earlier)

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return a `TransferModel`, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data = some_observed(task, trials)
        models = [TransferModel(self.parts(task, data, m)) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)

    def parts(self, task: Task, data: Observed, objective: int = 0) -> list[Part]:
        """Return the members with their weights: the earlier studies in order, then this one."""
        encoding = encoding_of(task.space)
        own = fit_gp(encoding, data, objective)
        bases = [self._model(task, e, objective) for e in self.earlier]
        rng = np.random.default_rng([task.seed, len(data)])
        found = weights(encoding, data, objective, bases, rng)
        targets = own.transform.forward(data.Y[:, objective])
        lines = [_line(model.marginals(data.X)[0], targets) for model in bases]
        parts = [Part(m, w, *line) for m, w, line in zip(bases, found, lines, strict=False)]
        return [*parts, Part(own, float(found[-1]))]

    def shares(self, task: Task, trials: Sequence[Trial]) -> dict[str, float]:
        """Return the weight of each earlier study for the first objective after `trials`."""
        data = observed(task, trials)
        if not len(data):
            return {}
        parts = self.parts(task, data)
        return {e.name: p.weight for e, p in zip(self.earlier, parts, strict=False)}

    def _model(self, task: Task, earlier: Earlier, objective: int) -> GaussianProcess:
        # Read with this study's space: the same one, which the encoding's caches then know.
        before = earlier.task.model_copy(update={"space": task.space})
        return fit_gp(encoding_of(task.space), some_observed(before, earlier.trials), objective)


def weights(
    encoding: Encoding,
    data: Observed,
    objective: int,
    bases: Sequence[GaussianProcess],
    rng: np.random.Generator,
) -> Array:
    """Return the weight of each of `bases` and, last, of the process fitted to `data` itself."""
    if not bases:
        return np.ones(1)
    y = data.Y[:, objective]
    rows = spread(y, FIT_ROWS)
    X, few = data.X[rows], y[rows]
    losses = [_loss(model.draws(X, DRAWS, rng), few) for model in bases]
    losses.append(_own_loss(encoding, data.take(rows), objective, rng))
    table = np.stack(losses)
    limit = np.quantile(table[-1], OUTLIER)
    table[:-1][np.median(table[:-1], axis=1) > limit] = np.inf
    least = table == table.min(axis=0)
    return np.asarray((least / least.sum(axis=0)).mean(axis=1))


def _loss(draws: Array, y: Array) -> Array:
    """Return the number of pairs in the wrong order in each of `draws` (`DRAWS x n`)."""
    worse = y[:, None] < y[None, :]
    lower = draws[:, :, None] < draws[:, None, :]
    return np.asarray((lower ^ worse).sum(axis=(1, 2)), dtype=float)


def _own_loss(
    encoding: Encoding, data: Observed, objective: int, rng: np.random.Generator
) -> Array:
    """Return the same of this study's own process, each point predicted from the others."""
    y = data.Y[:, objective]
    theta, transform = fitted(encoding, data.X, y, data.noise_scale)
    seen = likelihood_data(encoding, data.X, data.noise_scale)
    seen = replace(seen, targets=transform.forward(y))
    mean, sd = leave_one_out(theta, seen)
    draws = mean + sd * rng.standard_normal((DRAWS, len(y)))
    worse = y[:, None] < y[None, :]
    lower = draws[:, :, None] < seen.targets
    return np.asarray((lower ^ worse).sum(axis=(1, 2)), dtype=float)


def _line(means: Array, targets: Array) -> tuple[float, float]:
    """Return shift and slope that bring `means` (`n`) to `targets` (`n`) by ridge regression."""
    inputs = np.stack([np.ones(len(means)), means], axis=1)
    moment = inputs.T @ inputs + PSEUDO * np.eye(2)
    shift, slope = np.linalg.solve(moment, inputs.T @ targets + PSEUDO * np.array([0.0, 1.0]))
    if slope >= FLATTEST:
        return float(shift), float(slope)
    return float((targets - FLATTEST * means).mean()), FLATTEST
