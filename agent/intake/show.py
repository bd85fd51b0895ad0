"""The task as understood: one object for machines, one table for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evals.task import Task

if TYPE_CHECKING:
    from rich.table import Table


def plan_json(task: Task) -> dict[str, Any]:
    """Return the task as `plaintune plan --json` prints it; limits not given are null."""
    content = task.model_dump(mode="json", exclude={"space"})
    content["space"] = [p.name for p in task.space.parameters]
    return content


def task_table(task: Task) -> Table:
    """Return a table of field, value and where the value came from."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title="The task as understood", title_justify="left")
    for heading in ("field", "value", "from"):
        table.add_column(heading, overflow="fold")
    for name, value in fields(task):
        table.add_row(*map(Text, (name, value, _source(task, name))))
    return table


def fields(task: Task) -> list[tuple[str, str]]:
    """Return each field that is set with its value in words."""
    rows: list[tuple[str, str]] = []
    if task.data:
        rows += [("data.path", task.data.path), ("data.target", task.data.target)]
        rows.append(("data.kind", task.data.kind))
        if task.data.positive is not None:
            rows.append(("data.positive", str(task.data.positive)))
        if task.data.left_out:
            rows.append(("data.left_out", ", ".join(task.data.left_out)))
    if task.models:
        rows.append(("models", ", ".join(task.models)))
    rows.append(("objectives", ", ".join(o.words for o in task.objectives)))
    rows += _limits(task)
    if task.program is None:
        rows.append(("validation.folds", str(task.validation.folds)))
        rows.append(("validation.scheme", _scheme(task)))
        rows.append(("validation.test_fraction", f"{task.validation.test_fraction:g}"))
    if task.fixed:
        rows.append(("fixed", ", ".join(f"{k} = {v}" for k, v in task.fixed.items())))
    if task.constraints:
        rows.append(("constraints", ", ".join(task.constraints)))
    return rows


def _limits(task: Task) -> list[tuple[str, str]]:
    budget = task.budget
    said = {
        "budget.trials": budget.trials,
        "budget.seconds": budget.seconds and _duration(budget.seconds),
        "budget.seconds_per_trial": budget.seconds_per_trial
        and _duration(budget.seconds_per_trial),
        "budget.stop_below_gain": budget.stop_below_gain,
        "budget.tokens": budget.tokens,
        "budget.llm_calls": budget.llm_calls,
        "budget.llm_seconds": budget.llm_seconds and _duration(budget.llm_seconds),
    }
    return [(name, str(value)) for name, value in said.items() if value is not None]


def _duration(seconds: float) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{hours:g} h" if hours else "", f"{minutes:g} min" if minutes else ""]
    return " ".join(p for p in [*parts, f"{left:g} s" if left else ""] if p)


def _scheme(task: Task) -> str:
    column = task.validation.column
    return f"{task.validation.scheme} by {column}" if column else task.validation.scheme


def _source(task: Task, name: str) -> str:
    source = task.sources.get(name)
    if source is None:
        return ""
    return f"{source.origin}: “{source.quote}”" if source.quote else source.origin
