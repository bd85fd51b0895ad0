"""How the language model's advice reaches a designer: as suggestions that it may judge.

The agent asks its adviser for what has arrived by now and hands it to the designer:

    designer = base.advised(advice) if isinstance(base, Advisable) else base
    designer.suggest(task, trials, count, rng)

So a designer stays a pure function of what it is given, and a replay gives it the same advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from acquisition.designer import Designer
from evals.task import Task
from evals.trials import Suggestion, Trial
from prompts.calls import CallRecord


@dataclass(frozen=True)
class Advice:
    """All that the language model has said so far.

    `suggestions` are valid configurations (origin "llm"), oldest first; `calls` are the calls that
    had arrived when the advice was collected.
    """

    suggestions: tuple[Suggestion, ...] = ()
    calls: tuple[CallRecord, ...] = ()


@runtime_checkable
class Advisable(Protocol):
    """A designer that can take advice."""

    def advised(self, advice: Advice) -> Designer:
        """Return this designer with `advice` at hand."""

    def opens(self, task: Task) -> bool:
        """Return whether the language model is to be asked before anything was tried."""

    def wants_advice(
        self, task: Task, trials: Sequence[Trial], calls: Sequence[CallRecord]
    ) -> bool:
        """Return whether the language model should be asked now, given the calls so far."""


class AdviceSource(Protocol):
    """Who gives advice while models train: `agent.adviser.Adviser`.

    The agent calls `advice` in `ask`, before the designer, and `think` after a trial has started.
    """

    def advice(self, trials: Sequence[Trial]) -> Advice:
        """Return what has arrived by the next trial; wait for an open question within patience."""

    def think(self, trials: Sequence[Trial]) -> None:
        """Ask the next question in the background, where one is due; return at once."""

    def close(self) -> None:
        """Stop, and record the answers that nobody saw."""


@runtime_checkable
class Steerable(Protocol):
    """An adviser that hears of changes to the task."""

    def follow(self, task: Task) -> None:
        """Go on with `task`, to which something was added."""
