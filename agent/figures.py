"""The report's figures: history, importance and slices, as plotly figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from agent.digits import readable
from agent.explain import Marginal
from agent.origins import origin_style
from agent.study_view import configuration, score_digits
from evals.objectives import new_bests
from evals.parameters import Float, Int, Parameter
from evals.task import Task
from evals.trials import Trial, TrialState

HUGE, MOST = 1e300, float(np.finfo(float).max)
"""Of larger scores there is no sum, and there is no number beyond the most."""
INK, GRID = "#1f2933", "#e4e7eb"


def _layout(figure: go.Figure, height: int, **more: Any) -> go.Figure:
    figure.update_layout(
        height=height,
        margin={"l": 60, "r": 20, "t": 30, "b": 50},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 13, "color": INK},
        legend={"orientation": "h", "y": 1.08, "x": 0},
        **more,
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False)
    return figure


def _window(values: np.ndarray[Any, Any]) -> tuple[float, float]:
    """Return the range worth seeing: far outliers would press everything else flat."""
    if (largest := float(np.abs(values).max())) > HUGE:
        low, high = _window(values / largest)
        return max(low * largest, -MOST), min(high * largest, MOST)
    low, high = np.quantile(values, [0.25, 0.75])
    reach = 3 * (high - low)
    inside = values[(values >= low - reach) & (values <= high + reach)]
    pad = 0.08 * (inside.max() - inside.min() or abs(inside.max()) or 1.0)
    return float(inside.min() - pad), float(inside.max() + pad)


def _bests(task: Task, complete: Sequence[Trial]) -> tuple[list[int], list[float]]:
    """Return the trials (from 1) at which a new best came, and its value; the last one held on."""
    found = new_bests(task, complete)
    steps = [(t.number + 1, t.values[0]) for t in found]
    steps.append((complete[-1].number + 1, found[-1].values[0]))
    return [n for n, _ in steps], [v for _, v in steps]


def history_figure(task: Task, trials: Sequence[Trial]) -> go.Figure:
    """Show each complete trial's first objective by origin, and the best so far as a line."""
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    figure = go.Figure()
    if not complete:
        return _layout(figure, 320)
    values = np.array([t.values[0] for t in complete])
    low, high = _window(values)
    for origin in dict.fromkeys(t.origin for t in complete):
        mine = [t for t in complete if t.origin == origin]
        figure.add_trace(_points(mine, low, high, score_digits(complete)[0]))
    numbers, best = _bests(task, complete)
    line = {"color": INK, "width": 2, "shape": "hv"}
    figure.add_trace(go.Scatter(x=numbers, y=best, mode="lines", name="best so far", line=line))
    figure.update_xaxes(title="trial")
    figure.update_yaxes(
        title=escape(f"{task.objective.metric} ({task.objective.direction})"), range=[low, high]
    )
    return _layout(figure, 380)


def _points(trials: Sequence[Trial], low: float, high: float, digits: int) -> go.Scatter:
    label, colour, symbol = origin_style(trials[0].origin)
    values = [t.values[0] for t in trials]
    told = list(zip(values, trials, strict=True))
    errors = [t.std[0] if t.std else 0.0 for t in trials]
    return go.Scatter(
        x=[t.number + 1 for t in trials],
        y=np.clip(values, low, high),
        error_y={"array": errors, "thickness": 1, "width": 0, "color": colour},
        mode="markers",
        name=escape(label),
        marker={"color": colour, "symbol": symbol, "size": 9},
        customdata=[[readable(v, digits), escape(configuration(t))] for v, t in told],
        hovertemplate="trial %{x}: %{customdata[0]}<br>%{customdata[1]}<extra>" + escape(label),
    )


