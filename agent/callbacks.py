"""Functions that are called after each trial: `tune(train, "...", callbacks=[watch])`.

def watch(study, trial):
    print(trial.number, trial.state, trial.values)
    if study.best is not None and study.best.values[0] < 0.1:
        study.stop()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.events import Event, TrialFinished
from agent.study_view import StudyView
from evals.trials import Trial

if TYPE_CHECKING:
    from agent.loop import Agent


@dataclass(frozen=True)
class Progress(StudyView):
    """A study as it stands after a trial: `best` (None at first), `trials`, `frame`, `task`."""

    end: Callable[[str], None] = lambda reason: None

    def stop(self) -> None:
        """End the search: no new trial begins, those that run are finished, the best is tested."""
        self.end("a callback stopped it")


Callback = Callable[[Progress, Trial], Any]
"""Called with the study and the trial that ended, one at a time, also with several workers. What it
raises ends the run and reaches the caller; the trial is stored by then, and the study goes on under
its name."""


@dataclass(frozen=True)
class Calling:
    """A listener that calls functions after each trial of an agent."""

    agent: Agent
    callbacks: Sequence[Callback]

    def __call__(self, event: Event) -> None:
        """Call all of them where a trial has ended."""
        if not isinstance(event, TrialFinished):
            return
        store = self.agent.store
        trials, calls = tuple(store.trials()), tuple(store.calls())
        progress = Progress(store.name, self.agent.task, trials, calls, end=self.agent.end)
        for callback in self.callbacks:
            try:
                callback(progress, event.trial)
            except Exception as error:
                error.add_note(f"Raised by a callback; the trials of study {store.name} are kept.")
                raise
