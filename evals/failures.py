"""What kind of failure a reason in words tells of: kinds have causes of their own.

Memory runs out where models and batches are large, scores are not finite where steps are, so each
kind is learned apart, and named to whoever proposes the next configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evals.parameters import Float, Int, Ordinal, Scalar
from evals.space import SearchSpace
from evals.trials import Trial, TrialState

KINDS = {
    "out of memory": r"out of memory|not enough memory|memoryerror|bad_alloc|cannot allocate"
    r"|\boom\b|more than [\d.]+ \w+ of memory",
    "too slow": r"stopped after [\d.e+]+ seconds|took longer than|timed? ?out|processor time",
    "score not finite": r"\bis (?:nan|-?inf)|not a number|no(?:t a)? finite number"
    r"|input contains nan|diverged|overflow",
}
OTHER = "crashed"
ENOUGH = 2
"""Failures of a kind that must agree before a border is spoken of."""


def kind_of(reason: str) -> str:
    """Return the kind of failure that `reason` tells of; "crashed" where none is known."""
    found = (k for k, pattern in KINDS.items() if re.search(pattern, reason, re.I))
    return next(found, OTHER)


def kind_of_end(trial: Trial) -> str:
    """Return the kind of failure a trial ended with, "" where it did not fail."""
    if trial.evaluation is None or trial.state not in (TrialState.FAILED, TrialState.INFEASIBLE):
        return ""
    return kind_of(trial.evaluation.reason)


@dataclass(frozen=True)
class Border:
    """Every failure of `kind` has `parameter` at or beyond `value`; whatever completed has not.

    `side` is "at least" or "at most", `beyond` the completed value nearest to it.
    """

    kind: str
    parameter: str
    side: str
    value: Scalar
    beyond: Scalar


def borders(space: SearchSpace, trials: Sequence[Trial]) -> list[Border]:
    """Return for each kind the numeric parameters whose value alone tells failures from the rest.

    A parameter is named where `ENOUGH` failures of the kind lie beyond everything that completed.
    """
    complete = [t.config for t in trials if t.state is TrialState.COMPLETE]
    ends = [kind_of_end(t) for t in trials]
    found = []
    for kind in dict.fromkeys(filter(None, ends)):
        failed = [t.config for t, end in zip(trials, ends, strict=True) if end == kind]
        if len(failed) >= ENOUGH and complete:
            found += [b for p in space.parameters if (b := _border(kind, p, failed, complete))]
    return found


def _border(
    kind: str,
    parameter: object,
    failed: Sequence[Mapping[str, Scalar]],
    complete: Sequence[Mapping[str, Scalar]],
) -> Border | None:
    if not isinstance(parameter, Float | Int | Ordinal):
        return None
    name = parameter.name
    bad = [v for c in failed if isinstance(v := c.get(name), int | float)]
    good = [v for c in complete if isinstance(v := c.get(name), int | float)]
    if len(bad) < len(failed) or not good:
        return None
    if min(bad) > max(good):
        return Border(kind, name, "at least", min(bad), max(good))
    if max(bad) < min(good):
        return Border(kind, name, "at most", max(bad), min(good))
    return None
