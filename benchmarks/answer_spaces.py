"""Search spaces that are hard to keep to, for answers that are bound to them."""

from __future__ import annotations

from evals.space import Categorical, Condition, Constraint, Float, Int, Ordinal, SearchSpace
from evals.spaces import space_for

FAMILIES = ("lightgbm", "random_forest", "logistic_regression", "svm", "mlp")


def spaces() -> dict[str, SearchSpace]:
    """Return the spaces by name."""
    return {
        "lightgbm": space_for(["lightgbm"], "binary"),
        "five families": space_for(list(FAMILIES), "binary"),
        **_words(),
        **_whole(),
        **_real(),
        **_conditional(),
    }


def _words() -> dict[str, SearchSpace]:
    choices = (
        Categorical("activation", ("relu", "tanh", "gelu")),
        Categorical("batch_norm", (True, False)),
        Categorical("optimizer", ("adam", "sgd", "rmsprop", "adagrad")),
        Categorical("class_weight", ("balanced", None)),
    )
    odd = (
        Categorical('say "what"', ("größer", "a\\b", "日本", 'with "quotes"', "")),
        Ordinal("size", ("S", "M", "L", "XL")),
    )
    return {"choices only": SearchSpace(choices), "odd words": SearchSpace(odd)}


def _whole() -> dict[str, SearchSpace]:
    numbers = (
        Int("offset", -250, 75),
        Int("units", 32, 512, step=32),
        Int("cache", 1, 10**9, log=True),
        Int("depth", 1, 2),
    )
    return {"whole numbers": SearchSpace(numbers)}


def _real() -> dict[str, SearchSpace]:
    extreme = (
        Float("tolerance", 1e-12, 1e6, log=True),
        Float("shift", -1e6, 1e6),
        Float("tiny", 1e-12, 3e-12),
    )
    narrow = (
        Float("momentum", 0.9, 0.9999),
        Float("beta", 0.99999, 1.0),
        Float("eps", -1e-3, 1e-3),
    )
    return {
        "twenty": SearchSpace(tuple(Float(f"w{i:02d}", -5.0 + i, 10.0 + i) for i in range(20))),
        "extreme": SearchSpace(extreme),
        "narrow": SearchSpace(narrow),
        "one number": SearchSpace((Float("x", 0.1, 0.7),)),
    }


def _conditional() -> dict[str, SearchSpace]:
    kinds = ("adam", "sgd")
    nested = (
        Categorical("model", ("linear", "net")),
        Categorical("optimizer", kinds, condition=Condition("model", ("net",))),
        Float("lr", 1e-6, 1.0, log=True, condition=Condition("optimizer", kinds)),
        Float("momentum", 0, 0.99, condition=Condition("optimizer", ("sgd",))),
        Int("warmup", 0, 2000, condition=Condition("optimizer", ("adam",))),
        Float("l2", 1e-8, 100.0, log=True, condition=Condition("model", ("linear",))),
    )
    tree = (Int("max_depth", 1, 12), Int("num_leaves", 2, 4096, log=True))
    digits = (
        Int("k", 7, 13),
        Float("p", 0.095, 0.105),
        Float("q", 99.5, 100.5),
        Int("z", -9, -8),
    )
    return {
        "nested": SearchSpace(nested),
        "constrained": SearchSpace(tree, (Constraint("num_leaves <= 2 ** max_depth"),)),
        "bounds of a digit": SearchSpace(digits),
    }
