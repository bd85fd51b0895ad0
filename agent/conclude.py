"""The end of a run: the best configuration fitted, tested beside the default, saved."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from acquisition import replication
from agent.clock import Clock
from agent.confirm import confirm
from agent.explain import default_trial
from agent.finals import Repeatable, finals
from agent.outcome import Outcome, Score
from agent.same_failure import plain_reason
from evals.evaluator import Evaluator
from evals.space import Config
from evals.task import Task
from evals.trials import REPLICATION, Evaluation, Trial, TrialState

EXAMPLES = 100
"""Test rows on which the saved model must answer as the fitted one does."""


@runtime_checkable
class Finisher(Protocol):
    """An evaluator of a table that keeps a test part, and can fit the final model."""

    @property
    def dataset(self) -> Any:
        """The table's parts; `X_test` holds the rows that no trial sees."""

    def test(self, config: Config, seed: int) -> Evaluation:
        """Fit on the whole tuning part and score on the test part."""

    def final_model(self, config: Config, seed: int) -> Any:
        """Fit on the whole tuning part."""


def conclude(
    task: Task,
    trials: Sequence[Trial],
    evaluator: Evaluator,
    directory: Path,
    clock: Clock,
    *,
    seconds_left: float = math.inf,
    notify: Callable[[str], None] = lambda message: None,
) -> Outcome:
    """Return what the end of a run adds to its trials; the model's files go to `directory`.

    The best few are run again, within `seconds_left`: on a table on other folds, to choose among
    them; where there is no test part with other seeds, which also says how far to believe a score.
    """
    best = replication.winner(task, trials)
    if best is None:
        return Outcome(notes=(nothing_completed(trials),))
    if not isinstance(evaluator, Finisher):
        with clock("running the best again"):
            again = confirm(task, trials, evaluator, seconds_left=seconds_left, notify=notify)
        winner = best.number if again.winner is None else again.winner
        return Outcome(best=winner, judged=len(trials), confirmation=again)
    last = None
    if isinstance(evaluator, Repeatable) and not any(t.origin == REPLICATION for t in trials):
        with clock("the last round"):
            last = finals(task, trials, evaluator, seconds_left=seconds_left, notify=notify)
    best = next(t for t in trials if t.number == last.winner) if last else best
    notes: list[str] = []
    with clock("testing"):
        test = _test(task, evaluator, best.config, "the best configuration", notes)
        default = _default(task, trials)
        if default is None or default == best.config:
            default_test = test if default else ()
        else:
            default_test = _test(task, evaluator, default, "the default", notes)
    with clock("fitting and saving the model"):
        files = _save(task, evaluator, best.config, directory, test)
    return Outcome(
        best=best.number,
        judged=len(trials),
        finals=last,
        test=test,
        default_test=default_test,
        files=files,
        notes=tuple(notes),
    )


def _default(task: Task, trials: Sequence[Trial]) -> Config | None:
    """Return the model's own default: as it was tried, wishes since then may rule it out."""
    tried = default_trial(trials)
    return tried.config if tried else task.space.default_config()


def nothing_completed(trials: Sequence[Trial]) -> str:
    """Say that no trial completed, and the most frequent reason."""
    ends = [t.evaluation.reason for t in trials if t.evaluation]
    reasons = Counter(plain_reason(r) for r in ends if r)
    if not reasons:
        return "No trial has completed."
    reason, times = reasons.most_common(1)[0]
    return f"No trial has completed; {times} of {len(trials)} say: {reason}"


def _test(
    task: Task, evaluator: Finisher, config: Config, which: str, notes: list[str]
) -> tuple[Score, ...]:
    tested = evaluator.test(config, task.seed)
    if tested.state is not TrialState.COMPLETE:
        notes.append(f"The test score of {which} is missing: {tested.reason}")
        return ()
    spread = tested.std or (None,) * len(tested.values)
    # A size does not differ from one part of the rows to another: its error is no number.
    known = [s if s is not None and math.isfinite(s) else None for s in spread]
    rows = zip(task.objectives, tested.values, known, strict=True)
    return tuple(Score(metric=o.metric, value=v, std=s) for o, v, s in rows)


def _save(
    task: Task, evaluator: Finisher, config: Config, directory: Path, test: Sequence[Score]
) -> dict[str, str]:
    from evals.export import save_model

    saved = save_model(
        evaluator.final_model(config, task.seed),
        task,
        config,
        directory,
        example=evaluator.dataset.X_test.head(EXAMPLES),
        read_as=evaluator.dataset.read_as,
        scores={f"test {score.metric}": str(score) for score in test},
    )
    return {"model": saved.model.name, "snippet": saved.snippet.name, "card": saved.card.name}
