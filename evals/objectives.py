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


def shortfalls(task: Task, complete: Sequence[Trial]) -> NDArray[np.float64]:
    """Return by how much each of the COMPLETE trials misses the thresholds (`n`), 0 for none.

    Each miss is a share of what the objective's values span, so that they can be added up.
    """
    known, wanted = gains(task, complete), thresholds(task)
    if np.isnan(wanted).all() or not len(known):
        return np.zeros(len(known))
    size = np.abs(known).max(axis=0)
    size[size == 0.0] = 1.0  # divided by first: the span of huge values would overflow
    missed = np.nan_to_num(np.maximum(wanted / size - known / size, 0.0), nan=0.0)
    span = np.ptp(known / size, axis=0)
    return np.asarray((missed / np.where(span > 0.0, span, 1.0)).sum(axis=1))


def best_order(task: Task, complete: Sequence[Trial]) -> list[Trial]:
    """Return the COMPLETE trials, the best on the first objective first, the earlier on a tie.

    Those that miss a threshold come last, the nearest to all of them first (Deb 2000, "An efficient
    constraint handling method for genetic algorithms", section 3).
    """
    missed, known = shortfalls(task, complete), gains(task, complete)[:, 0]
    return [complete[i] for i in np.lexsort((-known, missed))]


def new_bests(task: Task, complete: Sequence[Trial]) -> list[Trial]:
    """Return those of the COMPLETE trials that were the best so far when they came, in order.

    Where any reaches all thresholds, only such count.
    """
    counted = acceptable(task, complete)
    standing = {t.number: at for at, t in enumerate(best_order(task, counted))}
    found: list[Trial] = []
    for trial in counted:
        if not found or standing[trial.number] < standing[found[-1].number]:
            found.append(trial)
    return found


def incumbent(task: Task, trials: Sequence[Trial]) -> Trial | None:
    """Return the COMPLETE trial that is best on the first objective; the earlier one on a tie.

    Trials that break what the user has wished for since, and those that miss a threshold, count
    only where there are no others; of the latter the one that is nearest to all thresholds.
    """
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    if task.steering:
        complete = [t for t in complete if keeps(task, t)] or complete
    return best_order(task, complete)[0] if complete else None
