"""Predictions of a Gaussian process with fixed hyperparameters, with gradients in closed form.

Notation as in `likelihood.py`; b points `X` (`b x d`) are judged each on its own. Everything is on
the scale of the targets `t`. BoTorch's automatic differentiation gives the same numbers at thirty
times the price, and the search for the next trial asks for them hundreds of times.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas, lapack

from surrogates.encoding import Encoding
from surrogates.likelihood import Hyperparameters, correlation, matern, scale

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SMALLEST = 1e-12
"""No variance is below this: a standard deviation of 0 has no logarithm."""
BLOCK = 64
"""Points predicted together: their kernel with a few hundred observations stays in the cache."""


@dataclass(frozen=True)
class Gradients:
    """Mean and standard deviation (`b` each) with their gradients by X (`b x d` each)."""

    mean: Array
    sd: Array
    d_mean: Array
    d_sd: Array


class Predicts(Protocol):
    """Predictions of single points on the scale of the targets, in closed form."""

    X: Array
    targets: Array

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation (`b` each) at `X` (`b x d`)."""

    def gradients(self, X: Array) -> Gradients:
        """Return mean, standard deviation and their gradients at `X` (`b x d`)."""

    def believe(self, X: Array, targets: Array | None = None) -> Predicts:
        """Return a predictor that has seen `targets` (`k`; as predicted if None) at `X`."""


