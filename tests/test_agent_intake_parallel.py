"""How many trials run at a time may be said in the goal of a function or a program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import plaintune
from agent.argument_wishes import read_argument_wishes
from agent.goals import read_goal
from agent.programs import function_task
from agent.store import Store
from evals.arguments import Argument


@pytest.mark.parametrize(
    ("goal", "workers", "trials"),
    [
        ("lowest loss, 20 trials, 4 at a time", 4, 20),
        ("lowest loss, 4 trials at a time, 20 trials", 4, 20),
        ("lowest loss, 2 workers", 2, 30),
        ("lowest loss, 12 trials on four workers", 4, 12),
        ("lowest loss, workers=4", 4, 30),
        ("lowest loss, 8 in parallel, 40 trials", 8, 40),
        ("lowest loss, two at once", 2, 30),
        ("lowest loss, 20 trials in parallel", None, 20),
        ("lowest loss, 20 trials", None, 20),
    ],
)
def test_how_many_run_at_a_time_is_read(goal: str, workers: int | None, trials: int) -> None:
    found = read_goal(goal)
    assert (found.at_a_time(()), found.budget.trials) == (workers, trials)


def test_the_number_is_no_arguments_and_workers_of_the_program_stay_its_own() -> None:
    goal = "lowest loss, depth 3, 4 at a time"
    assert read_argument_wishes(goal, [Argument("depth", "int", 2)]).values == {"depth": 3}
    own = [Argument("num_workers", "int", 2)]
    assert read_goal("lowest loss, 2 workers").at_a_time(own) is None
    assert read_goal("lowest loss, 2 at a time").at_a_time(own) == 2


def test_how_many_is_asked_for_where_it_is_not_said() -> None:
    notes: list[str] = []
    goal = "lowest loss, 20 trials in parallel"
    function_task(lambda lr=0.1: lr, read_goal(goal), goal, notify=notes.append)
    assert "Say '2 at a time'" in notes[0]


def test_a_function_and_a_program_run_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.py").write_text("lr = 0.1\nprint('loss:', lr)\n")
    options: dict[str, Any] = {"storage": "s.db", "llm": "none", "quiet": True}
    command = [sys.executable, "train.py"]
    plaintune.run("lowest loss, 2 trials, 2 at a time", command=command, name="p", **options)
    plaintune.tune(lambda lr=0.1: lr, "lowest loss, 2 trials, 2 workers", name="f", **options)
    for name in "pf":
        assert Store.load(name, "s.db").study_attributes()["plaintune:workers"] == 2
