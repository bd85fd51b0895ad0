"""What is shown to be copied is what was tuned, and can be pasted."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from agent.recipe import WIDTH, recipe
from agent.study_view import StudyView
from agent.verdicts import verdicts
from evals.evaluators.command import command_words
from evals.space import Float, Int, SearchSpace
from evals.task import Objective, Program, Source, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState


def task(**program: Any) -> Task:
    return Task(
        evaluator="command" if "command" in program else "function",
        space=SearchSpace((Float("lr", 1e-5, 0.1, log=True), Int("n.layers", 1, 4))),
        objectives=(Objective(metric="loss", direction="minimize"),),
        program=Program(**program),
        sources={
            "space.lr": Source(origin="default"),
            "space.n.layers": Source(origin="your data"),
        },
    )


CONFIG = {"lr": 0.0123456789, "n.layers": 4}


def test_a_command_can_be_pasted_whole() -> None:
    written = {"lr": "--learning-rate {}", "n.layers": "model.layers={}"}
    words = ("python", "my train.py", "--data", "a" * 60)
    given = task(command=words, written=written)
    text = recipe(given, CONFIG)
    shell = ["sh", "-c", f"printf '%s\n' {text}"]
    pasted = subprocess.run(shell, capture_output=True, text=True, check=True).stdout
    assert given.program is not None
    assert pasted.splitlines() == command_words(given.program, {**CONFIG, "lr": 0.0123457})
    assert "\\\n" in text and "--learning-rate 0.0123457" in text


def test_a_call_puts_fields_into_their_records() -> None:
    given = task(function="pkg.module:outer.<locals>.train", within={"n.layers": "net=Net"})
    assert recipe(given, CONFIG) == "train(lr=0.0123457, net=Net(layers=4))"


def test_no_line_of_a_call_is_too_long() -> None:
    names = [f"parameter_{i}" for i in range(12)]
    within = dict.fromkeys(names, "settings=Settings")
    text = recipe(task(function="m:train", within=within), dict.fromkeys(names, 0.5))
    assert max(map(len, text.splitlines())) <= WIDTH + 2
    called = eval(text, {"train": lambda settings: settings, "Settings": dict})
    assert called == dict.fromkeys(names, 0.5)


def test_constants_are_lines_of_their_script() -> None:
    given = task(command=("python", "a.py"), constants="a.py")
    assert recipe(given, {"lr": 0.5}) == "# in a.py\nlr = 0.5"


@pytest.mark.parametrize(("lr", "told"), [(0.1, True), (0.05, False)])
def test_a_best_value_at_the_end_of_a_guessed_range_is_pointed_out(lr: float, told: bool) -> None:
    trials = [
        Trial(
            i,
            Suggestion({"lr": x, "n.layers": 4}, "sobol" if i else "default"),
            Evaluation(TrialState.COMPLETE, (1.0 - x,)),
        )
        for i, x in enumerate((1e-3, lr))
    ]
    said = " ".join(verdicts(StudyView("s", task(function="f"), trials)))
    assert ("lr = 0.1 (1e-05 to 0.1)" in said) is told and "n.layers" not in said
