"""Suggestions, evaluations and trials: what was tried, who proposed it, what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from evals.space import Config


class TrialState(StrEnum):
    """How far a trial has come, or how it ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    INFEASIBLE = "infeasible"


REPLICATION = "replication"
"""The origin of a configuration that is run again, on purpose, because noise decides."""


@dataclass(frozen=True)
class Suggestion:
    """A configuration to try, with its true origin.

    `origin` is one of "default", "llm", "surrogate", "sobol", "random", "prior", "portfolio",
    "transfer", "replication", "user". `details` holds what
    the report shows about the choice: acquisition value, predicted mean and sd, the GP's own choice
    (the shadow), the prompt's hash; a repeat's own seed. All of it is JSON.
    """

    config: Config
    origin: str
    rationale: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator returns.

    `values` holds one number per objective, as the user reads it (no sign is flipped); empty unless
    COMPLETE. `std` is the standard error of each value where it is known. `cost` is in seconds.
    `intermediate` maps a step (a fold, an epoch) to the first objective's running value.
    `reason` says in words why a trial did not complete. `metrics` are further numbers for people.
    """

    state: TrialState
    values: tuple[float, ...] = ()
    std: tuple[float, ...] | None = None
    cost: float = 0.0
    reason: str = ""
    intermediate: Mapping[int, float] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Trial:
    """One row of a study: `evaluation` is None while the trial runs. Times are POSIX seconds."""

    number: int
    suggestion: Suggestion
    evaluation: Evaluation | None = None
    started: float = 0.0
    finished: float | None = None

    @property
    def config(self) -> Config:
        """The configuration tried."""
        return self.suggestion.config

    @property
    def origin(self) -> str:
        """Who proposed it."""
        return self.suggestion.origin

    @property
    def rationale(self) -> str | None:
        """Why it was proposed, in the proposer's words."""
        return self.suggestion.rationale

    @property
    def state(self) -> TrialState:
        """How far it has come, or how it ended."""
        return self.evaluation.state if self.evaluation else TrialState.RUNNING

    @property
    def values(self) -> tuple[float, ...]:
        """One number per objective, as the user reads it; empty unless COMPLETE."""
        return self.evaluation.values if self.evaluation else ()

    @property
    def std(self) -> tuple[float, ...] | None:
        """Standard error per objective, where known."""
        return self.evaluation.std if self.evaluation else None

    @property
    def cost(self) -> float:
        """Seconds that the evaluation took."""
        return self.evaluation.cost if self.evaluation else 0.0
