"""The adviser asks while models train, keeps what was said, and never ends a search."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from agent.advice_limits import Limits
from agent.adviser import Adviser
from agent.language_models.scripted import ScriptedModel
from evals.parameters import Float
from evals.space import SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, Suggestion, Trial, TrialState
from prompts.calls import CallRecord
from prompts.errors import LanguageModelError

TASK = Task(
    space=SearchSpace(parameters=(Float(name="x", low=0, high=1, default=0.5),)),
    objectives=(Objective(metric="accuracy", direction="maximize"),),
)


class Log:
    def __init__(self) -> None:
        self.kept: dict[str, CallRecord] = {}

    def record_call(self, call: CallRecord) -> None:
        plain = json.loads(json.dumps(call.to_plain()))
        self.kept[call.key] = CallRecord.from_plain(plain)

    def calls(self) -> list[CallRecord]:
        return sorted(self.kept.values(), key=lambda c: c.asked_at)


def says(*values: float) -> dict[str, Any]:
    claim = {"parameter": "x", "move": "higher", "reason": "because"}
    return {"proposals": [claim | {"config": {"x": v}} for v in values]}


def trials(count: int) -> list[Trial]:
    done = Evaluation(TrialState.COMPLETE, (0.5,), cost=5.0)
    return [Trial(i, Suggestion({"x": i / 100}, "sobol"), done) for i in range(count)]


def run(adviser: Adviser, count: int) -> list[int]:
    """Walk through `count` trials and return how much advice each `ask` saw."""
    seen = []
    for number in range(count):
        seen.append(len(adviser.advice(trials(number)).suggestions))
        adviser.think(trials(number + 1))
    return seen


def test_advice_arrives_with_its_reasons_and_is_recorded() -> None:
    log = Log()
    adviser = Adviser(TASK, ScriptedModel([says(0.91, 0.92), says(0.93)]), log=log)
    assert adviser.advice(trials(0)).suggestions == ()
    got = adviser.advice(trials(1)).suggestions
    assert [s.config["x"] for s in got] == [0.91, 0.92]
    assert (got[0].origin, got[0].rationale) == ("llm", "because")
    (call,) = log.calls()
    assert (call.role, call.asked_at, call.arrived_at, call.accepted) == ("warmstart", 0, 1, 2)
    assert call.tokens > 0


def test_where_a_search_opens_without_the_model_the_first_question_knows_results() -> None:
    log, model = Log(), ScriptedModel([says(0.91)])
    wants = lambda task, done, calls: len(done) >= 5 and not calls  # noqa: E731
    adviser = Adviser(TASK, model, log=log, wants=wants, opens=False)
    seen = run(adviser, 8)
    adviser.close()
    (call,) = log.calls()
    assert (call.role, call.asked_at) == ("propose", 5) and seen[:5] == [0] * 5 and seen[-1] == 1
    assert "Trials so far" in call.messages[-1]["content"]


def test_a_resumed_study_gets_the_same_advice_and_asks_nothing_again() -> None:
    log = Log()
    answers = [says(0.9 + i / 1000) for i in range(9)]
    first = Adviser(TASK, ScriptedModel(answers), log=log)
    run(first, 9)
    asked = len(log.calls())
    silent = ScriptedModel([])
    again = Adviser(TASK, silent, log=log)
    for number in range(1, 8):
        first_seen = [c.key for c in log.calls() if (c.arrived_at or 99) <= number]
        assert [c.key for c in again.advice(trials(number)).calls] == first_seen
        again.think(trials(min(number, log.calls()[-1].asked_at)))
    assert (len(silent.calls), len(log.calls())) == (0, asked)


def test_at_most_one_call_per_trial() -> None:
    log = Log()
    run(Adviser(TASK, ScriptedModel(lambda m: says(0.9)), log=log), 20)
    assert 3 <= sum(len(c.answers) for c in log.calls()) <= 20


@pytest.mark.parametrize("fault", [LanguageModelError("is away."), ValueError("boom"), "garbage"])
def test_a_broken_model_is_reported_and_left_alone(fault: Any) -> None:
    log, said = Log(), list[str]()
    model = ScriptedModel(lambda m: fault)
    seen = run(Adviser(TASK, model, log=log, notify=said.append), 30)
    assert set(seen) == {0}
    assert all(c.error for c in log.calls())
    assert any("No advice" in line for line in said)
    assert any("3 times in a row" in line for line in said)
    assert len(log.calls()) <= 3 + 3


def test_a_slow_model_is_not_waited_for() -> None:
    gate, said, log = threading.Event(), list[str](), Log()

    def slowly(messages: Sequence[Any]) -> Any:
        gate.wait(5)
        return says(0.9)

    limits = Limits(patience=0.01)
    adviser = Adviser(TASK, ScriptedModel(slowly), log=log, notify=said.append, limits=limits)
    assert run(adviser, 3) == [0, 0, 0]
    assert "slower than the trials" in said[0]
    gate.set()
    patient = replace(limits, patience=5.0)
    adviser._limits = patient
    assert len(adviser.advice(trials(3)).suggestions) == 1
    assert log.calls()[0].arrived_at == 3


def test_an_answer_that_nobody_saw_is_kept_for_the_next_run() -> None:
    log = Log()
    first = Adviser(TASK, ScriptedModel([says(0.9)]), log=log)
    first.think([])
    assert first._open and first._open.outcome.result(5)
    first.close()
    assert log.calls()[0].arrived_at is None
    assert len(Adviser(TASK, ScriptedModel([]), log=log).advice(trials(1)).suggestions) == 1
    assert log.calls()[0].arrived_at == 1


def test_refused_proposals_get_one_revision_that_sees_the_reasons() -> None:
    log = Log()
    model = ScriptedModel([says(0.9), says(0.01), says(0.8)])
    adviser = Adviser(TASK, model, log=log)
    run(adviser, 3)
    assert [s.config["x"] for s in adviser.advice(trials(3)).suggestions] == [0.9, 0.8]
    assert "tried already" in model.calls[2][1]["content"]


def test_the_budget_of_tokens_is_kept_over_a_resume() -> None:
    log, said = Log(), list[str]()
    task = TASK.model_copy(update={"budget": Budget(trials=30, tokens=60)})
    run(Adviser(task, ScriptedModel(lambda m: says(0.9)), log=log), 10)
    spent = len(log.calls())
    run(Adviser(task, ScriptedModel(lambda m: says(0.9)), log=log, notify=said.append), 20)
    assert len(log.calls()) == spent
    assert "tokens are spent" in said[0]


def test_a_surrogate_without_a_view_does_not_end_the_search() -> None:
    def broken(task: Task, trials: Sequence[Trial]) -> Any:
        raise ArithmeticError("singular")

    log, said = Log(), list[str]()
    model = ScriptedModel(lambda m: says(0.9))
    run(Adviser(TASK, model, log=log, notify=said.append, view=broken), 6)
    assert len(log.calls()) > 1
    assert "no view to show: ArithmeticError" in said[0]


class Never:
    """An outcome that never comes; keeps how long each `ask` would wait for it."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def result(self, timeout: float) -> None:
        self.waits.append(timeout)
        time.sleep(timeout)
        raise TimeoutError


