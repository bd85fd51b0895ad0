"""Ways of saying things that a set of 160 fresh descriptions showed to be misread."""

from __future__ import annotations

from typing import Any

import pytest

from agent.intake.budgets import read_budget
from agent.intake.columns import read_target
from agent.intake.metrics import read_metrics
from agent.intake.models import read_models
from agent.intake.numbers import numbers_in
from agent.intake.settings import read_settings
from agent.intake.text import Text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Hold out 20 percent rather than cross-validating", {"validation.folds": 1}),
        ("one third held out", {"validation.folds": 1}),
        ("Leave 25% out for validation", {"validation.folds": 1}),
        ("20 % hold-out; 50 trials", {"validation.folds": 1, "budget.trials": 50}),
        ("keep 20% aside as the validation part", {"validation.folds": 1}),
        ("keep 20% aside for the test", {}),
        ("10 fodls", {"validation.folds": 10}),
        ("score: R2, folds: six", {"validation.folds": 6}),
        ("together 3/4 of an hour", {"budget.seconds": 2700}),
        ("минут сорок на всё", {"budget.seconds": 2400}),
        ("45 minutos, porque às 14h tenho reunião", {"budget.seconds": 2700}),
        ("forty minutes. no, an hour.", {"budget.seconds": 3600}),
        ("Logistic regression.\n\nIngrid Holt | Programme Analytics | ext. 4471", {}),
        ("1 h 15 min on the server.\n\nUrs Zgraggen, Tel. 044 555 01 23", {"budget.seconds": 4500}),
    ],
)
def test_budgets_and_folds(said: str, expected: dict[str, Any]) -> None:
    reading = read_budget(Text(said))
    assert {k: c.value for k, c in reading.claims.items()} == expected
    assert reading.contradictions == []


@pytest.mark.parametrize("said", ["Tel. 044 555 01 23", "ext. 4471", "+41 44 555 01 23"])
def test_numbers_to_call_are_no_numbers(said: str) -> None:
    assert numbers_in(Text(said)) == []


@pytest.mark.parametrize(
    ("said", "family", "fixed", "bounds"),
    [
        ("epsilon fixed to 0.1", "svm", {"epsilon": 0.1}, []),
        ("learning rate pinned to 0.1", "xgboost", {"learning_rate": 0.1}, []),
        (
            "at most 63 leaves and the learning rate fixed at 0.03",
            "lightgbm",
            {"learning_rate": 0.03},
            ["num_leaves <= 63"],
        ),
        ("profondità massima 5", "decision_tree", {}, ["max_depth <= 5"]),
        ("en fazla 200 ağaç için", "random_forest", {}, ["n_estimators <= 200"]),
        ("dart boosting fixed", "lightgbm", {"boosting_type": "dart"}, []),
        ("early stopping on (fixed)", "mlp", {"early_stopping": True}, []),
    ],
)
def test_settings(said: str, family: str, fixed: dict[str, Any], bounds: list[str]) -> None:
    wishes = read_settings(Text(said))
    assert wishes.fixed([family]) == fixed
    assert wishes.constraints([family]) == bounds


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("log loss. I'll glance at ROC AUC and F1 later, no more", ["log_loss"]),
        ("Ottimizza la log loss; l'accuratezza la guardo solo per curiosità", ["log_loss"]),
        ("Tune for MCC. AUC should be shown, but isn't what we select on.", ["matthews_corrcoef"]),
        ("blanced accuracy", ["balanced_accuracy"]),
        ("log loss, but predictions have to be fast too", ["log_loss", "predict_seconds"]),
    ],
)
def test_metrics(said: str, expected: list[str]) -> None:
    reading = read_metrics(Text(said), "binary")
    assert list(reading.claims["objectives"].value) == expected
    assert reading.contradictions == []


