"""plaintune begun with what did well on other tables, without a language model.

The portfolio that ships is about models on data, and is what real trainings begin with: it has not
seen their tables. A benchmark's table has its own parameters: the same greedy choice
(`acquisition.portfolio`) is made on the other tables of the same benchmark, never on the one that
is searched.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from acquisition.portfolio import SIZE, Portfolio, greedy, portfolio, regrets
from benchmarks.arms.base import ArmUnavailableError, Problem
from benchmarks.arms.plaintune_gp import DesignerSession, PlaintuneGP
from benchmarks.tasks import bayesmark
from benchmarks.tasks.registry import TASKS, open_task
from benchmarks.tasks.table import TableTask
from benchmarks.tasks.trainings import TrainingTask
from evals.space import Config
from evals.task import Task
from evals.trials import Suggestion

BENCHMARKS = ("hpobench", "hpolib", "nasbench201")
DRAWS = 300
"""Configurations per scikit-learn model that its other tables are asked about."""


@lru_cache(maxsize=64)
def left_out(name: str) -> Portfolio:
    """Return the portfolio for the task `name` from tables that are not its own.

    Raises:
        ArmUnavailableError: there are none, or the task hides what it is.
    """
    task = open_task(name)
    if isinstance(task, TrainingTask) and (shipped := portfolio(task.task)).suggestions:
        return shipped
    others = related(name)
    if not others:
        raise ArmUnavailableError("No other tables are known that have this task's parameters.")
    candidates, gains = measured(others)
    chosen = greedy(regrets(gains), SIZE, range(1, gains.shape[1]), [0])
    told = {"portfolio": {"tables": len(others)}}
    found = (Suggestion(candidates[i], "portfolio", None, told) for i in chosen)
    return Portfolio(tuple(found), len(others))


def related(name: str) -> list[str]:
    """Return the other tables with the same space; none of a task that hides what it is."""
    family = name.rpartition("-")[0]
    if family not in BENCHMARKS and not family.startswith("sklearn-"):
        return []
    return [n for n in TASKS if n.rpartition("-")[0] == family and n != name]


class _Rows:
    """All configurations of a table, the default first, decoded only where they are asked for."""

    def __init__(self, task: TableTask) -> None:
        self._task, self._shape = task, task.means.shape
        default = task.space.default_config() or {}
        at = [p.index(default[p.name]) for p in task.space.parameters]  # type: ignore[union-attr]
        first = int(np.ravel_multi_index(at, self._shape))
        self.order = np.r_[first, np.delete(np.arange(task.means.size), first)]

    def __getitem__(self, i: int) -> Config:
        places = np.unravel_index(self.order[i], self._shape)
        pairs = zip(self._task.space.parameters, places, strict=True)
        return {p.name: p.options[int(k)] for p, k in pairs}  # type: ignore[union-attr]


def measured(names: list[str]) -> tuple[_Rows | list[Config], NDArray[np.float64]]:
    """Return candidates, the default first, and their gains on the tasks `names` (`t x c`)."""
    tasks = [open_task(n) for n in names]
    tables = [t for t in tasks if isinstance(t, TableTask)]
    if tables:
        rows = _Rows(tables[0])
        return rows, np.array([t.task.objective.sign * t.means.ravel()[rows.order] for t in tables])
    trained = [t for t in tasks if isinstance(t, bayesmark.SklearnTask)]
    space = trained[0].space
    drawn = [space.default_config() or {}, *space.sample(np.random.default_rng(1), DRAWS)]
    return drawn, np.array([[t.truth(c) for c in drawn] for t in trained])


class PlaintunePortfolio(PlaintuneGP):
    """The GP core after the default and the portfolio; no random start is handed to it."""

    start = "own"
    objectives = 1

    def open(self, problem: Problem) -> DesignerSession:
        """Begin a run."""
        from acquisition.bayesian import BayesianDesigner

        known = left_out(problem.task.name)

        def unseen(task: Task) -> Portfolio:
            return known

        return DesignerSession(problem, BayesianDesigner(portfolio=unseen))


PORTFOLIO = PlaintunePortfolio("plaintune-portfolio")
