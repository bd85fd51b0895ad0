"""How the surrogate sees configurations: vectorised encoding, rounding, and features.

Notation: `X` (`n x d`) holds places in [0, 1] as `SearchSpace.encode` defines them, a column per
parameter. `Z` (`n x p`) holds the features whose Euclidean distances the kernels are built on:

- a number that always exists is its own feature;
- a number that exists only under a condition lies on an arc of the unit circle, and at the circle's
  centre where it does not exist, so that it is equally far from all its values (Swersky et al.
  2013, "Raiders of the Lost Architecture", Eq. 1-2, with rho = 1/pi);
- a choice is one corner of a simplex with unit edges, so that its kernel counts differences.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evals.parameters import Categorical, Float, Int, Ordinal, Parameter
from evals.space import INACTIVE, SearchSpace

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Column:
    """One parameter as the surrogate needs it; `values` is None for a real parameter."""

    index: int
    parameter: Parameter
    parent: int | None
    allowed: tuple[bool, ...]

    @property
    def values(self) -> int | None:
        """The number of values."""
        return self.parameter.cardinality

    @property
    def categorical(self) -> bool:
        """Whether the values have no order."""
        return isinstance(self.parameter, Categorical)

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> Array:
        """Return `n` places in [0, 1]."""
        parameter, name = self.parameter, self.parameter.name
        if isinstance(parameter, Float | Int):
            values = np.array([c.get(name, np.nan) for c in configs], dtype=float)
            return np.nan_to_num(_scaled(parameter, values), nan=INACTIVE)
        places = self._places
        return np.array([places[_token(c[name])] if name in c else INACTIVE for c in configs])

    @cached_property
    def _places(self) -> dict[tuple[bool, Any], float]:
        assert isinstance(self.parameter, Categorical | Ordinal)
        return {_token(o): self.parameter.to_unit(o) for o in self.parameter.options}

    def snap(self, u: Array) -> Array:
        """Return the places of the values nearest to `u` (any shape), on the native scale."""
        u = np.clip(u, 0.0, 1.0)
        if isinstance(self.parameter, Float):
            return u
        if isinstance(self.parameter, Int):
            return _snap_int(self.parameter, u)
        last = self.parameter.cardinality - 1
        return np.asarray(np.round(u * last) / last if last else np.full_like(u, INACTIVE))

    def grid(self) -> Array:
        """Return the places of all values; only for finite parameters."""
        parameter = self.parameter
        if isinstance(parameter, Int):
            values = range(parameter.low, parameter.high + 1, parameter.step)
            return np.array([parameter.to_unit(v) for v in values])
        assert isinstance(parameter, Categorical | Ordinal)
        return np.array([parameter.to_unit(v) for v in parameter.options])


def _token(value: Any) -> tuple[bool, Any]:
    """Return what tells choices apart: True and 1 are different."""
    return isinstance(value, bool), value


def _scaled(parameter: Float | Int, values: Array) -> Array:
    low, high = float(parameter.low), float(parameter.high)
    if parameter.log:
        return np.asarray(np.clip(np.log(values / low) / np.log(high / low), 0.0, 1.0))
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0))


def _snap_int(parameter: Int, u: Array) -> Array:
    low, high, step = float(parameter.low), float(parameter.high), parameter.step
    if parameter.log:
        exact = np.exp(np.log(low) + u * np.log(high / low))
    else:
        exact = low + u * (high - low)
    steps = np.clip(np.round((exact - low) / step), 0, parameter.cardinality - 1)
    return _scaled(parameter, low + step * steps)


class Encoding:
    """All that the surrogate and the acquisition optimiser need to know of a search space."""

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        places = {name: i for i, name in enumerate(space.names)}
        self.columns = [_column(i, p, space, places) for i, p in enumerate(space.parameters)]
        self.conditional = np.array([c.parent is not None for c in self.columns])
        self.categorical = np.array([c.categorical for c in self.columns])
        self.groups = np.concatenate([np.full(_width(c), c.index) for c in self.columns])

    def __len__(self) -> int:
        return len(self.columns)

    def encode(self, configs: Sequence[Mapping[str, Any]]) -> Array:
        """Return `n x d` places, as `SearchSpace.encode` does, a column at a time."""
        if not configs:
            return np.empty((0, len(self)))
        return np.stack([c.encode(configs) for c in self.columns], axis=1)

    def active(self, X: Array) -> Mask:
        """Return which parameters exist in each row of `X` (`... x d`), with the same shape."""
        alive = np.ones(X.shape, dtype=bool)
        for column in self.columns:
            if column.parent is not None:
                chosen = _choice(X[..., column.parent], len(column.allowed))
                allowed = np.array(column.allowed)[chosen]
                alive[..., column.index] = allowed & alive[..., column.parent]
        return alive

    def snap(self, X: Array) -> Array:
        """Return the encoding of the configuration nearest to each row (`... x d`)."""
        rounded = np.stack([c.snap(X[..., c.index]) for c in self.columns], axis=-1)
        if self.conditional.any():
            rounded[~self.active(rounded)] = INACTIVE
        return rounded

    def features(self, X: Array) -> Array:
        """Return `n x p` features of `X` (`n x d`)."""
        if self.plain:
            return X
        alive = self.active(X)
        parts = [_features(c, X[:, c.index], alive[:, c.index]) for c in self.columns]
        return np.concatenate(parts, axis=1)

    def pull_back(self, X: Array, dZ: Array) -> Array:
        """Return gradients by `X` (`n x d`) of what has gradients `dZ` (`n x p`) by its features.

        Choices, and numbers that do not exist in a row, have none: 0.
        """
        if self.plain:
            return dZ
        alive, dX = self.active(X), np.zeros_like(X)
        for column in self.columns:
            if not column.categorical:
                here, u = dZ[:, self.groups == column.index], X[:, column.index]
                turned = here[:, 0] if column.parent is None else _turn(here, u)
                dX[:, column.index] = turned * alive[:, column.index]
        return dX

    def torch_features(self, X: torch.Tensor) -> torch.Tensor:
        """Return `... x p` features of `X` (`... x d`); differentiable in the numbers."""
        import torch

        if self.plain:
            return X
        alive = torch.from_numpy(self.active(X.detach().numpy()))
        parts = [_torch_features(c, X[..., c.index], alive[..., c.index]) for c in self.columns]
        return torch.cat(parts, dim=-1)

    @cached_property
    def plain(self) -> bool:
        """Whether all parameters are numbers that always exist: the features are the places."""
        return not self.conditional.any() and not self.categorical.any()

    @cached_property
    def shared(self) -> Mask:
        """Which parameters exist in every configuration (`d`)."""
        return ~self.conditional

    @cached_property
    def dimension(self) -> float:
        """The typical number of parameters that exist together (for dimension-scaled priors)."""
        sample = np.random.default_rng(0).random((64, len(self)))
        return (
            float(self.active(sample).sum(axis=1).mean()) if self.conditional.any() else len(self)
        )


@lru_cache(maxsize=64)
def encoding_of(space: SearchSpace) -> Encoding:
    """Return the encoding of `space`, made once."""
    return Encoding(space)


def _column(index: int, parameter: Parameter, space: SearchSpace, at: dict[str, int]) -> Column:
    condition = parameter.condition
    if condition is None:
        return Column(index, parameter, None, ())
    parent = space[condition.parent]
    assert isinstance(parent, Categorical | Ordinal)
    allowed = tuple(option in condition.values for option in parent.options)
    return Column(index, parameter, at[condition.parent], allowed)


def _choice(u: Array, count: int) -> NDArray[np.intp]:
    return np.clip(np.round(u * (count - 1)), 0, count - 1).astype(np.intp)


def _width(column: Column) -> int:
    if column.categorical:
        return column.values or 1
    return 1 if column.parent is None else 2


def _features(column: Column, u: Array, alive: Mask) -> Array:
    if column.categorical:
        corners = np.zeros((len(u), column.values or 1))
        corners[np.arange(len(u)), _choice(u, corners.shape[1])] = alive / 2**0.5
        return corners
    if column.parent is None:
        return u[:, None]
    return np.stack([np.cos(u), np.sin(u)], axis=1) * alive[:, None]


def _turn(gradient: Array, u: Array) -> Array:
    return np.asarray(gradient[:, 1] * np.cos(u) - gradient[:, 0] * np.sin(u))


def _torch_features(column: Column, u: torch.Tensor, alive: torch.Tensor) -> torch.Tensor:
    import torch

    if column.categorical:
        count = column.values or 1
        index = (u.detach() * (count - 1)).round().long().clamp(0, count - 1)
        corners = torch.nn.functional.one_hot(index, count).to(u) / 2**0.5
        return corners * alive.unsqueeze(-1)
    if column.parent is None:
        return u.unsqueeze(-1)
    return torch.stack([torch.cos(u), torch.sin(u)], dim=-1) * alive.unsqueeze(-1)