def test_a_list_after_not_allowed_is_ruled_out() -> None:
    reading = read_models(Text("not allowed: xgboost, lightgbm, mlp\nmetric: auc"), "binary")
    assert not {"xgboost", "lightgbm", "mlp"} & set(reading.claims["models"].value)
    assert "svm" in reading.claims["models"].value


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Model the published performance (column perf, not the estimate estperf)", "perf"),
        ("students.csv, y=Sex, positive=Female", "Sex"),
        ("the women who do not work (work = no), please", "work"),
    ],
)
def test_targets(said: str, expected: str) -> None:
    columns = ["perf", "estperf", "Sex", "work", "income"]
    assert read_target(Text(said), columns).claims["data.target"].value == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("let it cook for 2 h 15.", {"budget.seconds": 8100}),
        ("A couple of dozen runs, say 25.", {"budget.trials": 25}),
        ("40 trials... make it 60.", {"budget.trials": 60}),
        ("1,5 часа", {"budget.seconds": 5400}),
        ("F1,10折,50次试验", {"validation.folds": 10, "budget.trials": 50}),
        ("TIMEOUT=900s TRIAL_TIMEOUT=20s", {"budget.seconds": 900, "budget.seconds_per_trial": 20}),
        ("trois quarts d'heure, après quoi je pars (14 h 30)", {"budget.seconds": 2700}),
        (
            "maximum 20 minutes, one model should not take more than 30 seconds",
            {"budget.seconds": 1200, "budget.seconds_per_trial": 30},
        ),
        ("最大深度不超过 6，20 次试验", {"budget.trials": 20}),
    ],
)
def test_more_budgets(said: str, expected: dict[str, Any]) -> None:
    text = Text(said)
    reading = read_budget(text, read_settings(text).spans)
    assert {k: c.value for k, c in reading.claims.items()} == expected
    assert reading.contradictions == []


@pytest.mark.parametrize(
    ("said", "family", "fixed", "bounds"),
    [
        ("C at least 0.1 and at most 100", "svm", {}, ["C >= 0.1", "C <= 100"]),
        (
            "at least 300 trees but at most 400, AUC",
            "lightgbm",
            {},
            ["n_estimators >= 300", "n_estimators <= 400"],
        ),
        ("e o C não pode ficar abaixo de 0.01", "svm", {}, []),
        ("every leaf with at least 5 samples", "decision_tree", {}, ["min_samples_leaf >= 5"]),
        ('max_features fixed at "sqrt"', "random_forest", {"max_features": "sqrt"}, []),
        ("svm med linjär kärna", "svm", {"kernel": "linear"}, []),
        ("max_iter<=200 learning_rate=0.05", "mlp", {"learning_rate": 0.05}, ["max_iter <= 200"]),
        ("participation in its three levels", "random_forest", {}, []),
    ],
)
def test_more_settings(said: str, family: str, fixed: dict[str, Any], bounds: list[str]) -> None:
    wishes = read_settings(Text(said))
    assert wishes.constraints([family]) == bounds
    assert {k.removesuffix("_init"): v for k, v in wishes.fixed([family]).items()} == fixed


@pytest.mark.parametrize(
    ("said", "kept", "gone"),
    [
        ("N'importe quel modèle sauf les réseaux de neurones et les SVM", "knn", "svm"),
        ("Baumverfahren, also Einzelbäume und Wälder, kommen nicht in Frage", "svm", "xgboost"),
        ("quick predictions in the forest, with lightgbm", "lightgbm", "random_forest"),
    ],
)
def test_more_models(said: str, kept: str, gone: str) -> None:
    families = read_models(Text(said), "binary").claims["models"].value
    assert kept in families
    assert gone not in families


@pytest.mark.parametrize(
    ("said", "columns", "expected"),
    [
        ("need lean body mass", ["pcBfat", "lbm", "age"], "lbm"),
        ("miles per gallon please", ["hp", "mpg"], "mpg"),
    ],
)
def test_initials_name_a_column(said: str, columns: list[str], expected: str) -> None:
    assert read_target(Text(said), columns).claims["data.target"].value == expected


@pytest.mark.parametrize(
    ("said", "columns", "expected"),
    [
        ("the pulse after exercise, column active", ["Exercise", "Active"], "Active"),
        ("predict weight", ["weight_kg", "age"], "weight_kg"),
        ("predict ALT", ["ALT.B", "ALT.M"], None),
    ],
)
def test_more_targets(said: str, columns: list[str], expected: str | None) -> None:
    claim = read_target(Text(said), columns).get("data.target")
    assert (claim.value if claim else None) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("use a hold-out instead of CV", {"validation.folds": 1}),
        (
            "höchstens 1,5 Stunden, pro Modell maximal 30 Sekunden",
            {"budget.seconds": 5400, "budget.seconds_per_trial": 30},
        ),
        ("2 min per model, 30 trials", {"budget.seconds_per_trial": 120, "budget.trials": 30}),
    ],
)
def test_budgets_once_more(said: str, expected: dict[str, Any]) -> None:
    reading = read_budget(Text(said))
    assert {k: c.value for k, c in reading.claims.items()} == expected
    assert reading.contradictions == []
