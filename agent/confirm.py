"""Honest winners: the best few are run again with fresh seeds before one is crowned.

A function or a command has no test part, so the best score of a search is too good by whatever luck
chose it. Three kinds of seeds stay apart: the search's own, those on which the best few compete
once more, and those whose scores are reported. The reported mean is that of one configuration on
seeds that had no part in choosing it, so selection does not bias it (sample splitting; the protocol
is that of Eimer et al. 2023, Hyperparameters in RL and how to tune them, section 6).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from acquisition import replication
from agent.checks import checked, failed
from agent.explain import default_trial
from agent.outcome import Confirmation, Repeat, Spread
from evals.evaluator import Evaluator
from evals.objectives import acceptable, best_order
from evals.steering import keeps
from evals.task import Task
from evals.trials import REPLICATION, Trial, TrialState

LEVEL = 0.9
"""Coverage of the intervals."""
SHARE = 3
"""One run again for so many trials of the search."""
MOST = 24
RESERVED = 0.2
"""Share of a time budget that the search leaves for this."""


@dataclass(frozen=True)
class Plan:
    """How many configurations compete (one new seed each), and on how many seeds is reported."""

    competing: int
    reporting: int
    default: bool

    @property
    def runs(self) -> int:
        """All runs together, where the default is not itself the winner."""
        competing = self.competing if self.competing > 1 else 0
        return competing + self.reporting * (1 + self.default)


def planned(trials: int) -> Plan:
    """Return what a search of so many trials allows."""
    runs = min(trials // SHARE, MOST)
    competing = 1 if runs < 8 else 2 if runs < 14 else 3
    left = runs - (competing if competing > 1 else 0)
    return Plan(competing, left if left < 2 else left // 2, default=left >= 2)


def confirm(
    task: Task,
    trials: Sequence[Trial],
    evaluator: Evaluator,
    *,
    seconds_left: float = math.inf,
    notify: Callable[[str], None] = lambda message: None,
) -> Confirmation:
    """Run the best configurations and the default again, and return what that says.

    Nothing is run where the search was too short or its time is used up; `said` then says so.
    """
    ranked = best_first(task, trials)
    plan = planned(len(trials))
    cost = float(np.mean([t.cost for t in ranked])) if ranked else 0.0
    if not ranked or not plan.runs or cost * plan.runs > seconds_left:
        return Confirmation(said=_why_not(len(trials), plan))
    notify(
        f"Running the best {'configuration' if plan.competing == 1 else plan.competing}"
        f"{' and your default' if plan.default else ''} again with new seeds: "
        f"{plan.runs} run{'s' if plan.runs != 1 else ''}, "
        f"about {max(1, round(cost * plan.runs))} s."
    )
    again = _Again(task, evaluator, time.monotonic() + seconds_left)
    seeds = _seeds(task, trials)
    winner = again.compete(ranked[: plan.competing], next(seeds)) if plan.competing > 1 else None
    winner = winner or ranked[0]
    default = default_trial(trials) if plan.default else None
    rivals = [t for t in (winner, default) if t is not None and t.values]
    rivals = list({t.number: t for t in rivals}.values())
    for _ in range(plan.reporting):
        seed = next(seeds)
        for trial in rivals:
            again.run(trial, seed, "reporting")
        if again.steady:
            break
    return _concluded(task, winner, default, again)


def _why_not(trials: int, plan: Plan) -> str:
    if not plan.runs:
        return f"{trials} trials leave no room to run the best again ({SHARE} or more do)."
    return "No time was left to run the best again."


def _seeds(task: Task, trials: Sequence[Trial]) -> Iterator[int]:
    """Yield seeds that neither the search nor, before more trials came, a report has used."""
    rng = np.random.default_rng([task.seed, len(trials)])
    used = {task.seed, *(t.suggestion.details.get("seed") for t in trials)}
    while True:
        seed = int(rng.integers(2**31))
        if seed not in used:
            used.add(seed)
            yield seed


def best_first(task: Task, trials: Sequence[Trial]) -> list[Trial]:
    """Return complete trials of distinct configurations, the best first.

    Those that break what the user has wished for since, or miss a limit, count only where there are
    no others. Where the search repeated some itself, they are ranked as the surrogate sees them.
    """
    if any(t.origin == REPLICATION for t in trials):
        return replication.ranked(task, trials)
    complete = [t for t in trials if t.state is TrialState.COMPLETE]
    complete = acceptable(task, [t for t in complete if keeps(task, t)] or complete)
    ranked = best_order(task, complete)
    return list({task.space.key(t.config): t for t in reversed(ranked)}.values())[::-1]


@dataclass
class _Again:
    """Runs configurations again, and keeps what came out."""

    task: Task
    evaluator: Evaluator
    end: float
    repeats: list[Repeat] = field(default_factory=list)
    same: list[bool] = field(default_factory=list)

    @property
    def steady(self) -> bool:
        """Whether two or more runs gave exactly what the search saw: no luck to correct."""
        return len(self.same) > 1 and all(self.same)

    def run(self, trial: Trial, seed: int, purpose: Literal["choosing", "reporting"]) -> None:
        """Run a trial's configuration with another seed, while there is time."""
        if time.monotonic() > self.end:
            return
        try:
            found = self.evaluator.evaluate(
                trial.config, fidelity=None, seed=seed, report=lambda step, value: False
            )
        except (Exception, SystemExit) as error:
            found = failed(error)
        found = checked(self.task, found)
        value = found.values[0] if found.values else None
        self.same.append(value == trial.values[0])
        repeat = Repeat(
            trial=trial.number, seed=seed, purpose=purpose, value=value, reason=found.reason
        )
        self.repeats.append(repeat)

    def compete(self, trials: Sequence[Trial], seed: int) -> Trial:
        """Return the best by the mean of its old score and of one with a new seed."""
        for trial in trials:
            self.run(trial, seed, "choosing")
        sign = self.task.objective.sign
        new = self.values("choosing")
        means = {
            t.number: sign * (t.values[0] + new[t.number][seed]) / 2
            for t in trials
            if seed in new.get(t.number, {})
        }
        return max(trials, key=lambda t: means.get(t.number, -math.inf))

    def values(self, purpose: str) -> dict[int, dict[int, float]]:
        """Return scores by trial and seed."""
        found: dict[int, dict[int, float]] = {}
        for r in self.repeats:
            if r.purpose == purpose and r.value is not None:
                found.setdefault(r.trial, {})[r.seed] = r.value
        return found


