"""When a run ends: trials, seconds, or nothing left to try."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from evals.task import Budget
from evals.trials import Trial


@dataclass(frozen=True)
class Limits:
    """The budget of one session of a study.

    `spent` is what earlier sessions used of the seconds; `began` is on `time.monotonic`'s clock.
    """

    budget: Budget
    spent: float = 0.0
    began: float = field(default_factory=time.monotonic)

    @classmethod
    def after(cls, budget: Budget, trials: Sequence[Trial], elapsed: float = 0.0) -> Limits:
        """Begin a session: earlier trials count, and so do `elapsed` seconds before the loop."""
        return cls(budget, _covered(trials) + elapsed)

    @property
    def seconds_left(self) -> float:
        """Seconds until the time budget is used up; infinite where there is none."""
        if self.budget.seconds is None:
            return float("inf")
        return self.budget.seconds - self.spent - (time.monotonic() - self.began)

    def reached(self, count: int) -> str:
        """Return why the run ends after `count` trials, or "" to go on."""
        wanted = self.budget.trials
        if wanted is not None and count >= wanted:
            more = f"{count} trials are done, and no more than {wanted} were asked for"
            return more if count > wanted else f"all {wanted} trials are done"
        if self.seconds_left <= 0:
            return f"the {self.budget.seconds:.0f} seconds are used up"
        return ""


def _covered(trials: Sequence[Trial]) -> float:
    """Return the seconds in which trials ran; those that ran side by side count once."""
    ended = [(t.finished - t.cost, t.finished) for t in trials if t.finished is not None]
    total, until = sum(t.cost for t in trials if t.finished is None), 0.0
    for begin, end in sorted(ended):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total
