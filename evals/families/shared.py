"""Parameters that several families have in common."""

from __future__ import annotations

from evals.parameters import Categorical, Float, Int, Ordinal, Parameter
from evals.task import Kind

DEPTHS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 24, None)


def class_weight(kind: Kind) -> tuple[Parameter, ...]:
    """Return the class imbalance setting; a regression has none."""
    if kind == "regression":
        return ()
    reason = "balanced weighs each class by 1 / its frequency: helps where rare classes count"
    return (Categorical("class_weight", (None, "balanced"), default=None, reason=reason),)


def max_depth(default: int | None = None) -> Ordinal:
    """Return the depth limit of trees; None is no limit."""
    return Ordinal(
        "max_depth",
        DEPTHS,
        default=default,
        unit="levels",
        reason="2: hardly more than a stump; beyond 24 a limit no longer binds on most tables",
    )


def max_features(kind: Kind) -> Ordinal:
    """Return the share of columns tried per split; `sqrt` counts as the smallest share."""
    return Ordinal(
        "max_features",
        ("sqrt", 0.2, 0.35, 0.5, 0.7, 0.85, 1.0),
        default=1.0 if kind == "regression" else "sqrt",
        unit="share of columns",
        reason="small shares make trees differ (less variance), large ones make each tree stronger",
    )


def share(name: str, low: float, what: str) -> Float:
    """Return a share in [low, 1] with default 1 (all)."""
    return Float(
        name,
        low,
        1.0,
        default=1.0,
        unit=f"share of {what}",
        reason=f"below {low:g} trees see too little; 1 uses all {what}",
    )


def learning_rate(high: float, default: float) -> Float:
    """Return the step size of boosting."""
    return Float(
        "learning_rate",
        0.005,
        high,
        log=True,
        default=default,
        reason=f"below 0.005 even 1,000 trees do not converge; above {high:g} single trees overfit",
    )


def boosting_rounds(name: str) -> Int:
    """Return the number of boosted trees, with the default 100 that the libraries share."""
    return Int(
        name,
        20,
        1000,
        log=True,
        default=100,
        unit="trees",
        reason="fewer than 20 underfit at any useful rate; beyond 1,000 time grows, hardly gain",
    )


def leaves(name: str) -> Int:
    """Return the number of leaves per boosted tree; the libraries share the default 31."""
    return Int(
        name,
        4,
        256,
        log=True,
        default=31,
        unit="leaves",
        reason="4 leaves allow two-way interactions; beyond 256 small tables are memorised",
    )


def leaf_rows(name: str, low: int, high: int, default: int) -> Int:
    """Return the smallest number of rows in a leaf."""
    return Int(
        name,
        low,
        high,
        log=True,
        default=default,
        unit="rows",
        reason=f"{low} fits single rows; {high} leaves a coarse, smooth tree",
    )


def penalty(name: str, low: float, high: float, what: str, default: float | None = None) -> Float:
    """Return a penalty on a log scale; without a default, `low` stands for off (0, the default)."""
    start = f"{low:f}".rstrip("0")
    off = f"{start} stands for none (0, the default)" if default is None else f"{start} is tiny"
    return Float(
        name,
        low,
        high,
        log=True,
        default=low if default is None else default,
        reason=f"{off}; {high:g} {what}",
    )
