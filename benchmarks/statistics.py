"""From rows to numbers: regret curves, means with intervals, ranks and paired tests.

Shapes: a arms, p pairs of (task, seed) that all arms finished, n trials. Arms are compared on these
pairs only, so that a suite that was interrupted still compares like with like.

Means: every task counts alike. Intervals: 95 %, percentile bootstrap over the seeds within each
task (the tasks are the population asked about, not a sample of it). Tests: Wilcoxon's signed rank,
two-sided, Holm-corrected over the peers: over pairs, and over the tasks' mean differences, as pairs
of one task are not independent of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata, wilcoxon

from benchmarks.arms.base import N_START
from benchmarks.tasks.referenced import ReferencedTask
from benchmarks.tasks.registry import open_task, original_of

Array = NDArray[np.float64]
REFERENCED = ("sklearn", "trainings")
"""Groups of tasks whose optimum is not known."""
RESAMPLES = 2000
TIE = 1e-9
WORST = 1.0
"""Regret is clipped here: no better than the median of random configurations."""


@dataclass(frozen=True)
class Curves:
    """Regret `a x p x n` in [0, 1]; `tasks` (`p`) names the task of each pair."""

    arms: tuple[str, ...]
    tasks: NDArray[np.str_]
    regret: Array

    def at(self, budget: int) -> Array:
        """Return the regret after `budget` trials, `a x p`."""
        return np.asarray(self.regret[:, :, budget - 1])

    def area(self) -> Array:
        """Return the mean regret over all trials after the start, `a x p`."""
        return np.asarray(self.regret[:, :, N_START:].mean(axis=2))


def curves(frame: pd.DataFrame, arms: Sequence[str], trials: int) -> Curves:
    """Return the curves of `arms` on the pairs that each of them finished `trials` trials of."""
    frame = frame[frame.arm.isin(arms) & (frame.error == "") & (frame.trial.between(1, trials))]
    wide = frame.pivot_table(index=["task", "seed", "trial"], columns="arm", values="regret")
    columns = pd.Index(arms)
    wide = wide.reindex(columns=columns).fillna(np.inf)
    whole = frame.groupby(["task", "seed", "arm"]).trial.count().unstack().reindex(columns=columns)
    pairs = whole[(whole == trials).all(axis=1)].index
    finished = pd.MultiIndex.from_tuples([(t, s) for t, s, _ in wide.index]).isin(pairs)
    kept = wide[finished].sort_index()
    values = kept.to_numpy().reshape(len(pairs), trials, len(arms)).transpose(2, 0, 1)
    tasks = np.array([task for task, _ in sorted(pairs)], dtype=str)
    return Curves(tuple(arms), tasks, np.clip(values, 0.0, WORST))


def blocks(frame: pd.DataFrame, arms: Sequence[str], ours: str) -> list[Curves]:
    """Return the comparisons that runs of different number and length allow, each like with like.

    First all `arms`, on the pairs that all of them finished, up to the evaluations that all of them
    reach. Then, where they go further or finished more, the arms that reach as far as `ours` on at
    least half as many pairs.
    """
    done = frame[(frame.error == "") & frame.arm.isin(arms)]
    lengths = done.groupby(["arm", "task", "seed"]).trial.max()
    if not len(lengths):
        return []
    reach = lengths.groupby("arm").max()
    furthest = int(reach.get(ours, reach.max()))
    runs = lengths[lengths >= furthest].groupby("arm").count()
    enough = runs.get(ours, runs.max()) / 2
    fast = [a for a in arms if runs.get(a, 0) >= enough]
    found = [curves(frame, [a for a in arms if a in reach], int(reach.min()))]
    if len(fast) > 1 and (set(fast) != set(found[0].arms) or furthest > reach.min()):
        found.append(curves(frame, fast, furthest))
    return [c for c in found if len(c.tasks)]


def normalised(frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` with the regret of the tasks of unknown optimum put on the common scale.

    Their raw regret is an error. Its zero is the best that any arm or the reference found, on the
    task or on a variant of it.
    """
    frame = frame.copy()
    originals = frame.task.map(original_of)
    for name in originals[frame.group.isin(REFERENCED)].unique():
        task = open_task(name)
        assert isinstance(task, ReferencedTask)
        rows = (originals == name) & (frame.error == "")
        median = task.error(task.scale.median)
        best = min(
            task.error(task.scale.optimum), float(frame[rows].observed.map(task.error).min())
        )
        frame.loc[rows, "regret"] = (frame.loc[rows, "regret"] - best) / (median - best)
    return frame


def mean_of(values: Array, tasks: NDArray[np.str_]) -> float:
    """Return the mean over tasks of the mean over seeds of `values` (`p`)."""
    return float(_by_task(values, tasks).mean())


def interval(values: Array, tasks: NDArray[np.str_]) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of `mean_of`."""
    low, high = intervals(values[:, None], tasks)
    return float(low[0]), float(high[0])


def intervals(values: Array, tasks: NDArray[np.str_]) -> tuple[Array, Array]:
    """Return the 95 % bootstrap intervals (`n` each) of the means of `values` (`p x n`)."""
    rng = np.random.default_rng(0)
    means = np.zeros((RESAMPLES, values.shape[1]))
    names = np.unique(tasks)
    for name in names:
        own = values[tasks == name]
        drawn = rng.integers(len(own), size=(RESAMPLES, len(own)))
        times = (drawn[:, :, None] == np.arange(len(own))).sum(axis=1)
        means += times @ own / len(own)
    low, high = np.quantile(means / len(names), [0.025, 0.975], axis=0)
    return low, high


def ranks(values: Array) -> Array:
    """Return each arm's mean rank over pairs (`a`), 1 the best; ties share."""
    return np.asarray(rankdata(values, axis=0).mean(axis=1))


@dataclass(frozen=True)
class Duel:
    """Ours against a peer over pairs: `p_value` is Holm-corrected, `p_tasks` that over tasks.

    A negative `difference` is to our advantage.
    """

    peer: str
    wins: int
    ties: int
    losses: int
    difference: float
    p_value: float
    p_tasks: float


def duels(found: Curves, ours: str, budget: int) -> list[Duel]:
    """Return ours against every other arm after `budget` trials."""
    values = found.at(budget)
    own = values[found.arms.index(ours)]
    peers = [a for a in found.arms if a != ours]
    gaps = [own - values[found.arms.index(peer)] for peer in peers]
    p_values = holm([_signed_rank(gap) for gap in gaps])
    p_tasks = holm([_signed_rank(_by_task(gap, found.tasks)) for gap in gaps])
    return [
        Duel(
            peer,
            int((gap < -TIE).sum()),
            int((np.abs(gap) <= TIE).sum()),
            int((gap > TIE).sum()),
            mean_of(gap, found.tasks),
            p,
            of_tasks,
        )
        for peer, gap, p, of_tasks in zip(peers, gaps, p_values, p_tasks, strict=True)
    ]


def _by_task(values: Array, tasks: NDArray[np.str_]) -> Array:
    return np.array([values[tasks == t].mean() for t in np.unique(tasks)])


def _signed_rank(gap: Array) -> float:
    return float(wilcoxon(gap).pvalue) if (np.abs(gap) > TIE).any() else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's step-down correction of `p_values`, in their order."""
    corrected, largest = list(p_values), 0.0
    for i, at in enumerate(np.argsort(p_values)):
        largest = max(largest, min(1.0, (len(p_values) - i) * p_values[at]))
        corrected[at] = largest
    return corrected