def trust_figure(series: Sequence[tuple[int, float]]) -> go.Figure:
    """Show the share of steps that were open to advice after each trial, in percent."""
    colour = origin_style("llm")[1]
    line = {"color": colour, "width": 2, "shape": "hv"}
    x, y = [n for n, _ in series], [100 * share for _, share in series]
    figure = go.Figure(go.Scatter(x=x, y=y, mode="lines", line=line, fill="tozeroy"))
    figure.update_traces(hovertemplate="after trial %{x}: %{y:.0f} %<extra></extra>")
    figure.update_xaxes(title="trial")
    figure.update_yaxes(title="steps open to advice (%)", range=[0, 100])
    return _layout(figure, 220)


def importance_figure(importances: Mapping[str, float]) -> go.Figure:
    """Show the share of each parameter in what the surrogate can explain, largest on top."""
    ordered = sorted(importances.items(), key=lambda item: item[1])
    names, shares = [escape(n) for n, _ in ordered], [100 * s for _, s in ordered]
    bar = go.Bar(x=shares, y=names, orientation="h", marker={"color": "#0b7285"})
    figure = go.Figure(bar.update(hovertemplate="%{y}: %{x:.0f} %<extra></extra>"))
    figure.update_xaxes(title="share of the explained variation (%)")
    return _layout(figure, 120 + 26 * len(names))


def slice_figure(
    task: Task, trials: Sequence[Trial], marginals: Mapping[str, Marginal]
) -> go.Figure:
    """Show, per parameter, the trials and the surrogate's mean ± sd with all others averaged."""
    columns = min(2, len(marginals))
    rows = -(-len(marginals) // columns)
    figure = make_subplots(
        rows, columns, subplot_titles=list(map(escape, marginals)), vertical_spacing=0.5 / rows**1.5
    )
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    low, high = _window(np.array([t.values[0] for t in complete]))
    for i, (name, marginal) in enumerate(marginals.items()):
        place = {"row": i // columns + 1, "col": i % columns + 1}
        for trace in _band(marginal) if isinstance(task.space[name], Float | Int) else []:
            figure.add_trace(trace, **place)
        having = [t for t in complete if name in t.config]
        figure.add_trace(_slice_points(task.space[name], having, low, high), **place)
        figure.update_xaxes(**_axis(task.space[name]), **place)
        figure.update_yaxes(range=[low, high], **place)
    return _layout(figure, 90 + 240 * rows, showlegend=False)


def _axis(parameter: Parameter) -> dict[str, Any]:
    """Return the axis: a choice's values in their own order, words that look like numbers too."""
    if isinstance(parameter, Float | Int):
        return {"type": "log"} if parameter.log else {}
    values = [_place(parameter, value) for value in parameter.options]
    return {"type": "category", "categoryorder": "array", "categoryarray": values}


def _place(parameter: Parameter, value: Any) -> Any:
    return value if isinstance(parameter, Float | Int) else escape(str(value))


def _slice_points(
    parameter: Parameter, trials: Sequence[Trial], low: float, high: float
) -> go.Scatter:
    return go.Scatter(
        x=[_place(parameter, t.config[parameter.name]) for t in trials],
        y=np.clip([t.values[0] for t in trials], low, high),
        mode="markers",
        marker={"color": [origin_style(t.origin)[1] for t in trials], "size": 8},
        customdata=[t.number + 1 for t in trials],
        hovertemplate="%{x}: %{y:.5g} (trial %{customdata})<extra></extra>",
    )


def _band(marginal: Marginal) -> list[go.Scatter]:
    x, mean, sd = (np.asarray(part, dtype=float) for part in marginal)
    with np.errstate(over="ignore"):
        edge = np.clip(np.concatenate([mean + sd, (mean - sd)[::-1]]), -MOST, MOST)
    around = np.concatenate([x, x[::-1]])
    band = go.Scatter(x=around, y=edge, fill="toself", line={"width": 0}, hoverinfo="skip")
    band.update(fillcolor="rgba(11,114,133,0.15)", mode="lines")
    line = go.Scatter(x=x, y=mean, mode="lines", line={"color": "#0b7285"}, hoverinfo="skip")
    return [band, line]
