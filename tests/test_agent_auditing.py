"""Strategies are chosen by name; the audit says what the model was worth."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.auditing import audit_of, audit_study, bound_share, lines
from agent.language_models.scripted import ScriptedModel
from agent.loop import Agent
from agent.store import Store
from agent.strategies import open_strategy
from evals.parameters import Float
from evals.space import SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, TrialState
from prompts.errors import UserError

TASK = Task(
    space=SearchSpace(parameters=(Float(name="x", low=0, high=1, default=0.1),)),
    objectives=(Objective(metric="score", direction="maximize"),),
)


class Parabola:
    def evaluate(self, config: Any, **options: Any) -> Evaluation:
        return Evaluation(TrialState.COMPLETE, (-((config["x"] - 0.7) ** 2),), cost=1.0)


def study(path: Path, strategy: str, model: Any, count: int = 9) -> Store:
    store = Store.create(TASK, "s", str(path / "p.db"))
    designer, adviser = open_strategy(strategy, TASK, model, log=store)
    agent = Agent(TASK, store=store, designer=designer, evaluator=Parabola(), adviser=adviser)
    agent.run(count)
    if adviser:
        adviser.close()
    return store


def adviser() -> ScriptedModel:
    values = iter([0.7, 1.0, 0.2] + [0.3 + i / 100 for i in range(50)])
    claim = {"parameter": "x", "move": "higher", "reason": "small is slow"}

    def answer(messages: Any) -> Any:
        return {"proposals": [claim | {"config": {"x": next(values)}} for _ in range(3)]}

    return ScriptedModel(answer)


def test_a_hybrid_run_stores_calls_origins_and_reasons(tmp_path: Path) -> None:
    store = study(tmp_path, "hybrid", adviser())
    trials, calls = store.trials(), store.calls()
    assert [t.origin for t in trials[:4]] == ["default", "llm", "sobol", "llm"]
    assert trials[1].config == {"x": 0.7} and trials[1].rationale == "small is slow"
    assert calls[0].role == "warmstart" and calls[0].arrived_at == 1
    assert len(calls) <= len(trials)
    assert any("shadow" in t.suggestion.details for t in trials[5:])


def test_a_resumed_run_goes_on_as_the_undisturbed_one(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    whole = study(tmp_path / "a", "hybrid", adviser(), 8)
    half = study(tmp_path / "b", "hybrid", adviser(), 5)
    again = Store.load("s", str(tmp_path / "b" / "p.db"))
    for call in whole.calls():
        again.record_call(call)
    designer, replaying = open_strategy("hybrid", TASK, ScriptedModel([]), log=again)
    Agent(TASK, store=again, designer=designer, evaluator=Parabola(), adviser=replaying).run(8)
    assert [t.config for t in again.trials()] == [t.config for t in whole.trials()]
    assert len(half.trials()) == 8


def test_the_audit_tells_worth_calls_claims_and_bounds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = study(tmp_path, "hybrid", adviser())
    content = audit_of(store)
    assert content["calls"]["accepted"] >= 3
    assert content["claims"][0]["verdict"] == "supported"
    assert content["contribution"]["advised"] == sum(t.origin == "llm" for t in store.trials())
    audit_study("s", str(tmp_path / "p.db"), as_json=True)
    assert json.loads(capsys.readouterr().out)["sentence"] == content["sentence"]
    audit_study("s", str(tmp_path / "p.db"))
    said = capsys.readouterr().out
    assert "Its reasons:" in said
    assert content["claims"][0]["number"] == 1 and "\n  trial 2: x higher: supported" in said


def test_without_a_model_every_strategy_says_what_it_can_do(tmp_path: Path) -> None:
    store = study(tmp_path, "hybrid", None, 3)
    content = audit_of(store)
    assert "contributed nothing" in content["sentence"]
    assert lines(content) == [content["sentence"]]
    with pytest.raises(UserError, match="no strategy called 'magic'"):
        open_strategy("magic", TASK, None, log=store)


def test_bounds_are_counted() -> None:
    assert bound_share(TASK.space, [{"x": 0.0}, {"x": 0.5}]) == 0.5
    assert bound_share(TASK.space, []) is None


def stubborn() -> ScriptedModel:
    claim = {"parameter": "x", "move": "keep", "reason": "I like it"}
    said = {"proposals": [claim | {"config": {"x": v}} for v in (0.41, 0.42, 0.43)]}
    return ScriptedModel(lambda messages: said)


def test_permuted_scores_are_asked_for_once_and_the_answer_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = study(tmp_path, "hybrid", adviser())
    model, place = stubborn(), str(tmp_path / "p.db")
    audit_study("s", place, permute=lambda: model)
    assert "seems to ignore what the trials came to" in capsys.readouterr().out
    asked = len(model.calls)
    assert asked == 12 == sum(c.role == "permuted" for c in store.calls())
    true, other = (m[-1]["content"].split("After")[0] for m in model.calls[:2])
    assert true != other and sorted(true) == sorted(other)
    audit_study("s", place, as_json=True, permute=lambda: model)
    assert json.loads(capsys.readouterr().out)["permuted"]["chance"] == 1
    assert len(model.calls) == asked
    with pytest.raises(UserError, match="needs a language model"):
        audit_study("s", place, permute=lambda: None)
