"""LLAMBO's public protocol on other tables than the test's, to try changes of the search on.

Models and spaces are those of `benchmarks.tasks.bayesmark`; the tables, of those that the portfolio
rests on (`benchmarks.meta_sources`), keep their numbers only, unscaled as there, and at most `ROWS`
rows. With the default (`dev-sklearn-MODEL-TABLE`) and, as functions have none, without.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

import numpy as np

from benchmarks.cache import remembered
from benchmarks.meta_sources import SOURCES
from benchmarks.tasks.base import describe
from benchmarks.tasks.bayesmark import SPACES, WORDS, SklearnTask, train
from evals.space import Config, SearchSpace
from evals.task import Task

TABLES = {
    "olive": ("dslabs.olive", "from which of three areas an olive oil is"),
    "spam": ("DAAG.spam7", "which mails are spam, from the shares of six words"),
    "crabs": ("MASS.crabs", "the sex of a crab from five measures"),
    "leafshape": ("DAAG.leafshape", "how a plant grows from measures of its leaves"),
}
ROWS = 400


class DevelopmentTask(SklearnTask):
    """One classifier on one table; every evaluation is kept on disk, shared by all arms."""

    def __init__(self, model: str, table: str) -> None:
        self.name = f"dev-sklearn-{model.lower()}-{table}"
        self._model, self._table = model, table
        words = f"Tune {WORDS[model]} that tells {TABLES[table][1]}. Maximise accuracy."
        self._shown = describe(words, SearchSpace(SPACES[model]), ("accuracy", "maximize"))

    @property
    def task(self) -> Task:
        """What is tuned."""
        return self._shown

    def _scores(self, config: Config) -> dict[str, float]:
        words = json.dumps([self.name, self.version, config], sort_keys=True)
        key = hashlib.sha256(words.encode()).hexdigest()
        return remembered(key, lambda: train(self._model, _split(self._table), config))


@lru_cache(maxsize=4)
def _split(name: str) -> list[Any]:
    from sklearn.model_selection import train_test_split

    from benchmarks.meta_table import table

    source = next(s for s in SOURCES if s.name == TABLES[name][0])
    rows = table(source)
    wanted = min(len(rows), ROWS)
    rows = rows.iloc[np.sort(np.random.default_rng(7).choice(len(rows), wanted, replace=False))]
    numbers = rows.drop(columns=source.target).select_dtypes("number").dropna(axis="columns")
    y = rows[source.target].astype(str).to_numpy()
    return list(train_test_split(numbers.to_numpy(float), y, test_size=0.2, random_state=0))
