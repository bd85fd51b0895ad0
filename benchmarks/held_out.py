"""Scores on rows that no search saw: what a user takes home, whatever cross-validation said.

Errors are compared with the default's on the same rows, so that tasks of different metrics can be
averaged: -10 % is a tenth less error than without any tuning.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks import statistics
from benchmarks.arms.base import N_START
from benchmarks.real_runs import markdown
from benchmarks.suites import BUDGETS
from benchmarks.tasks.referenced import ReferencedTask
from benchmarks.tasks.registry import open_task, original_of


def section(frame: pd.DataFrame, arms: Sequence[str]) -> str:
    """Return a report's part on test parts, in Markdown; "" where no pair has any."""
    scores = by_budget(frame, arms)
    if not scores:
        return ""
    last = max(scores)
    means = scores[last].groupby("task").mean()
    means.insert(0, "default", [default_of(str(t)) for t in means.index])
    changes = pd.DataFrame({f"@{b}": [change(s, a) for a in arms] for b, s in scores.items()})
    changes.insert(0, "arm", list(arms))
    counted = f"{len(arms)} arms, {len(means)} tasks, {len(scores[last])} pairs"
    return f"""## Held-out test parts ({counted})

The incumbent's error on rows that no search sees, against the default's on the same rows: mean
over tasks, 95 % bootstrap intervals over seeds. Below, mean scores after {last} evaluations.

{markdown(changes)}
{markdown(means.reset_index())}"""


def by_budget(frame: pd.DataFrame, arms: Sequence[str]) -> dict[int, pd.DataFrame]:
    """Return incumbents' held-out scores per budget: a row per (task, seed), a column per arm.

    `frame` holds a row per trial; its `held_out` is NaN where a task has no test part. Only pairs
    that every arm finished; budgets that no pair reached are left out.
    """
    rows = frame[frame.arm.isin(arms) & (frame.error == "") & frame.held_out.notna()]
    found = {}
    for budget in BUDGETS:
        part = rows[rows.trial == budget]
        wide = part.pivot(index=["task", "seed"], columns="arm", values="held_out")
        wide = wide.reindex(columns=list(arms)).dropna().sort_index()
        if budget > N_START and len(wide):
            found[budget] = wide
    return found


def default_of(task: str) -> float:
    """Return the default's score on the test part of a task."""
    return _original(task).known["held_out"]


def change(scores: pd.DataFrame, arm: str) -> str:
    """Return the test error of an arm against the default's: "-3.1 % [-4.0, -2.2]".

    The mean over tasks with its 95 % interval; tasks where the default makes no error do not count.
    """
    names = scores.index.get_level_values("task").to_numpy(dtype=str)
    default = np.array([_original(n).error(default_of(n)) for n in names])
    error = np.array([_original(n).error(v) for n, v in zip(names, scores[arm], strict=True)])
    kept = default > 0
    if not kept.any():
        return "–"
    percent, names = 100 * (error[kept] / default[kept] - 1), names[kept]
    low, high = statistics.interval(percent, names)
    return f"{statistics.mean_of(percent, names):+.1f} % [{low:+.1f}, {high:+.1f}]"


def _original(task: str) -> ReferencedTask:
    found = open_task(original_of(task))
    assert isinstance(found, ReferencedTask)
    return found