class Predictor:
    """Conditions a Gaussian process on observations.

    Args:
        encoding: the search space's encoding.
        X: `n x d` encoded configurations.
        targets: `n` transformed gains.
        noise_scale: `n` multipliers of the noise variance.
        hyper: the hyperparameters.
        moments: mean and s^2 to keep (for fantasies); estimated from `targets` where None.
    """

    def __init__(
        self,
        encoding: Encoding,
        X: Array,
        targets: Array,
        noise_scale: Array,
        hyper: Hyperparameters,
        moments: tuple[float, float] | None = None,
    ) -> None:
        self.encoding, self.hyper = encoding, hyper
        self.X, self.targets, self.noise_scale = X, targets, noise_scale
        self.weights: Array = 1.0 / hyper.lengthscales[encoding.groups]
        self.shared: Mask = encoding.shared[encoding.groups]
        self.Z = encoding.features(X) * self.weights
        self.factor = self._factor()
        ones = self._solve(np.ones(len(X)))
        self.mean, self.s2 = moments or self._moments(ones)
        self.alpha = self._solve(targets - self.mean)

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation (`b` each) at `X` (`b x d`)."""
        Z = self.encoding.features(X) * self.weights
        mean, sd = np.empty(len(X)), np.empty(len(X))
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            cross = self.kernel(Z[rows])
            mean[rows] = self.mean + cross @ self.alpha
            sd[rows] = self._sd(self._whitened(cross))
        return mean, sd

    def gradients(self, X: Array) -> Gradients:
        """Return mean, standard deviation and their gradients at `X` (`b x d`)."""
        Z = self.encoding.features(X) * self.weights
        parts = self._parts(Z)
        cross = sum((w * values for w, _, values, _ in parts), np.zeros(1))
        root = self._whitened(cross)
        sd = self._sd(root)
        d_mean = self._pull(parts, X, Z, np.broadcast_to(self.alpha, cross.shape))
        d_root = self._pull(parts, X, Z, root @ self.inverse_factor)
        d_sd = -self.s2 * d_root / sd[:, None]
        return Gradients(self.mean + cross @ self.alpha, sd, d_mean, d_sd)

    def left_out(self) -> tuple[Array, Array]:
        """Return mean and standard deviation of each target from the others (`n` each).

        Rasmussen & Williams 2006, Eq. 5.12, noise included; hyperparameters and mean are kept.
        """
        precision = (self.inverse_factor**2).sum(axis=0)
        return self.targets - self.alpha / precision, np.sqrt(self.s2 / precision)

    def kernel(self, Z: Array) -> Array:
        """Return `b x n` prior correlations between scaled features `Z` (`b x p`) and the data."""
        every = correlation(_squares(Z, self.Z))
        if not self.encoding.conditional.any():
            return every
        share = self.hyper.share
        common = correlation(_squares(Z[:, self.shared], self.Z[:, self.shared]))
        return share * common + (1.0 - share) * every

    def believe(self, X: Array, targets: Array | None = None) -> Predictor:
        """Return a predictor that has seen `targets` (`k`; as predicted if None) at `X`."""
        seen = self.predict(X)[0] if targets is None else targets
        return Predictor(
            self.encoding,
            np.concatenate([self.X, X]),
            np.concatenate([self.targets, seen]),
            np.concatenate([self.noise_scale, np.ones(len(X))]),
            self.hyper,
            (self.mean, self.s2),
        )

    @cached_property
    def inverse_factor(self) -> Array:
        """The inverse of the lower Cholesky factor of K (`n x n`)."""
        inverse, _ = lapack.dtrtri(self.factor, lower=1)
        return np.ascontiguousarray(np.tril(inverse))

    @cached_property
    def _columns(self) -> Array:
        return np.asfortranarray(self.inverse_factor)

    def _factor(self) -> Array:
        K = self.kernel(self.Z)
        for jitter in (0.0, 1e-8, 1e-6, 1e-4):
            K[np.diag_indices(len(K))] = 1.0 + self.hyper.noise * self.noise_scale + jitter
            factor, info = lapack.dpotrf(K, lower=1)
            if not info:
                return np.asarray(factor)
        raise np.linalg.LinAlgError("the kernel matrix is not positive definite")

    def _solve(self, b: Array) -> Array:
        solved, _ = lapack.dpotrs(self.factor, b[:, None], lower=1)
        return np.asarray(solved[:, 0])

    def _moments(self, ones: Array) -> tuple[float, float]:
        solved = self._solve(self.targets)
        mean = float(solved.sum() / ones.sum())
        return mean, scale(self.targets - mean, solved - mean * ones)

    def _whitened(self, cross: Array) -> Array:
        """Return `cross` (`b x n`) times the inverse factor, transposed; half of it is zeros."""
        return np.asarray(blas.dtrmm(1.0, self._columns, cross.T, lower=1).T)

    def _sd(self, root: Array) -> Array:
        variance = 1.0 - np.einsum("bn,bn->b", root, root)
        return np.asarray(np.sqrt(np.maximum(self.s2 * variance, SMALLEST)))

    def _parts(self, Z: Array) -> list[tuple[float, Mask | slice, Array, Array]]:
        """Return each summand's weight, features, values and slopes (`b x n` each)."""
        share = self.hyper.share
        every = (1.0 - share, slice(None), *matern(_squares(Z, self.Z)))
        if not self.encoding.conditional.any():
            return [every]
        common = matern(_squares(Z[:, self.shared], self.Z[:, self.shared]))
        return [(share, self.shared, *common), every]

    def _pull(
        self,
        parts: list[tuple[float, Mask | slice, Array, Array]],
        X: Array,
        Z: Array,
        pull: Array,
    ) -> Array:
        """Return the gradient by `X` of `sum_i pull_i k(x, x_i)`, `pull` (`b x n`) held fixed."""
        dZ = np.zeros_like(Z)
        for weight, members, _, slopes in parts:
            force = weight * pull * slopes
            inside, data = Z[:, members], self.Z[:, members]
            dZ[:, members] += force @ data - force.sum(axis=1, keepdims=True) * inside
        return self.encoding.pull_back(X, dZ * self.weights)


def _squares(A: Array, B: Array) -> Array:
    """Return `a x b` squared distances between rows."""
    squares = A @ (-2.0 * B.T)
    squares += np.einsum("ap,ap->a", A, A)[:, None]
    squares += np.einsum("bp,bp->b", B, B)
    return np.maximum(squares, 0.0, out=squares)
