"""What is believed at one step: a model per objective, feasibility and cost, pending points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from evals.objectives import thresholds
from evals.task import Task
from evals.trials import Trial, TrialState
from surrogates.cost import Cost, cost_of
from surrogates.encoding import encoding_of
from surrogates.feasibility import Feasibility, feasibility
from surrogates.models import PredictorModel

if TYPE_CHECKING:
    from botorch.models.model import Model

    from surrogates.base import Surrogate

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Belief:
    """Everything an acquisition function may look at.

    `observed` are the points that taught the models and that the user still allows.
    `pending` (`k x d`) are already part of the models, at their predicted means. `thresholds` holds
    each model's, on its scale, NaN where the objective has none (`m`).
    """

    models: tuple[PredictorModel, ...]
    observed: Array
    pending: Array
    feasible: Feasibility | None
    timing: Callable[[], Cost | None]
    seed: int
    thresholds: Array

    @property
    def cost(self) -> Cost | None:
        """How long configurations take; fitted only where it is asked for."""
        return self.timing()

    @property
    def model(self) -> PredictorModel:
        """The first objective's model."""
        return self.models[0]

    def with_pending(self, X: Array) -> Belief:
        """Return what is believed while `X` (`k x d`) are being evaluated too."""
        if not len(X):
            return self
        models = tuple(m.believe(X) for m in self.models)
        return replace(self, models=models, pending=np.concatenate([self.pending, X]))


def believe(
    task: Task, trials: Sequence[Trial], seed: int, surrogate: str | Surrogate = "gp"
) -> Belief:
    """Fit everything to `trials`, of which at least one has completed; RUNNING ones are pending.

    Raises:
        ValueError: no trial has completed.
    """
    from surrogates.registry import make_surrogate

    fitted = make_surrogate(surrogate).fit(task, trials)
    models = _models(fitted)
    encoding = encoding_of(task.space)
    running = encoding.encode([t.config for t in trials if t.state is TrialState.RUNNING])
    belief = Belief(
        models,
        _compared(task, models[0].inputs),
        np.empty((0, len(encoding))),
        feasibility(task, trials),
        partial(cost_of, task, trials),
        seed,
        _thresholds(task, models),
    )
    return belief.with_pending(running)


def _compared(task: Task, inputs: Array) -> Array:
    """Return the points that a new one is compared with: those that the user still allows."""
    from acquisition.allowed import allowed

    inside = allowed(task)
    kept = inside.keeps(inputs) if inside else np.ones(len(inputs), dtype=bool)
    return inputs[kept] if kept.any() else inputs


def _thresholds(task: Task, models: Sequence[PredictorModel]) -> Array:
    pairs = zip(thresholds(task), models, strict=True)
    return np.array([m.transform.forward(np.array([t]))[0] if t == t else t for t, m in pairs])


def _models(fitted: Model) -> tuple[PredictorModel, ...]:
    parts = [fitted] if isinstance(fitted, PredictorModel) else list(cast("Any", fitted).models)
    return tuple(parts)
