"""plaintune without a language model: the designer "gp" of our own registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from agent.pruning import hopeless
from benchmarks.arms.base import Arm, ArmUnavailableError, BaseSession, Problem
from benchmarks.arms.source import source_version
from evals.space import Config
from evals.trials import REPLICATION, Evaluation, Suggestion, Trial


class DesignerSession(BaseSession):
    """Asks a designer for one suggestion after each trial, as the loop does."""

    def __init__(self, problem: Problem, designer: Any) -> None:
        super().__init__(problem)
        self._task = problem.task.task.model_copy(update={"seed": problem.seed})
        self._designer = designer
        self._trials: list[Trial] = []
        self._next: Suggestion | None = None

    def ask(self) -> Config:
        """Return the designer's suggestion."""
        rng = np.random.default_rng([self.problem.seed, len(self._trials)])
        self._next = self._designer.suggest(self._task, self._trials, 1, rng)[0]
        return self._next.config

    def tell(self, config: Config, result: Evaluation) -> None:
        """Add a trial."""
        super().tell(config, result)
        suggestion = self._next or Suggestion(config, self._start_origin(config))
        self._trials.append(Trial(len(self._trials), suggestion, result))
        self._next = None

    def _start_origin(self, config: Config) -> str:
        return "default" if config == self.space.default_config() else "random"


class PruningSession(DesignerSession):
    """Stops what the loop would stop: its own rule, over the trials before."""

    def __init__(self, problem: Problem, designer: Any) -> None:
        super().__init__(problem, designer)
        self._running: dict[int, float] = {}

    def should_stop(self, config: Config, epoch: int, value: float) -> bool:
        """Return whether the trial is hopeless; repeats run to the end, as in the loop."""
        self._running[epoch] = value
        if self._next is not None and self._next.origin == REPLICATION:
            return False
        return bool(hopeless(self._task, self._trials, self._running))

    def tell(self, config: Config, result: Evaluation) -> None:
        """Add a trial and forget its running values: they stand in `result`."""
        super().tell(config, result)
        self._running = {}


class PlaintuneGP(Arm):
    """The GP core alone."""

    name = "plaintune-gp"
    objectives = 3
    session: type[DesignerSession] = DesignerSession

    def __init__(self, name: str = "plaintune-gp", **options: Any) -> None:
        self.name, self._options = name, options

    @property
    def version(self) -> str:
        """A hash of our own source."""
        return source_version()

    def open(self, problem: Problem) -> DesignerSession:
        """Begin a run."""
        return self.session(problem, make("gp", self._options))


class PlaintunePruning(PlaintuneGP):
    """The GP core with the loop's rule for stopping trials early (`agent.pruning`)."""

    session = PruningSession

    @property
    def version(self) -> str:
        """A hash of our own source, that of the rule included."""
        return source_version("agent/pruning.py")


PRUNING = PlaintunePruning("plaintune-gp-pruning")


def make(name: str, options: Mapping[str, Any]) -> Any:
    """Return the designer called `name`.

    Raises:
        ArmUnavailableError: this version of plaintune has none.
    """
    try:
        from acquisition.registry import make_designer
    except ImportError as error:
        raise ArmUnavailableError(str(error)) from error
    return make_designer(name, **options)
