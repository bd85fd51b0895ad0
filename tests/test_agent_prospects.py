"""A search stops where too little is left to gain, and says why; nobody asked, nothing changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import plaintune
from acquisition.registry import make_designer
from agent.cli import app
from agent.loop import Agent
from agent.prospects import OUTLOOK, outlooks
from agent.runs import Run, resume, run_task
from agent.setting import Setting
from agent.store import Store
from evals.evaluator import Report
from evals.evaluators.registry import EVALUATORS
from evals.parameters import Float
from evals.space import Config, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState
from prompts.errors import InvalidTaskError, PlaintuneError

LOSS = Objective(metric="loss", direction="minimize")
TASK = Task(
    evaluator="bowl",
    space=SearchSpace((Float("x", -2, 2, default=1.5), Float("y", -2, 2, default=0.0))),
    objectives=(LOSS,),
    budget=Budget(trials=40, stop_below_gain=0.05),
)


class Bowl:
    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        loss = (float(config["x"]) - 0.3) ** 2 + float(config["y"]) ** 2  # type: ignore[arg-type]
        return Evaluation(TrialState.COMPLETE, (loss,), cost=0.1)


def run(place: Path, task: Task = TASK, **options: Any) -> Run:
    setting = Setting(
        storage=str(place / "s.db"),
        out=str(place / "out"),
        name="bowl",
        strategy="gp",
        evaluator=Bowl(),
        **options,
    )
    return run_task(task, setting)


def test_a_run_stops_says_why_and_goes_on_when_told(tmp_path: Path) -> None:
    found = run(tmp_path)
    count = len(found.trials)
    assert 12 <= count < 40
    assert "little is left to gain" in found.outcome.stopped
    assert f"after {count} trials" in found.outcome.stopped
    noted = outlooks(found.trials)
    assert [o.after for o in noted] == list(range(10, count))
    assert not any(o.enough for o in noted)
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Was it worth going on?" in page and "little is left to gain" in page
    again = resume("bowl", Setting(storage=str(tmp_path / "s.db"), evaluator=Bowl()))
    assert len(again.trials) == count
    store = Store.load("bowl", str(tmp_path / "s.db"))
    assert Agent(TASK, store=store, designer=make_designer("gp")).ask() == []
    budget = Budget(trials=count + 2, stop_below_gain=0.0)
    further = resume(
        "bowl",
        Setting(storage=str(tmp_path / "s.db"), evaluator=Bowl()),
        lambda task: task.model_copy(update={"budget": budget}),
    )
    assert len(further.trials) == count + 2
    assert further.outcome.stopped == f"all {count + 2} trials are done"


def test_the_choices_until_then_are_those_of_a_run_without_it(tmp_path: Path) -> None:
    found = run(tmp_path / "a")
    free = TASK.model_copy(update={"budget": Budget(trials=len(found.trials))})
    plain = run(tmp_path / "b", free)
    assert [t.config for t in plain.trials] == [t.config for t in found.trials]
    assert all(OUTLOOK not in t.suggestion.details for t in plain.trials)
    page = (tmp_path / "b" / "out" / "report.html").read_text(encoding="utf-8")
    assert "Was it worth going on?" not in page


def test_two_workers_stop_too(tmp_path: Path) -> None:
    class Shared(Bowl):
        def for_workers(self, environments: Any) -> list[Bowl]:
            return [Bowl() for _ in environments]

    setting = Setting(storage=str(tmp_path / "s.db"), strategy="gp", evaluator=Shared(), workers=2)
    found = run_task(TASK, setting)
    assert len(found.trials) < 40 and "little is left to gain" in found.outcome.stopped
    assert all(t.state is TrialState.COMPLETE for t in found.trials)


def test_two_objectives_or_a_negative_threshold_are_refused() -> None:
    content = TASK.model_dump(mode="json")
    content["objectives"].append({"metric": "size", "direction": "minimize"})
    with pytest.raises(InvalidTaskError, match="one objective"):
        Task.checked(content)
    with pytest.raises(PlaintuneError, match="stop_below_gain"):
        plaintune.run(TASK, stop_below_gain=-1.0, llm="none")


def test_the_command_line_takes_the_threshold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(EVALUATORS, "bowl", lambda task, frame: Bowl())
    free = TASK.model_copy(update={"budget": Budget(trials=40)})
    (tmp_path / "task.yaml").write_text(free.to_yaml(), encoding="utf-8")
    words = ["run", "task.yaml", "--yes", "--json", "--llm", "none", "--stop-below-gain", "0.05"]
    said = CliRunner().invoke(app, [*words, "--strategy", "gp", "--name", "b"])
    assert said.exit_code == 0, said.output
    assert "little is left to gain" in json.loads(said.stdout)["stopped"]
    assert Store.load("b").task.sources["budget.stop_below_gain"].quote == "--stop-below-gain 0.05"


def test_a_function_takes_the_threshold(tmp_path: Path) -> None:
    def loss(x: float = 1.5) -> float:
        return (x - 0.3) ** 2

    found = plaintune.tune(
        loss,
        "get loss as low as possible in 40 trials",
        space={"x": Float("x", -2.0, 2.0)},
        stop_below_gain=0.1,
        isolated=False,
        llm="none",
        strategy="gp",
        storage=str(tmp_path / "s.db"),
        out=str(tmp_path / "out"),
        quiet=True,
    )
    assert "little is left to gain" in found.outcome.stopped
