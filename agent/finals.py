"""The last round on a table: the best few are cross-validated anew before one is crowned.

All trials share their folds, so that the best score is partly what suited these folds (overtuning:
Schneider et al. 2025, "Overtuning in hyperparameter optimization"). The best few are trained again
on folds drawn anew, and the winner is the best by the mean of all its scores. On tables to develop
on (12 tasks of 800 rows, 3 folds, 30 trials) this kept a seventh more of the gain on the test part;
24 more trials instead kept no more (docs/search.md).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from agent.confirm import best_first
from agent.outcome import Finals, Repeat
from evals.objectives import incumbent
from evals.space import Config
from evals.task import Task
from evals.trials import Evaluation, Trial, TrialState

SHARE = 0.4
"""So many trainings again for a trial of the search."""
FINALISTS = 6
LONGEST = 0.75
"""The last round takes at most this share of the time the search trained: the best are often those
that train longest."""
CLOSE = 2.0
"""Who is more standard errors behind the best than this is not in the last round."""


@runtime_checkable
class Repeatable(Protocol):
    """An evaluator that can score a configuration on other folds."""

    @property
    def repeats(self) -> int:
        """How many sets of other folds there are."""

    def again(self, config: Config, seed: int, number: int) -> Evaluation:
        """Cross-validate on the other folds of that number."""


def finals(
    task: Task,
    trials: Sequence[Trial],
    evaluator: Repeatable,
    *,
    seconds_left: float = math.inf,
    notify: Callable[[str], None] = lambda message: None,
) -> Finals | None:
    """Train the best few again, and return who won; None where there is no such round.

    There is none where the search was short, no time is left, one trial is clearly the best, rows
    stand in order of time, or trials were already repeated by the search itself.
    """
    rivals = _rivals(task, trials, evaluator.repeats, seconds_left)
    if len(rivals) < 2:
        return None
    runs = len(rivals) * evaluator.repeats
    seconds = round(runs * _cost(rivals))
    notify(
        f"Training the best {len(rivals)} again, on other folds: {runs} cross-validations, "
        f"about {max(1, seconds)} s."
    )
    repeats = _repeated(task, rivals, evaluator, time.monotonic() + seconds_left)
    means = {t.number: m for t in rivals if (m := _mean(t, repeats, evaluator.repeats)) is not None}
    if rivals[0].number not in means:
        return None
    judged = [_with(t, means[t.number]) for t in rivals if t.number in means]
    best = incumbent(task, judged)
    assert best is not None
    return Finals(
        winner=best.number,
        leader=rivals[0].number,
        means={n: values[0] for n, values in means.items()},
        repeats=tuple(r for of in repeats.values() for r, _ in of),
    )


def _rivals(task: Task, trials: Sequence[Trial], rounds: int, seconds_left: float) -> list[Trial]:
    """Return the trials of the last round, the best of the search first."""
    ranked = best_first(task, trials)
    if not rounds or not ranked:
        return []
    best, *others = ranked
    close = [best, *(t for t in others if _is_close(task, best, t))]
    count = min(FINALISTS, int(SHARE * len(trials)) // rounds, len(close))
    seconds = min(seconds_left, LONGEST * sum(t.cost for t in trials))
    while count > 1 and count * rounds * _cost(close[:count]) > seconds:
        count -= 1
    return close[:count]


def _is_close(task: Task, best: Trial, other: Trial) -> bool:
    error = best.evaluation.std[0] if best.evaluation and best.evaluation.std else math.inf
    behind = task.objective.sign * (best.values[0] - other.values[0])
    return not behind > CLOSE * error


def _cost(trials: Sequence[Trial]) -> float:
    return float(np.mean([t.cost for t in trials]))


def _repeated(
    task: Task, rivals: Sequence[Trial], evaluator: Repeatable, end: float
) -> dict[int, list[tuple[Repeat, Evaluation]]]:
    """Train all rivals on one set of folds after the other, while there is time."""
    found: dict[int, list[tuple[Repeat, Evaluation]]] = {t.number: [] for t in rivals}
    for number in range(evaluator.repeats):
        for trial in rivals:
            if time.monotonic() > end:
                return found
            told = evaluator.again(trial.config, task.seed, number)
            value = told.values[0] if told.values else None
            repeat = Repeat(
                trial=trial.number,
                seed=number,
                purpose="choosing",
                value=value,
                reason=told.reason,
            )
            found[trial.number].append((repeat, told))
    return found


def _mean(
    trial: Trial, repeats: dict[int, list[tuple[Repeat, Evaluation]]], rounds: int
) -> tuple[float, ...] | None:
    """Return the mean of all scores; None where one is missing."""
    again = [told.values for _, told in repeats[trial.number]]
    if len(again) < rounds or not all(again):
        return None
    return tuple(float(v) for v in np.mean([trial.values, *again], axis=0))


def _with(trial: Trial, values: tuple[float, ...]) -> Trial:
    return replace(trial, evaluation=Evaluation(TrialState.COMPLETE, values))
