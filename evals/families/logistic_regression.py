"""Logistic regression with an L2 penalty, or an L1/L2 mixture where the solver allows it."""

from __future__ import annotations

from evals.families.base import CLASSES, Family
from evals.families.shared import class_weight
from evals.parameters import Categorical, Condition, Float, Parameter
from evals.task import Kind


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of LogisticRegression."""
    return (
        Float(
            "C",
            1e-4,
            1e4,
            log=True,
            default=1.0,
            unit="1 / penalty",
            reason="0.0001 predicts class shares only; beyond 10,000 nothing is penalised",
        ),
        Categorical(
            "solver",
            ("lbfgs", "saga"),
            default="lbfgs",
            reason="lbfgs for L2; saga also for L1, which drops columns",
        ),
        Float(
            "l1_ratio",
            0.0,
            1.0,
            default=0.5,
            reason="0 is L2 (all columns shrink), 1 is L1 (weak columns vanish)",
            condition=Condition("solver", ("saga",)),
        ),
        *class_weight(kind),
    )


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression  # type: ignore[no-any-return]


FAMILY = Family(
    name="logistic_regression",
    label="logistic regression",
    package="sklearn",
    kinds=CLASSES,
    parameters=parameters,
    estimator=estimator,
    # The default of 100 iterations is a stopping rule, not a model: more reach the same optimum.
    settings={"max_iter": 500},
    weighting="estimator",
    needs_scaling=True,
)
