"""Plain BoTorch as its tutorials use it: a GP with the library's default priors, and LogEI.

Continuous and integer spaces: `SingleTaskGP`, `optimize_acqf` (10 restarts, 512 raw samples), then
rounding. Spaces with categories (of more than two values; two are a number):
`MixedSingleTaskGP`, `optimize_acqf_mixed_alternating`, restarts and samples alike. Finite
spaces of up to 70,000 configurations: `optimize_acqf_discrete` over all that were not tried, the
strongest plain way there is. Failed trials are left out of the fit. Several objectives: `qLogNEHVI`
with an inferred reference point (where all but the first have a limit,
`LogConstrainedExpectedImprovement`, and `LogProbabilityOfFeasibility` until something keeps to
them), on finite spaces by `optimize_acqf_discrete_local_search`: over
all configurations it takes ten seconds and more a suggestion.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks.arms.base import Arm, BaseSession, Problem, limits_of, package_version
from evals.space import Categorical, Config, Int, Ordinal, Parameter, SearchSpace
from evals.trials import TrialState

ENUMERABLE = 70_000
SIZES = {"num_restarts": 10, "raw_samples": 512}
"""What BoTorch's tutorials ask of the optimiser."""


class BoTorchSession(BaseSession):
    """Fits a new model for every suggestion; keeps nothing but the history."""

    def ask(self) -> Config:
        """Return the configuration of largest acquisition value."""
        import torch

        warnings.simplefilter("ignore")
        torch.set_num_threads(1)
        with torch.random.fork_rng():
            torch.manual_seed(self.problem.seed * 10_007 + len(self.history))
            X, Y = self._data()
            acquisition = self._acquisition(X, Y)
            best = self._maximise(acquisition)
        return self.space.decode(best.numpy())[0]

    def _data(self) -> tuple[Any, Any]:
        import torch

        done = [(c, r) for c, r in self.history if r.state is TrialState.COMPLETE]
        signs = torch.tensor([o.sign for o in self.problem.task.task.objectives]).double()
        X = torch.from_numpy(self.space.encode([c for c, _ in done]))
        return X, torch.tensor([r.values for _, r in done], dtype=torch.double) * signs

    def _categories(self) -> list[int]:
        return [i for i, p in enumerate(self.space.parameters) if _needs_kernel(p)]

    def _fit(self, X: Any, y: Any) -> Any:
        from botorch.fit import fit_gpytorch_mll
        from botorch.models.gp_regression import SingleTaskGP
        from botorch.models.gp_regression_mixed import MixedSingleTaskGP
        from gpytorch.mlls import ExactMarginalLogLikelihood

        categories = self._categories()
        model = MixedSingleTaskGP(X, y, cat_dims=categories) if categories else SingleTaskGP(X, y)
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        return model

    def _acquisition(self, X: Any, Y: Any) -> Any:
        if Y.shape[1] == 1:
            from botorch.acquisition.analytic import LogExpectedImprovement

            return LogExpectedImprovement(self._fit(X, Y), best_f=Y.max())
        from botorch.acquisition.multi_objective import logei
        from botorch.models.model_list_gp_regression import ModelListGP
        from botorch.utils.multi_objective.hypervolume import infer_reference_point
        from botorch.utils.multi_objective.pareto import is_non_dominated

        model = ModelListGP(*[self._fit(X, Y[:, i : i + 1]) for i in range(Y.shape[1])])
        if limits := limits_of(self.problem):
            return _within(model, Y, limits)
        reference = infer_reference_point(Y[is_non_dominated(Y)])
        return logei.qLogNoisyExpectedHypervolumeImprovement(
            model, reference, X, prune_baseline=True
        )

    def _maximise(self, acquisition: Any) -> Any:
        if self.space.cardinality <= ENUMERABLE:
            objectives = self.problem.task.task.objectives
            several = len(objectives) > 1 and not limits_of(self.problem)
            return (self._neighbours if several else self._among_all)(acquisition)
        if any(isinstance(p, Categorical) for p in self.space.parameters):
            return self._alternating(acquisition)
        from botorch.optim.optimize import optimize_acqf

        return optimize_acqf(acquisition, self._bounds(), 1, **SIZES)[0]  # type: ignore[arg-type]

    def _bounds(self) -> Any:
        import torch

        return torch.tensor([[0.0], [1.0]], dtype=torch.double).repeat(1, len(self.space))

    def _among_all(self, acquisition: Any) -> Any:
        import torch
        from botorch.optim.optimize import optimize_acqf_discrete

        choices = torch.from_numpy(_all_points(self.space))
        choices = choices[torch.cdist(choices, self._places()).min(dim=1).values > 1e-9]
        return optimize_acqf_discrete(acquisition, 1, choices, max_batch_size=8192)[0]

    def _neighbours(self, acquisition: Any) -> Any:
        import torch
        from botorch.optim.optimize import optimize_acqf_discrete_local_search

        levels = [torch.tensor(places, dtype=torch.double) for places in _levels(self.space)]
        return optimize_acqf_discrete_local_search(
            acquisition, levels, 1, **SIZES, X_avoid=self._places()
        )[0]

    def _places(self) -> Any:
        """Return what was tried, encoded (`n x d`)."""
        import torch

        return torch.from_numpy(self.space.encode([c for c, _ in self.history]))

    def _alternating(self, acquisition: Any) -> Any:
        from botorch.optim.optimize_mixed import optimize_acqf_mixed_alternating as alternate

        places = {
            i: [p.to_unit(v) for v in p.options]
            for i, p in enumerate(self.space.parameters)
            if isinstance(p, Categorical)
        }
        levels = {i: v for i, v in places.items() if len(v) > 2}
        binary = {i: v for i, v in places.items() if len(v) <= 2}
        return alternate(acquisition, self._bounds(), binary, levels, **SIZES)[0]  # type: ignore[arg-type]


