"""What the language model is shown of other tables.

`proven`, which studies use, shows the portfolio: configurations that complement each other over all
tables. `examples` shows the best on the most similar ones; a similar table has about as many rows
and columns, the same kind of target, about the same share of numeric columns and of the largest
class, and nothing but its card is compared. What each is worth, on tables left out:
`benchmarks/results/portfolio/report.md`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.llm_designer import Example, partial_card
from acquisition.portfolio import fitted, known_scores, portfolio
from evals.families import FAMILIES
from evals.meta_knowledge import Scores, TableCard, describe, meta_table
from evals.space import Config
from evals.task import Task

if TYPE_CHECKING:
    from evals.dataset import Dataset

COUNT = 2
PROVEN = 4


def knowledge(task: Task, data: Dataset) -> dict[str, Any]:
    """Return the `card` and `examples` that a study on the table `data` shows."""
    assert task.data is not None
    table = describe(data.X, data.y, task.data.target, data.kind)
    return {"card": card_of(task, table), "examples": proven(task)}


def card_of(task: Task, table: TableCard) -> dict[str, str]:
    """Return what the language model is told of the task's model and table."""
    return partial_card(task) | {"Table": table.sentence()}


def proven(task: Task, count: int = PROVEN, without: Sequence[str] = ()) -> tuple[Example, ...]:
    """Return the first `count` configurations of the task's portfolio.

    The best configuration on a single table is partly there by luck; these did well on many.
    """
    found = portfolio(task, without, count)
    where = f"{found.tables} tables of all kinds"
    return tuple(Example(where, s.config) for s in found.suggestions)


def examples(
    task: Task,
    card: TableCard,
    count: int = COUNT,
    without: Sequence[str] = (),
    standing: bool = False,
) -> tuple[Example, ...]:
    """Return the best configurations of the task's models on the `count` most similar tables.

    Each is another configuration, and fits the task's space. Tables `without` count as never seen.
    `standing` adds its rank and the default's there, after which answers were less diverse and no
    better (`benchmarks/results/portfolio/report.md`).
    """
    if task.evaluator != "tabular" or task.data is None or not task.models:
        return ()
    scores = known_scores(task.models, task.data.kind, task.objective.metric, tuple(without))
    if scores is None:
        return ()
    configs = [fitted(task, c) for c in scores.candidates]
    order = sorted(range(len(scores.tables)), key=lambda i: _distance(scores, i, card))
    found: list[Example] = []
    for i in order:
        shown = [e.config for e in found]
        if len(found) < count and (example := _example(scores, i, configs, shown)):
            found.append(example if standing else replace(example, standing=""))
    return tuple(found)


def distance(one: TableCard, other: TableCard) -> float:
    """Return how unlike two tables are: 1 is ten times the rows or columns, or another kind."""
    sizes = [math.log10(one.rows / other.rows), math.log10(one.columns / other.columns)]
    shares = [one.numeric - other.numeric, one.majority - other.majority]
    return sum(map(abs, [*sizes, *shares])) + (one.kind != other.kind)


def _distance(scores: Scores, table: int, card: TableCard) -> float:
    return distance(meta_table().card(scores.tables[table]), card)


def _example(
    scores: Scores, table: int, configs: Sequence[Config | None], shown: Sequence[Config]
) -> Example | None:
    gains = scores.gains[table]
    able = [i for i, c in enumerate(configs) if c and c not in shown and np.isfinite(gains[i])]
    if not able:
        return None
    best = max(able, key=lambda i: gains[i])
    card = meta_table().card(scores.tables[table])
    return Example(card.sentence(), dict(configs[best] or {}), _standing(scores, table, best))


def _standing(scores: Scores, table: int, best: int) -> str:
    """Return the ranks of a configuration and of its family's default among all measured ones."""
    family = scores.candidates[best].family
    default = next(i for i, c in enumerate(scores.candidates) if c.family == family)
    ranks = [_rank(scores, table, i) for i in (best, default)]
    label = FAMILIES[family].label
    if best == default:
        return f"{label}'s defaults, number {ranks[0]} of {len(scores.candidates)} tried there"
    return (
        f"number {ranks[0]} of {len(scores.candidates)} tried there; "
        f"the defaults of {label} came in as number {ranks[1]}"
    )


def _rank(scores: Scores, table: int, index: int) -> int:
    gains = np.nan_to_num(scores.gains[table], nan=-np.inf)
    return int((gains > gains[index]).sum()) + 1
