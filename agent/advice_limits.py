"""How long one question to the language model may take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How long one question may take. Seconds, unless said otherwise.

    What all of them together may cost stands in the task's budget.
    The warmstart is waited for at most `patience`, a later answer at most min(`patience`, mean cost
    of a trial), and only until `hidden` (a share) of the time since it was asked has passed while
    models trained, however many trials pass meanwhile. A question without an answer after `timeout`
    counts as failed. After `failures` failures in a row the model is asked once in `pause` trials
    only.
    """

    patience: float = 30.0
    hidden: float = 0.9
    timeout: float = 300.0
    attempts: int = 2
    proposals: int = 2
    failures: int = 3
    pause: int = 10
    calls_per_trial: float = 1.0
