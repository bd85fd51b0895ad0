"""The parameters a search space is made of.

Notation: `value` is native (what people and the LLM read), `u` is its place in [0, 1] (what the
surrogate sees): linear or logarithmic for numbers, equally spaced for ordered and other choices.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator
from pydantic.dataclasses import dataclass
from pydantic_core import ArgsKwargs

from prompts.errors import InvalidConfigError, InvalidTaskError

Scalar = bool | int | float | str | None
Schema = dict[str, Any]


@dataclass(frozen=True)
class Condition:
    """A parameter exists only where its parent, a `Categorical`, has one of `values`."""

    parent: str
    values: tuple[Scalar, ...]


def _nameless(given: Any) -> Any:
    """Let `Float(1e-5, 1e-1)` stand inside `Annotated`, where the argument gives the name."""
    if isinstance(given, ArgsKwargs) and not isinstance((given.args or ("",))[0], str):
        return ArgsKwargs(("", *given.args), given.kwargs)
    if isinstance(given, ArgsKwargs) and not given.args and "name" not in (given.kwargs or {}):
        return ArgsKwargs((), {"name": "", **(given.kwargs or {})})
    return given


def _bounds(name: str, low: float, high: float, log: bool) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise InvalidTaskError(f"Parameter {name}: low must be below high, got {low=}, {high=}.")
    if log and low <= 0:
        raise InvalidTaskError(f"Parameter {name}: a log scale needs low > 0, got {low=}.")


def _check_default(parameter: Any) -> None:
    if parameter.default is None:
        return
    try:
        parameter.check(parameter.default)
    except InvalidConfigError as error:
        raise InvalidConfigError(
            f"The default does not fit: {error.message}",
            hint=f"Change the default of {parameter.name}, or set it to null.",
        ) from error


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidConfigError(f"{name} must be a finite number, got {value!r}.")
    return float(value)


def _scaled(value: float, low: float, high: float, log: bool) -> float:
    if log:
        value, low, high = math.log(value), math.log(low), math.log(high)
    return min(1.0, max(0.0, (value - low) / (high - low)))


def _unscaled(u: float, low: float, high: float, log: bool) -> float:
    u = min(1.0, max(0.0, u))
    if log:
        exact = math.exp(math.log(low) + u * (math.log(high) - math.log(low)))
    else:
        exact = low + u * (high - low)
    return min(high, max(low, exact))


@dataclass(frozen=True)
class Float:
    """A real number in [low, high]; `log` spreads the search evenly over orders of magnitude."""

    name: str
    low: float
    high: float
    log: bool = False
    unit: str | None = None
    default: float | None = None
    reason: str = ""
    condition: Condition | None = None
    type: Literal["float"] = "float"

    @model_validator(mode="before")
    @classmethod
    def _name(cls, given: Any) -> Any:
        return _nameless(given)

    @model_validator(mode="after")
    def _check(self) -> Float:
        _bounds(self.name, self.low, self.high, self.log)
        _check_default(self)
        return self

    @property
    def cardinality(self) -> None:
        """A real parameter has no finite number of values."""
        return

    def check(self, value: Any) -> float:
        """Return `value` as a native value; raise `InvalidConfigError` where it is none."""
        number = _number(self.name, value)
        if not self.low <= number <= self.high:
            raise InvalidConfigError(
                f"{self.name} must lie in [{self.low}, {self.high}], got {value}."
            )
        return number

    def to_unit(self, value: float) -> float:
        """Return the place of `value` in [0, 1]."""
        return _scaled(value, self.low, self.high, self.log)

    def from_unit(self, u: float) -> float:
        """Return the native value at `u`, to six significant digits (all that people can use)."""
        return min(self.high, max(self.low, float(f"{_unscaled(u, *self._range):.6g}")))

    @property
    def _range(self) -> tuple[float, float, bool]:
        return self.low, self.high, self.log

    def schema(self) -> Schema:
        """Return the JSON schema; `x-log` tells the decoder on which scale to offer numbers."""
        return {"type": "number", "minimum": self.low, "maximum": self.high, "x-log": self.log}


@dataclass(frozen=True)
class Int:
    """A whole number low, low + step, … up to high."""

    name: str
    low: int
    high: int
    log: bool = False
    step: int = 1
    unit: str | None = None
    default: int | None = None
    reason: str = ""
    condition: Condition | None = None
    type: Literal["int"] = "int"

    @model_validator(mode="before")
    @classmethod
    def _name(cls, given: Any) -> Any:
        return _nameless(given)

    @model_validator(mode="after")
    def _check(self) -> Int:
        _bounds(self.name, self.low, self.high, self.log)
        if self.step < 1:
            raise InvalidTaskError(f"Parameter {self.name}: step must be at least 1.")
        _check_default(self)
        return self

    @property
    def cardinality(self) -> int:
        """The number of values."""
        return (self.high - self.low) // self.step + 1

    def check(self, value: Any) -> int:
        """Return `value` as a native value; raise `InvalidConfigError` where it is none."""
        number = _number(self.name, value)
        if number != int(number) or not self.low <= number <= self.high:
            raise InvalidConfigError(
                f"{self.name} must be a whole number in [{self.low}, {self.high}], got {value}."
            )
        if (int(number) - self.low) % self.step:
            raise InvalidConfigError(
                f"{self.name} must be {self.low} plus a multiple of {self.step}, got {value}."
            )
        return int(number)

    def to_unit(self, value: float) -> float:
        """Return the place of `value` in [0, 1]."""
        return _scaled(value, self.low, self.high, self.log)

    def from_unit(self, u: float) -> int:
        """Return the native value nearest to `u` on the parameter's own scale."""
        exact = _unscaled(u, self.low, self.high, self.log)
        steps = round((exact - self.low) / self.step)
        return int(self.low + self.step * min(self.cardinality - 1, max(0, steps)))

    def schema(self) -> Schema:
        """Return the JSON schema."""
        schema: Schema = {"type": "integer", "minimum": self.low, "maximum": self.high}
        if self.step > 1:
            schema["x-step"] = self.step
        return schema | {"x-log": self.log}


