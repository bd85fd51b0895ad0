"""What the search sets reaches the program as its author meant it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.goals import read_goal
from agent.programs import command_task
from evals.evaluators.command import command_words
from evals.space import Config
from evals.task import Task
from prompts.errors import InvalidTaskError

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("-l", "--learning-rate", dest="lr", type=float, default=0.1)
parser.add_argument("-d", "--dropout", type=float, default=0.2)
parser.add_argument("--fast", action="store_true", help="skip the slow part")
parser.add_argument("--no-bias", dest="bias", action="store_false", help="leave the bias out")
parser.add_argument("--norm", action=argparse.BooleanOptionalAction, default=True, help="normalise")
"""
TYPER = """
import typer
app = typer.Typer()
@app.command()
def train(
    lr: float = typer.Option(0.1, "--learning-rate", "-l", min=0.01, max=1.0),
    bias: bool = typer.Option(True, "--with-bias/--without-bias", help="with a bias"),
    dropout: float = 0.2,
): ...
"""
CLICK = """
import click
@click.command()
@click.option("--lr", "-l", default=0.1)
@click.option("--bias/--no-bias", "bias", default=True, help="with a bias")
def train(lr, bias): ...
"""


def task(place: Path, script: str, *words: str) -> Task:
    (place / "train.py").write_text(script, encoding="utf-8")
    command = ["python3", "train.py", *words]
    return command_task(command, read_goal("lowest loss"), "lowest loss", directory=place).task


def arguments(of: Task, **changed: Any) -> list[str]:
    assert of.program is not None
    config: Config = {**(of.space.default_config() or {}), **changed}
    return command_words(of.program, config)[2:]


def test_switches_of_argparse_mean_what_they_say(tmp_path: Path) -> None:
    scope: dict[str, Any] = {}
    exec(ARGPARSE, scope)
    found = task(tmp_path, ARGPARSE)
    assert {"fast", "bias", "norm"} <= set(found.space.names)
    assert scope["parser"].parse_args(arguments(found)) == scope["parser"].parse_args([])
    for switch, usual in (("fast", False), ("bias", True), ("norm", True)):
        parsed = scope["parser"].parse_args(arguments(found, **{switch: not usual}))
        assert getattr(parsed, switch) is not usual


@pytest.mark.parametrize("given", [["-l", "0.5"], ["--learning-rate=0.5"]])
def test_a_flag_that_the_user_gives_stays_by_whatever_spelling(
    tmp_path: Path, given: list[str]
) -> None:
    found = task(tmp_path, ARGPARSE, *given)
    assert "lr" not in found.space.names and "dropout" in found.space.names


def test_typers_own_flags_are_used(tmp_path: Path) -> None:
    said = arguments(task(tmp_path, TYPER), bias=False)
    assert said == ["--learning-rate", "0.1", "--without-bias", "--dropout", "0.2"]
    assert "lr" not in task(tmp_path, TYPER, "-l", "0.5").space.names


def test_a_switch_of_click_that_is_named_is_read(tmp_path: Path) -> None:
    found = task(tmp_path, CLICK)
    assert arguments(found) == ["--lr", "0.1", "--bias"]
    assert arguments(found, bias=False)[-1] == "--no-bias"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["nowhere", "--lr", "3"], "There is no program 'nowhere'"),
        (["python3", "missing.py"], "There is no file 'missing.py'"),
        (["python3", "bare.py"], "Nothing says which parameters"),
        (["python3", "broken.py"], r"broken\.py cannot be read as Python: .* line 2"),
    ],
)
def test_what_is_not_there_is_said(command: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "bare.py").write_text("print('loss: 1')")
    (tmp_path / "broken.py").write_text("lr = 0.1\nprint(lr\n")
    with pytest.raises(InvalidTaskError, match=said):
        command_task(command, read_goal("lowest loss"), "lowest loss", directory=tmp_path)


SUBPARSERS = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--dropout", type=float, default=0.1)
commands = parser.add_subparsers(dest="command")
training = commands.add_parser("train", help="fit a model")
group = training.add_argument_group("optimizer")
group.add_argument("--lr", type=float, default=0.1)
testing = commands.add_parser("test")
testing.add_argument("--batch-size", type=int, default=8)
"""
CLICKS = """
import click
@click.group()
def cli(): ...
@cli.command()
@click.option("--lr", default=0.1)
def train(lr): ...
@cli.command("test")
@click.option("--batch-size", default=8)
def check(batch_size): ...
"""
TYPERS = """
import typer
app = typer.Typer()
@app.command()
def train(lr: float = 0.1): ...
@app.command(name="test")
def check(batch_size: int = 8): ...
"""


@pytest.mark.parametrize("script", [SUBPARSERS, CLICKS, TYPERS])
def test_flags_are_those_of_the_subcommand_that_is_named(tmp_path: Path, script: str) -> None:
    assert task(tmp_path, script, "train").space.names == ["lr"]
    assert task(tmp_path, script, "test").space.names == ["batch_size"]
    with pytest.raises(InvalidTaskError, match=r"commands train, test.*train\.py train"):
        task(tmp_path, script)
