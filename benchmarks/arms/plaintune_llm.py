"""plaintune with a language model: the hybrid and LLAMBO, their answers kept (`remembering`).

A run whose answers are in the cache needs no model. New questions are asked of the backend that the
variable `PLAINTUNE_BENCHMARKS_LLM` names (llama.cpp, vllm, …); without it a question that has no
kept answer ends the run with an error. Every answer is waited for, so that runs repeat. These arms
get the default only and propose the rest of the start themselves.

`plaintune-shipped` is what a user gets on a table of their own: the hybrid begun with the portfolio
that ships, the model told of the table and of what did well on others. It runs on real trainings,
whose tables that portfolio has not seen; the other arms know nothing of other tables.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from acquisition.advice import Advisable
from benchmarks.arms.base import Arm, ArmUnavailableError, Problem, Usage
from benchmarks.arms.plaintune_gp import DesignerSession
from benchmarks.arms.source import ADVISED, source_version
from benchmarks.remembering import Remembering, cached
from benchmarks.tasks.registry import open_task
from evals.space import Config
from evals.trials import Evaluation, Trial
from prompts.calls import CallRecord

ASK = "PLAINTUNE_BENCHMARKS_LLM"
PATIENCE = 3600.0
"""Seconds that a trial seems to take, so that every answer is there in time."""
SOURCES = (
    *("prompts/**/*.py", "prompts/templates/*"),
    *("agent/adviser.py", "agent/advising.py", "agent/strategies.py"),
)
"""What advised suggestions depend on besides the GP's own sources."""


class _Log:
    """The calls of one run, by key."""

    def __init__(self) -> None:
        self._kept: dict[str, CallRecord] = {}

    def record_call(self, call: CallRecord) -> None:
        self._kept[call.key] = call

    def calls(self) -> list[CallRecord]:
        return list(self._kept.values())


def nothing(problem: Problem) -> dict[str, Any]:
    """Return options of a strategy that knows of no other table."""
    return {"portfolio": False}


def shipped(problem: Problem) -> dict[str, Any]:
    """Return what a study on the table of `problem` would know.

    Raises:
        ArmUnavailableError: the task is no real training, or its models were never measured.
    """
    from acquisition.examples import knowledge, proven
    from benchmarks.tasks.trainings import TrainingTask

    task = open_task(problem.task.name)
    if not isinstance(task, TrainingTask) or not proven(task.task):
        raise ArmUnavailableError("The portfolio that ships has nothing for this task.")
    return {"portfolio": True, **knowledge(task.task, task.dataset)}


class LanguageModelSession(DesignerSession):
    """Asks as the loop does: advice before a suggestion, the next question while it is evaluated.

    Raises:
        LanguageModelError: from `ask`, where the model has no answer.
    """

    def __init__(
        self, problem: Problem, strategy: str, model: Remembering, known: dict[str, Any]
    ) -> None:
        from agent.advice_limits import Limits
        from agent.strategies import open_strategy

        super().__init__(problem, None)
        self._model, self._log = model, _Log()
        limits = Limits(patience=PATIENCE, timeout=PATIENCE, hidden=0.0)
        options: dict[str, Any] = known | {"log": self._log, "limits": limits}
        self._designer, self._adviser = open_strategy(strategy, self._task, model, **options)
        if self._adviser:
            self._adviser.think(())

    def ask(self) -> Config:
        """Return the designer's suggestion, given the advice so far."""
        bare = self._designer
        if self._adviser and isinstance(bare, Advisable):
            self._designer = bare.advised(self._adviser.advice(self._trials))
        config = super().ask()
        self._designer = bare
        self._model.check()
        if self._adviser and self._next:
            self._adviser.think([*self._trials, Trial(len(self._trials), self._next)])
        return config

    def tell(self, config: Config, result: Evaluation) -> None:
        """Add a trial that seems to have taken long."""
        super().tell(config, replace(result, cost=PATIENCE))

    def usage(self) -> Usage:
        """Return what all answers cost; once closed, that to the last question included."""
        answers = [a for c in self._log.calls() for a in c.answers]
        tokens = sum(a.prompt_tokens + a.completion_tokens for a in answers)
        calls = sum(c.requests for c in self._log.calls())
        return Usage(calls, tokens, sum(a.seconds for a in answers))

    def close(self) -> None:
        """Let the adviser's last question end."""
        if self._adviser:
            self._adviser.wait()
            self._adviser.close()


class LanguageModelArm(Arm):
    """A strategy of plaintune with `model`, behind its kept answers."""

    start = "own"

    def __init__(
        self,
        name: str,
        strategy: str,
        model: Callable[[], Remembering] = lambda: cached("default", os.environ.get(ASK, "")),
        knowledge: Callable[[Problem], dict[str, Any]] = nothing,
    ) -> None:
        self.name, self._strategy, self._model = name, strategy, model
        self._knowledge = knowledge

    @property
    def version(self) -> str:
        """A hash of our own source, prompts included."""
        return source_version(*ADVISED, *SOURCES)

    def open(self, problem: Problem) -> LanguageModelSession:
        """Begin a run."""
        known = self._knowledge(problem)
        return LanguageModelSession(problem, self._strategy, self._model(), known)


HYBRID = LanguageModelArm("plaintune-hybrid-default", "hybrid")
LLAMBO = LanguageModelArm("plaintune-llambo", "llambo")
SHIPPED = LanguageModelArm("plaintune-shipped", "hybrid", knowledge=shipped)
