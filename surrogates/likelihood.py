"""The log posterior of a Gaussian process's hyperparameters, in closed form, and its maximum.

Notation: n observations `t`, d parameters, p features `Z` (`n x p`). `D` (`d x n x n`) are squared
distances per parameter. Kernel: Matern-5/2 of r, `r^2 = sum_j D_j / l_j^2`. In a conditional space
`k = w k_shared + (1 - w) k_all`: what all configurations have in common explains a share w, each
branch adds the rest. `K = k + s_n^2 I`. The constant mean is its generalised-least-squares estimate
and the output scale `s^2` its posterior mode, so only lengthscales, noise and w are searched.

Priors: `l_j ~ LogNormal(sqrt 2 + log(d) / 2, sqrt 3)` (Hvarfner et al. 2024, "Vanilla Bayesian
Optimization Performs Great in High Dimensions", Sec. 5), `s_n^2 ~ LogNormal(-4, 1)`, and an
inverse-gamma prior worth `PSEUDO` observations that holds `s^2` near 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import minimize

Array = NDArray[np.float64]

PSEUDO = 4.0
LOG_NOISE = (math.log(1e-6), math.log(1.0))
LOG_LENGTHSCALE = (math.log(0.02), math.log(100.0))
LOGIT_SHARE = (-4.0, 4.0)


@dataclass(frozen=True)
class Hyperparameters:
    """Lengthscales (`d`, in units of the encoded range), noise variance over s^2, share w."""

    lengthscales: Array
    noise: float
    share: float = 0.0


@dataclass(frozen=True)
class Observations:
    """What the likelihood needs: `D` flattened to `d x n^2`, targets `t`, and by
    what each observation's noise variance is multiplied (`n`)."""

    distances: Array
    targets: Array
    noise_scale: Array
    shared: NDArray[np.bool_]
    dimension: float

    @property
    def conditional(self) -> bool:
        """Whether some parameters exist only in some configurations."""
        return not self.shared.all()


def squared_distances(Z: Array, groups: NDArray[np.intp], d: int) -> Array:
    """Return `d x n^2` squared distances from features `Z` (`n x p`) of parameters `groups`."""
    n = len(Z)
    D = np.zeros((d, n, n))
    for column, parameter in zip(Z.T, groups, strict=True):
        D[parameter] += (column[:, None] - column[None, :]) ** 2
    return D.reshape(d, n * n)


def matern(r2: Array) -> tuple[Array, Array]:
    """Return the Matern-5/2 kernel of squared distances, and -2 times its derivative."""
    r = np.sqrt(5.0 * np.maximum(r2, 0.0))
    decay = np.exp(-r)
    slope = (5.0 / 3.0) * (1.0 + r) * decay
    return (1.0 + r + r * r / 3.0) * decay, slope


def unpack(theta: Array, conditional: bool) -> Hyperparameters:
    """Read hyperparameters from the search vector."""
    d = len(theta) - 1 - conditional
    share = 1.0 / (1.0 + math.exp(-theta[-1])) if conditional else 0.0
    return Hyperparameters(np.exp(theta[:d]), math.exp(theta[d]), share)


def negative_log_posterior(theta: Array, data: Observations) -> tuple[float, Array]:
    """Return the objective and its gradient; (inf, 0) where K is not positive definite."""
    hyper = unpack(theta, data.conditional)
    n, d = len(data.targets), len(hyper.lengthscales)
    inverse_square = hyper.lengthscales**-2
    kernels = _kernels(data, inverse_square)
    weights = [hyper.share, 1.0 - hyper.share] if data.conditional else [1.0]
    solved = _solve(_covariance(kernels, weights, hyper, data), data.targets)
    if solved is None:
        return math.inf, np.zeros_like(theta)
    inverse, log_det, residual, alpha = solved
    s2 = scale(residual, alpha)
    value = 0.5 * (n + PSEUDO) * math.log(s2) + 0.5 * log_det
    G = 0.5 * (inverse - np.outer(alpha, alpha) / s2)
    gradient = np.zeros_like(theta)
    for w, (members, _, slope) in zip(weights, kernels, strict=True):
        pull = (G.reshape(-1) * slope) @ data.distances[members].T
        gradient[:d][members] += w * pull * inverse_square[members]
    gradient[d] = hyper.noise * float(np.diag(G) @ data.noise_scale)
    if data.conditional:
        difference = kernels[0][1] - kernels[1][1]
        gradient[-1] = hyper.share * (1 - hyper.share) * (G.reshape(-1) @ difference)
    prior, prior_gradient = _prior(theta, data)
    return value + prior, gradient + prior_gradient


