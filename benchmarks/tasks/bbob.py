"""BBOB: twelve of the 24 noiseless functions, named here before any result was seen.

All five groups are there: separable (1, 3), moderately conditioned (6, 7, 8), ill-conditioned
(10, 13, 14), multi-modal with structure (15, 17) and without (20, 21). Instance 7 of each shifts
(and, where the definition says so, rotates) the optimum away from the middle and from round
numbers. Source: Hansen et al., Real-Parameter Black-Box Optimization Benchmarking 2009; `ioh`.
"""

from __future__ import annotations

import ioh

from benchmarks.tasks.base import describe
from benchmarks.tasks.function import FunctionTask
from evals.space import Config, Float, SearchSpace

FUNCTIONS = {
    "Sphere": 1,
    "Rastrigin": 3,
    "AttractiveSector": 6,
    "StepEllipsoid": 7,
    "Rosenbrock": 8,
    "EllipsoidRotated": 10,
    "SharpRidge": 13,
    "DifferentPowers": 14,
    "RastriginRotated": 15,
    "Schaffers10": 17,
    "Schwefel": 20,
    "Gallagher101": 21,
}
DIMENSIONS = (5, 10)
INSTANCE = 7


def bbob(function: str, dimension: int, noise: float = 0.0) -> FunctionTask:
    """Return the task of one function in 5 or 10 dimensions over [-5, 5]^d."""
    problem = ioh.get_problem(FUNCTIONS[function], INSTANCE, dimension, ioh.ProblemClass.BBOB)
    names = [f"x{i + 1}" for i in range(dimension)]
    space = SearchSpace(tuple(Float(name, -5.0, 5.0) for name in names))

    def value(config: Config) -> float:
        return float(problem([config[name] for name in names]))

    words = f"Minimise a function of {dimension} real numbers."
    name = f"bbob-{function.lower()}-{dimension}d" + ("-noisy" if noise else "")
    group = "noisy" if noise else "functions"
    task = describe(words, space, ("value", "minimize"))
    return FunctionTask(name, group, task, value, float(problem.optimum.y), noise)