class _Choices(ABC):
    """What `Categorical` and `Ordinal` share: a finite list of values, found by equality."""

    name: str

    @property
    @abstractmethod
    def options(self) -> tuple[Scalar, ...]:
        """The values, in order."""

    @property
    def cardinality(self) -> int:
        """The number of values."""
        return len(self.options)

    def check(self, value: Any) -> Scalar:
        """Return `value` as listed; raise `InvalidConfigError` where it is not."""
        return self.options[self.index(value)]

    def index(self, value: Any) -> int:
        """Return the position of `value`; True and 1 are different values."""
        for i, option in enumerate(self.options):
            if option == value and isinstance(option, bool) == isinstance(value, bool):
                return i
        raise InvalidConfigError(f"{self.name} must be one of {list(self.options)}, got {value!r}.")

    def to_unit(self, value: Any) -> float:
        """Return the place of `value` in [0, 1]; 0.5 where it is the only one."""
        last = self.cardinality - 1
        return self.index(value) / last if last else 0.5

    def from_unit(self, u: float) -> Scalar:
        """Return the value nearest to `u`."""
        last = self.cardinality - 1
        return self.options[round(min(1.0, max(0.0, u)) * last)]

    def schema(self) -> Schema:
        """Return the JSON schema."""
        return {"enum": list(self.options)}


def _distinct(name: str, options: tuple[Scalar, ...]) -> None:
    if not options or len({(type(o), o) for o in options}) != len(options):
        raise InvalidTaskError(f"Parameter {name}: choices must be distinct and not empty.")


@dataclass(frozen=True)
class Categorical(_Choices):
    """One of several values without an order."""

    name: str
    choices: tuple[Scalar, ...]
    default: Scalar = None
    unit: str | None = None
    reason: str = ""
    condition: Condition | None = None
    type: Literal["categorical"] = "categorical"

    @model_validator(mode="before")
    @classmethod
    def _name(cls, given: Any) -> Any:
        return _nameless(given)

    @model_validator(mode="after")
    def _check(self) -> Categorical:
        _distinct(self.name, self.choices)
        _check_default(self)
        return self

    @property
    def options(self) -> tuple[Scalar, ...]:
        """The values, in order of listing."""
        return self.choices


@dataclass(frozen=True)
class Ordinal(_Choices):
    """One of several values in ascending order, equally spaced for the surrogate."""

    name: str
    values: tuple[Scalar, ...]
    default: Scalar = None
    unit: str | None = None
    reason: str = ""
    condition: Condition | None = None
    type: Literal["ordinal"] = "ordinal"

    @model_validator(mode="before")
    @classmethod
    def _name(cls, given: Any) -> Any:
        return _nameless(given)

    @model_validator(mode="after")
    def _check(self) -> Ordinal:
        _distinct(self.name, self.values)
        _check_default(self)
        return self

    @property
    def options(self) -> tuple[Scalar, ...]:
        """The values, ascending."""
        return self.values


Parameter = Annotated[Float | Int | Categorical | Ordinal, Field(discriminator="type")]
