"""Direction is handled here and nowhere else: inside larger is better, outside as users read it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evals.steering import keeps
from evals.task import Task
from evals.trials import Trial, TrialState


def gains(task: Task, trials: Sequence[Trial]) -> NDArray[np.float64]:
    """Return `n x m` objective values turned so that larger is better.

    Trials that are not COMPLETE have NaN rows: failures are modelled, never given a penalty value.
    """
    signs = np.array([o.sign for o in task.objectives], dtype=float)
    rows = [
        signs * np.asarray(t.values) if t.state is TrialState.COMPLETE else signs * np.nan
        for t in trials
    ]
    return np.array(rows, dtype=float).reshape(len(rows), len(signs))


def gain(task: Task, value: float) -> float:
    """Return the first objective's `value` turned so that larger is better."""
    return task.objective.sign * value


def thresholds(task: Task) -> NDArray[np.float64]:
    """Return each objective's threshold as a gain (`m`), NaN where it has none."""
    given = [np.nan if o.threshold is None else o.sign * o.threshold for o in task.objectives]
    return np.array(given, dtype=float)


def acceptable(task: Task, complete: Sequence[Trial]) -> list[Trial]:
    """Return those of the COMPLETE trials that reach all thresholds; all where none does."""
    missed = gains(task, complete) < thresholds(task)
    found = [t for t, row in zip(complete, missed, strict=True) if not row.any()]
    return found or list(complete)


def incumbent(task: Task, trials: Sequence[Trial]) -> Trial | None:
    """Return the COMPLETE trial that is best on the first objective; the earlier one on a tie.

    Trials that break what the user has wished for since, and those that miss a threshold, count
    only where there are no others.
    """
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    if task.steering:
        complete = [t for t in complete if keeps(task, t)] or complete
    if not complete:
        return None
    complete = acceptable(task, complete)
    return complete[int(np.argmax(gains(task, complete)[:, 0]))]
