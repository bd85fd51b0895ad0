"""Which surrogate `--surrogate auto` used, in words."""

from __future__ import annotations

from collections.abc import Sequence

from evals.task import Task
from evals.trials import Trial, TrialState

AUTO = "auto"


def rivals_note(surrogate: str, task: Task, trials: Sequence[Trial]) -> tuple[str, ...]:
    """Return a sentence for a study of the surrogate "auto", none for others."""
    if surrogate != AUTO or not any(t.state is TrialState.COMPLETE for t in trials):
        return ()
    from surrogates.auto import ENOUGH, chosen, rivals

    found = rivals(task, trials)
    if not found:
        return (f"Surrogate: gp. With fewer than {ENOUGH} trials the others are not compared.",)
    scores = ", ".join(f"{r.name} {r.score:.2f}" for r in sorted(found, key=lambda r: -r.score))
    return (
        f"Surrogate at the end: {chosen(found)}. Mean log score of predicting each trial of "
        f"{task.objective.metric} from the others: {scores}.",
    )
