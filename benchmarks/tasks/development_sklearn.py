"""LLAMBO's public protocol on other tables than the test's, to try changes of the search on.

Models and spaces are those of `benchmarks.tasks.bayesmark`; the tables, of those that the portfolio
rests on (`benchmarks.meta_sources`), keep their numbers only, unscaled as there, and at most `ROWS`
rows. With the default (`dev-sklearn-MODEL-TABLE`) and, as functions have none, without.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from benchmarks.meta_sources import SOURCES
from benchmarks.tasks.bayesmark import SklearnTask

TABLES = {
    "olive": ("dslabs.olive", "from which of three areas an olive oil is"),
    "spam": ("DAAG.spam7", "which mails are spam, from the shares of six words"),
    "crabs": ("MASS.crabs", "the sex of a crab from five measures"),
    "leafshape": ("DAAG.leafshape", "how a plant grows from measures of its leaves"),
}
ROWS = 400


class DevelopmentTask(SklearnTask):
    """One classifier on one table; every evaluation is kept on disk, shared by all arms."""

    kind = "dev-sklearn"
    about: ClassVar[Mapping[str, str]] = {name: told for name, (_, told) in TABLES.items()}

    def _split(self) -> list[Any]:
        return _split(self._table)


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
