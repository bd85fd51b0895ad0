"""The surrogate that predicts best what it has not seen.

Leave-one-out predictions of the Gaussian process stand against out-of-bag predictions of the random
forest, by the score of `selection.rank_score`, which no output transform changes. The forest must
be better by `MARGIN` per observation: few points often favour it by chance.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from botorch.models.model import Model, ModelList

from evals.task import Task
from evals.trials import Trial
from surrogates.encoding import encoding_of
from surrogates.fitting import FIT_ROWS, fitted, likelihood_data, spread
from surrogates.forest import Forest, ForestPredictor
from surrogates.gp import fit_gp, some_observed
from surrogates.likelihood import leave_one_out
from surrogates.models import PredictorModel
from surrogates.observations import Observed
from surrogates.output_transforms import winsorise
from surrogates.selection import rank_score

ENOUGH = 20
MARGIN = 0.1

log = logging.getLogger(__name__)


class AutoSurrogate:
    """Chooses between the Gaussian process and the random forest for each objective."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return the better model, or a `ModelList` of them where there are more objectives.

        Raises:
            ValueError: no trial has completed.
        """
        data = some_observed(task, trials)
        models = [_better(task, data, m) for m in range(data.Y.shape[1])]
        return models[0] if len(models) == 1 else ModelList(*models)


def _better(task: Task, data: Observed, objective: int) -> PredictorModel:
    encoding, y = encoding_of(task.space), data.Y[:, objective]
    process = fit_gp(encoding, data, objective)
    if len(y) < ENOUGH:
        return process
    rows = spread(y, FIT_ROWS)
    X, few, noise = data.X[rows], y[rows], data.noise_scale[rows]
    theta, transform = fitted(encoding, X, few, noise)
    seen = replace(likelihood_data(encoding, X, noise), targets=transform.forward(few))
    by_process = rank_score(*leave_one_out(theta, seen), seen.targets)
    clipped = winsorise(y)
    forest = ForestPredictor(encoding, X, clipped.forward(few))
    by_forest = rank_score(*forest.out_of_bag(), forest.targets)
    name = "random_forest" if by_forest > by_process + MARGIN * len(few) else "gp"
    log.info("surrogate %s: gp %.1f, random_forest %.1f", name, by_process, by_forest)
    return Forest(forest, clipped) if name == "random_forest" else process
