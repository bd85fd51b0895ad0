"""The language model alone: its proposals in order, and Sobol points where it has none to offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from acquisition.advice import Advice
from acquisition.sobol import SobolDesigner
from acquisition.tried import Tried
from evals.task import Task
from evals.trials import Suggestion, Trial
from prompts.calls import CallRecord


@dataclass(frozen=True)
class LanguageModelDesigner:
    """The default configuration first, then whatever the model proposed last."""

    advice: Advice = field(default_factory=Advice)

    def advised(self, advice: Advice) -> LanguageModelDesigner:
        """Return this designer with `advice` at hand."""
        return replace(self, advice=advice)

    def opens(self, task: Task) -> bool:
        """Return True."""
        return True

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return up to `count` distinct new configurations with their true origins."""
        tried = Tried(task.space, [t.config for t in trials])
        new = [s for s in self.advice.suggestions if s.config not in tried] if trials else []
        newest = sorted(new, key=lambda s: -int(s.details.get("asked_at", 0)))[:count]
        pending = [Trial(len(trials) + i, s) for i, s in enumerate(newest)]
        others = SobolDesigner().suggest(task, [*trials, *pending], count - len(newest), rng)
        return newest + others

    def wants_advice(
        self, task: Task, trials: Sequence[Trial], calls: Sequence[CallRecord]
    ) -> bool:
        """Return whether all that was proposed has been tried: a call for every few trials."""
        used = sum(t.origin == "llm" for t in trials)
        return used >= sum(c.accepted for c in calls)
