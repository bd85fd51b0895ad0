"""Edits that a language model proposes to a search space, checked before they are used.

An edit is taken only where the estimator itself accepts both ends of what it asks for. A refused
edit is reported with its reason and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from evals.families import FAMILIES, Family
from evals.families.limits import check_parameter
from evals.narrowing import consistent, with_bounds
from evals.parameters import Categorical, Condition, Float, Int, Ordinal, Parameter, Scalar
from evals.space import SearchSpace
from evals.spaces import SEPARATOR
from evals.task import Kind
from prompts.errors import InvalidConfigError, PlaintuneError


class Edit(BaseModel):
    """One proposed change: `narrow`, `widen` (new bounds or choices) or `add` a parameter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["narrow", "widen", "add"]
    parameter: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Scalar, ...] | None = None
    reason: str = ""

    @classmethod
    def schema_for_prompts(cls) -> dict[str, Any]:
        """Return the JSON schema of one edit."""
        return cls.model_json_schema()


@dataclass(frozen=True)
class Edited:
    """The space after the edits that were taken; `refused` pairs the others with why."""

    space: SearchSpace
    taken: tuple[Edit, ...]
    refused: tuple[tuple[Edit, str], ...]


def parse_edits(answers: Sequence[Any]) -> tuple[list[Edit], list[str]]:
    """Return the edits among plain values, and a sentence for each value that is none."""
    edits: list[Edit] = []
    wrong: list[str] = []
    for answer in answers:
        try:
            edits.append(Edit.model_validate(answer))
        except ValidationError as error:
            first = error.errors()[0]
            wrong.append(f"No edit: {'.'.join(map(str, first['loc']))} {first['msg']}.")
    return edits, wrong


def apply_edits(
    space: SearchSpace, edits: Sequence[Edit], models: Sequence[str], kind: Kind
) -> Edited:
    """Apply `edits` one after the other; never raises for what an edit asks for.

    Args:
        space: as `space_for(models, kind)` gave it.
        edits: proposed changes, by the parameter names of `space` (for `add`: the estimator's own
            name, with `family__` in front where there are several models).
    """
    taken: list[Edit] = []
    refused: list[tuple[Edit, str]] = []
    for edit in edits:
        try:
            space = _apply(space, edit, list(dict.fromkeys(models)), kind)
            taken.append(edit)
        except (PlaintuneError, ValidationError) as error:
            refused.append((edit, _why(error)))
    return Edited(space, tuple(taken), tuple(refused))


def _why(error: Exception) -> str:
    return str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)


def _apply(space: SearchSpace, edit: Edit, models: list[str], kind: Kind) -> SearchSpace:
    owner, own = _owner(edit.parameter, models)
    if edit.action == "add":
        changed = _added(edit, own, owner, len(models) > 1, space)
        parameters = (*space.parameters, changed)
    else:
        if edit.parameter not in space.names:
            raise InvalidConfigError(f"The space has no parameter {edit.parameter}.")
        before = space[edit.parameter]
        changed = _resized(before, edit)
        parameters = tuple(changed if p is before else p for p in space.parameters)
    check_parameter(owner, kind, replace(changed, condition=None), own)
    return SearchSpace(consistent(parameters), space.constraints)


def _owner(name: str, models: list[str]) -> tuple[Family, str]:
    """Return the family that a parameter belongs to and its own name for it."""
    if len(models) == 1:
        return FAMILIES[models[0]], name.removeprefix(models[0] + SEPARATOR)
    prefix, _, own = name.partition(SEPARATOR)
    if prefix not in models or not own:
        raise InvalidConfigError(f"{name} belongs to none of {', '.join(models)}.")
    return FAMILIES[prefix], own


def _resized(parameter: Parameter, edit: Edit) -> Parameter:
    if isinstance(parameter, Float | Int):
        low, high = _new_bounds(parameter, edit)
        return replace(with_bounds(parameter, low, high), reason=_reason(parameter, edit))
    if edit.choices is None:
        raise InvalidConfigError(f"{parameter.name} is a choice: an edit must list its choices.")
    return _rechosen(parameter, edit)


def _new_bounds(parameter: Float | Int, edit: Edit) -> tuple[float, float]:
    low = parameter.low if edit.low is None else edit.low
    high = parameter.high if edit.high is None else edit.high
    inside = parameter.low <= low and high <= parameter.high
    around = low <= parameter.low and parameter.high <= high
    if (low, high) == (parameter.low, parameter.high):
        raise InvalidConfigError(f"{parameter.name} would stay as it is.")
    if not (inside if edit.action == "narrow" else around):
        raise InvalidConfigError(
            f"[{low:g}, {high:g}] does not {edit.action} [{parameter.low:g}, {parameter.high:g}]."
        )
    if parameter.log and low <= 0:
        raise InvalidConfigError(f"{parameter.name} is on a log scale: {low:g} is not above 0.")
    if isinstance(parameter, Int) and (low != int(low) or high != int(high)):
        raise InvalidConfigError(f"{parameter.name} takes whole numbers.")
    return low, high


def _rechosen(parameter: Categorical | Ordinal, edit: Edit) -> Parameter:
    choices = tuple(edit.choices or ())
    old, new = set(map(repr, parameter.options)), set(map(repr, choices))
    if not (new < old if edit.action == "narrow" else new > old):
        raise InvalidConfigError(f"{list(choices)} does not {edit.action} {parameter.name}.")
    default = parameter.default if repr(parameter.default) in new else choices[0]
    if isinstance(parameter, Ordinal):
        return replace(parameter, values=choices, default=default, reason=_reason(parameter, edit))
    return replace(parameter, choices=choices, default=default, reason=_reason(parameter, edit))


def _added(edit: Edit, own: str, owner: Family, several: bool, space: SearchSpace) -> Parameter:
    """Return the new parameter; its default is the estimator's own, so trial 1 stays as it is."""
    name = owner.name + SEPARATOR + own if several else own
    if name in space.names:
        raise InvalidConfigError(f"{name} is in the space already.")
    if any(own in sets for sets in owner.derived.values()):
        raise InvalidConfigError(f"{own} follows from other parameters of the space.")
    condition = Condition("model", (owner.name,)) if several else None
    default = owner.default_of(own)
    if edit.choices is not None:
        added: Parameter = Categorical(
            name, edit.choices, default=default, reason=edit.reason, condition=condition
        )
    elif edit.low is None or edit.high is None:
        raise InvalidConfigError(f"To add {own}, name its low and high or its choices.")
    else:
        added = _number(edit, name, default, condition)
    added.check(default if edit.choices is not None else added.default)
    return added


def _number(edit: Edit, name: str, default: Any, condition: Condition | None) -> Parameter:
    """Return a number; a default of None is "no limit", for which the high end stands."""
    assert edit.low is not None and edit.high is not None
    if isinstance(default, bool | str):
        raise InvalidConfigError(f"{name} is no number: list its choices.")
    whole = all(v == int(v) for v in (edit.low, edit.high)) and isinstance(default, int | None)
    default = edit.high if default is None else default
    shared: dict[str, Any] = {"log": edit.log, "reason": edit.reason, "condition": condition}
    if whole:
        return Int(name, int(edit.low), int(edit.high), default=int(default), **shared)
    return Float(name, edit.low, edit.high, default=float(default), **shared)


def _reason(parameter: Parameter, edit: Edit) -> str:
    return f"{parameter.reason}; {edit.action}ed: {edit.reason or 'no reason given'}"
