"""The log posterior of a Gaussian process's hyperparameters, in closed form, and its maximum.

Notation: n observations `t`, d parameters, p features `Z` (`n x p`), m = n (n - 1) / 2 pairs. `D`
(`d x m`) are squared distances per parameter and pair. Kernel: Matern-5/2 of r, `r^2 = sum_j D_j /
l_j^2`. In a conditional space `k = w k_shared + (1 - w) k_all`: what all configurations have in
common explains a share w, each branch adds the rest. `K = k + s_n^2 I`. The constant mean is its
generalised-least-squares estimate and the output scale `s^2` its posterior mode, so only
lengthscales, noise and w are searched.

Priors: `l_j ~ LogNormal(sqrt 2 + log(d) / 2, sqrt 3)` (Hvarfner et al. 2024, "Vanilla Bayesian
Optimization Performs Great in High Dimensions", Sec. 5), `s_n^2 ~ LogNormal(-4, 1)`, and an
inverse-gamma prior worth `PSEUDO` observations that holds `s^2` near 1. The mode is sought as a
density of `l_j` for numbers and of `log l_j` for choices: the former lies `sd^2 = 3` lower, which
makes each choice an island, and a search that believes this never leaves the levels it has seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.optimize import minimize

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = tuple[NDArray[np.intp], NDArray[np.intp]]

PSEUDO = 4.0
NOISE_PRIOR = (-4.0, 1.0)
LOG_NOISE = (math.log(1e-6), math.log(1.0))
LOG_LENGTHSCALE = (math.log(0.02), math.log(100.0))
LOGIT_SHARE = (-4.0, 0.0)
"""Branches keep at least half of the variation: few bad points must not write a branch off."""


@dataclass(frozen=True)
class Hyperparameters:
    """Lengthscales (`d`, in units of the encoded range), noise variance over s^2, share w."""

    lengthscales: Array
    noise: float
    share: float = 0.0


@dataclass(frozen=True)
class Observations:
    """What the likelihood needs.

    `distances` is `d x m`, `targets` and `noise_scale` (by what each observation's noise variance
    is multiplied) are `n`, `shared` says which of the d parameters exist in all configurations,
    `categorical` which are choices, `dimension` how many exist together. `shift` (`d`) is added to
    the centres of the priors on the log lengthscales; None where nobody hinted at any.
    """

    distances: Array
    targets: Array
    noise_scale: Array
    shared: Mask
    categorical: Mask
    dimension: float
    shift: Array | None = None

    @property
    def conditional(self) -> bool:
        """Whether some parameters exist only in some configurations."""
        return not self.shared.all()


@dataclass(frozen=True)
class _Part:
    """One summand of the kernel: its weight, its parameters, values and slopes per pair."""

    weight: float
    members: Mask
    values: Array
    slopes: Array


@dataclass(frozen=True)
class _Solution:
    """What follows from K: its factor, log determinant, K^-1 residual, and the residual."""

    factor: Array
    log_det: float
    alpha: Array
    residual: Array


@lru_cache(maxsize=8)
def pairs(n: int) -> Indices:
    """Return row and column of the m pairs below the diagonal."""
    return np.tril_indices(n, -1)


def squared_distances(Z: Array, groups: NDArray[np.intp], d: int) -> Array:
    """Return `d x m` squared distances from features `Z` (`n x p`) of parameters `groups` (`p`)."""
    rows, columns = pairs(len(Z))
    D = np.zeros((d, len(rows)))
    for feature, parameter in zip(Z.T, groups, strict=True):
        D[parameter] += (feature[rows] - feature[columns]) ** 2
    return D


def matern(r2: Array) -> tuple[Array, Array]:
    """Return the Matern-5/2 kernel of squared distances, and -2 times its derivative."""
    r = np.sqrt(5.0 * np.maximum(r2, 0.0))
    decay = np.exp(-r)
    slope = (1.0 + r) * decay
    return slope + (r * r / 3.0) * decay, (5.0 / 3.0) * slope


def correlation(r2: Array) -> Array:
    """Return the Matern-5/2 kernel of squared distances, in the memory of `r2`."""
    r2 *= 5.0
    np.maximum(r2, 0.0, out=r2)
    r = np.sqrt(r2)
    r2 /= 3.0
    r2 += r
    r2 += 1.0
    np.negative(r, out=r)
    r2 *= np.exp(r, out=r)
    return r2


def unpack(theta: Array, conditional: bool) -> Hyperparameters:
    """Read hyperparameters from the search vector."""
    d = len(theta) - 1 - conditional
    share = 1.0 / (1.0 + math.exp(-theta[-1])) if conditional else 0.0
    return Hyperparameters(np.exp(theta[:d]), math.exp(theta[d]), share)


def negative_log_posterior(theta: Array, data: Observations) -> tuple[float, Array]:
    """Return the objective and its gradient; (1e300, 0) where K is not positive definite."""
    hyper = unpack(theta, data.conditional)
    parts = _parts(hyper, data)
    solved = _solve(parts, hyper, data)
    if solved is None:
        return 1e300, np.zeros_like(theta)
    n = len(data.targets)
    s2 = scale(solved.residual, solved.alpha)
    value = 0.5 * (n + PSEUDO) * math.log(s2) + 0.5 * solved.log_det
    prior, prior_gradient = _prior(theta, data)
    return value + prior, _gradient(parts, hyper, data, solved, s2) + prior_gradient


def scale(residual: Array, alpha: Array) -> float:
    """Return the posterior mode of s^2."""
    return float(residual @ alpha + PSEUDO) / (len(residual) + PSEUDO)


def _parts(hyper: Hyperparameters, data: Observations) -> list[_Part]:
    inverse_square = hyper.lengthscales**-2
    every = _Part(
        1.0 - hyper.share, np.ones_like(data.shared), *matern(inverse_square @ data.distances)
    )
    if not data.conditional:
        return [every]
    common = matern(inverse_square[data.shared] @ data.distances[data.shared])
    return [_Part(hyper.share, data.shared, *common), every]


def _solve(parts: list[_Part], hyper: Hyperparameters, data: Observations) -> _Solution | None:
    n = len(data.targets)
    K = np.empty((n, n), order="F")
    K[pairs(n)] = sum((p.weight * p.values for p in parts), np.zeros(1))
    K[np.diag_indices(n)] = 1.0 + hyper.noise * data.noise_scale
    factor, info = lapack.dpotrf(K, lower=1, clean=0, overwrite_a=1)
    if info:
        return None
    log_det = 2.0 * float(np.log(np.diag(factor)).sum())
    both = np.stack([np.ones(n), data.targets], axis=1)
    solved, _ = lapack.dpotrs(factor, both, lower=1)
    mean = solved[:, 1].sum() / solved[:, 0].sum()
    return _Solution(factor, log_det, solved[:, 1] - mean * solved[:, 0], data.targets - mean)


def _gradient(
    parts: list[_Part], hyper: Hyperparameters, data: Observations, solved: _Solution, s2: float
) -> Array:
    """Rasmussen & Williams 2006, Eq. 5.9: half the trace of (K^-1 - alpha alpha^T / s^2) dK."""
    n, d = len(data.targets), len(hyper.lengthscales)
    inverse, _ = lapack.dpotri(solved.factor, lower=1)
    rows, columns = pairs(n)
    alpha = solved.alpha
    # Each pair stands for two entries of the symmetric matrix, so the half is gone.
    G = inverse[rows, columns] - alpha[rows] * alpha[columns] / s2
    gradient = np.zeros(d + 1 + data.conditional)
    for part in parts:
        pull = data.distances[part.members] @ (G * part.slopes)
        gradient[:d][part.members] += part.weight * pull / hyper.lengthscales[part.members] ** 2
    diagonal = 0.5 * (np.diag(inverse) - alpha**2 / s2)
    gradient[d] = hyper.noise * float(diagonal @ data.noise_scale)
    if data.conditional:
        slope = G @ (parts[0].values - parts[1].values)
        gradient[-1] = hyper.share * (1.0 - hyper.share) * slope
    return gradient


def lengthscale_prior(dimension: float) -> tuple[float, float]:
    """Return mean and standard deviation of the log lengthscale."""
    return math.sqrt(2.0) + 0.5 * math.log(dimension), math.sqrt(3.0)


def _prior(theta: Array, data: Observations) -> tuple[float, Array]:
    centre, spread = _normal_prior(data)
    gap = (theta[: len(centre)] - centre) / spread
    gradient = np.zeros_like(theta)
    gradient[: len(centre)] = gap / spread
    value = 0.5 * float(gap @ gap)
    if data.conditional:
        value += theta[-1] ** 2 / 8.0
        gradient[-1] = theta[-1] / 4.0
    return value, gradient


def _normal_prior(data: Observations) -> tuple[Array, Array]:
    """Return centre and spread (`d + 1` each) of the normal that the priors are in the logs.

    A density of `l` is a normal in `log l` whose mode lies `sd^2` below the mean.
    """
    mean, sd = lengthscale_prior(data.dimension)
    centre = mean - sd**2 * ~data.categorical
    centre = centre if data.shift is None else centre + data.shift
    noise, width = NOISE_PRIOR
    return (
        np.append(centre, noise - width**2),
        np.append(np.full(len(centre), sd), width),
    )


def starts(data: Observations) -> list[Array]:
    """Return starting points: the priors' modes, and a rougher, noisier belief."""
    smooth, _ = _normal_prior(data)
    rough = np.append(smooth[:-1] - 0.7, math.log(0.1))
    tail = [-1.0] if data.conditional else []
    return [np.append(s, tail) for s in (smooth, rough)]


