"""A study's first question tells as much of the data as was wished, and resumes as it began."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from agent.language_models.scripted import ScriptedModel
from agent.runs import begin, resume, run_task
from agent.setting import Setting
from agent.store import Store
from evals.parameters import Float
from evals.space import SearchSpace
from evals.task import Budget, Data, Objective, Task, Validation
from prompts.errors import UserError

RNG = np.random.default_rng(0)
TASK = Task(
    description="which guests come back",
    data=Data(path="guests.csv", target="stays", kind="binary"),
    models=("logistic_regression",),
    space=SearchSpace((Float("C", 0.001, 1000, log=True, default=1.0),)),
    objectives=(Objective(metric="accuracy", direction="maximize"),),
    validation=Validation(folds=2),
    budget=Budget(trials=2),
)
ANSWER = {
    "proposals": [
        {"parameter": "C", "move": "lower", "reason": "few rows", "config": {"log10 C": -1.5}}
    ]
}


def frame() -> pd.DataFrame:
    found = pd.DataFrame(RNG.normal(size=(60, 2)), columns=["age", "nights"])
    return found.assign(stays=np.where(found.age > 0, "yes", "no"))


def run(place: Path, model: ScriptedModel, **how: Any) -> Any:
    storage = str(place / "studies.db")
    given = {"storage": storage, "name": "guests", "out": str(place / "out"), "frame": frame()}
    return run_task(TASK, Setting(**given, language_model=model, **how))


def first(model: ScriptedModel) -> str:
    return " ".join(m["content"] for m in model.calls[0])


@pytest.mark.parametrize(
    ("context", "told"),
    [("none", (False, False, False)), ("partial", (True, True, False)), ("full", (True,) * 3)],
)
def test_the_first_question_tells_what_the_context_allows(
    tmp_path: Path, context: str, told: tuple[bool, ...]
) -> None:
    model = ScriptedModel(lambda messages: {"proposals": []})
    run(tmp_path, model, context=context)
    words = ("guests come back", "binary, ", "numeric columns correlate with the target")
    assert tuple(word in first(model) for word in words) == told
    kept = Store.load("guests", str(tmp_path / "studies.db")).study_attributes()
    assert kept["plaintune:context"] == context


@pytest.mark.parametrize("strategy", ["hybrid", "llambo"])
def test_logarithms_are_asked_for_and_tried_as_values(tmp_path: Path, strategy: str) -> None:
    model = ScriptedModel(lambda messages: ANSWER)
    found = run(tmp_path, model, strategy=strategy, log_values=True)
    assert '"log10 C": number -3 to 3; default 0.0' in first(model)
    assert [(t.origin, t.config["C"]) for t in found.trials][1] == ("llm", 0.0316228)


def test_a_resumed_study_asks_as_it_began(tmp_path: Path) -> None:
    run(tmp_path, ScriptedModel(lambda messages: ANSWER), strategy="llambo", log_values=True)
    model = ScriptedModel(lambda messages: ANSWER)
    more = resume(
        "guests",
        Setting(storage=str(tmp_path / "studies.db"), language_model=model),
        lambda task: task.model_copy(update={"budget": Budget(trials=3)}),
    )
    # The question is the recorded one: it is not asked again, and its answer is tried already.
    assert [t.origin for t in more.trials] == ["default", "llm", "sobol"]
    assert not model.calls


def test_a_full_context_without_a_table_is_refused_before_there_is_a_study(tmp_path: Path) -> None:
    bare = TASK.model_copy(update={"data": None, "evaluator": "function"})
    setting = Setting(storage=str(tmp_path / "studies.db"), name="bare", context="full")
    with pytest.raises(UserError, match="this task has none"):
        begin(bare, setting)
    assert "bare" not in Store.names(setting.storage)


def test_the_command_line_hands_both_on(monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from agent import commands
    from agent.cli import app
    from agent.setting import Setting

    given: list[Any] = []
    monkeypatch.setattr(commands, "run", lambda *args: given.extend(args))
    found = CliRunner().invoke(app, ["run", "x.csv", "--context", "none", "--log-values"])
    assert found.exit_code == 0, found.output
    (setting,) = (g for g in given if isinstance(g, Setting))
    assert (setting.context, setting.log_values) == ("none", True)
