"""Two objectives to trade off: ZDT and DTLZ functions, and loss against time on HPOlib.

Regret is the missing share of the hypervolume that the true front has: 0 when all of it is found, 1
when nothing dominates the reference point. Sources: Zitzler, Deb and Thiele 2000; Deb et al. 2002.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.tasks.base import BenchmarkTask, complete, describe
from benchmarks.tasks.hpolib import hpolib
from evals.space import Config, Float, SearchSpace
from evals.task import Task
from evals.trials import Evaluation, TrialState

FUNCTIONS = ("ZDT1", "ZDT2", "ZDT3", "DTLZ2")
DIMENSION = 6
REFERENCE = {"ZDT1": (1.1, 4.0), "ZDT2": (1.1, 4.0), "ZDT3": (1.1, 4.0), "DTLZ2": (1.1, 1.1)}
FRONT_POINTS = 1000


def hypervolume(points: NDArray[np.float64], reference: Sequence[float]) -> float:
    """Return the area that `points` (`n x 2`, to be minimised) dominate below `reference`."""
    inside = points[(points < np.asarray(reference)).all(axis=1)]
    area, height = 0.0, reference[1]
    for x, y in inside[np.lexsort((inside[:, 1], inside[:, 0]))]:
        if y < height:
            area += (reference[0] - x) * (height - y)
            height = y
    return float(area)


class TwoObjectiveTask(BenchmarkTask):
    """Minimises two values; `front` holds points of the true front (`n x 2`)."""

    group = "multi-objective"

    def __init__(
        self,
        name: str,
        task: Task,
        values: Callable[[Config], tuple[float, float]],
        front: Callable[[], NDArray[np.float64]],
        reference: tuple[float, float],
        shape: Callable[[NDArray[np.float64]], NDArray[np.float64]] = np.asarray,
        noise: float = 0.0,
    ) -> None:
        self.name, self._task, self._values, self._front = name, task, values, front
        self._reference, self._shape, self._noise = reference, shape, noise

    @property
    def task(self) -> Task:
        """What is traded off."""
        return self._task

    @cached_property
    def _most(self) -> float:
        return hypervolume(self._front(), self._reference)

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Return both values."""
        exact = np.array(self._values(self.space.validate(config)))
        noise = self._noise * np.random.default_rng(seed).standard_normal(2)
        return complete(*map(float, exact + noise))

    def regrets(self, configs: Sequence[Config], results: Sequence[Evaluation]) -> list[float]:
        """Return the missing share of the hypervolume, by noise-free values, after each trial."""
        points = np.empty((0, 2))
        curve = []
        for config, result in zip(configs, results, strict=True):
            if result.state is TrialState.COMPLETE:
                points = np.vstack([points, self._shape(np.array([self._values(config)]))])
            curve.append(1 - hypervolume(points, self._reference) / self._most)
        return curve


def trade_off(function: str, noise: float = 0.0) -> TwoObjectiveTask:
    """Return one of `FUNCTIONS` in six dimensions."""
    import torch
    from botorch.test_functions import multi_objective

    kind = getattr(multi_objective, function)
    extra = {} if function.startswith("ZDT") else {"num_objectives": 2}
    problem = kind(dim=DIMENSION, **extra)
    names = [f"x{i + 1}" for i in range(DIMENSION)]
    space = SearchSpace(tuple(Float(n, 0.0, 1.0) for n in names))

    def values(config: Config) -> tuple[float, float]:
        x = torch.tensor([[float(config[n]) for n in names]], dtype=torch.float64)  # type: ignore[arg-type]
        first, second = problem(x)[0].tolist()
        return first, second

    task = describe(
        "Trade two costs off against each other.", space, ("f1", "minimize"), ("f2", "minimize")
    )
    name = f"mo-{function.lower()}" + ("-noisy" if noise else "")

    def front() -> NDArray[np.float64]:
        return np.asarray(problem.gen_pareto_front(FRONT_POINTS))

    return TwoObjectiveTask(name, task, values, front, REFERENCE[function], noise=noise)


def hpolib_trade_off(dataset: str) -> TwoObjectiveTask:
    """Return loss against training time on an HPOlib table.

    Both count on a logarithmic scale, and the reference point is the median configuration.
    """
    from benchmarks.tasks.table import TableTask

    loss = hpolib(dataset)
    seconds = TableTask("time", f"hpolib/{dataset}", "train_time", loss.task)
    words = f"{loss.task.description[:-1]}, and the training time."
    task = describe(
        words, loss.space, ("mean_squared_error", "minimize"), ("train_time", "minimize")
    )

    def both() -> NDArray[np.float64]:
        return np.log(np.stack([loss.means.ravel(), seconds.means.ravel()], axis=1))

    median = np.log([loss.scale.median, seconds.scale.median])
    return TwoObjectiveTask(
        f"mo-hpolib-{dataset}",
        task,
        lambda c: (loss.truth(c), seconds.truth(c)),
        both,
        (float(median[0]), float(median[1])),
        shape=np.log,
    )
