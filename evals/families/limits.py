"""Whether the estimator itself would accept a value, asked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evals.families.base import Family
from evals.parameters import Float, Int, Parameter, Scalar
from evals.task import Kind
from prompts.errors import InvalidConfigError


def check_values(family: Family, kind: Kind, values: Mapping[str, Scalar]) -> None:
    """Check `values` (this family's parameter names) against the estimator's own constraints.

    Raises:
        InvalidConfigError: a parameter the estimator does not have, or a value it refuses.
        FamilyNotInstalledError: the package is missing.
    """
    from sklearn.utils._param_validation import (
        InvalidParameterError,
        validate_parameter_constraints,
    )

    known = family.estimator_parameters(kind) | set(family.derived)
    for name in values:
        if name not in known:
            raise InvalidConfigError(
                f"{family.label} has no parameter {name}.", hint=_near(name, known)
            )
    translated = family.translate(dict(values), kind)
    constraints = getattr(family.estimator(kind), "_parameter_constraints", None) or family.limits()
    asked = {k: v for k, v in translated.items() if k in constraints}
    try:
        validate_parameter_constraints(constraints, asked, family.estimator(kind).__name__)
    except InvalidParameterError as error:
        raise InvalidConfigError(f"{error}") from error


def check_parameter(family: Family, kind: Kind, parameter: Parameter, name: str) -> None:
    """Check both ends (or every choice) of `parameter`, called `name` in the family.

    Raises:
        InvalidConfigError: as `check_values`.
    """
    for value in _corners(parameter):
        check_values(family, kind, {name: value})


def _corners(parameter: Parameter) -> tuple[Scalar, ...]:
    if isinstance(parameter, Float | Int):
        return parameter.low, parameter.high
    return parameter.options


def _near(name: str, known: set[str]) -> str:
    from rapidfuzz import process

    near: list[Any] = process.extract(name, sorted(known), limit=3)
    return f"Near: {', '.join(n for n, _, _ in near)}."
