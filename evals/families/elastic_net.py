"""Linear models with an L1/L2 penalty (Zou and Hastie, 2005).

Numbers are predicted by ElasticNet, classes by LogisticRegression with the solver "saga", which has
the same penalty written as C = 1 / penalty.
"""

from __future__ import annotations

from typing import Any

from evals.families.base import ALL_KINDS, Family
from evals.families.shared import class_weight
from evals.parameters import Float, Parameter
from evals.space import Config
from evals.task import Kind


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of ElasticNet, and of LogisticRegression's C."""
    mixture = Float(
        "l1_ratio",
        0.0 if kind != "regression" else 0.01,
        1.0,
        default=0.5,
        reason="0 is L2 (all columns shrink), 1 is L1 (weak columns vanish)",
    )
    if kind == "regression":
        reason = "in units of the target: tiny is least squares; 10,000 keeps only the mean"
        return (Float("alpha", 1e-5, 1e4, log=True, default=1.0, reason=reason), mixture)
    reason = "0.0001 predicts little more than class shares; beyond 10,000 nothing is penalised"
    C = Float("C", 1e-4, 1e4, log=True, default=1.0, unit="1 / penalty", reason=reason)
    return (C, mixture, *class_weight(kind))


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.linear_model import ElasticNet, LogisticRegression

    return ElasticNet if kind == "regression" else LogisticRegression  # type: ignore[no-any-return]


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return the estimator's parameters."""
    return dict(config) if kind == "regression" else {"solver": "saga", **config}


FAMILY = Family(
    name="elastic_net",
    label="elastic net",
    package="sklearn",
    kinds=ALL_KINDS,
    parameters=parameters,
    estimator=estimator,
    translate=translate,
    # The library's iteration limits are stopping rules: more reach the same optimum.
    settings={"max_iter": 2000},
    weighting="estimator",
    needs_scaling=True,
)
