"""Five scikit-learn classifiers on three real tables, after LLAMBO's public experiments.

Spaces: `hp_configurations/bayesmark.json` of LLAMBO (Liu et al., ICLR 2024), models:
its `bbox_utils.py`, which follows Bayesmark. Protocol: 80/20 split with random_state 0, accuracy
by 5-fold cross-validation on the 80 %, test accuracy on the 20 %. Left out: the logit scale, which
plaintune's spaces do not have; all arms search those parameters linearly.

The optimum is not known: see `benchmarks.tasks.referenced`.
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from benchmarks.cache import remembered
from benchmarks.tasks.base import complete, describe
from benchmarks.tasks.referenced import ReferencedTask
from evals.space import Config, Float, Int, Parameter, SearchSpace
from evals.task import Task
from evals.trials import Evaluation

MODELS = ("RandomForest", "DecisionTree", "SVM", "AdaBoost", "MLP_SGD")
TABLES = ("breast", "wine", "iris")

ABOUT = {
    "breast": "malignant from benign breast tumours (569 patients, 30 features, 2 classes)",
    "wine": "the cultivar of a wine (178 wines, 13 chemical features, 3 classes)",
    "iris": "the species of an iris (150 flowers, 4 features, 3 classes)",
}
WORDS = {
    "RandomForest": "a random forest of 10 trees",
    "DecisionTree": "a decision tree",
    "SVM": "a support vector machine with a Gaussian kernel",
    "AdaBoost": "AdaBoost over decision stumps",
    "MLP_SGD": "a neural network with one hidden layer (SGD, 40 epochs)",
}


def _tree(max_features: float) -> tuple[Parameter, ...]:
    """Return a tree's parameters; scikit-learn's defaults, moved into the range where outside."""
    return (
        Int("max_depth", 1, 15, default=15, reason="depth limit of a tree"),
        Float("max_features", 0.01, 0.99, default=max_features, reason="share of features tried"),
        Float("min_impurity_decrease", 0.0, 0.5, default=0.0, reason="gain a split must bring"),
        Float("min_samples_leaf", 0.01, 0.49, default=0.01, reason="least share of rows in a leaf"),
        Float("min_samples_split", 0.01, 0.99, default=0.01, reason="least share of rows to split"),
        Float("min_weight_fraction_leaf", 0.01, 0.49, default=0.01, reason="least weight in it"),
    )


SPACES: dict[str, tuple[Parameter, ...]] = {
    "DecisionTree": _tree(max_features=0.99),
    "RandomForest": _tree(max_features=0.3),
    "SVM": (
        Float("C", 1.0, 1e3, log=True, default=1.0, reason="weight of errors against the margin"),
        Float("gamma", 1e-4, 1e-3, log=True, default=1e-4, reason="inverse reach of the kernel"),
        Float("tol", 1e-5, 1e-1, log=True, default=1e-3, reason="when the solver stops"),
    ),
    "AdaBoost": (
        Int("n_estimators", 10, 100, default=50, reason="number of stumps"),
        Float("learning_rate", 1e-4, 1e1, log=True, default=1.0, reason="weight of each stump"),
    ),
    "MLP_SGD": (
        Int("hidden_layer_sizes", 50, 200, default=100, reason="units in the hidden layer"),
        Float("alpha", 1e-5, 1e1, log=True, default=1e-4, reason="L2 penalty on the weights"),
        Int("batch_size", 10, 250, default=200, reason="examples per gradient step"),
        Float("learning_rate_init", 1e-5, 1e-1, log=True, default=1e-3, reason="first step size"),
        Float("power_t", 0.1, 0.9, default=0.5, reason="how fast the step size falls"),
        Float("momentum", 0.001, 0.999, default=0.9, reason="share of the last step kept"),
    ),
}


class SklearnTask(ReferencedTask):
    """One classifier on one table; every evaluation is kept on disk, shared by all arms."""

    group = "sklearn"
    kind = "sklearn"
    """What names of tasks begin with."""
    about: ClassVar[Mapping[str, str]] = ABOUT
    """What is told of each table."""

    def __init__(self, model: str, table: str) -> None:
        self.name = f"{self.kind}-{model.lower()}-{table}"
        self._model, self._table = model, table
        words = f"Tune {WORDS[model]} that tells {self.about[table]}. Maximise accuracy."
        space = SearchSpace(SPACES[model])
        self._task = describe(words, space, ("accuracy", "maximize"))

    @property
    def task(self) -> Task:
        """What is tuned."""
        return self._task

    def evaluate(self, config: Config, seed: int) -> Evaluation:
        """Train and score `config`; deterministic, as in the original protocol."""
        scores = self._scores(self.space.validate(config))
        return complete(scores["cv"], cost=scores["seconds"], test=scores["test"])

    def truth(self, config: Config) -> float:
        """Return the cross-validated accuracy."""
        return self._scores(self.space.validate(config))["cv"]

    def held_out(self, config: Config) -> float:
        """Return the accuracy on the test part."""
        return self._scores(self.space.validate(config))["test"]

    def _scores(self, config: Config) -> dict[str, float]:
        words = json.dumps([self.name, self.version, config], sort_keys=True)
        key = hashlib.sha256(words.encode()).hexdigest()
        return remembered(key, lambda: _train(self._model, self._split(), config))

    def _split(self) -> list[Any]:
        """Return inputs tuned and tested, then targets."""
        return _split(self._table)


@lru_cache(maxsize=3)
def _split(table: str) -> list[Any]:
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    load = {"breast": "load_breast_cancer", "wine": "load_wine", "iris": "load_iris"}[table]
    X, y = getattr(datasets, load)(return_X_y=True)
    return list(train_test_split(X, y, test_size=0.2, random_state=0))


def _build(model: str, config: Config) -> Any:
    from sklearn import ensemble, neural_network, svm, tree

    options: dict[str, Any] = dict(config, random_state=0)
    if model == "RandomForest":
        return ensemble.RandomForestClassifier(n_estimators=10, **options)
    if model == "DecisionTree":
        return tree.DecisionTreeClassifier(**options)
    if model == "SVM":
        return svm.SVC(kernel="rbf", **options)
    if model == "AdaBoost":
        return ensemble.AdaBoostClassifier(**options)
    return neural_network.MLPClassifier(
        solver="sgd", early_stopping=True, max_iter=40, learning_rate="invscaling", **options
    )


def _train(model: str, split: list[Any], config: Config) -> dict[str, float]:
    """Return accuracy by five folds ("cv") and on the test part of `split`, and seconds."""
    from sklearn.model_selection import cross_val_score

    X, X_test, y, y_test = split
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cv = float(np.mean(cross_val_score(_build(model, config), X, y, cv=5, scoring="accuracy")))
        test = float(_build(model, config).fit(X, y).score(X_test, y_test))
    return {"cv": cv, "test": test, "seconds": time.perf_counter() - started}
