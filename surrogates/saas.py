"""Sparse axis-aligned subspaces: for many parameters of which few matter.

Eriksson & Jankowiak 2021, "High-Dimensional Bayesian Optimization with Sparse Axis-Aligned
Subspaces", Sec. 4: half-Cauchy priors on the inverse squared lengthscales, shrunk together by a
global scale. BoTorch's MAP estimate (`get_map_saas_model`) gives the lengthscales and the noise,
with which our predictor goes on: predictions, gradients and pending trials cost what they always
do. In conditional spaces all parameters share one kernel.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from botorch.models.model import Model, ModelList
from numpy.typing import NDArray

from evals.task import Task
from evals.trials import Trial
from surrogates.encoding import Encoding, encoding_of
from surrogates.fitting import FIT_ROWS, checkpoint, fitted, spread
from surrogates.gp import MODEL_ROWS, GaussianProcess, some_observed
from surrogates.likelihood import LOG_LENGTHSCALE, LOG_NOISE, Hyperparameters
from surrogates.observations import Observed
from surrogates.predictor import Predictor

Array = NDArray[np.float64]

FEWEST = 3
"""With fewer observations the default Gaussian process is used."""
ITERATIONS = 100


class SaasSurrogate:
    """Fits a Gaussian process under the SAAS prior; one per objective."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return a `GaussianProcess`, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data, encoding = some_observed(task, trials), encoding_of(task.space)
        models = [fit_saas(encoding, data, m) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)


def fit_saas(encoding: Encoding, data: Observed, objective: int = 0) -> GaussianProcess:
    """Fit one objective; hyperparameters anew only at the checkpoints of `surrogates.fitting`."""
    y = data.Y[:, objective]
    _, transform = fitted(encoding, data.X, y, data.noise_scale)
    at = checkpoint(len(y))
    targets = transform.forward(y)
    hyper = sparse(encoding, data.X[:at], targets[:at]) if at >= FEWEST else _broad(encoding)
    rows = spread(y, MODEL_ROWS)
    predictor = Predictor(encoding, data.X[rows], targets[rows], data.noise_scale[rows], hyper)
    return GaussianProcess(predictor, transform)


def sparse(encoding: Encoding, X: Array, targets: Array) -> Hyperparameters:
    """Return the MAP hyperparameters of `targets` (`n`) at `X` (`n x d`) under the SAAS prior."""
    rows = spread(targets, FIT_ROWS)
    Z = encoding.features(X[rows])
    lengthscales, noise = _searched(Z.tobytes(), Z.shape[1], targets[rows].tobytes())
    # The features of one parameter share a lengthscale here: that of the one that matters most.
    shortest = np.full(len(encoding), np.inf)
    np.minimum.at(shortest, encoding.groups, lengthscales)
    low, high = map(math.exp, LOG_LENGTHSCALE)
    least, most = map(math.exp, LOG_NOISE)
    return Hyperparameters(np.clip(shortest, low, high), min(max(noise, least), most))


def _broad(encoding: Encoding) -> Hyperparameters:
    return Hyperparameters(np.full(len(encoding), math.sqrt(encoding.dimension)), 1e-2)


@lru_cache(maxsize=64)
def _searched(Z: bytes, width: int, targets: bytes) -> tuple[Array, float]:
    """Return lengthscales (`p`) and the noise variance over the output scale."""
    from botorch.fit import fit_gpytorch_mll
    from botorch.models.map_saas import get_map_saas_model
    from gpytorch.mlls import ExactMarginalLogLikelihood

    X = torch.from_numpy(np.frombuffer(Z).reshape(-1, width).copy())
    Y = torch.from_numpy(np.frombuffer(targets).copy())[:, None]
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        model: Any = get_map_saas_model(X, Y)
        search = ExactMarginalLogLikelihood(model.likelihood, model)
        fit_gpytorch_mll(search, optimizer_kwargs={"options": {"maxiter": ITERATIONS}})
    kernel = model.covar_module
    lengthscales = kernel.base_kernel.lengthscale.detach().reshape(-1).numpy()
    return lengthscales, float(model.likelihood.noise.item() / kernel.outputscale.item())
