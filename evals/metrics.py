"""Metrics by scikit-learn's scorer name without `neg_`, with values and directions as users read.

Rates that scikit-learn has no scorer for have their usual names: `specificity`,
`false_positive_rate`, `false_negative_rate`. Two further names measure the model instead of its
predictions: `model_size` (bytes of the pickled pipeline) and `predict_seconds` (seconds per 1,000
rows). They are objectives to trade off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from evals.parameters import Scalar
from evals.task import Kind
from prompts.errors import InvalidTaskError

Direction = Literal["maximize", "minimize"]

_CLASSES: tuple[Kind, ...] = ("binary", "multiclass")
_BINARY: tuple[Kind, ...] = ("binary",)
_NUMBERS: tuple[Kind, ...] = ("regression",)
_ALL: tuple[Kind, ...] = ("binary", "multiclass", "regression")


@dataclass(frozen=True)
class Metric:
    """One metric.

    `needs_positive`: its value depends on which class counts as positive. `needs_probability`: it
    is computed from class probabilities, so a model without them has to be calibrated first.
    `of_model`: it measures the model (size, speed), not the predictions.
    """

    name: str
    label: str
    direction: Direction
    kinds: tuple[Kind, ...]
    needs_positive: bool = False
    needs_probability: bool = False
    of_model: bool = False

    @property
    def scorer_name(self) -> str | None:
        """The name under which `sklearn.metrics.get_scorer` knows it, None where it does not."""
        if self.name in RATES:
            return None
        return self.name if self.direction == "maximize" else f"neg_{self.name}"

    def score(self, estimator: Any, X: Any, y: Any, positive: Scalar = None) -> float:
        """Return the metric of a fitted `estimator` on rows `X` with true values `y`, unsigned.

        `positive` is the positive class as it stands in `y`; only `needs_positive` metrics use it.

        Raises:
            ValueError: scikit-learn cannot compute it (one class only, negative values, ...).
        """
        from sklearn.metrics import get_scorer, make_scorer

        if rate := RATES.get(self.name):
            return rate(y == positive, estimator.predict(X) == positive)
        scorer = get_scorer(self.scorer_name)
        if self.needs_positive:
            # scikit-learn's ready-made scorers are bound to the label 1; ours has to be any label.
            scorer = make_scorer(
                scorer._score_func,
                response_method=scorer._response_method,
                greater_is_better=scorer._sign > 0,
                pos_label=positive,
            )
        value = float(scorer(estimator, X, y))
        return value if self.direction == "maximize" else -value


def _specificity(true: Any, predicted: Any) -> float:
    """Return the recall of the negative class; the arguments say which rows are positive."""
    from sklearn.metrics import recall_score

    return float(recall_score(true, predicted, pos_label=False))


def _false_negative_rate(true: Any, predicted: Any) -> float:
    from sklearn.metrics import recall_score

    return 1.0 - float(recall_score(true, predicted))


RATES: dict[str, Callable[[Any, Any], float]] = {
    "specificity": _specificity,
    "false_positive_rate": lambda true, predicted: 1.0 - _specificity(true, predicted),
    "false_negative_rate": _false_negative_rate,
}
"""What scikit-learn has no scorer for, of which rows are and which are predicted positive."""


def _average(name: str, label: str) -> list[Metric]:
    ways = {"macro": "unweighted mean over classes", "weighted": "weighted by class size"}
    ways["micro"] = "pooled over classes"
    return [
        Metric(f"{name}_{way}", f"{label}, {said}", "maximize", _CLASSES)
        for way, said in ways.items()
    ]


def _positive(name: str, label: str, **options: bool) -> Metric:
    return Metric(name, label, "maximize", _BINARY, needs_positive=True, **options)


def _rate(name: str, label: str) -> Metric:
    return Metric(name, label, "minimize", _BINARY, needs_positive=True)


def _error(name: str, label: str) -> Metric:
    return Metric(name, label, "minimize", _NUMBERS)


def _areas() -> list[Metric]:
    return [
        Metric(
            f"roc_auc_{way}{weighted}",
            f"area under the ROC curve, {said}{', weighted by class size' if weighted else ''}",
            "maximize",
            _CLASSES if not weighted else ("multiclass",),
            needs_probability=True,
        )
        for way, said in (("ovr", "one class against the rest"), ("ovo", "each pair of classes"))
        for weighted in ("", "_weighted")
    ]


_LIST = [
    Metric("accuracy", "share of right answers", "maximize", _CLASSES),
    Metric("balanced_accuracy", "mean recall over classes", "maximize", _CLASSES),
    Metric("matthews_corrcoef", "Matthews correlation", "maximize", _CLASSES),
    Metric("roc_auc", "area under the ROC curve", "maximize", _BINARY),
    *_areas(),
    _positive("average_precision", "average precision (area under precision-recall)"),
    _positive("f1", "F1 of the positive class"),
    _positive("precision", "precision of the positive class"),
    _positive("recall", "recall of the positive class"),
    _positive("jaccard", "Jaccard index of the positive class"),
    _positive("specificity", "specificity (recall of the negative class)"),
    _rate("false_positive_rate", "false positive rate (1 - specificity)"),
    _rate("false_negative_rate", "false negative rate (1 - recall)"),
    *_average("f1", "F1"),
    *_average("precision", "precision"),
    *_average("recall", "recall"),
    *_average("jaccard", "Jaccard index"),
    Metric("log_loss", "log loss (nats)", "minimize", _CLASSES, needs_probability=True),
    Metric("brier_score", "Brier score", "minimize", _CLASSES, needs_probability=True),
    Metric("d2_log_loss_score", "log loss explained", "maximize", _CLASSES, needs_probability=True),
    Metric("d2_brier_score", "Brier score explained", "maximize", _CLASSES, needs_probability=True),
    Metric(
        "top_k_accuracy",
        "share of rows with the true class among the two most probable",
        "maximize",
        ("multiclass",),
        needs_probability=True,
    ),
    Metric("r2", "R² (variance explained)", "maximize", _NUMBERS),
    Metric("explained_variance", "variance explained, bias aside", "maximize", _NUMBERS),
    Metric("d2_absolute_error_score", "absolute error explained", "maximize", _NUMBERS),
    _error("root_mean_squared_error", "root mean squared error"),
    _error("mean_squared_error", "mean squared error"),
    _error("mean_absolute_error", "mean absolute error"),
    _error("median_absolute_error", "median absolute error"),
    _error("mean_absolute_percentage_error", "mean absolute error as a share of the true value"),
    _error("root_mean_squared_log_error", "root mean squared error of log(1 + value)"),
    _error("mean_squared_log_error", "mean squared error of log(1 + value)"),
    _error("mean_poisson_deviance", "mean Poisson deviance"),
    _error("mean_gamma_deviance", "mean gamma deviance"),
    _error("max_error", "largest absolute error"),
    Metric("model_size", "size of the model (bytes)", "minimize", _ALL, of_model=True),
    Metric("predict_seconds", "seconds per 1,000 predictions", "minimize", _ALL, of_model=True),
]

METRICS: dict[str, Metric] = {metric.name: metric for metric in _LIST}

DEFAULT_METRIC: dict[Kind, str] = {
    "binary": "roc_auc",
    "multiclass": "accuracy",
    "regression": "root_mean_squared_error",
}
"""What is optimised where the user named no metric."""


def metric(name: str, kind: Kind | None = None) -> Metric:
    """Return the metric called `name` (`neg_` in front is forgiven), checked against `kind`.

    Raises:
        InvalidTaskError: no such metric, or one that does not fit the kind of target.
    """
    found = METRICS.get(name.removeprefix("neg_"))
    if found is None:
        from rapidfuzz import process

        near = [m for m, _, _ in process.extract(name, list(METRICS), limit=3)]
        raise InvalidTaskError(f"There is no metric {name!r}.", hint=f"Near: {', '.join(near)}.")
    if kind and kind not in found.kinds:
        fitting = [m.name for m in _LIST if kind in m.kinds and not m.of_model]
        raise InvalidTaskError(
            f"The metric {found.name} does not fit a {kind} target.",
            hint=f"Choose one of: {', '.join(fitting)}.",
        )
    return found
