"""What random forests and extra trees share."""

from __future__ import annotations

from typing import Any

from evals.families.base import off_at
from evals.families.shared import class_weight, leaf_rows, max_depth, max_features, penalty
from evals.parameters import Int, Parameter
from evals.space import Config
from evals.task import Kind

ALIASES = {
    "min_child_samples": "min_samples_leaf",
    "max_iter": "n_estimators",
    "num_leaves": "max_leaf_nodes",
    "colsample_bytree": "max_features",
}


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of scikit-learn's forests."""
    return (
        Int(
            "n_estimators",
            20,
            500,
            log=True,
            default=100,
            unit="trees",
            reason="fewer than 20 give noisy votes; beyond 500 trees nothing but time is added",
        ),
        max_features(kind),
        leaf_rows("min_samples_leaf", 1, 64, default=1),
        max_depth(),
        *class_weight(kind),
    )


def extras(kind: Kind) -> tuple[Parameter, ...]:
    """Return what is tuned only on request."""
    pruning = () if kind == "regression" else (penalty("ccp_alpha", 1e-6, 0.05, "leaves stumps"),)
    return (
        leaf_rows("min_samples_split", 2, 64, default=2),
        Int("max_leaf_nodes", 8, 4096, log=True, unit="leaves", reason="8: a very coarse tree"),
        *pruning,
    )


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return the estimator's parameters."""
    return dict(off_at(config, ccp_alpha=1e-6))
