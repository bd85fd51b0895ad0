"""Trust in an adviser, learned from what its advice came to. A pure function of the trials.

Notation: z is a piece of evidence in standardised units: what the adviser's trial gained over what
the surrogate expected of its own choice at that step (the shadow), divided by the spread of the
results; larger is better, whatever the metric. Evidence fades with the trials that followed it.

    advantage = sum(w z) / (W0 + sum(w)),   w = FADE ** age, doubled for losses
    share     = dose(n) * min(MOST_TRUST, exp(SLOPE * advantage))

and the advantage is that of the whole record or of the last `RECENT` pieces, whichever is worse.
Losses count double because a wrong adviser costs trials and a missing one costs nothing. Evidence
that costs no trial: where the surrogate sees an answer's candidates among random ones (standing);
as good as chance speaks against an adviser, since its trials take the place of the surrogate's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.objectives import acceptable, gains
from evals.steering import keeps
from evals.task import Task
from evals.trials import Trial, TrialState
from prompts.calls import CallRecord

FADE = 0.9
WORTH_A_TRIAL = 0.65
"""The standing (a mean rank in [0, 1]) that speaks neither for nor against an adviser."""
PRIOR_WEIGHT = 0.5
SLOPE = 2.0
RECENT = 2
MOST_TRUST = 2.0
FIRST_DOSE = 0.35
"""The share of steps that a trusted-as-new adviser gets at n = 5; falls as 1 / sqrt(n)."""
ABSTAIN = 0.04
"""Below this share nobody is asked, except for a rare probe."""
PLATEAU = 6
"""So many trials in a row without a new best are a plateau."""
ASK_EVERY = 3
PROBE_EVERY = 8
PROBE_SHARE = 0.3


@dataclass(frozen=True)
class Trust:
    """How far an adviser is trusted at one step.

    `advantage` is the discounted mean of the evidence, in standard deviations; `evidence` its
    weight; `plateau` counts the finished trials since the last new best; `share` is the probability
    that advice which passes the gate is taken.
    """

    advantage: float
    evidence: float
    plateau: int
    share: float

    @property
    def abstains(self) -> bool:
        """Whether the adviser is left alone, except for probes."""
        return self.share < ABSTAIN


def trust(task: Task, trials: Sequence[Trial], origin: str = "llm") -> Trust:
    """Return how far `origin` is trusted at the step that follows `trials`."""
    pieces = list(_evidence(task, trials, origin))
    advantage = min(_mean(pieces), _mean([(z, 1.0) for z, _ in pieces[-RECENT:]]))
    weight = sum(w for _, w in pieces)
    finished = sum(t.state is not TrialState.RUNNING for t in trials)
    stalled = plateau(task, trials)
    # A plateau is a reason to hear an adviser, but not one that has done harm.
    doubled = stalled >= PLATEAU and advantage >= 0
    share = dose(finished, doubled) * min(MOST_TRUST, math.exp(SLOPE * advantage))
    return Trust(advantage, weight, stalled, min(1.0, share))


def dose(finished: int, stalled: bool = False) -> float:
    """Return the share before trust: small, falling as 1 / sqrt(n), doubled on a plateau."""
    return FIRST_DOSE * math.sqrt(5.0 / max(5, finished)) * (2.0 if stalled else 1.0)


def plateau(task: Task, trials: Sequence[Trial]) -> int:
    """Return how many trials finished since the last new best (0 where none completed).

    What the user has ruled out since, and what misses a limit, is no best, unless there is nothing
    else.
    """
    done = [t for t in trials if t.state is not TrialState.RUNNING]
    values = gains(task, done)[:, 0] if done else np.empty(0)
    wished = [t for t in done if t.state is TrialState.COMPLETE and keeps(task, t)]
    good = {t.number for t in acceptable(task, wished)}
    kept = np.where([t.number in good for t in done], values, np.nan)
    values = kept if np.isfinite(kept).any() else values
    if not np.isfinite(values).any():
        return 0
    return len(done) - 1 - int(np.nanargmax(values))


def wants_advice(task: Task, trials: Sequence[Trial], calls: Sequence[CallRecord]) -> bool:
    """Return whether the adviser should be asked now.

    About every third trial; every second on a plateau; every eighth (a probe) while it abstains.
    """
    if sum(t.state is TrialState.COMPLETE for t in trials) < 2:
        return False
    now = trust(task, trials)
    every = ASK_EVERY - (now.plateau >= PLATEAU)
    since = len(trials) - max((c.asked_at for c in calls), default=-every)
    return since >= (PROBE_EVERY if now.abstains else every)


def share_for(now: Trust, trials: Sequence[Trial], asked_at: int) -> float:
    """Return the share of advice asked for at trial `asked_at`.

    Advice that a probe brought after a time of silence gets `PROBE_SHARE` while it is fresh, else
    an adviser that became useful again could never show it.
    """
    fresh = len(trials) - asked_at <= 2
    return PROBE_SHARE if now.abstains and fresh else now.share


def _mean(pieces: Sequence[tuple[float, float]]) -> float:
    """Return the weighted mean of (z, weight), drawn towards 0 by the prior's weight."""
    total = sum(w for _, w in pieces)
    return sum(w * z for z, w in pieces) / (PRIOR_WEIGHT + total)


def _evidence(task: Task, trials: Sequence[Trial], origin: str) -> Iterator[tuple[float, float]]:
    """Yield (z, weight) for each trial that says something about `origin`, oldest first."""
    done = [t for t in trials if t.state is not TrialState.RUNNING]
    values = gains(task, done)[:, 0] if done else np.empty(0)
    heard = -1
    for i, trial in enumerate(done):
        faded = FADE ** (len(done) - 1 - i)
        standing = trial.suggestion.details.get("standing")
        if standing and standing["asked_at"] > heard:
            heard = standing["asked_at"]
            z = float(np.clip(4.0 * (standing["rank"] - WORTH_A_TRIAL), -2.0, 1.0))
            yield z, faded * (2.0 if z < 0 else 0.5)
        earned = _earned(task, done, values, i) if trial.origin == origin else None
        if earned is not None:
            yield earned, faded * (2.0 if earned < 0 else 1.0)


def _earned(task: Task, done: Sequence[Trial], values: NDArray[np.float64], i: int) -> float | None:
    """Return what trial i gained over the shadow, or before there is one over the trials so far."""
    if not np.isfinite(values[i]):
        return -1.0
    shadow = done[i].suggestion.details.get("shadow")
    spread = _spread(values[: i + 1])
    if shadow and shadow["mean"] is not None:
        reference = task.objective.sign * shadow["mean"]
        scale = max(spread, shadow["sd"] or 0.0)
    elif np.isfinite(values[:i]).any():
        reference, scale = float(np.nanmedian(values[:i])), spread
    else:
        return None
    return float(np.clip((values[i] - reference) / scale, -2.0, 1.0)) if scale > 0 else 0.0


def _spread(values: NDArray[np.float64]) -> float:
    """Return a robust standard deviation of the better half of the results; 0 where there is none.

    The better half, because one hopeless configuration must not make all others look alike.
    """
    finite = np.sort(values[np.isfinite(values)])
    if len(finite) < 2:
        return 0.0
    best = finite[len(finite) // 2 :] if len(finite) > 3 else finite
    width = float(best[-1] - best[0]) or float(finite[-1] - finite[0])
    return width / 2.0 if math.isfinite(width) else 0.0
