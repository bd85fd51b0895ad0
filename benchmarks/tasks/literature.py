"""The synthetic functions that LLINBO and BORA were shown on, as published and moved.

LLINBO (Chang et al. 2025, arXiv 2505.14756, section 4): Branin, Bukin, Levy and Rastrigin in 2
dimensions, Hartmann in 4, Ackley in 6. BORA (Cissé et al., IJCAI 2025, section 5): Branin, Levy in
10, Ackley in 15; and the game of pétanque (see `benchmarks.tasks.petanque`). Bounds are the
papers', as in their code. BORA's other experiments rest on data and simulators that are not here.

As published, several have their optimum at the middle or at zeros and ones, where a language model
looks first whatever it understands: BORA's Ackley is solved by a first guess of all zeros. Each has
a *moved* variant: in unit coordinates it is turned by a random rotation, and its optimum put at a
random place. All are bounded below over the whole of R^d by the value at that optimum, so that it
stays the optimum wherever they are moved.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tasks.base import describe
from benchmarks.tasks.function import FunctionTask
from evals.space import Config, Float, SearchSpace

GROUP = "literature"
DRAWS = 1024
MARGIN = 0.15
"""Moved optima keep this distance, in unit coordinates, from the bounds."""


@dataclass(frozen=True)
class Published:
    """A function of botorch's, over `bounds` (one pair for all dimensions, or one each).

    `best` is where its optimum is (one number for all dimensions, or one each), `least` its value
    there, `about` says what it looks like, much as LLINBO tells its language model.
    """

    function: str
    dimension: int
    bounds: tuple[tuple[float, float], ...]
    best: tuple[float, ...]
    about: str
    least: float = 0.0

    @property
    def low(self) -> NDArray[np.float64]:
        """Lower bounds (`d`)."""
        return np.array([b[0] for b in self.bounds] * (self.dimension // len(self.bounds)))

    @property
    def high(self) -> NDArray[np.float64]:
        """Upper bounds (`d`)."""
        return np.array([b[1] for b in self.bounds] * (self.dimension // len(self.bounds)))

    @property
    def optimum(self) -> NDArray[np.float64]:
        """Where the optimum is (`d`)."""
        return np.array(self.best * (self.dimension // len(self.best)))


_ACKLEY = "almost flat outside, with a deep hole and many regularly spaced local minima"
_LEVY = "with many local minima and a single global one"
FUNCTIONS: dict[str, Published] = {
    "branin-2d": Published(
        "Branin",
        2,
        ((-5.0, 10.0), (0.0, 15.0)),
        (np.pi, 2.275),
        "smooth, with three equally good minima",
        0.39788735772973816,
    ),
    "bukin-2d": Published(
        "Bukin",
        2,
        ((-15.0, -5.0), (-3.0, 3.0)),
        (-10.0, 1.0),
        "steep, with a narrow curved valley and a single minimum on its floor",
    ),
    "levy-2d": Published("Levy", 2, ((-10.0, 10.0),), (1.0,), _LEVY),
    "rastrigin-2d": Published(
        "Rastrigin", 2, ((-5.12, 5.12),), (0.0,), "with a large number of regular local minima"
    ),
    "hartmann-4d": Published(
        "Hartmann",
        4,
        ((0.0, 1.0),),
        (0.18739527, 0.19415153, 0.55791778, 0.26477962),
        "a sum of four stretched bumps, not separable",
        -3.134494144760155,
    ),
    "ackley-6d": Published("Ackley", 6, ((-32.768, 32.768),), (0.0,), _ACKLEY),
    "levy-10d": Published("Levy", 10, ((-10.0, 10.0),), (1.0,), _LEVY),
    "ackley-15d": Published("Ackley", 15, ((-30.0, 20.0),), (0.0,), _ACKLEY),
}


def literature(name: str, moved: bool = False) -> FunctionTask:
    """Return one of `FUNCTIONS`, as published or moved."""
    about = FUNCTIONS[name]
    full = name_of(name, moved)
    names = [f"x_{i}" for i in range(about.dimension)]
    bounds = zip(names, about.low, about.high, strict=True)
    space = SearchSpace(tuple(Float(n, float(low), float(high)) for n, low, high in bounds))
    back = _way_back(about, full) if moved else np.asarray

    def value(config: Config) -> float:
        return _value(about, back(np.array([config[n] for n in names], dtype=float)))

    what = "function, shifted and rotated" if moved else "function"
    words = (
        f"Minimise the {about.function} {what}: a mathematical function of {about.dimension} "
        f"numbers, {about.about}."
    )
    task = describe(words, space, ("value", "minimize"))
    return FunctionTask(full, GROUP, task, value, about.least, draws=DRAWS)


def name_of(name: str, moved: bool = False) -> str:
    """Return what a task is called."""
    return f"literature-{name}" + ("-moved" if moved else "")


def best_config(name: str, moved: bool = False) -> Config:
    """Return the optimum's configuration (for tests and the oracle only)."""
    about = FUNCTIONS[name]
    place = about.optimum
    if moved:
        place = about.low + new_place(about.dimension, name_of(name, True)) * (
            about.high - about.low
        )
    return {f"x_{i}": float(x) for i, x in enumerate(place)}


def new_place(dimension: int, name: str) -> NDArray[np.float64]:
    """Return where the optimum of a moved task is, in unit coordinates (`d`)."""
    rng = np.random.default_rng([1, zlib.crc32(name.encode())])
    return rng.uniform(MARGIN, 1 - MARGIN, dimension)


def _way_back(about: Published, name: str) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the map from a moved function's inputs to the published one's (`d` to `d`)."""
    from scipy.stats import special_ortho_group

    rng = np.random.default_rng([2, zlib.crc32(name.encode())])
    rotation = special_ortho_group.rvs(about.dimension, random_state=rng)
    width = about.high - about.low
    here = new_place(about.dimension, name)

    def back(x: NDArray[np.float64]) -> NDArray[np.float64]:
        turned: NDArray[np.float64] = rotation @ ((x - about.low) / width - here)
        return about.optimum + turned * width

    return back


@lru_cache(maxsize=16)
def _problem(function: str, dimension: int) -> Any:
    """Return botorch's function; moved inputs may lie beyond its usual bounds."""
    from botorch.test_functions import synthetic

    kind, everywhere = getattr(synthetic, function), [(-1e6, 1e6)] * dimension
    if function in ("Branin", "Bukin"):
        return kind(bounds=everywhere)
    return kind(dim=dimension, bounds=everywhere)


def _value(about: Published, x: NDArray[np.float64]) -> float:
    import torch

    rows = torch.as_tensor(x, dtype=torch.double)[None]
    return float(_problem(about.function, about.dimension).evaluate_true(rows)[0])
