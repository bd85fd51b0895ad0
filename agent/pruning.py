"""When to stop a trial early: only what is hopeless by every measure at hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evals.objectives import gain, incumbent
from evals.task import Task
from evals.trials import Trial, TrialState

STARTUP = 5
"""Trials that must be complete before any is stopped: before, nobody knows what is bad."""
KEPT = 0.25
"""A trial goes on while it beats this share of the others at the same step."""
MARGIN = 2.0
"""Standard errors by which the best must be ahead: folds are noisy."""


def hopeless(task: Task, trials: Sequence[Trial], running: Mapping[int, float]) -> str:
    """Return why a trial with these running values (by step) is stopped, or "" to let it go on.

    It is stopped where, after at least two steps, it is in the lowest quarter of all trials at the
    same step (the median rule of Golovin et al. 2017, Vizier, section 3.2.2, with another quantile
    and stopped trials counted, else the bar would rise with each of them) and behind the incumbent
    by more than two of its standard errors. With several objectives nothing is hopeless: what is
    bad at the first, of which alone there are running values, may be best at another.
    """
    if len(running) < 2 or len(task.objectives) > 1:
        return ""
    step = max(running)
    rivals = [t for t in trials if t.evaluation and step in _running(t)]
    complete = [t for t in rivals if t.state is TrialState.COMPLETE]
    complete = [t for t in complete if math.isfinite(_running(t)[step])]
    best = incumbent(task, complete)
    if best is None or len(complete) < STARTUP:
        return ""
    mine, ahead = gain(task, running[step]), gain(task, _running(best)[step])
    bar = float(np.quantile(_finite([gain(task, _running(t)[step]) for t in rivals]), KEPT))
    noise = best.std[0] if best.std else 0.0
    if mine >= bar or ahead - mine <= MARGIN * noise:
        return ""
    return (
        f"Stopped early: {running[step]:.4g} after step {step}, where the best trial "
        f"had {_running(best)[step]:.4g} and three in four trials were better."
    )


def _finite(gains: Sequence[float]) -> NDArray[np.float64]:
    """Return `gains` with NaN and infinity counted as the worst of the rest.

    One NaN would make the bar NaN, and everything that does not lead hopeless.
    """
    known = np.asarray(gains, dtype=float)
    finite = np.isfinite(known)
    return np.where(finite, known, known[finite].min())


def _running(trial: Trial) -> Mapping[int, float]:
    return trial.evaluation.intermediate if trial.evaluation else {}