def test_all_trials_together_wait_for_an_answer_once() -> None:
    model = ScriptedModel(lambda m: says(0.9))
    adviser = Adviser(TASK, model, log=Log(), limits=Limits(patience=0.2))
    adviser.advice(trials(0))
    never = Never()
    assert adviser._open
    adviser._open = replace(adviser._open, outcome=never)  # type: ignore[arg-type]
    for number in range(1, 5):
        adviser.advice(trials(number))
    assert never.waits == [0.2, 0.0, 0.0, 0.0]


def test_a_later_answer_is_waited_for_a_tenth_of_its_time_at_most() -> None:
    model = ScriptedModel(lambda m: says(0.9))
    adviser = Adviser(TASK, model, log=Log())
    adviser.advice(trials(1))
    adviser.think(trials(3))
    never = Never()
    assert adviser._open
    asked = time.time() - 18.0
    adviser._open = replace(adviser._open, outcome=never, started=asked)  # type: ignore[arg-type]
    adviser.advice(trials(4))
    adviser.advice(trials(5))
    assert never.waits == pytest.approx([2.0, 0.0], abs=0.05)


def test_a_warmstart_that_repeats_itself_is_asked_again_once_with_another_seed() -> None:
    answers = iter([says(0.3, 0.3), says(0.7, 0.7), says(0.9)])
    seeds: list[int | None] = []

    class Repeating(ScriptedModel):
        def complete(self, messages: Any, **options: Any) -> Any:
            seeds.append(options["seed"])
            return super().complete(messages, **options)

    log = Log()
    adviser = Adviser(TASK, Repeating(answers), log=log)
    adviser.think([])
    found = adviser.advice(trials(1))
    assert [s.config["x"] for s in found.suggestions] == [0.3, 0.7]
    assert len(seeds) == len(set(seeds)) == 2
    [call] = log.calls()
    assert (call.accepted, len(call.rejected), len(call.answers)) == (2, 2, 2)


def test_a_later_answer_that_repeats_itself_is_not_asked_again() -> None:
    model = ScriptedModel([says(0.3, 0.4), says(0.6, 0.6), says(0.9)])
    adviser = Adviser(TASK, model, log=Log())
    run(adviser, 5)
    assert len(model.calls) == 2
