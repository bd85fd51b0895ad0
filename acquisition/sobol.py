"""Even coverage of the space: scrambled Sobol points that fit to what was tried before.

Each point is drawn from a freshly scrambled sequence (the designer keeps no state) and the one is
taken that lowers the centred discrepancy of all trials most (Hickernell 1998, Eq. 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from acquisition.tried import Tried
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion, Trial
from surrogates.encoding import encoding_of

Array = NDArray[np.float64]

DRAWS = 16
MEMORY = 256
ENUMERABLE = 4096


class SobolDesigner:
    """The target model's default configuration first, then an even spread."""

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return `count` new configurations, fewer only where the space is used up."""
        tried = Tried(task.space, [t.config for t in trials])
        chosen = default_first(task, tried)[:count]
        past = encoding_of(task.space).encode([t.config for t in trials[-MEMORY:]])
        while len(chosen) < count:
            config = spread_point(task, past, tried, rng)
            if config is None:
                break
            tried.add(config)
            chosen.append(Suggestion(config, "sobol"))
            past = np.concatenate([past, encoding_of(task.space).encode([config])])
        return chosen


def default_first(task: Task, tried: Tried) -> list[Suggestion]:
    """Return the target model's own default where there is one that nobody has tried."""
    config = task.space.default_config()
    if config is None or config in tried:
        return []
    tried.add(config)
    return [Suggestion(config, "default")]


def scrambled(rng: np.random.Generator, d: int, count: int) -> Array:
    """Return `count x d` points of a scrambled Sobol sequence; `count` a power of two."""
    from scipy.stats import qmc

    return np.asarray(qmc.Sobol(d, scramble=True, rng=rng).random(count))


def spread_point(task: Task, past: Array, tried: Tried, rng: np.random.Generator) -> Config | None:
    """Return a configuration where `past` (`n x d`) is thin; None where the space is used up."""
    rows = encoding_of(task.space).snap(scrambled(rng, len(task.space), DRAWS))
    for row in rows[np.argsort(_discrepancies(past, rows), kind="stable")]:
        if (config := tried.free(row)) is not None:
            return config
    return any_free(task, tried, rng)


def _discrepancies(past: Array, rows: Array) -> Array:
    from scipy.stats import qmc

    if not len(past):
        return np.zeros(len(rows))
    return np.array([qmc.discrepancy(np.vstack([past, row])) for row in rows])


def any_free(task: Task, tried: Tried, rng: np.random.Generator) -> Config | None:
    """Return some configuration that is not taken; None where there is (almost surely) none."""
    space = task.space
    if space.cardinality <= ENUMERABLE:
        for row in rng.permutation(every_row(task)):
            if (config := tried.free(row)) is not None:
                return config
        return None
    for _ in range(100):
        for config in space.sample(rng, 64):
            if config not in tried:
                return config
    return None


def every_row(task: Task) -> Array:
    """Return the encodings of all configurations of a small space, constraints aside."""
    encoding = encoding_of(task.space)
    rows = np.full((1, len(encoding)), 0.5)
    for column in encoding.columns:
        grid = column.grid()
        grown = np.repeat(rows, len(grid), axis=0)
        grown[:, column.index] = np.tile(grid, len(rows))
        # Snapping at once keeps inactive parameters from multiplying the rows.
        rows = np.unique(encoding.snap(grown), axis=0)
    return rows
