"""A random forest: for comparison, and for spaces on which scores jump rather than glide.

As in SMAC (Hutter et al. 2011, Sec. 4.1): the trees' predictions give mean and variance. Features
are those of the Gaussian process, so conditional parameters need no special treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from surrogates.gp import some_observed
from surrogates.models import PredictorModel
from surrogates.observations import Observed
from surrogates.output_transforms import winsorise
from surrogates.predictor import Gradients

Array = NDArray[np.float64]

TREES = 64
LEAST_SD = 1e-3


class ForestPredictor:
    """Mean and spread over trees that were each grown on a bootstrap sample of the targets."""

    def __init__(self, encoding: Encoding, X: Array, targets: Array) -> None:
        from sklearn.ensemble import RandomForestRegressor

        self.encoding, self.X, self.targets = encoding, X, targets
        self._forest = RandomForestRegressor(
            TREES, max_features=5 / 6, min_samples_leaf=1, random_state=0, oob_score=False
        ).fit(encoding.features(X), targets)

    def predict(self, X: Array) -> tuple[Array, Array]:
        """Return mean and standard deviation (`b` each) at `X` (`b x d`)."""
        Z = self.encoding.features(X).astype(np.float32)
        trees = np.stack([tree.predict(Z) for tree in self._forest.estimators_])
        return trees.mean(axis=0), np.maximum(trees.std(axis=0), LEAST_SD)

    def gradients(self, X: Array) -> Gradients:
        """Return predictions with gradients of 0: a forest is flat almost everywhere."""
        return Gradients(*self.predict(X), np.zeros_like(X), np.zeros_like(X))

    def believe(self, X: Array, targets: Array | None = None) -> ForestPredictor:
        """Return a predictor that has seen `targets` (`k`; as predicted if None) at `X`."""
        seen = self.predict(X)[0] if targets is None else targets
        inputs = np.concatenate([self.X, X])
        return ForestPredictor(self.encoding, inputs, np.concatenate([self.targets, seen]))

    def out_of_bag(self) -> tuple[Array, Array]:
        """Return each target's mean and spread over the trees that have not seen it (`n` each)."""
        n = len(self.X)
        Z = self.encoding.features(self.X).astype(np.float32)
        found = np.full((TREES, n), np.nan)
        grown = zip(self._forest.estimators_, self._forest.estimators_samples_, strict=True)
        for row, (tree, seen) in zip(found, grown, strict=True):
            unseen = np.setdiff1d(np.arange(n), seen)
            row[unseen] = tree.predict(Z[unseen])
        mean = np.nanmean(np.vstack([found, np.full(n, self.targets.mean())]), axis=0)
        spread = np.nanstd(np.vstack([found, mean]), axis=0)
        return mean, np.maximum(spread, LEAST_SD)


class Forest(PredictorModel):
    """A random forest as a BoTorch model with one output; points are judged independently."""

    predictor: ForestPredictor

    def left_out(self) -> tuple[Array, Array]:
        """Return each target's mean and spread over the trees that have not seen it."""
        return self.predictor.out_of_bag()

    def posterior(
        self,
        X: Tensor,
        output_indices: list[int] | None = None,
        observation_noise: bool | Tensor = False,
        posterior_transform: Any = None,
    ) -> GPyTorchPosterior:
        """Return independent normals at `b x q x d` (or `q x d`) points, on the scale of `t`."""
        flat = X.detach().reshape(-1, X.shape[-1]).numpy()
        mean, sd = (torch.from_numpy(v).reshape(X.shape[:-1]) for v in self.predictor.predict(flat))
        posterior = GPyTorchPosterior(MultivariateNormal(mean, torch.diag_embed(sd**2)))
        return posterior if posterior_transform is None else posterior_transform(posterior)


class ForestSurrogate:
    """Fits a random forest; one per objective."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return a `Forest`, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data, encoding = some_observed(task, trials), encoding_of(task.space)
        models = [fit_forest(encoding, data, m) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)


def fit_forest(encoding: Encoding, data: Observed, objective: int = 0) -> Forest:
    """Fit one objective."""
    y = data.Y[:, objective]
    transform = winsorise(y)
    return Forest(ForestPredictor(encoding, data.X, transform.forward(y)), transform)
