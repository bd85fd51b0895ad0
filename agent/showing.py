"""A study as text and as JSON, for `run`, `show` and `list`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agent.digits import readable
from evals.trials import Trial

if TYPE_CHECKING:
    from rich.console import RenderableType

    from agent.runs import Run

HTML_WIDTH = 100
PLAIN_WIDTH = 100_000
"""Characters per line where the output is no terminal: nothing is cut or wrapped there."""


def show(*parts: RenderableType) -> None:
    """Print `parts` on stdout: coloured on a terminal, plain elsewhere and with NO_COLOR."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else PLAIN_WIDTH
    console = Console(width=width, highlight=False)
    for part in parts:
        console.print(part, crop=False)


def run_html(run: Run) -> str:
    """Return the end of a run as HTML, as it looks in a terminal."""
    from io import StringIO

    from rich.console import Console

    from agent.summary import summary

    console = Console(record=True, file=StringIO(), width=HTML_WIDTH, highlight=False)
    console.print(summary(run, run.directory), crop=False)
    style = "white-space:pre;overflow-x:auto;line-height:normal;font-family:monospace"
    form = f'<pre style="{style}"><code>{{code}}</code></pre>'
    return console.export_html(inline_styles=True, code_format=form)


def run_json(run: Run) -> dict[str, Any]:
    """Return everything about a study as plain values."""
    outcome = run.outcome.model_dump(mode="json")
    files = {what: str(run.directory / name) for what, name in run.outcome.files.items()}
    return {
        "study": run.name,
        "task": run.task.model_dump(mode="json"),
        "best": trial_json(run.best) if run.best else None,
        "trials": [trial_json(t) for t in run.trials],
        **{k: v for k, v in outcome.items() if k not in ("best", "files")},
        "files": files,
    }


def trial_json(trial: Trial) -> dict[str, Any]:
    """Return a trial as plain values; numbers count from 0 here, as in the store."""
    evaluation = trial.evaluation
    return {
        "number": trial.number,
        "state": trial.state.value,
        "origin": trial.origin,
        "rationale": trial.rationale,
        "config": dict(trial.config),
        "values": list(trial.values),
        "std": list(trial.std) if trial.std else None,
        "seconds": trial.cost,
        "reason": evaluation.reason if evaluation else "",
    }


def list_row(run: Run) -> dict[str, Any]:
    """Return a study on one row."""
    return {
        "study": run.name,
        "trials": len(run.trials),
        "metric": run.task.objective.metric,
        "best": run.best.values[0] if run.best else None,
        "description": run.task.description,
    }


def list_line(row: dict[str, Any]) -> str:
    """Return a row of `list_row` on one line."""
    best = "none yet" if row["best"] is None else f"{row['metric']} {readable(row['best'], 5)}"
    return f"{row['study']:<28} {row['trials']:>4} trials   best: {best}"
