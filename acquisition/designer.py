"""The one abstract idea of a designer: given what was tried, what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from evals.task import Task
from evals.trials import Suggestion, Trial


class Designer(Protocol):
    """Proposes configurations. Pure: the same trials and the same `rng` give the same answer."""

    def suggest(
        self, task: Task, trials: Sequence[Trial], count: int, rng: np.random.Generator
    ) -> list[Suggestion]:
        """Return up to `count` distinct valid configurations that no trial has tried.

        Fewer than `count` come back only where the space is used up. RUNNING trials are pending:
        they are neither repeated nor ignored.
        """
