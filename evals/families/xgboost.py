"""XGBoost: regularised gradient boosting (Chen and Guestrin, KDD 2016)."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from evals.families.base import ALL_KINDS, Family, off_at
from evals.families.shared import (
    boosting_rounds,
    class_weight,
    learning_rate,
    penalty,
    share,
)
from evals.parameters import Float, Int, Parameter
from evals.space import Config
from evals.task import Kind


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of XGBoost 3 (`learning_rate` 0.3, depth 6)."""
    return (
        learning_rate(0.6, default=0.3),
        boosting_rounds("n_estimators"),
        Int(
            "max_depth",
            2,
            12,
            default=6,
            unit="levels",
            reason="2 allows two-way interactions; beyond 12 small tables are memorised",
        ),
        Float(
            "min_child_weight",
            0.1,
            100.0,
            log=True,
            default=1.0,
            unit="sum of hessians",
            reason="0.1 fits single rows; 100 averages over hundreds",
        ),
        share("subsample", 0.4, "rows"),
        share("colsample_bytree", 0.3, "columns"),
        penalty("reg_lambda", 1e-3, 100.0, "flattens most leaves", default=1.0),
        penalty("gamma", 1e-3, 10.0, "prunes most splits"),
        *class_weight(kind),
    )


def extras(kind: Kind) -> tuple[Parameter, ...]:
    """Return what is tuned only on request."""
    return (penalty("reg_alpha", 1e-3, 10.0, "switches most leaves off"),)


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from xgboost import XGBClassifier, XGBRegressor

    return XGBRegressor if kind == "regression" else XGBClassifier


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return XGBoost's parameters; `max_depth` None is its 0, no limit."""
    values = off_at(config, gamma=1e-3, reg_alpha=1e-3)
    if values.get("max_depth", 0) is None:
        values["max_depth"] = 0
    return dict(values)


def limits() -> dict[str, list[Any]]:
    """Return the bounds XGBoost documents (XGBoost Parameters, version 3)."""
    from sklearn.utils._param_validation import Interval, StrOptions

    from0 = [Interval(Real, 0, None, closed="left")]
    part = [Interval(Real, 0, 1, closed="right")]
    return {
        "learning_rate": [Interval(Real, 0, 1, closed="right")],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "max_depth": [Interval(Integral, 0, None, closed="left"), None],
        "max_leaves": [Interval(Integral, 0, None, closed="left")],
        "max_bin": [Interval(Integral, 2, None, closed="left")],
        "min_child_weight": from0,
        "max_delta_step": from0,
        "gamma": from0,
        "subsample": part,
        "colsample_bytree": part,
        "colsample_bylevel": part,
        "colsample_bynode": part,
        "reg_alpha": from0,
        "reg_lambda": from0,
        "scale_pos_weight": [Interval(Real, 0, None, closed="neither")],
        "num_parallel_tree": [Interval(Integral, 1, None, closed="left")],
        "grow_policy": [StrOptions({"depthwise", "lossguide"})],
        "booster": [StrOptions({"gbtree", "dart", "gblinear"})],
        "tree_method": [StrOptions({"auto", "exact", "approx", "hist"})],
    }


FAMILY = Family(
    name="xgboost",
    label="XGBoost",
    package="xgboost",
    kinds=ALL_KINDS,
    parameters=parameters,
    extras=extras,
    estimator=estimator,
    translate=translate,
    settings={"verbosity": 0},
    derived={"class_weight": ("sample weights",)},
    aliases={"max_iter": "n_estimators", "l2_regularization": "reg_lambda"},
    defaults={
        "colsample_bylevel": 1.0,
        "colsample_bynode": 1.0,
        "max_bin": 256,
        "max_delta_step": 0.0,
        "max_leaves": 0,
        "num_parallel_tree": 1,
        "reg_alpha": 0.0,
        "scale_pos_weight": 1.0,
        "grow_policy": "depthwise",
        "booster": "gbtree",
    },
    weighting="sample",
    handles_missing=True,
    encodes_labels=False,
    limits=limits,
)
