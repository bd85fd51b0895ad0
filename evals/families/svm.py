"""Support vector machines with kernels (LIBSVM, Chang and Lin, 2011).

scikit-learn's default `gamma="scale"` is 1 / (columns x variance of the training rows): it depends
on the data. `gamma_factor` multiplies it, so that 1 is the default on every table.
"""

from __future__ import annotations

from typing import Any

from evals.families.base import ALL_KINDS, Family
from evals.families.shared import class_weight
from evals.parameters import Categorical, Condition, Float, Int, Parameter
from evals.space import Config
from evals.task import Kind

KERNELS = ("rbf", "linear", "poly", "sigmoid")
MOST_STEPS = 300_000
"""Some corners (a hard margin, a polynomial of degree 5) never converge, and LIBSVM then hears no
signal: a trial would last as long as its process. So many steps take seconds on some 1,000 rows."""


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of SVC and SVR."""
    return (
        Float(
            "C",
            1e-3,
            1e3,
            log=True,
            default=1.0,
            reason="0.001 nearly ignores the data; beyond 1,000 margins harden and training crawls",
        ),
        Categorical("kernel", KERNELS, default="rbf", reason="the shape of the boundary"),
        Float(
            "gamma_factor",
            1e-3,
            1e2,
            log=True,
            default=1.0,
            unit='times gamma="scale"',
            reason="0.001 is almost linear; 100 sees only identical rows",
            condition=Condition("kernel", ("rbf", "poly", "sigmoid")),
        ),
        Int(
            "degree",
            2,
            5,
            default=3,
            reason="1 is the linear kernel; beyond 5 products overflow",
            condition=Condition("kernel", ("poly",)),
        ),
        Float(
            "coef0",
            0.0,
            5.0,
            default=0.0,
            reason="0 keeps only the highest order; 5 gives lower orders most weight",
            condition=Condition("kernel", ("poly", "sigmoid")),
        ),
        *_epsilon(kind),
        *class_weight(kind),
    )


def _epsilon(kind: Kind) -> tuple[Parameter, ...]:
    if kind != "regression":
        return ()
    reason = "errors below it are free: 0.001 fits noise; 1 is the target's whole spread"
    return (Float("epsilon", 1e-3, 1.0, log=True, default=0.1, unit="target sd", reason=reason),)


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.svm import SVC, SVR

    return SVR if kind == "regression" else SVC  # type: ignore[no-any-return]


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return the estimator's parameters; `gamma` follows in `adapt`, where the rows are known."""
    return {k: v for k, v in config.items() if k != "gamma_factor"}


def adapt(config: Config, X: Any) -> dict[str, Any]:
    """Return `gamma` for the preprocessed training rows `X` (`n x d`)."""
    factor = config.get("gamma_factor")
    variance = float(X.var())
    if not isinstance(factor, int | float) or factor == 1 or not variance:
        return {}
    return {"gamma": float(factor) / (X.shape[1] * variance)}


FAMILY = Family(
    name="svm",
    label="support vector machine",
    package="sklearn",
    kinds=ALL_KINDS,
    parameters=parameters,
    estimator=estimator,
    translate=translate,
    adapt=adapt,
    settings={"cache_size": 500, "max_iter": MOST_STEPS},
    derived={"gamma_factor": ("gamma",)},
    weighting="estimator",
    needs_scaling=True,
    scales_target=True,
)
