"""What a goal says of single arguments holds: ranges, values, and what is to be left alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Literal

import pytest

import plaintune
from agent.argument_wishes import read_argument_wishes
from agent.goals import named, read_goal
from agent.programs import command_task, function_task
from evals.arguments import Argument
from evals.parameters import Float, Int, Ordinal
from evals.proposals import between
from prompts.errors import InvalidTaskError

ARGUMENTS = (
    Argument("x", "float", 1.0),
    Argument("y", "float", 2.0),
    Argument("lr", "float", 0.01),
    Argument("depth", "int", 3),
    Argument("batch_size", "int", 32),
    Argument("opt", "choice", "sgd", ("sgd", "adam", "rms-prop")),
    Argument("nesterov", "bool", False),
    Argument("seed", "int", 0),
)


@pytest.mark.parametrize(
    ("goal", "bounds"),
    [
        ("lowest loss, x between 2 and 4, y from 0 to 1", {"x": (2, 4), "y": (0, 1)}),
        ("lowest loss s.t. 1 <= x <= 2", {"x": (1, 2)}),
        ("lowest loss where 2 >= y > 0.5", {"y": (0.5, 2)}),
        ("learning rate in [1e-4, 1e-2], lowest loss", {"lr": (1e-4, 1e-2)}),
        ("lowest loss, at most 6 depth", {"depth": (-math.inf, 6)}),
        ("lowest loss in 20 minutes, 25 trials, tune lr for 20 trials", {}),
        ("do not tune depth, x between 2 and 4, lowest loss", {"x": (2, 4)}),
    ],
)
def test_ranges_are_read(goal: str, bounds: dict[str, tuple[float, float]]) -> None:
    assert read_argument_wishes(goal, ARGUMENTS).bounds == bounds


@pytest.mark.parametrize(
    ("goal", "choices", "values"),
    [
        ("lowest loss, batch size 16, 32 or 64, 20 trials", {"batch_size": (16, 32, 64)}, {}),
        ("lowest loss, batch_size in {16, 32}", {"batch_size": (16, 32)}, {}),
        ("lowest loss, batch size in [16, 32, 64]", {"batch_size": (16, 32, 64)}, {}),
        ("lowest loss with opt sgd or rms-prop", {"opt": ("sgd", "rms-prop")}, {}),
        ("lowest loss; keep y at 1.5", {}, {"y": 1.5}),
        ("lowest loss with opt=adam, nesterov=True", {}, {"opt": "adam", "nesterov": True}),
        ("lowest loss with nesterov on small data, random seed 7", {}, {}),
    ],
)
def test_choices_and_values_are_read(
    goal: str, choices: dict[str, Any], values: dict[str, Any]
) -> None:
    found = read_argument_wishes(goal, ARGUMENTS)
    assert (dict(found.choices), dict(found.values)) == (choices, values)


@pytest.mark.parametrize(
    ("goal", "left"),
    [
        ("lowest loss; do not tune y", {"y"}),
        ("don't tune x, y and lr, lowest loss", {"x", "y", "lr"}),
        ("do not tune lr, x between 1 and 2", {"lr"}),
        ("tune everything except the batch size and opt", {"batch_size", "opt"}),
        ("leave lr as it is, lowest loss", {"lr"}),
        ("lowest loss, keep x, y fixed", {"x", "y"}),
        ("lowest loss, depth should stay fixed", {"depth"}),
        ("keep the loss low, tune lr", set()),
    ],
)
def test_what_is_left_alone_is_not_what_is_tuned(goal: str, left: set[str]) -> None:
    assert read_argument_wishes(goal, ARGUMENTS).left == left
    assert not left & set(named(goal, ARGUMENTS))


def test_other_verbs_name_what_is_tuned_too() -> None:
    assert named("lowest loss by tuning only x", ARGUMENTS) == ["x"]
    assert named("lowest loss by varying lr and depth", ARGUMENTS) == ["lr", "depth"]


def train(x: float = 1.0, depth: int = 3, opt: Literal["sgd", "adam"] = "sgd") -> float:
    return x * depth + (opt == "sgd")


def test_a_function_is_tuned_as_its_goal_says() -> None:
    words = "lowest loss, x between 2 and 400, depth 2, 4 or 8, opt = adam, seed 7"
    proposed = function_task(train, read_goal(words), words)
    x, depth = proposed.task.space.parameters
    assert isinstance(x, Float) and (x.low, x.high, x.log, x.default) == (2, 400, True, None)
    assert isinstance(depth, Ordinal) and depth.values == (2, 4, 8)
    assert proposed.task.fixed == {"opt": "adam"} and proposed.task.seed == 7
    [kept] = [p for p in proposed.proposals if p.parameter is None]
    assert kept.argument.name == "opt" and "as you said" in kept.reason
    assert [p.origin for p in proposed.proposals] == ["you", "you", "you"]


def test_a_range_in_words_makes_an_argument_without_default_tunable() -> None:
    def bare(a, depth) -> float:  # type: ignore[no-untyped-def]
        return float(a + depth)

    words = "lowest loss, a between 0 and 1, depth between 1 and 8"
    found = function_task(bare, read_goal(words), words).task.space.parameters
    assert [type(p) for p in found] == [Float, Int]


def test_a_space_that_is_given_wins_over_words(tmp_path: Path) -> None:
    run = plaintune.tune(
        train,
        "lowest loss, x between 2 and 400, opt = adam",
        space={"x": plaintune.Float(0.5, 1.0)},
        trials=1,
        llm="none",
        quiet=True,
        storage=str(tmp_path / "db"),
        out=str(tmp_path),
    )
    [x] = run.task.space.parameters
    assert isinstance(x, Float) and (x.low, x.high) == (0.5, 1.0) and not run.task.fixed


def test_a_range_that_holds_no_two_values_is_refused_by_name() -> None:
    words = "lowest loss, depth between 3 and 3.5"
    with pytest.raises(InvalidTaskError, match="no two values of depth"):
        function_task(train, read_goal(words), words)
    assert between(Argument("depth", "int", 3), 2.5, 6.5) == Int(
        "depth", 3, 6, default=3, reason="as you said"
    )


SCRIPT = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.01)
p.add_argument("--opt", choices=["sgd", "adam"], default="sgd")
p.add_argument("--fast", action="store_true", help="skip the slow part")
"""


