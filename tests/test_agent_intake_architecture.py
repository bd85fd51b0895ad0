"""How a model is to be built is read, or the user is told that it was not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from agent.intake.understand import understand
from evals.task import Task
from prompts.errors import InvalidTaskError


def read(words: str) -> Task:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["age", "nights", "price"])
    frame["stays"] = np.where(frame.age > 0, "yes", "no")
    sentence = f"Predict stays, {words}, accuracy, 20 trials"
    return understand(sentence, directory=Path(), language_model=None, frame=frame)


@pytest.mark.parametrize(
    ("words", "fixed"),
    [
        ("MLP with 2 hidden layers", {"mlp__depth": 2}),
        ("a neural network with a single hidden layer", {"mlp__depth": 1}),
        ("two-layer MLP", {"mlp__depth": 2}),
        ("MLP with 2 layers of 64 units", {"mlp__depth": 2, "mlp__width": 64}),
        ("MLP with hidden layers (64, 64)", {"mlp__depth": 2, "mlp__width": 64}),
        ("MLP, batch size 64", {"mlp__batch_size": 64}),
        ("MLP with relu", {"mlp__activation": "relu"}),
        ("knn with manhattan distance", {"knn__p": 1}),
        ("linear SVM", {"kernel": "linear"}),
        ("SVM with linear kernel", {"kernel": "linear"}),
        ("polynomial SVM of degree 2", {"kernel": "poly", "degree": 2}),
        ("xgboost with linear booster", {"booster": "gblinear"}),
    ],
)
def test_how_a_model_is_built_is_fixed(words: str, fixed: dict[str, object]) -> None:
    task = read(words)
    assert task.fixed == fixed
    assert len(task.models) == 1
    assert task.budget.trials == 20
    assert not any("was not taken" in a for a in task.assumptions)


def test_layers_may_be_bounded() -> None:
    task = read("MLP with 2 to 4 hidden layers")
    [depth] = [p for p in task.space.parameters if p.name == "depth"]
    assert (depth.low, depth.high) == (2, 4)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("words", "quote"),
    [
        ("MLP with hidden layers (64, 32)", "hidden layers (64, 32)"),
        ("MLP with dropout 0.2", "dropout 0.2"),
        ("lightgbm with 3 hidden layers", "3 hidden layers"),
        ("knn with cosine distance", "cosine distance"),
        ("extra trees with entropy", "with entropy"),
    ],
)
def test_what_is_not_taken_is_said(words: str, quote: str) -> None:
    task = read(words)
    assert not task.fixed
    assert any(f"“{quote}” was not taken as a setting" in a for a in task.assumptions)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("xgboost but not xgboost", "both wishes for a model and rules it out"),
        ("xgboost or anything but xgboost", "both wishes for a model and rules it out"),
        ("svm only, and no svm please", "both wishes for a model and rules it out"),
        ("use xgboost, but without xgboost", "is both wished for and ruled out"),
        (
            "no boosting, no forests, no trees, no svm, no knn, no linear models, no MLP",
            "leaves no model for a binary target",
        ),
    ],
)
def test_models_wished_for_and_ruled_out_are_asked_about(words: str, said: str) -> None:
    with pytest.raises(InvalidTaskError, match=said):
        read(words)


@pytest.mark.parametrize(
    ("words", "models"),
    [
        ("no models except svm", {"svm"}),
        ("nothing other than svm", {"svm"}),
        ("not xgboost but lightgbm", {"lightgbm"}),
    ],
)
def test_what_an_exception_leaves(words: str, models: set[str]) -> None:
    assert set(read(words).models) == models


@pytest.mark.parametrize("words", ["anything but svm", "all models except svm", "any but svm"])
def test_all_but_one(words: str) -> None:
    models = read(words).models
    assert "svm" not in models and len(models) > 5
