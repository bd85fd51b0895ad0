"""plaintune's hybrid with simulated advisers, named as simulated: no language model is asked.

They say what a model could be worth at its best, and what it may cost at its worst. They know the
objective, which is why they open the task past its seal (`benchmarks/advisers.py`).
"""

from __future__ import annotations

import math
from typing import Any

from acquisition.advice import AdviceSource
from benchmarks.advisers import KINDS, SimulatedAdviser
from benchmarks.arms.base import Arm, ArmUnavailableError, Problem
from benchmarks.arms.plaintune_gp import DesignerSession, make
from benchmarks.arms.source import ADVISED, source_version
from benchmarks.tasks.base import SingleObjectiveTask
from benchmarks.tasks.registry import open_task
from evals.space import Config


class AdvisedSession(DesignerSession):
    """Hands the designer the advice that had arrived, as the loop does."""

    def __init__(self, problem: Problem, designer: Any, adviser: AdviceSource) -> None:
        super().__init__(problem, designer)
        self._bare, self._adviser = designer, adviser

    def ask(self) -> Config:
        """Return the designer's suggestion, given the advice so far."""
        self._designer = self._bare.advised(self._adviser.advice(self._trials))
        return super().ask()


class SimulatedHybrid(Arm):
    """The hybrid beside one kind of simulated adviser."""

    simulated = True

    def __init__(self, kind: str) -> None:
        self.name, self._kind = f"plaintune-hybrid-simulated-{kind}", kind

    @property
    def version(self) -> str:
        """A hash of our own source."""
        return source_version(*ADVISED)

    def open(self, problem: Problem) -> AdvisedSession:
        """Begin a run."""
        task = open_task(problem.task.name)
        if not isinstance(task, SingleObjectiveTask):
            raise ArmUnavailableError("Simulated advisers know one objective.")

        def gain(config: Config) -> float:
            value = task.task.objective.sign * task.truth(config)
            return -math.inf if math.isnan(value) else value

        adviser = SimulatedAdviser(self._kind, problem.task.task, gain, problem.seed)
        return AdvisedSession(problem, make("hybrid", {}), adviser)


SIMULATED = [SimulatedHybrid(kind) for kind in KINDS]
