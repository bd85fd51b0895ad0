"""What an evaluator returned, checked before it is told: wrong values become a FAILED trial."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

from evals.task import Task
from evals.trials import Evaluation, TrialState


def checked(task: Task, result: object) -> Evaluation:
    """Return `result` as an evaluation: one finite number per objective, or FAILED with a reason.

    A number, or a sequence of one number per objective, counts as COMPLETE.
    """
    if not isinstance(result, Evaluation):
        given: Any = result if isinstance(result, list | tuple) else (result,)
        result = Evaluation(TrialState.COMPLETE, tuple(given))
    if result.state is not TrialState.COMPLETE:
        return replace(result, values=())
    if wrong := _wrong(task, result.values):
        return replace(result, state=TrialState.FAILED, values=(), std=None, reason=wrong)
    numbers = tuple(float(v) for v in result.values)
    return replace(result, values=numbers, std=_usable(result.std, len(numbers)))


def failed(error: BaseException) -> Evaluation:
    """Return the FAILED evaluation that says what was raised."""
    text = str(error).strip()
    reason = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return Evaluation(TrialState.FAILED, reason=reason[:500])


def _wrong(task: Task, values: Sequence[object]) -> str:
    if len(values) != len(task.objectives):
        return f"{len(task.objectives)} value(s) are due, got {len(values)}."
    for objective, value in zip(task.objectives, values, strict=True):
        if isinstance(value, bool) or not isinstance(value, Real):
            return f"{objective.metric} must be a number, got {str(value)[:60]!r}."
        if not math.isfinite(value):
            return f"{objective.metric} is {float(value)}, which is not a finite number."
    return ""


def _usable(std: Sequence[float] | None, count: int) -> tuple[float, ...] | None:
    if std is None or len(std) != count or not all(math.isfinite(s) for s in std):
        return None
    return tuple(float(s) for s in std)
