"""Problems to develop on: none of them is, or shares data with, a task that results are shown for.

The other twelve of the 24 BBOB functions (`bbob.FUNCTIONS` names the twelve of the test), in their
continuous form, and five of them behind grids such as tables of real trainings have: ordered
levels, choices whose order means nothing, and both. Their optimum is found by enumeration.

The twelve come once more over a part of their box near whose edges the optimum lies, as a check on
what counts on a best value in the middle.

Three more fail in 30 % of the space. Two of them would be best there: the search must learn to work
along the edge of a cliff; the third is best near the edge, on the safe side.
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
EDGE = 0.05
"""How far from the edge, as a share of a range, the optimum of an edged function lies."""
CLIFFS: Mapping[str, tuple[float, ...]] = {
    "plane": (1.0, 1.0, 0.0, 0.0, 0.0),
    "memory": (1.0, 0.5, 1.5, 0.0, 0.0, 0.0),
    "inside": (0.0, 1.0, 1.0, 1.0, 0.0, 0.0),
}
"""Weights of the settings in what may not grow beyond a limit."""
FAILING_SHARE = 0.3
BEYOND = {"plane": 0.15, "memory": 0.15, "inside": -0.1}
"""How far beyond the edge, in unit coordinates, the middle of the bowl lies."""


def continuous(function: str, dimension: int = 5) -> FunctionTask:
    """Return one function over [-5, 5]^d."""
    problem = bbob_problem(function, dimension)
    names = [f"x{i + 1}" for i in range(dimension)]
    space = SearchSpace(tuple(Float(name, -5.0, 5.0) for name in names))

    def value(config: Config) -> float:
        return float(problem([config[name] for name in names]))

    task = describe(
        f"Minimise a function of {dimension} real numbers.", space, ("value", "minimize")
    )
    name = f"dev-{function.lower()}"
    return FunctionTask(name, "dev-functions", task, value, float(problem.optimum.y))


def edged(function: str, dimension: int = 5) -> FunctionTask:
    """Return one function over a part of its box in which all best values lie near an edge."""
    problem = bbob_problem(function, dimension)
    parameters = tuple(
        Float(f"x{i + 1}", *_beside(float(best))) for i, best in enumerate(problem.optimum.x)
    )

    def value(config: Config) -> float:
        return float(problem([config[p.name] for p in parameters]))

    words = f"Minimise a function of {dimension} real numbers."
    task = describe(words, SearchSpace(parameters), ("value", "minimize"))
    name = f"dev-edge-{function.lower()}"
    return FunctionTask(name, "dev-edges", task, value, float(problem.optimum.y))


def _beside(best: float) -> tuple[float, float]:
    """Return a range of 5 or 6 inside [-5, 5] that has `best` near its lower or upper end."""
    length = 6.0 if abs(best) > 0.7 else 5.0
    low = best - EDGE * length if best < 0 else best - (1 - EDGE) * length
    return max(-5.0, low), min(5.0, low + length)


def gridded(function: str, grid: str) -> FunctionTask:
    """Return the logarithm of one function where the points of a grid lie."""
    levels, name = GRIDS[grid], f"dev-{grid}-{function.lower()}"
    problem = bbob_problem(function, len(levels))
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


def cliff(name: str) -> FunctionTask:
    """Return a bowl in the unit cube, part of which fails.

    Where its middle does, the optimum is the foot of the perpendicular from it to the edge.
    """
    weights = np.array(CLIFFS[name])
    d = len(weights)
    names = [f"x{i + 1}" for i in range(d)]
    space = SearchSpace(tuple(Float(n, 0.0, 1.0) for n in names))
    draws = np.random.default_rng(0).random((20000, d)) @ weights
    limit = float(np.quantile(draws, 1.0 - FAILING_SHARE))
    foot = np.random.default_rng(d).uniform(0.2, 0.8, d)
    foot += weights * (limit - foot @ weights) / (weights @ weights)
    middle = foot + BEYOND[name] * weights / float(np.linalg.norm(weights))

    def value(config: Config) -> float:
        x = np.array([config[n] for n in names], dtype=float)
        return math.nan if x @ weights > limit else float(np.sum((x - middle) ** 2))

    words = f"Minimise a cost over {d} settings; training fails in part of the space."
    task = describe(words, space, ("cost", "minimize"))
    return FunctionTask(f"dev-cliff-{name}", "dev-cliffs", task, value, max(0.0, BEYOND[name]) ** 2)


@lru_cache
def bbob_problem(function: str, dimension: int) -> ioh.problem.BBOB:
    """Return one of `FUNCTIONS` over [-5, 5]^d."""
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
