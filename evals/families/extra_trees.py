"""Extremely randomised trees (Geurts et al., 2006): random thresholds, no bagging."""

from __future__ import annotations

from evals.families import forest
from evals.families.base import ALL_KINDS, Family
from evals.task import Kind


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

    return ExtraTreesRegressor if kind == "regression" else ExtraTreesClassifier  # type: ignore[no-any-return]


FAMILY = Family(
    name="extra_trees",
    label="extra trees",
    package="sklearn",
    kinds=ALL_KINDS,
    parameters=forest.parameters,
    extras=forest.extras,
    estimator=estimator,
    translate=forest.translate,
    aliases=forest.ALIASES,
    row_bound=("min_samples_leaf",),
    weighting="estimator",
)
