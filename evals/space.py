"""The search space: parameters, what depends on what, and constraints.

Shapes: n configurations, d parameters. A configuration is a dict of native values that holds
exactly the parameters that are active in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationInfo, field_validator, model_validator
from pydantic.dataclasses import dataclass

from evals.constraints import Constraint, bound, check_names, constraint_of
from evals.parameters import Categorical, Condition, Float, Int, Ordinal, Parameter, Scalar
from prompts.errors import InvalidConfigError, InvalidTaskError

__all__ = ["Categorical", "Condition", "Config", "Constraint", "Float", "Int", "Ordinal"]
__all__ += ["Parameter", "SearchSpace"]

Config = dict[str, Scalar]
INACTIVE = 0.5
"""Where an inactive parameter stands in [0, 1]: the middle, equally far from all values."""


@dataclass(frozen=True)
class SearchSpace:
    """Parameters in a fixed order, parents before the parameters that depend on them.

    A constraint may be given as an expression or as a Python function (`evals.constraints`).
    """

    parameters: tuple[Parameter, ...]
    constraints: tuple[Constraint, ...] = ()

    @field_validator("constraints", mode="before")
    @classmethod
    def _constraints(cls, value: Any, info: ValidationInfo) -> Any:
        names = [p.name for p in info.data.get("parameters", ())]
        return [constraint_of(v, names, i) for i, v in enumerate(value, start=1)]

    @model_validator(mode="after")
    def _check(self) -> SearchSpace:
        seen: dict[str, Parameter] = {}
        for parameter in self.parameters:
            if not parameter.name:
                raise InvalidTaskError("A parameter of a search space needs a name.")
            if parameter.name in seen:
                raise InvalidTaskError(f"Two parameters are called {parameter.name}.")
            if parameter.condition:
                _check_condition(parameter.name, parameter.condition, seen)
            seen[parameter.name] = parameter
        if not seen:
            raise InvalidTaskError("The search space has no parameter.", hint="Name one to tune.")
        return self

    def __len__(self) -> int:
        return len(self.parameters)

    @property
    def names(self) -> list[str]:
        """Parameter names, in order."""
        return [p.name for p in self.parameters]

    def __getitem__(self, name: str) -> Parameter:
        return self._by_name[name]

    @cached_property
    def _by_name(self) -> dict[str, Parameter]:
        return {p.name: p for p in self.parameters}

    def active(self, config: Mapping[str, Any]) -> Iterator[Parameter]:
        """Yield the parameters whose condition holds in `config`."""
        alive: set[str] = set()
        for parameter in self.parameters:
            condition = parameter.condition
            if condition is None or (
                condition.parent in alive and config.get(condition.parent) in condition.values
            ):
                alive.add(parameter.name)
                yield parameter

    def bound(self, here: Sequence[Constraint]) -> SearchSpace:
        """Return the space with the functions that the constraints `here` have."""
        return replace(self, constraints=bound(self.constraints, here))

    def read_constraints(self, given: Sequence[Any]) -> tuple[Constraint, ...]:
        """Return the constraints that expressions or functions stand for."""
        return SearchSpace(self.parameters, tuple(given)).constraints

    def constrained(self, given: Sequence[Any]) -> SearchSpace:
        """Return the space with further constraints: expressions or functions.

        Raises:
            InvalidTaskError: one is neither or is about what is not tuned, or they leave nothing.
        """
        added = self.read_constraints(given)
        if not added:
            return self
        check_names(added, self.names)
        space = replace(self, constraints=self.constraints + added)
        space.sample(np.random.default_rng(0))
        return space

    def validate(self, config: Mapping[str, Any]) -> Config:
        """Return `config` in native types and space order.

        Raises:
            InvalidConfigError: a parameter is missing, unknown, inactive or out of range, or a
                constraint is broken.
        """
        valid: Config = {}
        for parameter in self.active(config):
            if parameter.name not in config:
                raise InvalidConfigError(f"{parameter.name} is missing.")
            valid[parameter.name] = parameter.check(config[parameter.name])
        if extra := sorted(set(config) - set(valid)):
            raise InvalidConfigError(f"Unknown or inactive here: {', '.join(extra)}.")
        for constraint in self.constraints:
            if not constraint.holds(valid):
                raise InvalidConfigError(f"The constraint {constraint.expression} is broken.")
        return valid

    def is_valid(self, config: Mapping[str, Any]) -> bool:
        """Return whether `validate` accepts `config`."""
        try:
            self.validate(config)
        except InvalidConfigError:
            return False
        return True

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
        """Return `n x d` places in [0, 1], a column per parameter; inactive ones at `INACTIVE`."""
        X = np.full((len(configs), len(self)), INACTIVE)
        for i, config in enumerate(configs):
            for j, parameter in enumerate(self.parameters):
                if parameter.name in config:
                    X[i, j] = parameter.to_unit(config[parameter.name])
        return X

    def decode(self, X: NDArray[np.float64]) -> list[Config]:
        """Return the configuration nearest to each row of `X` (`n x d`, any real numbers)."""
        return [self._decode_row(row) for row in np.atleast_2d(X)]

    def _decode_row(self, row: NDArray[np.float64]) -> Config:
        values = {p.name: p.from_unit(float(u)) for p, u in zip(self.parameters, row, strict=True)}
        return {p.name: values[p.name] for p in self.active(values)}

    def sample(self, rng: np.random.Generator, count: int = 1) -> list[Config]:
        """Draw `count` valid configurations: uniform on each scale, each choice equally likely.

        Raises:
            InvalidTaskError: fewer than one in ten thousand draws satisfies the constraints.
        """
        found: list[Config] = []
        for _ in range(1000):
            draws = self.decode(self.spread(rng.random((max(count, 10), len(self)))))
            found += [c for c in draws if all(k.holds(c) for k in self.constraints)]
            if len(found) >= count:
                return found[:count]
        said = "; ".join(c.meaning for c in self.constraints)
        raise InvalidTaskError(
            f"Almost no configuration satisfies the constraints: {said}.",
            hint="Drop or loosen one of them, or widen the ranges.",
        )

    def spread(self, U: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move uniform places `U` (`n x d`) so that `decode` gives each value equally often.

        Rounding alone gives the first and the last of k values half the share of the others.
        """
        V = U.copy()
        for j, parameter in enumerate(self.parameters):
            if parameter.cardinality is not None and not getattr(parameter, "log", False):
                last = parameter.cardinality - 1
                step = parameter.to_unit(parameter.from_unit(1.0)) / max(last, 1)  # type: ignore[arg-type]
                V[:, j] = np.minimum(np.floor(U[:, j] * (last + 1)), last) * step
        return V

    def default_config(self) -> Config | None:
        """Return the target model's own default; None where a parameter has none or it clashes."""
        values = {p.name: p.default for p in self.parameters}
        config = {p.name: values[p.name] for p in self.active(values)}
        return config if self.is_valid(config) else None

    def key(self, config: Mapping[str, Any]) -> tuple[tuple[str, Scalar], ...]:
        """Return what two equal configurations, and only they, have in common (for sets)."""
        return tuple((p.name, repr(config[p.name])) for p in self.parameters if p.name in config)

    @property
    def cardinality(self) -> float:
        """The number of configurations (constraints aside); infinite with a real parameter."""
        return sum(math.prod(_sizes(branch)) for branch in self._branches())

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON schema of one configuration: one object per set of active parameters."""
        objects = [_object(branch) for branch in self._branches()]
        return objects[0] if len(objects) == 1 else {"anyOf": objects}

    def _branches(self) -> list[list[tuple[Parameter, tuple[Scalar, ...] | None]]]:
        """List the sets of active parameters, each parent with the values that lead there."""
        parents = {p.condition.parent for p in self.parameters if p.condition}
        branches: list[tuple[dict[str, Any], list[tuple[Parameter, Any]]]] = [({}, [])]
        for parameter in self.parameters:
            grown = []
            for chosen, members in branches:
                if not any(p.name == parameter.name for p in self.active(chosen)):
                    grown.append((chosen, members))
                elif parameter.name in parents:
                    for values in self._alike(parameter):
                        step = {parameter.name: values[0]}
                        grown.append((chosen | step, [*members, (parameter, values)]))
                else:
                    grown.append((chosen, [*members, (parameter, None)]))
            branches = grown
        return [members for _, members in branches]

    def _alike(self, parent: Parameter) -> list[tuple[Scalar, ...]]:
        """Group a parent's values by the parameters they switch on."""
        groups: dict[tuple[str, ...], list[Scalar]] = {}
        assert isinstance(parent, Categorical | Ordinal)
        for value in parent.options:
            switched = tuple(
                p.name
                for p in self.parameters
                if p.condition and p.condition.parent == parent.name and value in p.condition.values
            )
            groups.setdefault(switched, []).append(value)
        return [tuple(values) for values in groups.values()]


def _check_condition(name: str, condition: Condition, seen: Mapping[str, Parameter]) -> None:
    parent = seen.get(condition.parent)
    if not isinstance(parent, Categorical | Ordinal):
        raise InvalidTaskError(
            f"{name} depends on {condition.parent}, which must be a choice listed before it."
        )
    for value in condition.values:
        parent.check(value)


def _sizes(branch: Sequence[tuple[Parameter, tuple[Scalar, ...] | None]]) -> list[float]:
    return [
        math.inf if p.cardinality is None else len(values or ()) or p.cardinality
        for p, values in branch
    ]


def _object(branch: Sequence[tuple[Parameter, tuple[Scalar, ...] | None]]) -> dict[str, Any]:
    properties = {p.name: {"enum": list(v)} if v else p.schema() for p, v in branch}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
