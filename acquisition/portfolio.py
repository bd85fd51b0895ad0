"""Portfolios: complementary configurations that did well on other tables, tried before any model.

Greedy selection after Feurer et al. 2022, "Auto-sklearn 2.0", section 3.1 (JMLR 23:261; submodular,
so greedy is within 1 - 1/e of the best set): each next configuration is the one that most lowers
the mean over tables of the regret of the best configuration chosen so far. The library's default
counts as chosen, as it is every study's first trial. Regret is standardised per table, so that no
table counts for its units: 0 is the best of all candidates there, 1 the median, clipped at `WORST`.

Left out: their weighting by fidelity, and the selector between several portfolios.

Shapes: t tables, c candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.families import FAMILIES, Family
from evals.meta_knowledge import Candidate, Scores, meta_table
from evals.parameters import Categorical, Scalar
from evals.space import Config
from evals.spaces import SEPARATOR, fixed_for
from evals.task import Kind, Task
from evals.trials import Suggestion
from prompts.errors import InvalidConfigError

Array = NDArray[np.float64]

SIZE = 12
"""So many configurations at most: the first ones begin the search, the rest stand in the pool."""
WORST = 2.0
"""Regret is clipped here (twice as far from the best as the median): a failure is no worse."""
NEAR = 0.1
"""A fixed number may differ from the measured one by so much of its scale: the configuration was
measured close enough. Fixed choices have to be equal."""


@dataclass(frozen=True)
class Portfolio:
    """Suggestions of origin "portfolio", the most useful first, and on how many tables it rests."""

    suggestions: tuple[Suggestion, ...] = ()
    tables: int = 0


def regrets(gains: Array) -> Array:
    """Return the standardised regret (`t x c`) of `gains`; NaN, a failure, is `WORST`."""
    best = np.nanmax(gains, axis=1, keepdims=True)
    median = np.nanmedian(gains, axis=1, keepdims=True)
    scale = np.where(best > median, best - median, 1.0)
    found = np.clip((best - gains) / scale, 0.0, WORST)
    return np.where(np.isnan(found), WORST, found)


def greedy(
    regret: Array, count: int, allowed: Sequence[int], start: Sequence[int] = ()
) -> list[int]:
    """Choose up to `count` of the candidates `allowed`, in order.

    Args:
        regret: `t x c`.
        start: candidates that count as chosen already.
    """
    best = np.full(len(regret), WORST)
    for i in start:
        best = np.minimum(best, regret[:, i])
    left = list(allowed)
    chosen: list[int] = []
    while left and len(chosen) < count:
        means = np.minimum(best[:, None], regret[:, left]).mean(axis=0)
        # Ties, once nothing is gained any more, go to what is good by itself.
        order = np.lexsort((regret[:, left].mean(axis=0), means.round(12)))
        pick = left.pop(int(order[0]))
        chosen.append(pick)
        best = np.minimum(best, regret[:, pick])
    return chosen


def portfolio(task: Task, without: Sequence[str] = (), count: int = SIZE) -> Portfolio:
    """Return the portfolio for a tabular task, as if the tables `without` had never been seen.

    Only what fits the task's space as it was measured is in it: nothing is clipped. Empty for
    other evaluators and for models that were never measured.
    """
    if task.evaluator != "tabular" or task.data is None or not task.models:
        return Portfolio()
    scores = known_scores(task.models, task.data.kind, task.objective.metric, tuple(without))
    if scores is None or not scores.tables:
        return Portfolio()
    configs = [fitted(task, candidate) for candidate in scores.candidates]
    default = task.space.default_config()
    known = None if default is None else task.space.key(default)
    allowed = [i for i, c in enumerate(configs) if c and task.space.key(c) != known]
    tried = default is not None and scores.candidates[0].family == task.models[0]
    start = [0] if tried else []
    chosen = greedy(regrets(scores.gains), count, allowed, start)
    found = [_suggestion(scores, i, configs[i] or {}, rank) for rank, i in enumerate(chosen)]
    return Portfolio(tuple(found), len(scores.tables))


@lru_cache(maxsize=64)
def known_scores(
    families: tuple[str, ...], kind: Kind, metric: str, without: tuple[str, ...] = ()
) -> Scores | None:
    """Return what was measured of `families` on tables other than `without`; None for nothing."""
    found = meta_table().scores(families, kind, metric)
    return found.without(without) if found else None


def fitted(task: Task, candidate: Candidate) -> Config | None:
    """Return a measured configuration as the task's space writes it; None where it does not fit."""
    family = FAMILIES[candidate.family]
    fixed = fixed_for(family, task.fixed) if task.fixed else {}
    if not all(_alike(family, _kind(task), candidate.config, n, v) for n, v in fixed.items()):
        return None
    own = {k: v for k, v in candidate.config.items() if k not in fixed}
    config = own if len(task.models) == 1 else _prefixed(candidate.family, own)
    try:
        return task.space.validate(_completed(task, config))
    except InvalidConfigError:
        return None


def _kind(task: Task) -> Kind:
    assert task.data is not None
    return task.data.kind


def _alike(family: Family, kind: Kind, config: Config, name: str, fixed: Scalar) -> bool:
    """Return whether `config` was measured with about the value that the user fixed.

    Parameters that are tuned on request only were at their defaults; what is no parameter of ours
    (a solver, a number of threads) does not count.
    """
    known = {p.name: p for p in (*family.parameters(kind), *family.extras(kind))}
    parameter = known.get(name)
    if parameter is None or name not in config:
        return parameter not in family.extras(kind) or parameter.default == fixed
    if config[name] == fixed or isinstance(parameter, Categorical):
        return config[name] == fixed
    try:
        places = [_place(parameter, v) for v in (config[name], fixed)]
    except InvalidConfigError:
        return False
    return bool(abs(places[0] - places[1]) <= NEAR)


def _place(parameter: Any, value: Scalar) -> float:
    return float(parameter.to_unit(parameter.check(value)))


def _prefixed(family: str, config: Mapping[str, Scalar]) -> Config:
    return {"model": family} | {f"{family}{SEPARATOR}{k}": v for k, v in config.items()}


def _completed(task: Task, config: Config) -> Config:
    """Add the library's defaults of parameters that are tuned on request only.

    They were at their defaults when `config` was measured.
    """
    missing = {p.name: p.default for p in task.space.active(config) if p.name not in config}
    return config | missing


def _suggestion(scores: Scores, index: int, config: Config, rank: int) -> Suggestion:
    details = {"portfolio": {"rank": rank + 1, "tables": len(scores.tables)}}
    return Suggestion(config, "portfolio", _reason(scores, scores.candidates[index]), details)


def _reason(scores: Scores, candidate: Candidate) -> str:
    """Return on what a configuration rests, and what such ones lost on tables they had not seen."""
    label = FAMILIES[candidate.family].label
    why = f"chosen for {label} on {len(scores.tables)} other tables ({scores.metric})"
    alone = len({c.family for c in scores.candidates}) == 1
    loss = meta_table().losses.get(candidate.family, {}).get(scores.metric) if alone else None
    if loss is None:
        return why
    regret = {name: f"{loss[name]:.2f}" for name in ("portfolio", "random", "default")}
    return (
        f"{why}; on tables left out, five trials begun like this had a regret of "
        f"{regret['portfolio']}, random ones {regret['random']}, the default {regret['default']}"
    )
