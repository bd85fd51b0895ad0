"""What every fitted surrogate here is: a BoTorch model around a predictor in closed form.

The model lives on the scale of its output transform `t`, on which larger is better; `native` leads
back to the user's scores.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import torch
from botorch.models.model import Model
from linear_operator.utils.cholesky import psd_safe_cholesky
from numpy.typing import NDArray

from surrogates.output_transforms import OutputTransform
from surrogates.predictor import Predicts

Array = NDArray[np.float64]


class PredictorModel(Model):
    """A model with one output; `posterior` is left to the kinds of model.

    Args:
        predictor: what predicts, on the scale of the targets.
        transform: the output transform that made the targets from gains.
    """

    num_outputs = 1

    def __init__(self, predictor: Predicts, transform: OutputTransform) -> None:
        super().__init__()
        self.predictor, self.transform = predictor, transform

    @property
    def batch_shape(self) -> torch.Size:
        """No batch of models."""
        return torch.Size()

    @property
    def inputs(self) -> Array:
        """The `n x d` inputs."""
        return self.predictor.X

    @property
    def targets(self) -> Array:
        """The `n` transformed gains."""
        return self.predictor.targets

    def marginals(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation (`n` each) at each row of `X`, on the scale of `t`."""
        return self.predictor.predict(X)

    def draws(self, X: Array, count: int, rng: np.random.Generator) -> Array:
        """Draw from the joint posterior at `X` (`n x d`), noise left out: `count x n`."""
        with torch.no_grad():
            posterior: Any = self.posterior(torch.from_numpy(X))
            factor = psd_safe_cholesky(posterior.distribution.covariance_matrix).numpy()
        mean = posterior.distribution.mean.numpy()
        return np.asarray(mean + rng.standard_normal((count, len(X))) @ factor.T)

    def native(self, mean: Array, sd: Array) -> tuple[Array, Array]:
        """Return median and half the central 68 % interval on the scale of the gains."""
        low, high = self.transform.inverse(mean - sd), self.transform.inverse(mean + sd)
        return self.transform.inverse(mean), (high - low) / 2.0

    def believe(self, X: Array) -> Self:
        """Return this model with `X` (`k x d`) observed at their predicted means.

        The kriging believer of Ginsbourger et al. (2010): pending points take away uncertainty.
        """
        if not len(X):
            return self
        return type(self)(self.predictor.believe(X), self.transform)
