"""What a model family is: a curated search space and how a configuration becomes an estimator."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any, Literal

from evals.parameters import Parameter
from evals.space import Config, SearchSpace
from evals.task import Kind
from prompts.errors import UserError

CLASSES: tuple[Kind, ...] = ("binary", "multiclass")
ALL_KINDS: tuple[Kind, ...] = ("binary", "multiclass", "regression")


class FamilyNotInstalledError(UserError):
    """The package that holds the model is not installed."""


def _same(config: Config, kind: Kind) -> dict[str, Any]:
    return dict(config)


def _none(config: Config, X: Any) -> dict[str, Any]:
    return {}


def _no_limits() -> dict[str, list[Any]]:
    return {}


@dataclass(frozen=True)
class Family:
    """One model family. All callables import their packages when called, not before.

    `parameters(kind)`: the curated parameters; defaults are the library's own.
    `extras(kind)`: further real parameters, offered only where the user or an edit names them.
    `estimator(kind)`: the estimator's class.
    `translate(config, kind)`: a configuration as the estimator's own parameters.
    `adapt(config, X)`: estimator parameters that depend on the preprocessed training rows.
    `derived`: parameters of ours that are none of the estimator's, with what they set there.
    `aliases`: names people use, with this family's name for the same thing.
    `defaults`: the library's defaults where its constructor shows None for them.
    `row_bound`: parameters that must stay well below the number of training rows.
    `weighting`: how classes are weighted: by the estimator, by sample weights, or not at all.
    `limits()`: scikit-learn constraint lists per parameter, for estimators that carry none.
    """

    name: str
    label: str
    package: str
    kinds: tuple[Kind, ...]
    parameters: Callable[[Kind], tuple[Parameter, ...]]
    estimator: Callable[[Kind], type]
    settings: Mapping[str, Any] = field(default_factory=dict)
    extras: Callable[[Kind], tuple[Parameter, ...]] = lambda kind: ()
    translate: Callable[[Config, Kind], dict[str, Any]] = _same
    adapt: Callable[[Config, Any], dict[str, Any]] = _none
    derived: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    row_bound: tuple[str, ...] = ()
    weighting: Literal["estimator", "sample", "none"] = "none"
    needs_scaling: bool = False
    scales_target: bool = False
    handles_missing: bool = False
    encodes_labels: bool = True
    limits: Callable[[], dict[str, list[Any]]] = _no_limits

    def space(self, kind: Kind) -> SearchSpace:
        """Return the curated space for `kind`; its default is the library's default behaviour."""
        return SearchSpace(self.parameters(kind))

    def canonical(self, name: str) -> str:
        """Return this family's own name for a parameter that people call `name`."""
        return self.aliases.get(name, name)

    def estimator_parameters(self, kind: Kind) -> set[str]:
        """Return the names that the estimator's constructor takes.

        Raises:
            FamilyNotInstalledError: the package is missing.
        """
        self.require()
        return set(self.estimator(kind)().get_params())

    def default_of(self, name: str) -> Any:
        """Return the estimator's own default for one of its parameters (None: no limit)."""
        if name in self.defaults:
            return self.defaults[name]
        return self.estimator(self.kinds[0])().get_params().get(name)

    def require(self) -> None:
        """Raise `FamilyNotInstalledError`, with what to do, where the package is missing."""
        if find_spec(self.package) is None:
            raise FamilyNotInstalledError(
                f"{self.label} needs the package {self.package}, which is not installed.",
                hint=f"Install it (pip install {self.package}) or choose another model.",
            )

    def build(self, config: Config, kind: Kind, seed: int, n_jobs: int = 1) -> Any:
        """Return an unfitted estimator for `config` (this family's own parameter names).

        Raises:
            FamilyNotInstalledError: the package is missing.
        """
        self.require()
        cls = self.estimator(kind)
        values = {**self.settings, **self.translate(config, kind)}
        if self.weighting == "sample" or kind == "regression":
            values.pop("class_weight", None)
        taken = inspect.signature(cls).parameters
        if "random_state" in taken:
            values.setdefault("random_state", seed % 2**31)
        if "n_jobs" in taken:
            values.setdefault("n_jobs", n_jobs)
        return cls(**values)


def off_at(config: Config, **lows: float) -> Config:
    """Return `config` with each named value that is at most its given low set to exactly 0.

    A log scale cannot hold 0, which is the library's default for many penalties: the low end of the
    scale stands for "off".
    """
    return {
        k: 0.0 if k in lows and isinstance(v, int | float) and v <= lows[k] else v
        for k, v in config.items()
    }
