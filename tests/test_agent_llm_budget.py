"""The language model's budget is hard, is kept over a resume, and the user is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from acquisition.registry import make_designer
from agent.advice_limits import Limits
from agent.adviser import Adviser
from agent.advising import make_adviser
from agent.intake.budgets import read_budget
from agent.intake.text import Text
from agent.language_models.scripted import ScriptedModel
from agent.llm_budget import limits_in, spent, used_up
from agent.loop import Agent
from agent.store import Store
from agent.strategies import RecordedAsker
from agent.study_view import StudyView, account
from evals.evaluator import Report
from evals.space import Config, Float, SearchSpace
from evals.task import Budget, Objective, Task
from evals.trials import Evaluation, TrialState
from prompts.calls import CallRecord
from prompts.chat import Completion
from prompts.errors import LanguageModelError, UserError

TRIALS = 9


def task(**limits: Any) -> Task:
    return Task(
        evaluator="none",
        space=SearchSpace((Float("x", 0, 1, default=0.5),)),
        objectives=(Objective(metric="loss", direction="minimize"),),
        budget=Budget(trials=TRIALS, **limits),
    )


class Line:
    """A trial that takes `seconds`."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds

    def evaluate(
        self, config: Config, *, fidelity: float | None, seed: int, report: Report
    ) -> Evaluation:
        time.sleep(self.seconds)
        return Evaluation(TrialState.COMPLETE, (abs(float(config["x"] or 0) - 0.3),), cost=1.0)


def answers() -> Callable[[Any], dict[str, Any]]:
    """Say something else each time."""
    count = iter(range(1, 1000))

    def answer(messages: Any) -> dict[str, Any]:
        claim = {"parameter": "x", "move": "higher", "reason": "because"}
        return {"proposals": [claim | {"config": {"x": next(count) / 1000}} for _ in range(2)]}

    return answer


def run(
    what: Task, model: ScriptedModel, storage: str, name: str, **options: Any
) -> tuple[StudyView, list[str]]:
    """Run (or go on with) a whole study; return it with what was said."""
    names = Store.names(storage)
    store = Store.load(name, storage) if name in names else Store.create(what, name, storage)
    said: list[str] = []
    designer = make_designer("hybrid")
    adviser = make_adviser(what, designer, model, log=store, notify=said.append, **options)
    seconds = 0.02 if options else 0.0
    agent = Agent(what, store=store, designer=designer, evaluator=Line(seconds), adviser=adviser)
    agent.run()
    if adviser:
        adviser.close()
    return StudyView(name, what, agent.trials, store.calls()), said


