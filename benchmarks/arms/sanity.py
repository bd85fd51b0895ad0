"""Arms whose outcome is known beforehand: they check the harness, not an optimiser."""

from __future__ import annotations

from benchmarks.arms.base import Arm, ArmUnavailableError, BaseSession, Problem
from benchmarks.tasks.registry import open_task
from benchmarks.tasks.table import TableTask
from evals.space import Config


class _Constant(BaseSession):
    def __init__(self, problem: Problem, config: Config) -> None:
        super().__init__(problem)
        self._config = config

    def ask(self) -> Config:
        """Return the one configuration."""
        return self._config


class Oracle(Arm):
    """Opens the table, past the seal, and proposes its best row."""

    name = "oracle"
    version = "1"
    start = "nothing"

    def open(self, problem: Problem) -> _Constant:
        """Begin a run."""
        task = open_task(problem.task.name)
        if not isinstance(task, TableTask):
            raise ArmUnavailableError("The oracle needs a table.")
        return _Constant(problem, task.best_config())


class RepeatOnePoint(Arm):
    """Proposes the first trial again and again."""

    name = "repeat"
    version = "1"

    def open(self, problem: Problem) -> _Repeat:
        """Begin a run."""
        return _Repeat(problem)


class _Repeat(BaseSession):
    def ask(self) -> Config:
        """Return the first configuration."""
        return self.history[0][0]
