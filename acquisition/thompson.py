"""Thompson sampling: the next trial is where one function drawn from the posterior is largest.

Thompson 1933, "On the Likelihood that One Unknown Probability Exceeds Another". The draw is a
function of its own, so that it can be climbed: Wilson et al. 2020, "Efficiently Sampling Functions
from Gaussian Process Posteriors", Eq. 13, a prior draw of random Fourier features (Rahimi & Recht
2007) plus the exact update by what was observed. BoTorch's `draw_matheron_paths` does the same, but
not for the sum of two kernels that spaces with conditions have.

Notation: n observations, b points, d parameters, p features, everything on the model's scale.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.pool import Acquisition
from prompts.errors import UserError
from surrogates.encoding import Encoding
from surrogates.predictor import Predictor

if TYPE_CHECKING:
    from acquisition.belief import Belief
    from surrogates.models import PredictorModel

Array = NDArray[np.float64]

WAVES = 512
FREEDOM = 5.0
"""The spectrum of a Matern-5/2 kernel is Student's t with twice 5/2 degrees of freedom."""


class Draw(Acquisition, Protocol):
    """One function drawn from a posterior, over the places of `encoding`."""

    encoding: Encoding


class Path:
    """One function drawn from a Gaussian process's posterior, noise left out.

    Args:
        predictor: the process.
        rng: the randomness of the draw.
    """

    def __init__(self, predictor: Predictor, rng: np.random.Generator) -> None:
        self.encoding, self._weights = predictor.encoding, predictor.weights
        self._mean = predictor.mean
        self._frequencies, amplitudes = _spectrum(predictor, rng)
        self._shifts = rng.uniform(0.0, 2.0 * np.pi, len(amplitudes))
        self._heights = amplitudes * rng.standard_normal(len(amplitudes))
        sd = np.sqrt(predictor.s2 * predictor.hyper.noise * predictor.noise_scale)
        seen = predictor.mean + self._waves(predictor.Z) + sd * rng.standard_normal(len(sd))
        self._update = Predictor(
            predictor.encoding,
            predictor.X,
            predictor.targets - seen,
            predictor.noise_scale,
            predictor.hyper,
            (0.0, 1.0),
        )

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        Z = self.encoding.features(X) * self._weights
        return self._mean + self._waves(Z) + self._update.predict(X)[0]

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        Z = self.encoding.features(X) * self._weights
        slopes = -self._heights * np.sin(self._phases(Z))
        dZ = slopes @ self._frequencies * self._weights
        update = self._update.gradients(X)
        values = self._mean + self._waves(Z) + update.mean
        return values, self.encoding.pull_back(X, dZ) + update.d_mean

    def _phases(self, Z: Array) -> Array:
        return Z @ self._frequencies.T + self._shifts

    def _waves(self, Z: Array) -> Array:
        return np.asarray(np.cos(self._phases(Z)) @ self._heights)


class Paths:
    """A weighted sum of independent draws, and a constant."""

    def __init__(self, paths: list[tuple[float, Path]], shift: float) -> None:
        self._paths, self._shift = paths, shift
        self.encoding = paths[-1][1].encoding

    def __call__(self, X: Array) -> Array:
        """Return `b` values for `b x d` encoded configurations."""
        return self._shift + sum((w * path(X) for w, path in self._paths), np.zeros(len(X)))

    def gradients(self, X: Array) -> tuple[Array, Array]:
        """Return values (`b`) and their gradients by `X` (`b x d`)."""
        values, slopes = np.full(len(X), self._shift), np.zeros_like(X)
        for weight, path in self._paths:
            value, slope = path.gradients(X)
            values, slopes = values + weight * value, slopes + weight * slope
        return values, slopes


def _spectrum(predictor: Predictor, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return frequencies (`w x p`) and amplitudes (`w`) of waves that sum up to the prior."""
    share, members = predictor.hyper.share, predictor.shared
    kernels = [(1.0 - share, np.ones_like(members))]
    if predictor.encoding.conditional.any():
        kernels.append((share, members))
    drawn = [_student(rng, len(members)) * inside for _, inside in kernels]
    sizes = [np.full(WAVES, np.sqrt(2.0 * predictor.s2 * part / WAVES)) for part, _ in kernels]
    return np.concatenate(drawn), np.concatenate(sizes)


def _student(rng: np.random.Generator, p: int) -> Array:
    spread = np.sqrt(FREEDOM / rng.chisquare(FREEDOM, size=(WAVES, 1)))
    return np.asarray(rng.standard_normal((WAVES, p)) * spread)


def draw(model: PredictorModel, rng: np.random.Generator) -> Draw:
    """Return one function drawn from the posterior of `model`.

    Raises:
        UserError: the model is no Gaussian process, nor a sum of such.
    """
    from surrogates.gp import GaussianProcess
    from surrogates.transfer import TransferModel

    if isinstance(model, GaussianProcess):
        return Path(model.predictor, rng)
    if not isinstance(model, TransferModel):
        raise UserError(
            "Functions are drawn from Gaussian processes only, and the surrogate is none.",
            hint="Take the surrogate gp, or the acquisition function logei.",
        )
    parts = [p for p in model.parts if p.weight > 0]
    paths = [(p.share, Path(p.predictor, rng)) for p in parts]
    return Paths(paths, sum(p.weight * p.shift for p in parts))


def thompson(belief: Belief) -> Draw:
    """Return the function whose largest value is the next trial, the same for the same belief.

    Where trials are pending, each further one has a draw of its own.

    Raises:
        UserError: as `draw` says.
    """
    return draw(belief.model, np.random.default_rng([belief.seed, len(belief.pending)]))