@pytest.fixture
def storage(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/study.db"


def test_without_calls_nobody_is_asked(storage: str) -> None:
    model = ScriptedModel(answers())
    view, said = run(task(llm_calls=0), model, storage, "none")
    assert (len(view.trials), len(model.calls)) == (TRIALS, 0)
    assert "0 calls are made" in said[0]


def test_calls_are_counted_over_the_whole_study_attempts_included(storage: str) -> None:
    fails = ScriptedModel(lambda m: LanguageModelError("busy.", retryable=True))
    limited = task(llm_calls=3)
    view, said = run(limited, fails, storage, "calls")
    assert len(fails.calls) == 3 == spent(view.calls).calls
    assert [t.state for t in view.trials] == [TrialState.COMPLETE] * TRIALS
    assert "llm" not in {t.origin for t in view.trials}
    assert any("3 calls are made. Going on without it" in line for line in said)
    assert any("budget ran out: the 3 calls are made" in line for line in account(view))
    longer = limited.model_copy(update={"budget": Budget(trials=TRIALS + 4, llm_calls=3)})
    model = ScriptedModel(answers())
    view, _ = run(longer, model, storage, "calls")
    assert (len(view.trials), len(model.calls)) == (TRIALS + 4, 0)


def test_calls_by_which_the_task_was_understood_count() -> None:
    said = CallRecord("understand", 0, "m", "h", answers=(Completion("{}", "m", 900, 100, 50),))
    assert used_up(Budget(tokens=850), [said]) == "the 850 tokens are spent"
    assert used_up(Budget(tokens=851), [said]) == ""


def test_seconds_end_a_question_that_is_under_way(storage: str) -> None:
    gate = threading.Event()

    def slowly(messages: Any) -> Any:
        gate.wait(20)
        return answers()(messages)

    view, said = run(
        task(llm_seconds=0.3), ScriptedModel(slowly), storage, "slow", limits=Limits(patience=10)
    )
    gate.set()
    assert len(view.trials) == TRIALS and "llm" not in {t.origin for t in view.trials}
    assert "no answer within 0.3 seconds" in view.calls[-1].error
    assert any("0.3 seconds are used up" in line for line in said)


def test_a_strategy_that_asks_itself_keeps_the_budget_too(storage: str) -> None:
    from acquisition.llm_designer import warmstart

    limited = task(llm_calls=1)
    store, said = Store.create(limited, "llambo", storage), list[str]()
    model = ScriptedModel(answers())
    ask = RecordedAsker(limited, model, store, said.append)
    question = warmstart(limited, 1)
    assert ask("warmstart", 0, question) and ask("warmstart", 0, question)
    assert ask("warmstart", 1, question) is None and ask("warmstart", 2, question) is None
    assert len(model.calls) == 1 and len(said) == 1


def test_time_hidden_behind_training_is_told(storage: str) -> None:
    def slowly(messages: Any) -> Any:
        time.sleep(0.05)
        return answers()(messages)

    model = ScriptedModel(slowly)
    view, _ = run(task(), model, storage, "hidden", limits=Limits(patience=5))
    asked = [c for c in view.calls if c.arrived_at is not None]
    assert asked and all(0 <= c.details["waited"] <= c.seconds + 0.05 for c in asked)
    assert any("passed while models trained" in line for line in account(view))


def test_seconds_of_a_call_end_with_its_answer() -> None:
    class Log(list[CallRecord]):
        def record_call(self, call: CallRecord) -> None:
            self.append(call)

        def calls(self) -> Sequence[CallRecord]:
            return self

    log = Log()
    adviser = Adviser(task(), ScriptedModel(answers()), log=log)
    adviser.think([])
    assert adviser._open and adviser._open.outcome.result(20)
    began = adviser._open.started
    answered = time.time()
    time.sleep(0.1)
    adviser.close()
    assert log[0].seconds <= answered - began


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("20 calls", {"llm_calls": 20}),
        ("20 calls, 5k tokens and 2 min", {"llm_calls": 20, "tokens": 5000, "llm_seconds": 120}),
        ("1.5 hours", {"llm_seconds": 5400}),
        ("30s; 1 call", {"llm_seconds": 30, "llm_calls": 1}),
    ],
)
def test_limits_are_read(text: str, limits: dict[str, float]) -> None:
    assert limits_in(text) == limits


@pytest.mark.parametrize("text", ["much", "20", "20 calls, 30 calls", "-1 calls", ""])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="--llm-budget"):
        limits_in(text)


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("30 trials, at most 12 LLM calls", {"trials": 30, "llm_calls": 12}),
        ("10 minutes, 2 minutes for the LLM", {"seconds": 600, "llm_seconds": 120}),
        ("40 seconds of LLM time, 25 trials", {"trials": 25, "llm_seconds": 40}),
        ("use the language model for 20 trials in 5 minutes", {"trials": 20, "seconds": 300}),
    ],
)
def test_limits_are_read_from_english(text: str, limits: dict[str, float]) -> None:
    claims = read_budget(Text(text)).claims
    assert {k.removeprefix("budget."): c.value for k, c in claims.items()} == limits


PRICES = "m: {input: 2.0, cached: 0.5, output: 10.0, currency: EUR}\n"


@pytest.mark.parametrize(
    ("prices", "told"),
    [
        (PRICES, "By your price table it cost 0.0026 EUR."),
        ("other: {input: 1, output: 1}", ""),
        ("m: {input: dear}", "price table"),
        ("m: [", "price table"),
    ],
)
def test_only_models_that_the_user_names_have_a_price(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prices: str, told: str
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "plaintune").mkdir()
    (tmp_path / "plaintune" / "prices.yaml").write_text(prices)
    call = CallRecord("propose", 0, "m", "h", answers=(Completion("{}", "m", 1000, 200, 90),))
    view = StudyView("s", task(), [], [call])
    money = [line for line in account(view) if "price" in line]
    assert (told in money[0]) if told else not money
