"""Noise that depends on the configuration: some of them give the same score again, some do not.

Kersting, Plagemann, Pfaff & Burgard 2007, "Most Likely Heteroscedastic Gaussian Process
Regression", Sec. 4: a second Gaussian process for the logarithm of the noise variance, fitted to
what the first one leaves unexplained, then the first one again with that noise. What is
unexplained is here the residual of leave-one-out prediction, in closed form and in units of its own
sd, where they draw samples. Repeats of a configuration (`acquisition.replication`) teach it most:
each is predicted from the others.

The first process keeps the noise level that its likelihood finds; the second says by what it is
multiplied where. BoTorch's own heteroskedastic recipe (`SingleTaskGP` with a `train_Yvar` that a
second one predicts) is the same idea; ours keeps the priors, choices and conditions of `gp`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import torch
from botorch.models.model import Model, ModelList
from numpy.typing import NDArray
from torch import Tensor

from evals.task import Task
from evals.trials import Trial
from surrogates.encoding import Encoding, encoding_of
from surrogates.fitting import FIT_ROWS, fitted, likelihood_data, spread
from surrogates.gp import MODEL_ROWS, GaussianProcess, fit_gp, some_observed
from surrogates.likelihood import fit, leave_one_out, unpack
from surrogates.observations import Observed
from surrogates.output_transforms import OutputTransform
from surrogates.predictor import SMALLEST, Predictor

Array = NDArray[np.float64]

ENOUGH = 12
"""With fewer observations the noise is taken to be the same everywhere."""
WIDEST = 30.0
"""No configuration is so many times noisier, or less noisy, than the typical one."""
LEAST = 1e-3
"""A squared standardised residual counts as no less: a coincidence is not an absence of noise."""


class HeteroscedasticProcess(GaussianProcess):
    """A Gaussian process whose noise depends on the point.

    Args:
        predictor: what predicts, on the scale of the targets.
        transform: the output transform that made the targets from gains.
        log_noise: what predicts the log of the noise's multiplier.
    """

    def __init__(
        self, predictor: Predictor, transform: OutputTransform, log_noise: Predictor
    ) -> None:
        super().__init__(predictor, transform)
        self.log_noise = log_noise

    def multiplier(self, X: Array) -> Array:
        """Return by what the noise variance is multiplied at `X` (`n x d`): `n`."""
        return _multiplier(self.log_noise, X)

    def noise(self, X: Tensor) -> Tensor:
        """Return the variance of one observation's noise at `b x q x d` points (`b x q`)."""
        flat = X.detach().reshape(-1, X.shape[-1]).numpy()
        return torch.from_numpy(self.multiplier(flat)).reshape(X.shape[:-1]) * super().noise(X)

    def left_out(self) -> tuple[Array, Array]:
        """Return each target's mean and standard deviation from the others (`n` each).

        A target's noise is learned from the others, too, where all have taught it (`FIT_ROWS`).
        """
        mean, sd = self.predictor.left_out()
        if len(self.log_noise.X) != len(mean):
            return mean, sd
        scale = self.predictor.noise_scale
        others = _bounded(self.log_noise.left_out()[0]) / self.multiplier(self.predictor.X) * scale
        more = self.predictor.s2 * self.predictor.hyper.noise * (others - scale)
        return mean, np.sqrt(np.maximum(sd**2 + more, SMALLEST))

    def believe(self, X: Array) -> Self:
        """Return this model with `X` (`k x d`) observed at their predicted means."""
        if not len(X):
            return self
        return type(self)(self.predictor.believe(X), self.transform, self.log_noise)


class HeteroscedasticSurrogate:
    """Fits a `HeteroscedasticProcess` per objective; with little data the default process."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return the model, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data, encoding = some_observed(task, trials), encoding_of(task.space)
        models = [fit_heteroscedastic(encoding, data, m) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)


def fit_heteroscedastic(encoding: Encoding, data: Observed, objective: int = 0) -> GaussianProcess:
    """Fit one objective."""
    y = data.Y[:, objective]
    first = fit_gp(encoding, data, objective)
    if len(y) < ENOUGH or np.ptp(y) == 0:
        return first
    rows = spread(y, FIT_ROWS)
    few = data.take(rows)
    theta, transform = fitted(encoding, data.X, y, data.noise_scale)
    seen = replace(
        likelihood_data(encoding, few.X, few.noise_scale), targets=transform.forward(y[rows])
    )
    mean, sd = leave_one_out(theta, seen)
    squares = np.maximum(((seen.targets - mean) / sd) ** 2, LEAST)
    log_noise = _smooth(encoding, few.X, np.log(squares))
    noisy = replace(seen, noise_scale=few.noise_scale * _multiplier(log_noise, few.X))
    hyper = unpack(fit(noisy, warm=theta), bool(encoding.conditional.any()))
    kept = data.take(spread(y, MODEL_ROWS))
    scale = kept.noise_scale * _multiplier(log_noise, kept.X)
    targets = transform.forward(kept.Y[:, objective])
    predictor = Predictor(encoding, kept.X, targets, scale, hyper)
    return HeteroscedasticProcess(predictor, transform, log_noise)


def _smooth(encoding: Encoding, X: Array, logs: Array) -> Predictor:
    """Return what predicts the logs (`n`), about their mean: only ratios of noise count."""
    centred = logs - logs.mean()
    ones = np.ones(len(X))
    theta, _ = fitted(encoding, X, centred, ones, ("standardise",))
    hyper = unpack(theta, bool(encoding.conditional.any()))
    return Predictor(encoding, X, centred, ones, hyper)


def _multiplier(log_noise: Predictor, X: Array) -> Array:
    return _bounded(log_noise.predict(X)[0])


def _bounded(logs: Array) -> Array:
    widest = np.log(WIDEST)
    return np.exp(np.clip(logs, -widest, widest))
