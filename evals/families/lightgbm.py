"""LightGBM: gradient boosting with leaf-wise trees (Ke et al., NeurIPS 2017)."""

from __future__ import annotations

from numbers import Integral, Real
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
    """Return the curated parameters; defaults of LGBMClassifier and LGBMRegressor."""
    return (
        learning_rate(0.5, default=0.1),
        boosting_rounds("n_estimators"),
        leaves("num_leaves"),
        leaf_rows("min_child_samples", 2, 200, default=20),
        share("subsample", 0.4, "rows"),
        share("colsample_bytree", 0.3, "columns"),
        penalty("reg_lambda", 1e-3, 100.0, "flattens most leaves"),
        penalty("reg_alpha", 1e-3, 10.0, "switches most leaves off"),
        *class_weight(kind),
    )


def extras(kind: Kind) -> tuple[Parameter, ...]:
    """Return what is tuned only on request: the depth limit is implied by `num_leaves`."""
    reason = "2: hardly more than a stump; beyond 16 num_leaves is what binds"
    return (Int("max_depth", 2, 16, unit="levels", reason=reason),)


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    return LGBMRegressor if kind == "regression" else LGBMClassifier


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return LightGBM's parameters; `max_depth` None is its -1, no limit."""
    values = off_at(config, reg_lambda=1e-3, reg_alpha=1e-3)
    if values.get("max_depth", 0) is None:
        values["max_depth"] = -1
    return dict(values)


def limits() -> dict[str, list[Any]]:
    """Return the bounds LightGBM documents (Parameters, version 4)."""
    from sklearn.utils._param_validation import Interval, StrOptions

    above0 = [Interval(Real, 0, None, closed="neither")]
    from0 = [Interval(Real, 0, None, closed="left")]
    part = [Interval(Real, 0, 1, closed="right")]
    return {
        "boosting_type": [StrOptions({"gbdt", "dart", "rf"})],
        "learning_rate": above0,
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "num_leaves": [Interval(Integral, 2, 131072, closed="both")],
        "max_depth": [Interval(Integral, -1, None, closed="left"), None],
        "min_child_samples": [Interval(Integral, 0, None, closed="left")],
        "min_child_weight": from0,
        "min_split_gain": from0,
        "subsample": part,
        "subsample_freq": [Interval(Integral, 0, None, closed="left")],
        "subsample_for_bin": [Interval(Integral, 1, None, closed="left")],
        "colsample_bytree": part,
        "reg_alpha": from0,
        "reg_lambda": from0,
        "class_weight": [StrOptions({"balanced"}), None],
    }


FAMILY = Family(
    name="lightgbm",
    label="LightGBM",
    package="lightgbm",
    kinds=ALL_KINDS,
    parameters=parameters,
    extras=extras,
    estimator=estimator,
    translate=translate,
    # Rows are drawn anew for each tree, else `subsample` has no effect; at 1.0 nothing changes.
    settings={"subsample_freq": 1, "verbosity": -1, "deterministic": True, "force_col_wise": True},
    aliases={
        "max_iter": "n_estimators",
        "max_leaf_nodes": "num_leaves",
        "min_samples_leaf": "min_child_samples",
        "l2_regularization": "reg_lambda",
        "max_features": "colsample_bytree",
    },
    defaults={"max_depth": None, "subsample_freq": 1},
    row_bound=("min_child_samples",),
    weighting="estimator",
    handles_missing=True,
    limits=limits,
)
