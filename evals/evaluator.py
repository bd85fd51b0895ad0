"""The one abstract idea of an evaluator: a configuration in, what came out of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from evals.space import Config
from evals.trials import Evaluation

Report = Callable[[int, float], bool]
"""Called with a step and the first objective's running value; returns True to stop (prune)."""


class Evaluator(Protocol):
    """Evaluates one configuration; never raises for what a configuration does."""

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        """Return COMPLETE with values, or PRUNED, FAILED or INFEASIBLE with the reason in words."""
