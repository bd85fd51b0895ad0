"""Whether going on is worth it: asked before each trial, where the budget says what is too little.

Every decision is written into the trial that follows it, so that the report can show them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

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
    _seen: tuple[int, float] = field(default=(-1, 0.0))

    @property
    def ended(self) -> str:
        """Why the search ended, in words; "" where this was not the reason."""
        if self.last is None or not self.last.enough:
            return ""
        return f"little is left to gain: {self.last.words}"

    def exhausted(self, task: Task, trials: Sequence[Trial]) -> bool:
        """Return whether no more than the task's `stop_below_gain` is likely to be gained."""
        threshold = task.budget.stop_below_gain
        if not threshold:
            self.last = None
            return False
        seen = sum(t.state is not TrialState.RUNNING for t in trials), threshold
        if seen != self._seen:
            from acquisition.stopping import outlook

            self._seen, self.last = seen, outlook(task, trials, threshold)
        return self.last is not None and self.last.enough

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
