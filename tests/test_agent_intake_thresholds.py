"""Limits of a model's size and speed in words become thresholds of objectives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import plaintune
from agent.cli import app
from agent.intake.text import Text
from agent.intake.thresholds import read_thresholds
from evals.task import Task


@pytest.mark.parametrize(
    ("words", "metric", "value", "quote"),
    [
        ("maximise AUC, model size below 50 KB, 10 trials", "model_size", 5e4, "below 50 KB"),
        ("the pickled model must not exceed 5 MB", "model_size", 5e6, "not exceed 5 MB"),
        ("best AUC with a small model, at most 100 kB", "model_size", 1e5, "at most 100 kB"),
        ("a model of 20 kB max", "model_size", 2e4, "20 kB max"),
        ("das Modell darf höchstens 5 MB groß sein", "model_size", 5e6, "höchstens 5 MB"),
        ("le modèle doit faire moins de 2 Mo", "model_size", 2e6, "moins de 2 Mo"),
        ("predictions must take less than 2 ms", "predict_seconds", 2.0, "less than 2 ms"),
        ("it must predict in under 2 ms", "predict_seconds", 2.0, "in under 2 ms"),
        ("latency <= 3ms", "predict_seconds", 3.0, "<= 3ms"),
        ("predictions within 5 microseconds", "predict_seconds", 5e-3, "within 5 microseconds"),
        (
            "el mejor AUC con una latencia de menos de 4 milisegundos",
            "predict_seconds",
            4.0,
            "menos de 4 milisegundos",
        ),
        ("Vorhersagen in höchstens 1 Sekunde", "predict_seconds", 1e3, "höchstens 1 Sekunde"),
        ("latency of at most 2 seconds", "predict_seconds", 2e3, "at most 2 seconds"),
        (
            "inference in at most 0.1 s per 1,000 rows",
            "predict_seconds",
            0.1,
            "at most 0.1 s per 1,000",
        ),
    ],
)
def test_a_limit_of_size_or_speed_is_read(
    words: str, metric: str, value: float, quote: str
) -> None:
    (found,) = read_thresholds(Text(words))
    assert (found.metric, found.value) == (metric, pytest.approx(value))
    assert Text(words).quote(found.span) == quote


@pytest.mark.parametrize(
    "words",
    [
        "predict churn, max 60 s per trial",
        "predict churn within 60 s",
        "predict the response in at most 60 seconds",
        "scoring: roc_auc, at most 90 s",
        "predict price in data.csv (3 MB), at most 20 trials",
        "the model may use at most 2 GB of memory",
        "predict delay_ms < 100",
        "predictions from trees of at most 3 samples a leaf",
        "at most 2 millions of predictions",
    ],
)
def test_budgets_memory_and_columns_are_no_limits_of_the_model(words: str) -> None:
    assert read_thresholds(Text(words)) == []


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 4))
    frame = pd.DataFrame(X, columns=list("abcd"))
    frame["sick"] = np.where(X[:, 0] * X[:, 1] + rng.normal(size=200) / 3 > 0, "yes", "no")
    frame.to_csv(tmp_path / "t.csv", index=False)
    return tmp_path / "t.csv"


def test_the_winner_keeps_to_the_limit_and_the_run_says_so(table: Path, tmp_path: Path) -> None:
    words = f"predict sick in {table} with random forests, best AUC, model below 110 KB, 9 trials"
    storage = str(tmp_path / "s.db")
    options = ["--llm", "none", "--yes", "--storage", storage, "--name", "small"]
    done = CliRunner().invoke(app, ["run", words, *options, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    run = plaintune.load("small", storage=storage)
    task = run.task
    assert [o.threshold for o in task.objectives] == [None, 110e3]
    assert Task.from_yaml(task.to_yaml()) == task
    sizes = [t.values[1] for t in run.trials]
    assert min(sizes) <= 110e3 < max(sizes)
    assert run.best is not None
    assert run.best.values[1] <= 110e3
    assert run.best.values[0] == max(t.values[0] for t in run.trials if t.values[1] <= 110e3)
    said = " ".join(done.output.split())
    assert "Within the limits: model_size at most 110000" in said
    assert f", model_size {run.best.values[1]:.0f}"[:-1] in said
    assert "nan" not in said
