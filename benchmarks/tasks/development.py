"""Problems to develop on: none of them is, or shares data with, a task that results are shown for.

The other twelve of the 24 BBOB functions (`bbob.FUNCTIONS` names the twelve of the test), in their
continuous form, and five of them behind grids such as tables of real trainings have: ordered
levels, choices whose order means nothing, and both. Their optimum is found by enumeration.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Mapping
from functools import lru_cache

import ioh
import numpy as np

from benchmarks.tasks.base import describe
from benchmarks.tasks.function import FunctionTask
from evals.space import Categorical, Config, Float, Ordinal, Parameter, SearchSpace

FUNCTIONS = {
    "Ellipsoid": 2,
    "BuecheRastrigin": 4,
    "LinearSlope": 5,
    "RosenbrockRotated": 9,
    "Discus": 11,
    "BentCigar": 12,
    "Weierstrass": 16,
    "Schaffers1000": 18,
    "GriewankRosenbrock": 19,
    "Gallagher21": 22,
    "Katsuura": 23,
    "LunacekBiRastrigin": 24,
}
GRIDS: Mapping[str, tuple[tuple[int, bool], ...]] = {
    "ordered": ((8, False), (8, False), (4, False), (8, False), (10, False)),
    "choices": ((5, True),) * 6,
    "both": (
        *((6, False), (4, False), (2, True), (2, True), (2, True)),
        *((6, False), (6, False), (3, False), (3, False)),
    ),
}
"""Levels per parameter, and whether their order is hidden."""
BEHIND_GRIDS = (
    "Ellipsoid",
    "RosenbrockRotated",
    "Weierstrass",
    "GriewankRosenbrock",
    "Gallagher21",
)
INSTANCE = 3


def continuous(function: str, dimension: int = 5) -> FunctionTask:
    """Return one function over [-5, 5]^d."""
    problem = _problem(function, dimension)
    names = [f"x{i + 1}" for i in range(dimension)]
    space = SearchSpace(tuple(Float(name, -5.0, 5.0) for name in names))

    def value(config: Config) -> float:
        return float(problem([config[name] for name in names]))

    task = describe(
        f"Minimise a function of {dimension} real numbers.", space, ("value", "minimize")
    )
    name = f"dev-{function.lower()}"
    return FunctionTask(name, "dev-functions", task, value, float(problem.optimum.y))


def gridded(function: str, grid: str) -> FunctionTask:
    """Return the logarithm of one function where the points of a grid lie."""
    levels, name = GRIDS[grid], f"dev-{grid}-{function.lower()}"
    problem = _problem(function, len(levels))
    places = _places(name, levels)
    space = SearchSpace(tuple(_parameter(i, *level) for i, level in enumerate(levels)))

    def at(point: tuple[float, ...]) -> float:
        return math.log(1e-3 + float(problem(list(point))) - float(problem.optimum.y))

    def value(config: Config) -> float:
        return at(tuple(places[i][int(str(config[f"p{i}"])[1:])] for i in range(len(levels))))

    optimum = min(at(point) for point in itertools.product(*places))
    words = f"Minimise a function of {len(levels)} settings."
    return FunctionTask(
        name, "dev-grids", describe(words, space, ("value", "minimize")), value, optimum
    )


@lru_cache
def _problem(function: str, dimension: int) -> ioh.problem.BBOB:
    return ioh.get_problem(FUNCTIONS[function], INSTANCE, dimension, ioh.ProblemClass.BBOB)


def _parameter(i: int, count: int, hidden: bool) -> Parameter:
    values = tuple(f"v{k}" for k in range(count))
    return Categorical(f"p{i}", values) if hidden else Ordinal(f"p{i}", values)


def _places(name: str, levels: tuple[tuple[int, bool], ...]) -> list[tuple[float, ...]]:
    """Return where each level lies in [-4, 4]; the order of choices is shuffled."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    found = []
    for count, hidden in levels:
        places = np.linspace(-4.0, 4.0, count)
        found.append(tuple(float(v) for v in (rng.permutation(places) if hidden else places)))
    return found
