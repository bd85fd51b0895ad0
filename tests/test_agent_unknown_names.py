"""A parameter that is named and not there is said before a budget is spent on the others."""

from __future__ import annotations

from pathlib import Path

import pytest

import plaintune
from agent.cli import app
from agent.exits import run_safely
from agent.unknown_names import check_named
from evals.arguments import Argument
from prompts.errors import InvalidTaskError

ARGUMENTS = [
    Argument("lr", "float", 0.1),
    Argument("max_depth", "int", 3),
    Argument("dropout", "float", 0.1),
    Argument("hidden_size", "int", 8),
]


def check(goal: str) -> list[str]:
    notes: list[str] = []
    check_named(goal, ARGUMENTS, ["train.py", "train", "val_loss"], notes.append)
    return notes


@pytest.mark.parametrize(
    ("goal", "said"),
    [
        ("tune z, 20 trials", r"no parameter 'z'\. There is: lr, max_depth"),
        ("lowest val_loss. Vary z from 1 to 5", "'z'"),
        ("tune lr between 1e-4 and 1e-2, momentum and dropout, lowest val_loss", "'momentum'"),
        ("optimise lr and gamma, lowest val_loss", "'gamma'"),
        ("tune dropuot, lowest val_loss", "Did you mean dropout?"),
        ("tune `width_mult`, lowest val_loss", "'width_mult'"),
        ("tune threshold, lowest val_loss", "'threshold'"),
        ("tune the batch size, lowest val_loss", "'batch size'"),
        ("lowest val_loss, z between 1 and 5, 20 trials", "'z'"),
        ("lowest val_loss with momentum in [0.1, 1]", "'momentum'"),
        ("momentum = 0.9, lowest val_loss", "'momentum'"),
    ],
)
def test_a_name_that_nothing_has_is_refused(goal: str, said: str) -> None:
    with pytest.raises(InvalidTaskError, match=said):
        check(goal)


@pytest.mark.parametrize(
    "goal",
    [
        "tune lr, the depth and the hidden units, lowest val_loss, 25 trials",
        "tune train.py, lowest val_loss",
        "tune lr of train.py",
        "tune my model, lowest val_loss",
        "tune everything except lr",
        "tune it hard, please, 20 trials",
        "tune 'python train.py --epochs 3', lowest val_loss",
        "tune gradient boosting to predict who leaves",
        "tune lr, and the depth should be small or large",
        "tune lr and get val_loss down with momentum 0.9",
        "optimise val_loss, 20 trials",
        "lowest val_loss between 1 and 2, seed = 7, trials = 20, workers=2, lr = 0.1",
        "tune `python train.py width=3`, lowest val_loss",
        "tune hyperparameters and minimise val_loss",
        "tune the transformer, lowest val_loss",
    ],
)
def test_other_words_behind_tune_are_no_parameters(goal: str) -> None:
    assert check(goal) == []


def test_what_may_be_a_name_is_told() -> None:
    (note,) = check("lowest val_loss with gamma in [0.1, 1]")
    assert "No parameter is called 'gamma'" in note
    (note,) = check("tune the threshold, lowest val_loss")
    assert "No parameter is called 'threshold'" in note and "max_depth" in note


def test_a_function_and_a_program_without_it_are_not_tuned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidTaskError, match=r"no parameter 'z'.*lr"):
        plaintune.tune(lambda lr=0.1: lr, "tune z, lowest loss", llm="none", quiet=True)
    Path("train.py").write_text("lr = 0.1\nprint('loss:', lr)\n")
    words = ["run", "tune z, lowest loss", "--llm", "none", "--yes", "--", "python", "train.py"]
    assert run_safely(lambda: app(words, prog_name="plaintune", standalone_mode=False)) == 2
    assert "The program has no parameter 'z'. There is: lr." in capsys.readouterr().err
    assert not Path("plaintune-runs").exists()
