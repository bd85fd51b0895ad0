"""An arm: who proposes configurations. It is told what it asked for, and nothing else.

The protocol hands every arm the same first trials (the default, then paired random points) through
`tell`; an arm whose `start` is "own" gets the default only and proposes the rest itself.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from benchmarks.tasks.base import SealedTask
from evals.space import Config
from evals.trials import Evaluation

N_START = 5
"""Trials that are handed to every arm: the default where there is one, the rest random."""


class ArmUnavailableError(Exception):
    """The arm's package is missing, or it cannot treat the task."""


@dataclass(frozen=True)
class Usage:
    """What a language model did in a run; `seconds` are its own, from when it really answered."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0


class Session(Protocol):
    """One run of an arm on one task."""

    def ask(self) -> Config:
        """Return the next configuration to try."""

    def tell(self, config: Config, result: Evaluation) -> None:
        """Take in what came out; also called for the first trials, which nobody asked for."""

    def should_stop(self, config: Config, epoch: int, value: float) -> bool:
        """Return whether to end the running trial, which has `value` after `epoch` epochs.

        Called after each epoch but the last, with the first objective's running value; a trial that
        is stopped is told as PRUNED.
        """

    def cpu_seconds(self) -> float:
        """Return the processor time used so far by whoever computes suggestions."""

    def usage(self) -> Usage:
        """Return what a language model cost so far."""

    def close(self) -> None:
        """Let go of processes and files."""


@dataclass(frozen=True)
class Problem:
    """What an arm is given: the sealed task, and the seed of the run."""

    task: SealedTask
    seed: int
    trials: int
    """Full trainings that the budget pays for."""


class Arm(ABC):
    """A named optimiser. `start` says which first trials it gets."""

    name: str
    start: Literal["paired", "own", "nothing"] = "paired"
    simulated = False
    objectives = 1

    @property
    @abstractmethod
    def version(self) -> str:
        """What the results depend on: package versions, or a hash of our own source."""

    @abstractmethod
    def open(self, problem: Problem) -> Session:
        """Begin a run.

        Raises:
            ArmUnavailableError: the package is missing or the task is beyond the arm.
        """


class BaseSession:
    """A session that keeps its history of `(config, result)`."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.space = problem.task.space
        self.history: list[tuple[Config, Evaluation]] = []

    def tell(self, config: Config, result: Evaluation) -> None:
        """Remember."""
        self.history.append((config, result))

    def should_stop(self, config: Config, epoch: int, value: float) -> bool:
        """Never."""
        return False

    def tried(self) -> set[Any]:
        """Return the keys of all configurations tried."""
        return {self.space.key(c) for c, _ in self.history}

    def cpu_seconds(self) -> float:
        """Return this process's."""
        return time.process_time()

    def usage(self) -> Usage:
        """No language model is asked."""
        return Usage()

    def close(self) -> None:
        """Nothing to let go of."""


def package_version(*names: str) -> str:
    """Return "name version" of each installed distribution."""
    from importlib.metadata import version

    return ", ".join(f"{n} {version(n)}" for n in names)


def limits_of(problem: Problem) -> tuple[Any, ...]:
    """Return the objectives after the first where each of them has a limit, and the first none."""
    first, *others = problem.task.task.objectives
    limited = first.threshold is None and all(o.threshold is not None for o in others)
    return tuple(others) if limited else ()
