"""Whether going on is worth it: asked before each trial.

It is not where the budget says what is too little to gain and no more is likely, nor where all
trials fail for one reason (`agent.same_failure`).

Every decision is written into the trial that follows it, so that the report can show them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from agent.same_failure import GOOD, same_failure, tried_again
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState

if TYPE_CHECKING:
    from acquisition.stopping import Outlook

OUTLOOK = "outlook"
"""The key in a suggestion's details."""


@dataclass
class Prospects:
    """The last look ahead of a run; remembered, since it changes only when a trial ends."""

    last: Outlook | None = None
    failure: str = ""
    """The one reason for which all trials of this session failed."""
    _before: list[Trial] | None = None
    _seen: tuple[int, float] = field(default=(-1, 0.0))

    def begin(self, trials: Sequence[Trial]) -> None:
        """Begin a session of a study that has `trials`: how they failed may be mended since."""
        self._before = [t for t in trials if t.state is not TrialState.RUNNING]
        self.failure = ""

    @property
    def ended(self) -> str:
        """Why the search ended, in words; "" where this was not the reason."""
        if self.failure:
            return f"every trial fails for the same reason: {self.failure.rstrip('.')}"
        if self.last is None or not self.last.enough:
            return ""
        return f"little is left to gain: {self.last.words}"

    def exhausted(self, task: Task, trials: Sequence[Trial]) -> bool:
        """Return whether all fails, or no more than `stop_below_gain` is likely to be gained."""
        if self._before is not None and self._failing(task, self._before, trials):
            return True
        threshold = task.budget.stop_below_gain
        if not threshold:
            self.last = None
            return False
        seen = sum(t.state is not TrialState.RUNNING for t in trials), threshold
        if seen != self._seen:
            from acquisition.stopping import outlook

            self._seen, self.last = seen, outlook(task, trials, threshold)
        return self.last is not None and self.last.enough

    def _failing(self, task: Task, before: Sequence[Trial], trials: Sequence[Trial]) -> bool:
        if any(t.state in GOOD for t in before):
            return False
        self.failure = same_failure(task.space, self._since(before, trials))
        return bool(self.failure)

    def again(self, task: Task, trials: Sequence[Trial]) -> Suggestion | None:
        """Return what is to be tried again first, now that what failed may be mended."""
        if not self._before:
            return None
        return tried_again(task, self._before, self._since(self._before, trials))

    @staticmethod
    def _since(before: Sequence[Trial], trials: Sequence[Trial]) -> list[Trial]:
        known = {t.number for t in before}
        return [t for t in trials if t.number not in known]

    def noted(self, suggestion: Suggestion) -> Suggestion:
        """Return `suggestion` with the decision that let it be tried in its details."""
        if self.last is None:
            return suggestion
        details = {**suggestion.details, OUTLOOK: self.last.to_plain()}
        return replace(suggestion, details=details)


def outlooks(trials: Sequence[Trial]) -> list[Outlook]:
    """Return the decisions to go on that the trials hold, in order, each once."""
    from acquisition.stopping import Outlook

    noted = [t.suggestion.details[OUTLOOK] for t in trials if OUTLOOK in t.suggestion.details]
    return list(dict.fromkeys(Outlook(**plain) for plain in noted))
