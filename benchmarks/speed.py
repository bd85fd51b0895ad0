"""Processor seconds of one suggestion after n trials, on spaces of three kinds.

The trials before are random and are told, not asked for; then `repeats` suggestions are timed, each
followed by its result. The value is a shifted, rippled bowl in the unit cube.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from benchmarks.arms.base import Problem
from benchmarks.arms.registry import open_arm
from benchmarks.protocol import warm_up
from benchmarks.results import ROOT, machine, now
from benchmarks.tasks.base import describe
from benchmarks.tasks.function import FunctionTask
from evals.space import Categorical, Config, Float, Int, Parameter, SearchSpace

TARGET = ROOT / "speed.csv"
SIZES = (10, 100, 1000, 10000)


def _spaces() -> dict[str, SearchSpace]:
    def floats(count: int) -> tuple[Parameter, ...]:
        return tuple(Float(f"x{i}", 0.0, 1.0) for i in range(count))

    integers = tuple(Int(f"k{i}", 0, 100) for i in range(5))
    choices = tuple(Categorical(f"c{i}", ("a", "b", "c")) for i in range(2))
    return {
        "6 real": SearchSpace(floats(6)),
        "20 real": SearchSpace(floats(20)),
        "5 integer": SearchSpace(integers),
        "mixed (3 real, 2 integer, 2 choices)": SearchSpace(
            (*floats(3), *integers[:2], *choices),
        ),
    }


def _task(name: str, space: SearchSpace) -> FunctionTask:
    centre = np.random.default_rng(3).uniform(0.2, 0.8, len(space))

    def value(config: Config) -> float:
        gap = space.encode([config])[0] - centre
        return float(np.sum(gap**2 + 0.02 * (1 - np.cos(6 * np.pi * gap))))

    task = describe("Minimise a function.", space, ("value", "minimize"))
    return FunctionTask(name, "speed", task, value, 0.0)


def measure(arms: Sequence[str], sizes: Sequence[int] = SIZES, repeats: int = 5) -> pd.DataFrame:
    """Measure all arms on all spaces and sizes, alternating, into `results/speed.csv`.

    What was measured of other arms, spaces and sizes stays there.
    """
    rows = []
    for size in sizes:
        for name, space in _spaces().items():
            for arm in arms:
                for seconds, wall in _suggestions(arm, _task(name, space), size, repeats):
                    rows.append([arm, open_arm(arm).version, name, size, seconds, wall])
    columns = ["arm", "version", "space", "n", "cpu_s", "wall_s"]
    fresh = pd.DataFrame(rows, columns=columns).assign(machine=machine(), date=now())
    frame = merged(pd.read_csv(TARGET) if TARGET.exists() else fresh.head(0), fresh)
    draw(frame)
    frame.to_csv(TARGET, index=False, float_format="%.4f")
    return frame


def merged(old: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Return both, without the old rows of an arm, space and n that were measured anew."""
    case = ["arm", "space", "n"]
    again = old[case].apply(tuple, axis=1).isin(set(fresh[case].itertuples(index=False, name=None)))
    return pd.concat([old[~again.astype(bool)], fresh], ignore_index=True)


def draw(frame: pd.DataFrame) -> None:
    """Draw median processor seconds over n, a panel per space, to `results/speed.png`."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    spaces = list(frame.space.unique())
    figure, panels = plt.subplots(1, len(spaces), figsize=(4 * len(spaces), 3.5), sharey=True)
    for panel, space in zip(np.atleast_1d(panels), spaces, strict=True):
        for arm, rows in frame[frame.space == space].groupby("arm"):
            middle = rows.groupby("n").cpu_s.median()
            panel.loglog(middle.index, middle, marker="o", label=arm)
        panel.set(title=space, xlabel="trials before")
    np.atleast_1d(panels)[0].set_ylabel("processor seconds per suggestion")
    np.atleast_1d(panels)[0].legend()
    figure.tight_layout()
    figure.savefig(TARGET.with_suffix(".png"), dpi=100)
    plt.close(figure)


def _suggestions(
    arm: str, task: FunctionTask, size: int, repeats: int
) -> list[tuple[float, float]]:
    warm_up(arm)
    session = open_arm(arm).open(Problem(task.sealed(), 0, size + repeats))
    for i, config in enumerate(task.space.sample(np.random.default_rng(5), size)):
        session.tell(config, task.evaluate(config, i))
    times = []
    for i in range(repeats):
        began, cpu = time.perf_counter(), session.cpu_seconds()
        config = session.ask()
        times.append((session.cpu_seconds() - cpu, time.perf_counter() - began))
        session.tell(config, task.evaluate(config, size + i))
    session.close()
    return times


def table(frame: pd.DataFrame) -> str:
    """Return median and 95 % quantile per space, size and arm as Markdown."""
    cells = frame.groupby(["space", "n", "arm"]).cpu_s.quantile([0.5, 0.95]).unstack()
    text = cells.apply(lambda row: f"{row[0.5]:.3f} ({row[0.95]:.3f})", axis=1).unstack("arm")
    lines = [["space", "n", *map(str, text.columns)], ["---"] * (2 + len(text.columns))]
    lines += [
        [space, str(n), *("–" if cell != cell else cell for cell in row)]
        for (space, n), row in zip(text.index, text.values, strict=True)
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
