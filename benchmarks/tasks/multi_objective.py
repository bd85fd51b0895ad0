"""Several objectives to trade off: ZDT and DTLZ functions, and loss against cost on HPOlib.

Regret is the missing share of the hypervolume that the true front has: 0 when all of it is found, 1
when nothing dominates the reference point. Sources: Zitzler, Deb and Thiele 2000; Deb et al. 2002;
C2-DTLZ2 (Jain and Deb 2014, by BoTorch), where only stretches of the front are feasible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tasks.base import BenchmarkTask, complete, describe
from benchmarks.tasks.hpolib import hpolib
from benchmarks.tasks.table import TableTask
from evals.space import Config, Float, SearchSpace
from evals.task import Task
from evals.trials import Evaluation, TrialState

FUNCTIONS = ("ZDT1", "ZDT2", "ZDT3", "DTLZ2")
CONSTRAINED = ("C2DTLZ2",)
DIMENSION = 6
REFERENCE = {
    **dict.fromkeys(("ZDT1", "ZDT2", "ZDT3"), (1.1, 4.0)),
    **dict.fromkeys(("DTLZ2", "C2DTLZ2"), (1.1, 1.1)),
}
WORDS = {1: "and the training time", 2: "the training time and the model's size"}
FRONT_POINTS = 1000


def hypervolume(points: NDArray[np.float64], reference: Sequence[float]) -> float:
    """Return the volume that `points` (`n x m`, to be minimised) dominate below `reference`.

    Slices along the last objective, each as thick as to the next level: meant for few objectives,
    or for a last one of few values.
    """
    inside = points[(points < np.asarray(reference)).all(axis=1)]
    if len(reference) == 1:
        return float(reference[0] - inside.min()) if len(inside) else 0.0
    if len(reference) == 2:
        return _area(inside, reference)
    levels = np.unique(inside[:, -1])
    thickness = np.diff(np.append(levels, reference[-1]))
    slices = (inside[inside[:, -1] <= level, :-1] for level in levels)
    return sum(
        float(t) * hypervolume(s, reference[:-1]) for s, t in zip(slices, thickness, strict=True)
    )


def _area(inside: NDArray[np.float64], reference: Sequence[float]) -> float:
    area, height = 0.0, reference[1]
    for x, y in inside[np.lexsort((inside[:, 1], inside[:, 0]))]:
        if y < height:
            area += (reference[0] - x) * (height - y)
            height = y
    return float(area)


class TradeOffTask(BenchmarkTask):
    """Minimises m values; `front` holds points of the true front (`n x m`).

    A configuration that is not `feasible` gives no values.
    """

    group = "multi-objective"

    def __init__(
        self,
        name: str,
        task: Task,
        values: Callable[[Config], tuple[float, ...]],
        front: Callable[[], NDArray[np.float64]],
        reference: tuple[float, ...],
        shape: Callable[[NDArray[np.float64]], NDArray[np.float64]] = np.asarray,
        noise: float = 0.0,
        feasible: Callable[[Config], bool] = lambda _: True,
    ) -> None:
        self.name, self._task, self._values, self._front = name, task, values, front
        self._reference, self._shape, self._noise = reference, shape, noise
        self._feasible = feasible

    @property
    def task(self) -> Task:
        """What is traded off."""
        return self._task

    @cached_property
    def _most(self) -> float:
        return hypervolume(self._front(), self._reference)

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Return all values, or that the configuration is infeasible."""
        config = self.space.validate(config)
        if not self._feasible(config):
            return Evaluation(TrialState.INFEASIBLE, reason="It breaks a constraint.")
        exact = np.array(self._values(config))
        noise = self._noise * np.random.default_rng(seed).standard_normal(len(exact))
        return complete(*map(float, exact + noise))

    def regrets(self, configs: Sequence[Config], results: Sequence[Evaluation]) -> list[float]:
        """Return the missing share of the hypervolume, by noise-free values, after each trial."""
        points = np.empty((0, len(self._reference)))
        curve = []
        for config, result in zip(configs, results, strict=True):
            if result.state is TrialState.COMPLETE:
                points = np.vstack([points, self._shape(np.array([self._values(config)]))])
            curve.append(1 - hypervolume(points, self._reference) / self._most)
        return curve


def trade_off(function: str, noise: float = 0.0) -> TradeOffTask:
    """Return one of `FUNCTIONS` or `CONSTRAINED` in six dimensions."""
    import torch
    from botorch.test_functions import multi_objective

    kind = getattr(multi_objective, function)
    extra = {} if function.startswith("ZDT") else {"num_objectives": 2}
    problem = kind(dim=DIMENSION, **extra)
    names = [f"x{i + 1}" for i in range(DIMENSION)]
    space = SearchSpace(tuple(Float(n, 0.0, 1.0) for n in names))

    def place(config: Config) -> Any:
        return torch.tensor([[float(config[n]) for n in names]], dtype=torch.float64)  # type: ignore[arg-type]

    def values(config: Config) -> tuple[float, ...]:
        return tuple(problem(place(config))[0].tolist())

    def feasible(config: Config) -> bool:
        return not hasattr(problem, "is_feasible") or bool(problem.is_feasible(place(config)))

    task = describe(
        "Trade two costs off against each other.", space, ("f1", "minimize"), ("f2", "minimize")
    )
    name = f"mo-{function.lower()}" + ("-noisy" if noise else "")
    front = partial(_front, problem)
    reference = REFERENCE[function]
    return TradeOffTask(name, task, values, front, reference, noise=noise, feasible=feasible)


def _front(problem: Any) -> NDArray[np.float64]:
    """Return points of the true front; of C2-DTLZ2 the stretches of DTLZ2's that are feasible."""
    import torch

    if not hasattr(problem, "is_feasible"):
        return np.asarray(problem.gen_pareto_front(FRONT_POINTS))
    X = torch.full((10 * FRONT_POINTS, problem.dim), 0.5, dtype=torch.float64)
    X[:, 0] = torch.linspace(0.0, 1.0, len(X))
    return np.asarray(problem(X[problem.is_feasible(X)]))


def hpolib_trade_off(dataset: str, size: bool = False) -> TradeOffTask:
    """Return loss against training time, and against the model's size too, on an HPOlib table.

    All count on a logarithmic scale, and the reference point is the median configuration.
    """
    loss = hpolib(dataset)
    costs = ("train_time", "model_size") if size else ("train_time",)
    tables = [loss, *(TableTask(c, f"hpolib/{dataset}", c, loss.task) for c in costs)]
    words = f"{loss.task.description[:-1]}, {WORDS[len(costs)]}."
    named = ("mean_squared_error", *costs)
    task = describe(words, loss.space, *((n, "minimize") for n in named))

    def every() -> NDArray[np.float64]:
        return np.log(np.stack([t.means.ravel() for t in tables], axis=1))

    return TradeOffTask(
        f"mo-hpolib-{dataset}" + ("-size" if size else ""),
        task,
        lambda c: tuple(t.truth(c) for t in tables),
        every,
        tuple(float(np.log(t.scale.median)) for t in tables),
        shape=np.log,
    )
