"""Learned input warping: for objectives that change fast at one end of a range.

Snoek et al. 2014, "Input Warping for Bayesian Optimization of Non-Stationary Functions", Sec. 3:
each number passes through the distribution function of a Kumaraswamy distribution, `w(u) = 1 - (1 -
u^a)^b`, before the kernel sees it. BoTorch's `Warp` gives the MAP estimate of `a` and `b` under
log-normal priors around the identity; our Gaussian process goes on from there, on warped places.
Choices, numbers that exist under a condition, and what conditions ask for are left as they are.

Notation: d parameters, `X` (`n x d`) places in [0, 1], `a` and `b` (`d` each), 1 where not warped.
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
from surrogates.gp import GaussianProcess, fit_gp, some_observed
from surrogates.observations import Observed

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FEWEST = 8
"""With fewer observations nothing is warped."""
ITERATIONS = 75
PRIOR = (0.0, math.sqrt(0.75))
"""Mean and standard deviation of the logarithms of `a` and `b`."""
EDGE = 1e-6
"""How far from 0 and 1 places are kept, where the slopes of the warps have no bound."""


class WarpedEncoding(Encoding):
    """An encoding whose features are those of warped places; places themselves stay as they are."""

    def __init__(self, inner: Encoding, a: Array, b: Array) -> None:
        super().__init__(inner.space)
        self.a, self.b = a, b

    def features(self, X: Array) -> Array:
        """Return `n x p` features of `X` (`n x d`)."""
        return super().features(self._warped(X))

    def pull_back(self, X: Array, dZ: Array) -> Array:
        """Return gradients by `X` (`n x d`) of what has gradients `dZ` (`n x p`) by features."""
        u = self._inside(X)
        slope = self.a * self.b * u ** (self.a - 1.0) * (1.0 - u**self.a) ** (self.b - 1.0)
        return super().pull_back(self._warped(X), dZ) * np.where(self.moved, slope, 1.0)

    def torch_features(self, X: torch.Tensor) -> torch.Tensor:
        """Return `... x p` features of `X` (`... x d`); differentiable in the numbers."""
        u = X.clamp(EDGE, 1.0 - EDGE)
        warped = 1.0 - (1.0 - u ** torch.from_numpy(self.a)) ** torch.from_numpy(self.b)
        return super().torch_features(torch.where(torch.from_numpy(self.moved), warped, X))

    @property
    def moved(self) -> Mask:
        """Which parameters are warped at all (`d`)."""
        return np.asarray((self.a != 1.0) | (self.b != 1.0))

    def _warped(self, X: Array) -> Array:
        u = self._inside(X)
        return np.where(self.moved, 1.0 - (1.0 - u**self.a) ** self.b, X)

    @staticmethod
    def _inside(X: Array) -> Array:
        return np.clip(X, EDGE, 1.0 - EDGE)


class WarpedSurrogate:
    """Fits a Gaussian process over warped numbers; one per objective."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return a `GaussianProcess`, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data, encoding = some_observed(task, trials), encoding_of(task.space)
        models = [fit_warped(encoding, data, m) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)


def fit_warped(encoding: Encoding, data: Observed, objective: int = 0) -> GaussianProcess:
    """Fit one objective; the warps anew only at the checkpoints of `surrogates.fitting`."""
    return fit_gp(warped(encoding, data, objective), data, objective)


def warped(encoding: Encoding, data: Observed, objective: int = 0) -> Encoding:
    """Return `encoding` with the warps that one objective's observations suggest."""
    at = checkpoint(len(data))
    free = warpable(encoding)
    if at < FEWEST or not free.any():
        return encoding
    X, y, noise = data.X[:at], data.Y[:at, objective], data.noise_scale[:at]
    return _learned(encoding, X.tobytes(), y.tobytes(), noise.tobytes())


def warpable(encoding: Encoding) -> Mask:
    """Return which parameters are numbers with more than two values that always exist (`d`)."""
    parents = {c.parent for c in encoding.columns}
    return np.array(
        [
            not c.categorical and c.parent is None and c.index not in parents and c.values != 2
            for c in encoding.columns
        ]
    )


@lru_cache(maxsize=64)
def _learned(encoding: Encoding, X: bytes, y: bytes, noise: bytes) -> Encoding:
    gains = np.frombuffer(y)
    places, scale = np.frombuffer(X).reshape(len(gains), -1), np.frombuffer(noise)
    _, transform = fitted(encoding, places, gains, scale)
    rows = spread(gains, FIT_ROWS)
    a, b = concentrations(encoding, places[rows], transform.forward(gains[rows]))
    return WarpedEncoding(encoding, a, b)


def concentrations(encoding: Encoding, X: Array, targets: Array) -> tuple[Array, Array]:
    """Return the MAP estimate of `a` and `b` for `targets` (`n`) at `X` (`n x d`)."""
    from botorch.fit import fit_gpytorch_mll
    from gpytorch.mlls import ExactMarginalLogLikelihood

    free = np.flatnonzero(warpable(encoding))
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        model = _model(encoding, X, targets, free)
        search = ExactMarginalLogLikelihood(model.likelihood, model)
        fit_gpytorch_mll(search, optimizer_kwargs={"options": {"maxiter": ITERATIONS}})
    warp = model.input_transform
    a, b = np.ones(len(encoding)), np.ones(len(encoding))
    a[free] = warp.concentration1.detach().numpy()
    b[free] = warp.concentration0.detach().numpy()
    return a, b


def _model(encoding: Encoding, X: Array, targets: Array, free: NDArray[np.intp]) -> Any:
    from botorch.models import SingleTaskGP
    from botorch.models.transforms.input import Warp
    from botorch.models.utils.gpytorch_modules import get_covar_module_with_dim_scaled_prior
    from gpytorch.priors import LogNormalPrior

    Z = torch.from_numpy(encoding.features(X).copy())
    p = Z.shape[1]
    warp = Warp(
        d=p,
        indices=np.searchsorted(encoding.groups, free).tolist(),
        concentration1_prior=LogNormalPrior(*PRIOR),
        concentration0_prior=LogNormalPrior(*PRIOR),
        bounds=torch.tensor([[0.0], [1.0]], dtype=Z.dtype).expand(2, p),
    )
    return SingleTaskGP(
        Z,
        torch.from_numpy(targets.copy())[:, None],
        covar_module=get_covar_module_with_dim_scaled_prior(ard_num_dims=p, use_rbf_kernel=False),
        outcome_transform=None,
        input_transform=warp,
    )
