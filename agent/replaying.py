"""A study's recorded advice given again to the same study, trial for trial, with no model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acquisition.advice import Advice
from agent.adviser import ROLES, Adviser
from agent.language_models.replay import StudyReplay
from evals.task import Task
from evals.trials import Trial


class ReplayedAdviser(Adviser):
    """Lets each recorded answer arrive at the trial at which it arrived then; asks nothing."""

    def __init__(self, task: Task, replay: StudyReplay, **options: Any) -> None:
        super().__init__(task, replay, **options)
        self._recorded = [c for c in replay.calls if c.role in ROLES and c.arrived_at is not None]

    def advice(self, trials: Sequence[Trial]) -> Advice:
        """Return what had arrived by the next trial."""
        known = {c.key for c in self._log.calls()}
        for call in self._recorded:
            if call.key not in known and (call.arrived_at or 0) <= len(trials):
                self._log.record_call(call)
        return super().advice(trials)

    def think(self, trials: Sequence[Trial]) -> None:
        """Ask nothing."""