def test_a_command_gets_the_values_that_its_goal_says(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    words = "lowest loss, opt = adam, do not tune fast"
    command = ["python3", "train.py"]
    task = command_task(command, read_goal(words), words, directory=tmp_path).task
    assert task.program is not None
    assert task.program.command == ("python3", "train.py", "--opt", "adam")
    assert task.space.names == ["lr"]


def test_marks_have_the_ranges_of_the_goal_and_none_reaches_the_program(tmp_path: Path) -> None:
    words = "lowest loss, width between 8 and 64, momentum = 0.5"
    command = ["sh", "-c", "./run ${HOME} lr={lr} width={width} {momentum}"]
    task = command_task(command, read_goal(words), words, directory=tmp_path).task
    assert task.space.names == ["lr", "width"]
    assert task.program is not None and task.program.command[-1].endswith("width={width} 0.5")
    with pytest.raises(InvalidTaskError, match=r"\{foo\}.*foo between"):
        words = "lowest loss, lr between 0 and 1"
        command_task(["run", "{lr}", "{foo}"], read_goal(words), words, directory=tmp_path)


def settings(
    epochs: int = 5, bias: bool = True, optimizer: str = "adam", seed: int = 0, lr: float = 0.1
) -> float:
    return lr


@pytest.mark.parametrize(
    ("goal", "tuned"),
    [
        ("tune epochs and bias, lowest loss", ["epochs", "bias"]),
        ("tune lr, lowest loss of some epochs", ["lr"]),
        ("lowest loss, optimizer is adam, sgd or lion", ["optimizer", "lr"]),
        ("tune the optimizer, optimizer in [adam, sgd], lowest loss", ["optimizer"]),
        ("tune lr, optimizer = sgd, lowest loss", ["lr"]),
    ],
)
def test_what_is_named_is_tuned_whatever_its_name_says(goal: str, tuned: list[str]) -> None:
    assert function_task(settings, read_goal(goal), goal).task.space.names == tuned


def test_what_is_named_and_has_no_values_is_not_left_out_in_silence() -> None:
    goal = "tune lr and optimizer, lowest loss"
    with pytest.raises(InvalidTaskError, match=r"what values optimizer may have.*a, b or c"):
        function_task(settings, read_goal(goal), goal)


@pytest.mark.parametrize(
    ("words", "bounds", "log"),
    [
        ("lr on a log scale between 1e-4 and 1", (1e-4, 1.0), True),
        ("lr log-uniform from 1e-4 to 1", (1e-4, 1.0), True),
        ("lr (log) in (1e-4, 1)", (1e-4, 1.0), True),
        ("lr from .001 up to 1 (log)", (1e-3, 1.0), True),
        ("lr=1e-4..1", (1e-4, 1.0), False),
        ("lr ~ loguniform(1e-4, 1)", (1e-4, 1.0), True),
        ("the lr should be between 1e-4 and 1", (1e-4, 1.0), False),
        ("search lr over 1e-4 to 1", (1e-4, 1.0), False),
        ("lr within 1e-4 and 1", (1e-4, 1.0), False),
        ("lr ranging from 1 to 1e-4", (1e-4, 1.0), False),
    ],
)
def test_however_a_range_is_written_it_is_read(
    words: str, bounds: tuple[float, float], log: bool
) -> None:
    found = read_argument_wishes(f"{words}, lowest loss, 20 trials", [Argument("lr", "float", 0.1)])
    assert found.bounds == {"lr": bounds} and not found.values
    assert found.log == ({"lr"} if log else set())


@pytest.mark.parametrize(
    ("words", "values"),
    [
        ("depth: 2, 4, 8", (2, 4, 8)),
        ("depth 3/5/7", (3, 5, 7)),
        ("depth may be 3, 5 or 7", (3, 5, 7)),
        ("depths 2, 4, 8", (2, 4, 8)),
    ],
)
def test_however_a_list_is_written_it_is_read(words: str, values: tuple[int, ...]) -> None:
    goal = f"{words}, 20 trials, lowest loss"
    found = read_argument_wishes(goal, [Argument("depth", "int", 3)])
    assert found.choices == {"depth": values} and not found.bounds and not found.values


@pytest.mark.parametrize(
    ("goal", "metric"),
    [
        ("find the best lr, lowest loss", "loss"),
        ("find the best learning rate and bias that give the lowest loss", "loss"),
        ("find the best lr, minimise it", "score"),
        ("best loss, tune lr", "loss"),
    ],
)
def test_the_best_of_a_parameter_is_no_score(goal: str, metric: str) -> None:
    found = function_task(settings, read_goal(goal), goal).task
    assert [o.metric for o in found.objectives] == [metric] and found.space.names == ["lr"]


def test_the_best_of_a_parameter_alone_says_no_score() -> None:
    with pytest.raises(InvalidTaskError, match="names no score"):
        function_task(settings, read_goal("find the best lr"), "find the best lr")
