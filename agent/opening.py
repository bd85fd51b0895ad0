"""How a study's first question to the language model is put, kept with the study.

`context` ("none", "partial" or "full") says how much of the data it tells; with `log_values` the
parameters on a log scale stand there as decimal logarithms (`acquisition.opening`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from acquisition.opening import Opening, check_context
from evals.task import Task
from prompts.errors import UserError

if TYPE_CHECKING:
    from evals.evaluator import Evaluator

CONTEXT = "plaintune:context"
LOG_VALUES = "plaintune:log_values"


def check_opening(task: Task, context: str) -> None:
    """Check a context before a study with it exists.

    Raises:
        UserError: there is none of that name, or it describes a table and the task has none.
    """
    if check_context(context) == "full" and (task.data is None or task.evaluator != "tabular"):
        raise UserError(
            "The full context describes a table, and this task has none.",
            hint="Use the partial context.",
        )


def opening_of(attributes: Mapping[str, Any], evaluator: Evaluator) -> Opening:
    """Return how the question is put in a study with these attributes; "full" reads its table."""
    from evals.evaluators.tabular import TabularEvaluator
    from evals.table_statistics import statistics

    # A study that does not say so began before there was a choice.
    context = check_context(str(attributes.get(CONTEXT, "partial")))
    logs = bool(attributes.get(LOG_VALUES, False))
    if context != "full" or not isinstance(evaluator, TabularEvaluator):
        return Opening(context, logs)
    return Opening(context, logs, statistics(evaluator.dataset.X, evaluator.dataset.y))
