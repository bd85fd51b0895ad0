"""Train and score one configuration. Runs in the child process; knows nothing of processes.

Folds are trained side by side with one thread each, rather than one after the other with many:
models of tables are small, and threads that wait for each other lose far more than they gain,
above all while a language model thinks on the same cores. The preprocessing of a fold is fitted on
its training rows once per style of family and kept, so that later trials of the study pay for the
model alone.
"""

from __future__ import annotations

import math
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evals.dataset import Dataset
from evals.evaluators.answers import answers
from evals.metrics import Metric
from evals.parameters import Scalar
from evals.preprocess import complete_estimator, fit_estimator, preprocessor, style
from evals.space import Config
from evals.spaces import configure

if TYPE_CHECKING:
    from pandas import DataFrame
    from sklearn.pipeline import Pipeline

CACHE_BYTES = 1 << 30
"""Preprocessed folds are kept up to this size; beyond it they are made anew for each trial."""
BOOTSTRAPS = 200
TIMED_ROWS = 1000


class NotFiniteError(ValueError):
    """A score that is no finite number."""


@dataclass
class Trainer:
    """Everything that stays the same from trial to trial."""

    data: Dataset
    models: tuple[str, ...]
    fixed: Mapping[str, Scalar]
    metrics: tuple[Metric, ...]
    study_seed: int
    threads: int
    _cache: dict[tuple[Any, ...], tuple[Any, Any, Any]] = field(default_factory=dict)
    _anew: dict[int, Trainer] = field(default_factory=dict)

    def cross_validate(
        self, config: Config, seed: int, report: Callable[[int, list[float]], bool]
    ) -> NDArray[np.float64] | None:
        """Return `folds x metrics` scores, or None where `report` said stop after a fold.

        `report` is called with the number of folds done and the scores of the last one.
        """
        folds = range(len(self.data.folds))
        at_once = min(self.threads, len(folds))
        scores: list[list[float]] = []
        with ThreadPoolExecutor(at_once) as pool:
            # A wave at a time, so that a hopeless configuration costs one wave at most.
            for wave in batched(folds, at_once):
                done = pool.map(partial(self._fold, config, seed, at_once), wave)
                for score in list(done):
                    scores.append(score)
                    if report(len(scores), score) and len(scores) < len(folds):
                        return None
        return np.array(scores)

    def again(self, config: Config, seed: int, number: int) -> NDArray[np.float64] | None:
        """Return `folds x metrics` scores on the other folds of that number."""
        if number not in self._anew:
            data = replace(self.data, folds=self.data.others[number])
            self._anew[number] = replace(self, data=data, _cache={}, _anew={})
        return self._anew[number].cross_validate(config, seed, lambda done, scores: False)

    def fit(self, config: Config, seed: int) -> Pipeline:
        """Return the pipeline of `config`, fitted on the whole tuning part."""
        prepared, X, _ = self._prepared(config, None)
        return self._pipeline(config, seed, self.threads, prepared, X, self.data.y)

    def test(self, config: Config, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return scores on the test part and their bootstrap standard errors, `metrics` each."""
        pipeline = self.fit(config, seed)
        X, y = self.data.X_test, self.data.y_test
        values = np.array([self._score(m, pipeline, X, y) for m in self.metrics])
        return values, self._bootstrap(pipeline, X, y)

    def _fold(self, config: Config, seed: int, at_once: int, k: int) -> list[float]:
        train, valid = self.data.folds[k]
        prepared, X, X_valid = self._prepared(config, k)
        n_jobs = max(1, self.threads // at_once)
        pipeline = self._pipeline(config, seed, n_jobs, prepared, X, self.data.y[train])
        rows = self.data.X.iloc[valid]
        scores = [
            self._score(m, pipeline, rows, self.data.y[valid])
            if m.of_model
            else self._score(m, pipeline[-1], X_valid, self.data.y[valid])
            for m in self.metrics
        ]
        for metric, value in zip(self.metrics, scores, strict=True):
            if not math.isfinite(value):
                raise NotFiniteError(f"{metric.name} is {value} on fold {k + 1}.")
        return scores

    def _prepared(self, config: Config, k: int | None) -> tuple[Any, Any, Any]:
        """Return the fitted preprocessor of fold `k` (None: all tuning rows) and its outputs."""
        family = configure(config, self.models, self.fixed).family
        key = (*style(family), k)
        if key in self._cache:
            return self._cache[key]
        rows = slice(None) if k is None else self.data.folds[k][0]
        transform = preprocessor(self.data.columns, family, self.data.kind, self.study_seed)
        X = transform.fit_transform(self.data.X.iloc[rows], self.data.y[rows])
        held_out = None
        if k is not None:
            held_out = transform.transform(self.data.X.iloc[self.data.folds[k][1]])
        if k is not None and self._room_for(X, held_out):
            self._cache[key] = (transform, X, held_out)
        return transform, X, held_out

    def _room_for(self, *arrays: Any) -> bool:
        held = sum(X.nbytes + V.nbytes for _, X, V in self._cache.values())
        return bool(held + sum(a.nbytes for a in arrays) <= CACHE_BYTES)

    def _pipeline(
        self, config: Config, seed: int, n_jobs: int, prepared: Any, X: Any, y: Any
    ) -> Pipeline:
        from sklearn.pipeline import Pipeline

        chosen = configure(config, self.models, self.fixed)
        estimator = complete_estimator(
            chosen.family,
            chosen.config,
            self.data.kind,
            seed,
            n_jobs,
            labels=self.data.labels,
            proba=any(m.needs_probability for m in self.metrics),
        )
        fit_estimator(estimator, chosen.family, chosen.config, X, y)
        return Pipeline([("prepare", prepared), ("model", estimator)])

    def _score(self, metric: Metric, model: Any, X: Any, y: NDArray[Any]) -> float:
        if metric.name == "model_size":
            return float(len(pickle.dumps(model)))
        if metric.name == "predict_seconds":
            return _predict_seconds(model, X)
        return metric.score(model, X, y, self.data.positive)

    def _bootstrap(self, model: Any, X: DataFrame, y: NDArray[Any]) -> NDArray[np.float64]:
        """Return standard errors from resampled test rows (Efron, 1979); NaN where undefined."""
        given = answers(model, X)
        rng = np.random.default_rng([self.study_seed, 1])
        scores = np.full((BOOTSTRAPS, len(self.metrics)), np.nan)
        for b in range(BOOTSTRAPS):
            rows = rng.integers(0, len(y), len(y))
            for j, metric in enumerate(self.metrics):
                if not metric.of_model:
                    scores[b, j] = self._resampled(metric, given, rows, y[rows])
        return np.asarray(np.nanstd(scores, axis=0, ddof=1))

    def _resampled(self, metric: Metric, given: Any, rows: Any, y: NDArray[Any]) -> float:
        try:
            return self._score(metric, given, rows, y)
        except ValueError:
            # A resample without one of the classes has no such score.
            return math.nan


def batched(items: range, size: int) -> Iterator[range]:
    """Yield `items` in runs of `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _predict_seconds(model: Any, X: DataFrame) -> float:
    """Return seconds per 1,000 rows, the best of three (the others were disturbed)."""
    rows = X.iloc[np.arange(TIMED_ROWS) % len(X)]
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        model.predict(rows)
        taken.append(time.perf_counter() - start)
    return min(taken)
