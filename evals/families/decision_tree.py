"""A single decision tree (CART, Breiman et al., 1984)."""

from __future__ import annotations

from typing import Any

from evals.families.base import ALL_KINDS, Family, off_at
from evals.families.shared import class_weight, leaf_rows, max_depth, penalty
from evals.parameters import Categorical, Int, Parameter
from evals.space import Config
from evals.task import Kind


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of scikit-learn's trees."""
    return (
        max_depth(),
        leaf_rows("min_samples_leaf", 1, 128, default=1),
        leaf_rows("min_samples_split", 2, 128, default=2),
        *_for_classes(kind),
        *class_weight(kind),
    )


def _for_classes(kind: Kind) -> tuple[Parameter, ...]:
    if kind == "regression":
        return ()
    pruning = penalty("ccp_alpha", 1e-6, 0.1, "leaves a stump")
    reason = "how splits are judged"
    return pruning, Categorical("criterion", ("gini", "entropy"), default="gini", reason=reason)


def extras(kind: Kind) -> tuple[Parameter, ...]:
    """Return what is tuned only on request."""
    return (Int("max_leaf_nodes", 4, 4096, log=True, unit="leaves", reason="4: a tiny tree"),)


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    return DecisionTreeRegressor if kind == "regression" else DecisionTreeClassifier  # type: ignore[no-any-return]


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return the estimator's parameters."""
    return dict(off_at(config, ccp_alpha=1e-6))


FAMILY = Family(
    name="decision_tree",
    label="decision tree",
    package="sklearn",
    kinds=ALL_KINDS,
    parameters=parameters,
    extras=extras,
    estimator=estimator,
    translate=translate,
    aliases={"min_child_samples": "min_samples_leaf", "num_leaves": "max_leaf_nodes"},
    row_bound=("min_samples_leaf", "min_samples_split"),
    weighting="estimator",
)
