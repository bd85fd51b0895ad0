"""A fitted model's answers on fixed rows, so that resampled rows are scored without predicting."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, is_classifier
from sklearn.utils.metaestimators import available_if


class _Answers(BaseEstimator):  # type: ignore[misc]
    """Stands in for `model`: its input is row numbers (`m`) of the rows `X` given at the start."""

    def __init__(self, model: Any, X: Any) -> None:
        self.model = model
        self.X = X
        self.given_: dict[str, Any] = {}

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def _ask(self, method: str, rows: Any) -> Any:
        if method not in self.given_:
            self.given_[method] = getattr(self.model, method)(self.X)
        return self.given_[method][rows]

    def predict(self, rows: Any) -> Any:
        """Return the model's predictions for `rows`."""
        return self._ask("predict", rows)


class _Classes(ClassifierMixin, _Answers):  # type: ignore[misc]
    @property
    def classes_(self) -> Any:
        return self.model.classes_

    # Only what the model itself can do exists here: scorers choose by what exists.
    @available_if(lambda self: hasattr(self.model, "predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, rows: Any) -> Any:
        """Return the model's class probabilities for `rows`."""
        return self._ask("predict_proba", rows)

    @available_if(lambda self: hasattr(self.model, "decision_function"))  # type: ignore[untyped-decorator]
    def decision_function(self, rows: Any) -> Any:
        """Return the model's decision values for `rows`."""
        return self._ask("decision_function", rows)


class _Numbers(RegressorMixin, _Answers):  # type: ignore[misc]
    pass


def answers(model: Any, X: Any) -> Any:
    """Return an estimator that answers for row numbers of `X` as `model` does for the rows."""
    return _Classes(model, X) if is_classifier(model) else _Numbers(model, X)
