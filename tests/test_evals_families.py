"""Each family's space holds the library's default and nothing the estimator would refuse."""

from __future__ import annotations

import numpy as np
import pytest

from evals.families import FAMILIES, Family, family
from evals.metrics import METRICS, metric
from evals.task import Kind
from prompts.errors import InvalidTaskError

PAIRS = [(f, kind) for f in FAMILIES.values() for kind in f.kinds]


@pytest.mark.parametrize(("family", "kind"), PAIRS, ids=lambda v: getattr(v, "name", v))
def test_default_is_the_librarys_own(family: Family, kind: Kind) -> None:
    config = family.space(kind).default_config()
    assert config is not None
    built = family.build(config, kind, seed=1).get_params()
    library = family.estimator(kind)().get_params()
    ours = set(family.translate(config, kind)) & set(library) - set(family.settings)
    if family.name == "xgboost":
        library |= {"learning_rate": 0.3, "n_estimators": 100, "max_depth": 6}
        library |= {"min_child_weight": 1.0, "reg_lambda": 1.0, "gamma": 0.0}
        library |= {"subsample": 1.0, "colsample_bytree": 1.0}
    if family.name == "mlp":
        library["batch_size"] = 200
    if (family.name, kind) in (("elastic_net", "binary"), ("elastic_net", "multiclass")):
        library |= {"l1_ratio": 0.5, "solver": "saga"}
    assert {n: built[n] for n in ours} == {n: library[n] for n in ours}


@pytest.mark.parametrize(("family", "kind"), PAIRS, ids=lambda v: getattr(v, "name", v))
def test_every_parameter_exists_and_says_why_its_bounds(family: Family, kind: Kind) -> None:
    known = family.estimator_parameters(kind) | set(family.derived)
    for parameter in (*family.parameters(kind), *family.extras(kind)):
        assert parameter.name in known
        assert len(parameter.reason) >= 10
    for config in family.space(kind).sample(np.random.default_rng(0), 20):
        family.build(config, kind, seed=0)


def test_metrics_are_scikit_learns() -> None:
    from sklearn.metrics import get_scorer

    for each in METRICS.values():
        if not each.of_model and each.scorer_name:
            assert get_scorer(each.scorer_name)._sign == (1 if each.direction == "maximize" else -1)


def test_positive_class_decides_where_it_matters() -> None:
    from sklearn.dummy import DummyClassifier

    X, y = np.zeros((4, 1)), np.array(["no", "no", "no", "yes"])
    always_no = DummyClassifier().fit(X, y)
    assert METRICS["recall"].score(always_no, X, y, "no") == 1
    assert METRICS["recall"].score(always_no, X, y, "yes") == 0
    assert METRICS["log_loss"].score(always_no, X, y) > 0


@pytest.mark.parametrize("labels", [["no", "yes"], [0, 1], [False, True]])
def test_rates_of_the_negative_class(labels: list[object]) -> None:
    from sklearn.tree import DecisionTreeClassifier

    X = np.arange(10.0).reshape(-1, 1)
    model = DecisionTreeClassifier().fit(X, np.array(labels)[[0] * 6 + [1] * 4])
    y = np.array(labels)[[0, 0, 0, 1, 1, 0, 0, 1, 1, 1]]  # one false alarm, two misses
    rates = ("specificity", "false_positive_rate", "recall", "false_negative_rate")
    found = [METRICS[m].score(model, X, y, labels[1]) for m in rates]  # type: ignore[arg-type]
    assert found == pytest.approx([4 / 5, 1 / 5, 3 / 5, 2 / 5])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: metric("acuracy"), "Near: accuracy"),
        (lambda: metric("r2", "binary"), "does not fit a binary target. Choose one of: accuracy"),
        (lambda: family("logistic_regression", "regression"), "cannot predict a regression"),
        (lambda: family("prophet"), "Known: lightgbm"),
    ],
)
def test_what_does_not_fit_is_explained(call: object, said: str) -> None:
    with pytest.raises(InvalidTaskError, match=said):
        call()  # type: ignore[operator]


def test_a_family_that_is_not_installed_is_explained() -> None:
    from dataclasses import replace

    from evals.families import FamilyNotInstalledError

    missing = replace(FAMILIES["lightgbm"], package="lightgbm_is_not_here")
    with pytest.raises(FamilyNotInstalledError, match="pip install lightgbm_is_not_here"):
        missing.build({}, "binary", seed=0)


def test_a_support_vector_machine_that_never_converges_ends() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(600, 8)), rng.normal(size=600)
    config = {"C": 1e3, "kernel": "poly", "gamma_factor": 50.0, "degree": 5, "coef0": 0.0}
    built = family("svm").build(config | {"epsilon": 0.001}, "regression", seed=0)
    with pytest.warns(match="terminated early"):
        built.set_params(gamma=6.0, max_iter=built.max_iter // 100).fit(X, y)
    assert 0 < built.max_iter * 100 <= 1_000_000
