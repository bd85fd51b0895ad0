"""What happens during a run, for whoever watches: the live view, the printed lines, a report.

The loop emits; a face listens. A listener must return soon and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.outcome import Outcome
from evals.task import Task
from evals.trials import Trial
from prompts.calls import CallRecord


@dataclass(frozen=True)
class TaskUnderstood:
    """A description became a task; `seconds` is how long that took."""

    task: Task
    seconds: float = 0.0


@dataclass(frozen=True)
class RunStarted:
    """The study is open: `trials` hold what it knows already (not empty on a resume).

    `directory` is where the run's files go.
    """

    task: Task
    study: str
    trials: tuple[Trial, ...]
    directory: str = ""


@dataclass(frozen=True)
class TrialStarted:
    """A configuration was chosen and is about to be evaluated."""

    trial: Trial


@dataclass(frozen=True)
class TrialReported:
    """The first objective's running value, as the user reads it, at `step` (a fold, an epoch)."""

    number: int
    step: int
    value: float


@dataclass(frozen=True)
class TrialFinished:
    """A trial ended, well or not; `best` is the incumbent with it."""

    trial: Trial
    best: Trial | None


@dataclass(frozen=True)
class AdviceArrived:
    """The language model answered (or failed to: `call.error`)."""

    call: CallRecord


@dataclass(frozen=True)
class Note:
    """A sentence that the user should read."""

    text: str


@dataclass(frozen=True)
class RunFinished:
    """The run ended, and why is in `outcome.stopped`; `directory` holds `outcome.files`."""

    task: Task
    study: str
    trials: tuple[Trial, ...]
    best: Trial | None
    outcome: Outcome
    directory: str = ""


Event = (
    TaskUnderstood
    | RunStarted
    | TrialStarted
    | TrialReported
    | TrialFinished
    | AdviceArrived
    | Note
    | RunFinished
)
Listener = Callable[[Event], None]