def fit(data: Observations, warm: Array | None = None, iterations: int = 60) -> Array:
    """Return the search vector of highest posterior density found by L-BFGS.

    `warm` replaces the starting points where it is given.
    """
    bounds = [LOG_LENGTHSCALE] * len(data.shared) + [LOG_NOISE] + [LOGIT_SHARE] * data.conditional
    best: tuple[float, Array] | None = None
    for start in [warm] if warm is not None else starts(data):
        found = minimize(
            negative_log_posterior,
            start,
            args=(data,),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": iterations, "maxls": 10, "ftol": 1e-6},
        )
        if best is None or found.fun < best[0]:
            best = (float(found.fun), np.asarray(found.x))
    assert best is not None
    return best[1]


def leave_one_out(theta: Array, data: Observations) -> tuple[Array, Array]:
    """Return mean and standard deviation of each target predicted from the others (`n` each).

    Rasmussen & Williams 2006, Eq. 5.12, noise included; hyperparameters and mean are kept.
    """
    hyper = unpack(theta, data.conditional)
    n = len(data.targets)
    solved = _solve(_parts(hyper, data), hyper, data)
    if solved is None:
        return np.zeros(n), np.ones(n)
    inverse, _ = lapack.dpotri(solved.factor, lower=1)
    precision = np.diag(inverse)
    s2 = scale(solved.residual, solved.alpha)
    return data.targets - solved.alpha / precision, np.sqrt(s2 / precision)
