"""Random forests (Breiman, 2001): bagged trees on random columns."""

from __future__ import annotations

from evals.families import forest
from evals.families.base import ALL_KINDS, Family
from evals.task import Kind


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    return RandomForestRegressor if kind == "regression" else RandomForestClassifier  # type: ignore[no-any-return]


FAMILY = Family(
    name="random_forest",
    label="random forest",
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
