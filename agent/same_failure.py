"""Whether all trials fail for one reason that has nothing to do with their configurations.

A missing module, a missing file, a score that is not printed: more trials cannot do better, so the
search ends, and goes on when that is mended. Where failures may come from the configurations it
goes on, as it must: out of memory, too slow, not finite, killed; reasons that differ; a parameter
that had one value in all of them; anything else that ever gave a value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from evals.failures import OTHER, kind_of
from evals.space import SearchSpace
from evals.task import Task
from evals.trials import Suggestion, Trial, TrialState

ENOUGH = 5
"""Failures for exactly one reason, the program's own default among them."""
ENOUGH_ALIKE = 10
"""Failures where no default was tried, or whose reasons differ in their numbers."""
GOOD = (TrialState.COMPLETE, TrialState.PRUNED)
_TAIL = " Last lines: "
_BARE = ("It ended with exit code", "It was killed by")
"""Beginnings that say less than the last lines do."""
_ERROR = re.compile(r"^[A-Za-z_][\w.]*(?:Error|Exception|NotFound|Exit)\b|\berror\b", re.I)
_OWN = re.compile(r"plaintune-trial-\w+|\b0x[0-9a-f]+\b", re.I)
"""What differs from trial to trial by itself: its directory, addresses."""


def plain_reason(reason: str) -> str:
    """Return the one line of a reason that says why: "ModuleNotFoundError: No module named 'x'"."""
    head, _, tail = reason.partition(_TAIL)
    if not tail or not head.startswith(_BARE):
        return head.strip()
    lines = [line.strip() for line in tail.split(" | ") if line.strip()]
    errors = [line for line in lines if _ERROR.search(line)]
    return errors[-1] if errors else lines[-1] if lines else head


def same_failure(space: SearchSpace, trials: Sequence[Trial]) -> str:
    """Return the one reason for which all of `trials` that ended failed, "" to go on."""
    ended = [t for t in trials if t.state is not TrialState.RUNNING]
    reasons = [t.evaluation.reason for t in ended if t.evaluation and _is_crash(t)]
    if not ended or len(reasons) < len(ended) or not _all_vary(space, ended):
        return ""
    plain = [_OWN.sub("", plain_reason(r)) for r in reasons]
    if len({re.sub(r"\d+", "0", p) for p in plain}) > 1:
        return ""
    sure = len(set(plain)) == 1 and any(t.origin == "default" for t in ended)
    return plain_reason(reasons[0]) if len(ended) >= (ENOUGH if sure else ENOUGH_ALIKE) else ""


def tried_again(task: Task, before: Sequence[Trial], since: Sequence[Trial]) -> Suggestion | None:
    """Return the default once more, where it and all other trials `before` this session failed.

    It tells first whether that is mended, and the others are compared with it.
    """
    config = task.space.default_config()
    defaults = [t.origin == "default" for t in before], [t.origin == "default" for t in since]
    due = any(defaults[0]) and not any(defaults[1]) and all(map(_is_crash, before))
    return Suggestion(config, "default", "what failed is tried again") if due and config else None


def telling(trials: Sequence[Trial]) -> Sequence[Trial]:
    """Return `trials` without those that failed before the default did, and then no longer.

    They say nothing of their configurations.
    """
    defaults = [i for i, t in enumerate(trials) if t.origin == "default"]
    if len(defaults) < 2 or trials[defaults[-1]].state not in GOOD:
        return trials
    before = trials[: defaults[-1]]
    return trials if any(t.state in GOOD for t in before) else trials[defaults[-1] :]


def _is_crash(trial: Trial) -> bool:
    """Return whether a trial failed, without a value, in a way that may be every trial's."""
    end = trial.evaluation
    if end is None or trial.state is not TrialState.FAILED or end.intermediate:
        return False
    return kind_of(end.reason) == OTHER and not end.reason.startswith("It was killed by")


def _all_vary(space: SearchSpace, trials: Sequence[Trial]) -> bool:
    return all(len({repr(t.config.get(n)) for t in trials}) > 1 for n in space.names)
