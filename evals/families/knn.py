"""Nearest neighbours."""

from __future__ import annotations

from evals.families.base import ALL_KINDS, Family
from evals.parameters import Categorical, Int, Ordinal, Parameter
from evals.task import Kind


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of KNeighbors*."""
    return (
        Int(
            "n_neighbors",
            1,
            100,
            log=True,
            default=5,
            unit="rows",
            reason="1 memorises; beyond 100 the neighbourhood is no longer local on most tables",
        ),
        Categorical(
            "weights",
            ("uniform", "distance"),
            default="uniform",
            reason="whether nearer rows count more",
        ),
        Ordinal(
            "p",
            (1, 2, 3),
            default=2,
            unit="power of the Minkowski distance",
            reason="1 sums differences, 2 is straight-line, 3 looks at the largest ones",
        ),
    )


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

    return KNeighborsRegressor if kind == "regression" else KNeighborsClassifier  # type: ignore[no-any-return]


FAMILY = Family(
    name="knn",
    label="nearest neighbours",
    package="sklearn",
    kinds=ALL_KINDS,
    parameters=parameters,
    estimator=estimator,
    aliases={"k": "n_neighbors"},
    row_bound=("n_neighbors",),
    needs_scaling=True,
)
