"""A study's trials as a table, for whoever goes on with them in pandas."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from evals.task import Task
from evals.trials import Trial

if TYPE_CHECKING:
    from pandas import DataFrame


def trials_frame(task: Task, trials: Sequence[Trial]) -> DataFrame:
    """Return a row per trial, in order: what it was, what came out, and its configuration.

    Scores are missing where a trial did not complete, parameters where they do not exist in it. A
    parameter with the name of another column is called "name (parameter)".
    """
    import pandas as pd

    return pd.DataFrame([_row(task, trial) for trial in trials])


def _row(task: Task, trial: Trial) -> dict[str, Any]:
    metrics = [o.metric for o in task.objectives]
    row: dict[str, Any] = {
        "trial": trial.number + 1,
        "origin": trial.origin,
        "state": trial.state.name.lower(),
    }
    row |= dict(zip(metrics, trial.values or (None,) * len(metrics), strict=False))
    if trial.std:
        row |= {f"{m} std": s for m, s in zip(metrics, trial.std, strict=False)}
    row["seconds"] = trial.cost if trial.evaluation else None
    row["reason"] = (trial.evaluation.reason if trial.evaluation else "") or None
    for name in task.space.names:
        row[f"{name} (parameter)" if name in row else name] = trial.config.get(name)
    return row
