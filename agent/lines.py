"""The face for where there is no terminal: one plain line per event."""

from __future__ import annotations

from typing import TextIO

from agent.digits import readable, telling
from agent.events import (
    AdviceArrived,
    Event,
    Note,
    RunFinished,
    RunStarted,
    TrialFinished,
)
from agent.explain import other_scores
from agent.study_view import configuration
from evals.task import Task
from evals.trials import Trial, TrialState


class Lines:
    """A listener that writes to `stream`."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._task: Task | None = None

    def __call__(self, event: Event) -> None:
        """Write what is worth a line."""
        for line in self._told(event):
            print(line, file=self._stream, flush=True)

    def _told(self, event: Event) -> list[str]:
        match event:
            case RunStarted(task=task, study=study, trials=trials, directory=directory):
                self._task = task
                known = f", {len(trials)} trials known" if trials else ""
                return [f"Study {study}{known}. Files go to {directory}."]
            case TrialFinished(trial=trial, best=best):
                return [trial_line(self._task, trial, best)]
            case AdviceArrived(call=call):
                return [advice_line(call.role, call.accepted, len(call.rejected), call.error)]
            case Note(text=text):
                return [text]
            case RunFinished(outcome=outcome):
                return list(outcome.notes)
            case _:
                return []


def trial_line(task: Task | None, trial: Trial, best: Trial | None) -> str:
    """Return a finished trial on one line; trials are counted from 1."""
    metric = task.objective.metric if task else "score"
    head = f"trial {trial.number + 1:>3}  {trial.origin:<9} {trial.cost:6.1f} s  "
    if trial.state is not TrialState.COMPLETE:
        reason = trial.evaluation.reason if trial.evaluation else ""
        return f"{head}{trial.state.value}: {reason}"
    is_best = best is not None and best.number == trial.number
    spread = f" ± {readable(trial.std[0], 2)}" if trial.std else ""
    mark = "  (best so far)" if is_best else ""
    rivals = best.values[:1] if best is not None else ()
    digits = telling((trial.values[0], *rivals), least=5)
    scores = f"{metric} {readable(trial.values[0], digits)}{spread}"
    scores += other_scores(task, trial) if task is not None else ""
    return f"{head}{scores}{mark}  {configuration(trial)}"


def advice_line(role: str, accepted: int, rejected: int, error: str) -> str:
    """Return what came of a question to the language model."""
    if error:
        return f"No advice from the language model ({role}): {error}"
    refused = f", {rejected} of its proposals refused" if rejected else ""
    return f"The language model proposes {accepted} configuration{'s' * (accepted != 1)}{refused}."
