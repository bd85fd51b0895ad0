"""What a study's model cost is read from its calls, and answers are judged without mercy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.store import Store
from benchmarks.answer_spaces import spaces
from benchmarks.llm_answers import verdicts
from benchmarks.llm_runs import copied, row, table
from evals.space import Float, Int, SearchSpace
from evals.task import Objective, Task
from evals.trials import Evaluation, Suggestion, TrialState
from prompts.calls import CallRecord
from prompts.chat import Completion

SPACE = SearchSpace((Float("rate", 0.0, 1.0), Int("n", 1, 5)))


def said(*configs: dict[str, Any]) -> str:
    return json.dumps({"proposals": [{"config": c} for c in configs]})


def call(asked_at: int, cached: int, waited: float, text: str, **more: Any) -> CallRecord:
    answer = Completion(text, "m", prompt_tokens=100, cached_tokens=cached, completion_tokens=10)
    details = {"waited": waited, "requests": 2}
    return CallRecord(
        "propose",
        asked_at,
        "m",
        "h",
        (),
        (answer,),
        asked_at,
        seconds=10.0,
        details=details,
        **more,
    )


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    task = Task(
        evaluator="none", space=SPACE, objectives=(Objective(metric="loss", direction="minimize"),)
    )
    path = tmp_path / "runs.db"
    store = Store.create(task, "one", str(path))
    for origin in ("default", "llm", "llm", "sobol"):
        trial = store.start(Suggestion({"rate": 0.5, "n": 1}, origin))
        store.finish(trial.number, Evaluation(TrialState.COMPLETE, (1.0,)))
    store.record_call(call(0, 0, 9.0, said({"rate": 0.5, "n": 1})))
    twice = said({"rate": 2.0, "n": 1}, {"rate": 0.5, "n": 1})
    store.record_call(
        call(2, 80, 1.0, twice, rejected=("rate is 2.0.", "It has been tried already."))
    )
    store.record_call(call(3, 90, 0.0, "{"))
    return path


def test_a_study_is_accounted_for(storage: Path, tmp_path: Path) -> None:
    found = row("one", "scripted", copied(storage, str(tmp_path)))
    assert found["trials"] == {"default": 1, "llm": 2, "sobol": 1}
    assert (found["requests"], found["most requests"]) == (1.5, 2)
    assert found["cached"] == pytest.approx(0.85) and found["cached, all"] == pytest.approx(
        170 / 300
    )
    assert found["hidden"] == pytest.approx(0.95) and found["hidden, all"] == pytest.approx(2 / 3)
    assert found["proposals"] == {"valid": 2, "out of range": 1, "unparsable": 1}
    assert "| 85 % (85 %; 57 %) | – | 2 of 4 | 1 |" in table([found])


def test_what_decoding_cannot_know_is_told_from_what_it_must() -> None:
    space = spaces()["constrained"]
    text = said({"max_depth": 2, "num_leaves": 100}, {"max_depth": 99, "num_leaves": 2})
    assert [wrong for wrong, _ in verdicts(space, text)] == ["constraint", "out of range"]
    assert [wrong for wrong, _ in verdicts(space, "no")] == ["unparsable"]