def scale(residual: Array, alpha: Array) -> float:
    """Return the posterior mode of s^2."""
    return float(residual @ alpha + PSEUDO) / (len(residual) + PSEUDO)


def _kernels(
    data: Observations, inverse_square: Array
) -> list[tuple[NDArray[np.bool_], Array, Array]]:
    every = np.ones(len(inverse_square), dtype=bool)
    parts = [data.shared, every] if data.conditional else [every]
    return [(m, *matern(inverse_square[m] @ data.distances[m])) for m in parts]


def _covariance(
    kernels: list[tuple[NDArray[np.bool_], Array, Array]],
    weights: list[float],
    hyper: Hyperparameters,
    data: Observations,
) -> Array:
    n = len(data.targets)
    K: Array = sum(
        (w * kernel for w, (_, kernel, _) in zip(weights, kernels, strict=True)), np.zeros(n * n)
    ).reshape(n, n)
    K[np.diag_indices(n)] += hyper.noise * data.noise_scale
    return K


def _solve(K: Array, targets: Array) -> tuple[Array, float, Array, Array] | None:
    """Return K^-1, log |K|, the residual from the least-squares mean, and K^-1 residual."""
    chol, info = lapack.dpotrf(K, lower=1, overwrite_a=1)
    if info:
        return None
    log_det = 2.0 * float(np.log(np.diag(chol)).sum())
    inverse, _ = lapack.dpotri(chol, lower=1, overwrite_c=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    ones = inverse.sum(axis=0)
    residual = targets - (ones @ targets) / ones.sum()
    return inverse, log_det, residual, inverse @ residual


def lengthscale_prior(dimension: float) -> tuple[float, float]:
    """Return mean and standard deviation of the log lengthscale."""
    return math.sqrt(2.0) + 0.5 * math.log(dimension), math.sqrt(3.0)


def _prior(theta: Array, data: Observations) -> tuple[float, Array]:
    d = data.distances.shape[0]
    mean, sd = lengthscale_prior(data.dimension)
    centre = np.full(d + 1, mean)
    spread = np.full(d + 1, sd)
    centre[d], spread[d] = -4.0, 1.0
    gap = theta[: d + 1] - centre
    gradient = np.zeros_like(theta)
    gradient[: d + 1] = gap / spread**2 + 1.0
    value = 0.5 * float(np.sum((gap / spread) ** 2)) + float(np.sum(theta[: d + 1]))
    if data.conditional:
        value += 0.5 * theta[-1] ** 2 / 4.0
        gradient[-1] = theta[-1] / 4.0
    return value, gradient


def starts(data: Observations) -> list[Array]:
    """Return starting points: the priors' modes, and a rougher, noisier belief."""
    d = data.distances.shape[0]
    mean, sd = lengthscale_prior(data.dimension)
    smooth = np.append(np.full(d, mean - sd**2), -5.0)
    rough = np.append(np.full(d, mean - sd**2 - 0.7), math.log(0.1))
    tail = [0.0] if data.conditional else []
    return [np.append(s, tail) for s in (smooth, rough)]


def fit(data: Observations, warm: Array | None = None, iterations: int = 60) -> Array:
    """Return the search vector of highest posterior density found by L-BFGS.

    `warm` replaces the starting points where it is given.
    """
    d = data.distances.shape[0]
    bounds = [LOG_LENGTHSCALE] * d + [LOG_NOISE] + [LOGIT_SHARE] * data.conditional
    best: tuple[float, Array] | None = None
    for start in [warm] if warm is not None else starts(data):
        found = minimize(
            negative_log_posterior,
            start,
            args=(data,),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": iterations, "maxls": 10, "ftol": 1e-7},
        )
        if best is None or found.fun < best[0]:
            best = (float(found.fun), np.asarray(found.x))
    assert best is not None
    return best[1]


def leave_one_out(theta: Array, data: Observations) -> tuple[Array, Array]:
    """Return mean and standard deviation of each target predicted from the others.

    Rasmussen & Williams 2006, Eq. 5.12, noise included; hyperparameters and mean are kept.
    """
    hyper = unpack(theta, data.conditional)
    n = len(data.targets)
    kernels = _kernels(data, hyper.lengthscales**-2)
    weights = [hyper.share, 1.0 - hyper.share] if data.conditional else [1.0]
    solved = _solve(_covariance(kernels, weights, hyper, data), data.targets)
    if solved is None:
        return np.zeros(n), np.ones(n)
    inverse, _, residual, alpha = solved
    precision = np.diag(inverse)
    return data.targets - alpha / precision, np.sqrt(scale(residual, alpha) / precision)
