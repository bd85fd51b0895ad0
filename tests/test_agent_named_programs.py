"""A program that the description itself names is tuned as if it stood after --."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import plaintune
from agent.cli import app
from agent.named_programs import command_in
from prompts.errors import UserError

SCRIPT = """
import argparse

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--width", type=int, default=8)
args = parser.parse_args()
print("loss:", (args.lr - 0.3) ** 2 + (args.width - 20) ** 2 / 400)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("minimise the loss of train.py, 8 trials", "python train.py"),
        ("train.py: lowest loss", "python train.py"),
        ("Optimiere train.py, kleinster loss", "python train.py"),
        ("lowest loss in ./train.py", "python ./train.py"),
        ("tune `python train.py --width 3`, lowest loss", "python train.py --width 3"),
        ("tune 'train.py --width 3', lowest loss", "python train.py --width 3"),
        (
            "python3 train.py --width=3 --fast for the lowest loss",
            "python3 train.py --width=3 --fast",
        ),
        ("tune python train.py --width 3, lowest loss", "python train.py --width 3"),
        ("tune nothing.py, lowest loss", ""),
        ("lowest loss, 8 trials", ""),
        ("tune lightgbm on churn.csv", ""),
    ],
)
def test_a_script_that_is_there_is_a_command_line(here: Path, words: str, command: str) -> None:
    assert " ".join(command_in(words, here)) == command


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("tune train.py on churn.csv, lowest loss", True),
        ("tune lightgbm on churn.csv as in train.py", False),
        ("tune lightgbm on churn.csv, train.py does it by hand", False),
    ],
)
def test_beside_a_table_only_what_is_to_be_tuned_is_a_program(
    here: Path, words: str, meant: bool
) -> None:
    (here / "churn.csv").write_text("a,b\n1,2\n")
    assert bool(command_in(words, here)) == meant


def test_which_of_two_programs_is_meant_is_not_guessed(here: Path) -> None:
    (here / "other.py").write_text(SCRIPT)
    assert command_in("tune train.py and other.py", here) == ()


def test_the_command_is_said_and_tuned(here: Path) -> None:
    words = "minimise the loss of train.py, 3 trials"
    result = CliRunner().invoke(app, ["run", words, "--llm", "none", "--yes"])
    assert result.exit_code == 0, result.stderr
    assert "Tuned is the program `python train.py`." in result.stderr
    assert "python train.py --lr" in result.stdout + result.stderr
    assert plaintune.load("train").best.values[0] <= 0.4


def test_python_tunes_programs_too(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "lowest loss, 3 trials"
    task = plaintune.plan(words, command="python train.py --width 20", llm="none")
    assert task.space.names == ["lr"]
    assert plaintune.plan("minimise the loss of train.py", llm="none").space.names == [
        "lr",
        "width",
    ]
    capsys.readouterr()
    run = plaintune.run(
        words, command=["python", "train.py", "--width", "20"], llm="none", quiet=True
    )
    assert run.best.values[0] <= 0.04 + 1e-9
    assert capsys.readouterr().err == ""


def test_a_command_is_neither_beside_a_table_nor_half_a_line(here: Path) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [1, 2]})
    with pytest.raises(UserError, match="not about both"):
        plaintune.run("lowest loss", command="python train.py", data=frame, llm="none")
    with pytest.raises(UserError, match="No closing quotation"):
        plaintune.run("lowest loss", command="python 'train.py", llm="none")
