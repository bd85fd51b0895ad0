"""`report.html`: one self-contained file that opens offline."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from agent.advice_view import AdviceView, advice_view
from agent.beliefs_view import belief_rows
from agent.digits import readable, telling
from agent.explain import (
    default_trial,
    marginal_of,
    other_scores,
    shares_of,
    stories,
    whose_default,
)
from agent.figures import history_figure, importance_figure, slice_figure, trust_figure
from agent.origins import origin_style
from agent.prospects import outlooks
from agent.recipe import recipe
from agent.study_view import StudyView, account, origin_rows, trial_rows
from agent.verdicts import verdicts
from evals.task import Objective, Task

SLICES = 4
GRID = 25
PACKAGES = ("plaintune", "botorch", "optuna", "scikit-learn", "lightgbm", "xgboost-cpu")


def write_report(view: StudyView, path: Path, snippet: str = "") -> Path:
    """Write the report of a study to `path`, whole or not at all, and return `path`."""
    page = render_report(view, snippet)
    part = path.with_suffix(".part")
    part.write_text(page, encoding="utf-8")
    part.replace(path)
    return path


def render_report(view: StudyView, snippet: str = "") -> str:
    """Return the report as HTML. All text of the user's files is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from plotly.offline import get_plotlyjs

    loader = PackageLoader("agent")
    env = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    parts = _words(view) | _tables(view) | _plots(view) | _advice(advice_view(view))
    return env.get_template("report.html.jinja2").render(
        plotly=get_plotlyjs(), snippet=snippet, **parts
    )


def _advice(advice: AdviceView | None) -> dict[str, Any]:
    if advice is None:
        return {"advice": None, "trust": ""}
    return {"advice": advice, "trust": _html(trust_figure(advice.trust)) if advice.trust else ""}


def _words(view: StudyView) -> dict[str, Any]:
    best, task = view.best, view.task
    return {
        "name": view.name,
        "task": task,
        "outcome": view.outcome,
        "yaml": task.to_yaml(),
        "headline": _headline(view),
        "verdicts": verdicts(view),
        "account": account(view),
        "recipe": recipe(task, best.config) if best else "",
        "rationale": best.rationale if best else None,
        "origin": origin_style(best.origin)[0] if best else "",
        "versions": _versions(),
    }


def _headline(view: StudyView) -> str:
    if view.best is None:
        return f"{view.name}: nothing completed"
    score = f"{view.task.objective.metric} {readable(view.best.values[0], _digits(view))}"
    return score + other_scores(view.task, view.best)


def _digits(view: StudyView) -> int:
    """Return how many digits tell the best score from the default's."""
    known = (view.best, default_trial(view.trials))
    return telling([t.values[0] for t in known if t and t.values])


def _tables(view: StudyView) -> dict[str, Any]:
    best = view.best
    colours = {t.origin: origin_style(t.origin) for t in view.trials}
    return {
        "figures_of_merit": list(_merits(view)),
        "stories": stories(view.task, view.trials, best) if best else [],
        "origins": [
            vars(row) | {"label": colours[row.origin][0], "colour": colours[row.origin][1]}
            for row in origin_rows(view)
        ],
        "fields": list(_fields(view.task)),
        "beliefs": belief_rows(view),
        "outlooks": outlooks(view.trials),
        "scores": " / ".join(o.metric for o in view.task.objectives),
        "rows": [
            vars(r) | {"label": colours[r.origin][0], "colour": colours[r.origin][1]}
            for r in trial_rows(view)
        ],
    }


def _merits(view: StudyView) -> Sequence[Mapping[str, str]]:
    best, default = view.best, default_trial(view.trials)
    metric, digits = view.task.objective.metric, _digits(view)
    merits = []
    if best:
        merits.append((readable(best.values[0], digits), f"best {metric} in the search"))
    if default and default.values:
        value = readable(default.values[0], digits)
        merits.append((value, f"{metric} of {whose_default(view.task)}"))
    if view.outcome.confirmation and view.outcome.confirmation.score:
        score = view.outcome.confirmation.score
        merits.append((readable(score.value, digits), f"{metric} on {score.runs} new seeds"))
    if view.outcome.test:
        merits.append((str(view.outcome.test[0]), f"{metric} on the test part"))
    if view.outcome.default_test:
        merits.append((str(view.outcome.default_test[0]), "the default's on the test part"))
    merits.append((str(len(view.trials)), "trials"))
    return [{"value": value, "label": label} for value, label in merits]


def _fields(task: Task) -> Sequence[Mapping[str, str]]:
    flat = _flatten(task.model_dump(mode="json", exclude={"space", "sources", "description"}))
    skipped = {"assumptions", "questions", "evaluator", "seed", "fidelity", "steering"}
    skipped |= {"models", "validation"} if task.program else set()
    return [
        {"field": name, "value": str(value), "source": _source(task, name)}
        for name, value in flat.items()
        if name.split(".")[0] not in skipped and value not in (None, [], {}, "")
    ] + [
        {
            "field": f"from trial {s.since + 1} on",
            "value": s.meaning,
            "source": f"your words: “{s.words}”" if s.words else "LLM: asked before the search",
        }
        for s in task.steering
    ]


def _flatten(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            flat |= _flatten(value, f"{prefix}{key}.")
        elif key == "objectives":
            flat[key] = ", ".join(Objective.model_validate(o).words for o in value)
        else:
            flat[f"{prefix}{key}"] = ", ".join(value) if _is_words(value) else value
    return flat


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _source(task: Task, field: str) -> str:
    source = task.sources.get(field)
    if source is None:
        return ""
    return f"{source.origin}: “{source.quote}”" if source.quote else source.origin


def _plots(view: StudyView) -> dict[str, str]:
    task, trials = view.task, view.trials
    plots = {"history": _html(history_figure(task, trials)), "importance": "", "slices": ""}
    if shares := shares_of(task, trials):
        plots["importance"] = _html(importance_figure(shares))
        leading = sorted(shares, key=lambda n: -shares[n])[:SLICES]
        marginals = {name: marginal_of(task, trials, name, GRID) for name in leading}
        plots["slices"] = _html(slice_figure(task, trials, marginals))
    return plots


def _html(figure: go.Figure) -> str:
    config = {"displayModeBar": False, "responsive": True}
    return str(figure.to_html(full_html=False, include_plotlyjs=False, config=config))


def _versions() -> str:
    known = []
    for package in PACKAGES:
        try:
            known.append(f"{package} {version(package)}")
        except ModuleNotFoundError:
            continue
    return f"Python {platform.python_version()}, {', '.join(known)}, {os.cpu_count()} cores."
