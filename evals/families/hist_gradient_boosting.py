"""scikit-learn's histogram gradient boosting."""

from __future__ import annotations

from typing import Any

from evals.families.base import ALL_KINDS, Family, off_at
from evals.families.shared import (
    boosting_rounds,
    class_weight,
    leaf_rows,
    learning_rate,
    leaves,
    penalty,
    share,
)
from evals.parameters import Int, Parameter
from evals.space import Config
from evals.task import Kind


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of HistGradientBoosting*."""
    return (
        learning_rate(0.5, default=0.1),
        boosting_rounds("max_iter"),
        leaves("max_leaf_nodes"),
        leaf_rows("min_samples_leaf", 2, 200, default=20),
        penalty("l2_regularization", 1e-3, 100.0, "flattens most leaves"),
        share("max_features", 0.3, "columns"),
        *class_weight(kind),
    )


def extras(kind: Kind) -> tuple[Parameter, ...]:
    """Return what is tuned only on request: the depth limit is implied by `max_leaf_nodes`."""
    reason = "2: hardly more than a stump; beyond 16 max_leaf_nodes is what binds"
    return (Int("max_depth", 2, 16, unit="levels", reason=reason),)


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    regressor = kind == "regression"
    return HistGradientBoostingRegressor if regressor else HistGradientBoostingClassifier  # type: ignore[no-any-return]


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return the estimator's parameters."""
    return dict(off_at(config, l2_regularization=1e-3))


FAMILY = Family(
    name="hist_gradient_boosting",
    label="histogram gradient boosting (scikit-learn)",
    package="sklearn",
    kinds=ALL_KINDS,
    parameters=parameters,
    extras=extras,
    estimator=estimator,
    translate=translate,
    aliases={
        "n_estimators": "max_iter",
        "num_leaves": "max_leaf_nodes",
        "min_child_samples": "min_samples_leaf",
        "reg_lambda": "l2_regularization",
        "colsample_bytree": "max_features",
    },
    row_bound=("min_samples_leaf",),
    weighting="estimator",
    handles_missing=True,
)
