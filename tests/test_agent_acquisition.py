"""The acquisition function is chosen by name, kept by its study, and refused where it is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import plaintune
from agent.cli import app
from agent.runs import Run, resume, run_task
from agent.setting import Setting, check
from agent.store import Store
from evals.evaluators.function import FunctionEvaluator
from evals.evaluators.registry import EVALUATORS
from evals.parameters import Float
from evals.space import SearchSpace
from evals.task import Budget, Objective, Task
from prompts.errors import StudyError, UserError

LOSS = Objective(metric="loss", direction="minimize")
TASK = Task(
    evaluator="function",
    space=SearchSpace((Float("x", -1, 1, default=0.9), Float("y", -1, 1, default=0.9))),
    objectives=(LOSS,),
    budget=Budget(trials=9),
    seed=2,
)
QUIET: dict[str, Any] = {"llm": None, "quiet": True, "isolated": False}


def bowl(x: float = 0.9, y: float = 0.9) -> float:
    return (x - 0.2) ** 2 + (y + 0.3) ** 2


def setting(place: Path, **options: Any) -> Setting:
    evaluator = FunctionEvaluator(TASK, bowl, isolated=False)
    storage, out = str(place / "s.db"), str(place / "out")
    return Setting(storage=storage, out=out, evaluator=evaluator, **options)


def run(place: Path, name: str, trials: int = 9, **options: Any) -> Run:
    task = TASK.model_copy(update={"budget": Budget(trials=trials)})
    return run_task(task, setting(place, name=name, strategy="gp", **options))


def configs(found: Run) -> list[object]:
    return [t.config for t in found.trials]


def test_without_the_option_nothing_changes_and_with_it_something_does(tmp_path: Path) -> None:
    usual = configs(run(tmp_path, "usual"))
    assert configs(run(tmp_path, "named", acquisition="logei")) == usual
    other = configs(run(tmp_path, "ucb", acquisition="ucb"))
    assert other[:5] == usual[:5] and other[5:] != usual[5:]


def test_a_resumed_study_goes_on_with_its_own(tmp_path: Path) -> None:
    whole = run(tmp_path, "whole", acquisition="thompson")
    run(tmp_path, "part", 6, acquisition="thompson")
    more = resume("part", setting(tmp_path), lambda task: TASK)
    assert configs(more) == configs(whole)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"acquisition": "eii"}, "no acquisition function called 'eii'"),
        ({"acquisition": "ucb", "strategy": "sobol"}, "'sobol' has no acquisition function 'ucb'"),
        ({"acquisition": "ucb", "strategy": "gp-trust-region"}, "has no acquisition function"),
        ({"acquisition": "thompson", "surrogate": "random_forest"}, "needs a Gaussian process"),
        ({"acquisition": "joint_entropy", "surrogate": "auto"}, "needs a Gaussian process"),
    ],
)
def test_what_cannot_be_is_refused_at_once(options: dict[str, str], words: str) -> None:
    with pytest.raises(UserError, match=words) as refused:
        check(Setting(**options))  # type: ignore[arg-type]
    assert refused.value.hint


def test_a_wrong_name_is_answered_with_the_list() -> None:
    with pytest.raises(UserError) as refused:
        check(Setting(acquisition="eii"))
    assert "joint_entropy, thompson" in str(refused.value.hint)


def test_several_objectives_are_not_traded_off_by_a_function_for_one(tmp_path: Path) -> None:
    both = (LOSS, Objective(metric="size", direction="minimize"))
    task = TASK.model_copy(update={"objectives": both})
    with pytest.raises(UserError, match="'ucb' is for one objective"):
        run_task(task, setting(tmp_path, name="two", acquisition="ucb"))
    assert "two" not in Store.names(str(tmp_path / "s.db"))


def test_python_s_tune_takes_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space = {"x": Float("x", -1, 1), "y": Float("y", -1, 1)}
    usual = {"space": space, "strategy": "gp", "name": "t", **QUIET}
    plaintune.tune(bowl, "lowest loss", trials=3, acquisition="ucb", **usual)
    assert Store.load("t").study_attributes()["plaintune:acquisition"] == "ucb"
    with pytest.raises(StudyError, match="began with another acquisition"):
        plaintune.tune(bowl, trials=4, acquisition="thompson", **usual)
    assert len(plaintune.tune(bowl, trials=4, **usual).trials) == 4


def test_python_s_run_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="no acquisition function called 'eii'"):
        plaintune.run("anything", acquisition="eii", llm=None, quiet=True)


def test_the_command_line_takes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(
        EVALUATORS, "function", lambda task, frame: FunctionEvaluator(task, bowl, isolated=False)
    )
    (tmp_path / "task.yaml").write_text(TASK.to_yaml(), encoding="utf-8")
    words = ["run", "task.yaml", "--yes", "--json", "--llm", "none", "--strategy", "gp"]
    words += ["--trials", "2", "--name", "n", "--acquisition", "ucb"]
    said = CliRunner().invoke(app, words)
    assert said.exit_code == 0, said.output
    assert len(json.loads(said.stdout)["trials"]) == 2
    assert Store.load("n").study_attributes()["plaintune:acquisition"] == "ucb"
