"""What the language model believes is asked once, recorded, and becomes a prior."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.beliefs import beliefs
from agent.language_models.scripted import ScriptedModel
from agent.runs import Setting, resume, run_task
from agent.store import Store
from evals.preferences import Preference
from evals.space import Categorical, Float, Int, SearchSpace
from evals.steering import steered
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState
from prompts.beliefs import belief_messages, belief_schema, parse_belief
from prompts.chat import Message
from prompts.errors import InvalidAnswerError, LanguageModelError
from prompts.grammar import gbnf
from surrogates.priors import prior

TASK = Task(
    description="a bowl",
    evaluator="none",
    space=SearchSpace(
        (
            Float("rate", 1e-4, 1, log=True, default=0.1),
            Int("depth", 1, 20),
            Categorical("way", ("a", "b", "c")),
        )
    ),
    objectives=(Objective(metric="score", direction="maximize"),),
)


def answer(messages: Sequence[Message]) -> object:
    asked = messages[1]["content"]
    if '"rate"' in asked:
        return {"low": 0.1, "high": 0.01}
    return {"low": 1, "high": 20} if '"depth"' in asked else {"best": "b"}


def test_one_question_per_parameter_becomes_a_prior(tmp_path: Path) -> None:
    store, model = Store.create(TASK, "s", str(tmp_path / "a.db")), ScriptedModel(answer)
    said = beliefs(TASK, model, log=store)
    assert said.preferences == (
        Preference(parameter="rate", low=0.01, high=0.1, origin="LLM"),
        Preference(parameter="way", values=("b",), origin="LLM"),
    )
    assert len(model.calls) == 3
    calls = store.calls()
    assert [c.role for c in calls] == ["belief"] * 3
    assert [c.rejected for c in calls if c.rejected] == [("the range is nearly the whole scale",)]
    found = prior(steered(TASK, said), [])
    assert found and len(found.parts) == 2


def test_a_model_that_fails_is_reported_once_and_keeps_what_it_said(tmp_path: Path) -> None:
    model = ScriptedModel([{"low": 0.01, "high": 0.1}, LanguageModelError("It died.")])
    notes: list[str] = []
    store = Store.create(TASK, "s", str(tmp_path / "a.db"))
    said = beliefs(TASK, model, log=store, notify=notes.append)
    assert [p.parameter for p in said.preferences] == ["rate"]
    assert notes == ["It died. Going on with 1 beliefs."]


def test_the_prompt_its_schema_and_its_answer() -> None:
    shown = {"name": "rate", "range": "number 0 to 1", "default": "0.1", "only_if": None}
    messages = belief_messages(
        {"about": "x", "card": {"Model": "svm"}, "goal": "maximize auc", "parameter": shown}
    )
    assert messages[1]["content"].endswith('"rate", number 0 to 1; default 0.1 ->')
    assert "low" in gbnf(belief_schema(TASK.space["rate"].schema()))
    assert parse_belief('{"best": "b"}').best == "b"
    with pytest.raises(InvalidAnswerError, match="no belief"):
        parse_belief('{"low": 1}')


def test_a_run_asks_once_and_a_resumed_one_does_not(tmp_path: Path) -> None:
    model = ScriptedModel(answer)
    place = {"storage": str(tmp_path / "a.db"), "out": str(tmp_path / "out")}
    setting = Setting(
        name="s", strategy="gp", beliefs=True, language_model=model, evaluator=Ridge(), **place
    )
    run_task(TASK.model_copy(update={"budget": Budget(trials=4)}), setting)
    store = Store.load("s", place["storage"])
    assert [p.parameter for p in store.task.steering[0].preferences] == ["rate", "way"]
    assert "prior" in [t.origin for t in store.trials()]
    asked = len(model.calls)
    resume("s", Setting(language_model=model, beliefs=True, evaluator=Ridge(), **place))
    assert len(model.calls) == asked


class Ridge:
    def evaluate(self, config: Any, **_: Any) -> Evaluation:
        return Evaluation(TrialState.COMPLETE, (-abs(config["rate"] - 0.03),))
