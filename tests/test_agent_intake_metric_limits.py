"""What a metric has to reach, in words, becomes the threshold of a second objective."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import plaintune
from agent.cli import app
from agent.intake.metrics import limits_of, metric_mentions, read_metrics
from agent.intake.text import Text

LIMITS = [
    ("maximise precision while recall is at least 0.8, 15 trials", "precision", "recall", 0.8),
    ("maximise precision with at least 80 % recall", "precision", "recall", 0.8),
    ("best precision, recall not below 0.75", "precision", "recall", 0.75),
    ("maximise ROC AUC, log loss below 0.3", "roc_auc", "log_loss", 0.3),
    ("maximise recall s.t. precision >= 80%", "recall", "precision", 0.8),
    ("maximise precision given recall > .8", "precision", "recall", 0.8),
    ("most accurate model with recall of at least 0.8", "accuracy", "recall", 0.8),
    ("maximise AUC, and recall must never fall below 0.6", "roc_auc", "recall", 0.6),
    ("maximise precision, minimum recall of 0.8", "precision", "recall", 0.8),
    ("highest precision, recall of 0.8 or more", "precision", "recall", 0.8),
    ("recall at least 80, best precision", "precision", "recall", 0.8),
    ("Beste Genauigkeit, Recall mindestens 0,8", "accuracy", "recall", 0.8),
    ("Precision maximieren, der Recall soll mindestens 80 % sein", "precision", "recall", 0.8),
    ("maximiser la précision avec un rappel d'au moins 0,8", "precision", "recall", 0.8),
    ("best recall, keep the false positive rate below 5 %", "recall", "false_positive_rate", 0.05),
    ("best recall, keep the FPR under 5", "recall", "false_positive_rate", 0.05),
    ("maximise recall at a specificity of at least 0.9", "recall", "specificity", 0.9),
    ("maximise sensitivity at 95 % specificity", "recall", "specificity", 0.95),
    ("best recall at a specificity of 0.95", "recall", "specificity", 0.95),
    ("best TPR at 1% FPR, 20 trials", "recall", "false_positive_rate", 0.01),
    ("Beste Sensitivität, Spezifität mindestens 90 %", "recall", "specificity", 0.9),
    ("Recall maximieren, Fehlalarmrate höchstens 5 %", "recall", "false_positive_rate", 0.05),
    (
        "maximiser le rappel avec un taux de faux positifs d'au plus 5 %",
        *("recall", "false_positive_rate", 0.05),
    ),
    ("maximize precision, miss rate at most 10%", "precision", "false_negative_rate", 0.1),
]


def limits(words: str) -> list[tuple[str, float]]:
    text = Text(words)
    return [(m.metric, limit.value) for m, limit in limits_of(text, metric_mentions(text))]


def wanted(words: str) -> tuple[str, ...]:
    reading = read_metrics(Text(words), "binary")
    claim = reading.get("objectives")
    assert not reading.contradictions
    assert claim is not None
    return tuple(claim.value)


@pytest.mark.parametrize(("words", "aim", "metric", "value"), LIMITS)
def test_a_metric_that_has_to_reach_something_is_no_aim(
    words: str, aim: str, metric: str, value: float
) -> None:
    assert wanted(words) == (aim,)
    assert limits(words) == [(metric, pytest.approx(value))]


@pytest.mark.parametrize(
    "words",
    [
        "maximise ROC AUC using at least 100 trees",
        "maximise ROC AUC, stop above 0.95",
        "maximise AUC, at least 80 trials",
        "maximise recall of at most 0.8",
        "maximise AUC, our current model has recall above 0.7",
        "precision at 80% recall",
    ],
)
def test_numbers_of_other_things_are_no_limits_of_a_metric(words: str) -> None:
    assert limits(words) == []


def test_a_single_metric_with_a_limit_is_the_aim() -> None:
    assert wanted("I want at least 0.9 AUC") == ("roc_auc",)


@pytest.mark.parametrize(
    ("words", "aims", "told"),
    [
        ("recall and precision both above 0.7", ("recall", "precision"), "recall precision"),
        ("maximise AUC, recall and precision both above 0.7", ("roc_auc",), "recall precision"),
        ("maximise AUC with precision and recall above 0.7", ("roc_auc",), "precision recall"),
        ("best accuracy; precision and recall must be > 70 %", ("accuracy",), "precision recall"),
        (
            "maximise f1, keep precision, recall and balanced accuracy above 0.7",
            ("f1",),
            "precision recall balanced_accuracy",
        ),
        (
            "Genauigkeit maximieren, Recall und Precision jeweils mindestens 0,7",
            ("accuracy",),
            "recall precision",
        ),
        ("maximise AUC and recall at least 0.7", ("roc_auc",), "recall"),
        ("tune for AUC and recall must be at least 0.7", ("roc_auc",), "recall"),
    ],
)
def test_metrics_of_one_list_share_the_limit_that_stands_behind_it(
    words: str, aims: tuple[str, ...], told: str
) -> None:
    assert wanted(words) == aims
    assert limits(words) == [(metric, pytest.approx(0.7)) for metric in told.split()]


def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["sick"] = np.where(X[:, 0] + rng.normal(size=300) > 0.8, "yes", "no")
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_the_winner_has_the_best_precision_of_those_with_enough_recall(tmp_path: Path) -> None:
    words = f"predict sick in {table(tmp_path)} with decision trees, most precision, 9 trials"
    said = f"{words}, recall at least 0.6"
    storage = str(tmp_path / "s.db")
    options = ["--llm", "none", "--yes", "--storage", storage, "--name", "enough"]
    done = CliRunner().invoke(app, ["run", said, *options, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "“at least 0.6” is read as: " in done.output
    run = plaintune.load("enough", storage=storage)
    assert [(o.metric, o.threshold) for o in run.task.objectives] == [
        ("precision", None),
        ("recall", 0.6),
    ]
    able = [t for t in run.trials if t.values and t.values[1] >= 0.6]
    assert able
    assert run.best is not None
    assert run.best.values[0] == max(t.values[0] for t in able)


def test_a_single_limit_is_improved_without_one(tmp_path: Path) -> None:
    words = f"predict sick in {table(tmp_path)} with decision trees, at least 0.9 AUC"
    done = CliRunner().invoke(app, ["plan", words, "--llm", "none", "--yes"])
    assert done.exit_code == 0, done.output
    assert "threshold" not in done.output
    assert "- metric: roc_auc" in done.output


def test_a_limit_that_does_not_fit_the_target_is_refused(tmp_path: Path) -> None:
    words = f"predict sick in {table(tmp_path)} with decision trees, best AUC, RMSE below 3"
    done = CliRunner().invoke(app, ["plan", words, "--llm", "none", "--yes"])
    assert done.exit_code != 0
    assert "root_mean_squared_error" in str(done.exception)


def test_a_limit_of_a_parameter_is_none_of_the_metric_before_it(tmp_path: Path) -> None:
    words = f"predict sick in {table(tmp_path)} with lightgbm, best AUC, at least 0.1 learning rate"
    done = CliRunner().invoke(app, ["plan", words, "--llm", "none", "--yes"])
    assert done.exit_code == 0, done.output
    assert "threshold" not in done.output
    assert "low: 0.1" in done.output


@pytest.mark.parametrize(
    ("words", "warned"),
    [
        ("predict sick in t.csv, best recall, 3 trials", "calls every row positive"),
        ("predict sick in t.csv, best precision, 3 trials", "calls hardly any row positive"),
        ("predict sick in t.csv, best recall, precision at least 0.5, 3 trials", ""),
        ("predict sick in t.csv, best f1, 3 trials", ""),
    ],
)
def test_an_aim_that_a_useless_model_has_is_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, warned: str
) -> None:
    table(tmp_path)
    monkeypatch.chdir(tmp_path)
    said = " ".join(plaintune.plan(words, llm="none").assumptions)
    assert warned in said
    assert ("calls" in said) == bool(warned)


def test_a_limit_is_not_about_a_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table(tmp_path)
    frame = pd.read_csv(tmp_path / "t.csv").rename(columns={"sick": "churn"})
    frame.to_csv(tmp_path / "t.csv", index=False)
    monkeypatch.chdir(tmp_path)
    words = "predict churn in t.csv, best recall, precision should stay above 0.6, 3 trials"
    task = plaintune.plan(words, llm="none")
    assert task.data is not None
    assert task.data.positive == "yes"  # Who stays has not churned: "no".


def test_a_rate_alone_is_an_aim() -> None:
    assert wanted("maximise specificity, 20 trials") == ("specificity",)
    assert wanted("lowest false positive rate, 20 trials") == ("false_positive_rate",)
    assert limits("our model is at a recall of 0.7, maximise AUC") == []
    assert wanted("False alarms are what annoys people, so precision") == ("precision",)
