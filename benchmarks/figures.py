"""Figures of a report: regret over evaluations with 95 % intervals, a file per group of tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import statistics
from benchmarks.arms.base import N_START
from benchmarks.statistics import Curves

FLOOR = 1e-4
"""Lower regret than this is drawn here: the scale is logarithmic."""


def draw(name: str, found: Sequence[Curves], ours: str, target: Path) -> None:
    """Draw a panel per comparison of the group `name`; an arm has one colour in all of them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.5 * len(found), 4), layout="constrained")
    panels = figure.subplots(1, len(found), squeeze=False, sharey=True)[0]
    arms = list(dict.fromkeys(arm for c in found for arm in c.arms))
    colours = {arm: f"C{i}" for i, arm in enumerate(arms)}
    for axes, c in zip(panels, found, strict=True):
        _panel(axes, c, colours, ours)
        axes.set_title(f"{name}: {len(np.unique(c.tasks))} tasks, {len(c.tasks)} pairs")
    panels[0].set_ylabel("mean normalised regret")
    figure.savefig(target, dpi=100)


def _panel(axes: Any, found: Curves, colours: Mapping[str, str], ours: str) -> None:
    n = found.regret.shape[2]
    x = np.arange(min(N_START, n), n + 1)
    for arm, regret in zip(found.arms, found.regret, strict=True):
        mean = [statistics.mean_of(regret[:, t - 1], found.tasks) for t in x]
        low, high = statistics.intervals(regret[:, x - 1], found.tasks)
        style = {"color": colours[arm], "linewidth": 2.5 if arm == ours else 1.2}
        axes.plot(x, np.maximum(mean, FLOOR), label=arm, **style)
        lowest = np.maximum(low, FLOOR)
        axes.fill_between(x, lowest, high, color=colours[arm], alpha=0.1, linewidth=0)
    axes.set(xlabel="evaluations", yscale="log")
    axes.legend(fontsize=7)
