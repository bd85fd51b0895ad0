"""What was measured before on other tables: the meta-table that ships with plaintune.

`benchmarks.meta_table` wrote it: per model family the library's default and an even spread of
configurations, the same on every table, cross-validated as a study would. Which tables it rests on,
and which were left out on purpose, stands in `meta/tables.json` and `benchmarks.meta_sources`.

Shapes: t tables, c candidates (configurations of one or several families).
"""

from __future__ import annotations

import csv
import gzip
import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from evals.metrics import METRICS
from evals.space import Config
from evals.task import Kind

if TYPE_CHECKING:
    from pandas import DataFrame

Group = Literal["classification", "regression"]
FOLDER = Path(__file__).parent / "meta"
LIKE_ACCURACY = ("accuracy", "top_k", "micro", "weighted")
LIKE_ABSOLUTE = ("absolute",)


@dataclass(frozen=True)
class TableCard:
    """What is known of a table before anything is trained on it.

    `numeric` and `majority` are shares in [0, 1]: of numeric columns, and of the largest class (0
    for a regression). `columns` counts those that can be learned from.
    """

    name: str
    target: str
    kind: Kind
    rows: int
    columns: int
    numeric: float
    classes: int
    majority: float

    def sentence(self) -> str:
        """Return the card in words, without the table's name."""
        text = f"{self.kind}, {self.rows} rows, {self.columns} columns"
        text += f" ({100 * self.numeric:.0f} % numeric)"
        if self.kind == "regression":
            return text
        return f"{text}, {self.classes} classes, largest {100 * self.majority:.0f} %"


@dataclass(frozen=True)
class Candidate:
    """A measured configuration, by the family's own parameter names; number 0 is the default."""

    family: str
    number: int
    config: Config


@dataclass(frozen=True)
class Scores:
    """How candidates did on tables: `gains` (`t x c`), larger is better; NaN where it failed."""

    tables: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    metric: str
    gains: NDArray[np.float64]

    def without(self, tables: Sequence[str]) -> Scores:
        """Return the scores as if `tables` had never been seen."""
        kept = [i for i, name in enumerate(self.tables) if name not in tables]
        names = tuple(self.tables[i] for i in kept)
        return Scores(names, self.candidates, self.metric, self.gains[kept])


@dataclass(frozen=True)
class MetaTable:
    """All measurements: per family and group the configurations, per metric what came out."""

    cards: tuple[TableCard, ...]
    configs: Mapping[str, Mapping[Group, Sequence[Config]]]
    values: Mapping[tuple[str, str], Mapping[tuple[str, int], float]]
    """(family, metric) → (table, configuration number) → value as the user reads it."""
    losses: Mapping[str, Mapping[str, Mapping[str, float]]]
    """family → metric → regret on tables left out: `default`, `random` and `portfolio` of five."""

    def scores(self, families: Sequence[str], kind: Kind, metric: str) -> Scores | None:
        """Return how all configurations of `families` did on tables like those of `kind`.

        Families that were never measured are left out. The metric is the measured one that is
        nearest to `metric` and known for each of the others; None where nothing was measured.
        """
        group = group_of(kind)
        known = [f for f in families if self.configs.get(f, {}).get(group)]
        for name in nearest_metrics(metric, kind) if known else ():
            if all(self.values.get((f, name)) for f in known):
                return self._scores(known, group, name)
        return None

    def _scores(self, families: Sequence[str], group: Group, metric: str) -> Scores:
        found = [
            Candidate(f, i, config)
            for f in families
            for i, config in enumerate(self.configs[f][group])
        ]
        measured = [{t for t, _ in self.values[f, metric]} for f in families]
        names = [c.name for c in self.cards if group_of(c.kind) == group]
        names = [n for n in names if all(n in m for m in measured)]
        sign = 1.0 if METRICS[metric].direction == "maximize" else -1.0
        gains = [
            [sign * self.values[c.family, metric].get((n, c.number), math.nan) for c in found]
            for n in names
        ]
        return Scores(tuple(names), tuple(found), metric, np.array(gains).reshape(len(names), -1))

    def card(self, name: str) -> TableCard:
        """Return the card of the table called `name`."""
        return next(c for c in self.cards if c.name == name)


def group_of(kind: Kind) -> Group:
    """Return which tables share configurations with a target of this kind."""
    return "regression" if kind == "regression" else "classification"


def nearest_metrics(metric: str, kind: Kind) -> tuple[str, ...]:
    """Return the measured metrics that stand for `metric`, the nearest first."""
    if kind == "regression":
        absolute = any(word in metric for word in LIKE_ABSOLUTE)
        first = "mean_absolute_error" if absolute else "root_mean_squared_error"
        return (first, "root_mean_squared_error")
    if "roc_auc" in metric or metric == "average_precision":
        return ("roc_auc",)
    if METRICS[metric].needs_probability and "top_k" not in metric:
        return ("log_loss", "roc_auc")
    balanced = "balanced" in metric or not any(word in metric for word in LIKE_ACCURACY)
    return ("balanced_accuracy",) if balanced else ("accuracy",)


def describe(
    features: DataFrame, values: NDArray[Any], target: str, kind: Kind, name: str = ""
) -> TableCard:
    """Return the card of a table: its feature columns and its `n` target values."""
    from pandas.api.types import is_numeric_dtype

    counts = np.unique(values, return_counts=True)[1] if kind != "regression" else np.zeros(0)
    return TableCard(
        name=name,
        target=target,
        kind=kind,
        rows=len(features),
        columns=features.shape[1],
        numeric=round(float(np.mean([is_numeric_dtype(t) for t in features.dtypes])), 3),
        classes=len(counts),
        majority=round(float(counts.max() / counts.sum()), 3) if len(counts) else 0.0,
    )


@cache
def meta_table(folder: Path = FOLDER) -> MetaTable:
    """Return the measurements that ship with plaintune."""
    about = _json(folder / "tables.json")
    cards = tuple(TableCard(**card) for card in about["tables"])
    values: dict[tuple[str, str], dict[tuple[str, int], float]] = defaultdict(dict)
    with gzip.open(folder / "scores.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            family, table, number = row.pop("family"), row.pop("table"), int(row.pop("config"))
            for metric, value in row.items():
                if value:
                    values[family, metric][table, number] = float(value)
    configs, losses = (_json(folder / f"{n}.json") for n in ("configurations", "losses"))
    return MetaTable(cards, configs, dict(values), losses)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
