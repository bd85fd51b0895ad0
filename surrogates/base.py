"""The one abstract idea of a surrogate: task and trials in, a BoTorch model out.

A fitted model is a value that `fit` returns, never a state of the surrogate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from evals.task import Task
from evals.trials import Trial

if TYPE_CHECKING:
    from botorch.models.model import Model


class Surrogate(Protocol):
    """Beliefs about the objectives, over encoded configurations (`n x d` in [0, 1])."""

    def fit(self, task: Task, trials: Sequence[Trial]) -> Model:
        """Return a model of the objectives, each turned so that larger is better."""
