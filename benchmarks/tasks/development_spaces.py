"""More problems to develop on: families of models with settings of their own, and many settings.

Built of the BBOB functions in `development.FUNCTIONS`, so that none shares data with a test task.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from benchmarks.tasks.base import describe
from benchmarks.tasks.development import INSTANCE, bbob_problem
from benchmarks.tasks.function import FunctionTask
from evals.space import Categorical, Condition, Config, Float, Parameter, SearchSpace


@dataclass(frozen=True)
class Family:
    """One level of a choice: its function, number of own settings, and how good its best is.

    `floor` is what its optimum lacks, as a share of the function's median.
    """

    function: str
    own: int
    floor: float


SHARED = 2
"""Settings that every family has."""
FAMILIES: Mapping[str, tuple[Family, ...]] = {
    "three": (
        Family("Ellipsoid", 2, 0.1),
        Family("RosenbrockRotated", 3, 0.0),
        Family("Gallagher21", 2, 0.05),
    ),
    "six": (
        Family("Weierstrass", 2, 0.2),
        Family("GriewankRosenbrock", 1, 0.1),
        Family("LinearSlope", 2, 0.15),
        Family("RosenbrockRotated", 2, 0.0),
        Family("Ellipsoid", 3, 0.1),
        Family("Schaffers1000", 2, 0.1),
    ),
    "close": (
        Family("BuecheRastrigin", 2, 0.02),
        Family("Weierstrass", 2, 0.0),
        Family("RosenbrockRotated", 2, 0.01),
        Family("Gallagher21", 2, 0.02),
    ),
}
HIGH: Mapping[str, tuple[str, int, int]] = {
    "ellipsoid-20": ("Ellipsoid", 20, 20),
    "rosenbrock-24": ("RosenbrockRotated", 24, 24),
    "weierstrass-24": ("Weierstrass", 24, 24),
    "griewank-30": ("GriewankRosenbrock", 30, 30),
    "schaffers-30": ("Schaffers1000", 30, 30),
    "few-rosenbrock-30": ("RosenbrockRotated", 30, 5),
    "few-gallagher-30": ("Gallagher21", 30, 5),
}
"""Function, number of settings, and how many of them matter."""


def families(name: str) -> FunctionTask:
    """Return a choice among families of which each has settings of its own."""
    kinds = FAMILIES[name]
    space = SearchSpace(tuple(_parameters(kinds)))
    medians = [_median(f.function, f.own + SHARED) for f in kinds]

    def value(config: Config) -> float:
        place = int(str(config["family"])[1:])
        family = kinds[place]
        x = [config[f"s{i}"] for i in range(SHARED)]
        x += [config[f"f{place}_{i}"] for i in range(family.own)]
        problem = bbob_problem(family.function, len(x))
        above = (float(problem(x)) - float(problem.optimum.y)) / medians[place]
        return math.log(1e-3 + family.floor + above)

    task = describe("Choose a family and tune it.", space, ("value", "minimize"))
    return FunctionTask(f"dev-families-{name}", "dev-families", task, value, math.log(1e-3))


def _parameters(kinds: tuple[Family, ...]) -> list[Parameter]:
    found: list[Parameter] = [Categorical("family", tuple(f"f{k}" for k in range(len(kinds))))]
    found += [Float(f"s{i}", -5.0, 5.0) for i in range(SHARED)]
    for k, family in enumerate(kinds):
        only = Condition("family", (f"f{k}",))
        found += [Float(f"f{k}_{i}", -5.0, 5.0, condition=only) for i in range(family.own)]
    return found


def _median(function: str, dimension: int) -> float:
    problem = bbob_problem(function, dimension)
    draws = np.random.default_rng(INSTANCE).uniform(-5.0, 5.0, (1024, dimension))
    return float(np.median(problem(draws))) - float(problem.optimum.y)


def high(name: str) -> FunctionTask:
    """Return a function of 20 to 30 real settings, of which some may not matter."""
    function, dimension, matter = HIGH[name]
    problem = bbob_problem(function, matter)
    names = [f"x{i + 1}" for i in range(dimension)]
    space = SearchSpace(tuple(Float(n, -5.0, 5.0) for n in names))
    used = np.random.default_rng(INSTANCE).permutation(dimension)[:matter]

    def value(config: Config) -> float:
        return float(problem([config[names[i]] for i in used]))

    words = f"Minimise a function of {dimension} real numbers."
    task = describe(words, space, ("value", "minimize"))
    return FunctionTask(f"dev-high-{name}", "dev-high", task, value, float(problem.optimum.y))