def _concluded(task: Task, winner: Trial, default: Trial | None, again: _Again) -> Confirmation:
    known: dict[str, Any] = {"winner": winner.number, "repeats": tuple(again.repeats)}
    if again.steady:
        return Confirmation(**known, steady=True)
    values = again.values("reporting")
    mine = values.get(winner.number, {})
    if not mine:
        reasons = [r.reason for r in again.repeats if r.reason]
        why = f": {reasons[-1]}" if reasons else ", for want of time."
        return Confirmation(**known, said=f"Run again, the best gave no score{why}")
    metric = task.objective.metric
    theirs = values.get(default.number, {}) if default and default.number != winner.number else {}
    score = interval(metric, list(mine.values()), list(theirs.values()))
    shared = [s for s in mine if s in theirs]
    gains_ = [task.objective.sign * (mine[s] - theirs[s]) for s in shared]
    return Confirmation(
        **known,
        score=score,
        default=interval(metric, list(theirs.values())) if theirs else None,
        gain=interval(metric, gains_) if gains_ else None,
    )


def interval(metric: str, values: Sequence[float], rivals: Sequence[float] = ()) -> Spread:
    """Return the mean of independent runs and its interval at `LEVEL`, by Student's t.

    A few runs of a coarse score may agree by chance, which says little of its spread: where the
    spread of `rivals`, runs of another configuration on the same seeds, pooled with this one's,
    gives a wider interval, that one counts.
    """
    mean, n = float(np.mean(values)), len(values)
    if n < 2:
        return Spread(metric=metric, value=mean, runs=n)
    own = float(np.var(values, ddof=1))
    half = _quantile(n - 1) * math.sqrt(own / n)
    if len(rivals) == n:
        pooled = (own + float(np.var(rivals, ddof=1))) / 2
        half = max(half, _quantile(2 * (n - 1)) * math.sqrt(pooled / n))
    return Spread(metric=metric, value=mean, low=mean - half, high=mean + half, runs=n)


def _quantile(degrees: int) -> float:
    from scipy import stats

    return float(stats.t.ppf((1 + LEVEL) / 2, degrees))
