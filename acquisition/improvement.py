"""Log expected improvement, weighted with the probability that a configuration runs at all."""

from __future__ import annotations

from botorch.acquisition.analytic import LogExpectedImprovement
from torch import Tensor

from surrogates.feasibility import Feasibility
from surrogates.gp import GaussianProcess


class LogImprovement:
    """LogEI over `threshold` (on the model's scale), plus log P(feasible) where that is known."""

    def __init__(
        self, model: GaussianProcess, threshold: float, feasible: Feasibility | None = None
    ) -> None:
        self._improvement = LogExpectedImprovement(model, best_f=threshold)
        self._feasible = feasible

    def __call__(self, X: Tensor) -> Tensor:
        """Return `b` values for `b x d` encoded configurations; differentiable."""
        value: Tensor = self._improvement(X.unsqueeze(-2))
        return value if self._feasible is None else value + self._feasible.log_weight(X)
