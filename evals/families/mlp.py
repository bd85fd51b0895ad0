"""A multi-layer perceptron trained with Adam (scikit-learn)."""

from __future__ import annotations

from typing import Any

from evals.families.base import ALL_KINDS, Family
from evals.families.shared import class_weight
from evals.parameters import Categorical, Float, Int, Ordinal, Parameter
from evals.space import Config
from evals.task import Kind


def parameters(kind: Kind) -> tuple[Parameter, ...]:
    """Return the curated parameters; defaults of MLP* (one layer of 100, batches of 200)."""
    return (
        Float(
            "learning_rate_init",
            1e-4,
            0.1,
            log=True,
            default=1e-3,
            reason="0.0001 hardly moves in 200 epochs; above 0.1 training diverges",
        ),
        Float(
            "alpha",
            1e-6,
            10.0,
            log=True,
            default=1e-4,
            unit="L2 penalty",
            reason="0.000001 is next to none; 10 leaves an almost constant answer",
        ),
        Int(
            "width",
            8,
            512,
            log=True,
            default=100,
            unit="neurons per layer",
            reason="8 is hardly more than linear; beyond 512 time grows, hardly gain on tables",
        ),
        Int("depth", 1, 4, default=1, unit="hidden layers", reason="more than 4 seldom help"),
        Ordinal(
            "batch_size",
            (32, 64, 128, 200, 512),
            default=200,
            unit="rows",
            reason="32 is noisy and slow; 512 takes few steps per epoch",
        ),
        Categorical(
            "activation", ("relu", "tanh"), default="relu", reason="kinked or smooth answers"
        ),
        Categorical(
            "early_stopping",
            (False, True),
            default=False,
            reason="whether a tenth of the rows is held out to stop in time",
        ),
        *class_weight(kind),
    )


def estimator(kind: Kind) -> type:
    """Return the estimator's class."""
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    return MLPRegressor if kind == "regression" else MLPClassifier  # type: ignore[no-any-return]


def translate(config: Config, kind: Kind) -> dict[str, Any]:
    """Return the estimator's parameters: `depth` layers of `width` neurons."""
    values = {k: v for k, v in config.items() if k not in ("width", "depth")}
    width, depth = int(config.get("width") or 100), int(config.get("depth") or 1)
    return {"hidden_layer_sizes": (width,) * depth, **values}


FAMILY = Family(
    name="mlp",
    label="neural network (multi-layer perceptron)",
    package="sklearn",
    kinds=ALL_KINDS,
    parameters=parameters,
    estimator=estimator,
    translate=translate,
    derived={
        "width": ("hidden_layer_sizes",),
        "depth": ("hidden_layer_sizes",),
        "class_weight": ("sample weights",),
    },
    aliases={"learning_rate": "learning_rate_init", "layers": "depth", "epochs": "max_iter"},
    weighting="sample",
    needs_scaling=True,
    scales_target=True,
)
