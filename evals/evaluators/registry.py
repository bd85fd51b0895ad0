"""Evaluators by the name that a task gives. A new one is one module and one line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from evals.evaluator import Evaluator
from evals.task import Task
from prompts.errors import InvalidTaskError

if TYPE_CHECKING:
    from pandas import DataFrame


def _tabular(task: Task, frame: DataFrame | None) -> Evaluator:
    from evals.evaluators.tabular import TabularEvaluator

    return TabularEvaluator(task, frame)


def _command(task: Task, frame: DataFrame | None) -> Evaluator:
    from evals.evaluators.command import CommandEvaluator

    return CommandEvaluator(task)


def _function(task: Task, frame: DataFrame | None) -> Evaluator:
    named = f" ({task.program.function})" if task.program else ""
    raise InvalidTaskError(
        f"This task tunes a Python function{named}, which no file holds.",
        hint="Go on from Python: plaintune.tune(function, ..., name=...).",
    )


EVALUATORS: dict[str, Callable[[Task, DataFrame | None], Evaluator]] = {
    "tabular": _tabular,
    "command": _command,
    "function": _function,
}


def build_evaluator(task: Task, frame: DataFrame | None = None) -> Evaluator:
    """Return the evaluator that `task` names.

    Raises:
        InvalidTaskError: there is none of that name.
        UserError: the evaluator cannot use the task.
    """
    if task.evaluator not in EVALUATORS:
        raise InvalidTaskError(
            f"There is no evaluator {task.evaluator!r}.", hint=f"Known: {', '.join(EVALUATORS)}."
        )
    return EVALUATORS[task.evaluator](task, frame)
