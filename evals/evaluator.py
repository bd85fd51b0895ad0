"""The one abstract idea of an evaluator: a configuration in, what came out of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

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


@runtime_checkable
class Shareable(Protocol):
    """An evaluator whose trials may run side by side."""

    def for_workers(self, environments: Sequence[Mapping[str, str]]) -> list[Evaluator]:
        """Return an evaluator per worker, each to be used by one thread at a time.

        `environments` are variables for the processes of each worker's trials. Closing the original
        closes them all.
        """
