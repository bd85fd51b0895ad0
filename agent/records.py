"""How a trial lies in the store: plain JSON attributes, and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from evals.trials import Evaluation, Suggestion, TrialState

OUTCOME = "outcome"
STATES = {"COMPLETE": TrialState.COMPLETE, "PRUNED": TrialState.PRUNED}
"""What the storage's own words mean where a trial does not say it itself; else FAILED."""


def plain(value: Any) -> Any:
    """Return `value` as JSON values: numpy's numbers and arrays become Python's."""
    return json.loads(json.dumps(value, default=_native))


def _native(value: Any) -> Any:
    return value.tolist() if hasattr(value, "tolist") else str(value)


def proposal(suggestion: Suggestion) -> dict[str, Any]:
    """Return the attributes that are written when a trial begins."""
    attributes = {
        "origin": suggestion.origin,
        "rationale": suggestion.rationale,
        "details": dict(suggestion.details),
        "config": suggestion.config,
    }
    return dict(plain(attributes))


def suggestion_of(attributes: Mapping[str, Any], parameters: Mapping[str, Any]) -> Suggestion:
    """Read what `proposal` wrote; trials made with other tools have the origin "user"."""
    return Suggestion(
        config=dict(attributes.get("config", parameters)),
        origin=attributes.get("origin", "user"),
        rationale=attributes.get("rationale"),
        details=attributes.get("details", {}),
    )


def outcome(evaluation: Evaluation) -> dict[str, Any]:
    """Return what is written, as the attribute `OUTCOME`, when a trial ends."""
    result = {
        "state": evaluation.state.value,
        "std": evaluation.std,
        "cost": evaluation.cost,
        "reason": evaluation.reason,
        "metrics": dict(evaluation.metrics),
    }
    return dict(plain(result))


def evaluation_of(
    attributes: Mapping[str, Any],
    state: str,
    values: Sequence[float] | None,
    intermediate: Mapping[int, float],
) -> Evaluation:
    """Read what `outcome` wrote; `state` is the storage's own word for how the trial ended."""
    result = attributes.get(OUTCOME, {})
    std: Sequence[float] | None = result.get("std")
    return Evaluation(
        state=TrialState(result.get("state", STATES.get(state, TrialState.FAILED))),
        values=tuple(values) if values and state == "COMPLETE" else (),
        std=tuple(std) if std is not None else None,
        cost=result.get("cost", 0.0),
        reason=result.get("reason", ""),
        intermediate=dict(intermediate),
        metrics=result.get("metrics", {}),
    )