def _within(model: Any, Y: Any, limits: Sequence[Any]) -> Any:
    """Return constrained improvement; limits are on the signed scale of `Y` (`n x m`)."""
    import torch
    from botorch.acquisition import analytic

    least = torch.tensor([o.sign * o.threshold for o in limits], dtype=Y.dtype)
    bounds = {i + 1: (float(value), None) for i, value in enumerate(least)}
    inside = (Y[:, 1:] >= least).all(dim=1)
    if not inside.any():
        return analytic.LogProbabilityOfFeasibility(model, bounds)
    return analytic.LogConstrainedExpectedImprovement(model, Y[inside, 0].max(), 0, bounds)


def _needs_kernel(parameter: Parameter) -> bool:
    return isinstance(parameter, Categorical) and parameter.cardinality > 2


@lru_cache(maxsize=2)
def _all_points(space: SearchSpace) -> Any:
    """Return every configuration of a finite space, encoded (`n x d`)."""
    points = np.array(list(itertools.product(*_levels(space))))
    return np.unique(space.encode(space.decode(points)), axis=0)


def _levels(space: SearchSpace) -> list[list[float]]:
    """Return the encoded values of each parameter of a finite space."""
    return [[p.to_unit(v) for v in _values(p)] for p in space.parameters]


def _values(parameter: Parameter) -> Sequence[Any]:
    if isinstance(parameter, Int):
        return range(parameter.low, parameter.high + 1, parameter.step)
    assert isinstance(parameter, Categorical | Ordinal)
    return parameter.options


class PlainBoTorch(Arm):
    """The library's defaults, no more."""

    name = "botorch"
    objectives = 3

    @property
    def version(self) -> str:
        """Versions of the three libraries."""
        return package_version("botorch", "gpytorch", "torch")

    def open(self, problem: Problem) -> BoTorchSession:
        """Begin a run."""
        return BoTorchSession(problem)
