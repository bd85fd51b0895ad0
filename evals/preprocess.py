"""From raw rows to what an estimator takes, fitted on training rows only.

Everything here is made of scikit-learn and pandas functions, so that a saved pipeline loads where
plaintune is not installed. Missing numbers stay missing where the model knows how to deal with them
and become the median, with a column that says so, elsewhere. Categories become one column each;
columns with many categories become the mean target of their category, cross-fitted (Micci-Barreca,
2001). A category never seen in training counts as none. Dates become numbers.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from evals.columns import Columns
from evals.families import Family
from evals.space import Config
from evals.task import Kind

if TYPE_CHECKING:
    from sklearn.compose import ColumnTransformer

DATE_PARTS = ("year", "month", "day", "day_of_week", "day_of_year", "hour")


def preprocessor(columns: Columns, family: Family, kind: Kind, seed: int) -> ColumnTransformer:
    """Return the unfitted transformer of raw rows for models of `family`."""
    from sklearn.compose import ColumnTransformer

    parts: list[tuple[str, Any, list[str]]] = []
    if columns.numeric:
        parts.append(("numbers", _numbers(family), list(columns.numeric)))
    if columns.categorical:
        parts.append(("categories", _categories(), list(columns.categorical)))
    if columns.high_cardinality:
        encoder = _target_means(family, kind, seed)
        parts.append(("many_categories", encoder, list(columns.high_cardinality)))
    for name, how in columns.dates.items():
        parts.append((f"date_{name}".replace("__", "_"), _date(how, family), [name]))
    return ColumnTransformer(parts, remainder="drop", verbose_feature_names_out=False)


def style(family: Family) -> tuple[bool, bool]:
    """Return what decides the preprocessing: families with the same style share its result."""
    return family.needs_scaling, family.handles_missing


def _call(method: str, *arguments: Any) -> Any:
    """Return a transformer that calls a method of the data frame it is given.

    A `methodcaller` with positional arguments is what both pickle and skops bring back.
    """
    from sklearn.preprocessing import FunctionTransformer

    return FunctionTransformer(operator.methodcaller(method, *arguments))


def _each(function: Any, *arguments: Any) -> Any:
    """Return a transformer that calls `function(column, *arguments)` for each column."""
    by_column, as_series, as_it_comes = 0, False, None
    return _call("apply", function, by_column, as_series, as_it_comes, arguments)


def _numbers(family: Family) -> Any:
    import numpy as np
    import pandas as pd
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _each(pd.to_numeric, "coerce"),
        _call("astype", "float64"),
        _call("replace", [np.inf, -np.inf], np.nan),
        *_filled_and_scaled(family),
    )


def _filled_and_scaled(family: Family) -> list[Any]:
    from sklearn.impute import SimpleImputer
    from sklearn.preprocessing import StandardScaler

    fill = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    filled = [] if family.handles_missing else [fill]
    return filled + ([StandardScaler()] if family.needs_scaling else [])


def _as_text() -> list[Any]:
    # `str` keeps missing values missing; `object` is what the encoders compare.
    return [_call("astype", "str"), _call("astype", "object")]


def _categories() -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    encoder = OneHotEncoder(
        drop="if_binary", handle_unknown="ignore", sparse_output=False, dtype="float64"
    )
    return make_pipeline(*_as_text(), encoder)


def _target_means(family: Family, kind: Kind, seed: int) -> Any:
    from sklearn.model_selection import KFold, StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler, TargetEncoder

    folds = KFold if kind == "regression" else StratifiedKFold
    encoder = TargetEncoder(cv=folds(5, shuffle=True, random_state=seed % 2**31))
    scaled = [StandardScaler()] if family.needs_scaling else []
    return make_pipeline(*_as_text(), encoder, *scaled)


def _date(how: str, family: Family) -> Any:
    import pandas as pd
    from sklearn.pipeline import FeatureUnion, make_pipeline

    parts: list[tuple[str, Any]] = [
        (part, _each(operator.attrgetter(f"dt.{part}"))) for part in DATE_PARTS
    ]
    dayfirst, yearfirst, utc = False, False, True
    return make_pipeline(
        _each(pd.to_datetime, "coerce", dayfirst, yearfirst, utc, how),
        FeatureUnion(parts),
        *_filled_and_scaled(family),
    )


def complete_estimator(
    family: Family, config: Config, kind: Kind, seed: int, n_jobs: int, *, labels: Any, proba: bool
) -> Any:
    """Return the estimator of `config`, dressed where it lacks something the task needs.

    Args:
        labels: the distinct target values of a classification, sorted; unused for a regression.
        proba: whether class probabilities are needed; a model without them is calibrated
            (Platt, 1999) by 3-fold cross-validation within the training rows.
    """
    estimator = family.build(config, kind, seed, n_jobs)
    if kind == "regression":
        return _with_scaled_target(estimator) if family.scales_target else estimator
    if proba and not hasattr(estimator, "predict_proba"):
        from sklearn.calibration import CalibratedClassifierCV

        return CalibratedClassifierCV(estimator, ensemble=False, cv=3)
    if not family.encodes_labels and not _counts_up(labels):
        from sklearn.ensemble import VotingClassifier

        # A vote of one: scikit-learn's own way of giving a model labels it cannot read.
        return VotingClassifier([(family.name, estimator)], voting="soft")
    return estimator


def _with_scaled_target(estimator: Any) -> Any:
    from sklearn.compose import TransformedTargetRegressor
    from sklearn.preprocessing import StandardScaler

    return TransformedTargetRegressor(estimator, transformer=StandardScaler())


def _counts_up(labels: Any) -> bool:
    return labels.dtype.kind in "iu" and list(labels) == list(range(len(labels)))


def fit_estimator(estimator: Any, family: Family, config: Config, X: Any, y: Any) -> Any:
    """Fit a dressed `estimator` on preprocessed rows `X` (`n x d`) and return it."""
    if adapted := family.adapt(config, X):
        inner = {"regressor", "estimator"} & set(estimator.get_params(deep=False))
        prefix = f"{inner.pop()}__" if inner else ""
        estimator.set_params(**{f"{prefix}{k}": v for k, v in adapted.items()})
    if family.weighting == "sample" and config.get("class_weight"):
        from sklearn.utils.class_weight import compute_sample_weight

        weights = compute_sample_weight(config["class_weight"], y)
        return estimator.fit(X, y, sample_weight=weights)
    return estimator.fit(X, y)
