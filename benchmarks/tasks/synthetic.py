"""Mixed, conditional and failing spaces with a known optimum away from middles and round numbers.

Each value is a sum of squares around a shifted optimum, with a ripple that makes local optima, so
that 0 is the optimum and nothing but the search finds it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from benchmarks.tasks.base import describe
from benchmarks.tasks.function import FunctionTask
from evals.space import Categorical, Condition, Config, Float, Int, Ordinal, Parameter, SearchSpace


def _bowl(space: SearchSpace, config: Config, centre: Mapping[str, float]) -> float:
    """Return the rippled distance, in unit coordinates, of `config` from `centre`."""
    total = 0.0
    for name, best in centre.items():
        gap = space[name].to_unit(config[name]) - best  # type: ignore[arg-type]
        total += gap**2 + 0.02 * (1 - math.cos(6 * math.pi * gap))
    return total


def _on_grid(space: SearchSpace, centre: Mapping[str, float]) -> dict[str, float]:
    """Move each coordinate of `centre` to the nearest value that the parameter can take."""
    return {n: space[n].to_unit(space[n].from_unit(u)) for n, u in centre.items()}  # type: ignore[arg-type]


MIXED: tuple[Parameter, ...] = (
    Categorical("kernel", ("linear", "polynomial", "gaussian", "laplace"), reason="kernel family"),
    Categorical("centre_data", (True, False), reason="subtract the mean of every feature"),
    Float("penalty", 1e-4, 1e3, log=True, reason="weight of the error against the margin"),
    Float("width", 1e-3, 1e1, log=True, reason="inverse reach of the kernel"),
    Float("momentum", 0.0, 0.99, reason="share of the last step that is kept"),
    Int("components", 2, 64, log=True, reason="dimensions kept by the projection"),
    Ordinal("cache", (16, 32, 64, 128, 256), reason="rows kept in memory"),
)
OFFSETS = {"linear": 0.5, "polynomial": 0.2, "gaussian": 0.05, "laplace": 0.0}


def mixed() -> FunctionTask:
    """Return seven parameters of all kinds; each kernel has its own best penalty and width."""
    space = SearchSpace(MIXED)
    centres = {
        kernel: _on_grid(
            space,
            {
                "penalty": 0.23 + 0.15 * i,
                "width": 0.81 - 0.17 * i,
                "momentum": 0.37,
                "components": 0.68,
                "cache": 0.75,
            },
        )
        for i, kernel in enumerate(OFFSETS)
    }

    def value(config: Config) -> float:
        kernel = str(config["kernel"])
        apart = 0.0 if config["centre_data"] else 0.15
        return OFFSETS[kernel] + apart + _bowl(space, config, centres[kernel])

    words = "Tune a kernel machine with a projection in front of it. Minimise the error."
    task = describe(words, space, ("error", "minimize"))
    return FunctionTask("mixed-kernel", "mixed", task, value, 0.0)


def _branch(model: str, *parameters: Parameter) -> list[Parameter]:
    from dataclasses import replace

    condition = Condition("model", (model,))
    return [replace(p, name=f"{model}__{p.name}", condition=condition) for p in parameters]


CONDITIONAL: tuple[Parameter, ...] = (
    Categorical("model", ("svm", "forest", "mlp"), reason="model family"),
    *_branch("svm", Float("C", 1e-3, 1e3, log=True), Float("gamma", 1e-5, 1e1, log=True)),
    *_branch(
        "forest", Int("trees", 10, 500, log=True), Float("features", 0.05, 1.0), Int("leaf", 1, 50)
    ),
    *_branch(
        "mlp",
        Float("learning_rate", 1e-5, 1.0, log=True),
        Float("alpha", 1e-8, 1.0, log=True),
        Int("layers", 1, 4),
        Int("units", 8, 512, log=True),
    ),
)
FLOORS = {"svm": 0.04, "forest": 0.0, "mlp": 0.02}
SEEDS = {"svm": 11, "forest": 12, "mlp": 13}


def conditional() -> FunctionTask:
    """Return three model families in one space; only the chosen one's parameters exist."""
    space = SearchSpace(CONDITIONAL)
    centres: dict[str, dict[str, float]] = {}
    for model, seed in SEEDS.items():
        names = [n for n in space.names if n.startswith(f"{model}__")]
        draws = np.random.default_rng(seed).uniform(0.15, 0.85, len(names))
        centres[model] = _on_grid(space, dict(zip(names, map(float, draws), strict=True)))

    def value(config: Config) -> float:
        model = str(config["model"])
        return FLOORS[model] + _bowl(space, config, centres[model])

    words = "Choose among an SVM, a random forest and an MLP, and tune it. Minimise the error."
    task = describe(words, space, ("error", "minimize"))
    return FunctionTask("conditional-pipeline", "mixed", task, value, 0.0)


def failing() -> FunctionTask:
    """Return six real parameters; about 30 % of the space fails, up to the edge of the optimum."""
    names = [f"x{i + 1}" for i in range(6)]
    space = SearchSpace(tuple(Float(n, 0.0, 1.0) for n in names))
    best = dict(zip(names, (0.71, 0.17, 0.43, 0.88, 0.31, 0.59), strict=True))

    def value(config: Config) -> float:
        x1, x2 = float(config["x1"]), float(config["x2"])  # type: ignore[arg-type]
        return math.nan if x1 + x2 > 1.23 else _bowl(space, config, best)

    words = "Minimise a cost over six settings; training runs out of memory in part of the space."
    task = describe(words, space, ("cost", "minimize"))
    return FunctionTask("failing-memory", "failing", task, value, 0.0)
