"""Where a search begins that has earlier studies of the same space to go by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from acquisition.replication import winner
from evals.task import Task
from evals.trials import Suggestion

if TYPE_CHECKING:
    from surrogates.transfer import Earlier

ORIGIN = "transfer"
MOST = 3
"""So many trials at most begin where an earlier study ended."""


def warm_start(task: Task, earlier: Sequence[Earlier]) -> list[Suggestion]:
    """Return the best configuration of each earlier study that `task` allows, each once."""
    found: dict[object, Suggestion] = {}
    for study in earlier:
        best = winner(study.task, study.trials)
        if best is not None and all(k.holds(best.config) for k in task.space.constraints):
            reason = f"the best of the earlier study {study.name}"
            suggestion = Suggestion(best.config, ORIGIN, reason, {"study": study.name})
            found.setdefault(task.space.key(best.config), suggestion)
    return list(found.values())[:MOST]
