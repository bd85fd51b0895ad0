"""Log expected improvement, in closed form with its gradient.

Ament et al. 2023, "Unexpected Improvements to Expected Improvement for Bayesian Optimization",
Eq. 9 and Appendix A: with z = (mean - threshold) / sd, `LogEI = log h(z) + log sd`,
`h(z) = phi(z) + z Phi(z)`, computed so that it neither under- nor overflows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, ndtr

from surrogates.predictor import Predicts

Array = NDArray[np.float64]

LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)
FAR = -1e6


def log_h(z: Array) -> Array:
    """Return log(phi(z) + z Phi(z)) for any z."""
    near = np.maximum(z, -1.0)
    direct = np.log(np.exp(-0.5 * near**2 - LOG_ROOT_TWO_PI) + near * ndtr(near))
    far = np.clip(z, FAR, -1.0)
    # phi(z) (1 - |z| sqrt(pi / 2) erfcx(|z| / sqrt 2)); the bracket tends to 1 / z^2.
    bracket = 1.0 + far * np.sqrt(0.5 * np.pi) * erfcx(-far / np.sqrt(2.0))
    bracket = np.where(far < -1e3, far**-2.0, bracket)
    tail = -0.5 * far**2 - LOG_ROOT_TWO_PI + np.log(np.maximum(bracket, 1e-300))
    return np.asarray(np.where(z > -1.0, direct, tail))


class LogImprovement:
    """LogEI over `threshold`, which is on the predictor's scale."""

    def __init__(self, predictor: Predicts, threshold: float) -> None:
        self._predictor, self._threshold = predictor, threshold

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        mean, sd = self._predictor.predict(X)
        return np.asarray(log_h((mean - self._threshold) / sd) + np.log(sd))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        at = self._predictor.gradients(X)
        z = np.maximum((at.mean - self._threshold) / at.sd, FAR)
        value = log_h(z)
        # d log h / dz = Phi(z) / h(z).
        slope = np.exp(np.minimum(log_ndtr(z) - value, 50.0))[:, None]
        log_sd = at.d_sd / at.sd[:, None]
        gradient = slope * (at.d_mean / at.sd[:, None] - z[:, None] * log_sd) + log_sd
        return value + np.log(at.sd), gradient
